//! The way down with real processes: thousands of applications through everything a portal does, and kill -9 where it
//! hurts: nothing is lost, nothing arrives twice, nothing goes round in circles.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use serde_json::{Value, json};

use super::program::{Sandbox, json as of, program, run, until};
use super::served::get;

fn count(store: &Connection, sql: &str) -> i64 {
    store.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn failures_10_14_15_and_16_thousands_of_applications_arrive_once_and_both_portals_hear_how_far_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let kept = dir.path().join("kept");
    let output =
        program(&["demo", "--rows", "300", "--applications", "2000", "--json", "--keep", kept.to_str().unwrap()])
            .output()
            .unwrap();
    let shown = of(&output);
    assert_eq!(output.status.code(), Some(0), "{shown}");
    let (told, portal) = (&shown["applications"], &shown["nation"]["portals"]["dvcbtxh"]);
    let n = |key: &str| told[key].as_i64().unwrap();
    assert_eq!((n("filed"), n("received"), n("portals_differ")), (2000, 2000, 0), "{told}");
    assert!(n("to_be_routed") >= 3 && n("portals_agree") == 2000 - n("to_be_routed"), "{told}");
    // Every body that the portal ever gave is a version here, and no other is.
    assert_eq!(portal["application_versions_given"], told["versions"], "{portal}");
    assert!(n("versions") > 2000 && n("handed_over") + n("to_be_routed") == n("versions"), "{told}");
    for key in ["effects_repeated", "effects_out_of_order", "violations"] {
        assert_eq!(portal[key], 0, "{portal}");
        assert_eq!(shown["nation"]["portals"]["dvcqg"][key], 0, "{shown}");
    }
    // Echoes and repeated bodies came by the thousand, and none of them is a version.
    let store = Connection::open(kept.join("store.db")).unwrap();
    assert!(count(&store, "select sum(echoes) from application") > 2000);
    assert!(count(&store, "select sum(seen) from application") > 2000);
    assert_eq!(count(&store, "select count(distinct number) from application"), 2000);
    // In the local table each version once, with its marker; the office's own numbers came back.
    let local = Connection::open(kept.join("local.db")).unwrap();
    assert_eq!(count(&local, "select count(*) from tiep_nhan"), n("handed_over"));
    assert_eq!(count(&local, "select count(*) from ban_giao_ho_so"), n("handed_over"));
    assert_eq!(count(&store, "select count(*) from application where local_number <> ''"), n("portals_agree"));
    // Somebody registered in another province is among those of whom both portals heard.
    let elsewhere = "select count(*) from ho_so where hktt_ma_tinh = '92'";
    assert!(count(&local, elsewhere) > 0, "{told}");
    // Files were fetched, each once.
    assert!(count(&store, "select count(*) from attachment where state = 'stored'") > 50);
    assert_eq!(portal["attachments"]["repeated"], 0, "{portal}");
    // Steps that turned up late stand there with their reason and went nowhere.
    let late = "select count(*) from mismatch where kind = 'late' and closed_ms is null";
    assert!(count(&store, late) > 0 && portal["late_steps"] == 0, "{portal}");
    who_may_it_be(&kept, &store);
}

