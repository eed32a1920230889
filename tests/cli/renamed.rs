//! A ministry renames paths, envelopes, operations and answer codes: the operator edits a copy of the profile, and the
//! same program goes on as before. The nation is told the new words by a file of its own.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use molisa_gateway::province::{Recipe, write_sqlite};
use serde_json::Value;

use super::program::{Sandbox, configure, json, program, run, until};

/// Where a name stands in the profile, where in the nation's file of words, and what it becomes.
const NAMES: [(&str, &str, &str); 37] = [
    ("auth.path", "paths.token", "/v2/oauth/cap-token"),
    ("entity.doi-tuong.write.path", "paths.send", "/v2/bao-tro/nhan"),
    ("entity.doi-tuong.ask.path", "paths.ask", "/v2/bao-tro/hoi-goi"),
    ("entity.doi-tuong.count.path", "paths.count", "/v2/bao-tro/dem"),
    ("entity.doi-tuong.list.path", "paths.list", "/v2/bao-tro/xem"),
    ("envelope.province", "envelope.MaTinh", "province_code"),
    ("envelope.batch-key", "envelope.MaGoiTin", "request_id"),
    ("envelope.sent-at", "envelope.ThoiGianGui", "sent_time"),
    ("envelope.list", "envelope.DanhSach", "items"),
    ("envelope.item.reference", "envelope.MaThamChieu", "ref"),
    ("envelope.item.version", "envelope.PhienBan", "hash"),
    ("envelope.item.action", "envelope.ThaoTac", "op"),
    ("envelope.item.record", "envelope.DoiTuong", "Hồ sơ \"người\""),
    ("envelope.ask.batch-key", "question.MaGoiTin", "asked_id"),
    ("answer.field.code", "answer.error_code", "status"),
    ("answer.field.message", "answer.message", "note"),
    ("answer.field.results", "answer.result", "Kết quả"),
    ("answer.field.reference", "answer.MaThamChieu", "theirs"),
    ("answer.field.result", "answer.KetQua", "verdict"),
    ("answer.field.national-id", "answer.MaDoiTuong", "national"),
    ("answer.field.error-code", "answer.MaLoi", "why"),
    ("answer.field.error-text", "answer.ThongBao", "why_text"),
    ("count.answer.unit", "answer.MaXa", "commune"),
    ("count.answer.number", "answer.SoLuong", "how many"),
    ("count.answer.digest", "answer.MaKiemTra", "xor"),
    ("list.answer.total", "answer.TongSo", "all"),
    ("list.answer.page", "answer.Trang", "page"),
    ("list.answer.records", "answer.DanhSach", "rows"),
    ("list.answer.version", "answer.PhienBan", "digest"),
    ("list.answer.state", "answer.TrangThai", "state"),
    ("list.answer.changed", "answer.CapNhatLuc", "changed"),
    ("list.answer.record", "answer.DoiTuong", "record"),
    // The wire's words of the actions change places: the hashes keep to the contract's.
    ("words.write", "actions.GHI", "DUNG"),
    ("words.stop", "actions.DUNG", "GHI"),
    ("record.rename.HoTen", "record.HoTen", "HoVaTen"),
    ("record.rename.DangTat", "record.DangTat", "CacDangTat"),
    ("record.rename.LyDoDung", "record.LyDoDung", "ly_do"),
];

/// Codes of whole answers and of results; some take the place of others.
const CODES: [(&str, &str, &str, &str); 9] = [
    ("answer.codes", "0", "codes.0", "XONG"),
    ("answer.codes", "3", "codes.3", "7"),
    ("answer.codes", "-1", "codes.-1", "9"),
    ("answer.codes", "5", "codes.5", "HET-HAN"),
    ("answer.codes", "9", "codes.9", "-1"),
    ("answer.codes", "4", "codes.4", "1009"),
    ("answer.results", "0", "results.0", "NHAN"),
    ("answer.results", "1", "results.1", "2"),
    ("answer.results", "2", "results.2", "1"),
];

