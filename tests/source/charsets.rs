//! Old charsets: every letter, the same people whatever the bytes, and guesses that are right or are not made.

use std::path::Path;

use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::RawRow;
use molisa_gateway::province::{Recipe, Table, write_csv};
use molisa_gateway::source::{Source, SourceError};
use unicode_normalization::UnicodeNormalization as _;

use super::letters::{ENCODERS, VOWELS, tcvn3, utf_8, vni, windows_1258};
use super::{csv_source, open, scan};

/// A file of these bytes, read as the settings say.
async fn source(bytes: &[u8], charset: &str) -> (tempfile::NamedTempFile, Source) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("written");
    let source = open(&csv_source(file.path(), charset)).await;
    (file, source)
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}

/// The words of a list of people, as a province has it.
pub fn people(rows: u64) -> String {
    let directory = tempfile::tempdir().expect("a directory");
    let (file, recipe) = (directory.path().join("a.csv"), Recipe::built_in().expect("a recipe"));
    write_csv(&file, Table::DoiTuong, &recipe, 2023, rows).expect("written");
    std::fs::read_to_string(&file).expect("UTF-8").nfc().collect()
}

/// What the shipped mapping makes of the rows: key, content and complaints of each.
pub async fn judged(source: &Source) -> Vec<String> {
    let mappings = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    let mapping = Mapping::load(&mappings, "misposasoft", "doi-tuong").unwrap_or_else(|faults| panic!("{faults}"));
    let names: Vec<String> = mapping.columns().iter().map(|c| c.name.clone()).collect();
    let asked: Vec<&str> = names.iter().map(String::as_str).collect();
    let rows = scan(source, mapping.key(), &asked).await.unwrap_or_else(|e| panic!("{e}"));
    let today = "2026-11-24".parse().expect("a date");
    rows.iter()
        .map(|row| {
            let columns = row.columns.iter().map(|c| Some(c.as_str())).collect();
            let judgement = mapping.judge(&RawRow { number: 1, columns }, today);
            format!("{} {} {:?}", row.key, judgement.canonical, judgement.complaints)
        })
        .collect()
}

#[tokio::test]
async fn every_letter_of_the_alphabet_comes_through_in_both_cases() {
    // Two capitals before it tell that a word is in capitals, as TCVN3 cannot.
    let letters: Vec<char> = VOWELS.iter().flat_map(|row| row.chars()).chain(['đ']).collect();
    let words: Vec<String> = letters.iter().flat_map(|c| [format!("th{c}"), format!("TH{c}").to_uppercase()]).collect();
    assert_eq!(words.len(), 2 * 73);
    let text = lines(words.iter().enumerate().map(|(i, word)| format!("{i},{word}")));
    for (charset, encode) in ENCODERS {
        let (_file, source) = source(&encode(&format!("k,ho_ten\n{text}")), charset).await;
        let rows = scan(&source, "k", &["ho_ten"]).await.unwrap_or_else(|e| panic!("{charset}: {e}"));
        let read: Vec<String> = rows.into_iter().map(|row| row.columns[0].nfc().collect()).collect();
        assert_eq!(read, words, "{charset}");
    }
}

#[tokio::test]
async fn the_same_people_in_every_charset_give_identical_content() {
    let text = people(400);
    let (_file, plain) = source(text.as_bytes(), "utf-8").await;
    let wanted = judged(&plain).await;
    assert!(wanted.len() >= 400 && wanted.iter().filter(|w| w.contains("HoTen")).count() > 300);
    for (charset, encode) in ENCODERS {
        for named in [charset, "auto"] {
            let (_file, source) = source(&encode(&text), named).await;
            let reading = source.reading().await.unwrap_or_else(|e| panic!("{e}")).expect("a file");
            assert_eq!((reading.charset, reading.given), (charset, named != "auto"));
            assert!(!reading.is_doubtful() && !reading.stops, "{}", reading.told());
            for (got, wanted) in judged(&source).await.iter().zip(&wanted) {
                assert_eq!(got, wanted, "{charset}");
            }
        }
    }
}

#[tokio::test]
async fn a_list_of_twenty_names_is_enough() {
    let list = people(60);
    let names = list.lines().skip(1).take(20).map(|line| line.split(',').take(2).collect::<Vec<_>>().join(","));
    let text = "k,ho_ten\n".to_owned() + &lines(names);
    for (charset, encode) in ENCODERS {
        let (_file, source) = source(&encode(&text), "auto").await;
        let reading = source.reading().await.unwrap_or_else(|e| panic!("{charset}: {e}")).expect("a file");
        assert_eq!(reading.charset, charset, "{}", reading.told());
        assert_eq!(reading.columns, ["k", "ho_ten"]);
        assert!(reading.told().contains(charset) && !reading.told().contains("Nguyễn"), "{}", reading.told());
    }
}

