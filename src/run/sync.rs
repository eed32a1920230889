//! The way through a run: lease, scan and delivery side by side, brake, outcome.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::dropped::{Turn, put_away, turn};
use super::lanes::{Before, Waits, order};
use super::outcome::{BrakeReport, Outcome};
use super::reconcile::reconcile;
use super::remap::{self, Change};
use super::scan::Scan;
use super::stage::{Counts, Judge};
use super::suspects::suspects;
use super::{Progress, Remapped, RunError, Stream, SyncOptions};
use crate::delivery::{Courier, Delivered, Ended};
use crate::delta::Class;
use crate::model::{Clock, Reason};
use crate::store::leases::{self, Lease, Taken};
use crate::store::{Store, absent, answers, decided, ledger, outbox, runs, taken};

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
    let (first, turn) = (!first_done, Turn::Scan);
    let mut run = Run { store, stream, clock, options, lease, id, first, number: 0, adopted: false, turn };
    let result = run.go(progress, stop, &mut outcome).await;
    outcome.seconds = f64::from(i32::try_from(clock.monotonic() - started).unwrap_or(i32::MAX)) / 1000.0;
    let ended = run.end(&outcome, result.as_ref().err()).await;
    if let Err(error) = put_away(stream, &run.turn, run.number, clock, &outcome, result.as_ref().err()).await {
        // Its content is known if it was taken: the next run moves it before anything else, or fails for it.
        tracing::error!(stream = %stream.name, "{error}");
    }
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
    turn: Turn,
}

