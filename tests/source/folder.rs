//! Drop folders: finished files only, each once, in order; put away with a receipt; nobody is gone for want of a file.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::path::{Path, PathBuf};

use molisa_gateway::delta::brake::Limit;
use molisa_gateway::run::{Outcome, Quiet, RunError, plan, sync};
use molisa_gateway::sandbox::{Fault, FaultKind, Operation};
use molisa_gateway::source::{FileKind, Ready, Source, SourceConfig};
use tokio_util::sync::CancellationToken;

use super::charsets::people;
use crate::support::world::{Doomed, World};

fn config(path: &Path, complete: bool, settle_seconds: u64) -> SourceConfig {
    SourceConfig::Folder {
        path: path.to_owned(),
        pattern: None,
        file: FileKind::Csv,
        complete,
        settle_seconds,
        done_files: false,
        delimiter: ",".to_owned(),
        quote: "\"".to_owned(),
        charset: "auto".to_owned(),
        header: None,
        sheet: None,
        columns: std::collections::BTreeMap::new(),
        font: "unicode".to_owned(),
        shared_strings_mib: 64,
    }
}

/// A house whose rows come from a folder.
struct House {
    world: World,
    folder: PathBuf,
    complete: bool,
}

impl House {
    async fn new(complete: bool) -> Self {
        let world = World::with(1, 7).await;
        let folder = world.dir.path().join("tha-tep");
        std::fs::create_dir(&folder).unwrap();
        let mut house = Self { world, folder, complete };
        house.open().await;
        house
    }

    async fn open(&mut self) {
        self.world.stream.source = Source::open(&config(&self.folder, self.complete, 0), Path::new("/")).await.unwrap();
    }

    fn drop(&self, name: &str, text: &str) {
        std::fs::write(self.folder.join(name), text).unwrap();
    }

    /// The names in a folder of ours.
    fn names(&self, below: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.folder.join(below)) else { return Vec::new() };
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn receipt(&self, below: &str, ending: &str) -> serde_json::Value {
        let name = self.names(below).into_iter().find(|name| name.ends_with(ending)).unwrap();
        serde_json::from_slice(&std::fs::read(self.folder.join(below).join(name)).unwrap()).unwrap()
    }

    async fn sync(&self) -> Outcome {
        self.world.sync().await.unwrap()
    }
}

fn is_list(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|end| end == "csv")
}

/// The first so many people of a list.
fn some(text: &str, from: usize, to: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[..1].iter().chain(&lines[from + 1..=to]).copied().flat_map(|line| [line, "\n"]).collect()
}

#[tokio::test]
async fn a_file_is_taken_once_and_moved_with_its_receipt() {
    let house = House::new(true).await;
    let first = house.sync().await;
    assert!(first.idle && first.exit_code() == 0 && first.scanned == 0, "{first:?}");
    house.drop("2026-11.csv", &people(120));
    for half in ["~$2026-12.csv", "2026-12.csv.tmp", ".2026-12.csv", "2026-12.txt"] {
        house.drop(half, "k\n1\n");
    }
    std::fs::create_dir(house.folder.join("thu-muc.csv")).unwrap();
    let planned = plan(&house.world.store, &house.world.stream, &*house.world.hands).await.unwrap();
    assert_eq!(planned.scanned, 120);
    assert_eq!(planned.reading.unwrap().charset, "utf-8");
    let run = house.sync().await;
    assert_eq!((run.scanned, run.file.as_deref(), run.idle), (120, Some("2026-11.csv"), false));
    assert!(run.confirmed > 80, "{run:?}");
    assert!(!house.folder.join("2026-11.csv").exists());
    assert_eq!(house.names("taken").len(), 2);
    let receipt = house.receipt("taken", ".receipt.json");
    assert_eq!((&receipt["file"], &receipt["rows"]), (&"2026-11.csv".into(), &120.into()));
    assert_eq!(receipt["result"]["confirmed"], run.confirmed);
    assert_eq!(receipt["sha256"].as_str().unwrap().len(), 64);
    // Nothing new: nothing is done, and nobody is gone.
    let idle = house.sync().await;
    assert!(idle.idle && idle.held.is_empty() && idle.sent == 0, "{idle:?}");
    // The same content under another name is told, and not taken.
    house.drop("2026-11-lai.csv", &people(120));
    let again = house.sync().await;
    assert_eq!((again.scanned, again.repeated.as_slice()), (0, ["2026-11-lai.csv".to_owned()].as_slice()));
    assert!(!house.folder.join("2026-11-lai.csv").exists());
    assert!(plan(&house.world.store, &house.world.stream, &*house.world.hands).await.unwrap().idle);
    // What is none of ours, or half written, was not touched.
    assert_eq!(house.names("").len(), 4 + 1 + 1, "{:?}", house.names(""));
    house.world.assert_clean();
}

