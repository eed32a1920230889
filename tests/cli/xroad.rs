//! The database of beneficiaries through an X-Road security server: the real program, told so by one line of
//! gateway.toml, in front of the real sandbox. The same story over JSON must come out the same.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use molisa_gateway::province::{Changes, Recipe, change_sqlite, write_sqlite};
use serde_json::{Value, json};

use super::program::{Sandbox, configure, json, run};

const PEOPLE: u64 = 600;
/// Of 100,000.
const CHANGED: u32 = 1000;
const SECRETS: &str = "id_file = \"id\"\nsecret_file = \"secret\"\n";
const CLIENT: [(&str, &str); 3] =
    [("xroad-client", "VN/GOV/87/ASXH"), ("xroad-user", "cong-tro-giup"), ("xroad-issue", "CV-12-2026")];

/// The operator's folder.
struct House {
    dir: tempfile::TempDir,
    sandbox: Sandbox,
}

impl House {
    async fn new(xroad: bool) -> Self {
        let (dir, sandbox) = (tempfile::tempdir().unwrap(), Sandbox::start(&[]));
        configure(dir.path(), &sandbox.address);
        let file = dir.path().join("gateway.toml");
        let mut text = std::fs::read_to_string(&file).unwrap();
        if xroad {
            let mut files = Vec::new();
            for (name, secret) in CLIENT {
                let path = dir.path().join(name);
                std::fs::write(&path, secret).unwrap();
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
                files.push(format!("{name} = \"{name}\""));
            }
            let wire = format!("wire = \"xroad\"\ncredential_files = {{ {} }}\n", files.join(", "));
            assert!(text.contains(SECRETS));
            text = text.replacen(SECRETS, &wire, 1);
            // Neither is there an account to fall back on.
            for name in ["id", "secret"] {
                std::fs::remove_file(dir.path().join(name)).unwrap();
            }
        }
        std::fs::write(&file, format!("{text}patience = \"1m\"\n")).unwrap();
        let house = Self { dir, sandbox };
        write_sqlite(&house.local_file(), &Recipe::built_in().unwrap(), 36, PEOPLE).await.unwrap();
        house
    }

    fn local_file(&self) -> std::path::PathBuf {
        self.dir.path().join("local.db")
    }

    async fn change(&self) -> Changes {
        change_sqlite(&self.local_file(), &Recipe::built_in().unwrap(), 37, CHANGED).await.unwrap()
    }

