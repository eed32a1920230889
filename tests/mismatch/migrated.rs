//! A store of the version before keeps every mismatch: folded into one row for each record, kind and place, with its figures.

use std::path::{Path, PathBuf};

use molisa_gateway::store::{Place, Store, Tx, review};
use secrecy::SecretString;
use sqlx::Connection as _;
use sqlx::migrate::Migrator;

use super::super::support::databases::{Database, Server};

/// The migrations of the version before, in a folder of their own.
fn before(engine: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
    let files = std::fs::read_dir(all).expect("migrations").map(|entry| entry.expect("an entry").path());
    let name = |path: &PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
    for file in files.filter(|file| name(file).as_str() < "0011") {
        std::fs::copy(&file, dir.path().join(name(&file))).expect("a copy");
    }
    dir
}

const OLD: &str = "insert into stream (name, system, entity) values ('doi-tuong', 'nation', 'doi-tuong'); \
    insert into mismatch (stream_id, key, kind, reason, field, value, state, occurrences, opened_ms, seen_ms, closed_ms, run_id) values \
    (1, 'A', 'held-here', 'missing', 'HoTen', '', 'closed', 3, 100, 200, 300, 1), \
    (1, 'A', 'held-here', 'bad-value', 'NgaySinh', '30/02', 'closed', 2, 400, 500, 600, 2), \
    (1, 'A', 'held-here', 'unknown-code', 'DanToc', 'x', 'open', 4, 700, 800, null, 3), \
    (1, 'A', 'refused-there', 'E07', '', '', 'closed', 1, 100, 100, 150, 1), \
    (1, 'B', 'held-here', 'amount', 'MucHuong', '1', 'open', 1, 100, 100, null, 1), \
    (1, 'C', 'held-here', 'double-benefit', 'NhomDoiTuong', '5.6', 'closed', 1, 100, 100, 150, 1), \
    (1, 'C', 'held-here', 'unit-split', 'MaXa', '29995', 'open', 1, 200, 200, null, 2), \
    (1, 'D', 'parked', 'parked', '', '', 'open', 1, 100, 100, null, 1); \
    insert into ledger (stream_id, key, raw, judged_by, verdict, unit) values (1, 'B', '', '', 'held', '29869');";

#[tokio::test]
async fn old_rows_are_kept_on_an_embedded_store() {
    let (dir, folder) = (tempfile::tempdir().expect("a folder"), before("sqlite"));
    let path = dir.path().join("store.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("a connection");
    Migrator::new(folder.path()).await.expect("migrations").run(&mut connection).await.expect("the version before");
    sqlx::raw_sql(OLD).execute(&mut connection).await.expect("old rows");
    connection.close().await.expect("closed");
    all_are_there(&Place::Sqlite(path)).await;
}

#[tokio::test]
async fn old_rows_are_kept_on_a_server() {
    let Some(database) = Database::fresh(Server::Postgres, "mismatch::migrated").await else { return };
    let folder = before("postgres");
    let mut connection = sqlx::PgConnection::connect(&database.url).await.expect("a connection");
    Migrator::new(folder.path()).await.expect("migrations").run(&mut connection).await.expect("the version before");
    sqlx::raw_sql(OLD).execute(&mut connection).await.expect("old rows");
    connection.close().await.expect("closed");
    all_are_there(&Place::Postgres(SecretString::from(database.url.as_str()))).await;
}

const ALL: &str = "select key || ' ' || kind || ' ' || place || ' ' || reason || ' ' || state || ' ' || occurrences || ' ' || relapses \
    || ' ' || gravity || ' ' || cause from mismatch order by key, kind, place";

/// Nobody told their commune; the ledger does.
const PLACED: &str = "select key || ' ' || unit from mismatch where unit <> '' order by 1";

async fn texts(store: &Store, sql: &'static str) -> Vec<String> {
    match store.read().await.expect("a transaction") {
        Tx::Sqlite(mut tx) => sqlx::query_scalar(sql).fetch_all(&mut *tx).await.expect("rows"),
        Tx::Postgres(mut tx) => sqlx::query_scalar(sql).fetch_all(&mut *tx).await.expect("rows"),
    }
}

async fn all_are_there(place: &Place) {
    let store = Store::open(place).await.expect("the store of today");
    assert_eq!(texts(&store, PLACED).await, ["B 29869"]);
    assert_eq!(
        texts(&store, ALL).await,
        [
            "A held-here held unknown-code open 9 2 2 unknown-code DanToc",
            "A refused-there  E07 closed 1 0 1 E07",
            "B amount-not-by-law held amount open 1 0 1 amount MucHuong",
            "C double-benefit held double-benefit closed 1 0 1 double-benefit NhomDoiTuong",
            "C unit-ambiguous held unit-split open 1 0 2 unit-split MaXa",
            "D parked  parked open 1 0 3 parked",
        ]
    );
    let mut tx = store.read().await.expect("a transaction");
    let item = review::find(&mut tx, 1).await.expect("a store").expect("the first");
    assert_eq!((item.key.as_str(), item.value.as_str(), item.version), ("A", "x", 1));
    let events: Vec<String> = review::events(&mut tx, 4).await.expect("events").into_iter().map(|e| e.event).collect();
    assert_eq!(events, ["opened", "closed"]);
}
