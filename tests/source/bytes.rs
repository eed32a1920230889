//! Properties of the CSV reader: it reads back what was written, and takes any bytes without a panic.

use molisa_gateway::source::SourceError;
use proptest::prelude::*;

use super::{csv_source, open, scan};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[^\u{0}]{0,12}", "[\",;\n\r\t '\u{1f}\u{1}λ字]{0,8}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, max_global_rejects: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read_back(rows in prop::collection::vec([any_text(), any_text(), any_text()], 0..20)) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut writer = csv::Writer::from_path(file.path()).expect("a writer");
        writer.write_record(["a", "b", "c"]).expect("the header");
        for row in &rows {
            writer.write_record(row).expect("a row");
        }
        writer.flush().expect("written");
        let read = block_on(async { scan(&open(&csv_source(file.path(), "utf-8")).await, "a", &["c", "b", "a"]).await });
        // Twenty words that no language writes are told as a charset guessed wrong, and rightly so: such a file is no case of
        // this story, and there may not be many of them.
        prop_assume!(!matches!(read, Err(SourceError::Garbled { words: 20.., impossible: 20.., .. })));
        let read: Vec<String> = read.expect("a scan").into_iter().map(|r| r.columns.join("\u{1f}")).collect();
        // A value that is the mark of NULL alone is read as NULL: the test shows it as such on both sides.
        let show = |t: &String| t.split('\u{1f}').map(|c| if c == "\u{1}" { "NULL" } else { c }).collect::<Vec<_>>().join("\u{1f}");
        let wanted: Vec<String> = rows.iter().map(|[a, b, c]| [show(c), show(b), show(a)].join("\u{1f}")).collect();
        prop_assert_eq!(read, wanted);
    }

    #[test]
    fn any_bytes_are_taken_without_a_panic(
        head in prop::bool::ANY,
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b','), Just(b'"'), Just(b'\n'), Just(b'a')], 0..400),
        charset in prop::sample::select(vec!["auto", "utf-8", "utf-16le", "utf-16be", "windows-1258", "tcvn3", "vni"]),
    ) {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let mut all = if head { b"a,b\n".to_vec() } else { Vec::new() };
        all.extend(bytes);
        std::fs::write(file.path(), &all).expect("written");
        let read = block_on(async { scan(&open(&csv_source(file.path(), charset)).await, "a", &["a", "b"]).await });
        if let Ok(rows) = read {
            prop_assert!(rows.iter().all(|r| r.columns.len() >= 2));
        }
    }
}