/// What the questions for counts and lists carry.
const QUESTIONS: [(&str, &str); 5] =
    [("MaTinh", "province"), ("Nhom", "by"), ("MaXa", "unit"), ("Trang", "page"), ("KichThuoc", "size")];

/// The table and the key of a place such as `envelope.item.record`.
fn at<'t, 'p>(root: &'t mut toml::Table, place: &'p str) -> (&'t mut toml::Table, &'p str) {
    let (way, last) = place.rsplit_once('.').unwrap();
    let step = |table: &'t mut toml::Table, step: &str| {
        table.entry(step).or_insert_with(|| toml::Table::new().into()).as_table_mut().unwrap()
    };
    (way.split('.').fold(root, step), last)
}

fn edit(profile: &Path, change: impl FnOnce(&mut toml::Table)) {
    let mut table: toml::Table = std::fs::read_to_string(profile).unwrap().parse().unwrap();
    change(&mut table);
    std::fs::write(profile, toml::to_string(&table).unwrap()).unwrap();
}

/// Renames everything in the operator's copy of the profile.
fn rename(profile: &mut toml::Table) {
    for (place, _, new) in NAMES {
        let (table, key) = at(profile, place);
        assert!(table.contains_key(key) || place.starts_with("record."), "{place}");
        table.insert(key.to_owned(), new.into());
    }
    // Named as in the answer to a batch.
    for (place, of) in
        [("list.answer.reference", "answer.field.reference"), ("list.answer.national-id", "answer.field.national-id")]
    {
        let new = NAMES.iter().find(|(p, ..)| *p == of).unwrap().2;
        let (table, key) = at(profile, place);
        assert!(table.insert(key.to_owned(), new.into()).is_some(), "{place}");
    }
    for place in ["count.fields", "list.fields"] {
        let new = |name: &str| QUESTIONS.iter().find(|(old, _)| *old == name).unwrap().1.to_owned();
        let (table, key) = at(profile, place);
        let renamed: toml::Table =
            table[key].as_table().unwrap().iter().map(|(name, value)| (new(name), value.clone())).collect();
        table.insert(key.to_owned(), renamed.into());
    }
    for place in ["answer.codes", "answer.results"] {
        let new = |code: &str| CODES.iter().find(|(p, old, ..)| (*p, *old) == (place, code)).unwrap().3.to_owned();
        let (table, key) = at(profile, place);
        let renamed: toml::Table =
            table[key].as_table().unwrap().iter().map(|(code, meaning)| (new(code), meaning.clone())).collect();
        table.insert(key.to_owned(), renamed.into());
    }
}

/// The nation's file of words, but for what begins with `untold`.
fn tell(file: &Path, untold: Option<&str>) {
    let mut words = toml::Table::new();
    let codes = CODES.iter().map(|(_, _, told, new)| (told, new));
    for (told, new) in NAMES.iter().map(|(_, told, new)| (told, new)).chain(codes) {
        if untold.is_none_or(|start| !told.starts_with(start)) {
            let (table, key) = at(&mut words, told);
            table.insert(key.to_owned(), (*new).into());
        }
    }
    for (told, new) in QUESTIONS {
        at(&mut words, &format!("question.{told}")).0.insert(told.to_owned(), new.into());
    }
    std::fs::write(file, toml::to_string(&words).unwrap()).unwrap();
}

/// The operator's folder, as `init` writes it, with a province of so many people.
struct House {
    dir: tempfile::TempDir,
    sandbox: Sandbox,
}

impl House {
    async fn new(rows: u64, renamed: bool, untold: Option<&str>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        assert!(run(&["init", folder.to_str().unwrap()]).status.success());
        let words = folder.join("words.toml");
        let mut more: Vec<&str> = Vec::new();
        if renamed {
            edit(&folder.join("mappings/misposasoft/system.toml"), rename);
            tell(&words, untold);
            more.extend(["--words", words.to_str().unwrap()]);
        }
        let sandbox = Sandbox::start(&more);
        configure(folder, &sandbox.address);
        let file = folder.join("gateway.toml");
        // Where a name is not told nothing goes through, and nobody waits for it.
        let patience = if untold.is_some() { "1s" } else { "1m" };
        let own = std::fs::read_to_string(&file).unwrap();
        let own = own.split_once('\n').unwrap().1;
        std::fs::write(&file, format!("mappings = \"mappings\"\n{own}patience = \"{patience}\"\n")).unwrap();
        write_sqlite(&folder.join("local.db"), &Recipe::built_in().unwrap(), 36, rows).await.unwrap();
        Self { dir, sandbox }
    }

