//! The figures of a run add up whatever was left by the one before: each row that was scanned is exactly one thing.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::time::Duration;

use molisa_gateway::run::Outcome;
use molisa_gateway::sandbox::{FaultKind as K, Operation, Rule};
use molisa_gateway::source::{Source, SourceConfig};
use molisa_gateway::store::Place;

use super::failures::{house, queue};
use crate::support::databases::{Database, Server};
use crate::support::world::World;

/// Candidates come on top.
fn adds_up(run: &Outcome) {
    let held: u64 = run.held.iter().filter(|(reason, _)| *reason != "stop-candidate").map(|(_, n)| n).sum();
    let sum = run.confirmed + run.refused.values().sum::<u64>() + held + run.unknown + run.unchanged;
    assert_eq!(run.scanned, sum, "{run:?}");
}

fn somebody(world: &World) -> String {
    world.nation().records(None, 1000)[5].reference.clone()
}

fn moves(world: &World, key: &str, to: &str) {
    let sql = "update doi_tuong set dia_chi = ?1 where ma_ho_so = ?2";
    assert_eq!(world.local().execute(sql, [to, key]).unwrap(), 1);
}

/// The person stands in the source a second time, at another address.
fn doubled(world: &World, key: &str) {
    let local = world.local();
    local.execute("create temp table one as select * from doi_tuong where ma_ho_so = ?1", [key]).unwrap();
    local.execute_batch("update one set dia_chi = 'khác'; insert into doi_tuong select * from one").unwrap();
}

/// A change of the person was sent by a run that could not learn what became of it.
async fn left_unknown(world: &mut World, key: &str, fault: K) {
    moves(world, key, "Ấp B");
    queue(world, Operation::Send, fault, 1);
    queue(world, Operation::Ask, K::Error500Before, 1000);
    let patience = std::mem::replace(&mut world.options.patience, Duration::from_secs(30));
    let run = world.sync().await.unwrap();
    assert_eq!(run.unknown, 1, "{run:?}");
    adds_up(&run);
    world.options.patience = patience;
    world.nation().clear_faults();
    world.hands.pass(3_600_000);
}

fn people(world: &World) -> u64 {
    world.nation().report().people
}

#[tokio::test]
async fn who_becomes_held_while_an_older_content_is_on_its_way_is_held() {
    let mut world = house(1).await;
    world.sync().await.unwrap();
    let key = somebody(&world);
    left_unknown(&mut world, &key, K::StoredThenSilent).await;
    world.local().execute("update doi_tuong set ho_ten = '' where ma_ho_so = ?1", [&key]).unwrap();
    let run = world.sync().await.unwrap();
    assert_eq!((run.held.get("missing"), run.confirmed, run.unknown), (Some(&1), 0, 0), "{run:?}");
    adds_up(&run);
}

#[tokio::test]
async fn the_last_word_counts_when_a_refused_content_is_followed_by_a_newer_one() {
    for (refused, accepted) in [(1, 0), (0, 1)] {
        let mut world = house(1).await;
        world.sync().await.unwrap();
        let key = somebody(&world);
        left_unknown(&mut world, &key, K::CutBefore).await;
        moves(&world, &key, "Ấp C");
        world.nation().rule(&key, Some(Rule::Refused { code: "E17".into(), text: "sai".into() }));
        let run = world.sync().await.unwrap();
        assert_eq!(run.refused.get("E17"), Some(&1), "{run:?}");
        adds_up(&run);
        if accepted > 0 {
            world.nation().rule(&key, None);
            moves(&world, &key, "Ấp D");
            let run = world.sync().await.unwrap();
            assert_eq!((run.refused.values().sum::<u64>(), run.confirmed), (refused, accepted), "{run:?}");
            adds_up(&run);
        }
    }
}

#[tokio::test]
async fn who_stands_twice_is_not_gone() {
    let mut world = house(1).await;
    world.sync().await.unwrap();
    let (key, before) = (somebody(&world), people(&world));
    // An old decision about the person must not stop anybody who is still there.
    let local = world.local();
    local.execute("create table qd as select * from doi_tuong where ma_ho_so = ?1", [&key]).unwrap();
    local
        .execute_batch(
            "update qd set trang_thai = 'Thôi hưởng', ly_do_dung = 'a', ngay_dung = '01/11/2026', so_qd_dung = '12/QĐ', \
             ngay_qd_dung = '02/11/2026', co_quan_qd_dung = 'UBND'",
        )
        .unwrap();
    let query = "select * from qd".to_owned();
    let config = SourceConfig::Sqlite { path: world.dir.path().join("local.db"), query };
    doubled(&world, &key);
    let run = world.sync().await.unwrap();
    assert_eq!((run.held.get("stop-candidate"), run.held.get("key-twice")), (None, Some(&2)), "{run:?}");
    adds_up(&run);
    world.stream.decision = Some(Source::open(&config, world.dir.path()).await.unwrap());
    world.local().execute("update doi_tuong set thon_to = 'x' where ma_ho_so = ?1", [&key]).unwrap();
    let run = world.sync().await.unwrap();
    assert_eq!((run.stopped, people(&world)), (0, before), "{run:?}");
    adds_up(&run);
}

#[tokio::test]
async fn what_waits_of_somebody_who_is_gone_is_neither_sent_nor_counted() {
    let world = house(1).await;
    world.sync().await.unwrap();
    let (key, before) = (somebody(&world), people(&world));
    world.local().execute("update doi_tuong set dia_chi = 'x'", []).unwrap();
    let run = world.sync().await.unwrap();
    assert!(run.brake.is_some(), "{run:?}");
    adds_up(&run);
    world.local().execute("delete from doi_tuong where ma_ho_so = ?1", [&key]).unwrap();
    let run = world.sync().await.unwrap();
    assert_eq!((run.held.get("brake"), run.held.get("stop-candidate")), (Some(&(before - 1)), Some(&1)), "{run:?}");
    adds_up(&run);
    let run = world.sync_released().await.unwrap();
    assert_eq!((run.confirmed, people(&world)), (before - 1, before), "{run:?}");
    adds_up(&run);
}

#[tokio::test]
async fn a_key_with_control_characters_is_held_on_either_store() {
    let mut told = Vec::new();
    let server = Database::fresh(Server::Postgres, "a_key_with_control_characters").await;
    for server in [None, server.as_ref()].into_iter().take(1 + usize::from(server.is_some())) {
        let dir = tempfile::tempdir().unwrap();
        let place = match server {
            Some(server) => Place::Postgres(secrecy::SecretString::from(server.url.clone())),
            None => Place::Sqlite(dir.path().join("store.db")),
        };
        let world = World::on(dir, place, 60, 1).await;
        for (row, key) in [(30, "a\0b"), (31, "a\u{1f}b"), (32, "a,b:c'd\"e\\f")] {
            let sql = "update doi_tuong set ma_ho_so = ?1 where rowid = ?2";
            assert_eq!(world.local().execute(sql, rusqlite::params![key, row]).unwrap(), 1);
        }
        let first = world.sync().await.unwrap();
        assert!(first.held.get("bad-value") >= Some(&2) && first.confirmed > 50, "{first:?}");
        adds_up(&first);
        let second = world.sync().await.unwrap();
        assert_eq!((second.sent, second.unchanged), (0, second.scanned), "{second:?}");
        told.push((first.held, first.confirmed));
        world.store.close().await;
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
}
