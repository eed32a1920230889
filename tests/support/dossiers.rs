//! Dossiers on their way: three streams on the same local tables, and a portal that writes down what arrives in which
//! order, and whether more than one record of a dossier was on the wire.

#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use molisa_gateway::delivery::{PaceSettings, System};
use molisa_gateway::delta::Brake;
use molisa_gateway::mapping::Mapping;
use molisa_gateway::national::{
    Cause, Credentials, Exchange, Profile, Reply, Session, Transport, WireError, WireRequest,
};
use molisa_gateway::run::{Outcome, Quiet, Release, Stream, SyncOptions, sync};
use molisa_gateway::source::{Source, SourceConfig};
use molisa_gateway::store::{Place, Store, mismatch, runs};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::world::{Hands, MORNING, mappings, short_waits};

/// What arrived and had an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// `mo`, `buoc`, `nay`.
    pub role: &'static str,
    pub key: String,
    pub lane: String,
    pub at: String,
    pub status: String,
}

/// How the portal behaves, and what it saw.
#[derive(Default)]
pub struct Book {
    pub log: Vec<Effect>,
    /// What must never happen, in words.
    pub wrong: Vec<String>,
    /// Our keys that are refused.
    pub refuses: HashSet<String>,
    /// Our keys that are wanted later, so many times.
    pub puts_off: HashMap<String, u32>,
    /// Nobody listens.
    pub down: bool,
    /// Goes down after so many more sends.
    pub down_after: Option<u32>,
    /// Every so many sends are stored and their answer is lost; 0 for never.
    pub loses: u64,
    sends: u64,
    answers: HashMap<String, Value>,
    current: HashMap<String, String>,
    /// Dossiers of which a record is on the wire, or of unknown outcome for the sender: with the batch's key.
    busy: BTreeMap<String, String>,
}

/// The portal, on the JSON side that exists.
pub struct Portal(pub Mutex<Book>);

const ROLES: [(&str, &str); 3] = [("doi-tuong", "mo"), ("chi-tra", "buoc"), ("mai-tang-phi", "nay")];

impl Portal {
    fn reply(body: &Value) -> Reply {
        Reply { status: 200, body: body.to_string().into_bytes(), ..Reply::default() }
    }

    /// A batch arrives; whether anybody listens.
    fn arrives(&self, batch: &Value) -> bool {
        let mut book = self.0.lock().unwrap();
        if book.down || book.down_after == Some(0) {
            book.down = true;
            return false;
        }
        if let Some(left) = &mut book.down_after {
            *left -= 1;
        }
        let key = batch["MaGoiTin"].as_str().unwrap().to_owned();
        for lane in lanes(batch) {
            let other = book.busy.insert(lane.clone(), key.clone());
            if other.is_some_and(|other| other != key) {
                book.wrong.push(format!("two on the wire of {lane}"));
            }
        }
        let unique: BTreeSet<String> = lanes(batch).into_iter().collect();
        if unique.len() != lanes(batch).len() {
            book.wrong.push("two of one dossier in a batch".into());
        }
        true
    }

    /// It is processed; the answer, if it is not lost.
    fn processed(&self, path: &str, batch: &Value) -> Option<Value> {
        let mut book = self.0.lock().unwrap();
        let key = batch["MaGoiTin"].as_str().unwrap().to_owned();
        let role = ROLES.iter().find(|(entity, _)| path.contains(entity)).unwrap().1;
        if !book.answers.contains_key(&key) {
            let mut results = Vec::new();
            for record in batch["DanhSach"].as_array().unwrap() {
                let text = |of: &Value| of.as_str().unwrap_or_default().to_owned();
                let reference = text(&record["MaThamChieu"]);
                let refused = book.refuses.contains(&reference);
                let later =
                    book.puts_off.get_mut(&reference).filter(|left| **left > 0).map(|left| *left -= 1).is_some();
                let code = if refused {
                    ("1", "E9")
                } else if later {
                    ("2", "")
                } else {
                    ("0", "")
                };
                results.push(json!({"MaThamChieu": reference, "KetQua": code.0, "MaDoiTuong": "", "MaLoi": code.1, "ThongBao": ""}));
                if refused || later {
                    continue;
                }
                let version = text(&record["PhienBan"]);
                if book.current.insert(format!("{role}/{reference}"), version.clone()) == Some(version) {
                    book.wrong.push(format!("twice: {role} {reference}"));
                }
                let of = &record["DoiTuong"];
                let (lane, at, status) = (text(&of["MaHoSo"]), text(&of["ThoiDiem"]), text(&of["TrangThai"]));
                book.log.push(Effect { role, key: reference, lane, at, status });
            }
            book.answers.insert(key.clone(), json!({"error_code": "0", "message": "", "result": results}));
        }
        book.sends += 1;
        book.down |= book.down_after == Some(0);
        if book.loses > 0 && book.sends.is_multiple_of(book.loses) {
            return None;
        }
        book.busy.retain(|_, batch| *batch != key);
        Some(book.answers[&key].clone())
    }

