//! A chunk of judged rows against what other records of the same people say: the later of two that exclude each other
//! is held, and so is a payment after an end. What is compared is a digest: no identity number leaves the row.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Stream;
use super::gone::{Decision, Gone};
use super::noted::Written;
use super::stage::{Fresh, Judge};
use crate::delta::Known;
use crate::model::{Action, Complaint, Fact, Likeness, Severity, Timestamp, scoped};
use crate::rules::cross::Tie;
use crate::store::facts::{Crossed, Draft, Stored};
use crate::store::{StoreError, Tx, facts, related};

/// The rows of this transaction that were judged already, as far as others of the stream must know them. A plan, which
/// writes nothing, keeps it through the whole scan.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// By key: what the record says now, when it came, and whether it is in anybody's way.
    records: HashMap<String, (Fact, i64, bool)>,
    by_person: HashMap<String, Vec<String>>,
    by_subject: HashMap<String, Vec<String>>,
    aliases: HashMap<String, Vec<String>>,
    /// What the store says of these is no longer so.
    stale: HashSet<String>,
    last: i64,
}

/// A chunk being compared.
pub(super) struct Crossing<'a> {
    judge: &'a Judge<'a>,
    overlay: &'a mut Overlay,
    old: HashMap<String, Stored>,
    reach: HashMap<String, Vec<String>>,
    by_person: HashMap<String, Vec<Stored>>,
    by_key: HashMap<String, Vec<Stored>>,
    by_subject: HashMap<String, Vec<Stored>>,
    /// Records of other streams are there, which an earlier number may bring together.
    others: bool,
    pub written: Written,
}

/// Why a row is held.
struct Clash {
    complaint: Complaint,
    crossed: Crossed,
}

impl<'a> Crossing<'a> {
    /// Looks up all that a chunk of rows has to do with: as many statements for many rows as for one. Brings what the
    /// rows say into the form of the store, where only streams of one system know each other's people.
    pub async fn of(
        judge: &'a Judge<'a>,
        tx: &mut Tx,
        rows: &mut [Fresh],
        overlay: &'a mut Overlay,
    ) -> Result<Self, StoreError> {
        let mut crossing = Self {
            judge,
            overlay,
            old: HashMap::new(),
            reach: HashMap::new(),
            by_person: HashMap::new(),
            by_key: HashMap::new(),
            by_subject: HashMap::new(),
            others: false,
            written: Written { blank: judge.blank, ..Written::default() },
        };
        let Some(programme) = judge.stream.mapping.programme() else { return Ok(crossing) };
        let last = facts::since(tx).await?;
        crossing.overlay.last = crossing.overlay.last.max(last);
        crossing.others = related::others(tx, judge.id).await?;
        if !judge.blank {
            let keys: Vec<&str> = rows.iter().map(|row| row.key.as_str()).collect();
            crossing.old = related::of(tx, &judge.stream.name, &keys).await?;
        }
        for row in &mut *rows {
            if let Some(said) = &mut row.judgement.said {
                scope(judge.stream, &mut said.fact, crossing.old.get(&row.key).map(|old| &old.fact));
            }
            let now = row.judgement.said.as_ref().map(|said| &said.fact);
            if crossing.old.get(&row.key).is_some_and(|old| Some(&old.fact) != now) {
                crossing.overlay.stale.insert(row.key.clone());
            }
        }
        let against = judge.stream.mapping.cross().against(programme);
        let facts: Vec<&Fact> = rows.iter().filter_map(|row| Some(&row.judgement.said.as_ref()?.fact)).collect();
        if !against.person.is_empty() {
            let starts: HashSet<&str> =
                facts.iter().flat_map(|f| [f.person.as_deref(), f.earlier.as_deref()]).flatten().collect();
            let starts: Vec<&str> = starts.into_iter().collect();
            let stale: Vec<&str> = crossing.overlay.stale.iter().map(String::as_str).collect();
            let reach = related::reach(tx, &starts, judge.id, &stale).await?;
            let all: HashSet<&str> =
                starts.iter().copied().chain(reach.values().flatten().map(String::as_str)).collect();
            let all: Vec<&str> = all.into_iter().collect();
            for found in related::by_person(tx, &all, &against.person).await? {
                let person = found.fact.person.clone().unwrap_or_default();
                crossing.by_person.entry(person).or_default().push(found);
            }
            crossing.reach = reach;
        }
        let subjects: HashSet<&str> = facts.iter().filter_map(|fact| fact.subject.as_deref()).collect();
        let subjects: Vec<&str> = subjects.into_iter().collect();
        let ours = |found: &Stored, programmes: &[&str]| {
            found.system == judge.stream.system.name && programmes.contains(&found.fact.programme.as_str())
        };
        if !against.named.is_empty() {
            let named = related::by_key(tx, &subjects).await?;
            for found in named.into_iter().filter(|found| ours(found, &against.named)) {
                crossing.by_key.entry(found.key.clone()).or_default().push(found);
            }
        }
        if !against.subject.is_empty() {
            let months: BTreeSet<String> = facts.iter().filter_map(|fact| related::month(fact)).collect();
            let alike = related::by_subject(tx, &subjects, &months).await?;
            for found in alike.into_iter().filter(|found| ours(found, &against.subject)) {
                let subject = found.fact.subject.clone().unwrap_or_default();
                crossing.by_subject.entry(subject).or_default().push(found);
            }
        }
        Ok(crossing)
    }

