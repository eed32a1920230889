//! What answers mean, and how results are laid against what was sent.

use std::time::Duration;

use molisa_gateway::national::{Operation, RecordResult, Reply, ResultOutcome, Verdict, Wait, match_results};
use proptest::prelude::*;

use super::{changed, shipped};

fn judge(operation: Operation, status: u16, body: impl Into<Vec<u8>>) -> Verdict {
    shipped().judge(operation, &Reply { status, body: body.into(), ..Reply::default() })
}

fn write(body: &str) -> Verdict {
    judge(Operation::Write, 200, body)
}

fn is_unknown(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Unknown { .. })
}

fn accepted(reference: &str, id: Option<&str>) -> RecordResult {
    RecordResult { reference: reference.into(), outcome: ResultOutcome::Accepted { national_id: id.map(Into::into) } }
}

#[test]
fn results_are_read_in_any_dress() {
    let expected = Verdict::Stored {
        results: vec![
            accepted("DT-1", Some("Q7")),
            RecordResult {
                reference: "DT-2".into(),
                outcome: ResultOutcome::Refused { code: "E05".into(), message: "sai số".into() },
            },
            RecordResult {
                reference: "3".into(),
                outcome: ResultOutcome::Later { code: String::new(), message: "bận".into() },
            },
            RecordResult { reference: "DT-4".into(), outcome: ResultOutcome::Unclear { code: "8".into() } },
        ],
        kept: false,
    };
    let text = r#" {"them":{"x":[1,{}]},"error_code":" 0 ","message":null,"result":[
        {"MaThamChieu":"DT-1","KetQua":0,"MaDoiTuong":"Q7","MaLoi":"","ThongBao":"","la":[[]]},
        {"KetQua":" 1","MaThamChieu":" DT-2 ","MaLoi":"E05","ThongBao":"sai số"},
        {"MaThamChieu":3,"KetQua":2.0,"ThongBao":"bận"},
        {"MaThamChieu":"DT-4","KetQua":"8"},
        {"KetQua":"0"}]} "#;
    assert_eq!(write(text), expected);
    assert_eq!(write(&text.replace("\" 0 \"", "0")), expected);
    assert_eq!(write(&format!("\u{feff}{text}")), expected, "a byte order mark");
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(judge(Operation::Write, 200, utf16), expected, "UTF-16 with a mark");
    assert_eq!(
        write(r#"{"error_code":"0","result":{"MaThamChieu":"a","KetQua":"0"}}"#),
        Verdict::Stored { results: vec![accepted("a", None)], kept: false },
        "a list of one may come bare"
    );
    for nothing in [r#"{"error_code":0}"#, r#"{"error_code":0,"result":null}"#, r#"{"error_code":0,"result":""}"#] {
        assert_eq!(write(nothing), Verdict::Stored { results: vec![], kept: false }, "{nothing}");
    }
}

