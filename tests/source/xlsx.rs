//! Workbooks as people make them, and as somebody makes them who means harm.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::{RawRow, Reason};
use molisa_gateway::source::{SheetName, Source, SourceConfig, SourceError};
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};

use super::charsets::{judged, people};
use super::packages::{Part, bomb, workbook, workbook_with, zip};
use super::{open, scan};

fn config(path: &Path) -> SourceConfig {
    let columns = BTreeMap::new();
    SourceConfig::Xlsx {
        path: path.to_owned(),
        sheet: None,
        header: None,
        columns,
        font: "unicode".to_owned(),
        shared_strings_mib: 64,
    }
}

fn mapping() -> Mapping {
    let mappings = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    Mapping::load(&mappings, "misposasoft", "doi-tuong").unwrap_or_else(|faults| panic!("{faults}"))
}

/// A workbook of one sheet.
fn saved(write: impl FnOnce(&mut Worksheet)) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::with_suffix(".xlsx").expect("a file");
    let mut book = Workbook::new();
    write(book.add_worksheet());
    book.save(file.path()).expect("saved");
    file
}

/// Writes a table of texts as people type it: numbers and days are typed cells where their column has such.
fn typed(sheet: &mut Worksheet, text: &str, font: fn(&str) -> String) {
    let day = Format::new().set_num_format("dd/mm/yyyy");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|r| r.expect("a row")).collect();
    for (row, record) in (0_u32..).zip(&rows) {
        for (column, cell) in (0_u16..).zip(record) {
            let name = &rows[0][usize::from(column)];
            let number =
                cell.parse::<f64>().ok().filter(|_| ["he_so", "muc_chuan", "muc_huong", "so_giay_to"].contains(&name));
            let date =
                ExcelDateTime::parse_from_str(cell).ok().filter(|_| cell.len() == 10 && cell.contains('-') && row > 0);
            match (number, date) {
                (Some(number), _) if !cell.starts_with('0') && cell.len() < 15 => sheet.write(row, column, number),
                (_, Some(date)) => sheet.write_with_format(row, column, &date, &day),
                _ => sheet.write(row, column, font(cell)),
            }
            .expect("written");
        }
    }
}

#[tokio::test]
async fn the_same_people_as_a_workbook_give_identical_content() {
    let text = people(400);
    let csv = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(csv.path(), &text).expect("written");
    let wanted = judged(&open(&super::csv_source(csv.path(), "utf-8")).await).await;
    let file = saved(|sheet| typed(sheet, &text, str::to_owned));
    let source = open(&config(file.path())).await.expecting(mapping().columns());
    for (got, wanted) in judged(&source).await.iter().zip(&wanted) {
        assert_eq!(got, wanted);
    }
    let reading = source.reading().await.expect("read").expect("a file").for_columns(mapping().columns());
    assert_eq!((reading.rows, reading.impossible), (wanted.len() as u64, 0));
    // Identity numbers typed as numbers are told; coefficients, which need no text, are not.
    assert!(reading.numbers["so_giay_to"] > 0 && !reading.numbers.contains_key("he_so"), "{:?}", reading.numbers);
    assert!(reading.told_of_numbers().expect("told").contains("`so_giay_to`"));
}

#[tokio::test]
async fn texts_in_an_old_font_are_read_where_the_settings_say_so_and_stop_where_not() {
    let text = people(100);
    let csv = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(csv.path(), &text).expect("written");
    let wanted = judged(&open(&super::csv_source(csv.path(), "utf-8")).await).await;
    let font = |cell: &str| encoding_rs::WINDOWS_1252.decode(&super::letters::tcvn3(cell)).0.into_owned();
    let file = saved(|sheet| typed(sheet, &text, font));
    let plain = open(&config(file.path())).await.expecting(mapping().columns());
    let error = scan(&plain, "ma_ho_so", &["ho_ten"]).await.expect_err("no Vietnamese");
    assert!(matches!(error, SourceError::Garbled { .. }), "{error}");
    let mut said = config(file.path());
    if let SourceConfig::Xlsx { font, .. } = &mut said {
        *font = "tcvn3".to_owned();
    }
    let source = open(&said).await.expecting(mapping().columns());
    for (got, wanted) in judged(&source).await.iter().zip(&wanted) {
        assert_eq!(got, wanted);
    }
}

