//! The folder that stands for a system: what is numbered, what is read back, and what is put in front of a person.

use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use molisa_gateway::model::Timestamp;
use molisa_gateway::national::{
    Body, Credentials, FolderTransport, Operation, Profile, Reply, ResultOutcome, Session, Transport, Verdict,
    WireError, WireRequest,
};

use super::files::{shipped, text};

/// A folder, and what is said to it.
struct Desk {
    dir: tempfile::TempDir,
    profile: Profile,
    transport: FolderTransport,
}

impl Desk {
    fn new() -> Self {
        Self::with(&text())
    }

    fn with(text: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let profile = Profile::parse(Path::new("file.toml"), text).unwrap_or_else(|faults| panic!("{faults}"));
        let transport = FolderTransport::open(dir.path(), profile.answer_form().clone()).expect("opened");
        Self { dir, profile, transport }
    }

    async fn exchange(&self, request: WireRequest) -> Result<Reply, WireError> {
        let session = Session::new(&self.profile, Credentials::default()).expect("a session");
        let pass = session.pass(Timestamp(1_702_836_000_000)).expect("nothing to prove");
        self.transport.exchange(request.authorized(&pass)).await
    }

    async fn write(&self, key: &str, bytes: &[u8]) -> Result<Reply, WireError> {
        let body = Body { bytes: bytes.to_vec(), file: Some(format!("doi-tuong-{key}.xlsx")), ..Body::default() };
        self.exchange(self.profile.request("doi-tuong", Operation::Write, body).expect("offered")).await
    }

    async fn ask(&self, key: &str) -> Verdict {
        let reply = self.exchange(self.profile.ask("doi-tuong", key).expect("offered")).await.expect("an answer");
        self.profile.judge(Operation::Ask, &reply)
    }

    fn judged(&self, reply: &Reply) -> Verdict {
        self.profile.judge(Operation::Write, reply)
    }

    fn out(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path().join("out")).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|e| e.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn result(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.dir.path().join("results").join(name), bytes).expect("written");
    }

    fn no_results(&self) {
        for entry in fs::read_dir(self.dir.path().join("results")).expect("a folder") {
            fs::remove_file(entry.expect("an entry").path()).expect("removed");
        }
    }

    /// What is told of a result file that cannot be taken.
    async fn told(&self, key: &str) -> String {
        match self.ask(key).await {
            Verdict::Pending { message } => message,
            other => panic!("pending, not {other:?}"),
        }
    }
}

fn pending() -> Verdict {
    Verdict::Pending { message: String::new() }
}

fn outcomes(verdict: &Verdict) -> Vec<(String, &'static str)> {
    let Verdict::Stored { results, kept: false } = verdict else { panic!("in part: {verdict:?}") };
    let word = |outcome: &ResultOutcome| match outcome {
        ResultOutcome::Accepted { .. } => "accepted",
        ResultOutcome::Refused { .. } => "refused",
        ResultOutcome::Later { .. } => "later",
        _ => "?",
    };
    results.iter().map(|r| (r.reference.clone(), word(&r.outcome))).collect()
}