    fn asked(&self, key: &str) -> Option<Value> {
        let mut book = self.0.lock().unwrap();
        if book.down {
            return None;
        }
        book.busy.retain(|_, batch| *batch != key);
        Some(book.answers.get(key).cloned().unwrap_or_else(|| json!({"error_code": "4", "message": "", "result": []})))
    }

    /// What arrived of a dossier, in order: role and key.
    pub fn of(&self, lane: &str) -> Vec<(&'static str, String)> {
        let book = self.0.lock().unwrap();
        book.log.iter().filter(|e| e.lane == lane).map(|e| (e.role, e.key.clone())).collect()
    }

    /// Nothing arrived twice, side by side or out of order.
    pub fn assert_clean(&self) {
        let book = self.0.lock().unwrap();
        assert_eq!(book.wrong, [""; 0]);
        let mut last: HashMap<&str, &str> = HashMap::new();
        let mut opened = HashSet::new();
        for effect in &book.log {
            match effect.role {
                "mo" => assert!(opened.insert(&effect.lane), "opened twice: {}", effect.lane),
                _ => assert!(opened.contains(&effect.lane), "before its opening: {effect:?}"),
            }
            if effect.role == "buoc" {
                let before = last.insert(&effect.lane, &effect.at).unwrap_or_default();
                assert!(before <= effect.at.as_str(), "out of order after {before}: {effect:?}");
            }
        }
    }
}

fn lanes(batch: &Value) -> Vec<String> {
    let lane = |r: &Value| r["DoiTuong"]["MaHoSo"].as_str().unwrap_or_default().to_owned();
    batch["DanhSach"].as_array().unwrap().iter().map(lane).collect()
}

impl Transport for Portal {
    fn exchange(&self, request: WireRequest) -> Exchange<'_> {
        Box::pin(async move {
            let refused = || Err(WireError::NotSent { cause: Cause::Connect, why: "refused".into() });
            if request.path == "/token" {
                let down = self.0.lock().unwrap().down;
                return if down {
                    refused()
                } else {
                    Ok(Self::reply(&json!({"access_token": "t", "expires_in": 3600})))
                };
            }
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            if request.path.ends_with("tra-cuu-goi-tin") {
                tokio::task::yield_now().await;
                return self.asked(body["MaGoiTin"].as_str().unwrap()).map_or_else(refused, |a| Ok(Self::reply(&a)));
            }
            if !self.arrives(&body) {
                return refused();
            }
            // Long enough for another batch to come beside it.
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            let answer = self.processed(&request.path, &body);
            tokio::task::yield_now().await;
            answer.map_or_else(|| Err(WireError::Unknown { why: "time-out".into() }), |a| Ok(Self::reply(&a)))
        })
    }
}

const OPENING: &str = r#"
[mapping]
entity = "mo-ho-so"
key = "ma"
[columns]
ma = "text"
dau = "text"
ghi_chu = "text"
[[field]]
name = "MaHoSo"
from = "ma"
[[field]]
name = "TrangThai"
from = "dau"
[[field]]
name = "GhiChu"
from = "ghi_chu"
[lane]
name = "MaHoSo"
status = "TrangThai"
order = "dossier-moves"
"#;

/// The mapping of steps.
pub const STEPS: &str = r#"
[mapping]
entity = "buoc-xu-ly"
key = "khoa"
[columns]
khoa = "text"
ma = "text"
luc = "text"
tt = "text"
[[field]]
name = "MaHoSo"
from = "ma"
[[field]]
name = "ThoiDiem"
from = "luc"
[[field]]
name = "(thời điểm)"
from = "luc"
internal = true
[[field]]
name = "TrangThai"
from = "tt"
[lane]
name = "MaHoSo"
at = "(thời điểm)"
status = "TrangThai"
order = "dossier-moves"
"#;

/// The house: local tables, store, three streams, portal.
pub struct House {
    pub dir: tempfile::TempDir,
    pub place: Place,
    pub store: Store,
    pub hands: Arc<Hands>,
    pub portal: Arc<Portal>,
    pub patience: Duration,
    /// Opening, steps, present.
    pub streams: Vec<Stream>,
}