/// Who the applicant may be is looked up when somebody asks: whoever died since it came is shown so.
fn who_may_it_be(kept: &Path, store: &Connection) {
    let known = "select number from application where matches like '%\"by\":\"number\"%' and matches like '%\"draws\"%' limit 1";
    let number: String = store.query_row(known, [], |row| row.get(0)).unwrap();
    let config = kept.join("gateway.toml");
    let shown = |more: &[&str]| {
        let call = [&["--config", config.to_str().unwrap(), "dossier", "show", &number], more].concat();
        let output = program(&call).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let before: Value = serde_json::from_str(&shown(&["--json"])).unwrap();
    let first = before["matches"].as_array().unwrap().iter().position(|one| one["says"] == "draws").unwrap();
    let (stream, key) = (&before["matches"][first]["stream"], &before["matches"][first]["key"]);
    let dies =
        "update likeness set says = 'dead' where key = ?1 and stream_id = (select id from stream where name = ?2)";
    assert_eq!(store.execute(dies, [key.as_str().unwrap(), stream.as_str().unwrap()]).unwrap(), 1);
    let now: Value = serde_json::from_str(&shown(&["--json"])).unwrap();
    let says = |of: &Value| of.as_array().unwrap().iter().find(|one| one["key"] == *key).unwrap()["says"].clone();
    assert_eq!((says(&now["matches"]), says(&now["matches_when_it_came"])), ("dead".into(), "draws".into()), "{now}");
    let text = shown(&[]);
    assert!(text.contains("đã mất") && text.contains("deceased") && !text.contains("{\"agree"), "{text}");
}

/// A folder with an intake from that sandbox; `hand_over` is the way into the local system.
fn configure(dir: &Path, address: &str, hand_over: &str) -> String {
    for (name, secret) in [("accept-key", "sandbox"), ("ky", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")] {
        std::fs::write(dir.join(name), secret).unwrap();
    }
    let today = molisa_gateway::model::Clock::now(&molisa_gateway::model::SystemClock::new()).day();
    let mappings = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    let text = format!(
        "mappings = \"{}\"\n[province]\ncode = \"87\"\n[store]\nkind = \"sqlite\"\npath = \"store.db\"\n\
         [[system]]\nname = \"dvcbtxh\"\nbase = \"http://{address}\"\ncredential_files = {{ accept-key = \"accept-key\" }}\n\
         per_minute = 60000\nretry = [\"200ms\", \"500ms\"]\n\
         [[intake]]\nname = \"don\"\nsystem = \"dvcbtxh\"\nentity = \"tiep-nhan\"\nstart = \"{}\"\nwindow = \"48h\"\n\
         hand_over = {hand_over}\n",
        mappings.display(),
        today.yesterday().unwrap(),
    );
    let file = dir.join("gateway.toml");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

/// So many applications, filed a quarter of an hour ago.
fn file(sandbox: &Sandbox, many: usize) {
    let now = molisa_gateway::model::Clock::now(&molisa_gateway::model::SystemClock::new());
    let at = now.plus(-900_000).in_vietnam().strftime("%Y%m%d%H%M%S").to_string();
    let one = |n: usize| {
        json!({ "at": at, "body": {
            "LoaiDuLieu": "100", "MaCSDL": "1", "MaHoSo": format!("H20.31-231215-{n:04}"), "MaTTHC": "1.001776.000.00.00.H20",
            "HoVaTen": format!("Nguyễn Văn {n}"), "StatusId": "1", "MaTinh": "87", "MaHuyen": "866", "MaXa": "29869",
            "DonViXuLy": "UBND Thành phố Cao Lãnh", "SubmitedDate": "15/12/2023 08:00:00" } })
    };
    let all: Vec<Value> = (1..=many).map(one).collect();
    sandbox.say("POST", "/_sandbox/applications", &Value::from(all).to_string());
}

#[test]
fn killed_between_the_answer_and_the_store_every_application_is_there_once() {
    let (dir, sandbox) = (tempfile::tempdir().unwrap(), Sandbox::start(&[]));
    let config = configure(dir.path(), &sandbox.address, "{ kind = \"folder\", path = \"ra\" }");
    std::fs::create_dir(dir.path().join("ra")).unwrap();
    file(&sandbox, 40);
    let pulls = || sandbox.report()["portals"]["dvcbtxh"]["pulls"].as_u64().unwrap();
    for _ in 0..3 {
        // The portal has answered for itself, and its answer never comes.
        let fault = r#"{"system":"dvcbtxh","operation":"pull","fault":"stored-then-silent","times":9}"#;
        sandbox.say("POST", "/_sandbox/faults", fault);
        let before = pulls();
        let mut gateway = program(&["--config", &config, "pull", "--json"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("a pull to be answered", || pulls() > before);
        gateway.kill().unwrap();
        gateway.wait().unwrap();
        sandbox.say("DELETE", "/_sandbox/faults", "");
        let store = Connection::open(dir.path().join("store.db")).unwrap();
        assert_eq!(count(&store, "select count(*) from application"), 0, "nothing came, so nothing is there");
        assert_eq!(count(&store, "select count(*) from intake_cursor where upto_ms > 0"), 0);
    }
    let output = run(&["--config", &config, "pull", "--json"]);
    let told = &of(&output)["pulls"][0];
    assert_eq!(
        (output.status.code(), &told["versions"], &told["handed"]["handed"]),
        (Some(0), &json!(40), &json!(40)),
        "{told}"
    );
    let files = || {
        std::fs::read_dir(dir.path().join("ra"))
            .unwrap()
            .flatten()
            .filter(|f| f.path().extension().is_some_and(|e| e == "json"))
            .count()
    };
    assert_eq!(files(), 40);
    let again = of(&run(&["--config", &config, "pull", "--json"]));
    assert_eq!(
        (&again["pulls"][0]["versions"], &again["pulls"][0]["handed"]["handed"], files()),
        (&json!(0), &json!(0), 40),
        "{again}"
    );
}

/// Takes requests: the identifiers in the order in which they came; answers only once it is told to.
struct Receiver {
    address: String,
    taken: Arc<Mutex<(Vec<String>, bool)>>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let taken: Arc<Mutex<(Vec<String>, bool)>> = Arc::default();
        let shared = Arc::clone(&taken);
        std::thread::spawn(move || {
            for wire in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(wire, &shared));
            }
        });
        Self { address, taken }
    }

    fn ids(&self) -> Vec<String> {
        self.taken.lock().unwrap().0.clone()
    }
}

fn serve(mut wire: std::net::TcpStream, taken: &Mutex<(Vec<String>, bool)>) {
    let mut reader = BufReader::new(wire.try_clone().unwrap());
    loop {
        let (mut id, mut length) = (String::new(), 0_u64);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).is_ok_and(|n| n == 0) || line.is_empty() {
                return;
            }
            let (name, value) = line.trim_end().split_once(": ").unwrap_or((line.trim_end(), ""));
            match name.to_ascii_lowercase().as_str() {
                "webhook-id" => value.clone_into(&mut id),
                "content-length" => length = value.parse().unwrap(),
                "" => break,
                _ => {}
            }
        }
        let mut body = Vec::new();
        if reader.by_ref().take(length).read_to_end(&mut body).is_err() {
            return;
        }
        let answers = {
            let mut taken = taken.lock().unwrap();
            taken.0.push(id);
            taken.1
        };
        if !answers {
            // Kept open until the other side is gone.
            let mut rest = [0; 16];
            let _ = reader.read(&mut rest);
            return;
        }
        if wire.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").is_err() {
            return;
        }
    }
}

