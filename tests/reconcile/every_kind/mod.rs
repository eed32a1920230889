//! Every kind of difference, seeded at random into two lists and at the nation's: each is found with its kind, place and
//! reason, and nothing else is; what the file of authority decides closes by itself, and all else stays.
//!
//! `people` writes the province, `twist` says what can happen to somebody and what must be found of it.

mod people;
mod twist;

use std::collections::BTreeMap;

use molisa_gateway::reconcile::{self, Subject, Wanted};
use molisa_gateway::run::Stream;
use molisa_gateway::sandbox::{Fault, FaultKind, Operation, Rule};
use molisa_gateway::store::{Place, Tx};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::run::crossed::{empty, run, stream};
use crate::support::databases::{Database, Server};
use crate::support::world::World;
use twist::{Found, Row, Twist};

/// A province with two lists that the nation has all.
struct Province {
    world: World,
    payments: Stream,
    _database: Option<Database>,
}

impl Province {
    async fn on_each(twists: &[Twist]) -> Vec<Self> {
        let mut all = vec![Self::on(None, None, twists).await];
        if let Some(database) = Database::fresh(Server::Postgres, "every kind").await {
            let place = Place::Postgres(SecretString::from(database.url.as_str()));
            all.push(Self::on(Some(place), Some(database), twists).await);
        }
        all
    }

    async fn on(place: Option<Place>, database: Option<Database>, twists: &[Twist]) -> Self {
        let world = empty(place).await;
        people::write(&world, twists);
        let payments = stream(&world, "chi-tra").await;
        let province = Self { world, payments, _database: database };
        province.sync().await;
        province
    }

    async fn sync(&self) {
        run(&self.world, &self.world.stream).await;
        run(&self.world, &self.payments).await;
    }

    /// Both lists, all of each.
    async fn compare(&self) {
        for (stream, entity) in [("doi-tuong", "doi-tuong"), ("chi-tra", "chi-tra")] {
            let subject = Subject {
                stream: stream.into(),
                entity: entity.into(),
                stream_lease: if entity == "chi-tra" { self.payments.lease() } else { self.world.stream.lease() },
                ..super::subject(&self.world)
            };
            let (stop, wanted) = (CancellationToken::new(), Wanted { full: true, ..Wanted::default() });
            let compared =
                Box::pin(reconcile::run(&self.world.store, &subject, &*self.world.hands, &wanted, &stop)).await;
            let found = compared.unwrap();
            assert!(found.incomplete.is_empty(), "{found:?}");
        }
    }

    /// All that is open in any list, whatever found it, with its reason. Its cause says that reason, and which field.
    async fn open(&self) -> BTreeMap<Row, String> {
        let sql = "select s.name, m.key, m.kind, m.place, m.reason, m.cause, m.field from mismatch m join stream s on s.id = m.stream_id \
            where m.closed_ms is null";
        let mut tx = self.world.store.read().await.unwrap();
        let rows: Vec<[String; 7]> = match &mut tx {
            Tx::Sqlite(tx) => sqlx::query(sql).fetch_all(&mut **tx).await.unwrap().iter().map(texts).collect(),
            Tx::Postgres(tx) => sqlx::query(sql).fetch_all(&mut **tx).await.unwrap().iter().map(texts).collect(),
        };
        let told = |[stream, key, kind, place, reason, cause, field]: [String; 7]| {
            let said = if field.is_empty() { reason.clone() } else { format!("{reason} {field}") };
            assert!(cause.starts_with(&said), "{kind} {place}: {cause}, not {said}");
            ((stream, key, kind, place), reason)
        };
        rows.into_iter().map(told).collect()
    }

    async fn check(&self, expected: &BTreeMap<Row, String>, about: &str) {
        let open = self.open().await;
        let some = |rows: Vec<(&Row, &String)>| format!("{}: {:?}", rows.len(), &rows[..rows.len().min(6)]);
        let missed: Vec<_> = expected.iter().filter(|(row, reason)| open.get(*row) != Some(reason)).collect();
        let invented: Vec<_> = open.iter().filter(|(row, reason)| expected.get(*row) != Some(reason)).collect();
        assert!(
            missed.is_empty() && invented.is_empty(),
            "{about}: missed {}; found instead {}",
            some(missed),
            some(invented)
        );
    }

