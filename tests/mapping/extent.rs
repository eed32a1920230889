//! The XML that stands in a dossier's text is valid against the schema that is kept beside the mapping, by another's
//! program.
#![expect(clippy::unwrap_used, reason = "a document that cannot be written has failed")]
#![expect(clippy::print_stderr, reason = "who tests is told that a program is missing")]

use std::path::Path;
use std::process::Command;

use jiff::civil::Date;
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::RawRow;
use serde_json::Value;

use super::mappings;

const FIELD: &str = "CertificateExtentData";

/// Whether the program that judges is there; where everything is tested it must be.
fn is_there() -> bool {
    let there = Command::new("xmllint").arg("--version").output().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "xmllint is missing: install libxml2-utils");
    if !there {
        eprintln!("skipped: xmllint is missing");
    }
    there
}

fn valid(text: &str) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("extent.xml");
    std::fs::write(&file, text).unwrap();
    let schema = mappings().join("dvcbtxh/extent.xsd");
    let output =
        Command::new("xmllint").args(["--noout", "--nonet", "--schema"]).arg(&schema).arg(&file).output().unwrap();
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// The document of a row as it goes out, and as `mapping preview` shows it; empty without files.
fn shown(mapping: &Mapping, columns: Vec<Option<&str>>, today: Date) -> [String; 2] {
    let row = RawRow { number: 1, columns };
    let judged = mapping.judge(&row, today);
    let record: Value = serde_json::from_str(&judged.canonical).unwrap_or_default();
    let traces = mapping.explain(&row, today);
    let lines = traces.iter().find(|t| t.field == FIELD).map(|t| t.lines.join("\n")).unwrap();
    [record[FIELD].as_str().unwrap_or_default().to_owned(), lines]
}

fn mapping(entity: &str) -> Mapping {
    Mapping::load(mappings(), "dvcbtxh", entity).unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn every_fixture_with_files_is_valid() {
    if !is_there() {
        return;
    }
    for entity in ["ho-so", "mo-ho-so"] {
        let mapping = mapping(entity);
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/dvcbtxh-{entity}"));
        let expected: Value =
            serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json")).unwrap()).unwrap();
        let today = expected["today"].as_str().unwrap().parse().unwrap();
        let mut rows = csv::Reader::from_path(folder.join("rows.csv")).unwrap();
        let headers = rows.headers().unwrap().clone();
        let mut met = 0;
        for row in rows.records().map(Result::unwrap) {
            let column = |name: &str| headers.iter().position(|h| h == name).and_then(|at| row.get(at));
            let columns = mapping.columns().iter().map(|c| column(&c.name)).collect();
            let [sent, lines] = shown(&mapping, columns, today);
            for text in [&sent, &lines].into_iter().filter(|text| text.starts_with('<')) {
                valid(text).unwrap_or_else(|told| panic!("{entity}: {told}\n{text}"));
            }
            met += usize::from(!sent.is_empty());
        }
        assert!(met > 0, "{entity}: no fixture has files");
    }
}

/// A dossier with these files.
fn with(entity: &str, papers: &str, results: &str) -> [String; 2] {
    let mapping = mapping(entity);
    let value = |name: &str| match name {
        "ma_ho_so" => Some("H20.31-230615-0002"),
        "ma_tthc" => Some("1.001731"),
        "ho_ten" => Some("Nguyễn Văn Ví Dụ"),
        "loai_doi_tuong" | "trang_thai" | "trang_thai_dau" => Some("1"),
        "ma_tinh" => Some("87"),
        "ma_huyen" => Some("866"),
        "ma_xa" => Some("29869"),
        "tai_lieu_nop" => Some(papers),
        "giay_to_ket_qua" => Some(results),
        _ => None,
    };
    let columns = mapping.columns().iter().map(|c| value(&c.name)).collect();
    shown(&mapping, columns, "2023-12-18".parse().unwrap())
}

const PAPER: &str =
    r#"{"tep_id":7,"ten_tep":"Đơn & <tờ> \"khai\" 'A' ]]> &amp; 𧜏","duong_dan":"/tep/7?a=1&b=2","tai_su_dung":2}"#;
const RESULT: &str = r#"{"ten":"Quyết định <1> & \"2\"","duong_dan":"/kq/1","ma_giay_to":"]]>"}"#;

#[test]
fn one_and_several_and_what_must_be_escaped_are_valid() {
    if !is_there() {
        return;
    }
    let list = |one: &str, count: usize| format!("[{}]", vec![one; count].join(","));
    for entity in ["ho-so", "mo-ho-so"] {
        for (papers, results) in [(0, 1), (1, 0), (1, 1), (3, 2)] {
            let [sent, lines] = with(entity, &list(PAPER, papers), &list(RESULT, results));
            assert_eq!(sent.matches("<TaiLieuNop>").count(), papers, "{sent}");
            assert_eq!(sent.matches("<GiayToKetQua>").count(), results, "{sent}");
            for text in [&sent, &lines] {
                valid(text).unwrap_or_else(|told| panic!("{entity} {papers} {results}: {told}\n{text}"));
            }
        }
    }
}

#[test]
fn the_schema_takes_no_other_document() {
    if !is_there() {
        return;
    }
    let [sent, _] = with("ho-so", &format!("[{PAPER}]"), &format!("[{RESULT}]"));
    valid(&sent).unwrap();
    for (from, to) in [
        ("TenTepDinhKem>", "TenTepDinhKen>"),
        ("GiayToId", "GiayToID"),
        ("DanhSachTaiLieuNop>", "DanhsachTaiLieuNop>"),
        ("ExtentData>", "Extentdata>"),
        ("<MaKetQuaThayThe/>", ""),
        ("<IsDeleted>0<", "<IsDeleted>2<"),
        ("<DuocTaiSuDung>2<", "<DuocTaiSuDung>3<"),
        ("<DanhSachGiayToKetQua>", "<Khac/><DanhSachGiayToKetQua>"),
        ("<TenGiayTo>", "<MaGiayToKetQua/><TenGiayTo>"),
        ("&amp;", "&"),
    ] {
        assert!(sent.contains(from), "{from}: {sent}");
        assert!(valid(&sent.replace(from, to)).is_err(), "the schema takes {to:?} in place of {from:?}");
    }
}
