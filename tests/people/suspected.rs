//! The same person suspected: with reasons and points, on one record of the pair, until it is over; what a person decided
//! stays, and nothing is given up in silence (failures 18 and 19).

use molisa_gateway::mismatch::{Asked, Decision, DecisionRules, Step, apply, decide};
use molisa_gateway::model::Clock as _;
use molisa_gateway::model::Kind;
use molisa_gateway::run::suspects;
use molisa_gateway::store::triage::{self, Filter, Place};
use molisa_gateway::store::{leases, runs};

use super::{execute, on_each, open, pairs, told};
use crate::run::crossed::{change, draws, empty, resides, run, stops, stream};
use crate::support::world::{World, mappings};

const ONE: &str = "087141000123";
const OTHER: &str = "087141000456";

async fn suspected(world: &World) -> Vec<(String, String)> {
    pairs(world, Kind::SamePerson).await
}

#[tokio::test]
async fn two_records_of_one_name_are_told_with_points_and_nothing_is_held() {
    for (world, _database) in on_each("suspected").await {
        draws(&world, "A", ONE, "5.5c", &[]);
        // The same name, written otherwise; without a number.
        draws(&world, "B", "", "5.5c", &[("ho_ten", "NGUYỄN  THỊ VÍ DỤ")]);
        draws(&world, "C", "", "5.5c", &[("ho_ten", "Nguyễn Thị Vì Dụ")]);
        let first = run(&world, &world.stream).await;
        assert_eq!((first.confirmed, first.held.len()), (3, 0), "{first:?}");
        let all = open(&world, Kind::SamePerson).await;
        let [(key, place, reason, detail, 0)] = &all[..] else { panic!("{all:?}") };
        assert_eq!((key.as_str(), place.as_str(), reason.as_str()), ("B", "doi-tuong/A", "alike"));
        assert!(
            detail.contains("doi-tuong, A. 100 điểm (từ 60): cùng họ tên và năm sinh +30, cùng ngày sinh +30"),
            "{detail}"
        );
        assert!(
            detail.contains("100 points (from 60)") && !detail.contains("Nguyễn") && !detail.contains(ONE),
            "{detail}"
        );

        // A name that is corrected is matched again, and so is one that becomes the same.
        change(&world, "doi_tuong", "B", "ho_ten = 'Trần Thị Khác'");
        run(&world, &world.stream).await;
        assert_eq!(suspected(&world).await, []);
        change(&world, "doi_tuong", "C", "ho_ten = 'Nguyễn Thị Ví Dụ'");
        run(&world, &world.stream).await;
        assert_eq!(suspected(&world).await, told(&[("C", "doi-tuong/A")]));
        change(&world, "doi_tuong", "B", "ho_ten = 'Nguyễn Thị Ví Dụ'");
        run(&world, &world.stream).await;
        let three = open(&world, Kind::SamePerson).await;
        let shown: Vec<(&str, &str, i64)> = three.iter().map(|m| (m.0.as_str(), m.1.as_str(), m.4)).collect();
        // B and A again, with its history; of the new pair whoever came later.
        assert_eq!(shown, [("B", "doi-tuong/A", 1), ("C", "doi-tuong/A", 0), ("C", "doi-tuong/B", 0)]);

        // The same number says that they are one: that is told in other words.
        change(&world, "doi_tuong", "B", &format!("so_giay_to = '{ONE}'"));
        run(&world, &world.stream).await;
        assert_eq!(suspected(&world).await.len(), 3, "B is held for it; the nation still has what was suspected");
        // Who is stopped draws nothing beside anybody.
        stops(&world, "C", "2026-11-01");
        run(&world, &world.stream).await;
        assert_eq!(suspected(&world).await, told(&[("B", "doi-tuong/A")]));
        world.assert_clean();
    }
}

#[tokio::test]
async fn two_numbers_are_two_people_unless_all_else_is_the_same() {
    for (changes, expected) in [
        (&[][..], 1),
        (&[("ngay_sinh", "1941")], 0),
        (&[("ngay_sinh", "06/03/1941")], 0),
        (&[("gioi_tinh", "Nam")], 0),
        // All that is known agrees, and it would be points enough.
        (&[("gioi_tinh", "")], 0),
        (&[("ma_xa", "29872")], 0),
        (&[("so_cu", ONE)], 0),
        (&[("so_giay_to", ONE)], 0),
    ] {
        let world = empty(None).await;
        draws(&world, "A", ONE, "5.5c", &[]);
        draws(&world, "B", OTHER, "5.5c", changes);
        run(&world, &world.stream).await;
        assert_eq!(suspected(&world).await.len(), expected, "{changes:?}");
    }
}