#[tokio::test]
async fn a_whole_list_misses_people_and_a_part_of_one_does_not() {
    let text = people(100);
    for complete in [true, false] {
        let house = House::new(complete).await;
        house.drop("1.csv", &some(&text, 0, 100));
        house.sync().await;
        house.drop("2.csv", &some(&text, 0, 98));
        let run = house.sync().await;
        let gone = run.held.get("stop-candidate").copied().unwrap_or(0);
        assert_eq!((run.scanned, gone > 0), (98, complete), "{run:?}");
        let planned = plan(&house.world.store, &house.world.stream, &*house.world.hands).await.unwrap();
        assert!(planned.idle && planned.held.is_empty());
    }
}

#[tokio::test]
async fn a_list_that_comes_back_after_another_one_is_news() {
    let mut house = House::new(true).await;
    house.world.stream.brake.changed = Limit { percent: None, number: Some(40) };
    let (right, wrong) = (people(40), people(40).replace("Nguyễn", "Nguyen"));
    assert_ne!(right, wrong);
    let mut sent = Vec::new();
    for (name, text) in [("1.csv", &right), ("2.csv", &wrong), ("3.csv", &right)] {
        house.drop(name, text);
        let run = house.sync().await;
        assert_eq!((run.scanned, run.file.as_deref(), run.repeated.len()), (40, Some(name), 0), "{run:?}");
        sent.push(run.sent);
    }
    assert!(sent[1] > 0 && sent[1] == sent[2], "what the wrong list changed, the right one changes back: {sent:?}");
}

#[tokio::test]
async fn a_file_of_its_own_rows_counts_only_those() {
    let text = people(60);
    let house = House::new(false).await;
    house.drop("1.csv", &some(&text, 0, 50));
    for operation in [Operation::Send, Operation::Ask] {
        house.world.nation().add_fault(Fault::new(operation, FaultKind::CutBefore).times(1_000)).unwrap();
    }
    let down = house.sync().await;
    assert!(down.unreached && down.unknown > 0, "{down:?}");
    house.world.nation().clear_faults();
    house.drop("2.csv", &some(&text, 50, 60));
    let run = house.sync().await;
    let held: u64 = run.held.values().sum();
    let refused: u64 = run.refused.values().sum();
    assert_eq!((run.scanned, run.unknown), (10, 0), "{run:?}");
    assert_eq!(run.scanned, run.confirmed + refused + held + run.unknown + run.unchanged, "{run:?}");
    // What the first file left went all the same.
    assert!(house.world.nation().report().people > run.confirmed, "{run:?}");
    house.world.assert_clean();
}

