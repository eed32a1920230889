//! The same province from SQLite, PostgreSQL, MariaDB and CSV: byte for byte the same goes out, and the same is held.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use molisa_gateway::model::ContentHash;
use molisa_gateway::province::{Recipe, Table, write_csv, write_mariadb, write_postgres, write_sqlite};
use molisa_gateway::source::{Source, SourceConfig};
use sha2::{Digest, Sha256};

use crate::support::databases::{Database, Server, say};
use crate::support::world::World;

const SEED: u64 = 2023;
/// So many people in every run of the tests; `GATEWAY_TEST_ROWS=70458` is the whole province.
const ROWS: u64 = 7000;
/// So many of them are stopped afterwards: less than the brake holds.
const STOPPED: usize = 30;
const QUERY: &str = "select * from doi_tuong";

#[expect(clippy::disallowed_methods, reason = "tests are told by the environment how large the province is")]
fn rows() -> u64 {
    std::env::var("GATEWAY_TEST_ROWS").map_or(ROWS, |text| text.parse().unwrap())
}

/// What a person's row becomes when a decision stopped them.
const STOP: [(&str, &str); 6] = [
    ("trang_thai", "Thôi hưởng"),
    ("ly_do_dung", "a"),
    ("ngay_dung", "01/11/2026"),
    ("so_qd_dung", "12/QĐ-UBND \"A\", số 2"),
    ("ngay_qd_dung", "02/11/2026"),
    ("co_quan_qd_dung", "UBND xã Mỹ Thọ"),
];

fn stop_statement(keys: &[String]) -> String {
    let set: Vec<String> = STOP.iter().map(|(column, value)| format!("{column} = '{value}'")).collect();
    format!("update doi_tuong set {} where ma_ho_so in ('{}')", set.join(", "), keys.join("', '"))
}

fn stop_in_csv(path: &Path, keys: &[String]) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let columns = reader.headers().unwrap().clone();
    let at = |name: &str| columns.iter().position(|c| c == name).unwrap();
    let key = at("ma_ho_so");
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let mut writer = csv::Writer::from_path(path).unwrap();
    writer.write_record(&columns).unwrap();
    for row in rows {
        let mut row: Vec<String> = row.iter().map(str::to_owned).collect();
        if keys.contains(&row[key]) {
            for (column, value) in STOP {
                value.clone_into(&mut row[at(column)]);
            }
        }
        writer.write_record(&row).unwrap();
    }
    writer.flush().unwrap();
}

/// What a house sent, what arrived, and what it holds.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    /// SHA-256 over key, action, version and payload of all that was sent, by key.
    sent: ContentHash,
    /// SHA-256 over what the nation has now, in its own words.
    arrived: ContentHash,
    confirmed: u64,
    stopped: u64,
    /// Who is held, and why; how many, where a row has no key of its own.
    held: BTreeMap<(String, String, String, String), u64>,
}

struct House {
    kind: &'static str,
    world: World,
}

impl House {
    async fn open(kind: &'static str, source: SourceConfig) -> Self {
        let mut world = World::with(1, SEED).await;
        world.stream.source = Source::open(&source, world.dir.path()).await.unwrap();
        Self { kind, world }
    }

    /// Runs once and tells what was said with this run.
    async fn sync(&self) -> Said {
        let started = std::time::Instant::now();
        let run = self.world.sync().await.unwrap();
        assert_eq!((run.unknown, run.unreached, run.brake.is_some()), (0, false, false), "{}: {run:?}", self.kind);
        let store = rusqlite::Connection::open(self.world.dir.path().join("store.db")).unwrap();
        let mut sent = Sha256::new();
        let mut lines = store
            .prepare(
                "select key, action, version, payload from outbox join payload on outbox_id = id \
                where state = 'accepted' order by key, id",
            )
            .unwrap();
        let mut lines = lines.query([]).unwrap();
        let mut count = 0_u64;
        while let Some(line) = lines.next().unwrap() {
            for at in [0, 1, 3] {
                sent.update(line.get_ref(at).unwrap().as_bytes().unwrap());
                sent.update([0]);
            }
            sent.update(line.get::<_, Vec<u8>>(2).unwrap());
            count += 1;
        }
        let mut arrived = Sha256::new();
        for record in self.world.nation().records(None, usize::MAX) {
            for text in [&record.reference, &record.version, &record.state, &record.document] {
                arrived.update(text);
                arrived.update([0]);
            }
        }
        let mut lines = store
            .prepare("select key, reason, field, value from mismatch where closed_ms is null and place = 'held'")
            .unwrap();
        let mut lines = lines.query([]).unwrap();
        let mut held = BTreeMap::new();
        while let Some(line) = lines.next().unwrap() {
            let text = |at: usize| line.get::<_, String>(at).unwrap();
            // A row without a key of its own is known by its raw form, and CSV has no NULL.
            let key = text(0);
            let key = if key.starts_with('\u{1}') { key.split(':').take(1).collect() } else { key };
            *held.entry((key, text(1), text(2), text(3))).or_default() += 1;
        }
        let rows = held.values().sum::<u64>();
        let seconds = started.elapsed().as_secs_f64();
        if run.scanned > ROWS {
            // Who asks for the whole province wants to see the figures.
            say(&format!("{}: {} rows, {count} sent so far, {rows} held, {seconds:.1} s", self.kind, run.scanned));
        }
        self.world.assert_clean();
        let (sent, arrived) = (ContentHash(sent.finalize().into()), ContentHash(arrived.finalize().into()));
        Said { sent, arrived, confirmed: run.confirmed, stopped: run.stopped, held }
    }
}

