//! How systems like ours failed in the field, by the numbers of the list of failures: one story each.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::BTreeMap;

use molisa_gateway::run::{Outcome, RunError};
use molisa_gateway::sandbox::{Fault, FaultKind as K, Operation, RetryAfter, Rule};
use molisa_gateway::store::{StoreError, exchange, leases, mismatch, runs, system};

use crate::support::world::World;

async fn house(seed: u64) -> World {
    World::with(700, seed).await
}

fn queue(world: &World, operation: Operation, kind: K, times: u32) {
    world.nation().add_fault(Fault::new(operation, kind).times(times)).unwrap();
}

fn requests(world: &World, operation: Operation) -> u64 {
    world.nation().report().requests.get(&operation).copied().unwrap_or(0)
}

/// All valid people arrived, nobody twice, nothing against the contract.
fn all_arrived(world: &World, run: &Outcome) {
    assert_eq!((run.unknown, run.unreached), (0, false), "{run:?}");
    assert_eq!(
        world.nation().report().people,
        run.scanned - run.held.values().sum::<u64>() - run.refused.values().sum::<u64>()
    );
    world.assert_clean();
}

async fn kinds(world: &World) -> BTreeMap<(String, String), u64> {
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
async fn failure_2_a_crash_at_any_await_loses_and_repeats_nothing() {
    for polls in (1..600).step_by(23) {
        let mut world = World::with(150, 2).await;
        if let Some(ended) = world.sync_until(polls).await {
            ended.unwrap();
        }
        let run = world.sync().await.unwrap();
        assert_eq!((run.unknown, run.unreached), (0, false), "{polls}: {run:?}");
        let waiting: u64 = kinds(&world).await.values().sum();
        assert_eq!(world.nation().report().people + waiting, 150, "{polls}");
        world.assert_clean();
    }
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
            let times = world.wire.times.lock().unwrap().clone();
            let waited = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap() / 1000;
            match form {
                RetryAfter::Seconds | RetryAfter::Date => assert!((40..200).contains(&waited), "{form:?} {waited}"),
                RetryAfter::Absurd => assert!((3600..3800).contains(&waited), "our published cap: {waited}"),
                _ => assert!(waited < 200, "{form:?} {waited}"),
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
async fn failure_11_an_interrupted_run_goes_on_where_it_was() {
    let mut interrupted = 0;
    for polls in (40..2000).step_by(7) {
        let mut world = house(11).await;
        let crashed = world.sync_until(polls).await.is_none();
        let had = world.nation().report().effects;
        if !crashed {
            break;
        }
        if had == 0 {
            continue;
        }
        interrupted += 1;
        let run = world.sync().await.unwrap();
        let waiting: u64 = kinds(&world).await.values().sum();
        let report = world.nation().report();
        assert_eq!((report.people + waiting, report.effects), (700, report.people), "{polls}: each person once");
        // What was confirmed before the crash is not sent again: at most a batch is settled by both runs.
        assert!(run.sent + had <= report.people + 500, "{polls}: {run:?} after {had}");
        world.assert_clean();
    }
    assert!(interrupted > 0, "no crash came after a batch was stored");
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
async fn failure_13_a_column_gone_or_renamed_stops_before_anything_is_sent() {
    let world = house(13).await;
    world.local().execute("alter table doi_tuong rename column so_giay_to to so_giay_t", []).unwrap();
    let Err(error) = world.sync().await else { panic!("the shape changed") };
    assert_eq!(error.exit_code(), 2);
    let text = error.to_string();
    assert!(text.contains("so_giay_to") && text.contains("so_giay_t"), "{text}");
    assert_eq!(world.nation().report().requests.len(), 0);
}

#[tokio::test]
async fn failure_16_when_edits_stop_writes_stop() {
    let world = house(16).await;
    world.sync().await.unwrap();
    world.local().execute("update doi_tuong set dia_chi = 'Ấp Mới' where rowid <= 20", []).unwrap();
    assert!(world.sync().await.unwrap().sent > 0);
    let sent = requests(&world, Operation::Send);
    for _ in 0..3 {
        let run = world.sync().await.unwrap();
        assert_eq!((run.sent, run.unchanged), (0, run.scanned));
    }
    assert_eq!(requests(&world, Operation::Send), sent);
}

#[tokio::test]
async fn failure_17_an_empty_source_stops_nobody() {
    let world = house(17).await;
    let people = world.sync().await.unwrap().confirmed;
    world.local().execute_batch("create table copy as select * from doi_tuong; delete from doi_tuong").unwrap();
    let run = world.sync().await.unwrap();
    assert_eq!((run.sent, run.held.get("stop-candidate")), (0, Some(&people)));
    assert_eq!(world.nation().report().people, people);
    // They come back: the candidates close by themselves and nothing is sent.
    world.local().execute_batch("insert into doi_tuong select * from copy").unwrap();
    assert_eq!(world.sync().await.unwrap().sent, 0);
    assert!(!kinds(&world).await.keys().any(|(_, reason)| reason == "stop-candidate"));
}

#[tokio::test]
async fn failure_17_more_stops_than_usual_wait_for_a_person() {
    let world = house(170).await;
    world.sync().await.unwrap();
    let stopped = "update doi_tuong set trang_thai = 'Thôi hưởng', ly_do_dung = 'a', ngay_dung = '01/11/2026', so_qd_dung = '12/QĐ', \
        ngay_qd_dung = '02/11/2026', co_quan_qd_dung = 'UBND' where rowid <= 60";
    world.local().execute(stopped, []).unwrap();
    world.local().execute("update doi_tuong set dia_chi = 'Ấp Mới' where rowid > 690", []).unwrap();
    let run = world.sync().await.unwrap();
    let brake = run.brake.clone().unwrap();
    assert_eq!((run.stopped, brake.holds.as_slice(), run.exit_code()), (0, ["stopped"].as_slice(), 3));
    assert!(run.confirmed > 0, "what is not held goes");
    assert_eq!(run.held["brake"], brake.staged.stopped);
    assert_eq!(world.sync().await.unwrap().stopped, 0, "it still waits");
    let released = world.sync_released().await.unwrap();
    assert_eq!((released.stopped, released.exit_code()), (brake.staged.stopped, 0));
    world.assert_clean();
}

#[tokio::test]
async fn failure_20_a_name_in_another_normal_form_is_no_change() {
    let world = house(20).await;
    let key: String = world
        .local()
        .query_row("select ma_ho_so from doi_tuong where ho_ten <> '' limit 1 offset 9", [], |r| r.get(0))
        .unwrap();
    let set = "update doi_tuong set ho_ten = ?1 where ma_ho_so = ?2";
    world.local().execute(set, ["Nguyễn Thị Hoà", &key]).unwrap();
    world.sync().await.unwrap();
    let there = world
        .nation()
        .records(None, 1000)
        .into_iter()
        .any(|r| r.reference == key && r.document.contains("Nguyễn Thị Hoà"));
    assert!(there, "the name arrived");
    world.local().execute(set, ["Nguye\u{302}\u{303}n Thi\u{323} Hoa\u{300}", &key]).unwrap();
    let run = world.sync().await.unwrap();
    assert_eq!((run.sent, run.unchanged), (0, run.scanned), "{run:?}");
}

#[tokio::test]
async fn failure_22_a_clock_that_is_set_neither_silences_nor_turns_time_back() {
    let world = house(22).await;
    world.sync().await.unwrap();
    for (row, jump) in [(3, -86_400_000), (4, 2 * 86_400_000), (5, -86_400_000)] {
        world.hands.set_by(jump);
        world.local().execute("update doi_tuong set dia_chi = 'Ấp ' || ?1 where rowid in (?1, 6)", [row]).unwrap();
        let before = world.hands.truth();
        let run = world.sync().await.unwrap();
        assert_eq!((run.unknown, run.unreached), (0, false), "{run:?}");
        assert!(world.hands.truth() - before < 3_700_000);
    }
    world.assert_clean();
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

    let molisa_gateway::store::Store::Sqlite { write, .. } = &world.store else { panic!("SQLite") };
    // A disk without room, as SQLite sees one: no page may be added.
    sqlx::query("pragma max_page_count = 40").execute(write).await.unwrap();
    let Err(error) = world.sync().await else { panic!("the store is full") };
    assert!(error.to_string().contains("hết chỗ"), "{error}");
    assert_eq!(world.nation().report().effects, 0);
    sqlx::query("pragma max_page_count = 1000000").execute(write).await.unwrap();
    all_arrived(&world, &world.sync().await.unwrap());
}

#[tokio::test]
async fn failure_35_a_target_that_is_down_is_left_alone_and_recovers() {
    let mut world = house(35).await;
    world.options.patience = std::time::Duration::from_mins(10);
    world.wire.down.store(true, std::sync::atomic::Ordering::SeqCst);
    let run = world.sync().await.unwrap();
    assert!(run.unreached && run.exit_code() == 4, "{run:?}");
    let mut tx = world.store.read().await.unwrap();
    assert!(system::look(&mut tx, "misposasoft").await.unwrap().alarm.starts_with("breaker"));
    drop(tx);
    world.wire.down.store(false, std::sync::atomic::Ordering::SeqCst);
    world.hands.pass(60_000);
    world.sync().await.unwrap();
    let waiting: u64 = kinds(&world).await.values().sum();
    assert_eq!(world.nation().report().people + waiting, 700);
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
