//! What changes on our own side: failures 13, 16, 17, 20 and 22.

use molisa_gateway::sandbox::Operation;

use super::failures::{house, kinds, requests};

#[tokio::test]
async fn failure_13_a_column_gone_or_renamed_stops_before_anything_is_sent() {
    let world = house(13).await;
    world.local().execute("alter table doi_tuong rename column so_giay_to to so_giay_t", []).unwrap();
    let Err(error) = world.sync().await else { panic!("the shape changed") };
    assert_eq!(error.exit_code(), 2);
    let text = error.to_string();
    assert!(text.contains("so_giay_to") && text.contains("so_giay_t"), "{text}");
    assert_eq!(world.nation().report().requests.len(), 0);
}

#[tokio::test]
async fn failure_16_when_edits_stop_writes_stop() {
    let world = house(16).await;
    world.sync().await.unwrap();
    world.local().execute("update doi_tuong set dia_chi = 'Ấp Mới' where rowid <= 20", []).unwrap();
    assert!(world.sync().await.unwrap().sent > 0);
    let sent = requests(&world, Operation::Send);
    for _ in 0..3 {
        let run = world.sync().await.unwrap();
        assert_eq!((run.sent, run.unchanged), (0, run.scanned));
    }
    assert_eq!(requests(&world, Operation::Send), sent);
}

#[tokio::test]
async fn failure_17_an_empty_source_stops_nobody() {
    let world = house(17).await;
    let people = world.sync().await.unwrap().confirmed;
    world.local().execute_batch("create table copy as select * from doi_tuong; delete from doi_tuong").unwrap();
    let run = world.sync().await.unwrap();
    assert_eq!((run.sent, run.held.get("stop-candidate")), (0, Some(&people)));
    assert_eq!(world.nation().report().people, people);
    // They come back: the candidates close by themselves and nothing is sent.
    world.local().execute_batch("insert into doi_tuong select * from copy").unwrap();
    assert_eq!(world.sync().await.unwrap().sent, 0);
    assert!(!kinds(&world).await.keys().any(|(_, reason)| reason == "stop-candidate"));
}

#[tokio::test]
async fn failure_20_a_name_in_another_normal_form_is_no_change() {
    let world = house(20).await;
    let key: String = world
        .local()
        .query_row("select ma_ho_so from doi_tuong where ho_ten <> '' limit 1 offset 9", [], |r| r.get(0))
        .unwrap();
    let set = "update doi_tuong set ho_ten = ?1 where ma_ho_so = ?2";
    world.local().execute(set, ["Nguyễn Thị Hoà", &key]).unwrap();
    world.sync().await.unwrap();
    let there = world
        .nation()
        .records(None, 1000)
        .into_iter()
        .any(|r| r.reference == key && r.document.contains("Nguyễn Thị Hoà"));
    assert!(there, "the name arrived");
    world.local().execute(set, ["Nguye\u{302}\u{303}n Thi\u{323} Hoa\u{300}", &key]).unwrap();
    let run = world.sync().await.unwrap();
    assert_eq!((run.sent, run.unchanged), (0, run.scanned), "{run:?}");
}

#[tokio::test]
async fn failure_22_a_clock_that_is_set_neither_silences_nor_turns_time_back() {
    let world = house(22).await;
    world.sync().await.unwrap();
    for (row, jump) in [(3, -86_400_000), (4, 2 * 86_400_000), (5, -86_400_000)] {
        world.hands.set_by(jump);
        world.local().execute("update doi_tuong set dia_chi = 'Ấp ' || ?1 where rowid in (?1, 6)", [row]).unwrap();
        let before = world.hands.truth();
        let run = world.sync().await.unwrap();
        assert_eq!((run.unknown, run.unreached), (0, false), "{run:?}");
        assert!(world.hands.truth() - before < 3_700_000);
    }
    world.assert_clean();
}