    /// Compares a row, holds it where another stands in its way, and notes what it says. Says whether it is held
    /// because of the same record as before.
    pub fn compare(&mut self, row: &mut Fresh, known: &Known) -> bool {
        let before = self.judge.crossed.get(&row.key);
        if self.judge.stream.mapping.programme().is_none() || row.twice.is_some() {
            return false;
        }
        let held = row.judgement.held_for().is_some();
        let old = self.old.remove(&row.key);
        let mut said = row.judgement.said.take();
        if let Some(said) = said.as_mut().filter(|said| said.like != Likeness::default()) {
            let mut like = std::mem::take(&mut said.like);
            scope_account(self.judge.stream, &mut like);
            self.written.likenesses.push((row.key.clone(), like));
        }
        let now = said.as_ref().map(|said| &said.fact);
        let same = old.as_ref().is_some_and(|old| Some(&old.fact) == now);
        let since = old.as_ref().filter(|old| same && old.live).map_or(i64::MAX, |old| old.since);
        let writes = !held && row.judgement.action == Action::Write;
        let (clash, near) = match now {
            Some(fact) if writes => self.clash(&row.key, fact, since),
            _ => (None, false),
        };
        let again = clash.as_ref().map(|clash| (clash.crossed.by_stream, clash.crossed.by_key.as_str()))
            == before.map(|c| (c.by_stream, c.by_key.as_str()));
        let unchanged = row.again && before.is_some() && again;
        let live = !held && clash.is_none();
        if let Some(mut clash) = clash {
            if let Some(said) = &said {
                clash.complaint.field.clone_from(&said.field);
                clash.complaint.value.clone_from(&said.value);
            }
            row.judgement.complaints.push(clash.complaint);
            row.judgement.canonical = String::new();
            row.version = None;
            if !unchanged {
                self.written.uncross.extend(before.map(|_| row.key.clone()));
                self.written.cross.push(clash.crossed);
            }
        } else if before.is_some() {
            self.written.uncross.push(row.key.clone());
        }
        // The nation has what it said before, and goes on paying by it.
        let stands = old.as_ref().is_some_and(|old| old.live)
            && (known.in_flight.is_some() || known.confirmed.is_some_and(|(action, _)| action == Action::Write));
        if !live && stands {
            self.overlay.stale.remove(&row.key);
        } else {
            self.note(&row.key, said.map(|said| said.fact), old, (same, live, near));
        }
        unchanged
    }

    fn note(&mut self, key: &str, now: Option<Fact>, old: Option<Stored>, (same, live, near): (bool, bool, bool)) {
        if let Some(old) = old.as_ref().filter(|old| !same || old.live != live) {
            self.written.persons.extend(old.fact.person.clone().into_iter().chain(old.fact.earlier.clone()));
            self.written.subjects.extend(std::iter::once(key.to_owned()).chain(self.named(&old.fact)));
        }
        let Some(fact) = now else {
            self.overlay.records.remove(key);
            self.written.forget.extend(old.map(|_| key.to_owned()));
            return;
        };
        let mapping = &self.judge.stream.mapping;
        let keeps = old.as_ref().filter(|old| same && old.live == live).map(|old| old.since);
        let since = keeps.unwrap_or_else(|| {
            self.overlay.last += 1;
            self.overlay.last
        });
        if keeps.is_none() {
            let ends = fact.until.is_some() && mapping.cross().ends_others(&fact.programme);
            let fresh = near || old.is_some() || ends || (fact.earlier.is_some() && self.others);
            let again = fact.ends_by_itself(self.judge.today);
            self.written.drafts.push(Draft { key: key.to_owned(), fact: fact.clone(), since, live, fresh, again });
            self.written.last = self.overlay.last;
        }
        if let Some(subject) = self.named(&fact) {
            self.overlay.by_subject.entry(subject).or_default().push(key.to_owned());
            self.overlay.records.insert(key.to_owned(), (fact.clone(), since, live));
        }
        if mapping.cross().excludes_itself(&fact.programme, Tie::Person) {
            for (one, other) in [(&fact.person, &fact.earlier), (&fact.earlier, &fact.person)] {
                if let (Some(one), Some(other)) = (one, other) {
                    self.overlay.aliases.entry(one.clone()).or_default().push(other.clone());
                }
            }
            if let Some(person) = &fact.person {
                self.overlay.by_person.entry(person.clone()).or_default().push(key.to_owned());
            }
            self.overlay.records.insert(key.to_owned(), (fact, since, live));
        }
    }

