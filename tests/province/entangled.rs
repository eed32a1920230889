//! Whoever is entangled is entangled in one way only, and nobody else is touched.

use std::collections::BTreeMap;
use std::path::Path;

use molisa_gateway::province::{Entangled, change_sqlite, entangle_sqlite, move_sqlite, write_sqlite};

use super::{SEED, recipe};

fn rows(path: &Path) -> BTreeMap<String, String> {
    let db = rusqlite::Connection::open(path).unwrap();
    let mut asked = db
        .prepare("select ma_ho_so, json_array(ho_ten, so_giay_to, dia_chi, trang_thai, so_tai_khoan) from doi_tuong")
        .unwrap();
    asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn each_is_entangled_in_one_way_and_nobody_else_is_touched() {
    let (dir, recipe) = (tempfile::tempdir().unwrap(), recipe());
    let path = dir.path().join("local.db");
    write_sqlite(&path, &recipe, SEED, 2_000).await.unwrap();
    change_sqlite(&path, &recipe, 7, 1_000).await.unwrap();
    let before = rows(&path);
    let done = entangle_sqlite(&path, &recipe).await.unwrap();
    move_sqlite(&path, &[&[done.refused.clone()][..], &done.unclear].concat()).await.unwrap();
    let after = rows(&path);
    let Entangled { alike, twice, one_account, ended, back, refused, unclear, chosen, split, part } = done;
    let mut changed: Vec<&String> = vec![&one_account[1], &ended, &refused];
    changed.extend(&unclear);
    changed.sort();
    let differ: Vec<&String> = before.keys().filter(|key| before[*key] != after[*key]).collect();
    assert_eq!(differ, changed);
    let added: Vec<&String> = after.keys().filter(|key| !before.contains_key(*key)).collect();
    assert_eq!(added, [&alike, &twice]);
    assert!(!back.is_empty() && before.contains_key(&split) && !part.is_empty());
    assert!(chosen.len() > 20 && chosen.iter().all(|key| before[key] == after[key]));
}
