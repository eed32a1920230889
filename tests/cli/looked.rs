//! What staff see before they decide, and of what they typed wrong: with the real program.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use jiff::Span;
use molisa_gateway::model::{Clock, SystemClock, calendar};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::mismatched::House;

/// Opens a mismatch and tells its number.
fn open(
    store: &Connection,
    key: &str,
    (kind, place): (&str, &str),
    (state, assignee): (&str, &str),
    unit: &str,
) -> i64 {
    let one = "insert into mismatch (stream_id, key, kind, place, reason, cause, field, value, theirs, gravity, state, assignee, unit, \
        opened_ms, seen_ms, run_id) values (1, ?1, ?2, ?3, 'differs', 'differs HoTen', 'HoTen', 'của tỉnh', 'của họ', 2, ?4, ?5, ?6, ?7, ?7, 1)";
    let now = SystemClock::new().now().0;
    store.execute(one, rusqlite::params![key, kind, place, state, assignee, unit, now]).unwrap();
    store.last_insert_rowid()
}

fn text(house: &House, args: &[&str]) -> String {
    let output = house.call(args);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_about_many_is_looked_at_before_and_waits_in_sight() {
    let house = House::of(20).await;
    house.done(&["sync"]);
    let store = Connection::open(house.dir.path().join("store.db")).unwrap();
    let ids = [
        open(&store, "A", ("missing-here", ""), ("open", ""), ""),
        open(&store, "B", ("field-differs", "HoTen"), ("open", ""), ""),
        open(&store, "C", ("amount-not-by-law", "held"), ("open", ""), ""),
        open(&store, "D", ("field-differs", "HoTen"), ("in-review", "nobody-like-that"), ""),
        open(&store, "E", ("late", "held"), ("open", ""), ""),
        999_999,
    ]
    .map(|id| id.to_string());
    let allowed = |at: usize| house.done(&["mismatch", "show", &ids[at]])["allowed"].clone();
    assert_eq!(allowed(1), json!(["keep-ours", "take-theirs", "correct-at-source", "accept-until"]));
    assert_eq!(allowed(2), json!(["correct-at-source"]));
    assert_eq!(allowed(4), json!(["correct-at-source", "accept-until"]));
    let shown = text(&house, &["mismatch", "show", &ids[0]]);
    for what in ["doi-tuong: missing-here", "accept-until (chấp nhận đến ngày / accept until a day) [cần người thứ hai"]
    {
        assert!(shown.contains(what), "{what}: {shown}");
    }
    assert!(text(&house, &["mismatch", "show", &ids[4]]).contains("and stays held"));

    let until = SystemClock::new().now().day().saturating_add(Span::new().days(30)).to_string();
    let decision = ["--decision", "accept-until", "--until", &until, "--reason", "chờ giấy"];
    let ids_given: Vec<&str> = ids.iter().map(String::as_str).collect();
    let asked = [&["mismatch", "resolve"][..], &ids_given, &decision].concat();
    let look = [&asked[..], &["--dry-run"]].concat();
    let seen = house.done(&look);
    assert_eq!((&seen["chosen"], &seen["would"], &seen["second"]), (&json!(6), &json!(3), &json!(1)), "{seen}");
    let refused: Vec<(&str, &Value)> =
        seen["refused"].as_array().unwrap().iter().map(|r| (r["why"].as_str().unwrap(), &r["ids"])).collect();
    assert_eq!(refused.len(), 3, "{refused:?}");
    for (why, at) in [("đang bị giữ tại tỉnh", 2), ("đang do nobody-like-that", 3), ("không có số 999999", 5)]
    {
        let id: i64 = ids[at].parse().unwrap();
        assert!(refused.iter().any(|(told, ids)| told.contains(why) && **ids == json!([id])), "{why}: {refused:?}");
    }
    let told = text(&house, &look);
    for what in ["sẽ quyết định 3, trong đó chờ người thứ hai 1; không được 3", "của họ", "Không được: 1"]
    {
        assert!(told.contains(what), "{what}: {told}");
    }
    assert_eq!(house.done(&["mismatch", "show", &ids[0]])["events"], json!([]), "nothing was written");

    // It is as was said.
    let mark = seen["expect"].as_str().unwrap();
    let done = house.done(&[&asked[..], &["--expect", mark]].concat());
    assert_eq!((&done["decided"], done["skipped"].as_array().unwrap().len()), (&json!(3), 3));
    let waiting = house.done(&["mismatch", "list", "--waits-second"])["mismatches"].clone();
    assert_eq!(waiting.as_array().unwrap().len(), 1, "{waiting}");
    assert_eq!((&waiting[0]["key"], &waiting[0]["waits_second"]), (&json!("A"), &json!(true)));
    let b = house.done(&["mismatch", "show", &ids[1]]);
    assert_eq!((&b["state"], &b["waits_second"], &b["allowed"]), (&json!("decided"), &json!(false), &json!([])));
    let words = "chờ người thứ hai / waits for a second person";
    for args in [&["mismatch", "show", &ids[0]][..], &["mismatch", "list", "--waits-second"]] {
        assert!(text(&house, args).contains(words), "{args:?}");
    }
    assert!(!text(&house, &["mismatch", "show", &ids[1]]).contains(words));
    let file = house.dir.path().join("ra.json").display().to_string();
    house.done(&["mismatch", "export", "--format", "json", "--to", &file]);
    let found: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let of = |key: &str| found["mismatches"].as_array().unwrap().iter().find(|one| one["key"] == key).unwrap().clone();
    assert_eq!((&of("A")["state_vi"], &of("B")["state_vi"]), (&json!("chờ người thứ hai"), &json!("đã quyết định")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_knows_is_told_and_what_is_left_out_is_counted() {
    let house = House::of(20).await;
    house.done(&["sync"]);
    let store = Connection::open(house.dir.path().join("store.db")).unwrap();
    for n in 0..25 {
        open(&store, &format!("K{n}"), ("field-differs", "HoTen"), ("open", ""), &format!("cũ-{n:02}"));
    }
    let file = house.dir.path().join("ra.csv").display().to_string();
    house.refused(&["mismatch", "list", "--commune", "29869x"], "did you mean `29869`");
    house.refused(&["mismatch", "list", "--commune", "foo"], "không có xã 'foo'");
    house.refused(&["mismatch", "export", "--commune", "foo", "--to", &file], "không có xã 'foo'");
    house.refused(&["mismatch", "export", "--stream", "doi-tuog", "--to", &file], "did you mean `doi-tuong`");
    house.refused(&["reconcile", "--commune", "99999"], "không có xã '99999'");
    let resolve = ["mismatch", "resolve", "--commune", "foo", "--decision", "keep-ours", "--dry-run"];
    house.refused(&resolve, "không có xã 'foo'");
    assert!(!std::path::Path::new(&file).exists(), "no file is left of it");
    // A list has it, or something stands under it.
    assert_eq!(house.done(&["mismatch", "list", "--commune", "29869", "--kind", "parked"])["mismatches"], json!([]));
    assert_eq!(house.done(&["mismatch", "list", "--commune", "cũ-07"])["mismatches"].as_array().unwrap().len(), 1);
    let none = house.call(&["mismatch", "list", "--cause", "differs HoTe"]);
    let told = String::from_utf8_lossy(&none.stdout).into_owned();
    assert_eq!(none.status.code(), Some(0));
    assert!(told.contains("nguyên nhân 'differs HoTe'") && told.contains("did you mean `differs HoTen`"), "{told}");

    store
        .execute(
            "insert into mismatch (stream_id, key, kind, reason, cause, gravity, state, opened_ms, seen_ms, run_id) \
        values (1, 'L', 'parked', 'parked', 'parked', 3, 'open', 1, 1, 1)",
            [],
        )
        .unwrap();
    let all = house.done(&["mismatch", "list", "--limit", "10000"])["mismatches"].as_array().unwrap().len();
    let groups = house.done(&["mismatch", "groups"]);
    let (total, causes) = (groups["total"].as_u64().unwrap(), groups["causes"].as_u64().unwrap());
    assert_eq!((total, causes), (all as u64, groups["groups"].as_array().unwrap().len() as u64));
    let told = text(&house, &["mismatch", "groups", "--limit", "1"]);
    let today = SystemClock::new().now().day();
    for what in [
        format!("… và {} nhóm nữa", causes - 1),
        format!("Tổng cộng: {total} chỗ khác nhau trong {causes} nhóm"),
        " xã nữa".to_owned(),
        calendar::day(today),
    ] {
        assert!(told.contains(&what), "{what}: {told}");
    }
    assert!(!told.contains(&today.to_string()), "{told}");
    assert!(!text(&house, &["mismatch", "groups"]).contains("nhóm nữa"));
}
