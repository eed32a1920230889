//! `[lane]`: what it fills in, what it holds, and what is told when it is written wrongly.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::path::{Path, PathBuf};

use jiff::civil::date;
use molisa_gateway::codes::CodeLists;
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::{Faults, Judgement, RawRow, Reason};

use super::mappings;
use crate::support::dossiers::STEPS;

fn judge(cells: [Option<&str>; 4]) -> Judgement {
    let mapping = Mapping::parse(Path::new("steps.toml"), STEPS, &mappings().join("codes")).unwrap();
    mapping.judge(&RawRow { number: 1, columns: cells.to_vec() }, date(2026, 11, 24))
}

#[test]
fn a_row_tells_its_lane_its_time_and_its_status() {
    let judged = judge([Some("k"), Some(" H20.14-240703-0002 "), Some("20261120103000"), Some("4")]);
    let lane = judged.lane.clone().unwrap();
    assert_eq!(
        (lane.name.as_str(), lane.at.as_str(), lane.status.as_str()),
        ("H20.14-240703-0002", "20261120103000", "4")
    );
    assert!(!judged.canonical.contains("(thời điểm)"));
}

#[test]
fn a_row_that_cannot_be_put_in_order_is_held() {
    let (lane, at, status) = (Some("H1"), Some("20261120103000"), Some("4"));
    for (cells, field, reason) in [
        ([Some("k"), None, at, status], "MaHoSo", Reason::Missing),
        ([Some("k"), lane, Some(" "), status], "(thời điểm)", Reason::Missing),
        ([Some("k"), lane, Some("2026-11-20 10:30"), status], "(thời điểm)", Reason::BadValue),
        ([Some("k"), lane, Some("2026112010300"), status], "(thời điểm)", Reason::BadValue),
        ([Some("k"), lane, at, None], "TrangThai", Reason::Missing),
    ] {
        let judged = judge(cells);
        let complaint = judged.held_for().unwrap_or_else(|| panic!("{cells:?}"));
        assert_eq!((complaint.field.as_str(), complaint.reason, &judged.lane), (field, reason, &None), "{cells:?}");
    }
}

/// The moves of section 3: a step back or not.
#[test]
fn the_moves_that_ship_are_those_of_the_contract() {
    let mut lists = CodeLists::new(&mappings().join("codes"));
    let list = lists.get("dossier-moves").unwrap();
    let (from, to) = (list.column("from").unwrap(), list.column("to").unwrap());
    let back =
        |a: u32, b: u32| list.entries().iter().any(|e| e.extra(from) == a.to_string() && e.extra(to) == b.to_string());
    for ends in [3, 7, 8, 10] {
        assert!((1..=10).filter(|n| *n != ends).all(|n| back(ends, n)), "from the end {ends} to anything else");
    }
    for (a, b, wanted) in [
        (1, 2, false),
        (1, 3, false),
        (1, 9, false),
        (1, 10, false),
        (2, 1, true),
        (2, 3, true),
        (2, 4, false),
        (4, 1, true),
        (4, 2, true),
        (4, 3, true),
        (4, 5, false),
        (5, 4, false),
        (6, 5, false),
        (5, 6, false),
        (4, 9, false),
        (4, 8, false),
        (5, 7, false),
        (9, 10, false),
        (9, 4, true),
        (9, 5, true),
        (9, 6, true),
        (9, 7, true),
        (9, 8, true),
        (9, 2, true),
        (9, 1, true),
        (2, 10, false),
    ] {
        assert_eq!(back(a, b), wanted, "{a} → {b}");
    }
    assert!((1..=10).all(|n| !back(n, n)), "the same again is never one");
}

/// A folder of lists with one of moves, and a mapping that names it.
fn faults(moves: &str, change: (&str, &str)) -> Faults {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("dossier-moves.csv"), moves).unwrap();
    std::fs::write(dir.path().join("states.csv"), "code,name\n1,a\n2,b\n").unwrap();
    assert!(change.0.is_empty() || STEPS.contains(change.0), "{}", change.0);
    let text = if change.0.is_empty() { format!("{STEPS}{}", change.1) } else { STEPS.replace(change.0, change.1) };
    Mapping::parse(&PathBuf::from("steps.toml"), &text, dir.path()).unwrap_err()
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let good = "code,name,from,to\n2-1,x,2,1\n";
    let with_codes = ("from = \"tt\"", "from = \"tt\"\ncode = { list = \"states\" }");
    let stop = "\n[stop]\nwhen = { filled = [\"tt\"] }\n[[stop.field]]\nname = \"Dung\"\nfrom = \"tt\"\n";
    for (moves, change, file, line, says) in [
        (good, ("at = \"(thời điểm)\"", "at = \"(thời điẻm)\""), "steps.toml", 25, "(thời điểm)"),
        (good, ("order = \"dossier-moves\"", "order = \"dossier-move\""), "steps.toml", 27, "dossier-moves"),
        (good, ("status = \"TrangThai\"\n", ""), "steps.toml", 23, "status"),
        (good, ("status = ", "statsu = "), "steps.toml", 26, "statsu"),
        (good, ("", stop), "steps.toml", 23, "[stop]"),
        ("code,name,from\n1,x,1\n", ("", ""), "dossier-moves.csv", 1, "to"),
        ("code,name,from,to\n2-1,x,2,1\n2-2,x,2,2\n", ("", ""), "dossier-moves.csv", 3, "`2` → `2`"),
        ("code,name,from,to\n2-1,x,2,\n", ("", ""), "dossier-moves.csv", 2, "from"),
        ("code,name,from,to\n2-1,x,2,1\n7-1,x,7,1\n", with_codes, "dossier-moves.csv", 3, "`7`"),
    ] {
        let told = faults(moves, change);
        let found = told.0.iter().any(|f| f.file.ends_with(file) && f.line == Some(line) && f.message.contains(says));
        assert!(found, "{file}:{line} {says}: {told:?}");
    }
}
