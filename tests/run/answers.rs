//! Answers of any size and shape, and reports that get lost: failures 3, 26 and 27 over a whole run.

use molisa_gateway::run::RunError;
use molisa_gateway::sandbox::{FaultKind as K, Operation};
use molisa_gateway::store::runs;

use super::failures::{all_arrived, house, kinds, queue, requests};

#[tokio::test]
async fn failures_3_26_and_27_no_size_or_shape_of_an_answer_decides_a_records_state() {
    for kind in [K::Huge, K::Deep, K::Malformed, K::Truncated, K::GzipBomb] {
        let world = house(3).await;
        queue(&world, Operation::Send, kind, 2);
        queue(&world, Operation::Ask, kind, 1);
        let run = world.sync().await.unwrap();
        all_arrived(&world, &run);
        // All was stored: asking, once more than there are batches, told so, and nothing had to be sent again.
        assert_eq!((requests(&world, Operation::Send), requests(&world, Operation::Ask)), (2, 3), "{kind:?}");
        assert_eq!(world.nation().report().batches_again, 0, "{kind:?}");
        // Of two invented people who may be one staff are told in any case.
        let told =
            "select count(*) from mismatch where closed_ms is null and place <> 'held' and kind <> 'same-person'";
        assert_eq!(world.count(told), 0, "{kind:?}");
    }
}

#[tokio::test]
async fn failure_3_a_runs_report_that_is_lost_loses_nothing_else() {
    let world = house(33).await;
    let store = rusqlite::Connection::open(world.store_file()).unwrap();
    store
        .execute_batch(
            "create trigger lost before update of outcome on run begin select raise(abort, 'the report is lost'); end",
        )
        .unwrap();
    let Err(error) = world.sync().await else { panic!("the report could not be written") };
    assert!(matches!(error, RunError::Store(_)), "{error}");
    store.execute_batch("drop trigger lost").unwrap();
    let there = world.nation().report();
    let known = world.count("select count(*) from ledger where confirmed_action = 'write'");
    assert_eq!(known, there.people, "each record's own state was written down when its answer came");
    assert_eq!(there.people + kinds(&world).await.values().sum::<u64>(), 700, "the work was done");
    world.hands.pass(61_000);
    let run = world.sync().await.unwrap();
    assert_eq!((run.sent, run.unchanged, run.exit_code()), (0, run.scanned, 0), "{run:?}");
    assert_eq!(world.nation().report().effects, there.effects);
    world.assert_clean();
    // The run without a report does not stay open for ever.
    let mut tx = world.store.read().await.unwrap();
    let (id, _) = runs::find_stream(&mut tx, "doi-tuong").await.unwrap().unwrap();
    let last = runs::last(&mut tx, id, 10).await.unwrap();
    let states: Vec<&str> = last.iter().map(|run| run.state.as_str()).collect();
    assert_eq!(states, ["done", "failed"]);
    assert!(last.iter().all(|run| run.finished_ms.is_some()));
}
