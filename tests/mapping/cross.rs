//! The rules between programmes and what mappings say to them: every wrong word is told, with file and line.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its files has failed")]

use std::path::Path;

use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::{RawRow, Said};

use super::mappings;

/// The faults of a mapping after a change in the rules between programmes, and one in the mapping itself.
fn faults(rules: (&str, &str), mapping: (&str, &str)) -> String {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(mappings().join("codes")).unwrap().flatten() {
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let changed = |text: String, (from, to): (&str, &str)| {
        assert!(from.is_empty() || text.contains(from), "{from}");
        text.replacen(from, to, 1)
    };
    let cross = std::fs::read_to_string(folder.path().join("cross.toml")).unwrap();
    std::fs::write(folder.path().join("cross.toml"), changed(cross, rules)).unwrap();
    let text = std::fs::read_to_string(mappings().join("misposasoft/doi-tuong.toml")).unwrap();
    match Mapping::parse(Path::new("m.toml"), &changed(text, mapping), folder.path()) {
        Ok(_) => String::new(),
        Err(faults) => faults.to_string(),
    }
}

#[test]
fn every_wrong_word_in_the_rules_is_told_with_its_line() {
    assert_eq!(faults(("", ""), ("", "")), "");
    for (from, to, told) in [
        ("\"5.8\"]", "\"5.88\"]", "không có nhóm `5.88`"),
        ("programme = \"facility\", flag", "programme = \"facilty\", flag", "`facilty`; có phải"),
        ("reason = \"double-benefit\"", "reason = \"double\"", "không có lý do `double`"),
        ("kind = \"two-here\"", "kind = \"twice\"", "kind `twice`"),
        ("tie = \"subject\"", "tie = \"object\"", "tie `object`"),
        ("\nholds = false", "\nhold = false", "`hold`"),
        ("\nholds = false", "\nholds = 1", "holds"),
        ("checked = \"source\"", "checked = \"yes\"", "checked `yes`"),
        ("groups = \"groups\"", "groups = \"group\"", "`group`; có phải"),
        ("[[end]]\nends = \"funeral\"", "[[end]]\nends = \"funerals\"", "`funerals`"),
    ] {
        let seen = faults((from, to), ("", ""));
        let line = seen.lines().find(|line| line.contains(told)).unwrap_or_else(|| panic!("{told}: {seen}"));
        let place = line.split("cross.toml:").nth(1).and_then(|rest| rest.split(':').next());
        assert!(place.is_some_and(|line| line.parse::<usize>().is_ok_and(|line| line > 1)), "{line}");
    }
}

#[test]
fn every_wrong_word_in_what_a_mapping_says_is_told_with_its_line() {
    for (from, to, told) in [
        ("programme = \"allowance\"", "programme = \"allowances\"", "không có chương trình `allowances`"),
        ("until = \"DenThang\"", "until = \"DenThnag\"", "không có trường `DenThnag`"),
        ("is = [\"CHUYEN_DI\"]", "is = [\"CHUYEN\"]", "không có mã `CHUYEN`"),
        ("earlier = \"MaDinhDanhCu\"", "early = \"MaDinhDanhCu\"", "`early`"),
        ("stopped = [\"NgayDung\", \"DenThang\"]", "stopped = [\"NgayMat\"]", "không có trường `NgayMat`"),
    ] {
        let seen = faults(("", ""), (from, to));
        let line = seen.lines().find(|line| line.contains(told)).unwrap_or_else(|| panic!("{told}: {seen}"));
        assert!(line.starts_with("m.toml:"), "{line}");
    }
}

fn said(changes: &[(&str, &str)]) -> Option<Said> {
    let mapping = Mapping::load(mappings(), "misposasoft", "doi-tuong").unwrap();
    let base = [("ma_ho_so", "A"), ("nhom", "5.5c"), ("tu_thang", "03/2023"), ("trang_thai", "Đang hưởng")];
    let value = |name: &str| {
        let all = changes.iter().chain(&base);
        all.clone().find(|(n, _)| *n == name).map(|(_, v)| *v)
    };
    let columns = mapping.columns().iter().map(|c| value(&c.name)).collect();
    mapping.judge(&RawRow { number: 1, columns }, "2023-12-18".parse().unwrap()).said.map(|said| *said)
}

#[test]
fn a_row_says_who_in_what_from_when_to_when() {
    let one = said(&[("so_giay_to", "087141000123"), ("so_cu", "340 123 457"), ("den_thang", "12/2023")]).unwrap();
    let fact = &one.fact;
    assert_eq!((fact.programme.as_str(), fact.group.as_str(), one.value.as_str()), ("allowance", "5.5c", "5.5c"));
    let days = [fact.from, fact.until].map(|d| d.unwrap().to_string());
    assert_eq!(days, ["2023-03-01", "2023-12-31"]);
    let old = said(&[("so_giay_to", "340123457")]).unwrap();
    assert!(fact.earlier.is_some() && fact.earlier == old.fact.person && fact.person != old.fact.person);
    for (number, kind) in [("", ""), ("111111111", ""), ("87141000123", "CCCD"), ("12/2020", "Giấy khai sinh")] {
        let person = said(&[("so_giay_to", number), ("loai_giay_to", kind)]).and_then(|said| said.fact.person);
        assert_eq!(person, None, "{number} is nobody");
    }
}

#[test]
fn a_stop_ends_what_the_row_says() {
    let stop = [("trang_thai", "Thôi hưởng"), ("ngay_dung", "2023-12-10"), ("so_giay_to", "087141000123")];
    let fact = said(&stop).unwrap().fact;
    assert!(fact.over && fact.person.is_some());
    assert_eq!(fact.until.unwrap().to_string(), "2023-12-10");
    assert!(said(&[("trang_thai", "Chuyển đi"), ("so_giay_to", "087141000123")]).unwrap().fact.over);
    assert!(!said(&[("trang_thai", "Tạm dừng"), ("so_giay_to", "087141000123")]).unwrap().fact.over);
}