/// A list as a district sends it: a title, a header of two rows, a numbering row, blank rows, a sum.
fn list(sheet: &mut Worksheet) {
    let plain = Format::new();
    sheet.merge_range(0, 0, 0, 5, "DANH SÁCH ĐỐI TƯỢNG HUYỆN LẤP VÒ", &plain).expect("merged");
    sheet.merge_range(2, 0, 3, 0, "Mã hồ sơ", &plain).expect("merged");
    sheet.merge_range(2, 1, 3, 1, "Họ và\ntên", &plain).expect("merged");
    sheet.merge_range(2, 2, 2, 3, "Quyết định", &plain).expect("merged");
    sheet.merge_range(2, 4, 2, 5, "Giấy tờ", &plain).expect("merged");
    for (column, text) in [(2, "Số"), (3, "Ngày"), (4, "Số"), (5, "Ngày")] {
        sheet.write(3, column, text).expect("written");
    }
    for column in 0..6_u16 {
        sheet.write(4, column, format!("({})", column + 1)).expect("written");
    }
    let day = Format::new().set_num_format("dd/mm/yyyy");
    for (row, key, name) in [(5, "A1", "Lê Thị Ánh"), (8, "A2", "Trần Văn Út")] {
        sheet.write(row, 0, key).expect("written");
        sheet.write(row, 1, name).expect("written");
        sheet.write(row, 2, "12/QĐ-UBND").expect("written");
        let date = ExcelDateTime::from_ymd(2023, 11, 16).expect("a date");
        sheet.write_with_format(row, 3, &date, &day).expect("written");
        sheet.write(row, 4, 87_141_000_123_i64).expect("written");
    }
    sheet.write_blank(6, 0, &Format::new().set_bold()).expect("written");
    sheet.write(9, 1, "Tổng cộng").expect("written");
    sheet.write_formula(9, 4, Formula::new("=COUNTA(E6:E9)").set_result("2")).expect("written");
}

fn list_columns() -> BTreeMap<String, String> {
    [
        ("ma", "mã hồ sơ"),
        ("ten", "Họ và tên"),
        ("so_qd", "Quyết định / Số"),
        ("ngay", "Quyết định / Ngày"),
        ("so", "Giấy tờ / Số"),
    ]
    .map(|(own, theirs)| (own.to_owned(), theirs.to_owned()))
    .into()
}

#[tokio::test]
async fn a_list_with_titles_and_a_merged_header_is_read_by_its_names() {
    let file = saved(list);
    for header in [None, Some(3)] {
        let mut said = config(file.path());
        if let SourceConfig::Xlsx { columns, header: row, .. } = &mut said {
            (*columns, *row) = (list_columns(), header);
        }
        let source = open(&said).await;
        let rows = scan(&source, "ma", &["ten", "so_qd", "ngay", "so"]).await.unwrap_or_else(|e| panic!("{e}"));
        let told: Vec<(u64, &str, String)> =
            rows.iter().map(|r| (r.number, r.key.as_str(), r.columns.join("|"))).collect();
        assert_eq!(
            told,
            [
                (6, "A1", "Lê Thị Ánh|12/QĐ-UBND|2023-11-16|87141000123".to_owned()),
                (9, "A2", "Trần Văn Út|12/QĐ-UBND|2023-11-16|87141000123".to_owned()),
                // The sum is no person: it has no key, and is held for that.
                (10, "", "Tổng cộng|||2".to_owned()),
            ]
        );
        assert_eq!(
            source.find("ma", &["ten".to_owned()], "A2").await.expect("found"),
            Some((9, "Trần Văn Út".to_owned()))
        );
        let reading = source.reading().await.expect("read").expect("a file");
        assert_eq!(reading.sheet.as_deref(), Some("Sheet1"));
        assert!(reading.columns.contains(&"Giấy tờ / Ngày".to_owned()), "{:?}", reading.columns);
    }
    // Without names nobody could find it.
    let wanted = [molisa_gateway::model::Column { name: "khong_co".to_owned(), kind: None }];
    let told = open(&config(file.path())).await.expecting(&wanted).describe().await.expect_err("no header").to_string();
    assert!(told.contains("header = N"), "{told}");
}

