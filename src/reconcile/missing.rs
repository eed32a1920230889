//! What we believe and what was not listed: whether the listing may be believed, and what is looked for again.

use std::collections::{BTreeMap, BTreeSet};

use super::looks::{FIRST, MISSING_THERE, SECOND};
use super::{Blind, ReconcileError, Round};
use crate::store::compared::{self, Scope};
use crate::store::listed::{self, Suspect};
use crate::store::{StoreError, believed};

/// Rows of the ledger in one transaction.
const PAGE: i64 = 500;

/// The name of all communes together.
pub(super) const ALL: &str = "*";

/// What the listings of a look cover.
pub(super) struct Coverage {
    /// Every record of every province's code.
    pub all: bool,
    /// Communes that were listed.
    pub units: BTreeSet<String>,
    /// Those whose listing was incomplete; [`ALL`] for all.
    pub short: BTreeSet<String>,
}

impl Coverage {
    fn of(scopes: &[Scope]) -> Self {
        let mut coverage = Self { all: false, units: BTreeSet::new(), short: BTreeSet::new() };
        for scope in scopes {
            if scope.unit.is_empty() {
                coverage.all = true;
            } else {
                coverage.units.insert(scope.unit.clone());
            }
            if scope.state != "done" {
                coverage.short.insert(if scope.unit.is_empty() { ALL.to_owned() } else { scope.unit.clone() });
            }
        }
        coverage
    }

    /// Whether what is not listed of a commune is not there.
    pub(super) fn is_complete(&self, unit: &str) -> bool {
        let listed = self.all || self.units.contains(unit);
        // What is missing here may stand in a commune whose listing was short.
        listed && self.short.is_empty()
    }
}

impl Round<'_> {
    /// What the listings of a look cover.
    pub(super) async fn coverage(&self, look: i64) -> Result<Coverage, StoreError> {
        let mut tx = self.store.read().await?;
        Ok(Coverage::of(&compared::scopes(&mut tx, self.id, look).await?))
    }

    /// Ends the first look: notes what is missing there, unless so much is that it is the listing that is wrong; and
    /// plans the second. A crash before its end repeats it.
    pub(super) async fn miss(&mut self) -> Result<(), ReconcileError> {
        let mut coverage = self.coverage(FIRST).await?;
        let missing = self.count_missing(&coverage).await?;
        if !self.wanted.as_it_is && !missing.is_empty() {
            let ours = self.ours().await?;
            let all: u64 = ours.values().map(|sum| sum.0).sum();
            let lost: u64 = missing.values().sum();
            let share = u64::from(self.subject.short.percent);
            // A little of every commune is much of all, and all is always too much.
            if lost == all
                || (lost > self.subject.short.records && lost.saturating_mul(100) > all.saturating_mul(share))
            {
                coverage.short.extend(missing.keys().cloned());
            }
            for (unit, missing) in &missing {
                let should = if unit == ALL { all } else { ours.get(unit).map_or(0, |sum| sum.0) };
                if *missing > self.subject.short.records && missing.saturating_mul(100) > should.saturating_mul(share) {
                    coverage.short.insert(unit.clone());
                }
            }
        }
        if !coverage.short.is_empty() {
            self.found.incomplete.extend(coverage.short.iter().cloned());
            self.found.cannot_see.insert(Blind::Missing);
        }
        self.suspect_missing(&coverage).await?;
        let scopes = self.second_look(&coverage).await?;
        let mut tx = self.write().await?;
        compared::plan(&mut tx, self.id, SECOND, &scopes).await?;
        compared::move_on(&mut tx, self.id, "again", &self.found.kept()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// How many are missing, in each listing.
    async fn count_missing(&self, coverage: &Coverage) -> Result<BTreeMap<String, u64>, StoreError> {
        let (mut missing, mut after) = (BTreeMap::<String, u64>::new(), String::new());
        loop {
            let mut tx = self.store.read().await?;
            let page = believed::unlisted(&mut tx, self.stream, self.id, &after, 4 * PAGE).await?;
            drop(tx);
            let Some(last) = page.last() else { return Ok(missing) };
            last.key.clone_into(&mut after);
            // What was confirmed since the round began may have been listed before.
            for one in page.into_iter().filter(|one| one.confirmed_at <= self.started) {
                if coverage.all {
                    *missing.entry(ALL.to_owned()).or_default() += 1;
                } else if coverage.units.contains(&one.unit) {
                    *missing.entry(one.unit).or_default() += 1;
                }
            }
        }
    }

    async fn suspect_missing(&self, coverage: &Coverage) -> Result<(), ReconcileError> {
        let mut after = String::new();
        loop {
            let mut tx = self.write().await?;
            let page = believed::unlisted(&mut tx, self.stream, self.id, &after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(()) };
            last.key.clone_into(&mut after);
            let keys: Vec<&str> = page.iter().map(|one| one.key.as_str()).collect();
            let moving = believed::moving(&mut tx, self.stream, &keys).await?;
            let suspects: Vec<Suspect> = page
                .iter()
                .filter(|one| coverage.is_complete(&one.unit) && !moving.contains(&one.key))
                .map(|one| Suspect {
                    key: one.key.clone(),
                    what: MISSING_THERE.to_owned(),
                    receipt: one.receipt.clone(),
                    unit: one.unit.clone(),
                    unit_there: String::new(),
                })
                .collect();
            listed::suspect(&mut tx, self.stream, self.id, &suspects).await?;
            tx.commit().await?;
        }
    }

    /// The communes that have suspects, or everything where that costs fewer questions.
    async fn second_look(&self, coverage: &Coverage) -> Result<Vec<Scope>, StoreError> {
        let mut tx = self.store.read().await?;
        let units = listed::units(&mut tx, self.stream, self.id).await?;
        drop(tx);
        let theirs = self.counted().await?;
        // Where only one commune was asked, what is missing in it is looked for in all.
        if units.iter().any(String::is_empty) || self.wanted.commune.is_some() {
            return Ok(self.provinces(&theirs));
        }
        let communes = self.communes(&theirs, units);
        if !coverage.all {
            return Ok(communes);
        }
        let size =
            self.subject.system.profile.lists(&self.subject.entity).map_or(1, |form| i64::from(form.size().max(1)));
        let pages = |scopes: &[Scope]| -> i64 { scopes.iter().map(|one| one.counted.unwrap_or(0) / size + 1).sum() };
        let whole = self.provinces(&theirs);
        Ok(if theirs.is_empty() || pages(&communes) <= pages(&whole) { communes } else { whole })
    }
}
