//! A system that is down, and what must not feel it: failure 35.

use std::sync::atomic::Ordering;
use std::time::Duration;

use molisa_gateway::run::{Quiet, RunError, SyncOptions, sync};
use molisa_gateway::store::system;
use tokio_util::sync::CancellationToken;

use super::failures::{house, kinds};

#[tokio::test]
async fn failure_35_a_target_that_is_down_is_left_alone_and_recovers() {
    let mut world = house(35).await;
    world.options.patience = Duration::from_mins(10);
    world.wire.down.store(true, Ordering::SeqCst);
    let run = world.sync().await.unwrap();
    assert!(run.unreached && run.exit_code() == 4, "{run:?}");
    let mut tx = world.store.read().await.unwrap();
    assert!(system::look(&mut tx, "misposasoft").await.unwrap().alarm.starts_with("breaker"));
    drop(tx);
    world.wire.down.store(false, Ordering::SeqCst);
    world.hands.pass(60_000);
    world.sync().await.unwrap();
    let waiting: u64 = kinds(&world).await.values().sum();
    assert_eq!(world.nation().report().people + waiting, 700);
    world.assert_clean();
}

#[tokio::test]
async fn failure_35_a_system_that_is_down_holds_no_other_up() {
    let world = house(350).await;
    let (second, wire) = world.second_stream().await;
    world.wire.down.store(true, Ordering::SeqCst);
    let stop = CancellationToken::new();
    // The dead one is tried for ever; it is only left when the other has done its work.
    let options =
        SyncOptions { release_brake: None, patience: Duration::MAX, stalled: std::collections::BTreeSet::default() };
    let dead = sync(&world.store, &world.stream, &*world.hands, &options, &Quiet, &stop);
    let living = async {
        let run = sync(&world.store, &second, &*world.hands, &world.options, &Quiet, &CancellationToken::new()).await;
        stop.cancel();
        run
    };
    let both = futures_util::future::join(dead, living);
    let (dead, living) = tokio::time::timeout(Duration::from_mins(2), both).await.expect("the living one's end");
    let living = living.unwrap();
    assert!(matches!(dead, Err(RunError::Stopped)), "{dead:?}");
    assert_eq!((living.unknown, living.unreached), (0, false), "{living:?}");
    let nation = wire.nation.lock().unwrap().report();
    assert_eq!(nation.people, living.scanned - living.held.values().sum::<u64>());
    assert_eq!((nation.effects_repeated, nation.effects_out_of_order, nation.violations), (0, 0, 0));
    // Each has a pace, a breaker and a budget of its own.
    let mut tx = world.store.read().await.unwrap();
    let state = system::look(&mut tx, "second").await.unwrap();
    assert_eq!((state.failures, state.alarm.as_str(), state.open_until.0), (0, "", 0));
    assert!(system::look(&mut tx, "misposasoft").await.unwrap().failures > 0);
    drop(tx);
    // The dead one recovers, and gets exactly what it should.
    world.wire.down.store(false, Ordering::SeqCst);
    world.hands.pass(60_000);
    let run = world.sync().await.unwrap();
    assert_eq!((run.unknown, run.unreached), (0, false), "{run:?}");
    assert_eq!(world.nation().report().people, nation.people);
    world.assert_clean();
    assert_eq!(wire.nation.lock().unwrap().report().effects, nation.effects);
}
