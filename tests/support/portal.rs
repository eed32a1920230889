//! A portal that answers by a script, and the part of the gateway that delivers to it, on a real store.

#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use molisa_gateway::delivery::{Courier, Delivered, DeliveryError, Ended, PaceSettings, System};
use molisa_gateway::delta::Class;
use molisa_gateway::model::{Action, Clock, ContentHash};
use molisa_gateway::national::{Credentials, Exchange, Profile, Reply, Session, Transport, WireError, WireRequest};
use molisa_gateway::store::leases::{self, Taken};
use molisa_gateway::store::{Place, Store, ledger, mismatch, outbox, runs};
use secrecy::SecretString;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::world::{Doomed, Hands, MORNING, mappings, short_waits};

/// What the script says to the so manieth request of a kind.
pub type Says = dyn Fn(&str, &str, usize) -> Said + Send + Sync;

pub enum Said {
    Body(String),
    Lost,
}

pub use Said::{Body, Lost};

pub fn code(code: &str, message: &str) -> Said {
    Body(format!(r#"{{"error_code":"{code}","message":"{message}"}}"#))
}

pub struct Script {
    pub says: Box<Says>,
    /// Kinds and bodies, logins too.
    pub seen: Mutex<Vec<(&'static str, String)>>,
}

impl Transport for Script {
    fn exchange(&self, request: WireRequest) -> Exchange<'_> {
        Box::pin(async move {
            let (word, body) = (request.purpose.word(), String::from_utf8(request.body).unwrap());
            let nth = {
                let mut seen = self.seen.lock().unwrap();
                seen.push((word, body.clone()));
                seen.iter().filter(|(w, _)| *w == word).count()
            };
            tokio::task::yield_now().await;
            let said = if word == "token" {
                Body(format!(r#"{{"session":"phien-{nth}","error_code":0}}"#))
            } else {
                (self.says)(word, &body, nth)
            };
            match said {
                Body(body) => Ok(Reply { status: 200, body: body.into(), ..Reply::default() }),
                Lost => Err(WireError::Unknown { why: "time-out".into() }),
            }
        })
    }
}

pub struct House {
    pub dir: tempfile::TempDir,
    pub store: Store,
    pub stream: i64,
    pub run: i64,
    pub hands: Arc<Hands>,
    pub system: Arc<System>,
    pub wire: Arc<Script>,
    pub entity: &'static str,
}

pub fn shipped(name: &str, changes: &[(&str, &str)]) -> Profile {
    let mut text = std::fs::read_to_string(mappings().join(name).join("system.toml")).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    Profile::parse(Path::new("system.toml"), &text).unwrap_or_else(|faults| panic!("{faults}"))
}

pub fn system(profile: Profile, wire: &Arc<Script>) -> Arc<System> {
    let named = [("agency", "G22"), ("unit", "H20"), ("accept-key", "khoa-bi-mat")];
    let credentials = Credentials {
        id: Some("tinh87".into()),
        secret: Some("mat-khau".into()),
        named: named.map(|(n, v)| (n.to_owned(), SecretString::from(v))).into(),
    };
    Arc::new(System {
        name: "portal".into(),
        session: Session::new(&profile, credentials).unwrap(),
        profile: Arc::new(profile),
        transport: Arc::<Script>::clone(wire) as Arc<dyn Transport>,
        province: "87".into(),
        pace: PaceSettings { per_minute: 6000, ..PaceSettings::default() },
        retry: short_waits(),
        in_flight: AtomicI64::new(0),
    })
}

pub fn record(key: &str, status: &str) -> String {
    format!(r#"{{"DinhDanhCHS":{{"SoDinhDanh":"087"}},"MaHoSo":"{key}","TrangThaiHoSo":"{status}"}}"#)
}

pub fn version(key: &str, status: &str) -> ContentHash {
    ContentHash::of("GHI", &record(key, status))
}

impl House {
    pub async fn with(
        profile: Profile,
        entity: &'static str,
        says: impl Fn(&str, &str, usize) -> Said + Send + Sync + 'static,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&Place::Sqlite(dir.path().join("store.db"))).await.unwrap();
        let mut tx = store.write().await.unwrap();
        let (stream, _) = runs::stream(&mut tx, "s", "portal", entity).await.unwrap();
        let run = runs::begin(&mut tx, stream, false, MORNING).await.unwrap();
        tx.commit().await.unwrap();
        let wire = Arc::new(Script { says: Box::new(says), seen: Mutex::default() });
        let (hands, system) = (Hands::at(MORNING), system(profile, &wire));
        Self { dir, store, stream, run, hands, system, wire, entity }
    }

    pub async fn put(&self, keys: &[&str], status: &str) {
        self.put_as(Action::Write, keys, status).await;
    }

    pub async fn put_as(&self, action: Action, keys: &[&str], status: &str) {
        let draft = |key: &&str| outbox::Draft {
            key: (*key).to_owned(),
            action,
            version: version(key, status),
            payload: record(key, status),
            unit: String::new(),
            class: Class::New,
            lane: None,
        };
        let drafts: Vec<_> = keys.iter().map(draft).collect();
        let mut tx = self.store.write().await.unwrap();
        outbox::add(&mut tx, self.stream, self.run, true, &drafts).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn deliver(&self) -> Result<(Ended, Delivered), DeliveryError> {
        let (complete, nudge, stop) = (AtomicBool::new(true), Notify::new(), CancellationToken::new());
        let mut tx = self.store.write().await.unwrap();
        let taken = leases::take(&mut tx, "stream:s", "test", self.hands.now()).await;
        let Taken::Ours(lease) = taken.unwrap() else { panic!("nobody else has it") };
        tx.commit().await.unwrap();
        let courier = Courier {
            store: &self.store,
            system: &self.system,
            stream: self.stream,
            entity: self.entity,
            run: self.run,
            lease: &lease,
            order: molisa_gateway::delivery::Order { once: false, lanes: None },
            clock: &*self.hands,
            patience_ms: 600_000,
        };
        let told = |_: &Delivered| {};
        let delivering = courier.run(&complete, &nudge, &stop, &told);
        let ended = tokio::time::timeout(Duration::from_secs(30), delivering).await.expect("an end by itself");
        let mut tx = self.store.write().await.unwrap();
        leases::free(&mut tx, &lease).await.unwrap();
        tx.commit().await.unwrap();
        ended
    }

    /// Delivers until nothing is left.
    pub async fn drained(&self) -> Delivered {
        let (ended, delivered) = self.deliver().await.unwrap();
        assert_eq!(ended, Ended::Drained);
        delivered
    }

    /// The process dies while so many requests are on the wire or answered; another one begins.
    pub async fn killed_at(&mut self, requests: usize) {
        let wire = Arc::clone(&self.wire);
        let so = move || wire.seen.lock().unwrap().len() >= requests;
        assert!(Doomed::from(so, 0, self.deliver()).await.is_none(), "it died");
        self.store.close().await;
        self.store = Store::open(&Place::Sqlite(self.dir.path().join("store.db"))).await.unwrap();
        self.system = system((*self.system.profile).clone(), &self.wire);
        self.hands.pass(61_000);
    }

    pub fn words(&self) -> Vec<&'static str> {
        self.wire.seen.lock().unwrap().iter().map(|(word, _)| *word).filter(|word| *word != "token").collect()
    }

    /// Bodies of one kind, and which of `keys` stand in each.
    pub fn bodies(&self, kind: &str) -> Vec<String> {
        let seen = self.wire.seen.lock().unwrap();
        seen.iter().filter(|(word, _)| *word == kind).map(|(_, body)| body.clone()).collect()
    }

    /// Which dossiers went, call by call.
    pub fn went(&self, kind: &str) -> Vec<Vec<String>> {
        self.bodies(kind).iter().map(|body| numbers(body)).collect()
    }

    pub async fn confirmed(&self) -> BTreeMap<String, ContentHash> {
        let mut tx = self.store.read().await.unwrap();
        let found = ledger::find(&mut tx, self.stream, &["A-1", "A-2", "A-3", "A-4"]).await.unwrap();
        found.into_iter().filter_map(|(key, entry)| Some((key, entry.confirmed?.1))).collect()
    }

    pub async fn mismatches(&self) -> Vec<(String, String, String, String)> {
        let mut tx = self.store.read().await.unwrap();
        let all = mismatch::list(&mut tx, self.stream, "", 100).await.unwrap();
        all.into_iter().map(|m| (m.key, m.kind, m.reason, m.detail)).collect()
    }

    pub fn sql(&self, sql: &str) -> Vec<String> {
        let store = rusqlite::Connection::open(self.dir.path().join("store.db")).unwrap();
        let mut rows = store.prepare(sql).unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }
}

/// The numbers in a body, `A-` and a digit.
pub fn numbers(body: &str) -> Vec<String> {
    body.match_indices("\"A-").map(|(at, _)| body[at + 1..at + 4].to_owned()).collect()
}