#[tokio::test]
async fn files_are_numbered_in_order_and_none_is_written_twice() {
    let desk = Desk::new();
    assert_eq!(desk.ask("a").await, Verdict::NeverSeen);
    for key in ["b", "a", "c"] {
        let reply = desk.write(key, key.as_bytes()).await.expect("written");
        assert_eq!(desk.judged(&reply), pending());
    }
    let three = ["000001-doi-tuong-b.xlsx", "000002-doi-tuong-a.xlsx", "000003-doi-tuong-c.xlsx"];
    assert_eq!(desk.out(), three);
    assert_eq!(desk.judged(&desk.write("a", b"a").await.expect("again")), pending());
    assert!(matches!(desk.write("a", b"other").await, Err(WireError::Unknown { .. })));
    assert_eq!((desk.ask("a").await, desk.out()), (pending(), three.map(String::from).to_vec()));
    // A file is carried away after its upload: it was written all the same, and its number is taken.
    for name in three {
        fs::remove_file(desk.dir.path().join("out").join(name)).expect("removed");
    }
    assert_eq!(desk.judged(&desk.write("c", b"c").await.expect("again")), pending());
    assert_eq!((desk.ask("a").await, desk.out().len()), (pending(), 0));
    desk.write("d", b"d").await.expect("written");
    assert_eq!(desk.out(), ["000004-doi-tuong-d.xlsx"]);
    // A crash between the file and its mark: the file says it.
    fs::remove_file(desk.dir.path().join(".written/000004-doi-tuong-d.xlsx")).expect("removed");
    assert_eq!(desk.judged(&desk.write("d", b"d").await.expect("again")), pending());
    fs::remove_file(desk.dir.path().join("out/000004-doi-tuong-d.xlsx")).expect("removed");
    assert_eq!(desk.ask("d").await, pending(), "the mark was set again");
    // Without mark and file it was never written: so says the operator who lost it.
    fs::remove_file(desk.dir.path().join(".written/000004-doi-tuong-d.xlsx")).expect("removed");
    assert_eq!(desk.ask("d").await, Verdict::NeverSeen);
    // Numbers go on beyond their digits.
    fs::write(desk.dir.path().join(".written/999999-x"), "").expect("written");
    desk.write("e", b"e").await.expect("written");
    assert_eq!((desk.out(), desk.ask("e").await), (vec!["1000000-doi-tuong-e.xlsx".to_owned()], pending()));
}

#[tokio::test]
async fn two_who_write_at_once_take_two_numbers() {
    let desk = Desk::new();
    let other = FolderTransport::open(desk.dir.path(), desk.profile.answer_form().clone()).expect("opened");
    let other = Desk { dir: tempfile::tempdir().expect("a folder"), profile: shipped(), transport: other };
    let keys: Vec<String> = (0..40).map(|n| format!("k{n}")).collect();
    let writes = keys.iter().enumerate().map(|(n, key)| {
        let desk = if n % 2 == 0 { &desk } else { &other };
        desk.write(key, key.as_bytes())
    });
    for reply in futures_util::future::join_all(writes).await {
        reply.expect("written");
    }
    let numbers: Vec<u32> = desk.out().iter().map(|name| name[..6].parse().expect("a number")).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<u32>>());
}

const HEAD: &str = "MaThamChieu,KetQua,MaDoiTuong,MaLoi,ThongBao\n";

fn workbook(rows: &[[&str; 3]]) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in (0..).zip(rows) {
        for (column, value) in (0..).zip(cells) {
            match value.parse::<f64>() {
                Ok(number) if !value.starts_with('0') || *value == "0" => sheet.write_number(row, column, number),
                _ => sheet.write_string(row, column, *value),
            }
            .expect("a cell");
        }
    }
    book.save_to_buffer().expect("a workbook")
}

#[tokio::test]
async fn a_result_file_may_speak_of_a_part_and_several_may_together() {
    let desk = Desk::new();
    desk.write("a", b"a").await.expect("written");
    desk.result("000001 ket qua.csv", format!("\u{feff}{HEAD}DT-1,0,Q1,,\nDT-2,1,,E05,\"sai, số\"\nDT-3,,,,\n\n"));
    let (one, two) = (("DT-1".to_owned(), "accepted"), ("DT-2".to_owned(), "refused"));
    assert_eq!(outcomes(&desk.ask("a").await), [one.clone(), two.clone()], "a row without a result is still open");
    desk.result(
        "1-lan-2.xlsx",
        workbook(&[["Danh sách", "", ""], ["", "ketqua", "MaThamChieu"], ["", "2", "0004"], ["", "0", "5"]]),
    );
    let more = [("0004".to_owned(), "later"), ("5".to_owned(), "accepted")];
    assert_eq!(outcomes(&desk.ask("a").await), [vec![one, two], more.to_vec()].concat());
    for other in
        ["000002-x.csv", "0000011.csv", "10.csv", ".000001.csv", "~$000001.xlsx", "000001.csv.part", "000001.TMP"]
    {
        desk.result(other, "nobody reads this");
    }
    assert_eq!(outcomes(&desk.ask("a").await).len(), 4);
    for delimiter in [";", "\t"] {
        desk.no_results();
        desk.result("000001.csv", format!("{HEAD}DT-1,0,,,\n").replace(',', delimiter));
        assert_eq!(outcomes(&desk.ask("a").await).len(), 1);
    }
    desk.no_results();
    assert_eq!(desk.ask("a").await, pending(), "nothing is remembered that is not there");
}