fn same(all: &[(&'static str, Said)]) {
    let [(first, expected), others @ ..] = all else { panic!("four sources") };
    for (kind, said) in others {
        for (held, rows) in &expected.held {
            assert_eq!(said.held.get(held), Some(rows), "{held:?} is held otherwise from {kind} than from {first}");
        }
        assert_eq!(said, expected, "{kind} is not as {first}");
    }
}

#[tokio::test]
async fn the_same_rows_from_sqlite_postgres_mariadb_and_csv_give_byte_identical_payloads() {
    let test = "run::four_sources::the_same_rows_from_sqlite_postgres_mariadb_and_csv_give_byte_identical_payloads";
    let Some(postgres) = Database::fresh(Server::Postgres, test).await else { return };
    let Some(mariadb) = Database::fresh(Server::Mariadb, test).await else { return };
    let (dir, recipe, rows) = (tempfile::tempdir().unwrap(), Recipe::built_in().unwrap(), rows());
    let (file, table) = (dir.path().join("tinh.db"), dir.path().join("tinh.csv"));
    write_sqlite(&file, &recipe, SEED, rows).await.unwrap();
    write_csv(&table, Table::DoiTuong, &recipe, SEED, rows).unwrap();
    write_postgres(&postgres.url, &recipe, SEED, rows).await.unwrap();
    write_mariadb(&mariadb.url, &recipe, SEED, rows).await.unwrap();

    let url = |own: &Database| Some(secrecy::SecretString::from(own.url.as_str()));
    let query = || QUERY.to_owned();
    let houses = [
        House::open("sqlite", SourceConfig::Sqlite { path: file.clone(), query: query() }).await,
        House::open(
            "postgres",
            SourceConfig::Postgres { url: url(&postgres), url_file: None, query: query(), ca_file: None },
        )
        .await,
        House::open(
            "mariadb",
            SourceConfig::Mysql { url: url(&mariadb), url_file: None, query: query(), ca_file: None },
        )
        .await,
        House::open(
            "csv",
            SourceConfig::Csv {
                path: table.clone(),
                delimiter: ",".into(),
                quote: "\"".into(),
                header: true,
                charset: "utf-8".into(),
            },
        )
        .await,
    ];
    let mut first = Vec::new();
    for house in &houses {
        first.push((house.kind, house.sync().await));
    }
    same(&first);
    let said = &first[0].1;
    let reasons: BTreeSet<&str> = said.held.keys().map(|(_, reason, ..)| reason.as_str()).collect();
    assert!(said.confirmed > rows * 9 / 10 && reasons.len() > 5, "{} sent, {reasons:?}", said.confirmed);

    // Some of them are stopped, everywhere: stops go out the same as well.
    let keys: Vec<String> =
        houses[0].world.nation().records(None, STOPPED).into_iter().map(|record| record.reference).collect();
    let statement = stop_statement(&keys);
    rusqlite::Connection::open(&file).unwrap().execute(&statement, []).unwrap();
    postgres.run(&statement).await;
    mariadb.run(&statement).await;
    stop_in_csv(&table, &keys);
    let mut second = Vec::new();
    for house in &houses {
        second.push((house.kind, house.sync().await));
    }
    same(&second);
    assert_eq!(second[0].1.stopped, STOPPED as u64);
    assert_ne!(second[0].1.sent, first[0].1.sent);
}