impl Run<'_> {
    async fn go(
        &mut self,
        progress: &dyn Progress,
        stop: &CancellationToken,
        outcome: &mut Outcome,
    ) -> Result<(), RunError> {
        self.turn = turn(self.store, self.stream, self.id, &self.lease, self.clock, outcome).await?;
        if self.turn == Turn::Rest {
            outcome.idle = true;
            let mut tx = self.store.read().await?;
            if !outbox::unsettled(&mut tx, self.id).await? {
                return Ok(());
            }
        }
        let now = self.clock.now();
        let mut tx = self.store.write().await?;
        leases::renew(&mut tx, &self.lease, now).await?;
        self.number = runs::begin(&mut tx, self.id, self.first, now).await?;
        let ahead = Before::of(&mut tx, self.stream, self.options).await?;
        if let Some(waits) = ahead.waits {
            tx.commit().await?;
            // A dropped file stays where it is: nothing of it was read.
            outcome.file = None;
            return self.wait_for(waits, &ahead.ids, stop, outcome).await;
        }
        let parked = decided::parked(&mut tx, self.id).await?;
        let absent = absent::keys(&mut tx, self.id).await?;
        let leftovers = answers::adopt(&mut tx, self.id, self.number).await?
            + decided::adopt(&mut tx, self.id, self.number, &parked).await?;
        self.adopted = leftovers > 0;
        let change = remap::change(&mut tx, self.id, self.stream).await?;
        let before = ledger::counts(&mut tx, self.id).await?;
        let units = self.stream.units(&mut tx, self.id).await?;
        tx.commit().await?;

        reconcile(self.store, self.stream, &self.lease, self.number, self.clock).await?;
        let mut tx = self.store.read().await?;
        let crossed = super::crossing::crossed(&mut tx, self.id).await?;
        drop(tx);
        let (complete, nudge) = (AtomicBool::new(false), Notify::new());
        let judge = Judge {
            stream: self.stream,
            id: self.id,
            today: now.day(),
            judged_by: self.stream.judged_by(),
            // Of a list in parts the last scan says nothing about rows that it did not have.
            other_columns: change.columns || !self.stream.source.is_complete(),
            blank: before.rows == 0 && leftovers == 0,
            leftovers: (leftovers > 0).then_some(self.number),
            units,
            before: ahead.ids.clone(),
            crossed,
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
            absent,
            nudge: &nudge,
            progress,
            stop,
        };
        let courier = self.courier(&ahead.ids);
        // Whatever ends the scan, what was released before is delivered all the same.
        let scanning = async {
            let result = if self.turn == Turn::Rest {
                self.let_go(outcome).await.map(|()| Counts::default())
            } else {
                match scan.run().await {
                    Ok(counts) => self.scanned(&counts, change, outcome).await.map(|()| counts),
                    Err(error) => Err(error),
                }
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
        self.count(counts, &delivered, ended, outcome).await?;
        outcome.unreached = ended == Ended::Unreached;
        if ended == Ended::Stopped { Err(RunError::Stopped) } else { Ok(()) }
    }

    fn courier(&self, before: &[i64]) -> Courier<'_> {
        Courier {
            store: self.store,
            system: &self.stream.system,
            stream: self.id,
            entity: &self.stream.entity,
            run: self.number,
            lease: &self.lease,
            clock: self.clock,
            patience_ms: i64::try_from(self.options.patience.as_millis()).unwrap_or(i64::MAX),
            order: order(self.stream, before),
        }
    }

    /// A stream that goes before is not done: the source is not read. What of ours is on its way or released is settled
    /// all the same, for it may be what the other waits for; the runs that sent it answer for it, so nothing is counted.
    async fn wait_for(
        &self,
        waits: Waits,
        before: &[i64],
        stop: &CancellationToken,
        outcome: &mut Outcome,
    ) -> Result<(), RunError> {
        tracing::warn!(stream = %self.stream.name, before = %waits.before,
            "luồng đi trước chưa xong, không quét nguồn / a stream that goes before is not done: nothing is scanned");
        outcome.waits_for = Some(waits.before);
        if waits.stalled {
            return Ok(());
        }
        let courier = self.courier(before);
        let (ended, _) = courier.run(&AtomicBool::new(true), &Notify::new(), stop, &|_| {}).await?;
        outcome.unreached = ended == Ended::Unreached;
        if ended == Ended::Stopped { Err(RunError::Stopped) } else { Ok(()) }
    }

    async fn scanned(&self, counts: &Counts, change: Change, outcome: &mut Outcome) -> Result<(), RunError> {
        reconcile(self.store, self.stream, &self.lease, self.number, self.clock).await?;
        self.brake(counts, change, outcome).await?;
        // Nothing that may go waits for it: it only tells.
        suspects(self.store, self.stream, &self.lease, self.number, self.clock).await?;
        Ok(())
    }

    /// After a complete scan: what is staged is released, unless it is more than goes out without a person.
    async fn brake(&self, counts: &Counts, change: Change, outcome: &mut Outcome) -> Result<(), RunError> {
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
        if let Turn::File(file) = &self.turn {
            let own = (file.name.as_str(), file.hash.as_str());
            taken::take(&mut tx, self.id, own, counts.scanned, self.number, now).await?;
        }
        tx.commit().await?;
        outcome.judged = remap::parts(self.stream);
        if counts.remapped.again > 0 {
            let told = Remapped { since_run: change.since, files: change.files, ..counts.remapped.clone() };
            outcome.remapped = Some(told);
        }
        if let Turn::File(file) = &self.turn {
            outcome.scanned = counts.scanned;
            outcome.file = Some(file.name.clone());
        }
        if !holds.is_empty() {
            outcome.brake = Some(BrakeReport::new(&holds, staged, confirmed));
        }
        Ok(())
    }

    /// Without a scan only a person lets go what the brake held before.
    async fn let_go(&self, outcome: &mut Outcome) -> Result<(), RunError> {
        let now = self.clock.now();
        let mut tx = self.store.write().await?;
        leases::renew(&mut tx, &self.lease, now).await?;
        let staged = outbox::tally(&mut tx, self.id).await?;
        let confirmed = ledger::counts(&mut tx, self.id).await?.running;
        let holds = self.stream.brake.holds(&staged, confirmed, self.first);
        if let Some(release) = self.options.release_brake.as_ref().filter(|_| !holds.is_empty()) {
            let tally = serde_json::to_string(&staged).unwrap_or_default();
            runs::release(&mut tx, self.id, self.number, now, &release.who, &release.reason, &tally).await?;
            for class in holds {
                outbox::release(&mut tx, self.id, class).await?;
            }
        } else if !holds.is_empty() {
            outcome.brake = Some(BrakeReport::new(&holds, staged, confirmed));
        }
        // Nothing is scanned: near its deadline only what may go holds other streams up.
        runs::scanned(&mut tx, self.number, 0, 0).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Every row that was scanned becomes one figure, by what the store says happened to it.
    async fn count(
        &self,
        counts: Counts,
        delivered: &Delivered,
        ended: Ended,
        outcome: &mut Outcome,
    ) -> Result<(), RunError> {
        // Where all that could go went, what is still ready waits for another record of its dossier.
        let in_lanes = self.stream.mapping.lane().is_some() && ended == Ended::Drained;
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
        let (mut waiting, mut parked, mut refused, mut behind, mut late, mut back) = (0, 0, 0, 0, 0, 0);
        for ((state, action), n) in states {
            match state.as_str() {
                "accepted" => {
                    outcome.confirmed += n;
                    outcome.stopped += if action == "stop" { n } else { 0 };
                }
                "ready" if in_lanes => behind += n,
                "late" => late += n,
                "step-back" => back += n,
                "sent" | "ready" => outcome.unknown += n,
                "staged" => waiting += n,
                "parked" => parked += n,
                "refused" => refused += n,
                // The nation had it all along, as it turned out before it went.
                "needless" => outcome.unchanged += n,
                _ => {}
            }
            outcome.sent += if matches!(state.as_str(), "accepted" | "refused" | "sent") { n } else { 0 };
        }
        // Every refusal has its mismatch, with the code; a foreign writer may have taken it away.
        let told: u64 = outcome.refused.values().sum();
        if refused > told {
            *outcome.refused.entry("?".to_owned()).or_default() += refused - told;
        }
        let held = [
            (Reason::Brake, waiting),
            (Reason::Parked, parked),
            (Reason::WaitsFor, behind),
            (Reason::Late, late),
            (Reason::StepBack, back),
        ];
        for (reason, n) in held {
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
            let json = outcome.kept();
            let error = error.map(ToString::to_string).unwrap_or_default();
            runs::finish(&mut tx, self.number, state, now, &json, &error).await?;
        }
        leases::free(&mut tx, &self.lease).await?;
        tx.commit().await?;
        Ok(())
    }
}
