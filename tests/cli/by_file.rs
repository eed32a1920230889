//! A province without an interface: files for upload by hand, and what came back, with the real program.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Output;

use calamine::Reader as _;
use molisa_gateway::province::{Recipe, write_sqlite};
use serde_json::{Value, json};

use super::program::{configure, json, run};
use crate::support::world::{copy, mappings};

/// The rows of a file, by column.
type Row = BTreeMap<String, String>;

struct House {
    dir: tempfile::TempDir,
}

impl House {
    /// 60 people, XLSX files of 20; `settings` stands at the end of the stream's section.
    async fn new(settings: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 3, 60).await.unwrap();
        let own = dir.path().join("mappings");
        copy(&mappings(), &own);
        let file = own.join("misposasoft/file.toml");
        fs::write(&file, fs::read_to_string(&file).unwrap().replace("records = 2_000", "records = 20")).unwrap();
        configure(dir.path(), "127.0.0.1:9");
        let config = dir.path().join("gateway.toml");
        let text = fs::read_to_string(&config).unwrap();
        let http = "base = \"http://127.0.0.1:9\"\nid_file = \"id\"\nsecret_file = \"secret\"\n";
        let shipped = mappings().display().to_string();
        assert!(text.contains(http) && text.contains(&shipped));
        let text = text.replace(http, "wire = \"file\"\nfolder = \"tep\"\n").replace(&shipped, "mappings");
        fs::write(&config, text + settings).unwrap();
        Self { dir }
    }

    fn call(&self, args: &[&str]) -> Output {
        run(&[&["--config", self.dir.path().join("gateway.toml").to_str().unwrap()], args].concat())
    }

    fn done(&self, args: &[&str]) -> Value {
        json(&self.call(&[args, &["--json"]].concat()))
    }

    /// A run, whose figures add up.
    fn sync(&self, more: &[&str]) -> Value {
        let output = self.call(&[&["sync", "--json"], more].concat());
        let run = json(&output)["runs"][0].clone();
        let sum = |key: &str| run[key].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum::<u64>();
        let gone = run["held"]["stop-candidate"].as_u64().unwrap_or(0);
        let figure = |key: &str| run[key].as_u64().unwrap();
        let all = figure("confirmed") + figure("unknown") + figure("unchanged") + sum("refused") + sum("held") - gone;
        assert_eq!(all, figure("scanned"), "{run}");
        let waits = figure("unknown") + sum("refused") + sum("held") > 0;
        assert_eq!(output.status.code(), Some(if waits { 3 } else { 0 }), "{run}");
        run
    }

    fn path(&self, part: &str) -> PathBuf {
        self.dir.path().join("tep").join(part)
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path("out")).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The rows of the file with this number.
    fn rows(&self, number: usize) -> Vec<Row> {
        let files = self.files();
        let name = files.iter().find(|name| name.starts_with(&format!("{number:06}-"))).unwrap();
        let bytes = fs::read(self.path("out").join(name)).unwrap();
        let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(bytes)).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        let mut rows = sheet.rows().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>());
        let head = rows.next().unwrap();
        rows.map(|row| head.iter().cloned().zip(row).collect()).collect()
    }

    fn keys(&self, number: usize) -> Vec<String> {
        self.rows(number).iter().map(|row| row["MaThamChieu"].clone()).collect()
    }

    fn result(&self, name: &str, results: &[(&str, &str)]) {
        let mut text = "MaThamChieu;KetQua;MaDoiTuong;MaLoi;ThongBao\n".to_owned();
        for (key, result) in results {
            writeln!(text, "{key};{result};Q-{key};E7;không hợp lệ").unwrap();
        }
        fs::write(self.path("results").join(name), text).unwrap();
    }

    fn accept(&self, number: usize) {
        let keys = self.keys(number);
        let all: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "0")).collect();
        self.result(&format!("{number:06}-kq.csv"), &all);
    }

    fn update(&self, key: &str, set: &str) {
        let local = rusqlite::Connection::open(self.dir.path().join("local.db")).unwrap();
        let sql = format!("update doi_tuong set {set} where ma_ho_so = ?1");
        assert_eq!(local.execute(&sql, [key]).unwrap(), 1);
    }

    fn awaits(&self) -> Vec<Value> {
        let output = self.call(&["status", "--json"]);
        let shown = json(&output)["streams"][0].clone();
        let awaits = shown["awaits_results"].as_array().unwrap().clone();
        assert!(awaits.is_empty() || output.status.code() == Some(3), "{shown}");
        awaits
    }
}