#[tokio::test]
async fn two_that_may_run_beside_each_other_are_no_harm() {
    let world = empty(None).await;
    draws(&world, "A", ONE, "5.4", &[]);
    draws(&world, "B", "", "5.5c", &[]);
    run(&world, &world.stream).await;
    assert_eq!(suspected(&world).await, [], "the legal double");
    // In a facility it is another matter, in another stream.
    let homes = stream(&world, "co-so-tro-giup").await;
    resides(&world, "F", "", "0");
    run(&world, &homes).await;
    assert_eq!(suspected(&world).await, told(&[("F", "doi-tuong/A"), ("F", "doi-tuong/B")]));
}

#[tokio::test]
async fn what_a_person_decided_is_never_undone() {
    for (world, _database) in on_each("not_same").await {
        draws(&world, "B", "", "5.5c", &[]);
        run(&world, &world.stream).await;
        draws(&world, "A", ONE, "5.5c", &[]);
        run(&world, &world.stream).await;
        assert_eq!(suspected(&world).await, told(&[("A", "doi-tuong/B")]));
        execute(&world, "update mismatch set decision = 'not-same-person', state = 'closed', closed_ms = seen_ms, applied_ms = seen_ms where kind = 'same-person'")
            .await;
        // B changes and is now the one that came later; the decision is about the pair, whichever way round.
        change(&world, "doi_tuong", "B", "nhom = '5.8', he_so = '1.5', muc_huong = 540000");
        run(&world, &world.stream).await;
        change(&world, "doi_tuong", "A", "ma_xa = '29872'");
        run(&world, &world.stream).await;
        assert_eq!(suspected(&world).await, []);
        // Another record of the name is another pair.
        draws(&world, "C", "", "5.5c", &[]);
        run(&world, &world.stream).await;
        let all = suspected(&world).await;
        assert!(all.iter().all(|(key, _)| key == "C") && all.len() == 2, "{all:?}");
    }
}

#[tokio::test]
async fn too_many_of_one_name_are_one_item_that_says_how_many() {
    for (world, _database) in on_each("too_many").await {
        for nth in 0..20 {
            draws(&world, &format!("K{nth:02}"), "", "5.5c", &[]);
        }
        run(&world, &world.stream).await;
        assert_eq!(suspected(&world).await.len(), 190, "as many as are compared");
        draws(&world, "K20", "", "5.5c", &[]);
        run(&world, &world.stream).await;
        let all = open(&world, Kind::SamePerson).await;
        assert_eq!(all.len(), 191, "pairs that nobody compared again stand as they were");
        let (key, _, reason, detail, _) = all.iter().find(|one| one.2 == "too-many-alike").unwrap();
        assert_eq!((key.as_str(), reason.as_str()), ("K00", "too-many-alike"));
        assert!(detail.starts_with("21 hồ sơ"), "{detail}");
        stops(&world, "K20", "2026-11-01");
        run(&world, &world.stream).await;
        assert_eq!(suspected(&world).await.len(), 190);
    }
}

/// Whatever a crash cuts off is compared by the next run.
#[tokio::test]
async fn a_crash_loses_no_suspicion() {
    let mut died = 0;
    for polls in (20..400).step_by(20) {
        let mut world = empty(None).await;
        for (key, name) in ["Lê Văn Một", "Lê Văn Hai", "Lê Văn Ba"].into_iter().enumerate() {
            draws(&world, &format!("A{key}"), "", "5.5c", &[("ho_ten", name)]);
            draws(&world, &format!("B{key}"), "", "5.5c", &[("ho_ten", name)]);
        }
        died += u32::from(world.sync_until(polls).await.is_none());
        run(&world, &world.stream).await;
        assert_eq!(
            suspected(&world).await,
            told(&[("B0", "doi-tuong/A0"), ("B1", "doi-tuong/A1"), ("B2", "doi-tuong/A2")])
        );
        assert_eq!(world.count("select count(*) from suspect_due"), 0);
    }
    assert!(died > 3, "{died} runs died");
}

