//! Both sides compared: equal data give nothing, what differs is found, what moves is left alone.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

mod absent;
mod decided;
mod equal;
mod every_kind;
mod incomplete;
mod moving;
mod resumed;
mod seeded;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use molisa_gateway::delivery::{PaceSettings, System};
use molisa_gateway::mismatch::{Authority, DecisionRules};
use molisa_gateway::national::{Credentials, Exchange, Operation, Profile, Purpose, Session, Transport, WireRequest};
use molisa_gateway::reconcile::{self, Found, ReconcileError, Short, Subject, Wanted};
use molisa_gateway::sandbox::Tamper;
use molisa_gateway::store::{Place, Tx, mismatch, runs};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::support::databases::{Database, Server};
use crate::support::world::{Wire, World, copy, mappings, short_waits};

/// A house whose people the nation has all.
pub struct House {
    pub world: Arc<World>,
    pub subject: Subject,
    _database: Option<Database>,
}

impl House {
    /// On each engine whose server there is.
    pub async fn on_each(test: &str, rows: u64) -> Vec<Self> {
        Self::prepared_on_each(test, rows, |_| {}).await
    }

    /// The same with the local database changed before anything is sent.
    pub async fn prepared_on_each(test: &str, rows: u64, prepare: impl Fn(&World)) -> Vec<Self> {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::Sqlite(dir.path().join("store.db"));
        let mut houses = vec![Self::on(dir, place, None, rows, &prepare).await];
        if let Some(database) = Database::fresh(Server::Postgres, test).await {
            let place = Place::Postgres(SecretString::from(database.url.as_str()));
            houses.push(Self::on(tempfile::tempdir().unwrap(), place, Some(database), rows, &prepare).await);
        }
        houses
    }

    async fn on(
        dir: tempfile::TempDir,
        place: Place,
        database: Option<Database>,
        rows: u64,
        prepare: &impl Fn(&World),
    ) -> Self {
        let world = Arc::new(World::on(dir, place, rows, 6).await);
        prepare(&world);
        world.sync().await.unwrap();
        let subject = subject(&world);
        Self { world, subject, _database: database }
    }

    /// One comparison, to its end.
    pub async fn compare(&self, wanted: &Wanted) -> Result<Found, ReconcileError> {
        let stop = CancellationToken::new();
        Box::pin(reconcile::run(&self.world.store, &self.subject, &*self.world.hands, wanted, &stop)).await
    }

    /// The same that must succeed.
    pub async fn compared(&self, full: bool) -> Found {
        self.compare(&Wanted { full, ..Wanted::default() }).await.unwrap()
    }

    /// What is open because of comparisons: key, kind and place.
    pub async fn open(&self) -> BTreeMap<(String, String, String), mismatch::Shown> {
        let mut tx = self.world.store.read().await.unwrap();
        let stream = self.stream(&mut tx).await;
        let (mut open, mut after) = (BTreeMap::new(), String::new());
        loop {
            let page = mismatch::list(&mut tx, stream, &after, 500).await.unwrap();
            let Some(last) = page.last() else { return open };
            after.clone_from(&last.key);
            for one in page.into_iter().filter(|one| one.place != mismatch::HELD) {
                open.insert((one.key.clone(), one.kind.clone(), one.place.clone()), one);
            }
        }
    }

    pub async fn stream(&self, tx: &mut Tx) -> i64 {
        runs::find_stream(tx, "doi-tuong").await.unwrap().unwrap().0
    }

    /// Something happens there without us.
    pub fn tamper(&self, tamper: &Tamper) {
        let now = self.world.hands.truth();
        self.world.nation().tamper(tamper, now).unwrap();
    }

    /// Pages of so many records.
    pub fn in_pages_of(&mut self, size: u32) {
        let wire = Arc::<Wire>::clone(&self.world.wire);
        self.subject.system = system(self.profile(&[("size = 500", &format!("size = {size}"))]), wire);
    }

    /// The repository's profile with texts changed, in front of the same nation.
    pub fn use_profile(&mut self, changes: &[(&str, &str)]) {
        let wire = Arc::<Wire>::clone(&self.world.wire);
        self.subject.system = system(self.profile(changes), wire);
    }

