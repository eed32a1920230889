//! CSV: charsets, damage named by line and column, a file that changes while it is read, bombs.

use std::io::Write as _;

use molisa_gateway::source::{Source, SourceConfig, SourceError};

use super::{Row, csv_source, open, scan, scan_with_pause};

async fn read(bytes: &[u8], charset: &str, columns: &[&str]) -> Result<Vec<Row>, SourceError> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), bytes).expect("written");
    scan(&open(&csv_source(file.path(), charset)).await, columns[0], columns).await
}

async fn texts(bytes: &[u8], charset: &str) -> Vec<Vec<String>> {
    let rows = read(bytes, charset, &["k", "ho_ten"]).await.unwrap_or_else(|e| panic!("{charset}: {e}"));
    rows.into_iter().map(|r| r.columns).collect()
}

#[tokio::test]
async fn charsets_are_decoded() {
    let text = "k,ho_ten\r\n1,Nguyễn Thị Đẹp\r\n";
    let wanted = [["1", "Nguyễn Thị Đẹp"]];
    assert_eq!(texts(text.as_bytes(), "utf-8").await, wanted);
    assert_eq!(texts(format!("\u{feff}{text}").as_bytes(), "UTF-8").await, wanted);
    let little: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(texts(&little, "utf-16le").await, wanted);
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(texts(&big, "utf-16be").await, wanted);
    // ễ is ê (EA) with a tilde (DE) behind it; Đ is D0.
    let old = b"k,ho_ten\n1,Nguy\xea\xden \xd0\n";
    assert_eq!(texts(old, "windows-1258").await, [["1", "Nguyễn Đ"]]);
}

#[tokio::test]
async fn damage_is_named_by_line_and_column() {
    for (bytes, charset, place, what) in [
        (&b"k,ho_ten\n1,a\n2,Nguy\xffn\n3,c\n"[..], "utf-8", "line 3, cột / column `ho_ten`", "charset"),
        (b"k,ho_ten\n1,a\n2,b\0\n", "utf-8", "line 3, cột / column `ho_ten`", "charset"),
        (b"k,ho_ten\n1,a\n2\x82,b\xd2\x8a\n", "windows-1258", "line 3, cột / column `ho_ten`", "charset"),
        (b"k,h\xff\n1,a\n", "utf-8", "line 1, cột / column 2", "charset"),
        (b"k,ho_ten\n1,a\n2\n", "utf-8", "line 3", "1 cột thay vì 2"),
        (b"k,ho_ten\n1,\"a\nb\"\n2,b,c\n", "utf-8", "line 4", "3 cột thay vì 2"),
        (b"k,ho_ten\n1,a\n2,\"b\n3,c\n", "utf-8", "line 3", "quote is not closed"),
        (b"", "utf-8", "line 1", "empty"),
        (b"k,,ho_ten\n1,2,3\n", "utf-8", "line 1", "column 2 has no name"),
        (b"k\0,\0h\0o\0_\0t\0e\0n\0\n\0\x41", "utf-16le", "line 2", "charset"),
    ] {
        let told = read(bytes, charset, &["k", "ho_ten"]).await.expect_err(what).to_string();
        assert!(told.contains(place) && told.contains(what), "{told}");
        assert!(told.contains("nothing may be concluded"), "{told}");
    }
    let error = read(b"k,a,k\n1,2,3\n", "utf-8", &["k"]).await.expect_err("two columns k");
    assert!(matches!(error, SourceError::Ambiguous { .. }), "{error}");
}

#[tokio::test]
async fn a_damaged_byte_far_behind_is_not_told_of_a_row_before_it() {
    let mut bytes = b"k,ho_ten\n".to_vec();
    for i in 1..=20_000 {
        bytes.extend(format!("{i},Nguyễn Văn A\n").bytes());
    }
    bytes.extend(b"x,\xff\n");
    let told = read(&bytes, "utf-8", &["k", "ho_ten"]).await.expect_err("bad byte").to_string();
    assert!(told.contains("line 20002, cột / column `ho_ten`"), "{told}");
}

