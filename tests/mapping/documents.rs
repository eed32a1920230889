//! What an operator writes in a mapping: every mistake is told with its line and a suggestion.

use std::path::Path;

use jiff::civil::date;
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::{Faults, RawRow};

use super::{SHIPPED, mappings, told};

fn parse(text: &str) -> Result<Mapping, Faults> {
    Mapping::parse(Path::new("m.toml"), text, &mappings().join("codes"))
}

#[test]
fn the_mapping_that_ships_is_without_faults() {
    let faults = Mapping::check(mappings(), "misposasoft", "doi-tuong");
    assert!(faults.0.is_empty(), "{faults}");
    assert!(SHIPPED.run_examples().len() >= 8);
    assert_eq!(SHIPPED.key(), "ma_ho_so");
    assert_eq!(SHIPPED.entity(), "doi-tuong");
}

/// The record of national-systems, section 1, in the order of its table.
#[test]
fn the_record_has_the_contracts_fields_in_order() {
    let wanted = "HoTen NgaySinh NamSinh DoChinhXacNgaySinh GioiTinh DanToc LoaiGiayTo SoGiayTo MaDinhDanhCu MaTinh MaHuyen \
                  MaXa DanhMucDVHC DiaChi ThonTo NhomDoiTuong HeSo MucChuan MucHuong ChinhSach SoQuyetDinh NgayQuyetDinh \
                  CoQuanQuyetDinh TuThang DenThang TrangThai LyDoDung DangTat MucDoKhuyetTat SoGiayXNKT HinhThucChiTra \
                  SoTaiKhoan MaNganHang ChuTaiKhoan NguoiNhanThay QuanHe SoTheBHYT HoNgheo CoSoTroGiup";
    assert_eq!(SHIPPED.layout().names().join(" "), wanted);
}

const BROKEN: &str = r#"[mapping]
entity = "x"
key = "idd"
unti = "A"

[columns]
id = "text"
name = "txt"
born = "text"
never = "text"

[[field]]
name = "A"
from = "nam"
via = ["uper", { pad = "x" }]

[[field]]
name = "A"
from = "name"
constant = "x"

[[field]]
name = "B"
computed = "name ~ boorn"

[[field]]
name = "C"
computed = "name | nothing"

[[field]]
name = "D"
computed = "name ~"
requird = true

[[field]]
name = "E"
from = "born"
code = { list = "ethnic-group", at = "yesterday", by = "colour" }

[[field]]
name = 7
from = "id"

[[rule]]
name = "amounts"

[[rule]]
name = "date-order"
with = { first = "AA", thn = "B" }

[[example]]
name = "e"
today = "1/1/2020"
row = { nme = "x" }
held = ["mising"]
"#;

#[test]
fn all_mistakes_are_told_with_line_and_suggestion() {
    let faults = parse(BROKEN).unwrap_err();
    for (line, words) in [
        (3, "`idd`"),
        (4, "did you mean `unit`"),
        (8, "did you mean `text`"),
        (10, "`never`"),
        (14, "did you mean `name`"),
        (15, "did you mean `upper`"),
        (15, "pad"),
        (18, "twice"),
        (17, "exactly one"),
        (24, "did you mean `born`"),
        (28, "nothing"),
        (32, "bad expression"),
        (33, "did you mean `required`"),
        (38, "did you mean `ethnic-groups`"),
        (38, "`yesterday`"),
        (38, "`colour`"),
        (41, "must be"),
        (44, "did you mean `amount`"),
        (49, "`AA`"),
        (49, "did you mean `then`"),
        (53, "yyyy-MM-dd"),
        (54, "did you mean `name`"),
        (55, "did you mean `missing`"),
    ] {
        let told = faults.0.iter().any(|f| f.line == Some(line) && f.message.contains(words));
        assert!(told, "line {line}: {words}\n{faults}");
    }
    assert!(faults.0.iter().all(|f| f.file == Path::new("m.toml")));
}

#[test]
fn bad_syntax_and_missing_files_are_told() {
    let faults = parse("[mapping]\nentity = \"x\nkey = 1\n").unwrap_err();
    assert_eq!(faults.0[0].line, Some(2), "{faults}");
    let faults = Mapping::load(mappings(), "misposasoft", "doi-tuongg").unwrap_err();
    assert!(faults.to_string().contains("doi-tuongg.toml"), "{faults}");
    let faults = parse(&"#".repeat(1024 * 1024 + 1)).unwrap_err();
    assert!(faults.to_string().contains("1048576"), "{faults}");
    assert!(!parse("").unwrap_err().0.is_empty());
}

