//! The mapping down: what a portal says of an application becomes the province's record. The fixtures
//! (`fixtures/dvcbtxh-tiep-nhan`) were written by hand from the contract.
#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::civil::{Date, date};
use molisa_gateway::mapping::{About, Mapping};
use molisa_gateway::model::{Application, Decisions, Judgement, RawRow, Severity};
use serde_json::Value;

use super::{mappings, told};
use crate::support::xml;

const TODAY: Date = date(2023, 12, 18);

fn shipped() -> Mapping {
    Mapping::load(mappings(), "dvcbtxh", "tiep-nhan").unwrap_or_else(|faults| panic!("{faults}"))
}

/// The mapping with some of its lines changed.
fn changed(changes: &[(&str, &str)]) -> Mapping {
    let file = mappings().join("dvcbtxh/tiep-nhan.toml");
    let mut text = std::fs::read_to_string(&file).unwrap();
    for (from, to) in changes {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, to);
    }
    Mapping::parse(&file, &text, &mappings().join("codes")).unwrap_or_else(|faults| panic!("{faults}"))
}

/// An item of a portal's answer as an application; read apart from how the gateway reads it.
pub(crate) fn application(item: &Value) -> Application {
    let mut application = Application::default();
    for (name, value) in item.as_object().unwrap() {
        match value {
            Value::String(text) if name.eq_ignore_ascii_case("CertificateExtentData") => {
                for list in xml::parse(text).children {
                    let cell = |cell: &xml::Node| (cell.name.clone(), cell.text.clone());
                    let row = |row: &xml::Node| row.children.iter().map(cell).collect::<BTreeMap<_, _>>();
                    application.put_list(&format!("{name}.{}", list.name), list.children.iter().map(row));
                }
            }
            Value::String(text) => application.put(name, text),
            Value::Null => {}
            other => application.put(name, &other.to_string()),
        }
    }
    application
}

/// Runs something over the application's columns, as the intake makes them.
fn with<T>(mapping: &Mapping, item: &Value, run: impl FnOnce(&RawRow<'_>) -> T) -> T {
    let application = application(item);
    let cells: Vec<Option<String>> = mapping.columns().iter().map(|c| application.column(&c.name)).collect();
    run(&RawRow { number: 1, columns: cells.iter().map(Option::as_deref).collect() })
}

fn judge(mapping: &Mapping, item: &Value) -> Judgement {
    with(mapping, item, |row| mapping.judge(row, TODAY))
}

fn cases() -> Vec<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/dvcbtxh-tiep-nhan/cases.json");
    let fixture: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(fixture["today"], TODAY.to_string());
    fixture["cases"].as_array().unwrap().clone()
}

/// A good application with some fields changed.
fn good(changes: &[(&str, &str)]) -> Value {
    let mut item = cases()[1]["item"].clone();
    for (name, value) in changes {
        item[name.to_uppercase()] = Value::from(*value);
    }
    item
}

#[test]
fn the_mapping_is_without_faults_and_its_examples_pass() {
    let faults = Mapping::check(mappings(), "dvcbtxh", "tiep-nhan");
    assert!(faults.0.is_empty(), "{faults}");
    assert!(shipped().run_examples().len() >= 4);
    assert!(shipped().fields().iter().any(|field| field.field == "ma_xa" && field.code_list == "units-2020"));
}

#[test]
fn items_become_the_provinces_records() {
    let mapping = shipped();
    let cases = cases();
    assert!(cases.len() >= 10);
    for case in cases {
        let judged = judge(&mapping, &case["item"]);
        let key = &case["item"];
        for (name, severity) in [("held", Severity::Block), ("warn", Severity::Warn)] {
            let got: BTreeSet<&str> =
                judged.complaints.iter().filter(|c| c.severity == severity).map(|c| c.reason.word()).collect();
            let wanted: BTreeSet<&str> = case[name].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
            assert_eq!(got, wanted, "{key}: {:?}", judged.complaints);
        }
        assert_eq!(case["unit"], judged.unit, "{key}");
        match case.get("record") {
            Some(record) => assert_eq!(serde_json::from_str::<Value>(&judged.canonical).unwrap(), *record, "{key}"),
            None => assert_eq!(judged.canonical, "", "{key}"),
        }
    }
}

