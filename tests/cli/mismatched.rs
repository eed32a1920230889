//! The verbs of `mismatch`, as a person types them: with the real program, and what they do to the nation.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::process::Output;

use molisa_gateway::province::{Recipe, write_sqlite};
use serde_json::{Value, json};

use super::program::{Sandbox, configure, json as told, run};

pub(super) struct House {
    pub dir: tempfile::TempDir,
    sandbox: Sandbox,
}

impl House {
    pub async fn of(rows: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 3, rows).await.unwrap();
        let sandbox = Sandbox::start(&[]);
        configure(dir.path(), &sandbox.address);
        Self { dir, sandbox }
    }

    pub fn call(&self, args: &[&str]) -> Output {
        let config = self.dir.path().join("gateway.toml").display().to_string();
        run(&[&["--config", &config], args].concat())
    }

    #[track_caller]
    pub fn done(&self, args: &[&str]) -> Value {
        let output = self.call(&[args, &["--json"]].concat());
        assert!(matches!(output.status.code(), Some(0 | 3)), "{args:?}: {}", told(&output));
        told(&output)
    }

    #[track_caller]
    pub fn refused(&self, args: &[&str], says: &str) {
        let output = self.call(args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
        assert!(text.contains(says), "{args:?}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_listed_grouped_decided_and_done() {
    let house = House::of(300).await;
    house.refused(&["mismatch", "list", "--kind", "held-her"], "held-here");
    let key: String = rusqlite::Connection::open(house.dir.path().join("local.db"))
        .unwrap()
        .query_row("select ma_ho_so from doi_tuong where length(so_giay_to) = 12 order by 1 limit 1", [], |row| {
            row.get(0)
        })
        .unwrap();
    let nameless = "update doi_tuong set ho_ten = '' where rowid in (select rowid from doi_tuong where ma_ho_so > ?1 order by ma_ho_so limit 8)";
    let local = rusqlite::Connection::open(house.dir.path().join("local.db")).unwrap();
    assert_eq!(local.execute(nameless, [&key]).unwrap(), 8);
    drop(local);
    let ruling = |kind: &str| json!({ "references": [key], "as": kind, "MaLoi": "E7", "ThongBao": "không hợp lệ" });
    house.sandbox.say("POST", "/_sandbox/refuse", &ruling("refused").to_string());
    house.done(&["sync"]);
    house.sandbox.say("POST", "/_sandbox/refuse", &ruling("accepted").to_string());

    // Pages follow one another, the gravest first.
    let all = house.done(&["mismatch", "list", "--limit", "10000"])["mismatches"].as_array().unwrap().clone();
    let (mut paged, mut after) = (Vec::new(), "0-0".to_owned());
    while !after.is_empty() {
        let page = house.done(&["mismatch", "list", "--limit", "5", "--after", &after]);
        paged.extend(page["mismatches"].as_array().unwrap().clone());
        after = page["after"].as_str().unwrap_or_default().to_owned();
    }
    assert_eq!(paged, all);
    assert!(all.len() > 5 && all[0]["gravity"] == 1, "{}", all.len());
    let groups = house.done(&["mismatch", "groups"]);
    let counted: i64 = groups["groups"].as_array().unwrap().iter().map(|g| g["count"].as_i64().unwrap()).sum();
    assert_eq!(counted, i64::try_from(all.len()).unwrap());
    assert!(groups["groups"][0]["closing"].as_str().unwrap().contains("hồ sơ"), "{groups}");
    assert_eq!(groups["weeks"][0]["opened"], counted);

    // One record that the nation refused goes again.
    let refused = house.done(&["mismatch", "list", "--kind", "refused-there"])["mismatches"][0].clone();
    let id = refused["id"].to_string();
    assert_eq!(refused["key"], key);
    house.refused(&["mismatch", "resolve", &id, "--decision", "take-theirs"], "keep-ours, correct-at-source");
    house.refused(&["mismatch", "resolve", &id, "--decision", "keep-our"], "did you mean `keep-ours`");
    let version = refused["version"].to_string();
    house.done(&["mismatch", "assign", &id, "--version", &version]);
    assert_eq!(house.done(&["mismatch", "list", "--mine"])["mismatches"].as_array().unwrap().len(), 1);
    house.refused(
        &["mismatch", "resolve", &id, "--decision", "keep-ours", "--reason", "đã mở", "--version", &version],
        "đã làm trước",
    );
    house.done(&["mismatch", "comment", &id, "Sở đã mở danh mục"]);
    house.done(&["mismatch", "resolve", &id, "--decision", "keep-ours"]);
    house.refused(&["mismatch", "confirm", &id], "không có quyết định nào chờ người thứ hai");
    house.done(&["mismatch", "undo", &id]);
    house.done(&["mismatch", "resolve", &id, "--decision", "keep-ours"]);
    assert_eq!(house.done(&["sync"])["runs"][0]["confirmed"], 1);
    let shown = house.done(&["mismatch", "show", &id]);
    let events: Vec<&str> = shown["events"].as_array().unwrap().iter().map(|e| e["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["opened", "taken", "too-late", "comment", "decided", "undone", "decided", "applied", "closed"]);
    assert_eq!(shown["events"][2]["words"], "đã mở");

    // Many at once: looked at first, counted, then done; what may not is skipped and told.
    let filter = ["mismatch", "resolve", "--kind", "held-here", "--decision", "correct-at-source"];
    let look = || house.done(&[&filter[..], &["--dry-run"]].concat());
    let (seen, would) = (look(), look()["would"].as_u64().unwrap());
    assert!(would > 3 && seen["mismatches"].as_array().unwrap().len() as u64 == would);
    let mark = seen["expect"].as_str().unwrap();
    house.refused(&filter, &format!("--expect {mark}"));
    house.refused(&[&filter[..], &["--expect", "1"]].concat(), "không làm gì");
    house.refused(&["mismatch", "resolve", "--decision", "keep-ours"], "--kind");
    house.refused(&[&filter[..], &["7"]].concat(), "không cả hai");
    // As many as were shown, but another version of one of them.
    let first = seen["mismatches"][0]["id"].to_string();
    house.done(&["mismatch", "assign", &first]);
    assert_eq!(look()["would"], would);
    house.refused(&[&filter[..], &["--expect", mark]].concat(), "đã đổi từ lúc xem");
    let mark = look()["expect"].as_str().unwrap().to_owned();
    let done = house.done(&[&filter[..], &["--expect", &mark]].concat());
    assert_eq!((&done["decided"], &done["skipped"]), (&json!(would), &json!([])));
    let by_hand = ["mismatch", "resolve", &id, "999999", "--decision", "keep-ours"];
    let mark = house.done(&[&by_hand[..], &["--dry-run"]].concat())["expect"].as_str().unwrap().to_owned();
    let skipped = house.done(&[&by_hand[..], &["--expect", &mark]].concat());
    assert_eq!((&skipped["decided"], skipped["skipped"].as_array().unwrap().len()), (&json!(0), 2));
    house.done(&["sync"]);
    let lines: i64 = rusqlite::Connection::open(house.dir.path().join("store.db"))
        .unwrap()
        .query_row("select count(*) from correction where over_ms is null", [], |row| row.get(0))
        .unwrap();
    assert_eq!(lines, i64::try_from(would).unwrap());
    let checked = house.done(&["mapping", "check"]);
    assert_eq!(checked["faults"], json!([]));
}

/// Whoever runs this, by name and number; `None` on a machine that has no name for them.
fn logged_in() -> Option<(String, String)> {
    let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let (login, status) = (read("/proc/self/loginuid"), read("/proc/self/status"));
    let uid = status.lines().find_map(|l| l.strip_prefix("Uid:")?.split_whitespace().next())?;
    let uid = if matches!(login.trim(), "" | "4294967295") { uid } else { login.trim() };
    let users = read("/etc/passwd");
    let name = users.lines().find(|line| line.split(':').nth(2) == Some(uid))?.split(':').next()?;
    Some((name.to_owned(), uid.to_owned()))
}

/// Whether that is how whoever runs this is written down.
pub(super) fn is_me(who: &str) -> bool {
    logged_in().map_or_else(|| who.starts_with("uid "), |(name, _)| who.split(" (as ").next() == Some(&*name))
}

/// What is given to somebody by their login name is theirs when they act.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_by_name_is_in_that_persons_hands() {
    let house = House::of(50).await;
    house.done(&["sync"]);
    let store = rusqlite::Connection::open(house.dir.path().join("store.db")).unwrap();
    let differs = "insert into mismatch (stream_id, key, kind, place, reason, field, gravity, state, opened_ms, seen_ms, run_id) \
        values (1, 'A', 'field-differs', 'DiaChi', 'differs', 'DiaChi', 2, 'open', 1, 1, 1)";
    store.execute(differs, []).unwrap();
    let id = store.last_insert_rowid().to_string();
    let Some((me, uid)) = logged_in() else { return };
    assert_eq!(house.done(&["mismatch", "assign", &id])["assignee"], me);
    let decide = ["mismatch", "resolve", &id, "--decision", "keep-ours"];
    for to in [me.clone(), format!(" {me} "), format!("uid {uid}")] {
        assert_eq!(house.done(&["mismatch", "assign", &id, "--to", &to])["assignee"], me);
        house.done(&decide);
        house.done(&["mismatch", "undo", &id]);
    }
    // As it stood in the store before names were known.
    store.execute("update mismatch set state = 'in-review', assignee = ?1", [format!("uid {uid}")]).unwrap();
    assert_eq!(house.done(&["mismatch", "list", "--mine"])["mismatches"].as_array().unwrap().len(), 1);
    house.done(&decide);
    house.done(&["mismatch", "undo", &id]);
    house.refused(&["mismatch", "assign", &id, "--to", "  "], "chỉ có khoảng trắng");
    let told = house.call(&["mismatch", "assign", &id, "--to", "nobody-like-that"]);
    assert_eq!(told.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&told.stderr).contains("không có người dùng 'nobody-like-that'"), "{told:?}");
    house.refused(&decide, "đang do nobody-like-that xem xét");
    assert_eq!(house.done(&["mismatch", "assign", &id, "--to", ""])["state"], "open");
}

/// Why ours does not go, and what has to be settled first.
#[tokio::test(flavor = "multi_thread")]
async fn a_decision_that_waits_says_for_which() {
    let house = House::of(50).await;
    house.done(&["sync"]);
    let store = rusqlite::Connection::open(house.dir.path().join("store.db")).unwrap();
    for (field, state, decision) in [("DiaChi", "decided", "keep-ours"), ("HoTen", "open", "")] {
        let one = "insert into mismatch (stream_id, key, kind, place, reason, field, gravity, state, decision, decided_by, seconded_by, \
            opened_ms, seen_ms, run_id) values (1, 'A', 'field-differs', ?1, 'differs', ?1, 2, ?2, ?3, 'lan', '-', 1, 1, 1)";
        store.execute(one, [field, state, decision]).unwrap();
    }
    let last = store.last_insert_rowid();
    let (waits, open) = ((last - 1).to_string(), last.to_string());
    assert_eq!(house.done(&["mismatch", "show", &waits])["waits_for"], json!([last]));
    let text = |id: &str| String::from_utf8(house.call(&["mismatch", "show", id]).stdout).unwrap();
    let told = text(&waits);
    assert!(
        told.contains(&format!("giải quyết số {open} trước")) && told.contains(&format!("settle {open} first")),
        "{told}"
    );
    assert!(!text(&open).contains("giải quyết số"), "{}", text(&open));
    // It was settled; now only a scan is waited for.
    let scan = "ours goes with the next sync in which the source";
    assert!(!told.contains(scan), "{told}");
    store.execute("update mismatch set state = 'applied', decision = 'keep-ours' where key = 'A'", []).unwrap();
    store
        .execute(
            "insert into ledger (stream_id, key, raw, judged_by, verdict) values (1, 'A', zeroblob(16), x'', 'ok')",
            [],
        )
        .unwrap();
    let told = text(&waits);
    assert!(told.contains(scan) && !told.contains("giải quyết số"), "{told}");
}
