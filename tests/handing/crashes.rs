//! Killed at every point at which anything is awaited, and between the steps that matter: nothing is lost, nothing
//! arrives twice, whatever the local system is (failures 1 and 2).

use std::path::Path;

use molisa_gateway::intake::hand_over::{Folder, HandOver, Handing, run};
use tokio_util::sync::CancellationToken;

use super::files::names;
use super::posts::{OLD, post};
use super::receiver::Receiver;
use super::{Local, Office, record};
use crate::support::world::{Doomed, MORNING};

/// Files two versions and kills the round at the first await, the second, … until one is not killed. Gives how many
/// applications were filed.
async fn killed_everywhere(office: &mut Office, open: impl Fn() -> HandOver, after: impl Fn()) -> u32 {
    for polls in 0..2000 {
        let number = format!("H20-{polls}");
        office.version(&number, 1, "ready", &record(&number, "Á")).await;
        office.version(&number, 2, "ready", &record(&number, "B")).await;
        let ended = {
            let (hand_over, stop) = (open(), CancellationToken::new());
            let round = run(&office.store, "dvc", &hand_over, &office.lease, &*office.hands, &stop, 10_000);
            Doomed::from(|| true, polls, round).await
        };
        after();
        let Some(done) = ended else {
            office.restart().await;
            continue;
        };
        done.expect("a round that nobody kills");
        office.run_out(&open()).await;
        assert!(polls > 10, "it was killed at {polls} points only");
        return polls + 1;
    }
    panic!("it never ended");
}

#[tokio::test]
async fn a_row_arrives_once_wherever_the_round_is_killed() {
    for local in Local::all("a_row_arrives_once_wherever_the_round_is_killed").await {
        let mut office = Office::new().await;
        let filed = killed_everywhere(&mut office, || local.hand_over(), || ()).await;
        let mut rows = local.rows().await;
        rows.sort();
        let mut wanted: Vec<String> = (0..filed).flat_map(|n| [1, 2].map(|v| format!("H20-{n}/{v}"))).collect();
        wanted.sort();
        assert_eq!(rows, wanted, "{}", local.name());
        assert_eq!(local.markers().await.len(), wanted.len());
        assert!(office.states().await.iter().all(|state| state.ends_with(": handed")));
    }
}

#[tokio::test]
async fn a_request_takes_effect_once_wherever_the_round_is_killed() {
    let mut office = Office::new().await;
    let receiver = Receiver::new(&[OLD.1], &office.hands);
    let url = receiver.url();
    let filed = killed_everywhere(&mut office, || post(&url, &[OLD.0]), || ()).await;
    let taken = receiver.taken();
    assert_eq!(u32::try_from(taken.len()), Ok(2 * filed));
    assert!(receiver.unsigned().is_empty());
    let mut order: Vec<String> = receiver.seen().into_iter().map(|seen| seen.body).collect();
    order.dedup();
    let keys: Vec<&str> = order.iter().filter_map(|body| body.split("\"key\":\"").nth(1)?.split('"').next()).collect();
    for n in 0..filed {
        let at = |version| keys.iter().rposition(|key| *key == format!("dvc/H20-{n}/{version}"));
        assert!(at(1) < at(2), "{n}: {keys:?}");
    }
}

/// Whoever fetches the files carries them away at once. The store is a server's, where there is one.
#[tokio::test]
async fn a_file_arrives_once_wherever_the_round_is_killed() {
    let mut office = Office::all("a_file_arrives_once_wherever_the_round_is_killed").await.pop().expect("a store");
    let (dir, away) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let fetch = |from: &Path| {
        for name in names(from) {
            assert!(!away.path().join(&name).exists(), "{name} came twice");
            std::fs::rename(from.join(&name), away.path().join(&name)).expect("carried away");
        }
    };
    // What is put aside on another thread goes on when only the round dies: one folder, so that it is waited for.
    let one = Folder::new(dir.path().to_owned());
    let filed = killed_everywhere(&mut office, || HandOver::Folder(one.clone()), || fetch(dir.path())).await;
    fetch(dir.path());
    assert_eq!(u32::try_from(names(away.path()).len()), Ok(2 * filed));
}

/// Killed after the version was written down as underway, before it was given.
#[tokio::test]
async fn one_that_was_begun_and_not_given_arrives() {
    for local in Local::all("one_that_was_begun_and_not_given_arrives").await {
        let office = Office::new().await;
        office.version("H20-1", 1, "underway", &record("H20-1", "Á")).await;
        assert_eq!(office.run(&local.hand_over()).await.handed, 1);
        assert_eq!(local.rows().await, ["H20-1/1"]);
    }
    let office = Office::new().await;
    office.version("H20-1", 1, "underway", &record("H20-1", "Á")).await;
    let receiver = Receiver::new(&[OLD.1], &office.hands);
    assert_eq!(office.run(&post(&receiver.url(), &[OLD.0])).await.handed, 1);
    assert_eq!(receiver.taken().len(), 1);
}

/// Killed after it was given, before the receipt was written down.
#[tokio::test]
async fn one_that_was_given_without_a_receipt_is_not_given_twice() {
    let record = record("H20-1", "Á");
    let handing = Handing { key: "dvc/H20-1/1", number: "H20-1", version: 1, record: &record, at: MORNING };
    for office in Office::all("one_that_was_given_without_a_receipt_is_not_given_twice").await {
        for local in Local::all("one_that_was_given_without_a_receipt_is_not_given_twice").await {
            let number = format!("H20-{}", local.name());
            let key = format!("dvc/{number}/1");
            office.version(&number, 1, "underway", &record).await;
            let given = Handing { key: &key, number: &number, ..handing };
            local.hand_over().give(&given, MORNING).await.unwrap_or_else(|e| panic!("{e}"));
            assert_eq!(office.run(&local.hand_over()).await.handed, 1);
            assert_eq!(local.rows().await.len(), 1, "{}", local.name());
            let receipts = office.texts("select receipt from application_version").await;
            assert!(receipts.iter().any(|r| r.contains("was there before")), "{receipts:?}");
        }
        let receiver = Receiver::new(&[OLD.1], &office.hands);
        office.version("H20-1", 1, "underway", &record).await;
        let hand_over = post(&receiver.url(), &[OLD.0]);
        hand_over.give(&handing, MORNING).await.expect("taken");
        assert_eq!(office.run(&hand_over).await.handed, 1);
        assert_eq!((receiver.taken().len(), receiver.seen().len()), (1, 2));
    }
}
