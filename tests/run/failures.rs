//! How systems like ours failed in the field, by the numbers of the list of failures: one story each. Those of
//! crashes, the store, the brake, our own side, odd answers and dead systems stand in files of their own.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::BTreeMap;

use molisa_gateway::run::Outcome;
use molisa_gateway::sandbox::{Fault, FaultKind as K, Operation, RetryAfter, Rule};
use molisa_gateway::store::{exchange, mismatch, runs};

use crate::support::world::World;

pub(super) async fn house(seed: u64) -> World {
    World::with(700, seed).await
}

pub(super) fn queue(world: &World, operation: Operation, kind: K, times: u32) {
    world.nation().add_fault(Fault::new(operation, kind).times(times)).unwrap();
}

pub(super) fn requests(world: &World, operation: Operation) -> u64 {
    world.nation().report().requests.get(&operation).copied().unwrap_or(0)
}

/// All valid people arrived, nobody twice, nothing against the contract.
pub(super) fn all_arrived(world: &World, run: &Outcome) {
    assert_eq!((run.taken.as_deref(), run.unknown, run.unreached), (None, 0, false), "{run:?}");
    assert!(run.scanned > 0, "{run:?}");
    assert_eq!(
        world.nation().report().people,
        run.scanned - run.held.values().sum::<u64>() - run.refused.values().sum::<u64>()
    );
    world.assert_clean();
}

pub(super) async fn kinds(world: &World) -> BTreeMap<(String, String), u64> {
    let mut tx = world.store.read().await.unwrap();
    let (id, _) = runs::find_stream(&mut tx, "doi-tuong").await.unwrap().unwrap();
    mismatch::counts(&mut tx, id).await.unwrap().into_iter().map(|(kind, reason, n)| ((kind, reason), n)).collect()
}

#[tokio::test]
async fn failure_1_a_time_out_after_the_target_stored_it_is_asked_about() {
    let world = house(1).await;
    queue(&world, Operation::Send, K::StoredThenSilent, 2);
    let run = world.sync().await.unwrap();
    all_arrived(&world, &run);
    assert_eq!(requests(&world, Operation::Ask), 2, "each unknown batch is asked about once");
    assert_eq!(world.nation().report().batches_again, 0, "nothing stored was sent again");
}

#[tokio::test]
async fn failure_4_a_batch_accepted_in_part_settles_each_record_by_itself() {
    let world = house(4).await;
    queue(&world, Operation::Send, K::Partial, 1);
    let key: String = world
        .local()
        .query_row("select ma_ho_so from doi_tuong where ho_ten <> '' limit 1 offset 3", [], |r| r.get(0))
        .unwrap();
    world.nation().rule(&key, Some(Rule::Refused { code: "E17".into(), text: "sai".into() }));
    let run = world.sync().await.unwrap();
    all_arrived(&world, &run);
    assert_eq!(run.refused, BTreeMap::from([("E17".to_owned(), 1)]));
    assert_eq!(kinds(&world).await[&("refused-there".to_owned(), "E17".to_owned())], 1);
    // What was refused is not said again until its content changes; then it is, and the mismatch closes by itself.
    assert_eq!(world.sync().await.unwrap().sent, 0);
    world.nation().rule(&key, None);
    world.local().execute("update doi_tuong set dia_chi = 'Ấp Mới' where ma_ho_so = ?1", [&key]).unwrap();
    assert_eq!(world.sync().await.unwrap().confirmed, 1);
    assert!(!kinds(&world).await.keys().any(|(kind, _)| kind == "refused-there"));
}

#[tokio::test]
async fn failure_5_answers_are_matched_by_reference_whatever_their_order() {
    for kind in [K::Shuffled, K::Missing, K::MissingNotStored, K::Doubled, K::Contradicting, K::Extra] {
        let world = house(5).await;
        queue(&world, Operation::Send, kind, 1);
        let run = world.sync().await.unwrap();
        all_arrived(&world, &run);
    }
}

#[tokio::test]
async fn failure_6_a_poison_record_stands_alone_after_few_requests() {
    let world = house(6).await;
    let key: String = world
        .local()
        .query_row("select ma_ho_so from doi_tuong where ho_ten <> '' limit 1 offset 40", [], |r| r.get(0))
        .unwrap();
    world.nation().rule(&key, Some(Rule::Poison));
    let run = world.sync().await.unwrap();
    all_arrived(&world, &run);
    assert_eq!(run.refused, BTreeMap::from([("malformed".to_owned(), 1)]));
    // Two batches of 700 rows; of the one with the poison, both halves at each of nine levels.
    assert!(requests(&world, Operation::Send) <= 2 + 2 * 9, "{}", requests(&world, Operation::Send));
}

