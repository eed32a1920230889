//! Dossiers for the two portals: the contract's fields, nested values, and a mapping that leans on another.

use std::path::Path;

use jiff::civil::{Date, date};
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::{Judgement, RawRow};
use serde_json::{Value, json};

use super::{mappings, told};

const TODAY: Date = date(2023, 12, 18);

pub(super) const DOSSIERS: [(&str, &str); 6] = [
    ("dvcqg", "ho-so"),
    ("dvcqg", "mo-ho-so"),
    ("dvcqg", "tien-do"),
    ("dvcbtxh", "ho-so"),
    ("dvcbtxh", "mo-ho-so"),
    ("dvcbtxh", "buoc-xu-ly"),
];

/// Sections 2 and 3 of the contract, in the order of their paragraphs; AcceptKey is not the mapping's.
const DVCQG: &str = "MaHoSo MaTTHC TenTTHC MaLinhVuc TenLinhVuc SoBienNhan ChuHoSo LoaiDoiTuong MaDoiTuong ThongTinKhac Email \
    Fax SoDienThoai TrichYeuHoSo NgayTiepNhan NgayHenTra TrangThaiHoSo NgayTra ThongTinTra HinhThuc NgayKetThucXuLy \
    DonViXuLy GhiChu KenhThucHien NgayNopHoSo NgayTuChoi NgayYeuCauBoSung DinhDanhCHS TaiLieuNop DanhSachLePhi \
    DanhSachTepDinhKemKhac DanhSachHoSoBoSung DanhSachGiayToKetQua";
const DVCBTXH: &str = "LoaiDuLieu MaCSDL MaHoSo MaTTHC TenTTHC MaLinhVuc TenLinhVuc KenhThucHien NoiNopHoSo HinhThucTra \
    LoaiDoiTuong StatusId SubmitedDate UrlDetail DonViXuLy NgayTiepNhan HoVaTen NgayThangNamSinh GioiTinhId DanTocId CMND \
    CMND_NgayCap CMND_NoiCap LoaiDinhDanh SoDinhDanh SoDienThoai Email MaTinh MaHuyen MaXa HKTT_MaTinh HKTT_MaHuyen \
    HKTT_MaXa HKTT_MaThon NOHT_MaTinh NOHT_MaHuyen NOHT_MaXa NOHT_MaThon NOHT_ChiTiet LoaiKetQua SoQuyetDinh \
    CoQuanBanHanh TrichYeu NgayBanHanh HoSoCoThanhPhanSoHoa TaiKhoanDuocXacThucVoiVNeID DuocThanhToanTrucTuyen \
    CertificateExtentData";

fn shipped(system: &str, entity: &str) -> Mapping {
    Mapping::load(mappings(), system, entity).unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn every_mapping_is_without_faults_and_its_examples_pass() {
    for (system, entity) in DOSSIERS {
        let faults = Mapping::check(mappings(), system, entity);
        assert!(faults.0.is_empty(), "{faults}");
        let mapping = shipped(system, entity);
        assert_eq!(mapping.entity(), entity);
        assert!(mapping.run_examples().len() >= 3, "{system}/{entity}");
    }
}

#[test]
fn the_records_have_the_contracts_fields_in_order() {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for entity in ["ho-so", "mo-ho-so"] {
        assert_eq!(shipped("dvcqg", entity).layout().names(), words(DVCQG));
        assert_eq!(shipped("dvcbtxh", entity).layout().names(), words(DVCBTXH));
    }
    let progress =
        "MaHoSo NguoiXuLy ChucDanh ThoiDiemXuLy PhongBanXuLy NoiDungXuLy TrangThai NgayBatDau NgayKetThucTheoQuyDinh";
    assert_eq!(shipped("dvcqg", "tien-do").layout().names(), words(progress));
    let step = "MaHoSo TaiKhoanXuLy NguoiXuLy ChucDanh ThoiDiemXuLy DonViXuLy NoiDungXuLy StatusId NgayBatDau NgayKetThucTheoQuyDinh";
    assert_eq!(shipped("dvcbtxh", "buoc-xu-ly").layout().names(), words(step));
}

/// The opening reads the first status only: a new present status must not have it judged again.
#[test]
fn a_column_that_no_field_reads_any_more_is_left_out() {
    for system in ["dvcqg", "dvcbtxh"] {
        let opening = shipped(system, "mo-ho-so");
        let columns: Vec<&str> = opening.columns().iter().map(|c| c.name.as_str()).collect();
        assert!(columns.contains(&"trang_thai_dau") && !columns.contains(&"trang_thai"), "{columns:?}");
        assert_ne!(opening.digest(), shipped(system, "ho-so").digest());
    }
}

/// Section 3, spelled out: what is a step back, and that none of the allowed ones is among them.
#[test]
fn the_list_of_moves_is_section_3() {
    let text = std::fs::read_to_string(mappings().join("codes/dossier-moves.csv")).expect("it ships");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.expect("a row")).collect();
    let listed = |from: u32, to: u32| rows.iter().any(|r| r[2] == *from.to_string() && r[3] == *to.to_string());
    for (from, to) in [
        (1, 2),
        (1, 3),
        (1, 4),
        (1, 10),
        (2, 4),
        (4, 5),
        (5, 4),
        (6, 5),
        (4, 6),
        (5, 9),
        (2, 9),
        (9, 10),
        (4, 4),
        (1, 7),
    ] {
        assert!(!listed(from, to), "{from} to {to} is allowed");
    }
    for (from, to) in
        [(2, 1), (10, 1), (4, 2), (3, 2), (2, 3), (5, 3), (9, 4), (9, 8), (3, 4), (7, 4), (8, 9), (10, 9), (10, 4)]
    {
        assert!(listed(from, to), "{from} to {to} is a step back");
    }
    let ends = [3, 7, 8, 10];
    let back = |f: u32, t: u32| {
        f != t && (t == 1 || (matches!(t, 2 | 3) && f != 1) || (f == 9 && t != 10) || ends.contains(&f))
    };
    let wanted = (1..=10).flat_map(|f| (1..=10).map(move |t| (f, t))).filter(|(f, t)| back(*f, *t)).count();
    assert_eq!(rows.len(), wanted);
}

