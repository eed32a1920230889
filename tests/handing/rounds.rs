//! The order of a round, on both engines of the store.

use molisa_gateway::intake::hand_over::run;
use molisa_gateway::store::{StoreError, dossiers, handed, settled};
use tokio_util::sync::CancellationToken;

use super::files::{folder, names};
use super::posts::{OLD, post};
use super::receiver::Receiver;
use super::{Office, record};
use crate::national::server::http;
use crate::support::world::MORNING;

#[tokio::test]
async fn versions_of_one_number_go_in_order_and_wait_for_a_person() {
    for office in Office::all("versions_of_one_number_go_in_order_and_wait_for_a_person").await {
        let dir = tempfile::tempdir().expect("a folder");
        let hand_over = folder(dir.path());
        let ready = record("1", "Á");
        for (number, version, state) in [
            ("1", 1, "to-be-routed"),
            ("1", 2, "ready"),
            ("2", 1, "ready"),
            ("2", 2, "ready"),
            ("2", 3, "to-be-routed"),
            ("3", 1, "ready"),
        ] {
            office.version(number, version, state, &ready).await;
        }
        let done = office.run(&hand_over).await;
        assert_eq!((done.handed, done.waiting, done.failed), (3, 1, 0), "{done:?}");
        assert_eq!(names(dir.path()), ["2-1.json", "2-2.json", "3-1.json"]);
        office.change("update application_version set state = 'ready' where state = 'to-be-routed'").await;
        assert_eq!(office.run(&hand_over).await.handed, 3);
        let order = office
            .texts("select a.number || '/' || v.version from application_version v join application a on a.id = v.application_id \
                where handed_ms is not null and why = '' and next_ms = 0 order by a.id, v.version")
            .await;
        assert_eq!(order, ["1/1", "1/2", "2/1", "2/2", "2/3", "3/1"]);
        assert_eq!(office.run(&hand_over).await, molisa_gateway::intake::hand_over::Handed::default());
    }
}

#[tokio::test]
async fn an_intake_hands_over_its_own_and_no_more_than_it_may() {
    for office in Office::all("an_intake_hands_over_its_own_and_no_more_than_it_may").await {
        let dir = tempfile::tempdir().expect("a folder");
        let numbers: Vec<String> = (0..130).map(|n| format!("H20-{n:04}")).collect();
        office.file(&numbers.iter().map(String::as_str).collect::<Vec<_>>()).await;
        office.change("update application set intake = 'other' where number = 'H20-0003'").await;
        let (hand_over, stop) = (folder(dir.path()), CancellationToken::new());
        let done =
            run(&office.store, "dvc", &hand_over, &office.lease, &*office.hands, &stop, 110).await.expect("a round");
        assert_eq!((done.handed, done.waiting), (110, 19), "{done:?}");
        assert_eq!(office.run(&hand_over).await.handed, 19);
        assert!(!names(dir.path()).contains(&"H20-0003-1.json".to_owned()));
        stop.cancel();
        office.file(&["9"]).await;
        let done =
            run(&office.store, "dvc", &hand_over, &office.lease, &*office.hands, &stop, 120).await.expect("a round");
        assert_eq!((done.handed, done.waiting), (0, 1));
    }
}

/// One whose clock was set back does not wait for years (failure 22).
#[tokio::test]
async fn a_wait_under_another_clock_ends() {
    let (office, dir) = (Office::new().await, tempfile::tempdir().expect("a folder"));
    office.file(&["1"]).await;
    office.change("update application_version set next_ms = 9000000000000").await;
    assert_eq!(office.run(&folder(dir.path())).await.handed, 1);
}

/// What another process took over is not written by us.
#[tokio::test]
async fn nothing_is_given_without_the_lease() {
    for mut office in Office::all("nothing_is_given_without_the_lease").await {
        let dir = tempfile::tempdir().expect("a folder");
        office.file(&["1"]).await;
        let before = office.lease.clone();
        office.restart().await;
        let ours = std::mem::replace(&mut office.lease, before);
        let error = office.try_run(&folder(dir.path())).await.expect_err("the lease is another's");
        assert!(matches!(error, StoreError::LostLease(_)) && names(dir.path()).is_empty(), "{error}");
        office.lease = ours;
        assert_eq!(office.run(&folder(dir.path())).await.handed, 1);
    }
}

