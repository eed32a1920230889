//! A plan tells what a run would come to: each row that is scanned is exactly one of sent, held or unchanged.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::sync::atomic::Ordering;
use std::time::Duration;

use molisa_gateway::delta::{Class, Tally};
use molisa_gateway::model::{Clock as _, Kind};
use molisa_gateway::run::{Outcome, Plan, plan};
use molisa_gateway::sandbox::{FaultKind as K, Operation};
use molisa_gateway::store::decided::PARKED;
use molisa_gateway::store::{decided, mismatch, runs};

use super::failures::{house, queue};
use crate::support::world::World;

fn sum(tally: &Tally) -> u64 {
    Class::ALL.into_iter().map(|class| tally.of(class)).sum()
}

/// What a plan says; its figures add up.
async fn planned(world: &World) -> Plan {
    let said = plan(&world.store, &world.stream, &*world.hands).await.unwrap();
    let gone = said.held.get("stop-candidate").copied().unwrap_or(0);
    let held = said.held.values().sum::<u64>() - gone;
    assert_eq!(said.scanned, sum(&said.sends) + held + said.unchanged, "{said:?}");
    let units: u64 = said.units.values().map(sum).sum();
    assert_eq!(units, sum(&said.sends), "{said:?}");
    said
}

/// A run that cannot reach the nation.
async fn in_vain(world: &mut World) -> Outcome {
    let patience = std::mem::replace(&mut world.options.patience, Duration::from_secs(30));
    world.wire.down.store(true, Ordering::SeqCst);
    let run = world.sync().await.unwrap();
    assert!(run.unreached, "{run:?}");
    world.wire.down.store(false, Ordering::SeqCst);
    world.hands.pass(3_600_000);
    world.options.patience = patience;
    run
}

fn all_move(world: &World, to: &str) {
    world.local().execute("update doi_tuong set dia_chi = ?1", [to]).unwrap();
}

#[tokio::test]
async fn what_a_run_could_not_deliver_is_in_the_plan() {
    let mut world = house(40).await;
    let before = planned(&world).await;
    let run = in_vain(&mut world).await;
    assert_eq!((run.sent, sum(&before.sends)), (0, run.unknown), "nothing went: {run:?}");
    assert!(run.unknown > 100);
    // Those that are held already are nothing new to say.
    let said = planned(&world).await;
    assert_eq!((said.sends, &said.brake), (before.sends, &None));
    assert_eq!(world.sync().await.unwrap().confirmed, sum(&said.sends));
    let said = planned(&world).await;
    assert_eq!((sum(&said.sends), said.unchanged), (0, said.scanned));

    // A change that was let go and did not arrive, and then another one: it goes once, and the brake does not count it.
    world.stream.brake.changed = molisa_gateway::delta::brake::Limit { percent: None, number: Some(9) };
    let keys: Vec<String> = world.nation().records(None, 12).into_iter().map(|r| r.reference.clone()).collect();
    let moves = |world: &World, keys: &[String], to: &str| {
        for key in keys {
            let set = "update doi_tuong set dia_chi = ?1 where ma_ho_so = ?2";
            assert_eq!(world.local().execute(set, [to, key]).unwrap(), 1);
        }
    };
    moves(&world, &keys[..9], "A");
    assert_eq!(in_vain(&mut world).await.unknown, 9);
    let said = planned(&world).await;
    assert_eq!((said.sends.changed, &said.brake, said.unchanged), (9, &None, said.scanned - 9));
    moves(&world, &keys[8..], "B");
    let said = planned(&world).await;
    assert_eq!((said.sends.changed, &said.brake), (12, &None), "four are new and eight were let go before");
    let run = world.sync().await.unwrap();
    assert_eq!((run.confirmed, run.brake), (12, None));
    world.assert_clean();
}

#[tokio::test]
async fn what_is_on_its_way_is_one_of_the_plan_s_figures() {
    let mut world = house(41).await;
    world.sync().await.unwrap();
    let key = world.nation().records(None, 100)[5].reference.clone();
    let set = |world: &World, column: &str, to: &str| {
        let sql = format!("update doi_tuong set {column} = ?1 where ma_ho_so = ?2");
        assert_eq!(world.local().execute(&sql, [to, &key]).unwrap(), 1);
    };
    set(&world, "dia_chi", "Ấp B");
    queue(&world, Operation::Send, K::StoredThenSilent, 1);
    queue(&world, Operation::Ask, K::Error500Before, 1000);
    world.options.patience = Duration::from_secs(30);
    assert_eq!(world.sync().await.unwrap().unknown, 1);
    assert_eq!(world.count("select count(*) from outbox where state = 'sent'"), 1);
    let said = planned(&world).await;
    assert_eq!((sum(&said.sends), said.unchanged), (1, said.scanned - 1), "nobody knows whether it must go again");
    set(&world, "dia_chi", "Ấp C");
    let said = planned(&world).await;
    assert_eq!((sum(&said.sends), said.unchanged), (1, said.scanned - 1), "once, though a newer one comes after it");
    assert_eq!(world.sync().await.unwrap().unknown, 1);
    assert_eq!(sum(&planned(&world).await.sends), 1, "once, with both in the outbox");
    set(&world, "ho_ten", "");
    let said = planned(&world).await;
    assert_eq!((sum(&said.sends), said.held.values().sum::<u64>()), (0, 1), "held, and nothing else");
}

#[tokio::test]
async fn what_waits_behind_the_brake_or_is_parked_is_not_unchanged() {
    let world = house(42).await;
    world.sync().await.unwrap();
    all_move(&world, "A");
    let brake = world.sync().await.unwrap().brake.unwrap();
    let said = planned(&world).await;
    assert_eq!((said.sends, said.brake.as_ref()), (brake.staged, Some(&brake)));

    let key = world.nation().records(None, 100)[5].reference.clone();
    let mut tx = world.store.write().await.unwrap();
    let (id, _) = runs::find_stream(&mut tx, "doi-tuong").await.unwrap().unwrap();
    assert_eq!(decided::park(&mut tx, id, &[&key]).await.unwrap(), 1);
    let draft = mismatch::Draft { detail: "chờ".to_owned(), ..mismatch::Draft::new(&key, Kind::Parked, PARKED) };
    mismatch::open(&mut tx, id, 1, world.hands.now(), &[draft]).await.unwrap();
    tx.commit().await.unwrap();
    let said = planned(&world).await;
    let rest = brake.staged.changed - 1;
    assert_eq!((said.sends.changed, said.held["parked"]), (rest, 1));
    let run = world.sync().await.unwrap();
    assert_eq!((run.held["parked"], run.held["brake"]), (1, rest), "a run counts them the same: {run:?}");
    all_move(&world, "B");
    let said = planned(&world).await;
    assert_eq!((said.sends.changed, said.held["parked"]), (rest, 1), "also where all changed again");
    let run = world.sync_released().await.unwrap();
    assert_eq!((run.confirmed, run.held["parked"]), (rest, 1));
    world.assert_clean();
}