const OPEN_BRAKE: &str = "[brake]\nnew = \"100%\"\nchanged = \"100%\"\nstopped = \"100%\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn files_are_written_once_and_confirmed_when_their_results_are_there() {
    let house = House::new(OPEN_BRAKE).await;
    assert_eq!(house.call(&["mapping", "check"]).status.code(), Some(0));
    let checked = house.done(&["check"]);
    let lines = checked["checks"].as_array().unwrap();
    assert!(
        lines.iter().any(|l| l["what"].as_str().unwrap().contains("harmless question") && l["ok"] == true),
        "{checked}"
    );

    // The first push writes everything, in numbered files, and ends.
    let first = house.sync(&[]);
    let names = house.files();
    assert_eq!(names.len(), 3, "{names:?}");
    for (number, name) in (1..).zip(&names) {
        assert!(name.starts_with(&format!("{number:06}-doi-tuong-")) && name.strip_suffix(".xlsx").is_some(), "{name}");
    }
    let all: Vec<String> = (1..=3).flat_map(|n| house.keys(n)).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    assert_eq!(
        (&first["unknown"], &first["confirmed"], &first["unreached"]),
        (&json!(all.len()), &json!(0), &json!(false))
    );
    assert!(house.rows(1).iter().all(|row| row["ThaoTac"] == "GHI" && row["PhienBan"].len() == 64));
    let awaits = house.awaits();
    assert_eq!(awaits.iter().map(|a| a["records"].as_u64().unwrap()).sum::<u64>(), all.len() as u64);
    let text = String::from_utf8(house.call(&["status"]).stdout).unwrap();
    assert!(text.contains("chờ tệp kết quả") && text.contains(awaits[0]["batch"].as_str().unwrap()), "{text}");

    // Without results the next run writes nothing and ends as well.
    let again = house.sync(&[]);
    assert_eq!((&again["unknown"], house.files()), (&json!(all.len()), names.clone()));

    // A part of the first file's results: one is refused, the rest waits.
    let keys = house.keys(1);
    let mut results: Vec<(&str, &str)> = keys.iter().skip(1).take(10).map(|key| (key.as_str(), "0")).collect();
    results.push((&keys[0], "1"));
    house.result("000001 ket qua.csv", &results);
    let run = house.sync(&[]);
    assert_eq!((&run["confirmed"], &run["refused"]), (&json!(10), &json!({ "E7": 1 })), "{run}");
    assert_eq!(house.awaits()[0]["records"], json!(keys.len() - 11));
    assert!(house.awaits()[0]["why"].as_str().unwrap().contains("một phần"));
    let store = rusqlite::Connection::open(house.dir.path().join("store.db")).unwrap();
    let id = "select national_id from ledger where key = ?1";
    let id: String = store.query_row(id, [&keys[1]], |row| row.get(0)).unwrap();
    drop(store);
    assert_eq!(id, format!("Q-{}", keys[1]), "the nation's own id is kept");

    // A change of a record whose file is open waits, and so does one whose result is in doubt.
    let (open, doubt) = (&house.keys(2)[0], &house.keys(3)[0]);
    house.update(open, "dia_chi = 'Ấp Mới'");
    house.result("000003.csv", &[(doubt, "0")]);
    house.result("000003-lan-2.csv", &[(doubt, "1")]);
    let run = house.sync(&[]);
    assert_eq!((&run["confirmed"], house.files().len()), (&json!(0), 3), "{run}");
    let waiting = house.done(&["queue", "list"])["waiting"].clone();
    let kinds: Vec<&Value> =
        waiting.as_array().unwrap().iter().filter(|w| w["key"] == **doubt).map(|w| &w["kind"]).collect();
    assert_eq!(kinds, ["unknown-outcome"], "two results that disagree are told of");

    // A file that cannot be read is told of by row and column, and holds its own batch only.
    fs::write(house.path("results/000002.csv"), "MaThamChieu,KetQua\nDT-1,Đạt\n").unwrap();
    fs::remove_file(house.path("results/000003-lan-2.csv")).unwrap();
    assert_eq!(house.sync(&[])["confirmed"], 1);
    let told: Vec<Value> =
        house.awaits().into_iter().filter(|a| a["why"].as_str().unwrap().contains("000002.csv")).collect();
    assert!(told.len() == 1 && told[0]["why"].as_str().unwrap().contains("dòng 2, cột B"), "{told:?}");
    let waiting = house.done(&["queue", "list"])["waiting"].to_string();
    assert!(!waiting.contains("unknown-outcome"), "what is settled no longer waits: {waiting}");

    // All results: the change of then goes now, in a file of its own.
    for number in 1..=3 {
        fs::read_dir(house.path("results")).unwrap().map(|e| e.unwrap().path()).for_each(|p| {
            if p.file_name().unwrap().to_string_lossy().starts_with(&format!("{number:06}")) {
                fs::remove_file(p).unwrap();
            }
        });
        house.accept(number);
    }
    let run = house.sync(&[]);
    assert_eq!((house.files().len(), &run["unknown"]), (4, &json!(1)), "{run}");
    assert_eq!((house.keys(4), house.rows(4)[0]["DiaChi"].as_str()), (vec![open.clone()], "Ấp Mới"));
    house.accept(4);
    assert_eq!(house.sync(&[])["confirmed"], 1);
    assert!(house.awaits().is_empty());

    // A stop with a decision is a row with DUNG; who merely vanished is a candidate and no row at all.
    house.update(
        &keys[2],
        "trang_thai = 'Thôi hưởng', ly_do_dung = 'a', ngay_dung = '01/11/2026', so_qd_dung = '12/QĐ'",
    );
    let local = rusqlite::Connection::open(house.dir.path().join("local.db")).unwrap();
    assert_eq!(local.execute("delete from doi_tuong where ma_ho_so = ?1", [&keys[3]]).unwrap(), 1);
    let run = house.sync(&[]);
    assert_eq!((&run["held"]["stop-candidate"], house.files().len()), (&json!(1), 5), "{run}");
    let rows = house.rows(5);
    let stop = &rows[0];
    assert_eq!((rows.len(), &stop["MaThamChieu"], stop["ThaoTac"].as_str()), (1, &keys[2], "DUNG"));
    assert_eq!((stop["NgayDung"].as_str(), stop["LyDoDung"].as_str()), ("01/11/2026", "a"));
    house.accept(5);
    assert_eq!(house.sync(&[])["stopped"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_brake_holds_before_a_file_is_written() {
    let house = House::new("").await;
    house.sync(&[]);
    (1..=3).for_each(|number| house.accept(number));
    assert_eq!(house.sync(&[])["unknown"], 0);
    for key in house.keys(1).iter().chain(&house.keys(2)) {
        house.update(key, "dia_chi = 'Ấp Mới'");
    }
    let run = house.sync(&[]);
    assert_eq!((&run["held"]["brake"], house.files().len()), (&json!(40), 3), "{run}");
    let run = house.sync(&["--release-brake", "--reason", "đã xem"]);
    assert_eq!((&run["unknown"], house.files().len()), (&json!(40), 5), "{run}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_shown_as_it_goes_out_over_each_wire() {
    let house = House::new("").await;
    house.sync(&[]);
    let row = house.rows(1)[0].clone();
    let key = row["MaThamChieu"].clone();
    let shown = |house: &House| {
        house.done(&["mapping", "preview", "--key", &key, "--wire"])["wire"].as_str().unwrap().to_owned()
    };
    let csv = shown(&house);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let head = reader.headers().unwrap().clone();
    let cells = reader.records().next().unwrap().unwrap();
    let same: Row = head.iter().map(str::to_owned).zip(cells.iter().map(str::to_owned)).collect();
    assert!(same.iter().all(|(name, cell)| name == "MaGoiTin" || row[name] == *cell), "{csv}");
    assert!(
        String::from_utf8(house.call(&["mapping", "preview", "--key", &key, "--wire"]).stdout).unwrap().contains(&csv)
    );

    let config = house.dir.path().join("gateway.toml");
    let text = fs::read_to_string(&config).unwrap();
    let http = "base = \"http://127.0.0.1:9\"\n";
    let json_wire = format!("{http}id_file = \"id\"\nsecret_file = \"secret\"\n");
    fs::write(&config, text.replace("wire = \"file\"\nfolder = \"tep\"\n", &json_wire)).unwrap();
    let batch: Value = serde_json::from_str(&shown(&house)).unwrap();
    let item = &batch["DanhSach"][0];
    assert_eq!(
        (&item["MaThamChieu"], &item["PhienBan"]),
        (&json!(key), &json!(row["PhienBan"])),
        "the same hash by file and JSON"
    );
    assert_eq!(item["DoiTuong"]["HoTen"], json!(row["HoTen"]));

    let names = ["xroad-client", "xroad-user", "xroad-issue"];
    let files: Vec<String> = names.iter().map(|name| format!("{name} = \"id\"")).collect();
    let soap = format!("wire = \"xroad\"\n{http}credential_files = {{ {} }}\n", files.join(", "));
    fs::write(&config, text.replace("wire = \"file\"\nfolder = \"tep\"\n", &soap)).unwrap();
    let xml = shown(&house);
    assert!(xml.contains(&format!("<PhienBan>{}</PhienBan>", row["PhienBan"])), "and by SOAP: {xml}");
    assert!(xml.starts_with("<?xml") && xml.contains(&format!("<MaThamChieu>{key}</MaThamChieu>")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_and_its_profile_go_together() {
    let house = House::new("").await;
    let config = house.dir.path().join("gateway.toml");
    let text = fs::read_to_string(&config).unwrap();
    for (from, to, told) in [
        ("folder = \"tep\"\n", "base = \"http://127.0.0.1:9\"\n", "`folder`"),
        ("folder = \"tep\"\n", "folder = \"tep\"\nbase = \"http://127.0.0.1:9\"\n", "folder"),
        ("wire = \"file\"\n", "id_file = \"id\"\nsecret_file = \"secret\"\n", "`folder`"),
        ("wire = \"file\"\n", "wire = \"../file\"\n", "wire"),
        ("wire = \"file\"\n", "wire = \"fax\"\n", "fax.toml"),
        ("folder = \"tep\"\n", "folder = \"gateway.toml\"\n", "gateway.toml"),
    ] {
        fs::write(&config, text.replace(from, to)).unwrap();
        let output = house.call(&["check"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{to}: {said}");
        assert!(said.contains(told), "{to}: {said}");
    }
    assert!(Path::new(&config).exists());
}