#[tokio::test]
async fn a_sheet_is_named_or_numbered() {
    let file = tempfile::NamedTempFile::with_suffix(".xlsx").expect("a file");
    let mut book = Workbook::new();
    for (name, hidden) in [("Ẩn", true), ("Năm 2022", false), ("Năm 2023", false)] {
        let sheet = book.add_worksheet();
        sheet.set_name(name).expect("a name").set_hidden(hidden);
        sheet.write(0, 0, "k").expect("written");
        sheet.write(1, 0, name).expect("written");
        if name == "Năm 2022" {
            sheet.set_active(true).set_first_tab(true);
        }
    }
    book.save(file.path()).expect("saved");
    for (sheet, wanted) in [
        (None, "Năm 2022"),
        (Some(SheetName::Number(3)), "Năm 2023"),
        (Some(SheetName::Name("Ẩn".to_owned())), "Ẩn"),
        (Some(SheetName::Name("Năm 2024".to_owned())), ""),
        (Some(SheetName::Number(0)), ""),
    ] {
        let mut said = config(file.path());
        if let SourceConfig::Xlsx { sheet: which, .. } = &mut said {
            *which = sheet;
        }
        match scan(&open(&said).await, "k", &["k"]).await {
            Ok(rows) => assert_eq!(rows[0].key, wanted),
            Err(error) => assert!(wanted.is_empty() && error.to_string().contains("Năm 2023"), "{error}"),
        }
    }
}

#[tokio::test]
async fn a_cell_that_has_no_value_holds_its_row_and_names_the_cell() {
    let mapping = mapping();
    let names: Vec<&str> = mapping.columns().iter().map(|c| c.name.as_str()).collect();
    let at = |name: &str| u16::try_from(names.iter().position(|n| *n == name).expect("a column")).expect("small");
    let file = saved(|sheet| {
        for (column, name) in (0_u16..).zip(&names) {
            sheet.write(0, column, *name).expect("written");
        }
        for (row, column, error) in [(1, "ho_ten", "#N/A"), (2, "so_tai_khoan", ""), (3, "dia_chi", "#REF!")] {
            sheet.write(row, at("ma_ho_so"), format!("K{row}")).expect("written");
            if error.is_empty() {
                sheet.write(row, at(column), 9_704_366_812_345_678_i64).expect("written");
            } else {
                sheet.write_formula(row, at(column), Formula::new("=NA()").set_result(error)).expect("written");
            }
        }
    });
    let source = open(&config(file.path())).await.expecting(mapping.columns());
    let rows = scan(&source, mapping.key(), &names).await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(rows.len(), 3);
    for (row, field, cell) in [(0, "HoTen", "B2"), (1, "SoTaiKhoan", "3)"), (2, "DiaChi", "4)")] {
        let columns = rows[row].columns.iter().map(|c| Some(c.as_str())).collect();
        let judgement = mapping.judge(&RawRow { number: 1, columns }, "2026-11-24".parse().expect("a date"));
        let found = judgement.complaints.iter().find(|c| c.field == field && c.reason == Reason::BadValue);
        assert!(found.is_some_and(|c| c.value.contains(cell)), "{field}: {:?}", judgement.complaints);
    }
}

async fn refused(bytes: &[u8], word: &str) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("written");
    let source = open(&config(file.path())).await;
    let begun = Instant::now();
    let error = scan(&source, "k", &["k"]).await.expect_err(word);
    assert!(matches!(error, SourceError::Broken { .. }) && error.to_string().contains(word), "{word}: {error}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{word}: {:?}", begun.elapsed());
}

