//! Delivery by files: what is written.

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use calamine::Reader as _;
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::Action;
use molisa_gateway::national::{Body, Frame, Item, Operation, Profile};

use super::mappings;
use crate::support::xml;

const ENTITIES: [&str; 7] =
    ["doi-tuong", "mai-tang-phi", "tro-giup-dot-xuat", "cham-soc-khan-cap", "co-so-tro-giup", "chi-tra", "chuc-tho"];
const FRAME: Frame<'static> = Frame { province: "87", batch_key: "goi-0001", sent_at: "20231218083000" };

pub(super) fn text() -> String {
    fs::read_to_string(mappings().join("misposasoft/file.toml")).expect("it ships")
}

pub(super) fn shipped() -> Profile {
    Profile::load_wire(&mappings(), "misposasoft", "file").unwrap_or_else(|faults| panic!("{faults}"))
}

/// The profile with another kind of file for `doi-tuong`.
fn kind(kind: &str) -> Profile {
    let text = text();
    let (before, rest) = text.split_once("[entity.doi-tuong.file]").expect("a section");
    let (own, after) = rest.split_once("[entity.mai-tang-phi.write]").expect("the next");
    let xml = "[entity.doi-tuong.file.xml]\nnamespace = \"urn:misposasoft:1.0\"\nwrite = \"DongBoDoiTuong\"\nitem = \"item\"\n\
        write-order = [\"HoTen\"]\n";
    let own = match kind {
        "xml" => format!("kind = \"xml\"\n{xml}"),
        "csv" => own.replace("\"xlsx\"", "\"csv\"").replace("sheet = \"Đối tượng\"\n", ""),
        _ => own.to_owned(),
    };
    let text = format!("{before}[entity.doi-tuong.file]\n{own}\n[entity.mai-tang-phi.write]{after}");
    Profile::parse(Path::new("file.toml"), &text).unwrap_or_else(|faults| panic!("{faults}"))
}

const RECORDS: [&str; 2] = [
    r#"{"DangTat":["NHIN","TRI_TUE"],"DiaChi":"Ấp \"Bình\", Hòa; <&>","HoTen":"=Nguyễn Văn Thử","SoGiayTo":"087042000777","SoTaiKhoan":"0071000123456"}"#,
    r#"{"LyDoDung":"a","NgayDung":"10/12/2023","SoQuyetDinh":"12/QĐ-UBND"}"#,
];

fn items() -> [Item<'static>; 2] {
    [
        Item { reference: "DT-0001", version: "ab12", action: Action::Write, canonical: RECORDS[0] },
        Item { reference: "0002", version: "cd34", action: Action::Stop, canonical: RECORDS[1] },
    ]
}

fn written(profile: &Profile) -> Body {
    profile.encoder("doi-tuong", Operation::Write).expect("offered").body(&FRAME, items())
}

fn xlsx_rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut book: calamine::Xlsx<_> = calamine::Xlsx::new(Cursor::new(bytes.to_vec())).expect("a workbook");
    let sheet = book.worksheet_range_at(0).expect("a sheet").expect("that is read");
    sheet
        .rows()
        .map(|row| {
            row.iter()
                .map(|cell| match cell {
                    calamine::Data::String(text) => text.clone(),
                    calamine::Data::Empty => String::new(),
                    other => panic!("every cell is text: {other:?}"),
                })
                .collect()
        })
        .collect()
}

fn csv_rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).expect("a byte order mark");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

/// The two records as cells, by column.
fn expected() -> [BTreeMap<&'static str, &'static str>; 2] {
    [
        BTreeMap::from([
            ("MaGoiTin", "goi-0001"),
            ("MaThamChieu", "DT-0001"),
            ("PhienBan", "ab12"),
            ("ThaoTac", "GHI"),
            ("DangTat", "NHIN;TRI_TUE"),
            ("DiaChi", "Ấp \"Bình\", Hòa; <&>"),
            ("HoTen", "=Nguyễn Văn Thử"),
            ("SoGiayTo", "087042000777"),
            ("SoTaiKhoan", "0071000123456"),
        ]),
        BTreeMap::from([
            ("MaGoiTin", "goi-0001"),
            ("MaThamChieu", "0002"),
            ("PhienBan", "cd34"),
            ("ThaoTac", "DUNG"),
            ("LyDoDung", "a"),
            ("NgayDung", "10/12/2023"),
            ("SoQuyetDinh", "12/QĐ-UBND"),
        ]),
    ]
}