#[tokio::test]
async fn failure_6_when_every_batch_is_refused_nothing_is_parked() {
    let mut world = house(66).await;
    queue(&world, Operation::Send, K::MinusOne, 10_000);
    world.options.patience = std::time::Duration::from_mins(1);
    let run = world.sync().await.unwrap();
    assert!(run.unreached, "{run:?}");
    assert_eq!(run.refused.values().sum::<u64>(), 0, "it is not the records' fault");
    world.nation().clear_faults();
    world.hands.pass(3_600_000);
    let run = world.sync().await.unwrap();
    assert_eq!((run.unknown, run.unreached), (0, false));
    world.assert_clean();
}

#[tokio::test]
async fn failure_7_an_unexpected_4xx_parks_nobody() {
    let world = house(7).await;
    queue(&world, Operation::Send, K::Other4xx, 3);
    let run = world.sync().await.unwrap();
    all_arrived(&world, &run);
    assert!(run.refused.is_empty());
}

#[tokio::test]
async fn failure_8_retry_after_is_obeyed_in_each_of_its_forms() {
    for form in [
        RetryAfter::Seconds,
        RetryAfter::Date,
        RetryAfter::Absurd,
        RetryAfter::Negative,
        RetryAfter::Garbage,
        RetryAfter::Missing,
    ] {
        for kind in [K::TooMany429, K::Unavailable503] {
            let world = house(8).await;
            let mut fault = Fault::new(Operation::Send, kind);
            (fault.retry_after, fault.seconds, fault.skew_seconds) = (form, 40, -500);
            world.nation().add_fault(fault).unwrap();
            let run = world.sync().await.unwrap();
            // The sandbox counts every request that came too early as a violation.
            all_arrived(&world, &run);
            // By the log, for the run's own time goes on while its rows are being read.
            let busy =
                |what: &str| format!("(select {what} from exchange where verdict = 'busy' order by number limit 1)");
            let next = format!(
                "select min(at_ms) - {} from exchange where entry = 'opened' and number > {}",
                busy("at_ms"),
                busy("number")
            );
            let waited = world.count(&next) / 1000;
            match form {
                RetryAfter::Seconds | RetryAfter::Date => assert!((40..61).contains(&waited), "{form:?} {waited}"),
                RetryAfter::Absurd => assert!((3600..3661).contains(&waited), "our published cap: {waited}"),
                _ => assert!(waited < 61, "{form:?} {waited}"),
            }
        }
    }
}

#[tokio::test]
async fn failure_9_a_token_that_dies_costs_one_refresh_and_no_batch() {
    let world = house(9).await;
    world.sync().await.unwrap();
    let before = requests(&world, Operation::Token);
    queue(&world, Operation::Send, K::TokenDies, 1);
    world.local().execute("update doi_tuong set dia_chi = 'Ấp Mới' where rowid <= 20", []).unwrap();
    let started = world.hands.truth();
    let run = world.sync().await.unwrap();
    assert_eq!(run.unknown, 0);
    assert_eq!(requests(&world, Operation::Token), before + 1);
    assert!(world.hands.truth() - started < 300_000, "the dead token was let go at once, not when it ran out");
    world.assert_clean();
}

#[tokio::test]
async fn every_exchange_behind_a_record_is_opened_and_closed_in_a_log_that_nobody_can_change() {
    let world = house(40).await;
    world.sync().await.unwrap();
    let key: String = world
        .local()
        .query_row("select ma_ho_so from doi_tuong where ho_ten <> '' limit 1 offset 9", [], |r| r.get(0))
        .unwrap();
    let mut tx = world.store.read().await.unwrap();
    let (id, _) = runs::find_stream(&mut tx, "doi-tuong").await.unwrap().unwrap();
    let entries = exchange::of_record(&mut tx, id, &key).await.unwrap();
    drop(tx);
    assert_eq!(entries.iter().map(|e| e.entry.as_str()).collect::<Vec<_>>(), ["opened", "closed"]);
    let store = rusqlite::Connection::open(world.dir.path().join("store.db")).unwrap();
    assert!(store.execute("delete from exchange", []).is_err());
    assert!(store.execute("update exchange set verdict = 'stored'", []).is_err());
}