#[test]
fn codes_mean_what_the_profile_says() {
    assert_eq!(write(r#"{"error_code":-1,"message":"bản ghi 7"}"#), Verdict::Malformed { message: "bản ghi 7".into() });
    assert_eq!(write(r#"{"error_code":"5","result":"x"}"#), Verdict::TokenInvalid);
    let kept = Verdict::Stored { results: vec![accepted("a", None)], kept: true };
    let one = r#""result":[{"MaThamChieu":"a","KetQua":"0"}]}"#;
    assert_eq!(write(&format!(r#"{{"error_code":"3",{one}"#)), kept, "the stored answer of a repeated key");
    assert_eq!(judge(Operation::Ask, 200, format!(r#"{{"error_code":"0",{one}"#)), kept, "the stored answer asked for");
    // Nothing where results should be is no list without them: it must not be read as "none was stored".
    for nothing in [r#"{"error_code":0}"#, r#"{"error_code":0,"result":null}"#, r#"{"error_code":0,"result":" "}"#] {
        assert!(matches!(judge(Operation::Ask, 200, nothing.to_owned()), Verdict::Unknown { .. }), "{nothing}");
    }
    assert_eq!(judge(Operation::Ask, 200, r#"{"error_code":"4"}"#), Verdict::NeverSeen);
    assert!(is_unknown(&write(r#"{"error_code":"4"}"#)), "never seen is no answer to a write");
    assert!(
        is_unknown(&judge(Operation::Ask, 200, r#"{"error_code":"-1"}"#)),
        "a bad question says nothing of the batch"
    );
    assert!(matches!(write(r#"{"error_code":"77"}"#), Verdict::Unlisted { .. }), "a code that nobody knows");
    assert!(is_unknown(&write(r#"{"error_code":""}"#)));
}

#[test]
fn statuses_mean_what_the_profile_says() {
    let fine = r#"{"error_code":"0","result":[]}"#;
    assert_eq!(judge(Operation::Write, 401, fine), Verdict::TokenInvalid);
    for status in [301, 302, 307, 308] {
        assert!(matches!(judge(Operation::Write, status, fine), Verdict::NotStored { .. }), "{status}");
    }
    for status in [0, 100, 400, 403, 404, 408, 409, 413, 422, 500, 502, 504, 599, 999] {
        assert!(is_unknown(&judge(Operation::Write, status, fine)), "{status}");
    }
    let busy = |status, retry_after: Option<&str>, date: Option<&str>, body: &str| {
        shipped().judge(
            Operation::Write,
            &Reply {
                status,
                retry_after: retry_after.map(Into::into),
                date: date.map(Into::into),
                body: body.into(),
                ..Reply::default()
            },
        )
    };
    let told = |n| Verdict::Busy { wait: Some(Wait::For(Duration::from_secs(n))) };
    assert_eq!(busy(429, Some("120"), None, ""), told(120));
    assert_eq!(busy(503, Some("-3"), None, "<html>"), told(0));
    assert_eq!(busy(503, Some("999999999"), None, ""), told(999_999_999));
    let date = Some("Tue, 24 Nov 2026 08:00:00 GMT");
    assert_eq!(busy(429, Some("Tue, 24 Nov 2026 08:00:30 GMT"), date, ""), told(30));
    assert_eq!(busy(429, Some("mai"), date, ""), Verdict::Busy { wait: None });
    assert_eq!(busy(503, None, None, ""), Verdict::Busy { wait: None });
    assert_eq!(busy(200, Some("5"), None, r#"{"error_code":"9"}"#), told(5), "busy in the body");
}

#[test]
fn what_cannot_be_read_is_unknown_and_never_quoted() {
    let deep = format!(r#"{{"error_code":"0","x":{}{}}}"#, "[".repeat(40), "]".repeat(40));
    let very_deep = "[".repeat(200_000);
    for body in [
        "",
        "  ",
        "<!DOCTYPE html><html>Nguyễn</html>",
        "Nguyễn",
        "null",
        "[]",
        "\"Nguyễn\"",
        r#"{"error_code":"0","result":[{"MaThamChieu":"Nguyễn""#,
        r#"{"error_code":"0","result":"Nguyễn"}"#,
        r#"{"error_code":"0","result":7}"#,
        r#"{"error_code":"0","result":["Nguyễn"]}"#,
        r#"{"error_code":"0","result":[{"MaThamChieu":{"Nguyễn":1},"KetQua":"0"}]}"#,
        r#"{"error_code":"0"} Nguyễn"#,
        r#"{"error_code":"0","error_code":"9"}"#,
        r#"{"error_code":"0","result":[],"result":[]}"#,
        r#"{"error_code":"0","result":[{"MaThamChieu":"a","MaThamChieu":"b","KetQua":"0"}]}"#,
        r#"{"error_code":["0"]}"#,
        r#"{"error_code":null}"#,
        r#"{"message":"Nguyễn"}"#,
        &deep,
        &very_deep,
    ] {
        let verdict = write(body);
        let Verdict::Unknown { why } = &verdict else { panic!("{body} is unknown, not {verdict:?}") };
        assert!(!why.contains("Nguyễn"), "{why}");
    }
    let level = |n: usize| format!(r#"{{"error_code":"0","x":{}{}}}"#, "[".repeat(n), "]".repeat(n));
    assert!(!is_unknown(&write(&level(31))), "as deep as the profile allows");
    assert!(is_unknown(&write(&level(32))));
    assert!(!is_unknown(&write(&format!(r#"{{"error_code":"0","x":"{}\"["}}"#, "[".repeat(99)))), "brackets in a text");
    let shallow = changed(&[("answer-depth = 32", "answer-depth = 8")]);
    let reply = Reply { status: 200, body: level(8).into(), ..Reply::default() };
    assert!(is_unknown(&shallow.judge(Operation::Write, &reply)), "the profile's limit, not ours");
}

#[test]
fn results_without_end_are_not_collected() {
    let many = |n: usize| format!(r#"{{"error_code":"0","result":[{}]}}"#, vec!["{}"; n].join(","));
    assert!(!is_unknown(&write(&many(5_000))));
    assert!(is_unknown(&write(&many(5_001))));
}

#[test]
fn results_are_matched_by_reference() {
    let refused = |reference: &str, code: &str, message: &str| RecordResult {
        reference: reference.into(),
        outcome: ResultOutcome::Refused { code: code.into(), message: message.into() },
    };
    let later = RecordResult {
        reference: "e".into(),
        outcome: ResultOutcome::Later { code: "L".into(), message: "chờ".into() },
    };
    let unclear = RecordResult { reference: "h".into(), outcome: ResultOutcome::Unclear { code: "8".into() } };
    let matched = match_results(
        &["a", "b", "c", "d", "e", "f", "g", "h"],
        vec![
            refused("d", "E1", "một"),
            later,
            accepted("a", None),
            accepted("lạ", Some("9")),
            accepted("b", Some("1")),
            unclear,
            accepted("a", Some("7")),
            accepted("a", None),
            refused("d", "E1", "hai"),
            accepted("b", Some("2")),
            accepted("f", Some("5")),
            refused("f", "E9", ""),
            accepted("f", Some("5")),
            accepted("g", Some("3")),
        ],
    );
    assert_eq!(matched.accepted, [(0, Some("7".to_owned())), (6, Some("3".to_owned()))]);
    assert_eq!(matched.refused, [(3, "E1".to_owned(), "một".to_owned())]);
    assert_eq!(matched.later, [(4, "L".to_owned(), "chờ".to_owned())]);
    assert_eq!(matched.missing, [2]);
    assert_eq!(matched.contradicting, [1, 5]);
    assert_eq!(matched.unclear, [(7, "8".to_owned())]);
    assert_eq!((matched.extra, matched.repeated), (1, 6));
}

fn outcome() -> impl Strategy<Value = ResultOutcome> {
    prop_oneof![
        proptest::option::of("[12]").prop_map(|national_id| ResultOutcome::Accepted { national_id }),
        "[12]".prop_map(|code| ResultOutcome::Refused { code, message: String::new() }),
        Just(ResultOutcome::Later { code: String::new(), message: String::new() }),
        "[12]".prop_map(|code| ResultOutcome::Unclear { code }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_judged(body in proptest::collection::vec(any::<u8>(), 0..300), status in any::<u16>()) {
        let _ = judge(Operation::Write, status, body.clone());
        prop_assert!(!matches!(judge(Operation::Ask, 200, body), Verdict::Stored { .. }), "noise stores nothing");
    }

    /// A right answer with a piece cut out, changed or doubled.
    #[test]
    fn damaged_answers_are_judged(at in 0usize..180, length in 0usize..40, put in proptest::collection::vec(any::<u8>(), 0..6)) {
        let mut body = br#"{"error_code":"0","message":"","result":[{"MaThamChieu":"DT-1","KetQua":"0","MaDoiTuong":"Q7","MaLoi":"","ThongBao":""},{"MaThamChieu":"DT-2","KetQua":"1","MaLoi":"E5","ThongBao":"x"}]}"#.to_vec();
        let start = at.min(body.len());
        let end = (at + length).min(body.len());
        body.splice(start..end, put);
        if let Verdict::Stored { results, .. } = judge(Operation::Write, 200, body) {
            prop_assert!(results.len() <= 2);
        }
    }

    /// Every record sent is in exactly one list, and the order of the answer does not matter.
    #[test]
    fn counts_add_up(results in proptest::collection::vec(("[a-f]", outcome()), 0..20), turn in 0usize..20) {
        let sent = ["a", "b", "c", "d"];
        let all: Vec<RecordResult> =
            results.into_iter().map(|(reference, outcome)| RecordResult { reference, outcome }).collect();
        let matched = match_results(&sent, all.clone());
        let mut places: Vec<usize> = matched.accepted.iter().map(|(i, _)| *i)
            .chain(matched.refused.iter().chain(&matched.later).map(|(i, _, _)| *i))
            .chain(matched.missing.iter().chain(&matched.contradicting).copied())
            .chain(matched.unclear.iter().map(|(i, _)| *i))
            .collect();
        places.sort_unstable();
        prop_assert_eq!(places, vec![0, 1, 2, 3]);
        let mut turned = all;
        if !turned.is_empty() {
            let by = turn % turned.len();
            turned.rotate_left(by);
        }
        let again = match_results(&sent, turned);
        prop_assert_eq!(matched, again);
    }
}