#[tokio::test]
async fn thin_evidence_is_no_guess() {
    let few = "k,ho_ten\n1,Nguyễn Thị Đẹp\n2,Trần Văn Hùng\n";
    let again: String = "k,ho_ten\n".to_owned() + &lines((0..100).map(|i| format!("{i},Trần Hùng")));
    for text in [few, &again] {
        for encode in [tcvn3, vni, windows_1258] {
            let (_file, source) = source(&encode(text), "auto").await;
            let error = source.describe().await.expect_err("two names, or two words again and again");
            assert!(matches!(error, SourceError::Charset { .. }), "{error}");
            let told = error.to_string();
            assert!(told.contains("charset = \"tcvn3\"") && told.contains("vni") && !told.contains("Hùng"), "{told}");
        }
        // UTF-8 and ASCII need no more: nothing else has their bytes.
        let (_file, source) = source(&utf_8(text), "auto").await;
        assert_eq!(source.reading().await.expect("read").expect("a file").charset, "utf-8");
    }
    let (_file, ascii) = source(b"k,ho_ten\n1,Nguyen\n", "auto").await;
    assert_eq!(ascii.reading().await.expect("read").expect("a file").charset, "utf-8");
    let foreign = lines((0..200).map(|i| format!("{i},Fran\u{e7}ois M\u{fc}ller")));
    let bytes: Vec<u8> =
        format!("k,ho_ten\n{foreign}").chars().map(|c| u8::try_from(c as u32).expect("latin")).collect();
    let (_file, foreign) = source(&bytes, "auto").await;
    assert!(matches!(foreign.describe().await, Err(SourceError::Charset { .. })));
}

#[tokio::test]
async fn a_wrong_charset_stops_before_anything_is_delivered() {
    let text = people(200);
    let disguised: Vec<u8> = encoding_rs::WINDOWS_1252.decode(&tcvn3(&text)).0.into_owned().into_bytes();
    let by_windows: fn(&str) -> Vec<u8> = windows_1258;
    for (bytes, charset) in [
        (tcvn3(&text), "windows-1258"),
        (by_windows(&text), "tcvn3"),
        (vni(&text), "windows-1258"),
        (disguised.clone(), "utf-8"),
        (disguised, "auto"),
    ] {
        let (file, source) = source(&bytes, charset).await;
        let columns = ["ho_ten".to_owned()];
        let (out, mut chunks) = tokio::sync::mpsc::channel(100);
        let error = source.scan("ma_ho_so", &columns, out).await.expect_err(charset);
        assert!(chunks.recv().await.is_none(), "{charset}: something was delivered");
        let told = error.to_string();
        assert!(matches!(error, SourceError::Garbled { .. } | SourceError::Broken { .. }), "{charset}: {told}");
        assert!(told.contains(&file.path().display().to_string()) && told.contains("charset"), "{told}");
        assert!(told.contains("row ") || told.contains("line "), "{told}");
        if matches!(error, SourceError::Garbled { .. }) {
            let reading = source.reading().await.expect("read").expect("a file");
            assert!(reading.stops && reading.is_doubtful(), "{}", reading.told());
        }
    }
}

#[tokio::test]
async fn a_byte_that_the_charset_does_not_have_is_named_by_line_and_column() {
    let mut text: Vec<u8> = tcvn3(&people(200));
    text.extend(tcvn3("DT-1,Nguyễn"));
    text.push(0x8f);
    text.extend(vec![b','; 40]);
    text.push(b'\n');
    for charset in ["tcvn3", "auto"] {
        let (_file, source) = source(&text, charset).await;
        let told = scan(&source, "ma_ho_so", &["ho_ten"]).await.expect_err("a bad byte").to_string();
        assert!(told.contains("line 2") && told.contains("`ho_ten`"), "{told}");
    }
    // A mark without a letter that carries it.
    let (_file, source) = source(b"k,ho_ten\n1,Nguye\xe3n\n2,b\xe3n\n", "vni").await;
    let told = scan(&source, "k", &["ho_ten"]).await.expect_err("a bad byte").to_string();
    assert!(told.contains("line 3, cột / column `ho_ten`"), "{told}");
}

#[tokio::test]
async fn a_key_is_the_same_in_one_piece_and_in_several() {
    let text = "mã,ho_ten\nĐT-Ệ1,a\n";
    for encode in [utf_8, super::letters::utf_8_nfd] {
        let (_file, source) = source(&encode(text), "utf-8").await;
        let rows = scan(&source, "mã", &["ho_ten"]).await.expect("a scan");
        assert_eq!(rows[0].key, "ĐT-Ệ1");
        assert!(source.find("mã", &["ho_ten".to_owned()], "ĐT-Ệ1").await.expect("a find").is_some());
    }
}
