//! A store that is full, locked or damaged: failures 24 and 25.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::time::Duration;

use molisa_gateway::delivery::DeliveryError;
use molisa_gateway::run::RunError;
use molisa_gateway::sandbox::Operation;
use molisa_gateway::store::{Store, StoreError};

use super::failures::{all_arrived, house, kinds, requests};
use crate::support::world::World;

/// A disk with so much room, as SQLite sees one: no page may be added beyond.
#[expect(clippy::disallowed_methods, reason = "a number of the story's own")]
async fn room(world: &World, pages: u32) {
    let Store::Sqlite { write, .. } = &world.store else { panic!("SQLite") };
    let pragma = ["pragma max_page_count = ", &pages.to_string()].concat();
    sqlx::query(sqlx::AssertSqlSafe(pragma)).execute(write).await.unwrap();
}

#[tokio::test]
async fn failure_24_and_25_a_full_or_locked_store_stops_before_the_wire_and_says_so() {
    let world = house(25).await;
    let other = rusqlite::Connection::open(world.dir.path().join("store.db")).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let Err(error) = world.sync().await else { panic!("the store is locked") };
    assert!(matches!(error, RunError::Store(StoreError::Locked(_))), "{error}");
    assert_eq!(world.nation().report().requests.len(), 0);
    other.execute_batch("rollback").unwrap();

    room(&world, 40).await;
    let Err(error) = world.sync().await else { panic!("the store is full") };
    assert!(error.to_string().contains("hết chỗ"), "{error}");
    assert_eq!(world.nation().report().effects, 0);
    room(&world, 1_000_000).await;
    all_arrived(&world, &world.sync().await.unwrap());
}

#[tokio::test]
async fn failure_24_wherever_the_disk_fills_up_nothing_goes_out_that_is_not_written_down() {
    let world = house(240).await;
    let mut full = 0;
    let mut sent_then_full = 0;
    for pages in (60..20_000).step_by(9) {
        room(&world, pages).await;
        let before = world.nation().report().batches;
        let ended = world.sync().await;
        let known = world.count("select count(*) from batch");
        assert!(world.nation().report().batches <= known, "{pages}: a batch went out that the store does not know");
        match ended {
            Ok(run) => {
                let held: u64 = kinds(&world).await.values().sum();
                assert_eq!((world.nation().report().people + held, run.unknown, run.unreached), (700, 0, false));
                world.assert_clean();
                assert!(full > 0 && sent_then_full > 0, "{full} {sent_then_full}");
                return;
            }
            Err(error) => {
                assert!(error.to_string().contains("hết chỗ"), "{pages}: {error}");
                full += 1;
                sent_then_full += u32::from(world.nation().report().batches > before);
            }
        }
        // The end of the run could not be written either: its lease runs out.
        world.hands.pass(61_000);
    }
    panic!("it never went through");
}

#[tokio::test]
async fn failure_25_a_store_locked_for_a_moment_is_waited_for() {
    let world = house(251).await;
    let other = rusqlite::Connection::open(world.store_file()).unwrap();
    other.execute_batch("begin immediate").unwrap();
    let release = async {
        // Long enough for the run to stand before the lock.
        for _ in 0..100 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(world.nation().report().requests.len(), 0, "nothing goes out while the store is locked");
        other.execute_batch("rollback").unwrap();
    };
    let (run, ()) = futures_util::future::join(world.sync(), release).await;
    all_arrived(&world, &run.unwrap());
}

#[tokio::test]
async fn failure_25_somebody_who_reads_the_store_for_long_holds_nobody_up() {
    let world = house(252).await;
    let reader = rusqlite::Connection::open(world.store_file()).unwrap();
    reader.execute_batch("begin").unwrap();
    let count = || reader.query_row("select count(*) from outbox", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count(), 0);
    all_arrived(&world, &world.sync().await.unwrap());
    assert_eq!(count(), 0, "the reader still sees the moment at which it began");
}

#[tokio::test]
async fn failure_25_a_damaged_store_stops_before_the_wire_and_is_called_so() {
    let mut world = house(253).await;
    world.sync().await.unwrap();
    world.store.close().await;
    let page = world.count("select rootpage from sqlite_schema where name = 'outbox'");
    let mut bytes = std::fs::read(world.store_file()).unwrap();
    let at = usize::try_from((page - 1) * 4096).unwrap();
    bytes[at..at + 4096].fill(0xaa);
    std::fs::write(world.store_file(), bytes).unwrap();
    world.restart().await;
    world.local().execute("update doi_tuong set dia_chi = 'Ấp Mới' where rowid <= 20", []).unwrap();
    let before = world.nation().report();
    let Err(error) = world.sync().await else { panic!("the store is damaged") };
    assert!(
        matches!(
            error,
            RunError::Store(StoreError::Damaged(_)) | RunError::Delivery(DeliveryError::Store(StoreError::Damaged(_)))
        ),
        "{error}"
    );
    assert!(error.to_string().contains("bị hỏng"), "{error}");
    assert_eq!(world.nation().report(), before);
}

#[tokio::test]
async fn failure_24_what_cannot_be_committed_does_not_go_out() {
    let world = house(241).await;
    let store = rusqlite::Connection::open(world.store_file()).unwrap();
    // A commit that fails, as one does for which the disk has no room: only then is the missing row found missing.
    let late = "create table nowhere (id integer primary key); \
        create table late (id integer references nowhere (id) deferrable initially deferred); \
        create trigger late after insert on batch begin insert into late values (1); end";
    store.execute_batch(late).unwrap();
    let Err(error) = world.sync().await else { panic!("no batch could be committed") };
    assert!(matches!(error, RunError::Delivery(DeliveryError::Store(_))), "{error}");
    assert_eq!(requests(&world, Operation::Send), 0, "a batch went out that the store does not know");
    assert_eq!(world.count("select count(*) from batch"), 0);
    store.execute_batch("drop trigger late").unwrap();
    world.sync().await.unwrap();
    let held: u64 = kinds(&world).await.values().sum();
    assert_eq!(world.nation().report().people + held, 700);
    world.assert_clean();
}
