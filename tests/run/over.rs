//! What waits for a person is closed when its cause is over, and every attempt at a record stays in view.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::time::Duration;

use molisa_gateway::sandbox::{FaultKind as K, Operation, Rule};

use super::failures::{house, kinds, queue};
use crate::support::world::{MORNING, World};

/// Somebody whom the nation has.
fn somebody(world: &World) -> String {
    world.nation().records(None, 100)[5].reference.clone()
}

fn address(world: &World, key: &str) -> String {
    let find = "select dia_chi from doi_tuong where ma_ho_so = ?1";
    world.local().query_row(find, [key], |row| row.get(0)).unwrap()
}

fn moves(world: &World, key: &str, to: &str) {
    let set = "update doi_tuong set dia_chi = ?1 where ma_ho_so = ?2";
    assert_eq!(world.local().execute(set, [to, key]).unwrap(), 1);
}

fn refuses(world: &World, key: &str) {
    world.nation().rule(key, Some(Rule::Refused { code: "E17".into(), text: "sai".into() }));
}

/// How many wait for a person for this.
async fn waits(world: &World, kind: &str) -> u64 {
    kinds(world).await.into_iter().filter(|((of, _), _)| of == kind).map(|(_, n)| n).sum()
}

fn refused(world: &World) -> u64 {
    world.count("select count(*) from ledger where refused_version is not null")
}

/// One batch is sent whose outcome nobody can tell, until a person is told.
async fn on_its_way(world: &mut World, fault: K) {
    queue(world, Operation::Send, fault, 1);
    queue(world, Operation::Ask, K::Error500Before, 8);
    world.options.patience = Duration::from_secs(30);
    while waits(world, "unknown-outcome").await == 0 {
        let run = world.sync().await.unwrap();
        assert_eq!((run.unknown, run.unreached), (1, true), "{run:?}");
        world.hands.pass(600_000);
    }
    world.nation().clear_faults();
    world.options.patience = Duration::from_hours(2);
}

#[tokio::test]
async fn a_refusal_is_over_when_the_source_goes_back_to_what_the_nation_has() {
    let world = house(30).await;
    world.sync().await.unwrap();
    let key = somebody(&world);
    let home = address(&world, &key);
    refuses(&world, &key);
    moves(&world, &key, "Ấp B");
    assert_eq!(world.sync().await.unwrap().refused["E17"], 1);
    assert_eq!((waits(&world, "refused-there").await, refused(&world)), (1, 1));
    moves(&world, &key, &home);
    let run = world.sync().await.unwrap();
    assert_eq!((run.unchanged, run.sent, run.exit_code()), (run.scanned, 0, 0), "{run:?}");
    assert_eq!((waits(&world, "refused-there").await, refused(&world)), (0, 0));
    // What was refused is said again when the source says it again.
    moves(&world, &key, "Ấp B");
    assert_eq!(world.sync().await.unwrap().refused["E17"], 1);
    world.assert_clean();
}

#[tokio::test]
async fn a_refusal_is_over_when_the_source_went_back_while_the_refused_was_on_its_way() {
    let mut world = house(31).await;
    world.sync().await.unwrap();
    let key = somebody(&world);
    let home = address(&world, &key);
    moves(&world, &key, "Ấp B");
    refuses(&world, &key);
    on_its_way(&mut world, K::CutBefore).await;
    moves(&world, &key, &home);
    let run = world.sync().await.unwrap();
    assert_eq!(run.refused["E17"], 1, "{run:?}");
    assert_eq!((waits(&world, "refused-there").await, refused(&world)), (0, 0));
    assert_eq!(waits(&world, "unknown-outcome").await, 0);
    assert_eq!(address(&world, &key), home);
    world.assert_clean();
}

#[tokio::test]
async fn an_outcome_that_turned_out_a_refusal_is_no_longer_unknown() {
    let mut world = house(32).await;
    world.sync().await.unwrap();
    let key = somebody(&world);
    moves(&world, &key, "Ấp B");
    refuses(&world, &key);
    on_its_way(&mut world, K::StoredThenSilent).await;
    let run = world.sync().await.unwrap();
    assert_eq!(run.refused["E17"], 1, "{run:?}");
    assert_eq!((waits(&world, "unknown-outcome").await, waits(&world, "refused-there").await), (0, 1));
}

#[tokio::test]
async fn an_outcome_that_turned_out_not_stored_is_no_longer_unknown() {
    // Never seen as a whole, and put off by the nation: in both nothing was stored, and then nothing has to be.
    for (fault, rule) in [(K::CutBefore, None), (K::StoredThenSilent, Some(Rule::Later { times: 1 }))] {
        let mut world = house(33).await;
        world.sync().await.unwrap();
        let key = somebody(&world);
        let home = address(&world, &key);
        moves(&world, &key, "Ấp B");
        world.nation().rule(&key, rule);
        on_its_way(&mut world, fault).await;
        // It learns what became of the batch, and does not come to send anything again.
        queue(&world, Operation::Send, K::CutBefore, 1);
        queue(&world, Operation::Send, K::Error500Before, 1000);
        world.options.patience = Duration::ZERO;
        while waits(&world, "unknown-outcome").await > 0 {
            assert!(world.hands.truth() < MORNING.0 + 24 * 3_600_000, "{fault:?}: it is told of for ever");
            let run = world.sync().await.unwrap();
            assert_eq!(run.unknown, 1, "{fault:?}: {run:?}");
            world.hands.pass(60_000);
        }
        world.nation().clear_faults();
        world.options.patience = Duration::from_hours(2);
        world.hands.pass(3_600_000);
        moves(&world, &key, &home);
        world.sync().await.unwrap();
        assert_eq!(waits(&world, "unknown-outcome").await, 0, "{fault:?}");
        world.assert_clean();
    }
}
