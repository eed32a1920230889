//! What a person decides by hand about single records, with real processes: nothing of it goes out unasked, nothing
//! that was decided is forgotten, and a run that is going on is left alone.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::path::PathBuf;
use std::process::{Output, Stdio};

use molisa_gateway::province::{Recipe, write_sqlite};
use serde_json::{Value, json};

use crate::support::databases::{Database, Server};

use super::program::{Sandbox, configure, json, program, run, until};

/// A province of some people in front of a sandbox.
struct House {
    /// Where the store is, if not in a file.
    server: Option<Database>,
    dir: tempfile::TempDir,
    sandbox: Sandbox,
    config: PathBuf,
}

impl House {
    /// What `settings` says stands at the end of the stream's section.
    async fn of(rows: u64, settings: &str) -> Self {
        Self::on(rows, settings, None).await
    }

    async fn on(rows: u64, settings: &str, server: Option<Database>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 3, rows).await.unwrap();
        let sandbox = Sandbox::start(&[]);
        configure(dir.path(), &sandbox.address);
        let config = dir.path().join("gateway.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let text = match &server {
            Some(server) => {
                std::fs::write(dir.path().join("store-url"), &server.url).unwrap();
                let file = "kind = \"sqlite\"\npath = \"store.db\"";
                assert!(text.contains(file));
                text.replace(file, "kind = \"postgres\"\nurl_file = \"store-url\"")
            }
            None => text,
        };
        std::fs::write(&config, text + settings).unwrap();
        Self { server, dir, sandbox, config }
    }

    fn call(&self, args: &[&str]) -> Output {
        run(&[&["--config", self.config.to_str().unwrap()], args].concat())
    }

    /// A call that is to succeed, or to leave something for a person.
    fn done(&self, args: &[&str]) -> Value {
        let output = self.call(&[args, &["--json"]].concat());
        assert!(matches!(output.status.code(), Some(0 | 3)), "{args:?}: {}", json(&output));
        json(&output)
    }

    /// The keys that were refused with this code, in order.
    fn refused_for(&self, code: &str) -> Vec<String> {
        let waiting = self.done(&["queue", "list"])["waiting"].clone();
        let rows = waiting.as_array().unwrap().iter().filter(|row| row["reason"] == code);
        rows.map(|row| row["key"].as_str().unwrap().to_owned()).collect()
    }

    /// A call that is refused with code 2 and says this, and writes nothing.
    fn refused(&self, args: &[&str], says: &str) {
        let before = self.decisions();
        let output = self.call(args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {text}");
        assert!(text.contains(says), "{args:?}: {text}");
        assert_eq!(self.decisions(), before, "{args:?}");
    }

    fn sync(&self) -> Value {
        self.done(&["sync"])["runs"][0].clone()
    }

    fn local(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join("local.db")).unwrap()
    }

    /// How many decisions were kept; on a server nobody counts but `queue show`.
    fn decisions(&self) -> i64 {
        if self.server.is_some() {
            return 0;
        }
        let store = rusqlite::Connection::open(self.dir.path().join("store.db")).unwrap();
        store.query_row("select count(*) from decision", [], |row| row.get(0)).unwrap_or(0)
    }

    /// The people that the nation has, as the sandbox keeps them.
    fn nation(&self) -> Vec<Value> {
        let lines = self.sandbox.say("GET", "/_sandbox/records?limit=10000", "");
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn has(&self, key: &str) -> Option<Value> {
        self.nation().into_iter().find(|record| record["MaThamChieu"] == key)
    }

    fn clean(&self) {
        let report = self.sandbox.report();
        for key in ["effects_repeated", "effects_out_of_order", "violations"] {
            assert_eq!(report[key], 0, "{report}");
        }
    }
}