#[tokio::test]
async fn bombs_are_refused_before_they_are_parsed() {
    let sound = zip(&workbook());
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), &sound).expect("written");
    let rows = scan(&open(&config(file.path())).await, "k", &["v"]).await.unwrap_or_else(|e| panic!("{e}"));
    assert_eq!((rows[0].key.as_str(), rows[0].columns[0].as_str()), ("a", "7"));

    let (sheet, strings) = ("xl/worksheets/sheet1.xml", "xl/sharedStrings.xml");
    let whole = |name, text: &str| workbook_with(Part::stored(name, text));
    let packed = |name, bytes: Vec<u8>, claimed| workbook_with(Part { name, bytes, deflated: true, claimed });
    // A hundred megabytes in a hundred thousand bytes: told by the directory, or hidden from it.
    let copies = 400_000;
    let size = 11 + 1 + copies * 258;
    refused(&packed(sheet, bomb("<worksheet>", b'x', copies), size), "150 times its size").await;
    refused(&packed(sheet, bomb("<worksheet>", b'x', copies), 4096), "more than the declared").await;
    refused(&packed(strings, bomb("<sst>", b'x', copies), 900_000), "more than the declared").await;
    refused(&packed(strings, bomb("<sst>", b'x', copies), 100 << 20), "at most 67108864").await;
    refused(&packed(sheet, vec![7, 7, 7], 40), "damaged").await;
    // One giant text, within all sizes.
    let text = format!("<worksheet><sheetData><row><c t=\"str\"><v>{}", "y".repeat(2 << 20));
    refused(&whole(sheet, &text), "longer than 1048576").await;
    let deep = "<a>".repeat(1000);
    refused(&whole(sheet, &deep), "nested deeper").await;
    let hidden = "<a b=\"/>\">".repeat(1000);
    refused(&whole(sheet, &hidden), "nested deeper").await;
    let entity = "<!DOCTYPE sst [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]><sst><si><t>&b;</t></si></sst>";
    refused(&whole(strings, entity), "a DTD").await;
    refused(&whole(strings, "<sst uniqueCount=\"4000000000\"><si><t>k</t></si></sst>"), "more strings promised").await;
    let merged =
        format!("<worksheet><mergeCells>{}</mergeCells></worksheet>", "<mergeCell ref=\"A1:B1\"/>".repeat(50_001));
    refused(&whole(sheet, &merged), "merged areas").await;
    refused(b"ma,ho_ten\n1,a\n", "XLSX").await;
    refused(&[b"x".as_slice(), sound.as_slice()].concat(), "does not fit").await;
    refused(&sound[..sound.len() - 1], "XLSX").await;
    let mut parts = workbook();
    parts.push(Part::stored("xl/WORKSHEETS/sheet1.xml", "<worksheet/>"));
    refused(&zip(&parts), "twice").await;
    let backwards = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c></row><row r=\"9\"><c r=\"A9\"><v>1</v></c></row>\
                     <row r=\"5\"><c r=\"A5\"><v>1</v></c></row></sheetData></worksheet>";
    refused(&whole(sheet, backwards), "not in their order").await;
}

#[tokio::test]
async fn damaged_workbooks_are_refused_and_never_panic() {
    let file = saved(list);
    let sound = std::fs::read(file.path()).expect("a file");
    let damaged = tempfile::NamedTempFile::new().expect("a file");
    let mut said = config(damaged.path());
    if let SourceConfig::Xlsx { columns, .. } = &mut said {
        *columns = list_columns();
    }
    for nth in 0..120 {
        let mut bytes = sound.clone();
        let at = (nth * 2_654_435_761_usize) % bytes.len();
        bytes[at] ^= 0x55;
        std::fs::write(damaged.path(), &bytes).expect("written");
        let source = Source::open(&said, Path::new("/")).await.expect("settings");
        if let Err(error) = scan(&source, "ma", &["ten"]).await {
            assert!(!error.to_string().contains("panic"), "byte {at}: {error}");
        }
    }
}