/// What lists show is known of an application that waits as well.
#[test]
fn a_list_shows_what_is_known_of_one_that_waits() {
    let mapping = shipped();
    let about = |item: &Value| with(&mapping, item, |row| mapping.about(row, TODAY, &Decisions::default()));
    let wanted = About {
        procedure: "1.001731".into(),
        office: "UBND Thành phố Cao Lãnh".into(),
        unit: "29869".into(),
        filed_at: "20230615080500".into(),
        received_at: "20230615091000".into(),
    };
    assert_eq!(about(&good(&[])), wanted);
    let waits = about(&good(&[("donvixuly", "Phòng Lạ"), ("ngaytiepnhan", "x")]));
    assert_eq!(waits, About { office: String::new(), received_at: String::new(), ..wanted });
}

/// A portal on the catalogue of 2025 and a table of 2020, and the other way round.
#[test]
fn units_become_those_of_the_local_catalogue() {
    let at = |district: &str, commune: &str| good(&[("mahuyen", district), ("maxa", commune)]);
    let unit = |judged: &Judgement| {
        assert_eq!(told(judged), [""; 0]);
        let record: Value = serde_json::from_str(&judged.canonical).unwrap();
        ["ma_tinh", "ma_huyen", "ma_xa"].map(|f| record[f].as_str().unwrap().to_owned())
    };
    let forward = changed(&[("from = \"2020\"\nto = \"2020\"", "from = \"2020\"\nto = \"2025\"")]);
    assert_eq!(unit(&judge(&forward, &at("866", "29869"))), ["82", "", "29869"]);
    // 30079 was split between 30025 and 30088.
    let split = judge(&forward, &at("873", "30079"));
    let gravest = split.held_for().expect("a person must say");
    assert_eq!((gravest.reason.word(), gravest.field.as_str()), ("unit-split", "ma_xa"));
    let candidates = gravest.proposal.as_deref().unwrap();
    assert!(candidates.contains("30025") && candidates.contains("30088"), "{candidates}");
    // One whose codes are of 2025 already says so.
    let already = good(&[("danhmucdvhc", "2025"), ("matinh", "82"), ("mahuyen", ""), ("maxa", "30157")]);
    assert_eq!(unit(&judge(&forward, &already)), ["82", "", "30157"]);

    let back = changed(&[
        ("from = \"2020\"\nto = \"2020\"", "from = \"2025\"\nto = \"2020\""),
        ("list = \"units-2020-2025\"\nprovince", "list = \"units-2025-2020\"\nprovince"),
    ]);
    let new = good(&[("matinh", "82"), ("mahuyen", ""), ("maxa", "30157")]);
    let judged = judge(&back, &new);
    let gravest = judged.held_for().expect("a person must say");
    assert_eq!((gravest.reason.word(), gravest.field.as_str()), ("unit-split", "ma_xa"));
    assert!(gravest.proposal.as_deref().unwrap().contains("30157"), "{gravest:?}");
    // What a person then sets: the old codes, and that they are old.
    let routed = good(&[("danhmucdvhc", "2020"), ("matinh", "87"), ("mahuyen", "866"), ("maxa", "29869")]);
    assert_eq!(unit(&judge(&back, &routed)), ["87", "866", "29869"]);
}

/// Every old commune of every new one is a candidate, and no other.
#[test]
fn the_list_back_is_the_list_forth_turned_round() {
    let pairs = |list: &str| -> BTreeSet<(String, String)> {
        let text = std::fs::read_to_string(mappings().join("codes").join(list)).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let all = rows.iter().flat_map(|row| row[2].split(';').map(|s| (row[0].to_owned(), s.to_owned())));
        all.collect()
    };
    let turned: BTreeSet<(String, String)> =
        pairs("units-2020-2025.csv").into_iter().map(|(old, new)| (new, old)).collect();
    assert_eq!(pairs("units-2025-2020.csv"), turned);
}
