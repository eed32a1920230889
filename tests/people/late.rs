//! An application whose time has run out is told of once, until it is decided.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};
use molisa_gateway::model::Clock as _;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};

use crate::dossier::rules;
use crate::support::inbox::{Office, before, body};

const OPEN: &str = "select key || ' ' || reason || ' ' || place || ' ' || value || ' ' || unit || ' ' || cast(relapses as text) || ' ' \
    || cast(occurrences as text) from mismatch where kind = 'late' and closed_ms is null order by key";
const DAY: i64 = 86_400_000;

/// Received on Monday 9 November 2026: its last day is Monday the 23rd; today is the 24th.
fn received(number: &str, at: &str, status: &str) -> Value {
    let mut one = body(number, "30001", status);
    one["ngayTiepNhan"] = json!(at);
    one
}

#[tokio::test]
async fn a_late_application_is_told_of_until_it_is_decided() {
    for mut office in Office::on_each("late").await {
        office.intake.clock = Some(rules());
        office.portal.file(before(30), received("H20.1", "20261109093000", "4"));
        office.portal.file(before(20), received("H20.2", "20261110093000", "4"));
        office.portal.file(before(10), received("H20.3", "20261109093000", "10"));
        office.pull().await;
        assert_eq!(office.texts(OPEN).await, ["H20.1 overdue clock 23/11/2026 30001 0 1"]);
        // Looked at again on the same day it is not seen once more; the next day makes another one late.
        office.hands.pass(600_000);
        office.pull().await;
        assert_eq!(office.texts(OPEN).await, ["H20.1 overdue clock 23/11/2026 30001 0 1"]);
        office.hands.pass(DAY);
        office.pull().await;
        let two = ["H20.1 overdue clock 23/11/2026 30001 0 2", "H20.2 overdue clock 25/11/2026 30001 0 1"];
        assert_eq!(office.texts(OPEN).await.len(), 1, "the 25th is the last day of the second one");
        office.hands.pass(DAY);
        office.pull().await;
        assert_eq!(office.texts(OPEN).await, [two[0].replace(" 0 2", " 0 3"), two[1].to_owned()]);
        // The citizen withdrew one of them at the portal.
        let now = office.hands.now();
        office.portal.file(now, received("H20.1", "20261109093000", "7"));
        office.hands.pass(600_000);
        office.pull().await;
        assert_eq!(office.texts(OPEN).await, [two[1]]);
    }
}

#[tokio::test]
async fn whatever_a_crash_cuts_off_is_told_by_the_next_pull() {
    let mut died = 0;
    for polls in (1..60).step_by(4) {
        let mut office = Office::new().await;
        office.intake.clock = Some(rules());
        for nth in 0..5 {
            office.portal.file(before(30), received(&format!("H20.{nth}"), "20261109093000", "4"));
        }
        died += u32::from(office.dies(1, polls).await);
        office.pull().await;
        assert_eq!(office.texts(OPEN).await.len(), 5, "{polls}");
    }
    assert!(died > 3, "{died} runs died");
}

/// The tenth working day after that of the receipt. The 24th of November is the only holiday of this autumn.
fn last_day(received: Date) -> Date {
    let works =
        |day: &Date| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && *day != date(2026, 11, 24);
    received.series(1.day()).skip(1).filter(works).nth(9).expect("a day")
}

/// Received so many days before the 24th of November, always on a weekday, and what became of it.
fn applications() -> impl Strategy<Value = Vec<(i64, &'static str)>> {
    let weekday = |ago: &i64| {
        !matches!(date(2026, 11, 24).saturating_sub(ago.days()).weekday(), Weekday::Saturday | Weekday::Sunday)
    };
    let one = ((1_i64..45).prop_filter("on a weekday", weekday), prop::sample::select(vec!["4", "4", "4", "10", "7"]));
    proptest::collection::vec(one, 60..=120)
}

async fn tell(filed: &[(i64, &'static str)]) {
    for mut office in Office::on_each("late, all").await {
        office.intake.clock = Some(rules());
        let mut expected = BTreeMap::new();
        for (nth, (ago, status)) in filed.iter().enumerate() {
            let (number, day) = (format!("H20.{nth:03}"), date(2026, 11, 24).saturating_sub(ago.days()));
            let at = day.strftime("%Y%m%d093000").to_string();
            office.portal.file(before(300 - i64::try_from(nth).expect("a number")), received(&number, &at, status));
            let last = last_day(day);
            if *status == "4" && last < date(2026, 11, 24) {
                expected.insert(number, last.strftime("%d/%m/%Y").to_string());
            }
        }
        office.pull().await;
        let open = office.texts(OPEN).await;
        let told: BTreeMap<String, String> = open
            .iter()
            .map(|row| row.split(' ').collect::<Vec<_>>())
            .map(|row| {
                assert_eq!((row[1], row[2], row[4]), ("overdue", "clock", "30001"));
                (row[0].to_owned(), row[3].to_owned())
            })
            .collect();
        assert_eq!((told, open.len()), (expected.clone(), expected.len()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, max_shrink_iters: 60, rng_seed: RngSeed::Fixed(11), ..ProptestConfig::default() })]

    #[test]
    fn every_application_that_is_late_is_told_of_and_no_other(filed in applications()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(tell(&filed));
    }
}
