//! A folder of files, which somebody may carry away at any time.

use std::fs;
use std::path::Path;
use std::time::Duration;

use molisa_gateway::intake::hand_over::{Folder, HandOver, Handing, Trouble};

use super::{Office, record};
use crate::support::world::MORNING;

pub fn folder(path: &Path) -> HandOver {
    HandOver::Folder(Folder::new(path.to_owned()))
}

pub fn names(path: &Path) -> Vec<String> {
    let names =
        fs::read_dir(path).expect("a folder").map(|e| e.expect("an entry").file_name().into_string().expect("UTF-8"));
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

#[tokio::test]
async fn one_file_for_each_version_whole_and_by_its_number() {
    let (office, dir) = (Office::new().await, tempfile::tempdir().expect("a folder"));
    for (number, version) in [("H20.14-240703-0002", 1), ("H20.14-240703-0002", 2), ("../../Đơn số 1", 1)] {
        office.version(number, version, "ready", &record(number, "Nguyễn Văn Á")).await;
    }
    let hand_over = folder(dir.path());
    hand_over.check().await.expect("it can be written");
    assert!(names(dir.path()).is_empty(), "nothing is left of the check");
    assert_eq!(office.run(&hand_over).await.handed, 3);
    let names = names(dir.path());
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!(names[..2], ["H20.14-240703-0002-1.json", "H20.14-240703-0002-2.json"]);
    assert!(names[2].starts_with("_.") && names[2].ends_with("-1.json"), "{names:?}");
    let file: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.path().join(&names[1])).expect("a file")).expect("JSON");
    assert_eq!((&file["number"], &file["version"]), (&"H20.14-240703-0002".into(), &2.into()));
    assert_eq!(file["record"]["ho_ten"], "Nguyễn Văn Á");
}

#[tokio::test]
async fn the_same_is_done_and_another_content_is_told() {
    let dir = tempfile::tempdir().expect("a folder");
    let (hand_over, one, other) = (folder(dir.path()), record("1", "Á"), record("1", "B"));
    let handing = |record| Handing { key: "dvc/1/1", number: "1", version: 1, record, at: MORNING };
    hand_over.give(&handing(&one), MORNING).await.expect("a file");
    hand_over.give(&handing(&one), MORNING).await.expect("the same file");
    let error = hand_over.give(&handing(&other), MORNING).await.expect_err("another content");
    assert!(error.trouble == Trouble::Refused && error.why.contains("1-1.json"), "{error}");
    // It was carried away: the mark still tells the one from the other.
    fs::remove_file(dir.path().join("1-1.json")).expect("it is there");
    hand_over.give(&handing(&one), MORNING).await.expect("was there");
    assert_eq!(hand_over.give(&handing(&other), MORNING).await.expect_err("another").trouble, Trouble::Refused);
    assert!(names(dir.path()).is_empty());
    // A file of somebody else's without a mark.
    fs::write(dir.path().join("2-1.json"), "{}").expect("a file");
    let foreign = Handing { key: "dvc/2/1", number: "2", ..handing(&one) };
    assert_eq!(hand_over.give(&foreign, MORNING).await.expect_err("foreign").trouble, Trouble::Refused);
    assert_eq!(fs::read(dir.path().join("2-1.json")).expect("a file"), b"{}");
}

/// A crash at each step of one file: what stands there then is a prefix of what is done, and the next start ends it.
#[tokio::test]
async fn a_file_is_written_once_wherever_it_broke_off() {
    let record = record("1", "Á");
    let handing = Handing { key: "dvc/1/1", number: "1", version: 1, record: &record, at: MORNING };
    let whole = tempfile::tempdir().expect("a folder");
    folder(whole.path()).give(&handing, MORNING).await.expect("a file");
    let bytes = fs::read(whole.path().join("1-1.json")).expect("a file");
    let mark = fs::read(whole.path().join(".ban-giao/1-1.json.sha256")).expect("a mark");
    // Half a file aside; a whole one; half a mark; a whole mark.
    for (part, marked) in
        [(&bytes[..9], None), (&bytes[..], None), (&bytes[..], Some(&mark[..5])), (&bytes[..], Some(&mark[..]))]
    {
        let dir = tempfile::tempdir().expect("a folder");
        let aside = dir.path().join(".ban-giao");
        fs::create_dir(&aside).expect("a folder");
        fs::write(aside.join("1-1.json"), part).expect("a file");
        if let Some(marked) = marked {
            fs::write(aside.join("1-1.json.sha256"), marked).expect("a mark");
        }
        folder(dir.path()).give(&handing, MORNING).await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(fs::read(dir.path().join("1-1.json")).expect("a file"), bytes);
        assert_eq!(fs::read_dir(&aside).expect("a folder").count(), 1, "the mark only");
    }
}

#[tokio::test]
async fn a_folder_that_is_gone_ends_the_round_and_is_not_made() {
    let (office, dir) = (Office::new().await, tempfile::tempdir().expect("a folder"));
    let path = dir.path().join("share");
    office.file(&["1", "2"]).await;
    let hand_over = folder(&path);
    assert!(hand_over.check().await.is_err());
    let done = office.run(&hand_over).await;
    assert!(done.down && done.handed == 0 && done.failed == 1 && !path.exists(), "{done:?}");
    fs::create_dir(&path).expect("a folder");
    assert_eq!(office.run_out(&hand_over).await, 2);
    assert_eq!(names(&path).len(), 2);
}

/// A share that hangs: the file behind which nobody reads is a pipe, and opening it never comes back.
#[tokio::test]
async fn a_folder_that_hangs_holds_up_no_other() {
    let dir = tempfile::tempdir().expect("a folder");
    let aside = dir.path().join(".ban-giao");
    fs::create_dir(&aside).expect("a folder");
    let pipe = aside.join("1-1.json");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("a pipe").success());
    let folder = Folder::new(dir.path().to_owned()).within(Duration::from_millis(300));
    let (hand_over, one) = (HandOver::Folder(folder), record("1", "Á"));
    let handing = Handing { key: "dvc/1/1", number: "1", version: 1, record: &one, at: MORNING };
    let error = hand_over.give(&handing, MORNING).await.expect_err("nobody reads");
    assert_eq!(error.trouble, Trouble::Lost, "{error}");
    // What was left behind may still write: nothing else does.
    let other = Handing { key: "dvc/2/1", number: "2", ..handing };
    assert_eq!(hand_over.give(&other, MORNING).await.expect_err("busy").trouble, Trouble::Down);
    // It comes back, and the next attempt knows what it did.
    drop(fs::File::open(&pipe).expect("the other end"));
    let given = loop {
        match hand_over.give(&other, MORNING).await {
            Err(error) if error.trouble == Trouble::Down => tokio::task::yield_now().await,
            given => break given,
        }
    };
    given.expect("a file");
    assert_eq!(names(dir.path()), ["2-1.json"]);
}
