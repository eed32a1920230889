//! The way through a run: lease, scan and delivery side by side, brake, outcome.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::outcome::{BrakeReport, Outcome};
use super::scan::Scan;
use super::stage::{Counts, Judge};
use super::{Progress, RunError, Stream, SyncOptions};
use crate::delivery::{Courier, Delivered, Ended};
use crate::delta::Class;
use crate::model::{Clock, Reason};
use crate::store::leases::{self, Lease, Taken};
use crate::store::{Store, answers, decided, ledger, outbox, runs};

/// Runs a stream once: everything that may be sent is, and everything else is in front of a person.
///
/// Where another process runs the stream, nothing is done and [`Outcome::taken`] says so.
pub async fn sync(
    store: &Store,
    stream: &Stream,
    clock: &dyn Clock,
    options: &SyncOptions,
    progress: &dyn Progress,
    stop: &CancellationToken,
) -> Result<Outcome, RunError> {
    let started = clock.monotonic();
    let mut outcome = Outcome::new(&stream.name);
    let mut tx = store.write().await?;
    let (id, first_done) = runs::stream(&mut tx, &stream.name, &stream.system.name, &stream.entity).await?;
    let lease = match leases::take(&mut tx, &stream.lease(), &leases::holder(), clock.now()).await? {
        Taken::Ours(lease) => lease,
        Taken::Theirs { holder } => {
            outcome.taken = Some(holder);
            return Ok(outcome);
        }
    };
    tx.commit().await?;
    let mut run = Run { store, stream, clock, options, lease, id, first: !first_done, number: 0, adopted: false };
    let result = run.go(progress, stop, &mut outcome).await;
    outcome.seconds = f64::from(i32::try_from(clock.monotonic() - started).unwrap_or(i32::MAX)) / 1000.0;
    let ended = run.end(&outcome, result.as_ref().err()).await;
    match (result, ended) {
        (Ok(()), Ok(())) => Ok(outcome),
        (Ok(()), Err(error)) => Err(error),
        (Err(error), ended) => {
            // A store that failed fails here as well: what it said first is the cause.
            if let Err(second) = ended {
                tracing::warn!(stream = %stream.name, "{second}");
            }
            Err(error)
        }
    }
}

struct Run<'a> {
    store: &'a Store,
    stream: &'a Stream,
    clock: &'a dyn Clock,
    options: &'a SyncOptions,
    lease: Lease,
    id: i64,
    first: bool,
    number: i64,
    /// Rows of earlier runs were taken over.
    adopted: bool,
}

