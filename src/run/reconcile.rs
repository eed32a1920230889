//! Tells of records that went and stand against each other now, and stops telling once that is over: a death becomes
//! known after a payment, an earlier number brings two records together. Nothing is withdrawn; what is held is judged
//! again by the scan. A function of the store: pages of what changed, each in a transaction of its own, so that a
//! crash between two loses nothing.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;

use super::Stream;
use super::crossing::detail;
use crate::model::{Clock, Reason, Timestamp};
use crate::rules::CrossRules;
use crate::rules::cross::{CrossKind, Tie};
use crate::store::facts::{Crossed, Stored};
use crate::store::leases::{self, Lease};
use crate::store::{Store, StoreError, Tx, facts, mismatch, related, suspects};

/// Compares everything that changed with its neighbours, of whatever stream.
pub(super) async fn reconcile(
    store: &Store,
    stream: &Stream,
    lease: &Lease,
    run: i64,
    clock: &dyn Clock,
) -> Result<(), StoreError> {
    let rules = stream.mapping.cross();
    if stream.mapping.programme().is_none() {
        return Ok(());
    }
    loop {
        let now = clock.now();
        let mut tx = store.write().await?;
        leases::renew(&mut tx, lease, now).await?;
        facts::lock(&mut tx).await?;
        related::follow(&mut tx, rules.digest).await?;
        let done = page(&mut tx, rules, run, now).await?;
        tx.commit().await?;
        if done {
            return Ok(());
        }
    }
}

async fn page(tx: &mut Tx, rules: &CrossRules, run: i64, now: Timestamp) -> Result<bool, StoreError> {
    let today = now.day();
    let fresh = related::fresh(tx, &today.to_string()).await?;
    if fresh.is_empty() {
        return Ok(true);
    }
    let (touched, _) = related::around(tx, &fresh).await?;
    let (all, reach) = related::around(tx, &touched).await?;
    let keys: Vec<&str> = touched.iter().map(|s| s.key.as_str()).collect();
    let held = facts::crossed_by(tx, &keys).await?;
    let view = View::of(&all, &reach, &held);
    let mut streams: BTreeMap<i64, Vec<(&Stored, Vec<Told>)>> = BTreeMap::new();
    for one in &touched {
        streams.entry(one.stream).or_default().push((one, view.told(rules, one, today)));
    }
    for (stream, records) in streams {
        for kind in CrossKind::ALL {
            let over =
                records.iter().filter(|(_, told)| told.iter().all(|t| t.kind != kind)).map(|(s, _)| s.key.as_str());
            mismatch::close_told(tx, stream, kind.of(), &over.collect::<Vec<_>>(), now).await?;
        }
        let drafts: Vec<_> = records.iter().flat_map(|(one, told)| told.iter().map(|told| draft(one, told))).collect();
        mismatch::open(tx, stream, run, now, &drafts).await?;
    }
    let mut settled: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
    for one in &fresh {
        settled.entry(one.stream).or_default().push(&one.key);
    }
    for (stream, keys) in settled {
        // Whoever ceased to run, or is compared by other rules, is no longer suspected as before.
        suspects::touch(tx, stream, &keys).await?;
        related::settle(tx, stream, &keys, &today.to_string()).await?;
    }
    Ok(false)
}

/// What a record is told of: one for each kind.
struct Told {
    kind: CrossKind,
    reason: Reason,
    detail: String,
}

/// The records of a page and their neighbours.
struct View<'v> {
    by_person: HashMap<&'v str, Vec<&'v Stored>>,
    by_key: HashMap<&'v str, Vec<&'v Stored>>,
    by_subject: HashMap<&'v str, Vec<&'v Stored>>,
    reach: &'v HashMap<String, Vec<String>>,
    held: HashMap<(i64, &'v str), Vec<&'v Crossed>>,
    names: HashMap<i64, &'v str>,
}

