//! Runs that die, wait for another, or lose what they held: failures 2, 11, 12 and 25.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use molisa_gateway::delivery::DeliveryError;
use molisa_gateway::run::{Quiet, RunError, sync};
use molisa_gateway::sandbox::{FaultKind, Operation};
use molisa_gateway::store::{StoreError, leases};
use tokio_util::sync::CancellationToken;

use super::failures::{all_arrived, house, kinds, queue, requests};
use crate::support::world::{Doomed, World};

/// Batches that a crash left between their opening and the writing down of their outcome.
fn left_open(world: &World) -> u64 {
    world.count("select count(*) from batch where state = 'open'")
}

/// Each batch that was left open was asked about, once, and nothing that the nation stored was sent again: an answer
/// that we never wrote down is no knowledge, whatever the nation believes.
fn assert_asked(world: &World, open: u64, about: u32) {
    assert_eq!(requests(world, Operation::Ask), open, "{about}: each batch left open is asked about");
    assert_eq!(world.nation().report().batches_again, 0, "{about}: nothing stored is sent again");
}

/// After a crash and a whole run: each once, and each batch that was left open asked about.
async fn assert_recovers(world: &World, about: u32) -> u64 {
    let open = left_open(world);
    let run = world.sync().await.unwrap();
    assert_eq!((run.unknown, run.unreached), (0, false), "{about}: {run:?}");
    assert_asked(world, open, about);
    let waiting: u64 = kinds(world).await.values().sum();
    assert_eq!(world.nation().report().people + waiting, 150, "{about}");
    world.assert_clean();
    open
}

#[tokio::test]
async fn failure_2_a_crash_at_any_await_loses_and_repeats_nothing() {
    for polls in (1..600).step_by(23) {
        let mut world = World::with(150, 2).await;
        if let Some(ended) = world.sync_until(polls).await {
            ended.unwrap();
        }
        assert_recovers(&world, polls).await;
    }
}

#[tokio::test]
async fn failure_2_a_crash_between_the_nations_answer_and_our_writing_it_down_asks_before_it_sends() {
    for polls in 0..12 {
        let mut world = World::with(150, 2).await;
        let crashed = world.sync_until_seen(Operation::Send, 1, polls).await.is_none();
        let open = assert_recovers(&world, polls).await;
        assert!(polls > 0 || (crashed && open == 1), "it dies with an answer that it does not know");
    }
}

#[tokio::test]
async fn failure_11_an_interrupted_run_goes_on_where_it_was() {
    // The second of two batches is answered: the first is written down, and must not be sent again.
    for polls in (0..40).step_by(3) {
        let mut world = house(11).await;
        let crashed = world.sync_until_seen(Operation::Send, 2, polls).await.is_none();
        assert!(crashed || polls > 0);
        let (had, open) = (world.nation().report().effects, left_open(&world));
        let run = world.sync().await.unwrap();
        assert_asked(&world, open, polls);
        let waiting: u64 = kinds(&world).await.values().sum();
        let report = world.nation().report();
        assert_eq!((report.people + waiting, report.effects), (700, report.people), "{polls}: each person once");
        // Both runs settle at most the batch that was on its way.
        assert!(run.confirmed + 500 <= had, "{polls}: {run:?} after {had}");
        assert_eq!((&run.brake, run.confirmed + run.unchanged), (&None, 700), "{polls}: nothing begins anew: {run:?}");
        assert_eq!((run.scanned, requests(&world, Operation::Send)), (700, 2), "{polls}");
        world.assert_clean();
    }
}

#[tokio::test]
async fn failure_12_a_second_run_is_a_clear_no_op_and_a_dead_ones_lease_is_taken_over() {
    let world = house(12).await;
    let mut tx = world.store.write().await.unwrap();
    let other = "another-boot:1:1:x";
    leases::take(&mut tx, "stream:doi-tuong", other, molisa_gateway::model::Clock::now(&*world.hands)).await.unwrap();
    tx.commit().await.unwrap();
    let run = world.sync().await.unwrap();
    assert_eq!((run.taken.as_deref(), run.scanned), (Some(other), 0));
    world.hands.pass(leases::LIFE_MS + 1);
    all_arrived(&world, &world.sync().await.unwrap());
}

#[tokio::test]
async fn failure_2_a_question_that_a_crash_interrupts_is_asked_again() {
    for polls in 0..12 {
        let mut world = World::with(150, 21).await;
        queue(&world, Operation::Send, FaultKind::StoredThenCut, 1);
        let crashed = world.sync_until_seen(Operation::Ask, 1, polls).await.is_none();
        let unknown = world.count("select count(*) from batch where state in ('unknown', 'open')");
        assert!(polls > 0 || (crashed && unknown == 1), "it dies with an answer that it does not know");
        world.sync().await.unwrap();
        assert_eq!(requests(&world, Operation::Ask), 1 + unknown, "{polls}");
        assert_eq!(world.nation().report().batches_again, 0, "{polls}: nothing stored is sent again");
        world.assert_clean();
    }
}

#[tokio::test]
async fn failure_25_whoever_loses_its_lease_stops_and_nothing_is_repeated() {
    let mut overtaken = 0;
    for polls in (0..80).step_by(4) {
        let world = house(250).await;
        let stop = CancellationToken::new();
        let mut paused = Box::pin(sync(&world.store, &world.stream, &*world.hands, &world.options, &Quiet, &stop));
        if Doomed::from(world.seen(Operation::Send, 1), polls, &mut paused).await.is_some() {
            break;
        }
        // A process that is paused while it writes keeps the store locked: nobody can take over then.
        let look = rusqlite::Connection::open(world.store_file()).unwrap();
        look.busy_timeout(std::time::Duration::ZERO).unwrap();
        if look.execute_batch("begin immediate; rollback").is_err() {
            continue;
        }
        if world.count("select count(*) from lease where until_ms > 0") == 0 {
            continue;
        }
        let left = world.count("select count(*) from outbox where state in ('staged', 'ready', 'sent')");
        if left == 0 && requests(&world, Operation::Send) == 2 {
            break;
        }
        // Paused for longer than its lease lives; another process takes over and does all.
        world.hands.pass(leases::LIFE_MS + 1);
        let (store, stream) = world.as_another_process().await;
        let run = sync(&store, &stream, &*world.hands, &world.options, &Quiet, &stop).await.unwrap();
        assert_eq!((run.taken.as_deref(), run.unknown, run.unreached), (None, 0, false), "{polls}: {run:?}");
        let (sends, people) = (requests(&world, Operation::Send), world.nation().report().people);
        let ended = paused.await;
        assert!(
            matches!(
                ended,
                Err(RunError::Store(StoreError::LostLease(_))
                    | RunError::Delivery(DeliveryError::Store(StoreError::LostLease(_))))
            ),
            "{polls}: it must stop: {ended:?}"
        );
        // What it had written down as opened may still go out, under a key that the nation knows: no more than that.
        assert!(requests(&world, Operation::Send) <= sends + 4, "{polls}");
        assert_eq!(world.nation().report().people, people, "{polls}");
        assert_eq!(people + kinds(&world).await.values().sum::<u64>(), 700, "{polls}");
        assert_eq!(sync(&store, &stream, &*world.hands, &world.options, &Quiet, &stop).await.unwrap().sent, 0);
        world.assert_clean();
        overtaken += 1;
    }
    assert!(overtaken > 0, "nobody was overtaken in the middle of a run");
}
