//! A whole house in one process: a local database, the gateway's own rooms, the sandbox behind the transport seam,
//! and a clock that jumps. A crash drops a run in the middle of whatever it awaits; the store is opened anew.

#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::collections::BTreeSet;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use molisa_gateway::delivery::{PaceSettings, System};
use molisa_gateway::delta::Brake;
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::clock::Sleep;
use molisa_gateway::model::{Clock, Timestamp};
use molisa_gateway::national::{Credentials, Profile, Reply, Session, Transport, WireError, WireRequest};
use molisa_gateway::outbox::Retry;
use molisa_gateway::province::{Recipe, write_sqlite};
use molisa_gateway::run::{Outcome, Quiet, Release, RunError, Stream, SyncOptions, sync};
use molisa_gateway::sandbox::{Nation, Operation, Play, Request, Settings, Words};
use molisa_gateway::source::{Source, SourceConfig};
use molisa_gateway::store::{Place, Store};
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

/// 24 November 2026, 09:00 in Viet Nam.
pub const MORNING: Timestamp = Timestamp(1_795_485_600_000);

/// Time that only moves when somebody waits, or when a test says so.
pub struct Hands {
    wall: AtomicI64,
    steady: AtomicI64,
}

impl Hands {
    pub fn at(start: Timestamp) -> Arc<Self> {
        Arc::new(Self { wall: AtomicI64::new(start.0), steady: AtomicI64::new(0) })
    }

    /// Time passes.
    pub fn pass(&self, milliseconds: i64) {
        self.wall.fetch_add(milliseconds, Ordering::SeqCst);
        self.steady.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Somebody sets the clock.
    pub fn set_by(&self, milliseconds: i64) {
        self.wall.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// What really is the time: the nation's clock, which nobody sets.
    pub fn truth(&self) -> i64 {
        MORNING.0 + self.steady.load(Ordering::SeqCst)
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.wall.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> i64 {
        self.steady.load(Ordering::SeqCst)
    }

    fn sleep(&self, milliseconds: u64) -> Sleep<'_> {
        Box::pin(async move {
            // Whoever has something to do comes first: time passes only when all wait.
            for _ in 0..64 {
                tokio::task::yield_now().await;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            self.pass(i64::try_from(milliseconds).unwrap());
        })
    }
}

/// The sandbox behind the seam.
pub struct Wire {
    pub nation: Arc<Mutex<Nation>>,
    hands: Arc<Hands>,
    /// All requests fail as if nobody listened.
    pub down: std::sync::atomic::AtomicBool,
}

impl Wire {
    pub fn to(nation: Arc<Mutex<Nation>>, hands: &Arc<Hands>) -> Arc<Self> {
        Arc::new(Self { nation, hands: Arc::clone(hands), down: std::sync::atomic::AtomicBool::new(false) })
    }
}

impl Transport for Wire {
    fn exchange(&self, request: WireRequest) -> molisa_gateway::national::Exchange<'_> {
        Box::pin(async move {
            if self.down.load(Ordering::SeqCst) {
                let cause = molisa_gateway::national::Cause::Connect;
                return Err(WireError::NotSent { cause, why: "refused".into() });
            }
            let limit = request.answer_limit;
            let mut headers = request.headers.clone();
            headers.extend(request.credentials.iter().map(|(n, v)| (n.clone(), v.expose_secret().to_owned())));
            let asked =
                Request { method: request.method, path: request.path, headers, body: request.body, arrived_ms: None };
            let reply = self.nation.lock().unwrap().handle(&asked, self.hands.truth());
            tokio::task::yield_now().await;
            let unknown = |why: &str| Err(WireError::Unknown { why: why.to_owned() });
            match reply.play {
                Play::Whole => {}
                Play::Silent => return unknown("time-out"),
                _ => return unknown("cut"),
            }
            let body = reply.bytes(limit + 1);
            if body.len() > limit {
                return unknown("too large");
            }
            let header = |name: &str| reply.header(name).map(str::to_owned);
            Ok(Reply {
                status: reply.status,
                retry_after: header("retry-after"),
                date: header("date"),
                content_type: header("content-type"),
                body,
                ..Reply::default()
            })
        })
    }
}

/// A future that is dropped after so many polls, counted from a moment on: a crash where anything is awaited.
pub struct Doomed<F> {
    inner: Pin<Box<F>>,
    left: u32,
    from: Box<dyn Fn() -> bool + Send>,
}

impl<F: Future> Doomed<F> {
    /// The polls are counted once it is so.
    pub fn from(so: impl Fn() -> bool + Send + 'static, polls: u32, inner: F) -> Self {
        Self { inner: Box::pin(inner), left: polls, from: Box::new(so) }
    }
}

impl<F: Future> Future for Doomed<F> {
    type Output = Option<F::Output>;
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if (self.from)() {
            if self.left == 0 {
                return Poll::Ready(None);
            }
            self.left -= 1;
        }
        self.inner.as_mut().poll(context).map(Some)
    }
}

/// The house.
pub struct World {
    pub dir: tempfile::TempDir,
    pub place: Place,
    pub store: Store,
    pub stream: Stream,
    pub hands: Arc<Hands>,
    pub wire: Arc<Wire>,
    pub options: SyncOptions,
}

/// The repository's mappings.
pub fn mappings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings")
}