    fn call(&self, verb: &[&str]) -> (Option<i32>, Value) {
        let file = self.dir.path().join("gateway.toml");
        let output = run(&[&["--config", file.to_str().unwrap()], verb, &["--json"]].concat());
        (output.status.code(), json(&output))
    }

    /// A run's figures without its seconds.
    fn sync(&self) -> Value {
        let (code, mut told) = self.call(&["sync"]);
        let run = told["runs"][0].as_object_mut().unwrap_or_else(|| panic!("{code:?}"));
        run.remove("seconds");
        run.insert("exit code".to_owned(), code.into());
        Value::from(run.clone())
    }

    fn fault(&self, fault: &str) {
        let said = self.sandbox.say("POST", "/_sandbox/faults", fault);
        assert!(said.contains("left"), "{said}");
    }

    fn rule(&self, rule: &str) {
        let said = self.sandbox.say("POST", "/_sandbox/refuse", rule);
        assert!(said.contains("rules"), "{said}");
    }

    fn local(&self, sql: &str) {
        rusqlite::Connection::open(self.dir.path().join("local.db")).unwrap().execute_batch(sql).unwrap();
    }

    /// What the nation holds, in the contract's words: reference → version, state, document.
    fn records(&self) -> BTreeMap<String, (String, String, Value)> {
        let lines = self.sandbox.say("GET", "/_sandbox/records?limit=10000", "");
        let record = |line: &str| {
            let record: Value = serde_json::from_str(line).unwrap();
            let text = |name: &str| record[name].as_str().unwrap().to_owned();
            (text("MaThamChieu"), (text("PhienBan"), text("TrangThai"), record["DoiTuong"].clone()))
        };
        lines.lines().filter(|line| line.starts_with('{')).map(record).collect()
    }
}

/// Address of the nth person, changed to something new; the brake lets so few go.
fn moved(people: &[String], from: usize, to: usize, where_to: &str) -> String {
    format!("update doi_tuong set dia_chi = '{where_to}' where ma_ho_so in ('{}')", people[from..to].join("','"))
}