#[test]
fn killed_between_the_hand_over_and_its_receipt_each_version_has_one_identifier() {
    let (dir, sandbox, receiver) = (tempfile::tempdir().unwrap(), Sandbox::start(&[]), Receiver::start());
    let way = format!("{{ kind = \"post\", url = \"http://{}/nhan\", secret_files = [\"ky\"] }}", receiver.address);
    let config = configure(dir.path(), &sandbox.address, &way);
    file(&sandbox, 12);
    for _ in 0..2 {
        // The local system takes it, and we are gone before it says so.
        let before = receiver.ids().len();
        let mut gateway = program(&["--config", &config, "pull", "--json"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("an application to be taken", || receiver.ids().len() > before);
        gateway.kill().unwrap();
        gateway.wait().unwrap();
        let store = Connection::open(dir.path().join("store.db")).unwrap();
        assert_eq!(count(&store, "select count(*) from application_version where state = 'handed'"), 0);
        assert_eq!(count(&store, "select count(*) from application_version where state = 'underway'"), 1);
    }
    receiver.taken.lock().unwrap().1 = true;
    // What was begun may have to wait for its turn.
    let store = Connection::open(dir.path().join("store.db")).unwrap();
    until("everything to be handed over", || {
        run(&["--config", &config, "pull", "--json"]);
        count(&store, "select count(*) from application_version where state = 'handed'") == 12
    });
    let ids = receiver.ids();
    let once: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(once.len(), 12, "one identifier a version: {ids:?}");
    assert_eq!(ids.len(), 14, "only what was cut off came again: {ids:?}");
    assert!(ids[..3].iter().all(|id| *id == ids[0]), "{ids:?}");
}

/// A local system that is not there is told by the one who pulls by hand, in the service's log and in its counters.
#[test]
fn what_could_not_be_handed_over_is_told_and_counted() {
    let (dir, sandbox) = (tempfile::tempdir().unwrap(), Sandbox::start(&[]));
    let config = configure(dir.path(), &sandbox.address, "{ kind = \"folder\", path = \"ra\" }");
    file(&sandbox, 1);
    let output = run(&["--config", &config, "pull"]);
    let people = String::from_utf8(output.stdout).unwrap();
    assert!(people.contains("bàn giao / hand-over") && people.contains("ra"), "{people}");
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, format!("{text}schedule = \"* * * * * *\"\n[metrics]\nlisten = \"{listen}\"\n")).unwrap();
    let log = dir.path().join("log");
    let mut service = program(&["--config", &config, "serve"])
        .stdout(std::fs::File::create(&log).unwrap())
        .stderr(std::fs::File::options().append(true).open(&log).unwrap())
        .spawn()
        .unwrap();
    let counted = |name: &str, label: &str| {
        let metrics = get(&listen, "/metrics");
        let line = metrics.lines().find(|line| line.starts_with(name) && line.contains(label)).map(str::to_owned);
        line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).is_some_and(|n| n > 0.0)
    };
    until("the failed hand-over to be counted", || counted("gateway_hand_overs_total", "\"failed\""));
    assert!(counted("gateway_intake_troubles_total", "\"don\""));
    until("the log to tell it", || std::fs::read_to_string(&log).unwrap().contains("hand-over: "));
    std::fs::create_dir(dir.path().join("ra")).unwrap();
    until("the hand-over to be counted", || counted("gateway_hand_overs_total", "\"handed\""));
    service.kill().unwrap();
    service.wait().unwrap();
}