impl House {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::Sqlite(dir.path().join("store.db"));
        Self::on(dir, place).await
    }

    pub async fn on(dir: tempfile::TempDir, place: Place) -> Self {
        let local = rusqlite::Connection::open(dir.path().join("local.db")).unwrap();
        local
            .execute_batch(
                "create table ho_so (ma text primary key, dau text, nay text, ghi_chu text); \
                 create table buoc (khoa text primary key, ma text, luc text, tt text)",
            )
            .unwrap();
        let (hands, portal) = (Hands::at(MORNING), Arc::new(Portal(Mutex::default())));
        let store = Store::open(&place).await.unwrap();
        let streams = Self::streams(dir.path(), &portal).await;
        Self { dir, place, store, hands, portal, patience: Duration::from_hours(2), streams }
    }

    async fn streams(dir: &std::path::Path, portal: &Arc<Portal>) -> Vec<Stream> {
        let file = mappings().join("misposasoft/system.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.contains("records = 500"));
        let profile = Profile::parse(&file, &text.replace("records = 500", "records = 3")).unwrap();
        let secret = || Some(SecretString::from("sandbox"));
        let credentials = Credentials { id: secret(), secret: secret(), ..Credentials::default() };
        let system = Arc::new(System {
            name: "cong".into(),
            session: Session::new(&profile, credentials).unwrap(),
            profile: Arc::new(profile),
            transport: Arc::<Portal>::clone(portal) as Arc<dyn Transport>,
            province: "87".into(),
            pace: PaceSettings { per_minute: 60_000, ..PaceSettings::default() },
            retry: short_waits(),
            in_flight: AtomicI64::new(0),
        });
        let present = OPENING.replace("dau", "nay").replace("\"mo-ho-so\"", "\"ho-so\"");
        let mut streams = Vec::new();
        for ((entity, name), text, table) in
            [(ROLES[0], OPENING, "ho_so"), (ROLES[1], STEPS, "buoc"), (ROLES[2], present.as_str(), "ho_so")]
        {
            let query = format!("select * from {table}");
            let config = SourceConfig::Sqlite { path: dir.join("local.db"), query };
            let mapping = Mapping::parse(std::path::Path::new(name), text, &mappings().join("codes"));
            streams.push(Stream {
                name: name.into(),
                source: Source::open(&config, dir).await.unwrap(),
                mapping: Arc::new(mapping.unwrap_or_else(|e| panic!("{e}"))),
                system: Arc::clone(&system),
                entity: entity.into(),
                brake: Brake::default(),
                decision: None,
                once: name == "mo",
                after: streams.iter().map(|s: &Stream| s.name.clone()).collect(),
            });
        }
        streams
    }

    /// One sync of all, as the command line runs it; each one's figures add up.
    pub async fn sync(&self) -> [Outcome; 3] {
        self.sync_with(false).await
    }

    pub async fn sync_with(&self, release: bool) -> [Outcome; 3] {
        let mut stalled = BTreeSet::new();
        let mut ended = Vec::new();
        for stream in &self.streams {
            let outcome = self.sync_one(stream, release, &stalled).await;
            if outcome.stalled() {
                stalled.insert(stream.name.clone());
            }
            ended.push(outcome);
        }
        ended.try_into().unwrap()
    }

    pub async fn sync_one(&self, stream: &Stream, release: bool, stalled: &BTreeSet<String>) -> Outcome {
        let release = release.then(|| Release { reason: "đã xem".into(), who: "test".into() });
        let options = SyncOptions { release_brake: release, patience: self.patience, stalled: stalled.clone() };
        let run = sync(&self.store, stream, &*self.hands, &options, &Quiet, &CancellationToken::new()).await.unwrap();
        assert_eq!(run.taken, None);
        let held = run.held.iter().filter(|(reason, _)| *reason != "stop-candidate").map(|(_, n)| n).sum::<u64>();
        let refused: u64 = run.refused.values().sum();
        assert_eq!(run.scanned, run.confirmed + refused + held + run.unknown + run.unchanged, "{run:?}");
        run
    }

    /// Everything that was in memory is gone; the dead one's lease runs out.
    pub async fn restart(&mut self) {
        self.store.close().await;
        self.store = Store::open(&self.place).await.unwrap();
        self.streams = Self::streams(self.dir.path(), &self.portal).await;
        self.hands.pass(61_000);
        // What died with its process is no longer on the wire; its outcome is not known, and it will be asked about.
    }

    pub fn sql(&self, sql: &str) {
        let local = rusqlite::Connection::open(self.dir.path().join("local.db")).unwrap();
        local.execute_batch(sql).unwrap();
    }

    pub fn dossier(&self, lane: &str, first: &str, present: &str) {
        self.sql(&format!("insert into ho_so values ('{lane}', '{first}', '{present}', '')"));
    }

    /// A step on that minute of a day.
    pub fn step(&self, key: &str, lane: &str, minute: u32, status: &str) {
        let at = at(minute);
        self.sql(&format!("insert into buoc values ('{key}', '{lane}', '{at}', '{status}')"));
    }

    /// The open mismatches of a stream: key, kind, reason, value.
    pub async fn open(&self, role: &str) -> Vec<(String, String, String, String)> {
        let mut tx = self.store.read().await.unwrap();
        let Some((id, _)) = runs::find_stream(&mut tx, role).await.unwrap() else { return Vec::new() };
        let rows = mismatch::list(&mut tx, id, "", 10_000).await.unwrap();
        rows.into_iter().map(|m| (m.key, m.kind, m.reason, m.value)).collect()
    }
}

/// That minute of a day, as steps have it.
pub fn at(minute: u32) -> String {
    format!("20261120{:02}{:02}00", minute / 60, minute % 60)
}