#[tokio::test]
async fn bombs_are_refused() {
    let mut open_quote = b"k,ho_ten\n1,\"".to_vec();
    open_quote.resize(40 << 20, b'x');
    let told = read(&open_quote, "utf-8", &["k"]).await.expect_err("a giant record").to_string();
    assert!(told.contains("record is longer than 1048576"), "{told}");
    let field = format!("k,ho_ten\n1,{}\n", "x".repeat(65 * 1024 + 1));
    let told = read(field.as_bytes(), "utf-8", &["k"]).await.expect_err("a giant field").to_string();
    assert!(told.contains("line 2, cột / column `ho_ten`") && told.contains("field is longer"), "{told}");
    let wide: Vec<String> = (0..501).map(|i| format!("c{i}")).collect();
    let told = read(format!("{}\n", wide.join(",")).as_bytes(), "utf-8", &["c0"]).await.expect_err("wide").to_string();
    assert!(told.contains("501 columns"), "{told}");
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_ends_no_scan() {
    for change in ["longer", "shorter", "same length"] {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut text = "k,v\n".to_owned();
        for i in 0..60_000 {
            text.extend([&format!("{i:06}"), ",aaaaaaaaaa\n"]);
        }
        std::fs::write(file.path(), &text).expect("written");
        let source = open(&csv_source(file.path(), "utf-8")).await;
        let (end, rows) = scan_with_pause(&source, "k", &["v"], || async {
            let writer = std::fs::OpenOptions::new().append(change == "longer").write(true).open(file.path());
            let mut writer = writer.expect("the file");
            match change {
                "longer" => writer.write_all(b"x,y\n").expect("appended"),
                "shorter" => writer.set_len(text.len() as u64 - 18).expect("cut"),
                _ => {
                    use std::io::Seek as _;
                    writer.seek(std::io::SeekFrom::End(-3)).expect("at the end");
                    writer.write_all(b"b").expect("changed");
                }
            }
        })
        .await;
        assert!(matches!(end, Err(SourceError::Changed { .. })), "{change}: {end:?}");
        assert!(!rows.is_empty());
    }
}

#[tokio::test]
async fn columns_without_a_header_are_named_by_place() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "1\t'a\tb'\n2\t'it''s'\n").expect("written");
    let config = SourceConfig::Csv {
        path: file.path().to_owned(),
        delimiter: "\\t".to_owned(),
        quote: "'".to_owned(),
        header: false,
        charset: "utf-8".to_owned(),
    };
    let source = open(&config).await;
    let names: Vec<String> = source.describe().await.expect("columns").into_iter().map(|c| c.name).collect();
    assert_eq!(names, ["c1", "c2"]);
    let rows = scan(&source, "c1", &["c2"]).await.expect("a scan");
    assert_eq!(rows.iter().map(|r| r.columns[0].as_str()).collect::<Vec<_>>(), ["a\tb", "it's"]);
    assert_eq!(source.find("c1", &["c2".to_owned()], "2").await.expect("found"), Some((2, "it's".to_owned())));
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let config = |delimiter: &str, quote: &str, charset: &str| SourceConfig::Csv {
        path: file.path().to_owned(),
        delimiter: delimiter.to_owned(),
        quote: quote.to_owned(),
        header: true,
        charset: charset.to_owned(),
    };
    for (config, word) in [
        (config(";;", "\"", "utf-8"), "delimiter"),
        (config("đ", "\"", "utf-8"), "delimiter"),
        (config(",", "", "utf-8"), "quote"),
        (config(",", ",", "utf-8"), "same"),
        (config(",", "\"", "latin9"), "windows-1258"),
    ] {
        let told = Source::open(&config, std::path::Path::new("/")).await.expect_err(word).to_string();
        assert!(told.contains(word), "{told}");
    }
}
