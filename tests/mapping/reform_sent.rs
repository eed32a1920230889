//! The same reform end to end: what the nation has of the people of 305 communes, before and after decisions.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use molisa_gateway::model::Timestamp;
use molisa_gateway::run::plan;
use molisa_gateway::store::units::{self, Decision};
use serde_json::Value;

use super::GOOD;
use super::reform::{Fact, TO_2025, changed, facts};
use crate::support::world::World;

/// A province with two people in every commune, at an address each, and one more at a third in each of the split ones.
async fn province() -> World {
    let mut world = World::with(1, 1).await;
    let mapping = changed(&[TO_2025]);
    world.stream.mapping = Arc::new(mapping);
    Arc::get_mut(&mut world.stream.system).unwrap().province = "82".into();
    world.local().execute("delete from doi_tuong", []).unwrap();
    let mut met = BTreeSet::new();
    for fact in facts() {
        if met.insert(fact.commune.clone()) {
            add(&world, &fact, "1", "12 đường Hòa Bình");
            add(&world, &fact, "2", "12, Đường HOÀ BÌNH");
            if fact.split {
                add(&world, &fact, "3", "13 đường Hòa Bình");
            }
        }
    }
    world
}

fn add(world: &World, fact: &Fact, person: &str, address: &str) {
    let key = format!("{}-{person}", fact.commune);
    let values = GOOD.iter().filter(|(n, _)| !n.starts_with("ma_") && *n != "so_giay_to" && *n != "loai_giay_to");
    let mut row: Vec<(&str, &str)> = values.copied().collect();
    row.extend([("ma_ho_so", key.as_str()), ("ma_tinh", &fact.province), ("ma_huyen", &fact.district)]);
    row.extend([("ma_xa", fact.commune.as_str()), ("dia_chi", address), ("thon_to", "Ấp 1")]);
    let names: Vec<&str> = row.iter().map(|(n, _)| *n).collect();
    let holes: Vec<String> = (1..=row.len()).map(|n| format!("?{n}")).collect();
    let sql = format!("insert into doi_tuong ({}) values ({})", names.join(", "), holes.join(", "));
    world.local().execute(&sql, rusqlite::params_from_iter(row.iter().map(|(_, v)| *v))).unwrap();
}

/// Which commune the nation has for each record.
fn there(world: &World) -> BTreeMap<String, String> {
    let one = |r: molisa_gateway::sandbox::RecordView| {
        let document: Value = serde_json::from_str(&r.document).unwrap();
        assert_eq!(
            (&document["DanhMucDVHC"], &document["MaTinh"], &document["MaHuyen"]),
            (&"2025".into(), &"82".into(), &"".into())
        );
        (r.reference, document["MaXa"].as_str().unwrap().to_owned())
    };
    world.nation().records(None, 10_000).into_iter().map(one).collect()
}

