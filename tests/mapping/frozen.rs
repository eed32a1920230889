//! What a record never changes once it is confirmed: which change is told, and every wrong word in the mapping.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]

use std::path::Path;

use molisa_gateway::mapping::Mapping;

use super::{mappings, shipped};

const FROZEN: &str = "[[frozen]]\nfield = \"SoTien\"\n";

/// The mapping of payments after a change; its faults where there are any.
fn changed(from: &str, to: &str) -> Result<Mapping, String> {
    let text = std::fs::read_to_string(mappings().join("misposasoft/chi-tra.toml")).unwrap();
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1);
    Mapping::parse(Path::new("m.toml"), &text, &mappings().join("codes")).map_err(|faults| faults.to_string())
}

#[test]
fn a_frozen_field_is_told_when_it_changes_and_no_other() {
    let mapping = shipped("chi-tra");
    let had = r#"{"KetQuaChi":"","SoTien":"500000","TruyLinh":""}"#;
    let told = mapping.thawed(had, r#"{"KetQuaChi":"DA_CHI","SoTien":"540000","TruyLinh":""}"#);
    let told: Vec<_> = told.iter().map(|c| (c.reason.word(), c.field.as_str(), c.value.as_str())).collect();
    assert_eq!(told, [("amount", "SoTien", "540000")]);
    for same in [r#"{"KetQuaChi":"DA_CHI","SoTien":"500000","TruyLinh":"40000"}"#, had] {
        assert!(mapping.thawed(had, same).is_empty(), "{same}");
    }
    assert!(mapping.thawed(r#"{"TruyLinh":""}"#, had).is_empty(), "what it did not have was never confirmed");
    assert!(mapping.freezes() && !shipped("doi-tuong").freezes());
}

#[test]
fn a_field_may_be_frozen_only_where_the_confirmed_record_has_a_word() {
    let mapping = changed(FROZEN, &format!("{FROZEN}when = {{ field = \"KetQuaChi\", is = [\"DA_CHI\"] }}\n")).unwrap();
    for (result, told) in [("DA_CHI", 1), ("CHUA_NHAN", 0), ("", 0)] {
        let had = format!(r#"{{"KetQuaChi":"{result}","SoTien":"500000"}}"#);
        assert_eq!(mapping.thawed(&had, r#"{"KetQuaChi":"DA_CHI","SoTien":"540000"}"#).len(), told, "{result}");
    }
}

#[test]
fn every_wrong_word_is_told_with_its_line() {
    for (to, told) in [
        ("[[frozen]]\nfield = \"SoTein\"\n", "không có trường `SoTein`"),
        ("[[frozen]]\nfield = \"(kỳ)\"\n", "`(kỳ)` không gửi đi"),
        ("[[frozen]]\nfield = \"SoTien\"\nwhen = { field = \"KetQuaChi\", is = [\"CHI\"] }\n", "không có mã `CHI`"),
        ("[[frozen]]\nfield = \"SoTien\"\nwhen = { field = \"(kỳ)\", is = [\"x\"] }\n", "`(kỳ)` không gửi đi"),
        ("[[frozen]]\nfield = \"SoTien\"\nwhat = 1\n", "`what`"),
        ("[[frozen]]\nname = \"SoTien\"\n", "`field`"),
    ] {
        let seen = changed(FROZEN, to).unwrap_err();
        let line = seen.lines().find(|line| line.contains(told)).unwrap_or_else(|| panic!("{told}: {seen}"));
        assert!(line.starts_with("m.toml:"), "{line}");
    }
    let seen = changed("reason = \"amount\"", "reason = \"amuont\"").unwrap_err();
    assert!(seen.contains("không có lý do `amuont`; có phải `amount`"), "{seen}");
}