    /// The repository's profile with texts changed.
    pub fn profile(&self, changes: &[(&str, &str)]) -> Profile {
        let folder = self.world.dir.path().join("mappings");
        copy(&mappings(), &folder);
        let file = folder.join("misposasoft/system.toml");
        let mut text = std::fs::read_to_string(&file).unwrap();
        for (old, new) in changes {
            assert!(text.contains(old), "{old}");
            text = text.replace(old, new);
        }
        std::fs::write(&file, text).unwrap();
        Profile::load(&folder, "misposasoft").unwrap()
    }

    /// Does something before the nation answers the nth list, from 1, and behind its answer to a count, as number 0.
    pub fn meddle(&mut self, during: impl Fn(u64) -> Doing + Send + Sync + 'static) {
        let (wire, lists) = (Arc::<Wire>::clone(&self.world.wire), AtomicU64::new(0));
        let meddling = Meddling { wire, lists, during: Box::new(during) };
        let profile = (*self.subject.system.profile).clone();
        self.subject.system = system(profile, Arc::new(meddling));
    }

    /// How often the nation was asked for a list.
    pub fn lists(&self) -> u64 {
        let report = self.world.nation().report();
        report.requests.get(&molisa_gateway::sandbox::Operation::List).copied().unwrap_or(0)
    }

    /// The keys that the nation has and that run.
    pub fn people(&self) -> Vec<String> {
        let records = self.world.nation().records(None, 1_000_000);
        records.into_iter().filter(|one| one.state != "THOI_HUONG").map(|one| one.reference).collect()
    }
}

pub fn subject(world: &World) -> Subject {
    Subject {
        stream: world.stream.name.clone(),
        entity: world.stream.entity.clone(),
        system: Arc::clone(&world.stream.system),
        authority: Arc::new(Authority::load(&mappings(), "misposasoft", "misposasoft").unwrap()),
        decisions: Arc::new(DecisionRules::load(&mappings().join("codes")).unwrap()),
        provinces: vec!["87".to_owned()],
        stream_lease: world.stream.lease(),
        short: Short::default(),
        patience: Duration::from_hours(1),
    }
}

/// Fields with their values.
pub fn set(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A record of that key with these fields changed there.
pub fn changed(key: &str, fields: &[(&str, &str)]) -> Tamper {
    Tamper { reference: key.to_owned(), set: set(fields), ..Tamper::default() }
}

/// What is done meanwhile.
pub type Doing = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A wire beside which something happens: before the answer to a list, and behind that to a count, as number 0.
struct Meddling {
    wire: Arc<Wire>,
    lists: AtomicU64,
    during: Box<dyn Fn(u64) -> Doing + Send + Sync>,
}

impl Transport for Meddling {
    fn exchange(&self, request: WireRequest) -> Exchange<'_> {
        Box::pin(async move {
            if request.purpose == Purpose::Operation(Operation::List) {
                let nth = self.lists.fetch_add(1, Ordering::SeqCst) + 1;
                // By itself: whoever waits for this answer may want the store meanwhile.
                tokio::spawn((self.during)(nth)).await.unwrap();
            }
            let counts = request.purpose == Purpose::Operation(Operation::Count);
            let answer = self.wire.exchange(request).await;
            if counts {
                tokio::spawn((self.during)(0)).await.unwrap();
            }
            answer
        })
    }
}

/// The system as the repository's own, with another profile or wire.
fn system(profile: Profile, transport: Arc<dyn Transport>) -> Arc<System> {
    let secret = || Some(SecretString::from("sandbox"));
    let credentials = Credentials { id: secret(), secret: secret(), ..Credentials::default() };
    Arc::new(System {
        name: "misposasoft".into(),
        session: Session::new(&profile, credentials).unwrap(),
        profile: Arc::new(profile),
        transport,
        province: "87".into(),
        pace: PaceSettings { per_minute: 6000, ..PaceSettings::default() },
        retry: short_waits(),
        in_flight: AtomicI64::new(0),
    })
}

/// A number that follows from others, so that a story is the same whenever it is told.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    pub fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            all.swap(at, self.below(at + 1));
        }
    }
}