const NESTED: &str = r#"[mapping]
entity = "x"
key = "id"

[columns]
id = "text"
rows = "text"
number = "text"

[[field]]
name = "Whole"
[[field.part]]
name = "B"
from = "number"
via = [{ by-digits = { "2" = "x" } }]
[[field.part]]
name = "A"
from = "number"
required = true

[[field]]
name = "List"
from = "rows"
[field.rows]
most = 2
ignore = ["other"]
[[field.rows.field]]
name = "Z"
from = "z"
required = true
[[field.rows.field]]
name = "N"
from = "n"

[[field]]
name = "Text"
xml = "Root"
[[field.part]]
name = "Items"
from = "rows"
rows.item = "Item"
[[field.part.rows.field]]
name = "Z"
from = "z"
[[field.part.rows.field]]
name = "N"
from = "n"
[[field.part.rows.field]]
name = "O"
from = "other"
[[field.part]]
name = "Note"
from = "number"
"#;

fn parse(text: &str) -> Mapping {
    Mapping::parse(Path::new("m.toml"), text, &mappings().join("codes")).unwrap_or_else(|f| panic!("{f}"))
}

fn judge(rows: &str, number: &str) -> Judgement {
    let columns = vec![Some("K-1"), Some(rows), Some(number)];
    parse(NESTED).judge(&RawRow { number: 1, columns }, TODAY)
}