/// The batches of a record, in order.
fn batches(shown: &Value) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for exchange in shown["exchanges"].as_array().unwrap() {
        let key = exchange["batch_key"].as_str().unwrap();
        if !key.is_empty() && !keys.iter().any(|k| k == key) {
            keys.push(key.to_owned());
        }
    }
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_nation_refused_goes_again_when_a_person_says_so_and_only_then() {
    refused_goes_again(&House::of(60, BRAKE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_with_the_store_on_a_server() {
    for story in [refused_goes_again, parked_stays_out] {
        let Some(server) = Database::fresh(Server::Postgres, "the_same_with_the_store_on_a_server").await else {
            return;
        };
        story(&House::on(60, BRAKE, Some(server)).await);
    }
}

fn refused_goes_again(house: &House) {
    let all: Vec<String> = {
        let local = house.local();
        let mut rows = local.prepare("select ma_ho_so from doi_tuong where ma_ho_so <> '' order by 1").unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let rule = |keys: &[String], kind: &str, code: &str| {
        let ruling = json!({ "references": keys, "as": kind, "MaLoi": code, "ThongBao": "không hợp lệ" });
        house.sandbox.say("POST", "/_sandbox/refuse", &ruling.to_string());
    };
    rule(&all[..3], "refused", "E7");
    rule(&all[3..6], "refused", "E8");
    let first = house.sync();
    let (sevens, eights) = (house.refused_for("E7"), house.refused_for("E8"));
    assert_eq!(first["refused"], json!({ "E7": sevens.len(), "E8": eights.len() }));
    assert!(sevens.len() > 1 && eights.len() > 1, "{first}");
    rule(&all[..6], "accepted", "");
    assert_eq!(house.sync()["sent"], 0, "what was refused is not said again by itself");

    house.refused(&["queue", "retry", "nobody"], "queue list");
    house.refused(&["queue", "retry", &sevens[0], "nobody"], "queue list");
    house.refused(&["queue", "retry", "--code", "E9"], "E7");
    house.refused(&["queue", "retry", &sevens[0], "--stream", "none"], "doi-tuong");
    house.refused(&["queue", "retry"], "--code");
    house.refused(&["replay", "no-such-batch"], "queue show");
    let accepted = house.nation()[0]["MaThamChieu"].as_str().unwrap().to_owned();
    house.refused(&["queue", "retry", &accepted], "không có nội dung bị hệ thống quốc gia từ chối");

    let looked = house.done(&["queue", "retry", "--code", "E7", "--dry-run"]);
    assert_eq!((&looked["keys"], &looked["again"]), (&json!(sevens), &json!(false)));
    assert_eq!((house.decisions(), house.sync()["sent"].clone()), (0, json!(0)), "looking changes nothing");

    let batch = batches(&house.done(&["queue", "show", &eights[0]]))[0].clone();
    let again = house.done(&["queue", "retry", "--code", "E7", "--reason", "Sở đã mở danh mục"]);
    assert_eq!(again["again"], true);
    assert_eq!(house.sync()["confirmed"], sevens.len());
    assert!(sevens.iter().all(|key| house.has(key).is_some()) && eights.iter().all(|key| house.has(key).is_none()));
    let shown = house.done(&["queue", "show", &sevens[0]]);
    let decision = &shown["decisions"][0];
    assert_eq!((&decision["verb"], &decision["reason"]), (&json!("retry"), &json!("Sở đã mở danh mục")));
    assert!(super::mismatched::is_me(decision["who"].as_str().unwrap()) && decision["at_ms"].as_i64() > Some(0));

    // The batch has what is still refused in it, and nothing else.
    let looked = house.done(&["replay", &batch, "--dry-run"]);
    let mut named: Vec<&str> = looked["keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    named.sort_unstable();
    assert_eq!(named, eights);
    assert_eq!(house.sync()["sent"], 0);
    assert_eq!(house.done(&["replay", &batch, "--reason", "đã sửa"])["again"], true);
    assert_eq!(house.sync()["confirmed"], eights.len());
    let shown = house.done(&["queue", "show", &eights[1]]);
    assert_eq!(batches(&shown).len(), 2, "under a new key: {shown}");
    assert_eq!(
        (&shown["decisions"][0]["verb"], &shown["decisions"][0]["batch_key"]),
        (&json!("replay"), &json!(batch))
    );
    house.refused(&["replay", &batch], "không còn hồ sơ nào bị từ chối");
    assert_eq!(house.sync()["sent"], 0);
    house.clean();
}

/// Every change waits for a person; new people do not.
const BRAKE: &str = "[brake]\nchanged = 0\nnew = \"100%\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_parked_stays_out_whatever_scans_find_until_it_is_released() {
    parked_stays_out(&House::of(60, BRAKE).await);
}

fn parked_stays_out(house: &House) {
    house.sync();
    let keys: Vec<String> =
        house.nation().iter().take(2).map(|r| r["MaThamChieu"].as_str().unwrap().to_owned()).collect();
    let (kept, other) = (keys[0].as_str(), keys[1].as_str());
    let address = |key: &str| house.has(key).unwrap()["DoiTuong"]["DiaChi"].clone();
    let change = |key: &str, to: &str| {
        let rows = house.local().execute("update doi_tuong set dia_chi = ?2 where ma_ho_so = ?1", [key, to]).unwrap();
        assert_eq!(rows, 1);
    };
    let let_go = || house.done(&["sync", "--release-brake", "--reason", "đã xem"])["runs"][0].clone();
    let was = address(kept);
    house.refused(&["queue", "park", kept, "--reason", "x"], "không có gì chờ gửi");
    house.refused(&["queue", "release", kept], "không bị giữ");
    change(kept, "Số 1");
    change(other, "Số 1");
    assert_eq!(house.sync()["held"], json!({ "brake": 2 }));

    house.refused(&["queue", "park", kept, "--reason", " "], "lý do");
    house.refused(&["queue", "park", "nobody", "--reason", "x"], "queue list");
    house.done(&["queue", "park", kept, "--reason", "x", "--dry-run"]);
    assert_eq!(house.decisions(), 0, "looking changes nothing");
    assert_eq!(house.done(&["queue", "park", kept, "--reason", "chờ xác minh"])["parked"], true);
    house.refused(&["queue", "park", kept, "--reason", "x"], "rồi");
    house.refused(&["queue", "retry", kept], "queue release");

    let run = let_go();
    assert_eq!((&run["confirmed"], &run["held"]), (&json!(1), &json!({ "parked": 1 })), "{run}");
    assert_eq!((address(other), address(kept)), (json!("Số 1"), was.clone()));
    // A newer content does not slip by, and it stays in view.
    change(kept, "Số 2");
    assert_eq!(house.done(&["plan"])["plans"][0]["held"], json!({ "parked": 1 }));
    assert_eq!(let_go()["held"], json!({ "parked": 1 }));
    assert_eq!(let_go()["held"], json!({ "parked": 1 }), "an unchanged row too");
    assert_eq!(address(kept), was);
    let waiting = house.done(&["queue", "list"])["waiting"].clone();
    let row = waiting.as_array().unwrap().iter().find(|row| row["key"] == kept).unwrap();
    assert_eq!((&row["kind"], &row["detail"]), (&json!("parked"), &json!("chờ xác minh")));

    house.done(&["queue", "release", kept, "--dry-run"]);
    assert_eq!(let_go()["held"], json!({ "parked": 1 }), "looking changes nothing");
    assert_eq!(house.done(&["queue", "release", kept])["released"], true);
    assert_eq!(house.sync()["held"], json!({ "brake": 1 }), "the brake is asked all the same");
    assert_eq!(let_go()["confirmed"], 1);
    assert_eq!(address(kept), "Số 2");
    let verbs: Vec<Value> = house.done(&["queue", "show", kept])["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|decision| decision["verb"].clone())
        .collect();
    assert_eq!(verbs, ["park", "release"]);
    assert_eq!(house.sync()["sent"], 0);
    house.clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_unknown_outcome_is_never_replayed() {
    let house = House::of(60, "patience = \"1s\"\n").await;
    let fault = |operation: &str, fault: &str| {
        let fault = json!({ "operation": operation, "fault": fault, "times": 1000 });
        house.sandbox.say("POST", "/_sandbox/faults", &fault.to_string());
    };
    fault("send", "stored-then-cut");
    fault("ask", "cut-before");
    assert_eq!(house.call(&["sync"]).status.code(), Some(4));
    let key = house.nation()[0]["MaThamChieu"].as_str().unwrap().to_owned();
    let batch = batches(&house.done(&["queue", "show", &key]))[0].clone();
    house.refused(&["replay", &batch], "chưa rõ kết quả");
    house.refused(&["replay", &batch, "--dry-run"], "chưa rõ kết quả");
    house.refused(&["queue", "park", &key, "--reason", "x"], "chưa rõ kết quả");
    house.sandbox.say("DELETE", "/_sandbox/faults", "");
    // Its patience may end before the next question is due.
    until("the batch to be settled", || matches!(house.call(&["sync"]).status.code(), Some(0 | 3)));
    house.refused(&["replay", &batch], "không còn hồ sơ nào bị từ chối");
    house.clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_going_on_is_left_alone() {
    let house = House::of(60, "").await;
    house.sandbox.say("POST", "/_sandbox/faults", r#"{"operation":"send","fault":"stored-then-silent","times":100}"#);
    let mut gateway = program(&["--config", house.config.to_str().unwrap(), "sync", "--json"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("a batch to be stored without an answer", || house.sandbox.report()["batches"].as_u64() > Some(0));
    let key = house.nation()[0]["MaThamChieu"].as_str().unwrap().to_owned();
    for args in [&["queue", "retry", &key][..], &["queue", "park", &key, "--reason", "x"], &["queue", "release", &key]]
    {
        let output = house.call(args);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
        assert!(text.contains("đang chạy ở tiến trình khác"), "{args:?}: {text}");
    }
    assert_eq!(house.decisions(), 0);
    gateway.kill().unwrap();
    gateway.wait().unwrap();
    // The dead one's stream is free at once.
    house.refused(&["queue", "park", &key, "--reason", "x"], "chưa rõ kết quả");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_record_is_not_let_go_by_a_retry() {
    let house = House::of(60, BRAKE).await;
    house.sync();
    let keys: Vec<String> =
        house.nation().iter().take(3).map(|r| r["MaThamChieu"].as_str().unwrap().to_owned()).collect();
    let change = |key: &str, to: &str| {
        let rows = house.local().execute("update doi_tuong set dia_chi = ?2 where ma_ho_so = ?1", [key, to]).unwrap();
        assert_eq!(rows, 1);
    };
    let let_go = || house.done(&["sync", "--release-brake", "--reason", "đã xem"])["runs"][0].clone();
    let rule = |keys: &[String], kind: &str| {
        let ruling = json!({ "references": keys, "as": kind, "MaLoi": "E7", "ThongBao": "không hợp lệ" });
        house.sandbox.say("POST", "/_sandbox/refuse", &ruling.to_string());
    };
    rule(&keys, "refused");
    for key in &keys {
        change(key, "Số 1");
    }
    assert_eq!(let_go()["refused"], json!({ "E7": 3 }));
    let batch = batches(&house.done(&["queue", "show", &keys[0]])).pop().unwrap();
    rule(&keys, "accepted");
    // Refused with one content, and parked with a newer one.
    change(&keys[0], "Số 2");
    assert_eq!(house.sync()["held"], json!({ "brake": 1 }));
    house.done(&["queue", "park", &keys[0], "--reason", "chờ xác minh"]);
    let (parked, mut free) = (&keys[0], keys[1..].to_vec());
    free.sort();

    house.refused(&["queue", "retry", parked], "queue release");
    house.refused(&["queue", "retry", &free[0], parked], "queue release");
    for args in [&["queue", "retry", "--code", "E7", "--dry-run"][..], &["replay", &batch, "--dry-run"]] {
        let looked = house.done(args);
        let mut named: Vec<&str> = looked["keys"].as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
        named.sort_unstable();
        assert_eq!(named, free, "{args:?}");
    }
    let output = house.call(&["queue", "retry", "--code", "E7"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let [goes, stays] = lines[..] else { panic!("{text}") };
    assert!(free.iter().all(|key| goes.contains(key)) && !goes.contains(parked), "{text}");
    assert!(goes.contains("if the next scan still finds them valid"), "{text}");
    assert!(stays.contains(parked) && stays.contains("queue release"), "{text}");
    let shown = house.done(&["queue", "show", parked]);
    assert_eq!(shown["decisions"].as_array().unwrap().len(), 1, "only that it was parked: {shown}");
    assert!(shown["refused"].is_object(), "{shown}");
    let run = let_go();
    assert_eq!((&run["confirmed"], &run["held"]), (&json!(2), &json!({ "parked": 1 })), "{run}");
    house.refused(&["queue", "retry", "--code", "E7"], "queue release");
    house.clean();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_what_waits_leave_nothing_out() {
    let house = House::of(60, "").await;
    house.sync();
    let keys: Vec<String> =
        house.nation().iter().take(4).map(|r| r["MaThamChieu"].as_str().unwrap().to_owned()).collect();
    let ruling = json!({ "references": keys, "as": "refused", "MaLoi": "E7", "ThongBao": "không hợp lệ" });
    house.sandbox.say("POST", "/_sandbox/refuse", &ruling.to_string());
    // Refused there, and now held here as well: two rows of each.
    for (column, to) in [("dia_chi", "Số 1"), ("ho_ten", "")] {
        for key in &keys {
            let sql = format!("update doi_tuong set {column} = ?2 where ma_ho_so = ?1");
            assert_eq!(house.local().execute(&sql, [key.as_str(), to]).unwrap(), 1);
        }
        house.sync();
    }
    let all = house.done(&["queue", "list"])["waiting"].as_array().unwrap().clone();
    assert!(keys.iter().all(|key| all.iter().filter(|row| row["key"] == **key).count() == 2), "{all:?}");
    for limit in ["1", "2", "3"] {
        let (mut read, mut after) = (Vec::new(), String::new());
        loop {
            let page = house.done(&["queue", "list", "--limit", limit, "--after", &after])["waiting"].clone();
            let Some(last) = page.as_array().unwrap().last() else { break };
            after = last["key"].as_str().unwrap().to_owned();
            read.extend(page.as_array().unwrap().clone());
        }
        assert_eq!(read, all, "--limit {limit}");
    }
}
