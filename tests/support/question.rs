//! A system that answers questions by a script, and somebody who asks it under a lease, on a real store.

#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use molisa_gateway::delivery::{Judged, Line, LineError, Opened, PaceSettings, System};
use molisa_gateway::national::{
    Credentials, Exchange, Operation, Profile, Pulled, Reply, Session, Transport, Window, WireError, WireRequest,
};
use molisa_gateway::store::leases::{self, Lease, Taken};
use molisa_gateway::store::{Place, Store, system};
use tokio_util::sync::CancellationToken;

use super::portal::shipped;
use super::world::{Hands, MORNING, short_waits};

pub type Answer = Result<Reply, WireError>;
type Says = dyn Fn(&str, usize) -> Answer + Send + Sync;

/// What is said to the so manieth request of a kind.
pub struct Script {
    pub hands: Arc<Hands>,
    pub says: Box<Says>,
    /// Kind and time of each request, by the true clock.
    pub seen: Mutex<Vec<(&'static str, i64)>>,
    /// How far the clock runs on while a request is on its way.
    pub slow_ms: AtomicI64,
}

impl Transport for Script {
    fn exchange(&self, request: WireRequest) -> Exchange<'_> {
        Box::pin(async move {
            let (word, began) = (request.purpose.word(), self.hands.truth());
            let nth = {
                let mut seen = self.seen.lock().unwrap();
                seen.push((word, began));
                seen.iter().filter(|(w, _)| *w == word).count()
            };
            tokio::task::yield_now().await;
            let slow = self.slow_ms.load(Ordering::SeqCst);
            // Whoever keeps the lease alive meanwhile makes the time pass; nobody else does.
            for _ in 0..3_000 {
                if self.hands.truth() - began >= slow {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            (self.says)(word, nth)
        })
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a script says this or that nothing came")]
pub fn reply(status: u16, body: &str) -> Answer {
    Ok(Reply { status, body: body.into(), ..Reply::default() })
}

pub fn lost() -> Answer {
    Err(WireError::Unknown { why: "time-out".into() })
}

pub const FINE: &str = r#"{"error_code":0,"data":[{"maHoSo":"H20-1"}]}"#;

/// The portal with a token of its own.
pub const TOKEN: [(&str, &str); 1] = [(
    "[auth]\nkind = \"key-in-body\"",
    "[auth]\nkind = \"session\"\npath = \"/apiBTXH/LayToken\"\n[auth.body]\nusername = \"{id}\"\n[auth.answer]\ntoken = \
     \"access_token\"\nlife-seconds = 300\nearly-seconds = 30\n[auth.headers]\nX-Token = \"{token}\"",
)];

pub struct House {
    pub dir: tempfile::TempDir,
    pub store: Store,
    pub hands: Arc<Hands>,
    pub wire: Arc<Script>,
    pub system: System,
    pub lease: Lease,
    pub stop: CancellationToken,
    pub patience_ms: i64,
}

impl House {
    pub async fn with(profile: Profile, says: impl Fn(&str, usize) -> Answer + Send + Sync + 'static) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&Place::Sqlite(dir.path().join("store.db"))).await.unwrap();
        let hands = Hands::at(MORNING);
        let wire = Arc::new(Script {
            hands: Arc::clone(&hands),
            says: Box::new(says),
            seen: Mutex::default(),
            slow_ms: AtomicI64::new(0),
        });
        let credentials = Credentials {
            id: Some("tinh".into()),
            secret: None,
            named: [("accept-key".to_owned(), "khoa".into())].into(),
        };
        let system = System {
            name: "portal".into(),
            session: Session::new(&profile, credentials).unwrap(),
            profile: Arc::new(profile),
            transport: Arc::<Script>::clone(&wire) as Arc<dyn Transport>,
            province: "87".into(),
            pace: PaceSettings { per_minute: 6000, ..PaceSettings::default() },
            retry: short_waits(),
            in_flight: AtomicI64::new(0),
        };
        let mut tx = store.write().await.unwrap();
        let Taken::Ours(lease) = leases::take(&mut tx, "intake:i", "test", MORNING).await.unwrap() else {
            panic!("nobody else has it")
        };
        tx.commit().await.unwrap();
        Self { dir, store, hands, wire, system, lease, stop: CancellationToken::new(), patience_ms: 600_000 }
    }

    pub fn line(&self) -> Line<'_> {
        Line::new(&self.store, &self.system, &self.lease, &*self.hands, self.patience_ms, &self.stop)
    }

    /// Asks for an hour of applications.
    pub async fn ask(&self, line: &mut Line<'_>) -> Result<(Pulled, Opened), LineError> {
        let (profile, pull) = (&self.system.profile, self.system.profile.pull().unwrap());
        let window = Window { from: MORNING.plus(-3_600_000), to: MORNING };
        let judge = |reply: &Reply| Judged::from(pull.read(profile, reply));
        let request = pull.request("87", window, 0);
        let asked = on_any_thread(line.ask(Operation::Pull, "09", &request, &judge));
        Box::pin(tokio::time::timeout(Duration::from_mins(1), asked)).await.expect("an end by itself")
    }

    /// Asks, and closes what was answered as a caller does.
    pub async fn asked(&self, line: &mut Line<'_>) -> Result<Pulled, LineError> {
        let (pulled, opened) = self.ask(line).await?;
        let mut tx = self.store.write().await.unwrap();
        line.close(&mut tx, &opened, "stored", pulled.applications.len()).await?;
        tx.commit().await.unwrap();
        Ok(pulled)
    }

    pub fn words(&self) -> Vec<&'static str> {
        self.wire.seen.lock().unwrap().iter().map(|(word, _)| *word).collect()
    }

    /// When requests went out, in milliseconds from the first.
    pub fn times(&self) -> Vec<i64> {
        let seen = self.wire.seen.lock().unwrap();
        seen.iter().map(|(_, at)| at - seen[0].1).collect()
    }

    /// The log, entry by entry.
    pub fn log(&self) -> Vec<String> {
        self.sql("select operation || ' ' || entry || ' ' || verdict from exchange order by number")
    }

    pub fn sql(&self, sql: &str) -> Vec<String> {
        let store = rusqlite::Connection::open(self.dir.path().join("store.db")).unwrap();
        let mut rows = store.prepare(sql).unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    pub async fn state(&self) -> system::SystemState {
        let mut tx = self.store.read().await.unwrap();
        system::look(&mut tx, "portal").await.unwrap()
    }
}

/// The daemon moves its tasks between threads.
fn on_any_thread<F: Future + Send>(future: F) -> F {
    future
}

pub fn plain() -> Profile {
    shipped("dvcbtxh", &[])
}
