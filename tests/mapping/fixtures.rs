//! Source rows and the documents expected of them (`fixtures/<entity>`). The expected side was written by hand from the
//! contract, its `PhienBan` by another program: the gateway never made it.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read has failed")]

use std::collections::BTreeSet;
use std::path::Path;

use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::{Action, ContentHash, RawRow, Severity};
use serde_json::Value;

use super::{ENTITIES, mappings, shipped};

#[test]
fn rows_become_the_documents_of_the_contract() {
    for entity in ENTITIES {
        compare(entity);
    }
}

#[test]
fn rows_become_the_dossiers_of_the_contract() {
    for (system, entity) in super::dossiers::DOSSIERS {
        let mapping = Mapping::load(mappings(), system, entity).unwrap();
        compare_with(&mapping, &format!("{system}-{entity}"));
    }
}

fn compare(entity: &str) {
    compare_with(&shipped(entity), entity);
}

fn compare_with(mapping: &Mapping, folder: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
    let expected: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json")).unwrap()).unwrap();
    let today = expected["today"].as_str().unwrap().parse().unwrap();
    let mut rows = csv::Reader::from_path(folder.join("rows.csv")).unwrap();
    let headers = rows.headers().unwrap().clone();
    let documents = expected["documents"].as_array().unwrap();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), documents.len());
    for (row, wanted) in rows.iter().zip(documents) {
        let column = |name: &str| headers.iter().position(|h| h == name).and_then(|at| row.get(at));
        let columns =
            mapping.columns().iter().map(|c| Some(column(&c.name).expect("the fixture has every column"))).collect();
        let judged = mapping.judge(&RawRow { number: 1, columns }, today);
        let key = wanted["MaThamChieu"].as_str().unwrap();
        assert_eq!(column(mapping.key()), Some(key));
        let word = if judged.action == Action::Stop { "DUNG" } else { "GHI" };
        assert_eq!(wanted["ThaoTac"], word, "{key}");
        assert_eq!(wanted["unit"], judged.unit, "{key}");
        for (name, severity) in [("held", Severity::Block), ("warn", Severity::Warn)] {
            let got: BTreeSet<&str> =
                judged.complaints.iter().filter(|c| c.severity == severity).map(|c| c.reason.word()).collect();
            let wanted: BTreeSet<&str> = wanted[name].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
            assert_eq!(got, wanted, "{key}: {:?}", judged.complaints);
        }
        let Some(record) = wanted.get("DoiTuong") else {
            assert_eq!(judged.canonical, "", "{key}");
            continue;
        };
        let got: Value = serde_json::from_str(&judged.canonical).unwrap();
        assert_eq!(got, *record, "{key}");
        assert_eq!(wanted["PhienBan"], ContentHash::of(word, &judged.canonical).to_string(), "{key}");
    }
}