impl<'v> View<'v> {
    fn of(all: &'v [Stored], reach: &'v HashMap<String, Vec<String>>, held: &'v [Crossed]) -> Self {
        let mut view = Self {
            by_person: HashMap::new(),
            by_key: HashMap::new(),
            by_subject: HashMap::new(),
            reach,
            held: HashMap::new(),
            names: HashMap::new(),
        };
        for one in all {
            view.by_key.entry(&one.key).or_default().push(one);
            view.names.insert(one.stream, &one.name);
            if let Some(subject) = &one.fact.subject {
                view.by_subject.entry(subject).or_default().push(one);
            }
            if let Some(person) = &one.fact.person {
                view.by_person.entry(person).or_default().push(one);
            }
        }
        for one in held {
            view.held.entry((one.by_stream, &one.by_key)).or_default().push(one);
        }
        view
    }

    fn told(&self, rules: &CrossRules, one: &Stored, today: Date) -> Vec<Told> {
        let mut told: Vec<Told> = Vec::new();
        let mut tell = |kind: CrossKind, reason: Reason, detail: String| {
            if told.iter().all(|t| t.kind != kind) {
                told.push(Told { kind, reason, detail });
            }
        };
        if !one.live {
            return told;
        }
        for held in self.held.get(&(one.stream, one.key.as_str())).into_iter().flatten() {
            // That a payment is held because of a death says nothing against the death.
            let kind = CrossKind::from_word(&held.kind).filter(|kind| *kind != CrossKind::PaidAfterEnd);
            if let Some(kind) = kind.filter(|_| one.fact.runs(today) || one.fact.subject.is_some()) {
                let name = self.names.get(&held.stream).copied().unwrap_or_default();
                tell(kind, Reason::DoubleBenefit, detail(name, &held.key, &held.law));
            }
        }
        for other in self.same_person(one) {
            if other.key == one.key && other.fact.programme == one.fact.programme {
                continue;
            }
            if let Some(rule) = rules.between(&one.fact, &other.fact, today).filter(|_| other.live)
                && (rule.holds || rule.pair.other.programme == one.fact.programme)
            {
                tell(rule.verdict.kind, rule.verdict.reason, detail(&other.name, &other.key, &rule.verdict.law));
            }
            if let Some(rule) = rules.after_end(&one.fact, &other.fact, Tie::Person) {
                tell(rule.verdict.kind, rule.verdict.reason, detail(&other.name, &other.key, &rule.verdict.law));
            }
        }
        let named = one.fact.subject.as_deref().and_then(|subject| self.by_key.get(subject));
        for other in named.into_iter().flatten().filter(|other| other.system == one.system) {
            if let Some(rule) = rules.after_end(&one.fact, &other.fact, Tie::Subject) {
                tell(rule.verdict.kind, rule.verdict.reason, detail(&other.name, &other.key, &rule.verdict.law));
            }
        }
        let alike = one.fact.subject.as_deref().and_then(|subject| self.by_subject.get(subject));
        for other in alike.into_iter().flatten().filter(|other| other.live && other.system == one.system) {
            let itself = other.stream == one.stream && other.key == one.key;
            if let Some(rule) = rules.twice(&one.fact, &other.fact).filter(|_| !itself)
                && (rule.holds || rule.pair.other.programme == one.fact.programme)
            {
                tell(rule.verdict.kind, rule.verdict.reason, detail(&other.name, &other.key, &rule.verdict.law));
            }
        }
        told
    }

    fn same_person(&self, one: &'v Stored) -> Vec<&'v Stored> {
        let mut persons: Vec<&str> = one.fact.person.iter().chain(&one.fact.earlier).map(String::as_str).collect();
        let further: Vec<&str> =
            persons.iter().filter_map(|p| self.reach.get(*p)).flatten().map(String::as_str).collect();
        persons.extend(further);
        let persons: HashSet<&str> = persons.into_iter().collect();
        let mut found: Vec<&Stored> =
            persons.into_iter().filter_map(|person| self.by_person.get(person)).flatten().copied().collect();
        // The same words whatever the order in which a map gives them.
        found.sort_by_key(|other| (other.since, other.stream));
        found
    }
}

fn draft(one: &Stored, told: &Told) -> mismatch::Draft {
    let value = match told.kind {
        CrossKind::DoubleBenefit | CrossKind::TwoHere if one.fact.subject.is_none() => one.fact.group.clone(),
        _ => one.fact.from.map(crate::model::calendar::month).unwrap_or_default(),
    };
    mismatch::Draft {
        value,
        detail: told.detail.clone(),
        ..mismatch::Draft::new(&one.key, told.kind.of(), told.reason.word())
    }
}