    /// The addresses of these people become another.
    fn moved(&self, people: &[&String], to: &str) {
        let keys: Vec<&str> = people.iter().map(|key| key.as_str()).collect();
        let sql = format!("update doi_tuong set dia_chi = '{to}' where ma_ho_so in ('{}')", keys.join("','"));
        let changed = rusqlite::Connection::open(self.local_file()).unwrap().execute(&sql, []).unwrap();
        assert_eq!(changed, people.len());
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

    /// How many batches were asked about, and how many came again.
    fn asked_and_again(&self) -> (u64, u64) {
        let report = self.sandbox.report();
        (report["requests"]["ask"].as_u64().unwrap_or(0), report["batches_again"].as_u64().unwrap())
    }

    /// What the nation holds: reference → version, state, document.
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

/// The whole story, over either wire: what every step told.
async fn story(xroad: bool) -> Vec<(&'static str, Value)> {
    let house = House::new(xroad).await;
    let mut told = Vec::new();
    let (code, checks) = house.call(&["check"]);
    let bad: Vec<&Value> = checks["checks"].as_array().unwrap().iter().filter(|line| line["ok"] != true).collect();
    assert!(bad.is_empty() && code == Some(0), "{bad:?}");

    told.push(("first", house.sync()));
    let at_first = house.records();
    let changes = house.change().await;
    assert!(changes.updated > 0 && changes.added > 0 && changes.stopped > 0, "a change of each kind");
    told.push(("delta", house.sync()));
    told.push(("none", house.sync()));
    // The rest of the story is of people whom the change left alone.
    let now = house.records();
    let people: Vec<&String> =
        at_first.iter().filter(|(key, was)| now.get(*key) == Some(was)).map(|(key, _)| key).collect();

    // Stored, and the answer lost: asked about in the wire's own form, and not sent again.
    house.fault(r#"{"operation":"send","fault":"stored-then-cut","times":1}"#);
    let before = house.asked_and_again();
    house.moved(&people[0..10], "Ấp A");
    told.push(("answer lost", house.sync()));
    assert_eq!(house.asked_and_again(), (before.0 + 1, before.1), "asked once, not sent again");

    // Somebody on the way says that he failed, as a fault with HTTP 500, though it was stored: nobody believes it.
    house.fault(r#"{"operation":"send","fault":"server-fault","stored":true,"times":1}"#);
    house.moved(&people[10..20], "Ấp B");
    told.push(("failed on the way", house.sync()));
    assert_eq!(house.asked_and_again(), (before.0 + 2, before.1), "asked once, not sent again");

    // One record makes its batch malformed, `Client.BadRequest`: the batch is split until it stands alone.
    let rule = format!(r#"{{"references":["{}"],"as":"poison"}}"#, people[25]);
    assert!(house.sandbox.say("POST", "/_sandbox/refuse", &rule).contains("rules"));
    house.moved(&people[20..32], "Ấp C");
    told.push(("poison", house.sync()));
    let (_, shown) = house.call(&["queue", "show", people[25]]);
    assert_eq!(shown["refused"]["action"], "write", "in front of a person: {shown}");
    let exchanges = shown["exchanges"].as_array().unwrap().iter().filter(|e| e["verdict"] == "malformed");
    let malformed: Vec<(u64, u64)> =
        exchanges.map(|e| (e["records"].as_u64().unwrap(), e["status"].as_u64().unwrap())).collect();
    // A fault comes with HTTP 500, the code over JSON with 200.
    let status = if xroad { 500 } else { 200 };
    assert_eq!(malformed, [12, 6, 3, 1].map(|records| (records, status)), "split in halves");
    told.push(("poison shown", shown["refused"].clone()));
    told.push(("none after", house.sync()));

    let report = house.sandbox.report();
    let tokens = report["requests"]["token"].as_u64().unwrap_or(0);
    assert_eq!(tokens == 0, xroad, "X-Road has no token, and only X-Road: {report}");
    let figures = [
        "people",
        "records",
        "effects",
        "effects_repeated",
        "effects_out_of_order",
        "violations",
        "violation_texts",
        "other_requests",
        "batches",
        "batches_again",
        "batches_unsettled",
        "faults_left",
    ];
    told.extend(figures.map(|figure| (figure, report[figure].clone())));
    told.push(("records held", serde_json::to_value(house.records()).unwrap()));
    told
}

fn of<'t>(told: &'t [(&'static str, Value)], step: &str) -> &'t Value {
    &told.iter().find(|(name, _)| *name == step).unwrap().1
}

#[tokio::test(flavor = "multi_thread")]
async fn through_an_xroad_security_server_everything_passes_as_over_json() {
    let (plain, soap) = (tokio::spawn(story(false)), tokio::spawn(story(true)));
    let (plain, soap) = (plain.await.unwrap(), soap.await.unwrap());
    assert!(of(&soap, "first")["confirmed"].as_u64() > Some(500), "{}", of(&soap, "first"));
    assert!(of(&soap, "delta")["stopped"].as_u64() > Some(0), "{}", of(&soap, "delta"));
    assert_eq!(of(&soap, "delta")["sent"], of(&soap, "delta")["confirmed"]);
    for (step, sent, confirmed) in
        [("none", 0, 0), ("answer lost", 10, 10), ("failed on the way", 10, 10), ("none after", 0, 0)]
    {
        let told = of(&soap, step);
        assert_eq!((&told["sent"], &told["confirmed"]), (&json!(sent), &json!(confirmed)), "{step}: {told}");
    }
    let poison = of(&soap, "poison");
    assert_eq!((&poison["confirmed"], &poison["refused"]), (&json!(11), &json!({"malformed": 1})), "{poison}");
    for figure in [
        "effects_repeated",
        "effects_out_of_order",
        "violations",
        "other_requests",
        "batches_again",
        "batches_unsettled",
    ] {
        assert_eq!(of(&soap, figure), &json!(0), "{figure}: {}", of(&soap, "violation_texts"));
    }
    for (json, soap) in plain.iter().zip(&soap) {
        assert_eq!(json, soap, "told otherwise over X-Road");
    }
}
