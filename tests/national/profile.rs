//! The profile: the bytes it tells, everything renamed, every mistake shown.

use std::path::Path;

use molisa_gateway::model::{Action, ContentHash, Timestamp};
use molisa_gateway::national::{Encoder, Frame, Item, Operation, Profile, Reply, Settle, Verdict};
use proptest::prelude::*;

use super::{changed, mappings, shipped, shipped_text};

const RECORD: &str = r#"{"DangTat":["NHIN"],"HoTen":"Trần \"Thị\" Bưởi \\","SoQuyetDinh":"HoTen"}"#;

fn item(action: Action) -> Item<'static> {
    Item { reference: "DT-1", version: "ab12", action, canonical: RECORD }
}

fn writes(profile: &Profile) -> Encoder<'_> {
    profile.encoder("doi-tuong", Operation::Write).expect("offered")
}

fn batch<'i>(profile: &Profile, frame: [&str; 3], items: impl IntoIterator<Item = Item<'i>>) -> Vec<u8> {
    let [province, batch_key, sent_at] = frame;
    let body = writes(profile).body(&Frame { province, batch_key, sent_at }, items);
    assert!(body.blanks.is_empty());
    body.bytes
}

#[test]
fn a_batch_is_the_contracts() {
    let items = [item(Action::Write), item(Action::Stop)];
    let batch = batch(&shipped(), ["87", "goi-0001", "20231218083000"], items);
    let expected = concat!(
        r#"{"MaTinh":"87","MaGoiTin":"goi-0001","ThoiGianGui":"20231218083000","DanhSach":["#,
        r#"{"MaThamChieu":"DT-1","PhienBan":"ab12","ThaoTac":"GHI","DoiTuong":"#,
        r#"{"DangTat":["NHIN"],"HoTen":"Trần \"Thị\" Bưởi \\","SoQuyetDinh":"HoTen"}},"#,
        r#"{"MaThamChieu":"DT-1","PhienBan":"ab12","ThaoTac":"DUNG","DoiTuong":"#,
        r#"{"DangTat":["NHIN"],"HoTen":"Trần \"Thị\" Bưởi \\","SoQuyetDinh":"HoTen"}}]}"#,
    );
    assert_eq!(String::from_utf8(batch).expect("text"), expected);
    assert_eq!(shipped().ask("doi-tuong", "goi-\"1").expect("offered").body, br#"{"MaGoiTin":"goi-\"1"}"#);
}

#[test]
fn the_shipped_profile_says_what_the_contract_says() {
    let profile = shipped();
    let paths: Vec<&str> = [Operation::Write, Operation::Ask, Operation::Count, Operation::List]
        .iter()
        .map(|o| profile.call("doi-tuong", *o).expect("offered").path.as_str())
        .collect();
    assert_eq!(
        paths,
        ["dong-bo", "tra-cuu-goi-tin", "thong-ke", "danh-sach"].map(|p| format!("/misposasoft/1.0/doi-tuong/{p}"))
    );
    assert_eq!((profile.limits().records, profile.limits().batch_bytes), (500, 5_000_000));
    assert_eq!(profile.settle(), Settle::Ask);
    assert_eq!(profile.wire_time(Timestamp(1_702_836_000_000)), "20231218010000");
    let request = profile.request("doi-tuong", Operation::Write, b"{}".to_vec()).expect("offered");
    assert_eq!(request.headers[0], ("Content-Type".into(), "application/json; charset=utf-8".into()));
    assert!(profile.request("khac", Operation::Write, Vec::new()).is_none());
    assert_eq!(
        ContentHash::of(
            profile.contract_word(Action::Stop),
            r#"{"LyDoDung":"a","NgayDung":"18/12/2023","SoQuyetDinh":"12/QĐ-UBND \"A\""}"#
        )
        .to_string(),
        "cb557ffd5e67b9d4079f54e38e63b762f4a69adc715b064b1543685a9ac99fad",
        "the test vector of the contract"
    );
}

/// A ministry's letter renames everything on the wire.
fn renamed() -> Profile {
    changed(&[
        ("\"MaTinh\"", "\"tinh\""),
        ("\"MaGoiTin\"", "\"goi\\\"\""),
        ("\"ThoiGianGui\"", "\"luc\""),
        ("\"DanhSach\"", "\"ds\""),
        ("\"MaThamChieu\"", "\"ma\""),
        ("\"PhienBan\"", "\"pb\""),
        ("\"ThaoTac\"", "\"viec\""),
        ("\"DoiTuong\"", "\"hs\""),
        ("write = \"GHI\"\nstop = \"DUNG\"\n\n# Từ trong", "write = \"W\"\nstop = \"S\"\n\n# Từ trong"),
        ("# HoTen = \"HoVaTen\"", "HoTen = \"ten\""),
        ("/misposasoft/1.0/doi-tuong/dong-bo", "/v2/ghi"),
        ("\"error_code\"", "\"ma_loi\""),
        ("\"message\"", "\"loi\""),
        ("\"result\"", "\"kq\""),
        ("\"KetQua\"", "\"k\""),
        ("\"MaDoiTuong\"", "\"id\""),
        ("\"MaLoi\"", "\"e\""),
        ("\"ThongBao\"", "\"t\""),
        ("\"0\" = \"accepted\"\n\"3\"", "\"OK\" = \"accepted\"\n\"3\""),
        ("\"5\" = \"token-invalid\"", "\"HET_HAN\" = \"token-invalid\""),
        ("\"-1\" = \"malformed\"", "\"SAI\" = \"malformed\""),
        ("\"9\" = \"busy\"", "\"BAN\" = \"busy\""),
        ("\"4\" = \"never-seen\"", "\"CHUA\" = \"never-seen\""),
        (
            "\"0\" = \"accepted\"\n\"1\" = \"refused\"\n\"2\" = \"later\"",
            "\"D\" = \"accepted\"\n\"T\" = \"refused\"\n\"S\" = \"later\"",
        ),
        ("\"503\" = \"wait\"", "\"599\" = \"wait\""),
    ])
}

#[test]
fn everything_renamed_needs_no_rust() {
    let profile = renamed();
    let batch = batch(&profile, ["87", "g", "20231218083000"], [item(Action::Stop)]);
    let expected = concat!(
        r#"{"tinh":"87","goi\"":"g","luc":"20231218083000","ds":[{"ma":"DT-1","pb":"ab12","viec":"S","hs":"#,
        r#"{"DangTat":["NHIN"],"ten":"Trần \"Thị\" Bưởi \\","SoQuyetDinh":"HoTen"}}]}"#,
    );
    assert_eq!(String::from_utf8(batch).expect("text"), expected);
    assert_eq!(profile.contract_word(Action::Stop), "DUNG", "hashes keep to the contract's word");
    assert_eq!(profile.call("doi-tuong", Operation::Write).expect("offered").path, "/v2/ghi");
    assert_ne!(profile.digest(), shipped().digest());

    let judge =
        |operation, body: &str| profile.judge(operation, &Reply { status: 200, body: body.into(), ..Reply::default() });
    let Verdict::Stored { results, .. } = judge(
        Operation::Write,
        r#"{"ma_loi":"OK","kq":[{"ma":"a","k":"D","id":"7"},{"ma":"b","k":"T","e":"X","t":"y"}]}"#,
    ) else {
        panic!("stored");
    };
    assert_eq!(results.len(), 2);
    assert_eq!(judge(Operation::Write, r#"{"ma_loi":"HET_HAN"}"#), Verdict::TokenInvalid);
    assert_eq!(judge(Operation::Write, r#"{"ma_loi":"SAI","loi":"x"}"#), Verdict::Malformed { message: "x".into() });
    assert_eq!(judge(Operation::Write, r#"{"ma_loi":"BAN"}"#), Verdict::Busy { wait: None });
    assert_eq!(judge(Operation::Ask, r#"{"ma_loi":"CHUA"}"#), Verdict::NeverSeen);
    assert!(
        matches!(judge(Operation::Write, r#"{"error_code":"0"}"#), Verdict::Unknown { .. }),
        "the old names are gone"
    );
    let wait = |status| profile.judge(Operation::Write, &Reply { status, ..Reply::default() });
    assert_eq!(wait(599), Verdict::Busy { wait: None });
    assert!(matches!(wait(503), Verdict::Unknown { .. }));
}

#[test]
fn only_the_records_own_fields_are_renamed() {
    let canonical = r#"{"HoTen":"a","X":{"HoTen":"b"},"Y":[{"HoTen":"c"}]}"#;
    let item = Item { reference: "r", version: "v", action: Action::Write, canonical };
    let batch = String::from_utf8(batch(&renamed(), ["87", "g", "t"], [item])).expect("text");
    assert!(batch.contains(r#""hs":{"ten":"a","X":{"HoTen":"b"},"Y":[{"HoTen":"c"}]}"#), "{batch}");
}

#[test]
fn an_operation_may_have_headers_of_its_own() {
    let path = "path = \"/misposasoft/1.0/doi-tuong/dong-bo\"";
    let own = format!("{path}\n[entity.doi-tuong.write.headers]\ncontent-type = \"text/plain\"\nX-Viec = \"ghi\"");
    let profile = changed(&[(path, &own)]);
    let headers = |operation| profile.call("doi-tuong", operation).expect("offered").headers.clone();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        headers(Operation::Write),
        [pair("Accept", "application/json"), pair("content-type", "text/plain"), pair("X-Viec", "ghi")]
    );
    assert_eq!(headers(Operation::Ask).len(), 2);
}

#[test]
fn a_comment_is_not_another_profile() {
    let commented = format!("# ghi chú\n{}\n", shipped_text());
    let profile = Profile::parse(Path::new("system.toml"), &commented).expect("right");
    assert_eq!(profile.digest(), shipped().digest());
}

/// Mistakes of every kind in one file, each with the line that they stand in.
#[test]
fn all_mistakes_are_shown_at_once() {
    let mut text = shipped_text();
    let mistakes = [
        ("kind = \"ngsp-token\"", "kind = \"ngsp-tokem\"", "ngsp-token"),
        ("time = \"yyyyMMddHHmmss\"", "time = \"yyyyMMddHHmm\"", "ss"),
        ("records = 500", "record = 500", "limits.records"),
        ("answer-depth = 32", "answer-depth = 3200", "4"),
        ("connect-seconds = 10", "connect-seconds = \"10\"", "integer"),
        ("Accept = ", "\"Accept \" = ", "header"),
        ("path = \"/misposasoft/1.0/doi-tuong/dong-bo\"", "path = \"https://x/dong-bo\"", "path"),
        ("[entity.doi-tuong.count]\nmethod = \"POST\"", "[entity.doi-tuong.count]\nmethod = \"POTS\"", "POST"),
        ("province = \"MaTinh\"", "province = \"MaGoiTin\"", "hai lần"),
        ("reference = \"MaThamChieu\"\nversion = \"PhienBan\"", "reference = \"MaThamChieu\"", "version"),
        ("\"9\" = \"busy\"", "\"9\" = \"bussy\"", "busy"),
        ("\"0\" = \"accepted\"\n\"1\"", "\"0\" = \"refused\"\n\"1\"", "accepted"),
        ("\"401\" = \"token\"", "\"4O1\" = \"token\"", "4O1"),
        ("write = \"ask\"", "wrote = \"ask\"", "settle.write"),
    ];
    for (right, wrong, _) in &mistakes {
        assert!(text.contains(right), "{right}");
        text = text.replacen(right, wrong, 1);
    }
    let faults = Profile::parse(Path::new("m/system.toml"), &text).expect_err("mistakes");
    let all = faults.to_string();
    for (_, wrong, word) in &mistakes {
        let line = wrong.lines().last().expect("a line");
        let number = text.lines().position(|l| l.starts_with(line.trim_end_matches("Accept "))).expect(line) + 1;
        let near =
            faults.0.iter().filter(|f| f.line.is_some_and(|l| l <= number && l + 7 > number)).collect::<Vec<_>>();
        assert!(near.iter().any(|f| f.message.contains(word)), "{wrong} ({number}) in\n{all}");
    }
    assert!(all.contains("did you mean \"records\""), "{all}");
    assert!(faults.0.iter().all(|f| f.file == Path::new("m/system.toml") && f.line.is_some()), "{all}");
    let lines: Vec<_> = faults.0.iter().map(|f| f.line).collect();
    assert!(lines.is_sorted(), "{all}");

    let broken = Profile::parse(Path::new("s.toml"), "[system\nname = \"x\"\nname = 'y'\n").expect_err("not TOML");
    assert!(broken.0.iter().any(|f| f.line == Some(1)), "{broken}");
    let gone = Profile::load(&mappings(), "khong-co").expect_err("no such file").to_string();
    assert!(gone.contains("khong-co"), "{gone}");
}

/// Takes every line away, one at a time: what the profile can do without is a short list, and it is this one.
#[test]
fn what_may_be_left_out_of_a_profile() {
    let text = shipped_text();
    let lines: Vec<&str> = text.lines().collect();
    let mut spare = Vec::new();
    for skip in (0..lines.len()).filter(|i| !lines[*i].starts_with('#') && !lines[*i].is_empty()) {
        let mut without = lines.clone();
        without.remove(skip);
        let without = without.join("\n");
        if Profile::parse(Path::new("s.toml"), &without).is_ok() {
            spare.push(lines[skip]);
        }
    }
    assert_eq!(
        spare,
        [
            "grant_type = \"client_credentials\"",
            "Content-Type = \"application/json; charset=utf-8\"",
            "Accept = \"application/json\"",
            // A system may offer no digests, no sum, and say less of each record.
            "Nhom = \"MaXa\"",
            "digest = \"MaKiemTra\"",
            "first = 1",
            "total = \"TongSo\"",
            "page = \"Trang\"",
            "national-id = \"MaDoiTuong\"",
            "state = \"TrangThai\"",
            "changed = \"CapNhatLuc\"",
            "[record.rename]",
            "\"3\" = \"already-processed\"",
            "\"-1\" = \"malformed\"",
            "\"5\" = \"token-invalid\"",
            "\"9\" = \"busy\"",
            "\"1\" = \"refused\"",
            "\"2\" = \"later\"",
            "\"3xx\" = \"not-stored\"",
            "\"401\" = \"token\"",
            "\"429\" = \"wait\"",
            "\"503\" = \"wait\"",
        ]
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is put where into the profile, there is a profile or a list of mistakes, each with its line.
    #[test]
    fn damage_is_told_and_never_panics(at in any::<proptest::sample::Index>(), cut in 0usize..60, put in "[ -~đ\n]{0,8}") {
        let text: Vec<char> = shipped_text().chars().collect();
        let start = at.index(text.len());
        let end = (start + cut).min(text.len());
        let damaged: String =
            text[..start].iter().copied().chain(put.chars()).chain(text[end..].iter().copied()).collect();
        if let Err(faults) = Profile::parse(Path::new("s.toml"), &damaged) {
            prop_assert!(!faults.0.is_empty());
            for fault in faults.0 {
                prop_assert!(fault.line.is_some_and(|l| l <= damaged.lines().count() + 1), "{}", fault);
            }
        }
    }

    /// Sizes told beforehand are those of the bytes, renamed or not.
    #[test]
    fn sizes_are_exact(
        items in proptest::collection::vec(("[ -~à-ỹ\n]{0,12}", "[0-9a-f]{4}", any::<bool>(), "[a-zđ{}\\[\\]:,]{0,20}"), 1..6),
        province in "[0-9]{2}", key in "[ -~]{8,20}", renames in any::<bool>(),
    ) {
        let profile = if renames { renamed() } else { shipped() };
        let records: Vec<String> = items.iter().map(|(_, _, _, text)| {
            format!("{{\"DangTat\":[\"HoTen\"],\"HoTen\":{},\"Khac\":\"\"}}", serde_json::Value::from(text.as_str()))
        }).collect();
        let items: Vec<Item<'_>> = items.iter().zip(&records).map(|((reference, version, write, _), canonical)| {
            Item { reference, version, action: if *write { Action::Write } else { Action::Stop }, canonical }
        }).collect();
        let batch = batch(&profile, [&province, &key, "20231218083000"], items.iter().copied());
        let frame = Frame { province: &province, batch_key: &key, sent_at: "20231218083000" };
        let told = writes(&profile).frame_bytes(&frame)
            + items.iter().map(|i| writes(&profile).item_bytes(i)).sum::<usize>() + items.len() - 1;
        prop_assert_eq!(batch.len(), told);
        let parsed: serde_json::Value = serde_json::from_slice(&batch).expect("JSON");
        let (list, record, name, reference) =
            if renames { ("ds", "hs", "ten", "ma") } else { ("DanhSach", "DoiTuong", "HoTen", "MaThamChieu") };
        for (i, item) in items.iter().enumerate() {
            let own: serde_json::Value = serde_json::from_str(item.canonical).expect("JSON");
            prop_assert_eq!(&parsed[list][i][record][name], &own["HoTen"]);
            prop_assert_eq!(&parsed[list][i][record]["DangTat"], &own["DangTat"]);
            prop_assert_eq!(&parsed[list][i][reference], item.reference);
        }
    }
}