/// The whole story, in either spelling: what every step told.
async fn story(renamed: bool) -> Vec<(&'static str, Value)> {
    let house = House::new(400, renamed, None).await;
    let mut told = Vec::new();
    let (code, checks) = house.call(&["check"]);
    let bad: Vec<&Value> = checks["checks"].as_array().unwrap().iter().filter(|line| line["ok"] != true).collect();
    assert!(bad.is_empty() && code == Some(0), "{bad:?}");

    told.push(("first", house.sync()));
    let people: Vec<String> = house.records().into_keys().collect();
    assert!(people.len() > 350);

    // Results of their own: refused for good, later, and a batch that one record makes malformed.
    house.rule(&format!(r#"{{"references":["{}"],"as":"refused","MaLoi":"E17","ThongBao":"sai"}}"#, people[0]));
    house.rule(&format!(r#"{{"references":["{}"],"as":"later","times":1}}"#, people[1]));
    house.rule(&format!(r#"{{"references":["{}"],"as":"poison"}}"#, people[2]));
    let stop = "update doi_tuong set trang_thai = 'Thôi hưởng', ly_do_dung = 'a', ngay_dung = '01/11/2026', \
        so_qd_dung = '12/QĐ', ngay_qd_dung = '02/11/2026', co_quan_qd_dung = 'UBND' where ma_ho_so =";
    house.local(&format!("{}; {stop} '{}'", moved(&people, 0, 20, "Ấp A"), people[30]));
    told.push(("delta", house.sync()));
    for key in [&people[0], &people[2]] {
        told.push(("shown", house.call(&["queue", "show", key]).1["open"].clone()));
        house.rule(&format!(r#"{{"references":["{key}"],"as":"accepted"}}"#));
    }
    assert_eq!(house.call(&["queue", "retry", &people[0]]).0, Some(0));
    told.push(("replayed", house.sync()));

    // Whole answers: busy, a token that dies, malformed once; an answer in numbers and blanks.
    for (at, fault) in ["busy-9", "token-dies", "minus-one", "numbers"].into_iter().enumerate() {
        house.fault(&format!(r#"{{"operation":"send","fault":"{fault}","times":1}}"#));
        house.local(&moved(&people, 40 + 10 * at, 50 + 10 * at, "Ấp B"));
        told.push((fault, house.sync()));
    }

    // Killed while it waits for the answer to a batch that was stored: asked about, not sent again.
    house.fault(r#"{"operation":"send","fault":"stored-then-silent","times":100}"#);
    house.local(&moved(&people, 80, 100, "Ấp C"));
    let count = |what: &str| house.sandbox.report()[what].as_u64().unwrap();
    let before = count("batches");
    let file = house.dir.path().join("gateway.toml");
    let mut gateway = program(&["--config", file.to_str().unwrap(), "sync"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("a batch to be stored without an answer", || count("batches") > before);
    gateway.kill().unwrap();
    gateway.wait().unwrap();
    house.sandbox.say("DELETE", "/_sandbox/faults", "");
    let asked = |house: &House| house.sandbox.report()["requests"]["ask"].as_u64().unwrap();
    let (asks, again) = (asked(&house), count("batches_again"));
    let mut after = house.sync();
    // Whether the rows of the batch count as unchanged depends on who is first: the scan, or the answer.
    after.as_object_mut().unwrap().remove("unchanged");
    told.push(("after the kill", after));
    assert_eq!((asked(&house), count("batches_again")), (asks + 1, again), "asked once, not sent again");

    // A connection cut before anything was stored: asked about, never seen, sent again.
    house.fault(r#"{"operation":"send","fault":"cut-before","times":1}"#);
    house.local(&moved(&people, 100, 110, "Ấp D"));
    told.push(("never seen", house.sync()));
    assert_eq!(asked(&house), asks + 2);

    // Where the profile says to repeat instead of asking, the nation answers that it had the batch; this contract has
    // a question, so the nation also counts that it was not asked.
    assert_eq!(count("violations"), 0, "{}", house.sandbox.report()["violation_texts"]);
    edit(&house.dir.path().join("mappings/misposasoft/system.toml"), |profile| {
        *at(profile, "settle.write").0 = toml::Table::from_iter([("write".to_owned(), "repeat".into())]);
    });
    house.fault(r#"{"operation":"send","fault":"stored-then-cut","times":1}"#);
    house.local(&moved(&people, 110, 120, "Ấp E"));
    told.push(("already processed", house.sync()));
    assert_eq!((asked(&house), count("batches_again")), (asks + 2, again + 1), "repeated, not asked");

    told.push(("none", house.sync()));
    let report = house.sandbox.report();
    let figures = ["people", "records", "effects", "effects_repeated", "effects_out_of_order", "violations_by_kind"];
    told.extend(figures.map(|figure| (figure, report[figure].clone())));
    told.push(("records", serde_json::to_value(house.records()).unwrap()));
    told.push(("compared", compared(&house, &people)));
    told
}

/// Both sides are compared by the verb, under whatever names; what it says, and what is open then.
fn compared(house: &House, people: &[String]) -> Value {
    let door = |what: &str| assert_eq!(house.sandbox.say("POST", "/_sandbox/records", what), "{}");
    let reconcile = |more: &[&str]| {
        let (code, told) = house.call(&[&["reconcile"], more].concat());
        let mut told = told["comparisons"][0].clone();
        told.as_object_mut().unwrap_or_else(|| panic!("{code:?}")).remove("seconds");
        (code, told)
    };
    let (code, equal) = reconcile(&[]);
    assert_eq!((code, &equal["differences"]), (Some(0), &serde_json::json!({})), "{equal}");
    // `HoTen` goes under another name; so its difference is told under the contract's.
    door(&format!(r#"{{"reference":"{}","set":{{"HoTen":"Nguyễn Thị Khác Hẳn"}}}}"#, people[150]));
    door(&format!(r#"{{"reference":"{}","remove":true}}"#, people[151]));
    door(&format!(
        r#"{{"reference":"KHONG-AI-GUI","like":"{}","set":{{"LoaiGiayTo":"CCCD","SoGiayTo":"087199000001","MaDinhDanhCu":""}}}}"#,
        people[152]
    ));
    let (code, dry) = reconcile(&["--dry-run"]);
    let found = serde_json::json!({"field-differs": 1, "missing-here": 1, "missing-there": 1});
    assert_eq!((code, &dry["differences"], &dry["method"]), (Some(3), &found, &"digests".into()), "{dry}");
    let open = || -> Vec<(String, String)> {
        let store = rusqlite::Connection::open(house.dir.path().join("store.db")).unwrap();
        let sql = "select kind, field from mismatch where closed_ms is null and place <> 'held' and kind in \
            ('field-differs', 'missing-here', 'missing-there') order by kind";
        let mut rows = store.prepare(sql).unwrap();
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    assert!(open().is_empty(), "only looked");
    let (code, full) = reconcile(&["--full", "--stream", "doi-tuong"]);
    assert_eq!((code, &full["differences"], &full["method"]), (Some(3), &found, &"lists".into()), "{full}");
    let row = |kind: &str, field: &str| (kind.to_owned(), field.to_owned());
    assert_eq!(open(), [row("field-differs", "HoTen"), row("missing-here", ""), row("missing-there", "")]);
    serde_json::json!([equal, dry, full, house.sandbox.report()["requests"]])
}

fn of<'t>(told: &'t [(&'static str, Value)], step: &str) -> &'t Value {
    &told.iter().find(|(name, _)| *name == step).unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_name_of_the_wire_changed_everything_passes_as_before_without_a_rebuild() {
    let (before, after) = (tokio::spawn(story(false)), tokio::spawn(story(true)));
    let (before, after) = (before.await.unwrap(), after.await.unwrap());
    assert_eq!(of(&before, "delta")["refused"], serde_json::json!({"E17": 1, "malformed": 1}));
    assert_eq!((&of(&before, "delta")["stopped"], &of(&before, "delta")["confirmed"]), (&1.into(), &19.into()));
    for (step, sent) in [("replayed", 1), ("numbers", 10), ("after the kill", 20), ("never seen", 10), ("none", 0)] {
        assert_eq!(
            (&of(&before, step)["sent"], &of(&before, step)["confirmed"]),
            (&sent.into(), &sent.into()),
            "{step}"
        );
    }
    assert_eq!((of(&before, "effects_repeated"), of(&before, "effects_out_of_order")), (&0.into(), &0.into()));
    assert_eq!(of(&before, "violations_by_kind"), &serde_json::json!({"not-asked": 1}));
    for (old, new) in before.iter().zip(&after) {
        assert_eq!(old, new, "told otherwise under the new names");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_new_name_that_the_nation_was_not_told_is_noticed() {
    // One of each kind; a name that nobody reads yet (count, list) cannot be missed.
    for untold in [
        "paths.token",
        "paths.send",
        "paths.ask",
        "envelope.MaGoiTin",
        "question.MaGoiTin",
        "answer.result",
        "answer.MaThamChieu",
        "answer.KetQua",
        "codes.0",
        "codes.4",
        "results.0",
        // One alone would be the other.
        "actions.",
        "record.HoTen",
    ] {
        let house = House::new(20, true, Some(untold)).await;
        let (check, checks) = house.call(&["check"]);
        let (sync, runs) = house.call(&["sync"]);
        let report = house.sandbox.report();
        let violations = &report["violations"];
        // Not understood is no reason to say anything twice.
        assert_eq!(report["effects_repeated"], 0, "{untold}: {report}");
        assert!(
            check != Some(0) || !matches!(sync, Some(0 | 3)) || *violations != 0,
            "{untold}: {check:?} {checks} {sync:?} {runs} {violations}"
        );
    }
}
