//! The scan: one snapshot of the source, at the speed of source and disk, never waiting for the wire.

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use super::crossing::{Overlay, end};
use super::gone::{Decision, Finder, candidate, decision, missing};
use super::stage::{Counts, Fresh, Judge, Staged};
use super::{Progress, RunError, Stream};
use crate::delta::Seen;
use crate::model::{Clock, Kind, Timestamp};
use crate::source::check_shape;
use crate::store::leases::{self, Lease};
use crate::store::{Store, StoreError, Tx, absent, answers, decided, facts, ledger, mismatch, outbox, units};

/// Chunks between source and judge: enough to keep both busy, little enough to keep memory flat.
const AHEAD: usize = 4;
/// Judged rows that are staged in one transaction, about: each costs the disk a flush.
const TOGETHER: usize = 2000;

/// A scan in progress.
pub(super) struct Scan<'a> {
    pub store: &'a Store,
    pub stream: &'a Stream,
    pub judge: Judge<'a>,
    pub run: i64,
    pub lease: &'a Lease,
    pub clock: &'a dyn Clock,
    /// Rows may go as they are read: the stream's first push.
    pub first: bool,
    pub before: ledger::Counts,
    /// Records that a person keeps out of the queue; nobody changes that while we hold the lease.
    pub parked: std::collections::BTreeSet<String>,
    /// Records of which a decision came back to a person, since the source had them no more.
    pub absent: std::collections::BTreeSet<String>,
    pub nudge: &'a Notify,
    pub progress: &'a dyn Progress,
    pub stop: &'a CancellationToken,
}

