//! The end of a round: what is still missing, two records of one person, what is over on both sides, and the alarm.

use std::collections::HashSet;

use super::looks::{FIRST, SECOND};
use super::missing::{ALL, Coverage};
use super::{Blind, ReconcileError, Round};
use crate::mismatch::{self, PersonOf, Right};
use crate::model::{Kind, Reason};
use crate::store::listed::{self, Somebody};
use crate::store::mismatch::Draft;
use crate::store::{StoreError, Tx, believed, compared, outbox};

/// Rows in one transaction.
const PAGE: i64 = 500;

/// So many records of one number are laid against each other, and each further one against these: every one of them is
/// in a pair that is told.
const SHARED: usize = 10;
/// The same of those with an earlier number; the record itself may be among them.
const SHARED_AND_ITSELF: i64 = 11;

/// The key of the alarm about incomplete listings; no record's key begins so.
const ALARM: &str = "\u{1}listing";

/// The most communes that the alarm names.
const NAMED: usize = 20;

impl Round<'_> {
    /// Ends the round.
    pub(super) async fn end(&mut self) -> Result<(), ReconcileError> {
        let again = self.coverage(SECOND).await?;
        self.still_missing(&again).await?;
        if !again.short.is_empty() {
            self.found.incomplete.extend(again.short.iter().cloned());
            self.found.cannot_see.insert(Blind::Missing);
        }
        let first = self.coverage(FIRST).await?;
        let complete = first.all && self.found.incomplete.is_empty();
        if complete {
            self.pairs().await?;
        } else {
            self.found.cannot_see.insert(Blind::TwoThere);
        }
        self.over(&first).await?;
        self.alarm().await?;
        let mut tx = self.write().await?;
        compared::finish(&mut tx, self.id, "done", self.clock.now(), &self.found.kept(), "").await?;
        tx.commit().await?;
        if complete { self.sweep().await } else { Ok(()) }
    }

    /// What earlier rounds listed and this one, which listed all, did not.
    async fn sweep(&self) -> Result<(), ReconcileError> {
        loop {
            let mut tx = self.write().await?;
            let gone = listed::sweep(&mut tx, self.stream, self.id).await?;
            tx.commit().await?;
            if gone == 0 {
                return Ok(());
            }
        }
    }

    async fn still_missing(&mut self, again: &Coverage) -> Result<(), ReconcileError> {
        let mut after = String::new();
        loop {
            let mut tx = self.write().await?;
            let left = listed::suspects_left(&mut tx, self.stream, self.id, &after, PAGE).await?;
            let Some(last) = left.last() else { return Ok(()) };
            last.key.clone_into(&mut after);
            self.not_met(&mut tx, &left, again).await?;
            compared::move_on(&mut tx, self.id, "again", &self.found.kept()).await?;
            tx.commit().await?;
        }
    }

    /// Two running records of one person, but for the legal double. Only a complete listing tells.
    async fn pairs(&mut self) -> Result<(), ReconcileError> {
        // By the same number: a person's records stand together, be it on two pages.
        let mut after = (String::new(), String::new());
        let mut same: Vec<Somebody> = Vec::new();
        loop {
            let mut tx = self.write().await?;
            let page = listed::people(&mut tx, self.stream, self.id, (&after.0, &after.1), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = (last.person.clone(), last.key.clone());
            let mut pairs = Vec::new();
            for one in page {
                if same.first().is_some_and(|first| first.person != one.person) {
                    same.clear();
                }
                pairs.extend(same.iter().map(|other| (other.clone(), one.clone())));
                // A number that very many share is each one's with the first few.
                if same.len() < SHARED {
                    same.push(one);
                }
            }
            self.two(&mut tx, pairs).await?;
            tx.commit().await?;
        }
        // By the number that one of them had before.
        let mut after = (String::new(), String::new());
        loop {
            let mut tx = self.write().await?;
            let page = listed::with_earlier(&mut tx, self.stream, self.id, (&after.0, &after.1), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = (last.earlier.clone().unwrap_or_default(), last.key.clone());
            let numbers: Vec<&str> = page.iter().filter_map(|one| one.earlier.as_deref()).collect();
            let others = listed::of_people(&mut tx, self.stream, self.id, &numbers, SHARED_AND_ITSELF).await?;
            let mut pairs = Vec::new();
            for one in &page {
                let before = others.iter().filter(|other| Some(&other.person) == one.earlier.as_ref());
                let before = before.filter(|other| other.key != one.key && other.person != one.person);
                for other in before.take(SHARED) {
                    let (first, second) = if one.key < other.key { (one, other) } else { (other, one) };
                    pairs.push((first.clone(), second.clone()));
                }
            }
            self.two(&mut tx, pairs).await?;
            tx.commit().await?;
        }
        self.stale_pairs().await
    }

    /// Opens pairs, but for the legal double and what is on its way.
    async fn two(&mut self, tx: &mut Tx, mut pairs: Vec<(Somebody, Somebody)>) -> Result<(), StoreError> {
        // Each may have had the other's number before.
        let mut met = HashSet::new();
        pairs.retain(|(one, other)| met.insert((one.key.clone(), other.key.clone())));
        let keys: Vec<&str> = pairs.iter().flat_map(|(one, other)| [one.key.as_str(), other.key.as_str()]).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let known = believed::known(tx, self.stream, &keys).await?;
        let moving = believed::moving(tx, self.stream, &keys).await?;
        let told = listed::told_pairs(tx, self.stream, &keys).await?;
        let number = |at: &Somebody, beside: &Somebody| told.get(&(at.key.clone(), beside.key.clone())).copied();
        let (subject, mut drafts, mut still) = (self.subject, Vec::new(), Vec::new());
        for (one, other) in &pairs {
            if moving.contains(&one.key) || moving.contains(&other.key) {
                self.found.moving += 1;
                still.extend(number(one, other).or_else(|| number(other, one)));
            } else if !subject.authority.may_both(&subject.entity, &person(one), &person(other)) {
                let is_ours = |of: &Somebody| known.get(&of.key).is_some_and(|known| known.confirmed.is_some());
                // A new one stands at the record that is ours, or else at the smaller key.
                let at_one = match (number(one, other), number(other, one)) {
                    (Some(_), _) => true,
                    (None, Some(_)) => false,
                    (None, None) => is_ours(one) || !is_ours(other),
                };
                let (at, beside) = if at_one { (one, other) } else { (other, one) };
                drafts.push(two(at, beside, subject.decisions.right_of(Kind::TwoThere)));
            }
        }
        listed::still(tx, self.id, &still).await?;
        self.open(tx, drafts).await?;
        compared::move_on(tx, self.id, "again", &self.found.kept()).await
    }

    /// Pairs that are none any more.
    async fn stale_pairs(&mut self) -> Result<(), ReconcileError> {
        if self.wanted.dry_run {
            return Ok(());
        }
        loop {
            let mut tx = self.write().await?;
            let closed = listed::close_stale_pairs(&mut tx, self.stream, self.id, self.clock.now()).await?;
            tx.commit().await?;
            if closed == 0 {
                return Ok(());
            }
        }
    }

    /// What was open and is on neither side any more: nobody has it there, and we do not believe that anybody has.
    async fn over(&mut self, first: &Coverage) -> Result<(), ReconcileError> {
        let (mut after, short) = (0, self.found.incomplete.clone());
        loop {
            let mut tx = self.write().await?;
            let open = listed::open_unmet(&mut tx, self.stream, self.id, after, PAGE).await?;
            let Some(last) = open.last() else { return Ok(()) };
            after = last.0;
            let keys: Vec<&str> = open.iter().map(|one| one.1.as_str()).collect();
            let known = believed::known(&mut tx, self.stream, &keys).await?;
            let waiting = outbox::waits(&mut tx, self.stream, &keys).await?;
            let over: Vec<&str> = open
                .iter()
                .filter(|(_, key, kind, unit)| {
                    let sure = first.is_complete(unit) && !short.contains(unit) && !short.contains(ALL);
                    let known = known.get(key);
                    // A record that goes again is missing there until it was confirmed.
                    let goes = |known: &believed::Known| known.is_due() || waiting.contains_key(key.as_str());
                    let waits = kind == Kind::MissingThere.word() && known.is_some_and(goes);
                    sure && !waits && known.is_none_or(|known| known.confirmed.is_none())
                })
                .map(|one| one.1.as_str())
                .collect();
            self.agree(&mut tx, &over).await?;
            tx.commit().await?;
        }
    }

    /// One alarm, however many communes were listed incompletely and however much is missing in them.
    async fn alarm(&mut self) -> Result<(), ReconcileError> {
        let mut tx = self.write().await?;
        if self.found.incomplete.is_empty() {
            if self.wanted.commune.is_none() {
                self.agree(&mut tx, &[ALARM]).await?;
            }
        } else {
            let named: Vec<&str> = self.found.incomplete.iter().take(NAMED).map(String::as_str).collect();
            let more = self.found.incomplete.len().saturating_sub(NAMED);
            let reason = Reason::IncompleteListing.word();
            let mut draft = Draft::new(ALARM, Kind::MissingThere, reason);
            reason.clone_into(&mut draft.cause);
            draft.detail = named.join(", ") + &if more > 0 { format!(" … +{more}") } else { String::new() };
            if !self.wanted.dry_run {
                mismatch::found(&mut tx, self.stream, self.id, self.clock.now(), &[(draft, Right::Person)]).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }
}

fn person(of: &Somebody) -> PersonOf {
    let person = Some(of.person.clone()).filter(|person| !person.is_empty());
    PersonOf { person, earlier: of.earlier.clone(), group: of.group.clone(), runs: true }
}

fn two(at: &Somebody, beside: &Somebody, right: Right) -> (Draft, Right) {
    let reason = Reason::SeveralThere.word();
    let mut draft = Draft::new(&at.key, Kind::TwoThere, reason);
    beside.key.clone_into(&mut draft.place);
    beside.key.clone_into(&mut draft.theirs);
    reason.clone_into(&mut draft.cause);
    at.unit.clone_into(&mut draft.unit);
    draft.persons = [at.person.clone(), beside.person.clone()];
    (draft, right)
}