/// Whoever ceases to run by themselves, on a day, is suspected no longer; nothing in the source changed.
#[tokio::test]
async fn the_end_of_a_term_ends_the_suspicion() {
    let world = empty(None).await;
    draws(&world, "A", ONE, "5.5c", &[("den_thang", "12/2026")]);
    draws(&world, "B", "", "5.5c", &[]);
    run(&world, &world.stream).await;
    assert_eq!(suspected(&world).await.len(), 1);
    world.hands.pass(40 * 86_400_000);
    run(&world, &world.stream).await;
    assert_eq!(suspected(&world).await, []);
}

/// The verb that compares has it done as the end of a scan has.
#[tokio::test]
async fn it_can_be_woken_by_itself() {
    let world = empty(None).await;
    draws(&world, "A", ONE, "5.5c", &[]);
    draws(&world, "B", OTHER, "5.5c", &[]);
    run(&world, &world.stream).await;
    execute(&world, "delete from mismatch_event where 1 = 0").await;
    execute(&world, "insert into suspect_due (what, digest) select 'alike', alike from likeness where key = 'A'").await;
    let mut tx = world.store.write().await.expect("a transaction");
    let now = world.hands.now();
    let taken = leases::take(&mut tx, &world.stream.lease(), &leases::holder(), now).await.expect("a lease");
    let leases::Taken::Ours(lease) = taken else { panic!("somebody else") };
    tx.commit().await.expect("a commit");
    suspects(&world.store, &world.stream, &lease, 1, &*world.hands).await.expect("compared");
    assert_eq!(world.count("select count(*) from suspect_due"), 0);
    assert_eq!(world.count("select occurrences from mismatch where kind = 'same-person'"), 2);
}

/// Two numbers that people said to be one person's are one for the other rules too: what the person draws twice is told, and
/// no longer once it is said that they were two.
#[tokio::test]
async fn merged_numbers_are_one_person_who_may_not_draw_twice() {
    for (world, _database) in on_each("merged").await {
        draws(&world, "A", ONE, "5.5c", &[]);
        draws(&world, "B", OTHER, "5.5c", &[]);
        run(&world, &world.stream).await;
        assert_eq!(suspected(&world).await, told(&[("B", "doi-tuong/A")]));
        assert_eq!(pairs(&world, Kind::TwoHere).await, []);
        let rules = DecisionRules::load(&mappings().join("codes")).unwrap_or_else(|faults| panic!("{faults}"));
        let step = |who: &str, step: Step| Asked {
            step,
            version: None,
            who: who.to_owned(),
            also: Vec::new(),
            words: "đã xem giấy tờ".to_owned(),
            reason: String::new(),
            until: None,
        };
        let mut tx = world.store.write().await.expect("a transaction");
        let stream = runs::find_stream(&mut tx, &world.stream.name).await.expect("a store").expect("a stream").0;
        let [item] = &triage::page(&mut tx, stream, &same_person(), Place::default(), 5).await.expect("a page")[..]
        else {
            panic!("one is open")
        };
        let now = world.hands.now();
        for asked in [step("lan", Step::Decide(Decision::MergeNumbers)), step("minh", Step::Second)] {
            decide(&mut tx, &rules, item.id, now, &asked).await.unwrap_or_else(|no| panic!("{no}"));
        }
        assert_eq!(apply(&mut tx, stream, now).await.expect("applied").merged, 1);
        tx.commit().await.expect("a commit");
        run(&world, &world.stream).await;
        assert_eq!((suspected(&world).await, pairs(&world, Kind::TwoHere).await.len()), (vec![], 2), "told of both");

        let mut tx = world.store.write().await.expect("a transaction");
        decide(&mut tx, &rules, item.id, now, &step("lan", Step::Reopen)).await.unwrap_or_else(|no| panic!("{no}"));
        tx.commit().await.expect("a commit");
        run(&world, &world.stream).await;
        assert_eq!(
            (suspected(&world).await.len(), pairs(&world, Kind::TwoHere).await.len()),
            (1, 0),
            "they are two again"
        );
    }
}

fn same_person() -> Filter {
    Filter { kind: "same-person".to_owned(), ..Filter::default() }
}