/// A workbook with a part that unpacks to so much.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut package = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let packed = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    package.start_file("xl/sharedStrings.xml", packed).expect("a part");
    for _ in 0..bytes / 1_000_000 {
        package.write_all(&vec![b' '; 1_000_000]).expect("packed");
    }
    package.finish().expect("a package").into_inner()
}

#[tokio::test]
async fn a_result_file_that_cannot_be_taken_is_told_with_its_place_and_what_to_do() {
    let desk = Desk::new();
    desk.write("a", b"a").await.expect("written");
    let good = workbook(&[["MaThamChieu", "KetQua", ""], ["DT-1", "0", ""]]);
    let small = bomb(40_000_000);
    assert!(small.len() < 100_000, "it is small: {}", small.len());
    // One that lies: its directory says ten bytes.
    let mut liar = bomb(2_000_000);
    let entry = liar.windows(4).rposition(|w| w == b"PK\x01\x02").expect("a directory");
    liar[entry + 24..entry + 28].copy_from_slice(&10_u32.to_le_bytes());
    let cases: [(&str, Vec<u8>, &[&str]); 14] = [
        ("000001.csv", "a,b\n1,2\n".into(), &["000001.csv", "MaThamChieu", "KetQua"]),
        ("000001.csv", Vec::new(), &["MaThamChieu"]),
        ("000001.csv", format!("{HEAD}DT-1,0,,,\nNguyễn Văn A,Đạt,,,\n").into(), &["dòng 3, cột B", "0, 1, 2", "Sửa"]),
        ("000001.csv", format!("{HEAD}DT-1,0,,,\n\n,1,,,\n").into(), &["dòng 4, cột A"]),
        ("000001.csv", "MaThamChieu,KetQua,KetQua\nDT-1,0,1\n".into(), &["dòng 1", "KetQua"]),
        ("000001.xlsx", workbook(&[["KetQua", "", "MaThamChieu"], ["Đạt", "", "DT-1"]]), &["dòng 2, cột A"]),
        ("000001.xlsx", good[..good.len() / 2].to_vec(), &["000001.xlsx", "không phải tệp XLSX"]),
        ("000001.xlsx", b"MaThamChieu,KetQua".to_vec(), &["không phải tệp XLSX"]),
        ("000001.xlsx", small, &["giải nén ra hơn 32000000"]),
        ("000001.xlsx", liar, &["XLSX hỏng"]),
        ("000001.xlsx", bomb(1_000_000), &["XLSX"]),
        ("000001.pdf", b"%PDF".to_vec(), &[".csv", ".xlsx"]),
        ("000001.csv", format!("{HEAD}{}", "x,1,,,\n".repeat(20_001)).into(), &["20000"]),
        ("000001.csv", vec![b' '; 8_000_001], &["8000000"]),
    ];
    for (name, bytes, told) in cases {
        desk.no_results();
        desk.result(name, bytes);
        let message = desk.told("a").await;
        for word in told {
            assert!(message.contains(word), "{name}: {message}");
        }
        assert!(!message.contains("Nguyễn") && !message.contains("Đạt"), "never a value: {message}");
        assert!(message.chars().count() < 300, "{message}");
    }
    desk.no_results();
    desk.result("ket qua.xlsx", &good);
    assert!(desk.told("a").await.contains("ket qua.xlsx"), "a result file without a number is not passed over");
    desk.no_results();
    for n in 0..21 {
        desk.result(&format!("000001-{n}.xlsx"), &good);
    }
    assert!(desk.told("a").await.contains("20"));
    desk.no_results();
    desk.result("000001.xlsx", &good);
    assert_eq!(outcomes(&desk.ask("a").await).len(), 1);
    // The folder is gone, as when a share is not mounted: that is no answer.
    fs::remove_dir_all(desk.dir.path().join("results")).expect("removed");
    let gone = desk.exchange(desk.profile.ask("doi-tuong", "a").expect("offered")).await;
    assert!(matches!(gone, Err(WireError::Unknown { .. })), "{gone:?}");
}