    /// What happens to some is sent, and nobody learns what became of it.
    async fn lose_the_answers(&mut self, expected: usize) {
        let fault = |operation, kind| Fault { times: 10_000, ..Fault::new(operation, kind) };
        for (operation, kind) in
            [(Operation::Send, FaultKind::StoredThenSilent), (Operation::Ask, FaultKind::Error500Before)]
        {
            self.world.nation().add_fault(fault(operation, kind)).unwrap();
        }
        self.world.options.patience = std::time::Duration::from_secs(30);
        let unknown = |open: &BTreeMap<Row, String>| open.keys().filter(|row| row.2 == "unknown-outcome").count();
        for round in 0.. {
            run(&self.world, &self.world.stream).await;
            if unknown(&self.open().await) == expected {
                break;
            }
            assert!(round < 100, "nobody is told");
            self.world.hands.pass(600_000);
        }
        self.world.nation().clear_faults();
        self.world.options.patience = std::time::Duration::from_hours(2);
    }
}

fn texts<R: sqlx::Row>(row: &R) -> [String; 7]
where
    usize: sqlx::ColumnIndex<R>,
    String: for<'r> sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    std::array::from_fn(|at| row.get(at))
}

/// What is expected of all of them.
fn expected(twists: &[Twist], keep: impl Fn(&Found) -> bool) -> BTreeMap<Row, String> {
    let all = twists.iter().enumerate().flat_map(|(nth, twist)| twist.found(nth));
    let rows: Vec<_> = all.filter(keep).map(|found| (found.row, found.reason)).collect();
    let count = rows.len();
    let expected: BTreeMap<_, _> = rows.into_iter().collect();
    assert_eq!(expected.len(), count, "two of one");
    expected
}

async fn tell(twists: &[Twist]) {
    for mut province in Province::on_each(twists).await {
        province.compare().await;
        province.check(&BTreeMap::new(), "equal data").await;

        // What must be over before anything differs.
        people::first(&province.world, twists);
        province.sync().await;
        province.compare().await;
        province.check(&BTreeMap::new(), "equal data again").await;

        for key in
            twists.iter().enumerate().filter(|(_, twist)| **twist == Twist::Refused).map(|(nth, _)| people::key(nth))
        {
            let rule = Rule::Refused { code: "E17".into(), text: "sai".into() };
            province.world.nation().rule(&key, Some(rule));
        }
        people::here(&province.world, twists);
        province.sync().await;
        if twists.contains(&Twist::Unknown) {
            people::unclear(&province.world, twists);
            province.lose_the_answers(twists.iter().filter(|twist| **twist == Twist::Unknown).count()).await;
        }
        for (nth, twist) in twists.iter().enumerate() {
            for tamper in twist.there(nth) {
                let now = province.world.hands.truth();
                province.world.nation().tamper(&tamper, now).unwrap_or_else(|why| panic!("{twist:?}: {why}"));
            }
        }
        province.compare().await;
        province.check(&expected(twists, |_| true), "seeded").await;
        // Looked at again, nothing is told twice.
        province.compare().await;
        province.check(&expected(twists, |_| true), "looked at again").await;

        // What the file decides goes out by itself and is over; what a person decides, or the source, stays.
        province.sync().await;
        province.compare().await;
        province.check(&expected(twists, |found| found.stays), "decided by the file").await;
        province.world.assert_clean();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 20, rng_seed: RngSeed::Fixed(31), ..ProptestConfig::default() })]

    /// Thousands of them in all; a story that fails is told with as few as show it.
    #[test]
    fn failure_31_every_kind_that_is_seeded_is_found_and_nothing_else(twists in twist::some(500..=600)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(tell(&twists));
    }
}

/// Each of them once: whatever the dice say, none is forgotten.
#[tokio::test]
async fn one_of_each_is_found_and_nothing_else() {
    let all: Vec<Twist> = twist::all().collect();
    let kinds: std::collections::BTreeSet<String> =
        all.iter().flat_map(|twist| twist.found(0)).map(|found| found.row.2).collect();
    let elsewhere = ["late", "parked"];
    for kind in molisa_gateway::model::Kind::ALL.iter().filter(|kind| !elsewhere.contains(&kind.word())) {
        assert!(kinds.contains(kind.word()), "nothing seeds {kind}");
    }
    tell(&all).await;
}
