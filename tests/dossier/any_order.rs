//! Any permutation of a dossier's events, however often each comes, ends in the same state.

use jiff::civil::date;
use molisa_gateway::intake::clock::{Dossier, Reading};
use molisa_gateway::intake::clock_rules::ClockRules;
use molisa_gateway::intake::course::{Course, Step};
use molisa_gateway::store::dossiers;
use proptest::prelude::*;

use super::rules;
use crate::support::dossiers::House;

/// Steps of every status, many of them in the same minute, forward and back.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (1..29_u8, 0..3_u8, 0..5_u8, 1..11_u8).prop_map(|(day, hour, key, status)| Step {
        at: format!("202611{day:02}{hour:02}0000"),
        key: format!("k{key}"),
        status: status.to_string(),
    });
    prop::collection::vec(step, 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_clock_does_not_depend_on_how_steps_arrive(
        (steps, shuffled, again) in steps().prop_flat_map(|steps| {
            let repeated = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
            (Just(steps.clone()), Just(steps).prop_shuffle(), repeated)
        }),
        day in 1..31_i8,
        withdrawn in any::<bool>(),
    ) {
        let rules = rules_once();
        let portal = withdrawn.then(|| ("7".to_owned(), "20261115100000".to_owned()));
        let of = |steps: Vec<Step>| Dossier {
            procedure: "1.001776".into(), received_at: "20261102080000".into(), portal: portal.clone(), steps,
            ..Dossier::default()
        };
        let mut other = shuffled;
        if !other.is_empty() {
            let repeats: Vec<Step> = again.iter().map(|index| index.get(&other).clone()).collect();
            other.extend(repeats);
        }
        let (one, two) = (of(steps.clone()).read(rules, date(2026, 11, day)), of(other.clone()).read(rules, date(2026, 11, day)));
        prop_assert_eq!(&one, &two);
        let (one, two) = (Course::of(steps, &rules.moves), Course::of(other, &rules.moves));
        prop_assert_eq!(&one, &two);
        // Forward only.
        for pair in one.taken.windows(2) {
            prop_assert!(!rules.moves.is_back(&pair[0].status, &pair[1].status), "{:?}", pair);
        }
    }
}

fn rules_once() -> &'static ClockRules {
    static RULES: std::sync::OnceLock<ClockRules> = std::sync::OnceLock::new();
    RULES.get_or_init(rules)
}

/// The steps of one dossier, in order: papers are asked for, and it ends.
const STEPS: [(&str, &str); 6] = [
    ("20261102080000", "2"),
    ("20261103080000", "4"),
    ("20261105080000", "5"),
    ("20261112080000", "4"),
    ("20261118080000", "9"),
    ("20261119080000", "10"),
];

async fn clock(house: &House, leave_out: &[String]) -> Reading {
    let mut tx = house.store.read().await.unwrap();
    let steps = dossiers::steps(&mut tx, "cong", &["H1"]).await.unwrap();
    let steps = steps.into_iter().filter(|step| !leave_out.contains(&step.key));
    let steps = steps.map(|step| Step { at: step.lane_at, key: step.key, status: step.status }).collect();
    let dossier = Dossier { procedure: "1.001776".into(), steps, ..Dossier::default() };
    dossier.read(rules_once(), date(2026, 11, 20))
}

#[tokio::test]
async fn however_steps_arrive_portal_and_clock_end_in_the_same_state() {
    let (mut ends, mut late_matters) = (Vec::new(), 0);
    for seed in 0..10_usize {
        let house = House::new().await;
        house.dossier("H1", "2", "2");
        // A walk through all places; the first is the order of time.
        let order: Vec<usize> = (0..7).map(|n| (n * (seed % 6 + 1) + seed / 2) % 7).filter(|n| *n < 6).collect();
        let mut newest = 0;
        for part in order.chunks(seed % 3 + 1) {
            for &nth in part {
                let (at, status) = STEPS[nth];
                house.sql(&format!("insert into buoc values ('k{nth}', 'H1', '{at}', '{status}')"));
                newest = newest.max(nth);
            }
            house.sql(&format!("update ho_so set nay = '{}'", STEPS[newest].1));
            house.sync_with(true).await;
        }
        // Told again, nothing changes.
        house.sql("update ho_so set ghi_chu = 'lặp lại'");
        house.sync_with(true).await;
        house.portal.assert_clean();
        let store = rusqlite::Connection::open(house.dir.path().join("store.db")).unwrap();
        let lane: (String, String) = store
            .query_row("select status, at from lane_state where lane = 'H1'", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        let mut asked = store.prepare("select key from outbox where state = 'late'").unwrap();
        let held: Vec<String> = asked.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let reading = clock(&house, &[]).await;
        late_matters += u32::from(clock(&house, &held).await != reading);
        let there = house.portal.0.lock().unwrap().log.iter().rev().find(|e| e.lane == "H1").unwrap().status.clone();
        ends.push((lane, there, reading));
    }
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
    assert_eq!((ends[0].0.0.as_str(), ends[0].1.as_str(), ends[0].2.status.as_str()), ("10", "10", "10"));
    // Else the steps that came late would prove nothing.
    assert!(late_matters > 2, "{late_matters}");
}