#[test]
fn objects_lists_and_xml_are_made_and_hashed_in_one_order() {
    let judged = judge(r#"[{"z":"a<b & \"c\"","n":1.50,"other":true},{"n":null,"z":" é "}]"#, "12");
    assert_eq!(told(&judged), [""; 0]);
    let xml = "<Root><Items><Item><Z>a&lt;b &amp; &quot;c&quot;</Z><N>1.50</N><O>true</O></Item>\
               <Item><Z>é</Z><N/><O/></Item></Items><Note>12</Note></Root>";
    let quoted = xml.replace('"', "\\\"");
    assert_eq!(
        judged.canonical,
        format!(
            r#"{{"List":[{{"N":"1.50","Z":"a<b & \"c\""}},{{"N":"","Z":"é"}}],"Text":"{quoted}","Whole":{{"A":"12","B":"x"}}}}"#
        )
    );
    let empty: Value = serde_json::from_str(&judge("", "12").canonical).expect("JSON");
    assert_eq!(empty["List"], json!([]));
    assert_eq!(empty["Text"], "<Root><Items/><Note>12</Note></Root>");
}

/// Each is held, and says where in the list it stands.
#[test]
fn what_cannot_be_read_in_a_list_is_held_with_its_place() {
    let long = format!("[{{\"z\":\"{}\"}}]", "x".repeat(300_000));
    let deep = "[".repeat(5000);
    for (rows, reason, place) in [
        ("{}", "bad-value", "JSON"),
        ("[{\"z\":\"a\"}", "bad-value", "byte 10"),
        ("[1]", "bad-value", "row 1"),
        (r#"[{"z":"a"},{"n":"b"}]"#, "missing", "row 2 of the list: Z"),
        (r#"[{"z":"a"},{"z":["b"]}]"#, "bad-value", "row 2 of the list: z"),
        (r#"[{"z":"a","z":"b"}]"#, "bad-value", "key twice"),
        (r#"[{"z":"a","zz":"b"}]"#, "bad-value", "does not read"),
        (r#"[{"z":"\u0007"}]"#, "bad-value", "row 1 of the list: Z"),
        (r#"[{"z":"a"},{"z":"a"},{"z":"a"}]"#, "bad-value", "at most 2"),
        (&long, "bad-value", "longer than"),
        (&deep, "bad-value", "JSON"),
    ] {
        let judged = judge(rows, "12");
        let first = judged.complaints.iter().find(|c| c.field == "List").expect("told of the list");
        assert_eq!((first.reason.word(), judged.canonical.as_str()), (reason, ""), "{place}");
        assert!(first.detail.contains(place), "`{place}`: {}", first.detail);
        assert!(first.value.chars().count() <= 81, "a person is shown {} characters", first.value.chars().count());
    }
    assert_eq!(told(&judge("", "123")), ["bad-value Whole.B"]);
    assert_eq!(told(&judge("", "")), ["missing Whole.A"]);
    assert_eq!(told(&judge("[{\"z\":\"\u{ffff}\"}]", "12")), ["bad-value List"]);
}

#[test]
fn a_preview_shows_nested_values_line_by_line() {
    let mapping = parse(NESTED);
    let columns = vec![Some("K-1"), Some(r#"[{"z":"a","n":"<"}]"#), Some("12")];
    let traces = mapping.explain(&RawRow { number: 1, columns }, TODAY);
    let lines = |name: &str| traces.iter().find(|t| t.field == name).map(|t| t.lines.join("\n")).expect("a field");
    assert_eq!(lines("Whole"), "B = x\nA = 12");
    assert_eq!(lines("List"), "[1]\n  Z = a\n  N = <");
    let wanted = "<Root>\n  <Items>\n    <Item>\n      <Z>a</Z>\n      <N>&lt;</N>\n      <O/>\n    </Item>\n  </Items>\n  <Note>12</Note>\n</Root>";
    assert_eq!(lines("Text"), wanted);
    assert_eq!(lines("Whole.B"), "");
}

#[test]
fn mistakes_of_nested_fields_and_of_a_base_are_told_in_the_right_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().join("base.toml");
    let own = folder.path().join("own.toml");
    std::fs::write(
        &base,
        NESTED.replace("most = 2", "most = 0").replace("entity = \"x\"", "entity = \"x\"\nbsae = \"y\""),
    )
    .expect("written");
    let text = "[mapping]\nentity = \"own\"\nbase = \"base\"\n\n[[field]]\nname = \"More\"\nfrom = \"numbre\"\n";
    let faults = |text: &str| {
        let made = Mapping::parse(&own, text, &mappings().join("codes"));
        made.expect_err("faults").0.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let told = faults(text);
    let place = |line: &str| 1 + NESTED.lines().position(|l| l.starts_with(line)).expect("a line");
    for part in [
        "own.toml:7: không có cột `numbre`".to_owned(),
        "base.toml:3: [.mapping] không có khóa `bsae`".to_owned(),
        // One line more stands above it.
        format!("base.toml:{}: rows.most = 0", place("[field.rows]") + 1),
    ] {
        assert!(told.iter().any(|t| t.contains(&part)), "`{part}` is not in {told:#?}");
    }
    assert_eq!(told.len(), 3, "{told:#?}");
    for (base, part) in
        [("../base", "own.toml:3: base `../base`"), ("none", "own.toml:3: base: "), ("own", "own.toml:3: base: chính")]
    {
        let told = faults(&text.replace("base = \"base\"", &format!("base = \"{base}\"")));
        assert!(told.len() == 1 && told[0].contains(part), "{told:?}");
    }
    std::fs::write(&base, "[mapping").expect("written");
    assert!(faults(text)[0].contains("base.toml:1: TOML"), "{:?}", faults(text));
    std::fs::write(&base, NESTED.replace("entity = \"x\"", "entity = \"x\"\nbase = \"y\"")).expect("written");
    assert!(faults(text).iter().any(|t| t.contains("base.toml:3: [mapping] base")), "{:?}", faults(text));
    for (from, to, part) in [
        ("xml = \"Root\"", "xml = \"Ro ot\"", "Ro ot"),
        ("rows.item = \"Item\"", "rows.item = \"1\"", "`1`"),
        ("from = \"z\"\nrequired = true", "from = \"z\"\nlist = { split = \";\" }", "rows"),
        ("ignore = [\"other\"]", "ignore = [\"z\"]", "rows.ignore: `z`"),
        ("from = \"rows\"\n[field.rows]", "from = \"rows\"\nvia = [\"upper\"]\n[field.rows]", "via"),
    ] {
        assert!(NESTED.contains(from), "{from}");
        let told = faults(&NESTED.replacen(from, to, 1));
        assert!(told.iter().any(|t| t.contains(part)), "`{part}`: {told:?}");
    }
}
