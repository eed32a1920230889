//! Where the two sides differ: how records compare, who is right, and how people and the machine settle it.

mod any_order;
mod authority;
mod compare;
mod effects;
mod in_force;
mod listed;
mod migrated;
mod reviewed;
mod walked;

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use molisa_gateway::mismatch::{self, Asked, Decision, DecisionRules, Failed, Right, Step};
use molisa_gateway::model::{Kind, Timestamp};
use molisa_gateway::store::review::{self, Event, Item};
use molisa_gateway::store::{self, mismatch::Draft};
use molisa_gateway::store::{Place, Store, Tx, runs};
use secrecy::SecretString;

use super::support::databases::{Database, Server};

/// A Monday morning in Vietnam.
const MORNING: Timestamp = Timestamp(1_796_004_000_000);
const DAY: i64 = 24 * 3600 * 1000;

fn mappings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings")
}

/// A store with one stream, and somebody who moves the clock.
struct Desk {
    store: Store,
    stream: i64,
    now: Timestamp,
    rules: DecisionRules,
    _dir: tempfile::TempDir,
    _database: Option<Database>,
}

impl Desk {
    /// One on each engine.
    async fn on_each(test: &str) -> Vec<Self> {
        let mut desks = vec![Self::embedded().await];
        if let Some(database) = Database::fresh(Server::Postgres, test).await {
            let place = Place::Postgres(SecretString::from(database.url.as_str()));
            desks.push(Self::at(tempfile::tempdir().expect("a folder"), &place, Some(database)).await);
        }
        desks
    }

    async fn embedded() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let place = Place::Sqlite(dir.path().join("store.db"));
        Self::at(dir, &place, None).await
    }

    async fn at(dir: tempfile::TempDir, place: &Place, database: Option<Database>) -> Self {
        let store = Store::open(place).await.expect("a store");
        let mut tx = store.write().await.expect("a transaction");
        let (stream, _) = runs::stream(&mut tx, "doi-tuong", "nation", "doi-tuong").await.expect("a stream");
        tx.commit().await.expect("a commit");
        let rules = DecisionRules::load(&mappings().join("codes")).unwrap_or_else(|faults| panic!("{faults}"));
        Self { store, stream, now: MORNING, rules, _dir: dir, _database: database }
    }

    async fn tx(&self) -> Tx {
        self.store.write().await.expect("a transaction")
    }

    fn later(&mut self, milliseconds: i64) {
        self.now = self.now.plus(milliseconds);
    }

    /// A comparison finds these, and nothing else of their keys.
    async fn found(&mut self, drafts: &[(Draft, Right)]) {
        self.later(1000);
        let mut tx = self.tx().await;
        mismatch::found(&mut tx, self.stream, 1, self.now, drafts).await.expect("found");
        tx.commit().await.expect("a commit");
    }

    /// A comparison finds that these agree.
    async fn agree(&mut self, keys: &[&str]) {
        self.later(1000);
        let mut tx = self.tx().await;
        mismatch::agree(&mut tx, self.stream, self.now, keys).await.expect("agree");
        tx.commit().await.expect("a commit");
    }

    async fn apply(&mut self) -> mismatch::Applied {
        self.later(1000);
        let mut tx = self.tx().await;
        let applied = mismatch::apply(&mut tx, self.stream, self.now).await.expect("applied");
        tx.commit().await.expect("a commit");
        applied
    }

    async fn ask(&mut self, id: i64, asked: Asked) -> Result<Item, Failed> {
        self.later(1000);
        let mut tx = self.tx().await;
        let result = mismatch::decide(&mut tx, &self.rules, id, self.now, &asked).await;
        tx.commit().await.expect("a commit");
        result
    }

    /// A step that is done.
    async fn does(&mut self, id: i64, who: &str, step: Step) -> Item {
        self.ask(id, asked(who, step)).await.unwrap_or_else(|no| panic!("{no}"))
    }

    async fn item(&self, id: i64) -> Item {
        review::find(&mut self.tx().await, id).await.expect("a store").expect("a mismatch")
    }

    /// How many records are held here.
    async fn held(&self) -> u64 {
        store::mismatch::held(&mut self.tx().await, self.stream).await.expect("a count")
    }

    /// The record is held no more.
    async fn goes(&self, key: &str) {
        let mut tx = self.tx().await;
        store::mismatch::close_held(&mut tx, self.stream, &[key], self.now).await.expect("closed");
        tx.commit().await.expect("a commit");
    }

    async fn events(&self, id: i64) -> Vec<Event> {
        review::events(&mut self.tx().await, id).await.expect("events")
    }

    async fn happened(&self, id: i64) -> Vec<String> {
        self.events(id).await.into_iter().map(|e| e.event).collect()
    }

    /// What a query of one text says.
    async fn text(&self, sql: &'static str) -> String {
        match self.tx().await {
            Tx::Sqlite(mut tx) => sqlx::query_scalar(sql).fetch_one(&mut *tx).await.expect("a text"),
            Tx::Postgres(mut tx) => sqlx::query_scalar(sql).fetch_one(&mut *tx).await.expect("a text"),
        }
    }

    /// Statements for both engines.
    async fn run(&self, sql: &'static str) {
        let mut tx = self.tx().await;
        match &mut tx {
            Tx::Sqlite(tx) => drop(sqlx::raw_sql(sql).execute(&mut **tx).await.expect(sql)),
            Tx::Postgres(tx) => drop(sqlx::raw_sql(sql).execute(&mut **tx).await.expect(sql)),
        }
        tx.commit().await.expect("a commit");
    }
}

fn asked(who: &str, step: Step) -> Asked {
    let (who, [words, reason]) = (who.to_owned(), <[String; 2]>::default());
    Asked { step, version: None, who, also: Vec::new(), words, reason, until: None }
}

fn resolve(decision: Decision) -> Step {
    Step::Decide(decision)
}

fn until(who: &str, day: Date, words: &str) -> Asked {
    Asked { until: Some(day), words: words.to_owned(), ..asked(who, resolve(Decision::AcceptUntil)) }
}

/// A field of a record that differs.
fn differs(key: &str, field: &str) -> Draft {
    Draft {
        place: field.to_owned(),
        field: field.to_owned(),
        value: "ta".to_owned(),
        theirs: "họ".to_owned(),
        unit: "29869".to_owned(),
        ..Draft::new(key, Kind::FieldDiffers, "differs")
    }
}
