//! What goes out without a person and what waits for one: failure 17, and the limits of every class.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use molisa_gateway::delta::brake::Limit;
use molisa_gateway::run::{Plan, plan};

use super::failures::house;
use crate::support::world::World;

/// Those whom the nation has, in order.
fn arrived(world: &World) -> Vec<String> {
    world.nation().records(None, 1000).into_iter().map(|r| r.reference).collect()
}

/// So many of those who arrived move house.
fn change(world: &World, keys: &[String], to: &str) {
    for key in keys {
        let set = "update doi_tuong set dia_chi = ?1 where ma_ho_so = ?2";
        assert_eq!(world.local().execute(set, [to, key]).unwrap(), 1);
    }
}

/// So many new people, each like one who arrived, but with no paper of their own: one number is one person.
fn add(world: &World, keys: &[String], mark: &str) {
    let local = world.local();
    for key in keys {
        local.execute("create temp table one as select * from doi_tuong where ma_ho_so = ?1", [key]).unwrap();
        local
            .execute("update one set ma_ho_so = ?1 || ma_ho_so, so_giay_to = '', loai_giay_to = '', so_cu = ''", [mark])
            .unwrap();
        local.execute_batch("insert into doi_tuong select * from one; drop table one").unwrap();
    }
}

/// What a plan says; it sends nothing and writes nothing.
async fn planned(world: &World) -> Plan {
    let before = world.nation().report();
    let said = plan(&world.store, &world.stream, &*world.hands).await.unwrap();
    assert_eq!(plan(&world.store, &world.stream, &*world.hands).await.unwrap(), said, "a plan changes nothing");
    assert_eq!(world.nation().report(), before);
    said
}

fn at_most(number: u64) -> Limit {
    Limit { percent: None, number: Some(number) }
}

#[tokio::test]
async fn failure_17_more_stops_than_usual_wait_for_a_person() {
    let world = house(170).await;
    world.sync().await.unwrap();
    let stopped = "update doi_tuong set trang_thai = 'Thôi hưởng', ly_do_dung = 'a', ngay_dung = '01/11/2026', so_qd_dung = '12/QĐ', \
        ngay_qd_dung = '02/11/2026', co_quan_qd_dung = 'UBND' where rowid <= 60";
    world.local().execute(stopped, []).unwrap();
    world.local().execute("update doi_tuong set dia_chi = 'Ấp Mới' where rowid > 690", []).unwrap();
    let run = world.sync().await.unwrap();
    let brake = run.brake.clone().unwrap();
    assert_eq!((run.stopped, brake.holds.as_slice(), run.exit_code()), (0, ["stopped"].as_slice(), 3));
    assert!(run.confirmed > 0, "what is not held goes");
    assert_eq!(run.held["brake"], brake.staged.stopped);
    assert_eq!(world.sync().await.unwrap().stopped, 0, "it still waits");
    let released = world.sync_released().await.unwrap();
    assert_eq!((released.stopped, released.exit_code()), (brake.staged.stopped, 0));
    world.assert_clean();
}

/// As many as may go do; one more, and none of them does until a person has said why. The plan says both beforehand.
async fn limit(world: &World, class: &'static str, most: impl Fn(u64) -> u64, make: impl Fn(&World, &[String], &str)) {
    let keys = arrived(world);
    let may = most(keys.len() as u64);
    make(world, &keys[..usize::try_from(may).unwrap()], "A");
    assert_eq!(planned(world).await.brake, None, "{class}");
    let run = world.sync().await.unwrap();
    assert_eq!((run.brake, run.confirmed), (None, may), "{class}");

    let too_many = most(world.nation().report().people) + 1;
    make(world, &keys[keys.len() - usize::try_from(too_many).unwrap()..], "B");
    let said = planned(world).await.brake.unwrap();
    let run = world.sync().await.unwrap();
    let brake = run.brake.clone().unwrap();
    assert_eq!((brake.holds.as_slice(), run.sent, run.exit_code()), ([class].as_slice(), 0, 3), "{run:?}");
    assert_eq!(run.held["brake"], too_many);
    assert_eq!(said, brake, "the plan said what the brake did");
    assert_eq!(planned(world).await.brake.as_ref(), Some(&brake), "and says it of what waits, too");
    assert_eq!(world.sync().await.unwrap().sent, 0, "it still waits");
    let released = world.sync_released().await.unwrap();
    assert_eq!((released.confirmed, released.brake), (too_many, None));
    world.assert_clean();
}

#[tokio::test]
async fn more_new_people_than_their_share_wait_for_a_person() {
    let world = house(171).await;
    world.sync().await.unwrap();
    limit(&world, "new", |people| people * 5 / 100, add).await;
}

#[tokio::test]
async fn more_changes_than_their_share_wait_for_a_person() {
    let world = house(172).await;
    world.sync().await.unwrap();
    limit(&world, "changed", |people| people * 20 / 100, change).await;
}

#[tokio::test]
async fn more_new_people_than_their_number_wait_for_a_person() {
    let mut world = house(173).await;
    world.stream.brake.new = at_most(7);
    world.sync().await.unwrap();
    limit(&world, "new", |_| 7, add).await;
}

#[tokio::test]
async fn more_changes_than_their_number_wait_for_a_person() {
    let mut world = house(174).await;
    world.stream.brake.changed = at_most(7);
    world.sync().await.unwrap();
    limit(&world, "changed", |_| 7, change).await;
}

#[tokio::test]
async fn a_plan_counts_what_waits_once_even_when_it_changes_again_or_back() {
    let mut world = house(175).await;
    world.stream.brake.changed = at_most(7);
    world.sync().await.unwrap();
    let keys = arrived(&world);
    let address = |key: &String| -> String {
        world.local().query_row("select dia_chi from doi_tuong where ma_ho_so = ?1", [key], |row| row.get(0)).unwrap()
    };
    let homes: Vec<String> = keys[..8].iter().map(address).collect();
    change(&world, &keys[..8], "B");
    assert_eq!(world.sync().await.unwrap().brake.unwrap().staged.changed, 8);
    change(&world, &keys[..8], "C");
    assert_eq!(planned(&world).await.sends.changed, 8, "the same eight");
    for (key, home) in keys[..3].iter().zip(&homes) {
        change(&world, std::slice::from_ref(key), home);
    }
    let said = planned(&world).await;
    assert_eq!((said.sends.changed, said.brake), (5, None), "three went back to what the nation has");
    let run = world.sync().await.unwrap();
    assert_eq!((run.confirmed, run.brake), (5, None));
    world.assert_clean();
}