    /// The record that this one names, where two of its programme must not name one alike.
    fn named(&self, fact: &Fact) -> Option<String> {
        let excludes = self.judge.stream.mapping.cross().excludes_itself(&fact.programme, Tie::Subject);
        fact.subject.clone().filter(|_| excludes)
    }

    /// What stands in the way of a record, the first to come first; and whether anything has to do with it at all.
    fn clash(&self, key: &str, fact: &Fact, since: i64) -> (Option<Clash>, bool) {
        let (rules, today) = (self.judge.stream.mapping.cross(), self.judge.today);
        let own = |stream: i64| stream == self.judge.id;
        let (mut first, mut near): (Option<(i64, Clash)>, bool) = (None, false);
        let mut found = |came: i64, clash: &dyn Fn() -> Clash| {
            near = true;
            if came < since && first.as_ref().is_none_or(|(other, _)| came < *other) {
                first = Some((came, clash()));
            }
        };
        for person in self.persons(fact) {
            for other in self.by_person.get(&person).into_iter().flatten() {
                let changed = own(other.stream)
                    && (self.overlay.stale.contains(&other.key) || self.overlay.records.contains_key(&other.key));
                let itself = other.key == key && other.fact.programme == fact.programme;
                if changed || itself {
                    continue;
                }
                if let Some(rule) = rules.between(fact, &other.fact, today).filter(|_| other.live) {
                    let by = (other.stream, other.name.as_str(), other.key.as_str());
                    let came = if rule.holds { other.since } else { i64::MAX };
                    found(came, &|| self.held(key, by, &rule.verdict));
                }
                if let Some(rule) = rules.after_end(fact, &other.fact, Tie::Person) {
                    let by = (other.stream, other.name.as_str(), other.key.as_str());
                    found(other.since, &|| self.held(key, by, &rule.verdict));
                }
            }
            for mine in self.overlay.by_person.get(&person).into_iter().flatten().filter(|mine| *mine != key) {
                let Some((other, came, true)) = self.overlay.records.get(mine) else { continue };
                if let Some(rule) = rules.between(fact, other, today) {
                    let by = (self.judge.id, self.judge.stream.name.as_str(), mine.as_str());
                    let came = if rule.holds { *came } else { i64::MAX };
                    found(came, &|| self.held(key, by, &rule.verdict));
                }
            }
        }
        for other in fact.subject.iter().filter_map(|subject| self.by_key.get(subject)).flatten() {
            if let Some(rule) = rules.after_end(fact, &other.fact, Tie::Subject) {
                let by = (other.stream, other.name.as_str(), other.key.as_str());
                found(other.since, &|| self.held(key, by, &rule.verdict));
            }
        }
        // One whose month changes in this very run is still in the way: the nation takes the other only after it has that.
        let named = fact.subject.iter();
        for other in named.clone().filter_map(|subject| self.by_subject.get(subject)).flatten() {
            let itself = own(other.stream) && other.key == key;
            if let Some(rule) = rules.twice(fact, &other.fact).filter(|_| other.live && !itself) {
                let by = (other.stream, other.name.as_str(), other.key.as_str());
                let came = if rule.holds { other.since } else { i64::MAX };
                found(came, &|| self.held(key, by, &rule.verdict));
            }
        }
        for mine in
            named.filter_map(|subject| self.overlay.by_subject.get(subject)).flatten().filter(|mine| *mine != key)
        {
            let Some((other, came, true)) = self.overlay.records.get(mine) else { continue };
            if let Some(rule) = rules.twice(fact, other) {
                let by = (self.judge.id, self.judge.stream.name.as_str(), mine.as_str());
                let came = if rule.holds { *came } else { i64::MAX };
                found(came, &|| self.held(key, by, &rule.verdict));
            }
        }
        (first.map(|(_, clash)| clash), near)
    }

