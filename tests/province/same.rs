//! The beneficiaries' table stays what it was, byte for byte: figures that were measured on it stay comparable.

use std::fmt::Write as _;
use std::path::Path;

use molisa_gateway::province::{Table, change_sqlite, write_csv, write_sqlite};
use sha2::{Digest, Sha256};

use super::{SEED, recipe, table};

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn rows(path: &Path) -> String {
    hash(format!("{:?}", table(path)).as_bytes())
}

#[tokio::test]
async fn the_beneficiaries_are_those_of_the_first_release() {
    let dir = tempfile::tempdir().unwrap();
    let (csv, db) = (dir.path().join("a.csv"), dir.path().join("a.db"));
    write_csv(&csv, Table::DoiTuong, &recipe(), SEED, 5000).unwrap();
    assert_eq!(hash(&std::fs::read(&csv).unwrap()), "4a8295505bea8b4c");
    write_sqlite(&db, &recipe(), SEED, 5000).await.unwrap();
    let before = rows(&db);
    change_sqlite(&db, &recipe(), 7, 1000).await.unwrap();
    assert_eq!((before.as_str(), rows(&db).as_str()), ("d634946df17cf978", "3ba79624f56449dc"));
}
