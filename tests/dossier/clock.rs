//! Until when a dossier must be decided: working days, days of waiting, the rules at its date.

use std::fs;

use jiff::civil::{Date, date};
use molisa_gateway::codes::CodeLists;
use molisa_gateway::intake::clock::{Dossier, Reading, Verdict};
use molisa_gateway::intake::clock_rules::{ClockLists, ClockRules};
use molisa_gateway::intake::course::Step;

use super::rules;

/// Received on Monday 9 November 2026, for a monthly allowance: ten working days since July 2025. 24 November is off.
fn dossier(steps: &[(&str, &str)]) -> Dossier {
    let step = |(n, (at, status)): (usize, &(&str, &str))| Step {
        at: format!("{at}080000"),
        key: n.to_string(),
        status: (*status).to_owned(),
    };
    Dossier {
        procedure: "1.001776.000.00.00.H20".into(),
        received_at: "20261109093000".into(),
        filed_at: "20261107200000".into(),
        steps: steps.iter().enumerate().map(step).collect(),
        ..Dossier::default()
    }
}

fn on(dossier: &Dossier, day: i8) -> Reading {
    dossier.read(&rules(), date(2026, 11, day))
}

fn shown(reading: &Reading) -> (Verdict, u32, Option<Date>) {
    (reading.verdict, reading.used, reading.due)
}

#[test]
fn the_last_day_is_so_many_working_days_after_the_reception() {
    use Verdict::{AtRisk, Due, Late, Running};

    let one = dossier(&[("20261109", "2"), ("20261110", "4")]);
    let reading = on(&one, 9);
    assert_eq!(shown(&reading), (Verdict::Running, 0, Some(date(2026, 11, 23))));
    assert_eq!(reading.limit, Some((10, "Nghị định 147/2025/NĐ-CP".to_owned())));
    let verdicts = [18, 19, 20, 21, 23, 24, 25].map(|day| on(&one, day).verdict);
    assert_eq!(verdicts, [Running, AtRisk, AtRisk, AtRisk, Due, Late, Late]);
    // Filed before, received never: the filing counts.
    let unreceived = Dossier { received_at: String::new(), ..dossier(&[("20261107", "1")]) };
    assert_eq!(on(&unreceived, 9).started, Some(date(2026, 11, 7)));
    // The first step that takes it in is its reception.
    let taken = Dossier { received_at: String::new(), ..dossier(&[("20261107", "1"), ("20261112", "2")]) };
    assert_eq!(on(&taken, 12).started, Some(date(2026, 11, 12)));
}

#[test]
fn the_clock_stands_while_papers_are_asked_for() {
    let mut one = dossier(&[("20261110", "4"), ("20261112", "5")]);
    // The 10th, 11th and 12th counted.
    let reading = on(&one, 20);
    assert_eq!((shown(&reading), reading.late), ((Verdict::Suspended, 3, None), false));
    one.steps.push(Step { at: "20261117150000".into(), key: "9".into(), status: "4".into() });
    // Seven are left, after the 17th; the 24th is off.
    let reading = on(&one, 20);
    assert_eq!(shown(&reading), (Verdict::Running, 6, Some(date(2026, 11, 27))));
    // Asked for and brought on the same day: nothing is lost.
    let same = dossier(&[("20261112", "5"), ("20261112", "4")]);
    assert_eq!(on(&same, 13).due, on(&dossier(&[]), 13).due);
}

#[test]
fn what_is_late_stays_late_and_what_is_over_stops_the_clock() {
    let missed = dossier(&[("20261126", "5")]);
    let reading = on(&missed, 30);
    assert_eq!((reading.verdict, reading.late, reading.due), (Verdict::Late, true, Some(date(2026, 11, 23))));
    let ended = dossier(&[("20261120", "9"), ("20261130", "10")]);
    let reading = on(&ended, 30);
    assert_eq!((reading.verdict, reading.late, reading.ended), (Verdict::Over, false, Some(date(2026, 11, 20))));
    let reading = on(&dossier(&[("20261125", "9")]), 30);
    assert_eq!((reading.verdict, reading.late), (Verdict::Over, true));
    // A citizen's withdrawal is known to the portal only.
    let withdrawn = Dossier { portal: Some(("7".into(), "20261113100000".into())), ..dossier(&[("20261110", "4")]) };
    let reading = on(&withdrawn, 30);
    assert_eq!(
        (reading.status.as_str(), reading.verdict, reading.ended),
        ("7", Verdict::Over, Some(date(2026, 11, 13)))
    );
    // Our own status coming back is none.
    let echo = Dossier { portal: Some(("4".into(), "20261113100000".into())), ..dossier(&[("20261110", "4")]) };
    assert_eq!(on(&echo, 13), on(&dossier(&[("20261110", "4")]), 13));
}

#[test]
fn the_rules_are_those_of_the_day_on_which_it_began() {
    let of = |received: &str| {
        let one = Dossier { received_at: received.into(), ..dossier(&[]) };
        one.read(&rules(), date(2025, 8, 1)).limit.map(|(days, _)| days)
    };
    assert_eq!((of("20250630160000"), of("20250701080000"), of("20200101080000")), (Some(17), Some(10), None));
    let unknown = Dossier { procedure: "9.999999".into(), ..dossier(&[]) };
    assert_eq!(on(&unknown, 20).verdict, Verdict::NoLimit);
}

#[test]
fn a_mistake_in_a_list_is_told_at_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings/codes");
    for list in ["time-limits", "holidays", "dossier-clock", "dossier-moves"] {
        fs::copy(from.join(format!("{list}.csv")), folder.path().join(format!("{list}.csv"))).unwrap();
    }
    let read = || {
        let names = ClockLists {
            limits: "time-limits",
            holidays: "holidays",
            statuses: "dossier-clock",
            moves: "dossier-moves",
        };
        ClockRules::read(&mut CodeLists::new(folder.path()), names, 2).map(|_| ()).map_err(|faults| faults.to_string())
    };
    assert_eq!(read(), Ok(()));
    fs::write(folder.path().join("dossier-clock.csv"), "code,name,clock\n1,a,runs\n2,b,stands\n").unwrap();
    assert!(read().unwrap_err().contains("dossier-clock.csv:3"), "{:?}", read());
    fs::write(folder.path().join("time-limits.csv"), "code,name,working_days\n1.1,a,0\n").unwrap();
    assert!(read().unwrap_err().contains("time-limits.csv:2"), "{:?}", read());
}