/// Somebody routes it anew between the look-up and the attempt: the record that was read is not given.
#[tokio::test]
async fn what_was_judged_anew_is_not_given_as_it_was() {
    for office in Office::all("what_was_judged_anew_is_not_given_as_it_was").await {
        office.file(&["1"]).await;
        let mut tx = office.store.write().await.expect("a transaction");
        let times = (MORNING, MORNING.plus(3_600_000));
        let due = handed::due(&mut tx, "dvc", 0, times, 10).await.expect("a look-up").remove(0);
        tx.commit().await.expect("a commit");
        office.change(&format!("update application_version set record = '{}'", record("1", "B"))).await;
        let mut tx = office.store.write().await.expect("a transaction");
        assert!(!handed::begin(&mut tx, &due).await.expect("an answer"));
        drop(tx);
        assert_eq!(office.states().await, ["1/1: ready"]);
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_read_holds_nobody() {
    let (office, dir) = (Office::new().await, tempfile::tempdir().expect("a folder"));
    office.version("1", 1, "ready", "no JSON").await;
    office.file(&["2"]).await;
    let done = office.run(&folder(dir.path())).await;
    assert_eq!((done.handed, done.failed, done.down), (1, 1, false), "{done:?}");
    assert!(
        office.texts("select why from application_version where state = 'ready'").await[0].contains("judge it again")
    );
}

/// One that may have been taken stays so while nobody is asked: judged anew meanwhile, the office and we would differ.
#[tokio::test]
async fn one_that_may_have_been_taken_is_not_judged_anew_because_nobody_was_there() {
    for office in Office::all("one_that_may_have_been_taken_is_not_judged_anew").await {
        office.file(&["1"]).await;
        let receiver = Receiver::new(&[OLD.1], &office.hands);
        receiver.next(true, Vec::new());
        office.run(&post(&receiver.url(), &[OLD.0])).await;
        assert_eq!(office.states().await, ["1/1: underway"]);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/x", listener.local_addr().expect("an address"));
        drop(listener);
        office.hands.pass(4_000_000);
        let done = office.run(&post(&url, &[OLD.0])).await;
        assert!(done.down && done.failed == 1, "{done:?}");
        assert_eq!(office.states().await, ["1/1: underway"], "its record must not change");
        // A refusal is an answer: it was not taken before either.
        receiver.next(false, http("422 Unprocessable Entity", "", b""));
        office.hands.pass(4_000_000);
        office.run(&post(&receiver.url(), &[OLD.0])).await;
        assert_eq!(office.states().await, ["1/1: ready"]);
    }
}

/// A person decided between the judging and the hand-over: what was judged before is given to nobody.
#[tokio::test]
async fn what_a_person_has_just_decided_about_is_not_given_before_it_is_judged() {
    for office in Office::all("what_a_person_has_just_decided_about_is_not_given").await {
        let dir = tempfile::tempdir().expect("a folder");
        office.file(&["1", "2"]).await;
        let mut tx = office.store.write().await.expect("a transaction");
        let times = (MORNING, MORNING.plus(3_600_000));
        let due = handed::due(&mut tx, "dvc", 0, times, 10).await.expect("a look-up").remove(0);
        dossiers::lock(&mut tx, due.application).await.expect("a lock");
        dossiers::decide(&mut tx, due.application, MORNING, ("ai", "vì"), ("{}", "{}")).await.expect("a decision");
        assert!(!handed::begin(&mut tx, &due).await.expect("an answer"), "read before the decision");
        tx.commit().await.expect("a commit");
        assert_eq!(office.run(&folder(dir.path())).await.handed, 1);
        assert_eq!(office.states().await, ["1/1: ready", "2/1: handed"]);
        // One that may have been taken goes on as it is; once it is surely not, it is judged first.
        office.change("update application_version set state = 'underway' where state = 'ready'").await;
        assert_eq!(office.run(&folder(dir.path())).await.handed, 1);
    }
}

/// What a person passed over keeps nobody behind it.
#[tokio::test]
async fn what_was_overtaken_is_never_given_and_the_newer_one_goes() {
    for office in Office::all("what_was_overtaken_is_never_given").await {
        let dir = tempfile::tempdir().expect("a folder");
        let ready = record("1", "Á");
        for (version, state) in [(1, "to-be-routed"), (2, "ready")] {
            office.version("1", version, state, &ready).await;
        }
        assert_eq!(office.run(&folder(dir.path())).await.handed, 0);
        let mut tx = office.store.write().await.expect("a transaction");
        let id = dossiers::by_number(&mut tx, "1").await.expect("a look-up")[0].id;
        settled::overtaken(&mut tx, (id, 1), "vì").await.expect("it is open");
        tx.commit().await.expect("a commit");
        let done = office.run(&folder(dir.path())).await;
        assert_eq!((done.handed, done.waiting), (1, 0), "{done:?}");
        assert_eq!(names(dir.path()), ["1-2.json"]);
        assert_eq!(office.states().await, ["1/1: overtaken", "1/2: handed"]);
    }
}