impl Scan<'_> {
    /// Checks the shape, reads everything, stages it; then looks for what is gone. Only a complete scan returns `Ok`.
    pub async fn run(&self) -> Result<Counts, RunError> {
        let failed = |error| RunError::Source { stream: self.stream.name.clone(), error };
        let has = self.stream.source.describe().await.map_err(failed)?;
        check_shape(self.stream.source.place(), self.stream.mapping.columns(), &has).map_err(failed)?;
        let columns = self.stream.columns();
        let (send, mut receive) = mpsc::channel(AHEAD);
        let reading = self.stream.source.scan(self.stream.mapping.key(), &columns, send);
        let staging = async move {
            let (mut seen, mut counts) = (Seen::default(), Counts::default());
            let mut fresh = Vec::new();
            while let Some(chunk) = receive.recv().await {
                if self.stop.is_cancelled() {
                    return Err(RunError::Stopped);
                }
                let mut reader = self.store.read().await?;
                self.judge.fresh(&mut reader, &chunk, &mut seen, &mut counts, &mut fresh).await?;
                drop(reader);
                if fresh.len() >= TOGETHER {
                    self.stage(std::mem::take(&mut fresh), &mut counts).await?;
                }
                self.progress.scanned(counts.scanned);
            }
            if !fresh.is_empty() {
                self.stage(fresh, &mut counts).await?;
            }
            Ok((seen, counts))
        };
        // When staging fails it drops the channel, and reading ends as cancelled: the staging error is the cause.
        let (read, staged) = futures_util::future::join(reading, staging).await;
        let (seen, mut counts) = staged?;
        let end = read.map_err(failed)?;
        if end.rows != counts.scanned {
            return Err(StoreError::Unexpected("the number of rows scanned").into());
        }
        self.find_gone(&seen, &mut counts).await?;
        Ok(counts)
    }

    async fn stage(&self, fresh: Vec<Fresh>, counts: &mut Counts) -> Result<(), StoreError> {
        let mut tx = self.store.write().await?;
        leases::renew(&mut tx, self.lease, self.clock.now()).await?;
        facts::lock(&mut tx).await?;
        let again: Vec<&str> =
            fresh.iter().map(|row| row.key.as_str()).filter(|key| self.absent.contains(*key)).collect();
        absent::met(&mut tx, self.judge.id, self.clock.now(), &again).await?;
        let staged = self.judge.stage(&mut tx, fresh, counts, &mut Overlay::default()).await?;
        self.write(&mut tx, staged).await?;
        tx.commit().await?;
        if self.at_once() {
            self.nudge.notify_one();
        }
        Ok(())
    }

    async fn write(&self, tx: &mut Tx, staged: Staged) -> Result<(), StoreError> {
        let (id, now) = (self.judge.id, self.clock.now());
        staged.facts.write(tx, id, now).await?;
        ledger::note(tx, id, self.judge.judged_by, &staged.judged).await?;
        units::note(tx, id, &staged.asked).await?;
        outbox::retire(tx, &staged.supersede, "superseded").await?;
        outbox::retire(tx, &staged.withdraw, "withdrawn").await?;
        outbox::add(tx, id, self.run, self.at_once(), &staged.drafts).await?;
        self.keep_parked(tx, &staged.drafts).await?;
        let disown: Vec<&str> = staged.disown.iter().map(String::as_str).collect();
        answers::disown(tx, id, self.run, &disown).await?;
        if self.stream.mapping.lane().is_some() {
            // Held for another reason now.
            let again: Vec<&str> = staged.held.iter().map(|d| d.key.as_str()).collect();
            for kind in [Kind::Late, Kind::StatusBack] {
                mismatch::close(tx, id, kind, &again, now).await?;
            }
        }
        mismatch::open(tx, id, self.run, now, &staged.held).await?;
        let over: Vec<&str> = staged.over.iter().map(String::as_str).collect();
        mismatch::close_held(tx, id, &over, now).await?;
        let moot: Vec<&str> = staged.moot.iter().map(String::as_str).collect();
        mismatch::close(tx, id, Kind::RefusedThere, &moot, now).await?;
        ledger::forget_refusals(tx, id, &moot).await
    }

    /// Whether rows may go as they are read: a row of a lane may stand after one that is still to be read.
    fn at_once(&self) -> bool {
        self.first && self.stream.mapping.lane().is_none()
    }

    async fn keep_parked(&self, tx: &mut Tx, drafts: &[outbox::Draft]) -> Result<(), StoreError> {
        let keys: Vec<&str> = drafts.iter().map(|d| d.key.as_str()).filter(|key| self.parked.contains(*key)).collect();
        decided::park(tx, self.judge.id, &keys).await?;
        Ok(())
    }

    /// A file of its own rows only says nothing of the others: nobody is gone, but what earlier runs left of them is not
    /// this run's to count.
    async fn leave_others(&self, seen: &Seen) -> Result<(), RunError> {
        if self.judge.leftovers.is_none() {
            return Ok(());
        }
        let (id, mut after) = (self.judge.id, 0);
        loop {
            let mut reader = self.store.read().await?;
            let page = missing(&mut reader, id, after, seen, self.before.last).await?;
            drop(reader);
            let Some((next, missing)) = page else { return Ok(()) };
            after = next;
            if missing.is_empty() {
                continue;
            }
            let mut tx = self.store.write().await?;
            leases::renew(&mut tx, self.lease, self.clock.now()).await?;
            let keys: Vec<&str> = missing.iter().map(|(_, key, ..)| key.as_str()).collect();
            answers::leave(&mut tx, id, self.run, &keys).await?;
            tx.commit().await?;
        }
    }

    /// Ours cannot be said again of what is gone, unless it is a stop of which the decision was found.
    async fn give_back(
        &self,
        tx: &mut Tx,
        missing: Vec<ledger::Present>,
        decisions: &std::collections::HashMap<String, Decision>,
        now: Timestamp,
    ) -> Result<Vec<ledger::Present>, StoreError> {
        let keys: Vec<&str> =
            missing.iter().map(|(_, key, ..)| key.as_str()).filter(|key| !decisions.contains_key(*key)).collect();
        if absent::give_back(tx, self.judge.id, now, &keys).await? == 0 {
            return Ok(missing);
        }
        // What is believed of them is another thing now.
        let ids: Vec<i64> = missing.iter().map(|(id, ..)| *id).collect();
        ledger::present(tx, self.judge.id, &ids).await
    }

    async fn find_gone(&self, seen: &Seen, counts: &mut Counts) -> Result<(), RunError> {
        if seen.count() >= self.before.rows {
            return Ok(());
        }
        if !self.stream.source.is_complete() {
            return self.leave_others(seen).await;
        }
        let failed = |error| RunError::Source { stream: self.stream.name.clone(), error };
        let finder = Finder::of(self.stream).await.map_err(failed)?;
        let (id, mut after) = (self.judge.id, 0);
        loop {
            let mut reader = self.store.read().await?;
            let page = missing(&mut reader, id, after, seen, self.before.last).await?;
            drop(reader);
            let Some((next, missing)) = page else { return Ok(()) };
            after = next;
            if missing.is_empty() {
                continue;
            }
            let mut decisions = std::collections::HashMap::new();
            if self.stream.decision.is_some() {
                for (_, key, _, confirmed) in &missing {
                    // What was never confirmed, or is to be said again, is over with a decision as well.
                    if confirmed.as_deref() != Some("stop")
                        && let Some(found) = decision(&self.judge, &finder, key).await.map_err(failed)?
                    {
                        decisions.insert(key.clone(), found);
                    }
                }
            }
            let mut tx = self.store.write().await?;
            let now = self.clock.now();
            leases::renew(&mut tx, self.lease, now).await?;
            if self.judge.leftovers.is_some() {
                let keys: Vec<&str> = missing.iter().map(|(_, key, ..)| key.as_str()).collect();
                answers::disown(&mut tx, id, self.run, &keys).await?;
            }
            facts::lock(&mut tx).await?;
            let missing = self.give_back(&mut tx, missing, &decisions, now).await?;
            let gone = self.judge.sort_gone(&mut tx, missing, &decisions).await?;
            outbox::retire(&mut tx, &gone.retire, "withdrawn").await?;
            outbox::add(&mut tx, id, self.run, false, &gone.stops).await?;
            self.keep_parked(&mut tx, &gone.stops).await?;
            ledger::gone(&mut tx, id, &gone.candidates).await?;
            let drafts: Vec<_> = gone.candidates.iter().map(|key| candidate(key)).collect();
            mismatch::open(&mut tx, id, self.run, now, &drafts).await?;
            let stopped = gone.stops.iter().map(|s| s.key.as_str());
            let over: Vec<&str> = gone.forget.iter().map(String::as_str).chain(stopped).collect();
            mismatch::close_held(&mut tx, id, &over, now).await?;
            let forgotten: Vec<&str> = gone.forget.iter().map(String::as_str).collect();
            mismatch::close(&mut tx, id, Kind::RefusedThere, &forgotten, now).await?;
            ledger::forget(&mut tx, id, &gone.forget).await?;
            if self.stream.translates() {
                let keys: Vec<&str> = gone.candidates.iter().chain(&gone.forget).map(String::as_str).collect();
                units::forget(&mut tx, id, &keys).await?;
            }
            end(&self.judge, &mut tx, &gone, decisions, now).await?;
            tx.commit().await?;
            if !gone.candidates.is_empty() {
                *counts.held.entry("stop-candidate".to_owned()).or_default() += gone.candidates.len() as u64;
            }
        }
    }
}
