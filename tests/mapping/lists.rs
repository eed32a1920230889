//! Code lists: what ships is whole; what is wrong in a file is told with its line.

use std::path::Path;

use jiff::civil::date;
use molisa_gateway::codes::{At, By, CodeList, CodeLists, Found};

use super::mappings;

fn shipped(name: &str) -> std::sync::Arc<CodeList> {
    let mut lists = CodeLists::new(&mappings().join("codes"));
    let list = lists.get(name);
    list.unwrap_or_else(|| panic!("{:?}", lists.faults()))
}

fn code(list: &CodeList, text: &str, at: At) -> Option<String> {
    match list.find(text, By::Either, at) {
        Found::Entry(entry) => Some(entry.code.to_string()),
        _ => None,
    }
}

#[test]
fn every_list_that_ships_can_be_read() {
    let mut lists = CodeLists::new(&mappings().join("codes"));
    let names = lists.names();
    assert!(names.len() >= 18, "{names:?}");
    for name in names {
        assert!(lists.get(&name).is_some(), "{name}");
    }
    assert_eq!(lists.faults(), []);
}

#[test]
fn the_units_are_those_of_the_law() {
    let (old, new) = (shipped("units-2020"), shipped("units-2025"));
    let (parent, kind) = (old.column("parent").unwrap(), old.column("kind").unwrap());
    let communes: Vec<_> = old.entries().iter().filter(|e| e.extra(kind) == "commune").collect();
    assert_eq!(communes.len(), 305);
    let of_87 = communes.iter().filter(|e| old.rows(e.extra(parent)).any(|d| d.extra(parent) == "87"));
    assert_eq!(of_87.count(), 141);
    let became = shipped("units-2020-2025");
    let mut split: Vec<&str> = became.entries().iter().filter(|e| e.successors.len() > 1).map(|e| &*e.code).collect();
    split.sort_unstable();
    assert_eq!(split, ["29995", "30079", "30157"]);
    assert_eq!(new.entries().iter().filter(|e| e.extra(new.column("kind").unwrap()) == "commune").count(), 102);
}

#[test]
fn names_are_found_however_they_are_spelt() {
    let ethnic = shipped("ethnic-groups");
    assert_eq!(ethnic.entries().len(), 55);
    for (text, wanted) in [
        ("Kinh", "01"),
        ("KHƠ-ME", "05"),
        ("khơ me", "05"),
        ("H'Mông", "08"),
        ("ê đê", "12"),
        ("55", "55"),
        ("  người  nước ngoài ", "55"),
    ] {
        assert_eq!(code(&ethnic, text, At::Ever).as_deref(), Some(wanted), "{text}");
    }
    assert_eq!(code(&ethnic, "Kính", At::Ever), None);
    for name in [
        "gender",
        "statuses",
        "stop-reasons",
        "payment-methods",
        "paper-kinds",
        "disability-kinds",
        "disability-levels",
        "poor-household",
        "ethnic-groups",
        "banks",
        "rates",
    ] {
        let list = shipped(name);
        for entry in list.entries() {
            let found = list.find(&entry.name, By::Either, At::Ever);
            assert!(matches!(found, Found::Entry(e) if e.code == entry.code), "{name}: {}", entry.name);
        }
    }
}

#[test]
fn a_renamed_bank_keeps_its_number() {
    let banks = shipped("banks");
    let now = At::Day(date(2026, 11, 24));
    for text in ["OceanBank", "MBV", "970414", "Ngân hàng TNHH MTV Việt Nam Hiện Đại"] {
        assert_eq!(code(&banks, text, now).as_deref(), Some("970414"), "{text}");
    }
    assert_eq!(code(&banks, "MBV", At::Day(date(2020, 1, 1))).as_deref(), Some("970414"));
    assert_eq!(code(&banks, "VCB", now).as_deref(), Some("970436"));
}

#[test]
fn a_code_is_asked_at_a_date() {
    let rates = shipped("rates");
    let at = |y, m, d| At::Day(date(y, m, d));
    assert!(matches!(rates.find("20/2021", By::Code, at(2021, 6, 30)), Found::NotThen(_)));
    assert!(matches!(rates.find("20/2021", By::Code, at(2021, 7, 1)), Found::Entry(_)));
    assert!(matches!(rates.find("20/2021", By::Code, at(2024, 7, 1)), Found::NotThen(_)));
    assert!(matches!(rates.find("20/2022", By::Code, At::Ever), Found::Nothing));
    assert_eq!(rates.changes_after("20/2021", By::Either, date(2021, 1, 1)), Some(date(2021, 7, 1)));
    assert_eq!(rates.changes_after("Nghị định 20/2021", By::Either, date(2021, 7, 1)), Some(date(2024, 7, 1)));
    assert_eq!(rates.changes_after("20/2021", By::Either, date(2024, 7, 1)), None);
}

#[test]
fn every_mistake_of_a_file_is_told_with_its_line() {
    let text = "code,name,valid_from,valid_to,successor,checked\n\
                1,One,2020-01-01,2020-12-31,2,source\n\
                1,Uno,2020-06-01,,,source\n\
                2,Two,01/01/2020,,,source\n\
                3,Three,2021-01-01,2020-01-01,9,maybe\n\
                4,\n\
                ,Five,,,,\n";
    let faults = CodeList::parse("x", Path::new("x.csv"), text.to_owned()).unwrap_err();
    let lines: Vec<usize> = faults.0.iter().filter_map(|f| f.line).collect();
    assert_eq!(lines, [3, 4, 5, 5, 5, 6, 7], "{faults}");
    let faults = CodeList::parse("x", Path::new("x.csv"), "cod,name\n1,x\n".to_owned()).unwrap_err();
    assert!(faults.to_string().contains("`code`") && faults.to_string().contains("`cod`"), "{faults}");
    for broken in ["", "\u{0}", "code,name,name\n", "code,name\n\"1,x\n"] {
        let _ = CodeList::parse("x", Path::new("x.csv"), broken.to_owned());
    }
}

#[test]
fn a_name_of_two_codes_finds_neither() {
    let text = "code,name,valid_from,valid_to\n1,Same,,2020-12-31\n2,same,2021-01-01,\n3,Same,2021-01-01,\n";
    let list = CodeList::parse("x", Path::new("x.csv"), text.to_owned()).unwrap();
    assert!(matches!(list.find("SAME", By::Name, At::Ever), Found::Ambiguous));
    assert!(matches!(list.find("SAME", By::Name, At::Day(date(2020, 1, 1))), Found::Entry(e) if &*e.code == "1"));
    assert!(matches!(list.find("SAME", By::Name, At::Day(date(2022, 1, 1))), Found::Ambiguous));
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_list_or_faults(text in "(?s).{0,120}|code,name[,a-z_@]{0,30}\n[a-z0-9,;\"\n-]{0,120}") {
        if let Ok(list) = CodeList::parse("x", Path::new("x.csv"), text) {
            for entry in list.entries() {
                let found = list.find(&entry.code, By::Code, At::Ever);
                proptest::prop_assert!(matches!(found, Found::Entry(_)));
            }
        }
    }
}
