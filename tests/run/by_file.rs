//! Delivery by files, and a run that dies between the file and the store: nothing is written twice, nothing is lost.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use molisa_gateway::delivery::{PaceSettings, System};
use molisa_gateway::national::{Credentials, FolderTransport, Profile, Session};
use molisa_gateway::run::{Outcome, Quiet, sync};
use tokio_util::sync::CancellationToken;

use crate::support::world::{Doomed, World, mappings, short_waits};

/// A house whose system is a folder, with CSV files of 20 records.
struct House {
    world: World,
    folder: PathBuf,
}

impl House {
    async fn of(rows: u64) -> Self {
        let world = World::with(rows, 11).await;
        let folder = world.dir.path().join("tep");
        let mut house = Self { world, folder };
        house.connect();
        house
    }

    fn connect(&mut self) {
        let text = fs::read_to_string(mappings().join("misposasoft/file.toml")).unwrap();
        let text = text.replace("records = 2_000", "records = 20").replace("kind = \"xlsx\"", "kind = \"csv\"");
        let sheets: Vec<&str> = text.lines().filter(|line| !line.starts_with("sheet = ")).collect();
        let profile = Profile::parse(Path::new("file.toml"), &sheets.join("\n")).unwrap();
        let transport = FolderTransport::open(&self.folder, profile.answer_form().clone()).unwrap();
        self.world.stream.system = Arc::new(System {
            name: "tep".into(),
            session: Session::new(&profile, Credentials::default()).unwrap(),
            profile: Arc::new(profile),
            transport: Arc::new(transport),
            province: "87".into(),
            pace: PaceSettings { per_minute: 60_000, parallel: 1, ..PaceSettings::default() },
            retry: short_waits(),
            in_flight: AtomicI64::new(0),
        });
    }

    async fn restart(&mut self) {
        self.world.restart().await;
        self.connect();
    }

    /// The files, in order, with the references in each.
    fn files(&self) -> BTreeMap<String, Vec<String>> {
        let names = fs::read_dir(self.folder.join("out")).unwrap().map(|e| e.unwrap().path());
        names
            .filter(|path| path.extension().is_some_and(|e| e == "csv"))
            .map(|path| {
                let mut reader = csv::Reader::from_path(&path).unwrap();
                let at = reader.headers().unwrap().iter().position(|h| h == "MaThamChieu").unwrap();
                let keys = reader.records().map(|row| row.unwrap()[at].to_owned()).collect();
                (path.file_name().unwrap().to_string_lossy().into_owned(), keys)
            })
            .collect()
    }

    fn accept_all(&self) {
        for (name, keys) in self.files() {
            let mut text = "MaThamChieu,KetQua,MaDoiTuong\n".to_owned();
            for key in keys {
                writeln!(text, "{key},0,Q-{key}").unwrap();
            }
            fs::write(self.folder.join("results").join(&name[..6]).with_extension("csv"), text).unwrap();
        }
    }

    /// Every record stands in one file only, and the numbers have no gap.
    fn assert_once(&self, about: u32) {
        let files = self.files();
        let keys: Vec<&String> = files.values().flatten().collect();
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{about}: written twice: {files:?}");
        let numbers: Vec<usize> = files.keys().map(|name| name[..6].parse().unwrap()).collect();
        assert_eq!(numbers, (1..=files.len()).collect::<Vec<_>>(), "{about}");
    }
}

/// Each row is one figure.
fn adds_up(run: &Outcome) {
    let sum = run.confirmed
        + run.unknown
        + run.unchanged
        + run.held.values().sum::<u64>()
        + run.refused.values().sum::<u64>();
    assert_eq!(sum, run.scanned, "{run:?}");
}

#[tokio::test]
async fn a_run_that_dies_after_a_file_was_written_does_not_write_it_again() {
    for polls in 0..24 {
        let mut house = House::of(50).await;
        let out = house.folder.join("out");
        let written =
            move || fs::read_dir(&out).unwrap().any(|e| e.unwrap().file_name().to_string_lossy().ends_with(".csv"));
        let stop = CancellationToken::new();
        let world = &house.world;
        let run = sync(&world.store, &world.stream, &*world.hands, &world.options, &Quiet, &stop);
        let ended = Doomed::from(written, polls, run).await;
        let died = ended.is_none();
        drop(ended);
        assert!(died || polls > 0, "it dies before the store learns of the first file");
        if died {
            house.restart().await;
        }
        let run = house.world.sync().await.unwrap();
        adds_up(&run);
        assert_eq!((run.confirmed, run.unreached, run.exit_code()), (0, false, 3), "{polls}: {run:?}");
        house.assert_once(polls);
        let all: usize = house.files().values().map(Vec::len).sum();
        assert_eq!(all as u64, run.unknown, "{polls}");
        house.accept_all();
        let run = house.world.sync().await.unwrap();
        adds_up(&run);
        assert_eq!((run.confirmed, run.unknown), (all as u64, 0), "{polls}: {run:?}");
        house.assert_once(polls);
    }
}

/// More files than are looked at in one go are all asked about, and what is put off does not stand in anybody's way.
#[tokio::test]
async fn hundreds_of_open_files_do_not_hide_what_is_due() {
    let house = House::of(2_400).await;
    let first = house.world.sync().await.unwrap();
    adds_up(&first);
    assert!(house.files().len() > 105, "{}", house.files().len());
    assert_eq!(house.world.count("select count(*) from batch where state <> 'unknown'"), 0);
    house.accept_all();
    let second = house.world.sync().await.unwrap();
    adds_up(&second);
    assert_eq!((second.confirmed, second.unknown), (first.unknown, 0), "{second:?}");
    house.assert_once(0);
}
