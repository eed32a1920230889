//! Failure 21: a birth date never moves, whatever time zone the machine, the process or the database thinks it is in.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::path::Path;

use molisa_gateway::province::{Recipe, write_mariadb, write_postgres, write_sqlite};

use super::program::{Sandbox, configure, json, program};
use crate::support::databases::{Database, Server};
use crate::support::world::{copy, mappings};

/// East and west of Viet Nam as far as it goes, and where the day changes for daylight saving.
const ZONES: [&str; 5] = ["UTC", "Asia/Ho_Chi_Minh", "America/Los_Angeles", "Pacific/Kiritimati", "<-11>11"];
const PEOPLE: u64 = 120;

/// A birth as the province writes it, and what the nation must have: `NgaySinh`, `NamSinh`, `DoChinhXacNgaySinh`.
const BIRTHS: [(&str, [&str; 3]); 10] = [
    ("29/02/1940", ["29/02/1940", "1940", "NGAY"]),
    ("1944-02-29", ["29/02/1944", "1944", "NGAY"]),
    ("01/01/1950", ["01/01/1950", "1950", "NGAY"]),
    ("31/12/1949", ["31/12/1949", "1949", "NGAY"]),
    ("1945-09-02 00:00:00", ["02/09/1945", "1945", "NGAY"]),
    ("01/03/1948", ["01/03/1948", "1948", "NGAY"]),
    ("1941", ["", "1941", "NAM"]),
    ("00/00/1942", ["", "1942", "NAM"]),
    ("03/1943", ["01/03/1943", "1943", "THANG"]),
    ("00/12/1946", ["01/12/1946", "1946", "THANG"]),
];

/// The same birth for the same person, however often it is asked.
fn births(exact_only: bool) -> Vec<(&'static str, [&'static str; 3])> {
    BIRTHS.into_iter().filter(|(_, there)| !exact_only || there[2] == "NGAY").collect()
}

/// Sends everybody from a folder with a configuration, under a time zone; what the sandbox stored, as it has it.
fn stored(dir: &Path, zone: &str, change: impl Fn(String) -> String) -> String {
    let sandbox = Sandbox::start(&[]);
    configure(dir, &sandbox.address);
    let file = dir.join("gateway.toml");
    let store = format!("path = \"store-{}.db\"", uuid::Uuid::now_v7());
    let text = std::fs::read_to_string(&file).unwrap().replace("path = \"store.db\"", &store);
    std::fs::write(&file, change(text)).unwrap();
    let output = program(&["--config", file.to_str().unwrap(), "sync", "--json"]).env("TZ", zone).output().unwrap();
    let run = &json(&output)["runs"][0];
    assert_eq!((run["scanned"].as_u64(), run["unknown"].as_u64()), (Some(PEOPLE), Some(0)), "{zone}: {run}");
    assert!(run["confirmed"].as_u64() > Some(PEOPLE * 3 / 4), "{zone}: {run}");
    let report = sandbox.report();
    assert_eq!(report["violations"], 0, "{zone}: {report}");
    sandbox.say("GET", "/_sandbox/records?limit=10000", "")
}

