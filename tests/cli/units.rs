//! Code lists and split communes with the real program: a new catalogue is looked at, then taken in, and nothing of the
//! old one is lost; who was decided about is not asked about again.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::path::{Path, PathBuf};
use std::process::Output;

use molisa_gateway::province::{Recipe, write_sqlite};
use serde_json::{Value, json};

use crate::support::databases::{Database, Server};
use crate::support::world::{copy, mappings};

use super::program::{Sandbox, configure, json, run};

/// A province whose nation is on the catalogue of 2025, with mappings of its own.
struct House {
    dir: tempfile::TempDir,
    sandbox: Sandbox,
    config: PathBuf,
}

impl House {
    async fn new(rows: u64) -> Self {
        Self::on(rows, None).await
    }

    async fn on(rows: u64, server: Option<&Database>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 5, rows).await.unwrap();
        let sandbox = Sandbox::start(&[]);
        configure(dir.path(), &sandbox.address);
        copy(&mappings(), &dir.path().join("mappings"));
        let config = dir.path().join("gateway.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let (_, rest) = text.split_once('\n').unwrap();
        let mut text = format!("mappings = \"mappings\"\n{rest}").replace("code = \"87\"", "code = \"82\"");
        if let Some(server) = server {
            std::fs::write(dir.path().join("store-url"), &server.url).unwrap();
            let file = "kind = \"sqlite\"\npath = \"store.db\"";
            assert!(text.contains(file));
            text = text.replace(file, "kind = \"postgres\"\nurl_file = \"store-url\"");
        }
        std::fs::write(&config, text).unwrap();
        let house = Self { dir, sandbox, config };
        let file = house.mapping();
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replacen("\nto = \"2020\"", "\nto = \"2025\"", 1)).unwrap();
        house
    }

    fn mapping(&self) -> PathBuf {
        self.dir.path().join("mappings/misposasoft/doi-tuong.toml")
    }

    fn list(&self, name: &str) -> PathBuf {
        self.dir.path().join("mappings/codes").join(name)
    }

    fn local(&self, sql: &str) {
        let local = rusqlite::Connection::open(self.dir.path().join("local.db")).unwrap();
        local.execute_batch(sql).unwrap();
    }

    fn call(&self, args: &[&str]) -> Output {
        run(&[&["--config", self.config.to_str().unwrap()], args].concat())
    }

    fn done(&self, args: &[&str]) -> Value {
        let output = self.call(&[args, &["--json"]].concat());
        assert!(matches!(output.status.code(), Some(0 | 3)), "{args:?}: {}", json(&output));
        json(&output)
    }

    /// A call that is refused; what it says.
    fn refused(&self, args: &[&str]) -> String {
        let output = self.call(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// The people of the split communes, as the local database has them.
    fn of_the_split(&self) -> Vec<String> {
        let local = rusqlite::Connection::open(self.dir.path().join("local.db")).unwrap();
        let sql = "select ma_ho_so from doi_tuong where ma_xa in ('29995', '30079', '30157') order by ma_ho_so";
        let mut keys = local.prepare(sql).unwrap();
        keys.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}

/// Two clean people at one address in Gáo Giồng, and one at another.
const PEOPLE: &str = "update doi_tuong set ma_tinh='87', ma_huyen='873', ma_xa='30097' where ma_xa in ('29995','30079','30157');
    delete from doi_tuong where ma_ho_so in ('U-1','U-2','U-3');
    insert into doi_tuong (ma_ho_so, ho_ten, ngay_sinh, gioi_tinh, ma_tinh, ma_huyen, ma_xa, dia_chi, nhom, he_so, muc_chuan, muc_huong, \
      chinh_sach, so_quyet_dinh, ngay_quyet_dinh, tu_thang, trang_thai) values
    ('U-1','Nguyễn Thị Thử','05/03/1941','2','87','873','30079','Tổ 5, Ấp 6','5.5c','1',360000,360000,'20/2021','1/QĐ','2023-03-20','03/2023','Đang hưởng'),
    ('U-2','Trần Văn Thử','05/03/1940','1','87','873','30079','TỔ 5 ấp 6','5.5c','1',360000,360000,'20/2021','2/QĐ','2023-03-20','03/2023','Đang hưởng'),
    ('U-3','Lê Văn Thử','05/03/1939','1','87','873','30079','Tổ 9, Ấp 6','5.5c','1',360000,360000,'20/2021','3/QĐ','2023-03-20','03/2023','Đang hưởng');";

fn decide(house: &House) {
    house.local(PEOPLE);
    let outcome = house.done(&["sync"]);
    assert_eq!(outcome["runs"][0]["held"]["unit-split"], 3, "{outcome}");
    let waiting = house.done(&["units", "list"]);
    let list = waiting["waiting"].as_array().unwrap();
    assert_eq!(list.len(), 2, "{waiting}");
    let two = list.iter().find(|w| w["records"] == 2).unwrap();
    assert_eq!((&two["code"], &two["candidates"]), (&json!("30079"), &json!(["30025", "30088"])));
    let shown = house.call(&["units", "list"]);
    let text = String::from_utf8(shown.stdout).unwrap();
    assert_eq!(shown.status.code(), Some(3));
    assert!(text.contains("30025 Xã Phú Cường") && text.contains("30088 Xã Phong Mỹ"), "{text}");

    // What is no decision is refused, and says what to do.
    assert!(
        house.refused(&["units", "decide", "U-1", "--to", "30157", "--reason", "x"]).contains("30025 Xã Phú Cường")
    );
    assert!(house.refused(&["units", "decide", "U-1", "--to", "30025", "--reason", " "]).contains("lý do"));
    assert!(house.refused(&["units", "decide", "U-9", "--to", "30025", "--reason", "x"]).contains("U-9"));
    let whole = ["units", "decide", "--address", "Tổ 5", "--commune", "30097", "--to", "30025", "--reason", "x"];
    assert!(house.refused(&whole).contains("30097"));
    assert_eq!(
        house.call(&["units", "decide", "--address", "x", "--to", "30025", "--reason", "x"]).status.code(),
        Some(2)
    );

    let args = ["units", "decide", "U-1", "--to", "30025", "--reason", "sổ hộ khẩu 12"];
    let looked = house.done(&[&args[..], &["--dry-run"]].concat());
    assert_eq!((&looked["records"], &looked["decided"]), (&json!(2), &json!(false)));
    assert_eq!(house.done(&["units", "list", "--decided"])["decided"], json!([]));
    assert_eq!(house.done(&args)["records"], 2);
    let outcome = house.done(&["sync", "--release-brake", "--reason", "thử"]);
    assert_eq!(outcome["runs"][0]["confirmed"], 2, "{outcome}");
    assert_eq!(house.done(&["units", "list"])["waiting"].as_array().unwrap().len(), 1);
    // By address, before anybody there is asked; then corrected.
    let by_address = ["units", "decide", "--address", "tổ 9 Ấp 6", "--commune", "30079", "--reason", "biên bản"];
    house.done(&[&by_address[..], &["--to", "30088"]].concat());
    house.done(&[&by_address[..], &["--to", "30025"]].concat());
    let outcome = house.done(&["sync", "--release-brake", "--reason", "thử"]);
    assert_eq!(outcome["runs"][0]["confirmed"], 1, "{outcome}");
    let decided = house.done(&["units", "list", "--decided"]);
    let told: Vec<_> =
        decided["decided"].as_array().unwrap().iter().map(|d| (&d["chosen"], &d["stands"], &d["reason"])).collect();
    let is = |chosen, stands, reason| (json!(chosen), json!(stands), json!(reason));
    let wanted = [is("30025", true, "biên bản"), is("30088", false, "biên bản"), is("30025", true, "sổ hộ khẩu 12")];
    assert_eq!(told, wanted.iter().map(|(a, b, c)| (a, b, c)).collect::<Vec<_>>());
    assert!(super::mismatched::is_me(decided["decided"][0]["who"].as_str().unwrap()), "{decided}");
    let report = house.sandbox.report();
    assert_eq!((&report["violations"], &report["effects_repeated"]), (&json!(0), &json!(0)), "{report}");
    // The preview of one person shows the decision at work.
    let preview = house.done(&["mapping", "preview", "--key", "U-1"]);
    let commune = preview["fields"].as_array().unwrap().iter().find(|f| f["field"] == "MaXa").unwrap();
    assert_eq!(
        (&commune["value"], &commune["steps"][1]["name"]),
        (&json!("30025"), &json!("units-2020-2025")),
        "{commune}"
    );
}

#[tokio::test]
async fn an_address_is_decided_once_and_corrected_by_a_later_decision() {
    decide(&House::new(200).await);
}

#[tokio::test]
async fn the_same_on_postgres() {
    let Some(server) = Database::fresh(Server::Postgres, "split communes on PostgreSQL").await else { return };
    decide(&House::on(200, Some(&server)).await);
}

#[tokio::test]
async fn nobody_of_the_split_communes_is_guessed() {
    let house = House::new(3000).await;
    let keys = house.of_the_split();
    assert!(keys.len() > 20, "{}", keys.len());
    house.done(&["sync"]);
    let mut there = 0;
    for key in &keys {
        let shown = house.done(&["queue", "show", key]);
        there += usize::from(!shown["confirmed"].is_null() && shown["confirmed"]["action"] == "write");
    }
    assert_eq!(there, 0);
    let waiting = house.done(&["units", "list", "--limit", "10000"]);
    let records: u64 = waiting["waiting"].as_array().unwrap().iter().map(|w| w["records"].as_u64().unwrap()).sum();
    assert!(records > 10 && records <= keys.len() as u64, "{records} of {}", keys.len());
    assert_eq!(house.sandbox.report()["violations"], 0);
}

/// The catalogue of 2025 as an agency would write it, with some lines changed.
fn catalogue(house: &House, change: impl Fn(&str) -> Option<String>) -> PathBuf {
    let text = std::fs::read_to_string(house.list("units-2025.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let mut out = String::from("Mã,Tên,Cấp trên,valid-from,valid-to\n");
    for row in rows.records().map(Result::unwrap) {
        let line = format!("{},{},{},{},", &row[0], &row[1], &row[2], &row[4]);
        out.extend(change(&line).map(|line| line + "\n"));
    }
    let file = house.dir.path().join("new.csv");
    std::fs::write(&file, out).unwrap();
    file
}

fn import(file: &Path) -> Vec<&str> {
    vec![
        "codes",
        "import",
        "units-2025",
        file.to_str().unwrap(),
        "--column",
        "code=Mã",
        "--column",
        "name=Tên",
        "--column",
        "parent=Cấp trên",
        "--from",
        "2026-12-01",
    ]
}

#[tokio::test]
async fn a_new_catalogue_is_looked_at_then_taken_in_and_keeps_its_history() {
    let house = House::new(300).await;
    house.done(&["sync"]);
    let before = std::fs::read_to_string(house.list("units-2025.csv")).unwrap();
    let add = "30290,Xã Thử Mới,82,2026-12-01,";
    let file = catalogue(&house, |line| match line.split(',').next().unwrap() {
        // Ends; is renamed; brings a new one along.
        "29869" => None,
        "28249" => Some(line.replace("Phường Đạo Thạnh", "Phường Đạo Thạnh Mới").replace("2025-07-01", "2026-12-01")),
        "30259" => Some(format!("{line}\n{add}")),
        _ => Some(line.to_owned()),
    });
    let args = import(&file);
    let looked = house.done(&[&args[..], &["--dry-run"]].concat());
    let change = &looked["change"];
    assert_eq!(looked["written"], false);
    assert_eq!(change["ended"], json!([{ "code": "29869", "name": name_of(&before, "29869"), "day": "2026-11-30" }]));
    assert_eq!(change["added"], json!([{ "code": "30290", "name": "Xã Thử Mới", "day": "2026-12-01" }]));
    let renamed = json!([{ "code": "28249", "old": "Phường Đạo Thạnh", "new": "Phường Đạo Thạnh Mới" }]);
    assert_eq!((&change["renamed"], &change["moved"], &change["amended"]), (&renamed, &json!([]), &json!([])));
    // So many records carry the code that ends, as the store counts them.
    let store = rusqlite::Connection::open(house.dir.path().join("store.db")).unwrap();
    let carried: i64 =
        store.query_row("select count(*) from ledger where unit = '29869'", [], |row| row.get(0)).unwrap();
    assert!(carried > 0);
    assert_eq!(looked["records"], json!([{ "stream": "doi-tuong", "code": "29869", "records": carried }]));
    assert_eq!(std::fs::read_to_string(house.list("units-2025.csv")).unwrap(), before, "a look changes nothing");

    assert_eq!(house.done(&args)["written"], true);
    let after = std::fs::read_to_string(house.list("units-2025.csv")).unwrap();
    let rows = |code: &str| -> Vec<&str> { after.lines().filter(|l| l.starts_with(&format!("{code},"))).collect() };
    assert_eq!(
        rows("28249"),
        [
            "28249,Phường Đạo Thạnh,82,commune,2025-07-01,2026-11-30,source",
            "28249,Phường Đạo Thạnh Mới,82,commune,2026-12-01,,source"
        ]
    );
    assert!(rows("29869")[0].ends_with(",2025-07-01,2026-11-30,source"), "{:?}", rows("29869"));
    assert_eq!(after.lines().count(), before.lines().count() + 2);
    let left: Vec<_> = std::fs::read_dir(house.list("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(
        left.iter().all(|n| {
            n.to_string_lossy().ends_with(".csv") || n == "README.md" || n == "cross.toml" || n == "decisions.toml"
        }),
        "{left:?}"
    );
    assert_eq!(house.call(&["mapping", "check"]).status.code(), Some(0));
    // The same again changes nothing.
    assert_eq!(house.done(&args)["written"], false);
    assert_eq!(std::fs::read_to_string(house.list("units-2025.csv")).unwrap(), after);
    // A list that records do not leave in is not counted by its numbers.
    let part = house.dir.path().join("part.csv");
    std::fs::write(&part, "code,name,valid_to\n29869,Phường 1,2025-06-30\n").unwrap();
    let old = house.done(&["codes", "import", "units-2020", part.to_str().unwrap(), "--part", "--dry-run"]);
    assert_eq!((&old["records"], &old["change"]["same"]), (&json!([]), &json!(1)), "{old}");
}

fn name_of(list: &str, code: &str) -> String {
    let line = list.lines().find(|l| l.starts_with(&format!("{code},"))).unwrap();
    line.split(',').nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_bad_catalogue_is_refused_with_row_and_column() {
    let house = House::new(20).await;
    let before = std::fs::read_to_string(house.list("units-2025.csv")).unwrap();
    let file = house.dir.path().join("bad.csv");
    let path = file.to_str().unwrap().to_owned();
    for (text, wanted) in [
        ("code,name,parent,valid-from\n82,Tỉnh,,2026-13-01\n", &[":2:", "valid-from", "2026-13-01"][..]),
        ("code,name,parent\n82,Tỉnh,\n1,Xã,99\n", &[":3:", "parent", "99"]),
        ("code,name,parent\n82,Tỉnh,\n82,Tỉnh,\n", &[":3:", "code", "2"]),
        ("code,name,parent\n82,,\n", &[":2:", "name"]),
        ("code,name,parent,valid_from,valid_to\n82,Tỉnh,,2026-02-01,2026-01-01\n", &[":2:", "valid_from"]),
        ("code,tên\n82,Tỉnh\n", &[":1:", "tên"]),
        ("code,name\n82\n", &[":2:"]),
    ] {
        std::fs::write(&file, text).unwrap();
        let said = house.refused(&["codes", "import", "units-2025", &path]);
        for word in wanted {
            assert!(said.contains(word), "{text}: {said} lacks {word}");
        }
    }
    std::fs::write(&file, b"code,name\n82,\xff\n").unwrap();
    assert!(house.refused(&["codes", "import", "units-2025", &path]).contains(":2"));
    std::fs::write(&file, "code,name\n1,Một\n").unwrap();
    assert!(house.refused(&["codes", "import", "unit-2025", &path]).contains("units-2025"));
    assert!(house.refused(&["codes", "import", "../x", &path, "--new"]).contains("../x"));
    assert_eq!(std::fs::read_to_string(house.list("units-2025.csv")).unwrap(), before);
    // A list of rows that conditions tell apart is no catalogue.
    assert!(house.refused(&["codes", "import", "groups", &path]).contains("condition"));
    // A new list is made when asked for.
    assert_eq!(house.done(&["codes", "import", "ap", &path, "--new", "--from", "2026-01-01"])["written"], true);
    let made = std::fs::read_to_string(house.list("ap.csv")).unwrap();
    assert_eq!(made, "code,name,parent,valid_from,valid_to,checked\n1,Một,,2026-01-01,,source\n");
}

#[tokio::test]
async fn lists_are_shown_with_what_is_from_memory() {
    let house = House::new(20).await;
    let all = house.done(&["codes", "list"]);
    let one = |name: &str| all["lists"].as_array().unwrap().iter().find(|l| l["list"] == name).unwrap().clone();
    assert_eq!((&one("units-2025")["rows"], &one("units-2025")["memory"]), (&json!(103), &json!(0)));
    assert_eq!((&one("units-2020")["ended"], &one("units-2020-2025")["rows"]), (&json!(330), &json!(307)));
    let rates = house.done(&["codes", "list", "rates"]);
    let memory = std::fs::read_to_string(house.list("rates.csv")).unwrap().matches(",memory").count();
    assert_eq!(rates["memory_rows"].as_array().unwrap().len(), memory);
    assert!(house.refused(&["codes", "list", "rate"]).contains("rates"));
}
