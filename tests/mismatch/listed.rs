//! Pages, groups and counts of many mismatches.

use molisa_gateway::mismatch::{Decision, Right, Step, grouped};
use molisa_gateway::model::{Kind, Reason};
use molisa_gateway::store::mismatch::{self, Draft};
use molisa_gateway::store::triage::{self, Filter, Place};

use super::{DAY, Desk, differs, resolve};

async fn page(desk: &Desk, filter: &Filter, after: Place, limit: i64) -> Vec<i64> {
    let rows = triage::page(&mut desk.tx().await, desk.stream, filter, after, limit).await.expect("a page");
    rows.into_iter().map(|item| item.id).collect()
}

#[tokio::test]
async fn pages_are_complete_and_in_order_whatever_is_asked_for() {
    for mut desk in Desk::on_each("mismatch::listed").await {
        let mut drafts = Vec::new();
        for n in 0..30 {
            let unit = format!("2986{}", n % 3);
            let key = format!("K{n:02}");
            let draft = match n % 3 {
                0 => Draft { unit, ..differs(&key, "HoTen") },
                1 => Draft { unit, ..Draft::new(&key, Kind::MissingHere, "unknown") },
                _ => Draft { unit, ..Draft::new(&key, Kind::Late, "overdue") },
            };
            drafts.push((draft, Right::Person));
        }
        desk.found(&drafts).await;
        for id in [1, 4, 7] {
            desk.does(id, "lan", Step::Assign("lan".into())).await;
        }
        desk.does(10, "lan", resolve(Decision::TakeTheirs)).await;
        desk.agree(&["K12"]).await;
        let kind = |kind: &str| Filter { kind: kind.into(), ..Filter::default() };
        let state = |state: &str| Filter { state: state.into(), ..Filter::default() };
        for (filter, wanted) in [
            (Filter::default(), 29),
            (kind("field-differs"), 9),
            (kind("late"), 10),
            (Filter { unit: "29861".into(), ..Filter::default() }, 10),
            (Filter { cause: "differs HoTen".into(), ..kind("field-differs") }, 9),
            (Filter { cause: "differs HoTen".into(), ..Filter::default() }, 9),
            (state("in-review"), 3),
            (state("decided"), 1),
            (state("closed"), 1),
            (Filter { assignee: "lan".into(), ..Filter::default() }, 3),
            (Filter { assignee: "lan".into(), unit: "29860".into(), ..kind("field-differs") }, 3),
            (Filter { unit: "29861".into(), ..kind("field-differs") }, 0),
        ] {
            let (mut all, mut after) = (Vec::new(), Place::default());
            loop {
                let rows = triage::page(&mut desk.tx().await, desk.stream, &filter, after, 4).await.expect("a page");
                let Some(last) = rows.last() else { break };
                after = Place(last.gravity, last.id);
                all.extend(rows.iter().map(|item| (item.gravity, item.id)));
            }
            assert_eq!(all.len(), wanted, "{filter:?}");
            assert!(all.is_sorted(), "the gravest first: {all:?}");
            assert_eq!(page(&desk, &filter, Place::default(), 100).await.len(), wanted);
        }
        assert_eq!(Place::read("2-318"), Some(Place(2, 318)));
        assert_eq!((Place(2, 318).to_string().as_str(), Place::read("318")), ("2-318", None));
    }
}

/// The causes, the biggest first, with what would close all of them; age, weeks and communes.
#[tokio::test]
async fn groups_name_their_cause_and_what_closes_them() {
    for mut desk in Desk::on_each("mismatch::listed").await {
        let bank = |n: usize| Draft {
            field: "MaNganHang".into(),
            value: "LPB".into(),
            unit: "29869".into(),
            ..Draft::held(&format!("L{n}"), Reason::UnknownCode)
        };
        let mut tx = desk.tx().await;
        mismatch::open(&mut tx, desk.stream, 1, desk.now, &(0..312).map(bank).collect::<Vec<_>>())
            .await
            .expect("opened");
        tx.commit().await.expect("a commit");
        desk.later(10 * DAY);
        desk.found(&[(differs("A", "HoTen"), Right::Person), (differs("B", "HoTen"), Right::Person)]).await;
        let mut tx = desk.tx().await;
        let groups = triage::groups(&mut tx, desk.stream, desk.now, 10).await.expect("groups");
        let told: Vec<_> = groups.iter().map(|g| (g.cause.as_str(), g.count, g.week, g.month, g.older)).collect();
        assert_eq!(told, [("unknown-code MaNganHang LPB", 312, 0, 312, 0), ("differs HoTen", 2, 2, 0, 0)]);
        let closing = |at: usize| {
            let g = &groups[at];
            grouped::closing(&g.kind, &g.reason, &g.cause, g.count)
        };
        assert!(
            closing(0).starts_with("312 hồ sơ: MaNganHang 'LPB' không có trong danh mục: thêm một dòng"),
            "{}",
            closing(0)
        );
        assert!(closing(1).starts_with("2 hồ sơ: giữ của tỉnh"), "{}", closing(1));
        assert_eq!(triage::by_unit(&mut tx, desk.stream).await.expect("units"), [("29869".to_owned(), 314)]);
        drop(tx);
        desk.agree(&["A"]).await;
        let weeks = triage::trend(&mut desk.tx().await, desk.stream, desk.now, 3).await.expect("weeks");
        let told: Vec<_> = weeks.iter().map(|week| (week.opened, week.closed)).collect();
        assert_eq!(told, [(2, 1), (312, 0), (0, 0)]);
    }
}