    /// All numbers of one person: the record's own, and those that other records tie to them.
    fn persons(&self, fact: &Fact) -> Vec<String> {
        let mut all: Vec<String> = fact.person.iter().chain(&fact.earlier).cloned().collect();
        let mut at = 0;
        while let Some(one) = all.get(at).cloned() {
            at += 1;
            for other in self.reach.get(&one).into_iter().chain(self.overlay.aliases.get(&one)).flatten() {
                if !all.contains(other) {
                    all.push(other.clone());
                }
            }
        }
        all
    }

    fn held(&self, key: &str, by: (i64, &str, &str), verdict: &crate::rules::cross::Verdict) -> Clash {
        let (stream, name, other) = by;
        let complaint = Complaint {
            reason: verdict.reason,
            severity: Severity::Block,
            field: String::new(),
            value: String::new(),
            proposal: None,
            detail: detail(name, other, &verdict.law),
        };
        let crossed = Crossed {
            stream: self.judge.id,
            key: key.to_owned(),
            by_stream: stream,
            by_key: other.to_owned(),
            kind: verdict.kind.word().to_owned(),
            law: verdict.law.clone(),
        };
        Clash { complaint, crossed }
    }
}

/// Tells of the other record.
pub(super) fn detail(stream: &str, key: &str, law: &str) -> String {
    format!("hồ sơ kia: {stream}, {key}. {law} / the other record: {stream}, {key}. {law}")
}

/// A person is known within one system only: two systems may well be told of the same benefit. A stop whose row lost
/// its person is of the person whose record it was.
pub(super) fn scope(stream: &Stream, fact: &mut Fact, old: Option<&Fact>) {
    for number in [&mut fact.person, &mut fact.earlier].into_iter().flatten() {
        *number = scoped(&stream.system.name, number);
    }
    if let Some(old) = old.filter(|_| fact.over) {
        if fact.person.is_none() {
            fact.person.clone_from(&old.person);
            fact.earlier.clone_from(&old.earlier);
        }
        fact.from = fact.from.or(old.from);
        if fact.group.is_empty() {
            fact.group.clone_from(&old.group);
        }
    }
}

/// Two systems may be told of the same account.
fn scope_account(stream: &Stream, like: &mut Likeness) {
    if let Some(account) = &mut like.account {
        *account = scoped(&stream.system.name, account);
    }
}

/// The records of a stream that are held because of another, by key.
pub(super) async fn crossed(tx: &mut Tx, stream: i64) -> Result<HashMap<String, Crossed>, StoreError> {
    Ok(facts::crossed_of(tx, stream).await?.into_iter().map(|c| (c.key.clone(), c)).collect())
}

/// What records that are gone from the source say now: those with a decision are over, those that the nation never had
/// say nothing. A stop candidate goes on: the nation still pays, and nobody has decided.
pub(super) async fn end(
    judge: &Judge<'_>,
    tx: &mut Tx,
    gone: &Gone,
    mut decisions: HashMap<String, Decision>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if judge.stream.mapping.programme().is_none() || (gone.stops.is_empty() && gone.forget.is_empty()) {
        return Ok(());
    }
    let stops: Vec<&str> = gone.stops.iter().map(|stop| stop.key.as_str()).collect();
    let keys: Vec<&str> = stops.iter().copied().chain(gone.forget.iter().map(String::as_str)).collect();
    let mut written = Written { last: facts::since(tx).await?, ..Written::default() };
    for (key, old) in related::of(tx, &judge.stream.name, &keys).await? {
        written.persons.extend(old.fact.person.clone().into_iter().chain(old.fact.earlier.clone()));
        written.subjects.extend(std::iter::once(key.clone()).chain(old.fact.subject.clone()));
        // A stop that takes a record back leaves nothing of it to be said.
        let taken_back = decisions.get(&key).is_some_and(|decision| decision.said.is_none());
        if taken_back || !stops.contains(&key.as_str()) {
            written.forget.push(key);
            continue;
        }
        let said = decisions.remove(&key).and_then(|decision| decision.said);
        let until = said.as_ref().and_then(|said| said.fact.until).or(old.fact.until);
        written.likenesses.extend(said.map(|mut said| {
            scope_account(judge.stream, &mut said.like);
            (key.clone(), said.like)
        }));
        let fact = Fact { over: true, until, ..old.fact };
        written.last += 1;
        written.drafts.push(Draft { key, fact, since: written.last, live: true, fresh: true, again: None });
    }
    written.uncross.extend(keys.iter().filter(|key| judge.crossed.contains_key(**key)).map(ToString::to_string));
    written.write(tx, judge.id, now).await
}