/// Copies a folder, to be changed.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Waits short enough for a story.
pub fn short_waits() -> Retry {
    Retry::new([1, 2, 5, 10].map(Duration::from_secs).to_vec())
}

impl World {
    /// A house with so many people, on SQLite.
    pub async fn with(rows: u64, seed: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::Sqlite(dir.path().join("store.db"));
        Self::on(dir, place, rows, seed).await
    }

    /// A house on a given store.
    pub async fn on(dir: tempfile::TempDir, place: Place, rows: u64, seed: u64) -> Self {
        write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), seed, rows).await.unwrap();
        let store = Store::open(&place).await.unwrap();
        let hands = Hands::at(MORNING);
        let nation = Arc::new(Mutex::new(Nation::new(Settings::default(), Words::default())));
        let wire = Wire::to(nation, &hands);
        let stream = Self::stream(dir.path(), &wire).await;
        let options =
            SyncOptions { release_brake: None, patience: Duration::from_hours(2), stalled: BTreeSet::default() };
        Self { dir, place, store, stream, hands, wire, options }
    }

    async fn stream(dir: &Path, wire: &Arc<Wire>) -> Stream {
        let profile = Profile::load(&mappings(), "misposasoft").unwrap();
        let secret = || Some(SecretString::from("sandbox"));
        let credentials = Credentials { id: secret(), secret: secret(), ..Credentials::default() };
        let system = System {
            name: "misposasoft".into(),
            session: Session::new(&profile, credentials).unwrap(),
            profile: Arc::new(profile),
            transport: Arc::<Wire>::clone(wire) as Arc<dyn Transport>,
            province: "87".into(),
            pace: PaceSettings { per_minute: 6000, ..PaceSettings::default() },
            retry: short_waits(),
            in_flight: AtomicI64::new(0),
        };
        let config = SourceConfig::Sqlite { path: dir.join("local.db"), query: "select * from doi_tuong".into() };
        Stream {
            name: "doi-tuong".into(),
            source: Source::open(&config, dir).await.unwrap(),
            mapping: Arc::new(Mapping::load(&mappings(), "misposasoft", "doi-tuong").unwrap()),
            system: Arc::new(system),
            entity: "doi-tuong".into(),
            brake: Brake::default(),
            decision: None,
            once: false,
            after: Vec::new(),
        }
    }

    /// One run, to its end.
    pub async fn sync(&self) -> Result<Outcome, RunError> {
        sync(&self.store, &self.stream, &*self.hands, &self.options, &Quiet, &CancellationToken::new()).await
    }

    /// One run that lets go what the brake holds.
    pub async fn sync_released(&self) -> Result<Outcome, RunError> {
        let release = Some(Release { reason: "đã kiểm tra".into(), who: "test".into() });
        let options = SyncOptions { release_brake: release, ..self.options.clone() };
        sync(&self.store, &self.stream, &*self.hands, &options, &Quiet, &CancellationToken::new()).await
    }

    /// A run that dies after so many polls; `None` if it did. The house is then started again, as after a kill.
    pub async fn sync_until(&mut self, polls: u32) -> Option<Result<Outcome, RunError>> {
        self.doomed(|| true, polls).await
    }

    /// The same, from the moment on at which the nation has answered so many requests: none of the answers is known
    /// yet when it dies after no more polls.
    pub async fn sync_until_seen(
        &mut self,
        operation: Operation,
        times: u64,
        polls: u32,
    ) -> Option<Result<Outcome, RunError>> {
        let seen = self.seen(operation, times);
        self.doomed(seen, polls).await
    }

    /// Whether the nation has answered so many requests.
    pub fn seen(&self, operation: Operation, times: u64) -> impl Fn() -> bool + Send + 'static {
        let nation = Arc::clone(&self.wire.nation);
        move || nation.lock().unwrap().report().requests.get(&operation).is_some_and(|n| *n >= times)
    }

    async fn doomed(
        &mut self,
        so: impl Fn() -> bool + Send + 'static,
        polls: u32,
    ) -> Option<Result<Outcome, RunError>> {
        let stop = CancellationToken::new();
        let run = sync(&self.store, &self.stream, &*self.hands, &self.options, &Quiet, &stop);
        let result = Doomed::from(so, polls, run).await;
        if result.is_none() {
            self.restart().await;
        }
        result
    }

    /// Everything that was in memory is gone; the dead one's lease runs out.
    pub async fn restart(&mut self) {
        self.store.close().await;
        self.store = Store::open(&self.place).await.unwrap();
        self.stream = Self::stream(self.dir.path(), &self.wire).await;
        self.hands.pass(61_000);
    }

    /// The store and the stream as another process opens them.
    pub async fn as_another_process(&self) -> (Store, Stream) {
        (Store::open(&self.place).await.unwrap(), Self::stream(self.dir.path(), &self.wire).await)
    }

    /// A second stream of the same rows, to a system and a nation of its own.
    pub async fn second_stream(&self) -> (Stream, Arc<Wire>) {
        let nation = Arc::new(Mutex::new(Nation::new(Settings::default(), Words::default())));
        let wire = Wire::to(nation, &self.hands);
        let mut stream = Self::stream(self.dir.path(), &wire).await;
        stream.name = "second".into();
        Arc::get_mut(&mut stream.system).unwrap().name = "second".into();
        (stream, wire)
    }

    /// The store's file, to be looked into or damaged.
    pub fn store_file(&self) -> PathBuf {
        self.dir.path().join("store.db")
    }

    /// A number out of the store's file.
    pub fn count(&self, sql: &str) -> u64 {
        let store = rusqlite::Connection::open(self.store_file()).unwrap();
        u64::try_from(store.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()).unwrap()
    }

    /// The local database, to be edited.
    pub fn local(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join("local.db")).unwrap()
    }

    /// The nation.
    pub fn nation(&self) -> std::sync::MutexGuard<'_, Nation> {
        self.wire.nation.lock().unwrap()
    }

    /// Nothing was done twice, in the wrong order, or against the contract.
    pub fn assert_clean(&self) {
        let report = self.nation().report();
        assert_eq!(
            (report.effects_repeated, report.effects_out_of_order, report.violations),
            (0, 0, 0),
            "{:?}",
            report.violation_texts
        );
    }
}