#[test]
fn deep_documents_are_refused_and_do_not_overflow_the_stack() {
    for deep in [
        format!("a = {}", "[".repeat(500_000)),
        format!("a = {}", "{a=".repeat(300_000)),
        format!("{}a = 1", "a.".repeat(500_000)),
        format!("[{}a]", "a.".repeat(500_000)),
        format!("[[{}a]]", "a.".repeat(500_000)),
    ] {
        assert!(!parse(&deep).unwrap_err().0.is_empty());
    }
    let expression =
        format!("[columns]\nid = \"text\"\n[[field]]\nname = \"A\"\ncomputed = \"{}\"\n", "(".repeat(900_000));
    assert!(!parse(&expression).unwrap_err().0.is_empty());
}

#[test]
fn an_example_that_fails_is_a_fault_at_its_line() {
    let text = r#"[mapping]
entity = "x"
key = "id"
[columns]
id = "text"
[[field]]
name = "A"
from = "id"
[[example]]
name = "wrong"
today = "2020-01-01"
row = { id = "1" }
record = { A = "2" }
warn = ["year-only"]
"#;
    let mapping = parse(text).unwrap();
    let outcome = &mapping.run_examples()[0];
    assert!(!outcome.passed());
    let lines: Vec<usize> = outcome.differences.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [10, 13], "{outcome:?}");
}

#[test]
fn fields_are_computed_split_and_looked_up_at_a_date() {
    let text = r#"[mapping]
entity = "x"
key = "id"
[columns]
id = "text"
ho = "text"
ten = "text"
xa = "text"
ngay = "text"
chinh_sach = "text"
[[field]]
name = "Ten"
computed = "(ho ~ ' ' ~ ten) | upper"
[[field]]
name = "Chia"
computed = "10 // ho | int"
[[field]]
name = "Xa"
from = "xa"
code = { list = "units-2020-2025", by = "code", at = "ever", take = "successor" }
[[field]]
name = "Ngay"
from = "ngay"
via = ["date"]
[[field]]
name = "ChinhSach"
from = "chinh_sach"
code = { list = "rates", at = "Ngay" }
"#;
    let mapping = parse(text).unwrap();
    let judge = |ho: &str, xa: &str, ngay: &str, policy: &str| {
        let row = RawRow {
            number: 1,
            columns: vec![Some("1"), Some(ho), Some("Thử "), Some(xa), Some(ngay), Some(policy)],
        };
        mapping.judge(&row, date(2026, 1, 1))
    };
    let good = judge("5", "29872", "30/06/2024", "20/2021");
    assert_eq!(told(&good), Vec::<String>::new());
    assert_eq!(good.canonical, r#"{"Chia":"2","ChinhSach":"20/2021","Ngay":"30/06/2024","Ten":"5 THỬ","Xa":"29869"}"#);
    // A commune that was split needs a person; a policy that had ended is not in the list at that date; an expression that fails holds.
    assert_eq!(told(&judge("5", "29995", "30/06/2024", "20/2021")), ["unit-split Xa"]);
    let ended = judge("5", "29872", "01/07/2024", "20/2021");
    assert_eq!(told(&ended), ["unknown-code ChinhSach"]);
    assert_eq!(ended.complaints[0].proposal.as_deref(), Some("76/2024"));
    assert_eq!(told(&judge("0", "29872", "", "")), ["bad-value Chia"]);
}

#[test]
fn the_digest_covers_mapping_and_lists() {
    let text = std::fs::read_to_string(mappings().join("misposasoft/doi-tuong.toml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(mappings().join("codes")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let digest = |text: &str| Mapping::parse(Path::new("m.toml"), text, folder.path()).unwrap().digest();
    let before = digest(&text);
    assert_eq!(before, SHIPPED.digest());
    assert_ne!(before, digest(&format!("{text}\n")));
    let append = |name: &str, row: &str| {
        let path = folder.path().join(name);
        let list = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, list + row).unwrap();
    };
    append("holidays.csv", "2031-01-01,Tết,off,,x,memory\n");
    assert_eq!(before, digest(&text), "a list that the mapping does not use");
    append("rates.csv", "10/2022/NQ-HĐND,Nghị quyết 10/2022/NQ-HĐND,,380000,2022-09-01,,,,,memory\n");
    assert_ne!(before, digest(&text), "a list that it uses");
}