/// Each birth arrived as it must, and the same bytes came of every zone.
fn assert_same_births(by_zone: &[(&str, String)], wanted: &BTreeMap<String, [&str; 3]>, exact_only: bool) {
    let mut met = BTreeMap::<[&str; 3], u32>::new();
    for line in by_zone[0].1.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let there = wanted[record["MaThamChieu"].as_str().unwrap()];
        let has =
            ["NgaySinh", "NamSinh", "DoChinhXacNgaySinh"].map(|field| record["DoiTuong"][field].as_str().unwrap());
        assert_eq!(has, there);
        *met.entry(there).or_default() += 1;
    }
    assert_eq!(met.len(), births(exact_only).len(), "every kind of birth arrived: {met:?}");
    for (zone, records) in by_zone {
        assert_eq!(*records, by_zone[0].1, "{zone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failure_21_a_birth_date_never_moves_under_any_time_zone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("local.db");
    write_sqlite(&file, &Recipe::built_in().unwrap(), 21, PEOPLE).await.unwrap();
    let local = rusqlite::Connection::open(&file).unwrap();
    let mut wanted = BTreeMap::new();
    for (row, (text, there)) in (1..=PEOPLE).zip(births(false).into_iter().cycle()) {
        let (row, set) = (i64::try_from(row).unwrap(), "update doi_tuong set ngay_sinh = ?1 where rowid = ?2");
        local.execute(set, rusqlite::params![text, row]).unwrap();
        let key = local.query_row("select ma_ho_so from doi_tuong where rowid = ?1", [row], |r| r.get(0)).unwrap();
        wanted.insert(key, there);
    }
    let by_zone: Vec<_> = ZONES.iter().map(|zone| (*zone, stored(dir.path(), zone, |text| text))).collect();
    assert_same_births(&by_zone, &wanted, false);
}

/// The same out of a column that is a date for the database, which has a time zone of its own, too.
async fn from_dates(server: Server) {
    let Some(database) = Database::fresh(server, "failure_21").await else { return };
    let dir = tempfile::tempdir().unwrap();
    let recipe = Recipe::built_in().unwrap();
    let births = births(true);
    let days = births.iter().map(|(_, [day, ..])| format!("'{}-{}-{}'", &day[6..], &day[3..5], &day[..2]));
    let days = days.collect::<Vec<_>>().join(",");
    let (kind, alter) = if server == Server::Postgres {
        write_postgres(&database.url, &recipe, 22, PEOPLE).await.unwrap();
        let name = database.url.rsplit('/').next().unwrap();
        database.run(&format!("alter database {name} set timezone = 'America/Los_Angeles'")).await;
        let alter = format!(
            "alter table doi_tuong alter ngay_sinh type date using \
             ((array[{days}])[1 + length(ma_ho_so || ho_ten) % {}])::date",
            births.len()
        );
        ("postgres", alter)
    } else {
        write_mariadb(&database.url, &recipe, 22, PEOPLE).await.unwrap();
        let set = format!(
            "update doi_tuong set ngay_sinh = elt(1 + char_length(concat(ma_ho_so, ho_ten)) % {}, {days})",
            births.len()
        );
        database.run(&set).await;
        ("mysql", "alter table doi_tuong modify ngay_sinh date".to_owned())
    };
    database.run(&alter).await;
    let changed = dir.path().join("mappings");
    copy(&mappings(), &changed);
    let file = changed.join("misposasoft/doi-tuong.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("\nngay_sinh = \"text\""), "the mapping is laid out as this story expects");
    std::fs::write(&file, text.replace("\nngay_sinh = \"text\"", "\nngay_sinh = \"date\"")).unwrap();
    std::fs::write(dir.path().join("url"), &database.url).unwrap();
    let configured = |text: String| {
        text.replace(mappings().to_str().unwrap(), "mappings")
            .replace("kind = \"sqlite\"\npath = \"local.db\"", &format!("kind = \"{kind}\"\nurl_file = \"url\""))
    };
    // The same people as in a local database tell which birth is whose.
    let local = dir.path().join("local.db");
    write_sqlite(&local, &recipe, 22, PEOPLE).await.unwrap();
    let local = rusqlite::Connection::open(&local).unwrap();
    let mut rows = local
        .prepare("select ma_ho_so, length(coalesce(ma_ho_so, '') || coalesce(ho_ten, '')) from doi_tuong")
        .unwrap();
    let wanted = rows
        .query_map([], |row| {
            Ok((row.get(0)?, births[usize::try_from(row.get::<_, i64>(1)?).unwrap() % births.len()].1))
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let by_zone: Vec<_> = ZONES.iter().map(|zone| (*zone, stored(dir.path(), zone, configured))).collect();
    assert_same_births(&by_zone, &wanted, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn failure_21_a_date_of_postgres_never_moves() {
    from_dates(Server::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failure_21_a_date_of_mariadb_never_moves() {
    from_dates(Server::Mariadb).await;
}