/// A person decides about the address of a record.
async fn decide(world: &World, key: &str, to: &str, at: i64) {
    let mut tx = world.store.write().await.unwrap();
    let about = units::of_record(&mut tx, 1, key).await.unwrap().unwrap();
    let decided = Decision { chosen: to, at: Timestamp(at), who: "cán bộ", reason: "sổ hộ khẩu" };
    units::decide(&mut tx, &about, &decided).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn the_people_of_305_communes_arrive_in_102_and_the_split_ones_wait_for_a_decision() {
    let world = province().await;
    let planned = plan(&world.store, &world.stream, &*world.hands).await.unwrap();
    let outcome = world.sync().await.unwrap();
    assert_eq!((outcome.scanned, outcome.confirmed), (613, 604));
    assert_eq!(outcome.held, BTreeMap::from([("unit-split".to_owned(), 9)]));
    let wholes: BTreeMap<String, String> = facts()
        .into_iter()
        .filter(|f| !f.split)
        .flat_map(|f| ["1", "2"].map(|n| (format!("{}-{n}", f.commune), f.new.clone())))
        .collect();
    assert_eq!(there(&world), wholes);
    let units = |of: &BTreeMap<String, String>| -> BTreeSet<String> { of.values().cloned().collect() };
    assert_eq!(units(&there(&world)).len(), 102);
    // Plan, ledger and nation count by the same communes.
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for unit in wholes.values() {
        *counts.entry(unit.clone()).or_default() += 1;
    }
    let planned: BTreeMap<String, u64> = planned.units.iter().map(|(unit, tally)| (unit.clone(), tally.new)).collect();
    assert_eq!(planned, counts);
    assert_eq!(world.count("select count(distinct unit) from ledger where unit <> ''"), 102);
    // One question an address, not one a record.
    assert_eq!(world.count("select count(distinct place) from unit_asked"), 6);
    let mut tx = world.store.read().await.unwrap();
    let waiting = units::waiting(&mut tx, None, 100).await.unwrap();
    drop(tx);
    let mut records: Vec<u64> = waiting.iter().map(|w| w.records).collect();
    records.sort_unstable();
    assert_eq!((records, waiting[0].candidates.len()), (vec![1, 1, 1, 2, 2, 2], 2));
    // Nothing changed: nobody is asked again, nothing is judged again.
    assert_eq!(world.sync().await.unwrap().unchanged, 613);

    // One decision for the first address moves both people who live there, and nobody else.
    decide(&world, "29995-1", "30154", 1).await;
    assert_eq!(plan(&world.store, &world.stream, &*world.hands).await.unwrap().sends.new, 2);
    let outcome = world.sync().await.unwrap();
    assert_eq!((outcome.confirmed, outcome.unchanged), (2, 611));
    let now = there(&world);
    assert_eq!((now["29995-1"].as_str(), now["29995-2"].as_str(), now.get("29995-3")), ("30154", "30154", None));
    assert_eq!(world.count("select count(*) from mismatch where reason = 'unit-split' and closed_ms is null"), 7);
    world.assert_clean();
}

#[tokio::test]
async fn a_decision_is_remembered_and_a_later_one_corrects_it() {
    let world = province().await;
    world.sync().await.unwrap();
    decide(&world, "30157-1", "30130", 1).await;
    world.sync().await.unwrap();
    // The next person at the address is not asked about.
    let fact = facts().into_iter().find(|f| f.commune == "30157").unwrap();
    add(&world, &fact, "4", "12 Đường Hoà Bình");
    let outcome = world.sync().await.unwrap();
    assert_eq!((outcome.confirmed, outcome.held.len()), (1, 0));
    assert_eq!(there(&world)["30157-4"], "30130");
    // Corrected: all three go again, to the other commune; both decisions stay as evidence.
    decide(&world, "30157-4", "30157", 2).await;
    let outcome = world.sync_released().await.unwrap();
    assert_eq!((outcome.confirmed, outcome.unchanged), (3, 611));
    let now = there(&world);
    assert!(["1", "2", "4"].iter().all(|n| now[&format!("30157-{n}")] == "30157"), "{now:?}");
    let mut tx = world.store.read().await.unwrap();
    let history = units::history(&mut tx, 10).await.unwrap();
    let told: Vec<_> = history.iter().map(|h| (h.chosen.as_str(), h.at_ms, h.stands, h.who.as_str())).collect();
    assert_eq!(told, [("30157", 2, true, "cán bộ"), ("30130", 1, false, "cán bộ")]);
    let store = rusqlite::Connection::open(world.store_file()).unwrap();
    assert!(store.execute("delete from unit_decision", []).is_err(), "decisions are append-only");
    assert!(store.execute("update unit_decision set chosen = 'x'", []).is_err(), "decisions are append-only");
    // Who moves out of a split commune is asked about no more.
    let away = "update doi_tuong set ma_xa = '30130', ma_huyen = '874' where ma_ho_so = '30157-3'";
    world.local().execute(away, []).unwrap();
    drop(tx);
    world.sync().await.unwrap();
    assert_eq!(world.count("select count(*) from unit_asked where key = '30157-3'"), 0);
    world.assert_clean();
}