impl Run<'_> {
    async fn go(
        &mut self,
        progress: &dyn Progress,
        stop: &CancellationToken,
        outcome: &mut Outcome,
    ) -> Result<(), RunError> {
        let now = self.clock.now();
        let mut tx = self.store.write().await?;
        leases::renew(&mut tx, &self.lease, now).await?;
        self.number = runs::begin(&mut tx, self.id, self.first, now).await?;
        let parked = decided::parked(&mut tx, self.id).await?;
        let leftovers = answers::adopt(&mut tx, self.id, self.number).await?
            + decided::adopt(&mut tx, self.id, self.number, &parked).await?;
        self.adopted = leftovers > 0;
        let before = ledger::counts(&mut tx, self.id).await?;
        tx.commit().await?;

        let (complete, nudge) = (AtomicBool::new(false), Notify::new());
        let judge = Judge {
            stream: self.stream,
            id: self.id,
            today: now.day(),
            judged_by: self.stream.judged_by(),
            blank: before.rows == 0 && leftovers == 0,
            leftovers: (leftovers > 0).then_some(self.number),
        };
        let scan = Scan {
            store: self.store,
            stream: self.stream,
            judge,
            run: self.number,
            lease: &self.lease,
            clock: self.clock,
            first: self.first,
            before,
            parked,
            nudge: &nudge,
            progress,
            stop,
        };
        let courier = Courier {
            store: self.store,
            system: &self.stream.system,
            stream: self.id,
            entity: &self.stream.entity,
            run: self.number,
            lease: &self.lease,
            clock: self.clock,
            patience_ms: i64::try_from(self.options.patience.as_millis()).unwrap_or(i64::MAX),
        };
        // Whatever ends the scan, what was released before is delivered all the same.
        let scanning = async {
            let result = match scan.run().await {
                Ok(counts) => self.brake(&counts, outcome).await.map(|()| counts),
                Err(error) => Err(error),
            };
            complete.store(true, Ordering::Release);
            nudge.notify_one();
            result
        };
        let tell = |d: &Delivered| progress.delivered(d.confirmed, d.refused.values().sum());
        let delivering = courier.run(&complete, &nudge, stop, &tell);
        let (scanned, delivered) = futures_util::future::join(Box::pin(scanning), Box::pin(delivering)).await;
        let (ended, delivered) = delivered?;
        let counts = scanned?;
        self.count(counts, &delivered, outcome).await?;
        outcome.unreached = ended == Ended::Unreached;
        if ended == Ended::Stopped { Err(RunError::Stopped) } else { Ok(()) }
    }

    /// After a complete scan: what is staged is released, unless it is more than goes out without a person.
    async fn brake(&self, counts: &Counts, outcome: &mut Outcome) -> Result<(), RunError> {
        let now = self.clock.now();
        let mut tx = self.store.write().await?;
        leases::renew(&mut tx, &self.lease, now).await?;
        let staged = outbox::tally(&mut tx, self.id).await?;
        let confirmed = ledger::counts(&mut tx, self.id).await?.running;
        let mut holds = self.stream.brake.holds(&staged, confirmed, self.first);
        if let (false, Some(release)) = (holds.is_empty(), &self.options.release_brake) {
            let tally = serde_json::to_string(&staged).unwrap_or_default();
            runs::release(&mut tx, self.id, self.number, now, &release.who, &release.reason, &tally).await?;
            holds.clear();
        }
        for class in Class::ALL {
            if !holds.contains(&class) {
                outbox::release(&mut tx, self.id, class).await?;
            }
        }
        runs::first_done(&mut tx, self.id, now).await?;
        runs::scanned(&mut tx, self.number, counts.scanned, counts.unchanged).await?;
        tx.commit().await?;
        if !holds.is_empty() {
            outcome.brake = Some(BrakeReport::new(&holds, staged, confirmed));
        }
        Ok(())
    }

    /// Every row that was scanned becomes one figure, by what the store says happened to it.
    async fn count(&self, counts: Counts, delivered: &Delivered, outcome: &mut Outcome) -> Result<(), RunError> {
        let mut tx = self.store.read().await?;
        let states = answers::outcome(&mut tx, self.number, self.adopted).await?;
        outcome.refused = if delivered.refused.is_empty() {
            BTreeMap::new()
        } else {
            answers::refusals(&mut tx, self.number).await?
        };
        drop(tx);
        outcome.scanned = counts.scanned;
        outcome.unchanged = counts.unchanged;
        outcome.held = counts.held;
        outcome.told = counts.told;
        let (mut waiting, mut parked, mut refused) = (0, 0, 0);
        for ((state, action), n) in states {
            match state.as_str() {
                "accepted" => {
                    outcome.confirmed += n;
                    outcome.stopped += if action == "stop" { n } else { 0 };
                }
                "sent" | "ready" => outcome.unknown += n,
                "staged" => waiting += n,
                "parked" => parked += n,
                "refused" => refused += n,
                _ => {}
            }
            outcome.sent += if matches!(state.as_str(), "accepted" | "refused" | "sent") { n } else { 0 };
        }
        // Every refusal has its mismatch, with the code; a foreign writer may have taken it away.
        let told: u64 = outcome.refused.values().sum();
        if refused > told {
            *outcome.refused.entry("?".to_owned()).or_default() += refused - told;
        }
        for (reason, n) in [(Reason::Brake, waiting), (Reason::Parked, parked)] {
            if n > 0 {
                *outcome.held.entry(reason.word().to_owned()).or_default() += n;
            }
        }
        Ok(())
    }

    async fn end(&self, outcome: &Outcome, error: Option<&RunError>) -> Result<(), RunError> {
        let now = self.clock.now();
        let mut tx = self.store.write().await?;
        if self.number > 0 {
            let state = match (error, outcome.exit_code()) {
                (Some(_), _) => "failed",
                (None, 0) => "done",
                (None, _) => "waiting",
            };
            let json = serde_json::to_string(outcome).unwrap_or_default();
            let error = error.map(ToString::to_string).unwrap_or_default();
            runs::finish(&mut tx, self.number, state, now, &json, &error).await?;
        }
        leases::free(&mut tx, &self.lease).await?;
        tx.commit().await?;
        Ok(())
    }
}
