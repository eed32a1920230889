//! Stories that need their moment: what is on its way while the source changes, what a mapping changes, who decided.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use molisa_gateway::mapping::Mapping;
use molisa_gateway::sandbox::{Fault, FaultKind, Operation};
use molisa_gateway::source::{Source, SourceConfig};

use crate::support::world::{World, copy, mappings};

/// Somebody who arrived, by the place among those who did.
fn somebody(world: &World, at: usize) -> String {
    world.nation().records(None, 1000)[at].reference.clone()
}

fn address(world: &World, key: &str) -> String {
    let records = world.nation().records(None, 1000);
    let record = records.iter().find(|r| r.reference == key).unwrap();
    let document: serde_json::Value = serde_json::from_str(&record.document).unwrap();
    document["DiaChi"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_to_b_to_a_while_b_is_on_its_way_arrives_as_a() {
    let mut world = World::with(300, 1).await;
    world.sync().await.unwrap();
    let key = somebody(&world, 5);
    let set = "update doi_tuong set dia_chi = ?1 where ma_ho_so = ?2";
    world.local().execute(set, ["Ấp A", &key]).unwrap();
    assert_eq!(world.sync().await.unwrap().confirmed, 1);

    // B is stored there, and we do not learn of it.
    world.options.patience = Duration::ZERO;
    world.local().execute(set, ["Ấp B", &key]).unwrap();
    world.nation().add_fault(Fault::new(Operation::Send, FaultKind::StoredThenSilent)).unwrap();
    assert_eq!(world.sync().await.unwrap().unknown, 1);
    assert_eq!(address(&world, &key), "Ấp B");
    // Back to A while nobody can be asked: what the nation last confirmed to us is A, too.
    world.local().execute(set, ["Ấp A", &key]).unwrap();
    world.wire.down.store(true, Ordering::SeqCst);
    world.sync().await.unwrap();
    world.wire.down.store(false, Ordering::SeqCst);
    world.options.patience = Duration::from_hours(2);
    world.hands.pass(60_000);
    world.sync().await.unwrap();
    assert_eq!(address(&world, &key), "Ấp A");
    world.assert_clean();
}

#[tokio::test]
async fn what_a_mapping_changes_is_counted_apart_and_waits_for_a_person() {
    let mut world = World::with(300, 2).await;
    let people = world.sync().await.unwrap().confirmed;
    let changed = world.dir.path().join("mappings");
    copy(&mappings(), &changed);
    let file = changed.join("misposasoft/doi-tuong.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("name = \"DiaChi\"\nfrom = \"dia_chi\""), "the mapping is laid out as this story expects");
    let text = text
        .replace("name = \"DiaChi\"\nfrom = \"dia_chi\"", "name = \"DiaChi\"\nfrom = \"dia_chi\"\nvia = [\"upper\"]");
    std::fs::write(&file, text).unwrap();
    world.stream.mapping = Arc::new(Mapping::load(&changed, "misposasoft", "doi-tuong").unwrap());
    let run = world.sync().await.unwrap();
    let brake = run.brake.clone().unwrap();
    assert_eq!((run.sent, brake.holds.as_slice(), run.exit_code()), (0, ["remapped"].as_slice(), 3), "{run:?}");
    assert!(brake.staged.remapped > people / 2 && brake.staged.changed == 0, "{brake:?}");
    assert_eq!(world.sync_released().await.unwrap().confirmed, brake.staged.remapped);
    world.assert_clean();
}

#[tokio::test]
async fn who_is_gone_is_stopped_where_the_decision_is_found_and_held_where_not() {
    let mut world = World::with(300, 3).await;
    let people = world.sync().await.unwrap().confirmed;
    let (decided, undecided) = (somebody(&world, 7), somebody(&world, 8));
    let table = "create table quyet_dinh as select ma_ho_so, 'Thôi hưởng' trang_thai, 'a' ly_do_dung, '01/11/2026' ngay_dung, \
        '12/QĐ-UBND' so_qd_dung, '02/11/2026' ngay_qd_dung, 'UBND' co_quan_qd_dung from doi_tuong where ma_ho_so = ?1";
    world.local().execute(table, [&decided]).unwrap();
    world.local().execute("delete from doi_tuong where ma_ho_so in (?1, ?2)", [&decided, &undecided]).unwrap();
    let config =
        SourceConfig::Sqlite { path: world.dir.path().join("local.db"), query: "select * from quyet_dinh".into() };
    world.stream.decision = Some(Source::open(&config, world.dir.path()).await.unwrap());
    let run = world.sync().await.unwrap();
    assert_eq!((run.stopped, run.held.get("stop-candidate")), (1, Some(&1)), "{run:?}");
    assert_eq!(world.nation().report().people, people - 1);
    let records = world.nation().records(None, 1000);
    let state = |key: &str| records.iter().find(|r| r.reference == key).unwrap().state.clone();
    assert_eq!((state(&decided).as_str(), state(&undecided).as_str()), ("THOI_HUONG", "DANG_HUONG"));
    assert_eq!(world.sync().await.unwrap().sent, 0);
    world.assert_clean();
}