#[tokio::test]
async fn files_are_taken_in_the_order_of_their_names() {
    let text = people(60);
    let house = House::new(false).await;
    // Twelve districts, each with its own list.
    for district in (0..12).rev() {
        house.drop(&format!("h{district:02}.csv"), &some(&text, district * 5, district * 5 + 5));
    }
    let mut taken = Vec::new();
    loop {
        let run = house.sync().await;
        let Some(file) = run.file else { break };
        assert_eq!(run.scanned, 5);
        assert!(!run.held.contains_key("stop-candidate"));
        taken.push(file);
    }
    assert_eq!(taken, (0..12).map(|d| format!("h{d:02}.csv")).collect::<Vec<_>>());
    house.world.assert_clean();
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_put_aside_with_the_reason() {
    let house = House::new(true).await;
    let broken = format!("{}DT-1,\"mở\n", people(30));
    house.drop("a.csv", &broken);
    house.drop("b.csv", &people(30));
    let error = house.world.sync().await.unwrap_err();
    assert!(matches!(error, RunError::Source { .. }), "{error}");
    let reason = house.receipt("refused", ".reason.json");
    assert!(reason["error"].as_str().unwrap().contains("quote is not closed"), "{reason}");
    assert_eq!(house.names("taken").len(), 0);
    // What waits behind it is not held up.
    assert_eq!(house.sync().await.file.as_deref(), Some("b.csv"));
    // A list without the columns is no fault of the file alone: it stays, and the error names the column.
    house.drop("c.csv", "ma_ho_so,ten\n1,a\n");
    let error = house.world.sync().await.unwrap_err();
    assert!(error.exit_code() == 2 && error.to_string().contains("`ho_ten`"), "{error}");
    assert!(house.folder.join("c.csv").exists());
}

#[tokio::test]
async fn a_crash_between_store_and_move_takes_no_file_again() {
    let house = House::new(true).await;
    house.drop("a.csv", &people(80));
    // Nothing can be moved: as if the process had died before it.
    std::fs::write(house.folder.join("taken"), "").unwrap();
    let run = house.sync().await;
    assert_eq!(run.scanned, 80);
    assert!(house.folder.join("a.csv").exists());
    std::fs::remove_file(house.folder.join("taken")).unwrap();
    let again = house.sync().await;
    assert_eq!((again.scanned, again.sent, again.repeated.len()), (0, 0, 1), "{again:?}");
    assert!(!house.folder.join("a.csv").exists());
    assert_eq!(house.receipt("taken", ".receipt.json")["taken"]["rows"], 80);
    house.world.assert_clean();
}

#[tokio::test]
async fn a_list_that_is_laid_under_the_old_name_meanwhile_is_read_in_its_turn() {
    let house = House::new(false).await;
    let text = people(60);
    house.drop("h01.csv", &some(&text, 0, 20));
    // The nation does not answer until the file was replaced.
    house.world.nation().add_fault(Fault::new(Operation::Send, FaultKind::CutBefore).times(100_000)).unwrap();
    let meddling = async {
        while house.world.count("select count(*) from taken_file") == 0 {
            tokio::task::yield_now().await;
        }
        std::fs::write(house.folder.join("h01.csv"), some(&text, 20, 60)).unwrap();
        house.world.nation().clear_faults();
    };
    let (first, ()) = tokio::join!(house.sync(), meddling);
    assert_eq!((first.scanned, first.file.as_deref()), (20, Some("h01.csv")), "{first:?}");
    assert!(house.folder.join("h01.csv").exists(), "the other one stays");
    assert_eq!(house.receipt("taken", ".receipt.json")["rows"], 20);
    let second = house.sync().await;
    assert_eq!((second.scanned, second.repeated.len()), (40, 0), "{second:?}");
    assert!(house.names("").iter().all(|name| !is_list(name)));
    house.world.assert_clean();
}

#[tokio::test]
async fn killed_anywhere_every_file_has_its_effect_once() {
    let text = people(200);
    let mut house = House::new(true).await;
    house.drop("1.csv", &text);
    house.drop("2.csv", &text.replace("Nguyễn", "Nguyen"));
    let mut crashes = 0;
    for polls in (1..200).step_by(9).chain([300, 500, 900]) {
        let stop = CancellationToken::new();
        let (store, stream) = (&house.world.store, &house.world.stream);
        let run = sync(store, stream, &*house.world.hands, &house.world.options, &Quiet, &stop);
        let ended = Doomed::from(|| true, polls, run).await;
        if ended.is_none() {
            crashes += 1;
            house.world.restart().await;
            house.open().await;
        } else if house.names("").iter().all(|name| !is_list(name)) {
            break;
        }
    }
    while house.world.sync().await.unwrap().file.is_some() {}
    assert!(crashes > 10, "{crashes}");
    assert_eq!(house.names("taken").iter().filter(|name| is_list(name)).count(), 2);
    assert_eq!(house.world.count("select count(*) from taken_file"), 2);
    house.world.assert_clean();
}

#[tokio::test]
async fn only_finished_files_are_ready() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.csv");
    std::fs::write(&file, "k\n1\n").unwrap();
    let source = Source::open(&config(folder.path(), true, 1), Path::new("/")).await.unwrap();
    let write = async {
        // Somebody goes on writing between the two looks.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        std::fs::write(&file, "k\n1\n2\n").unwrap();
    };
    let (ready, ()) = tokio::join!(source.ready(), write);
    assert_eq!(ready.unwrap(), Ready::Nothing);
    assert!(matches!(source.ready().await.unwrap(), Ready::File(found) if found.name == "a.csv"));
    // With markers: only what has one, at once.
    let mut marked = config(folder.path(), true, 30);
    if let SourceConfig::Folder { done_files, .. } = &mut marked {
        *done_files = true;
    }
    let source = Source::open(&marked, Path::new("/")).await.unwrap();
    assert_eq!(source.ready().await.unwrap(), Ready::Nothing);
    std::fs::write(folder.path().join("a.csv.done"), "").unwrap();
    let Ready::File(found) = source.ready().await.unwrap() else { panic!("a marked file") };
    source.settle(&found, &serde_json::json!({})).await.unwrap();
    assert!(!file.exists() && !folder.path().join("a.csv.done").exists());
    // A marker says nothing about what was laid beside it after it.
    std::fs::write(&file, "k\n3\n").unwrap();
    std::fs::write(folder.path().join("a.csv.done"), "").unwrap();
    let Ready::File(found) = source.ready().await.unwrap() else { panic!("a marked file") };
    let marked = std::fs::metadata(folder.path().join("a.csv.done")).unwrap().modified().unwrap();
    std::fs::write(&file, "k\n4\n").unwrap();
    let later = marked + std::time::Duration::from_secs(2);
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(later).unwrap();
    source.settle(&found, &serde_json::json!({})).await.unwrap();
    assert!(file.exists() && !folder.path().join("a.csv.done").exists());
    assert_eq!(source.ready().await.unwrap(), Ready::Nothing);
}