#[test]
fn every_kind_of_file_reads_back_equal_and_is_the_same_bytes_again() {
    for (word, rows) in [("xlsx", xlsx_rows as fn(&[u8]) -> Vec<Vec<String>>), ("csv", csv_rows)] {
        let body = written(&kind(word));
        assert_eq!(body.file.as_deref(), Some(&*format!("doi-tuong-goi-0001.{word}")));
        assert_eq!(written(&kind(word)).bytes, body.bytes, "{word}: the same rows, the same bytes");
        let table = rows(&body.bytes);
        assert_eq!(table[0][..6], ["MaGoiTin", "MaThamChieu", "PhienBan", "ThaoTac", "HoTen", "NgaySinh"]);
        assert_eq!(table.len(), 3);
        for (row, wanted) in table[1..].iter().zip(expected()) {
            assert_eq!(row.len(), table[0].len());
            for (name, cell) in table[0].iter().zip(row) {
                assert_eq!(cell, wanted.get(name.as_str()).unwrap_or(&""), "{word}: {name}");
            }
            assert!(wanted.keys().all(|name| table[0].iter().any(|n| n == name)));
        }
    }
    let body = written(&kind("xml"));
    assert_eq!(written(&kind("xml")).bytes, body.bytes);
    let root = xml::parse(std::str::from_utf8(&body.bytes).expect("UTF-8"));
    assert_eq!((root.name.as_str(), root.child("MaGoiTin").text.as_str()), ("DongBoDoiTuong", "goi-0001"));
    for ((node, canonical), item) in root.child("DanhSach").children.iter().zip(RECORDS).zip(items()) {
        assert_eq!(node.child("MaThamChieu").text, item.reference);
        assert_eq!(xml::canonical(&xml::record(node.child("DoiTuong"), &["DangTat"])), canonical);
    }
}

/// A field that no column takes would stand at the end of some files only.
#[test]
fn the_columns_are_those_of_the_mappings() {
    let table: toml::Table = text().parse().expect("TOML");
    for entity in ENTITIES {
        let mapping = Mapping::load(&mappings(), "misposasoft", entity).expect("it ships");
        let mut mapped: Vec<String> =
            mapping.fields().into_iter().map(|f| f.field).filter(|f| !f.starts_with('(')).collect();
        let columns = table["entity"][entity]["file"]["columns"].as_array().expect("a list");
        let mut columns: Vec<String> = columns.iter().map(|c| c.as_str().expect("a text").to_owned()).collect();
        mapped.sort();
        mapped.dedup();
        columns.sort();
        assert_eq!(columns, mapped, "{entity}");
    }
}

#[test]
fn a_profile_that_cannot_work_is_refused() {
    for (from, to, told) in [
        ("\"1\" = \"pending\"", "", "pending"),
        ("\"4\" = \"never-seen\"", "", "never-seen"),
        ("write = \"ask\"", "write = \"repeat\"", "settle"),
        ("sheet = \"Chi trả\"", "sheet = \"Chi/trả\"", "entity.chi-tra.file.sheet"),
        ("kind = \"xlsx\"", "kind = \"ods\"", "ods"),
        (
            "[entity.chi-tra.write]",
            "[entity.chi-tra.envelope]\nform = \"record\"\n[entity.chi-tra.limits]\nrecords = 1\n[entity.chi-tra.write]",
            "all entities are files",
        ),
    ] {
        let text = text();
        assert!(text.contains(from), "{from}");
        let faults = Profile::parse(Path::new("file.toml"), &text.replacen(from, to, 1)).expect_err(to).to_string();
        assert!(faults.contains(told), "{to}: {faults}");
    }
}
