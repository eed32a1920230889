//! Both sides compared: what we believe that the nation has, and what it really has.
//!
//! * [`run`] is the way through: under a lease of its own it counts, lists what differs, looks again, and ends.
//! * `counting`: how many records each commune has on both sides, and digests over them where the system offers some;
//!   what is to be listed comes of it.
//! * `listing`: page after page, each kept with its cursor in one transaction, so that a round goes on where it stopped.
//! * `sides`: one record against what we know of it. Pure. `content`: contents and their identity.
//! * `looks`: the first look notes what seems to differ, the second opens what still does.
//! * `missing`: what was not listed at all, and whether that may be believed. `ending`: two records of one person, what is
//!   over, the alarm.
//! * [`found`]: what a round tells.
//!
//! Nothing here sends or deletes: a listing that is empty or short closes nothing and is one alarm. Data that move while
//! they are listed give no difference: what is on its way is left out, and what was confirmed between the two looks
//! has another receipt than before.

mod content;
mod counting;
mod ending;
pub mod found;
mod listing;
mod looks;
mod missing;
mod sides;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

pub use found::{Blind, Found};

use crate::delivery::{Line, LineError, System};
use crate::mismatch::{self, Authority, DecisionRules};
use crate::model::{Clock, Timestamp};
use crate::store::leases::{self, Lease, Taken};
use crate::store::{Store, StoreError, compared, ledger, listed, runs};

/// An unfinished round that began longer ago begins anew: what it listed is too old to be laid against anything.
const RESUME_MS: i64 = 24 * 3_600_000;

/// What is compared: one stream with its system.
pub struct Subject {
    /// The stream.
    pub stream: String,
    /// The entity, as the profile names it.
    pub entity: String,
    /// The system.
    pub system: Arc<System>,
    /// Who is right, field by field.
    pub authority: Arc<Authority>,
    /// Who is right where no field decides.
    pub decisions: Arc<DecisionRules>,
    /// The provinces' codes under which records may stand there, the envelope's own first.
    pub provinces: Vec<String>,
    /// The lease that whoever changes this stream's rows must hold.
    pub stream_lease: String,
    /// When so many records are missing in what was listed, it is the listing that is wrong.
    pub short: Short,
    /// How long to go on without any success.
    pub patience: Duration,
}

/// More missing records than both are an incomplete listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Short {
    /// In a hundred of those that should be there.
    pub percent: u8,
    /// So many records.
    pub records: u64,
}

impl Default for Short {
    fn default() -> Self {
        Self { percent: 20, records: 20 }
    }
}

/// How a round is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each says of one thing how it is done, by itself")]
pub struct Wanted {
    /// Only this commune.
    pub commune: Option<String>,
    /// All is listed, whatever the digests say.
    pub full: bool,
    /// A person says that a short listing is real.
    pub as_it_is: bool,
    /// Only ask and tell: no mismatch is opened or closed.
    pub dry_run: bool,
    /// Goes on with a round that was stopped.
    #[serde(skip)]
    pub resume: bool,
    /// The schedule asks, nobody else: it goes on with no round that a person began for a reason of their own.
    #[serde(skip)]
    pub by_schedule: bool,
}

impl Wanted {
    /// Whether a round that was left may be gone on with.
    fn goes_on_with(&self, left: &Self) -> bool {
        let own = left.commune.is_some() || left.as_it_is || left.dry_run || (self.full && !left.full);
        self.resume && !(self.by_schedule && own)
    }
}

/// Why a round did not come to its end. What it has listed is kept, and the next one goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system was not reached, refuses, or says what cannot be read.
    #[error("luồng {stream}: {error}")]
    Line {
        /// The stream.
        stream: String,
        /// What went wrong.
        error: LineError,
    },
    /// Asked to stop.
    #[error(
        "đã dừng theo yêu cầu; chạy tiếp bằng `reconcile --resume` / stopped on request; go on with `reconcile --resume`"
    )]
    Stopped,
}

impl ReconcileError {
    /// The exit code of the command line: 1 failed, 4 not reached.
    pub fn exit_code(&self) -> u8 {
        let reached = |error: &LineError| {
            !matches!(error, LineError::Unreached { .. } | LineError::GaveUp { .. } | LineError::Credentials(_))
        };
        if matches!(self, Self::Line { error, .. } if !reached(error)) { 4 } else { 1 }
    }
}

/// A round while it goes on.
struct Round<'a> {
    store: &'a Store,
    subject: &'a Subject,
    lease: &'a Lease,
    clock: &'a dyn Clock,
    stop: &'a CancellationToken,
    /// The stream's number in the store.
    stream: i64,
    id: i64,
    started: Timestamp,
    wanted: Wanted,
    found: Found,
}

/// One comparison of one stream. Where somebody else does it nothing is done.
pub async fn run(
    store: &Store,
    subject: &Subject,
    clock: &dyn Clock,
    wanted: &Wanted,
    stop: &CancellationToken,
) -> Result<Found, ReconcileError> {
    let began = clock.monotonic();
    let mut nothing = Found::of(&subject.stream, wanted.dry_run);
    if subject.system.profile.lists(&subject.entity).is_none() {
        nothing.cannot_see.insert(Blind::NoList);
        return Ok(nothing);
    }
    let mut tx = store.read().await?;
    let stream = runs::find_stream(&mut tx, &subject.stream).await?.map(|(id, _)| id);
    let believed = match stream {
        Some(stream) => ledger::counts(&mut tx, stream).await?.rows,
        None => 0,
    };
    drop(tx);
    let Some(stream) = stream.filter(|_| believed > 0) else {
        nothing.cannot_see.insert(Blind::NothingSent);
        return Ok(nothing);
    };
    let mut tx = store.write().await?;
    let name = format!("reconcile:{}", subject.stream);
    let lease = match leases::take(&mut tx, &name, &leases::holder(), clock.now()).await? {
        Taken::Ours(lease) => lease,
        Taken::Theirs { holder } => {
            nothing.holder = Some(holder);
            return Ok(nothing);
        }
    };
    tx.commit().await?;
    let ended = Box::pin(under_lease(store, subject, clock, wanted, stop, &lease, stream)).await;
    let mut tx = store.write().await?;
    leases::free(&mut tx, &lease).await?;
    tx.commit().await?;
    let mut found = ended?;
    found.seconds = f64::from(u32::try_from(clock.monotonic() - began).unwrap_or(u32::MAX)) / 1000.0;
    Ok(found)
}

async fn under_lease(
    store: &Store,
    subject: &Subject,
    clock: &dyn Clock,
    wanted: &Wanted,
    stop: &CancellationToken,
    lease: &Lease,
    stream: i64,
) -> Result<Found, ReconcileError> {
    let (mut round, mut state) = begin(store, subject, clock, wanted, stop, lease, stream).await?;
    let patience_ms = i64::try_from(subject.patience.as_millis()).unwrap_or(i64::MAX);
    let mut line = Line::new(store, &subject.system, lease, clock, patience_ms, stop);
    let ended = Box::pin(round.go_on(&mut line, &mut state)).await;
    if let Err(error) = &ended
        && !matches!(error, ReconcileError::Store(_) | ReconcileError::Stopped)
        && error.exit_code() == 1
    {
        // Asking again would be answered the same.
        let mut tx = store.write().await?;
        leases::renew(&mut tx, lease, clock.now()).await?;
        let found = round.found.kept();
        compared::finish(&mut tx, round.id, "failed", clock.now(), &found, &error.to_string()).await?;
        tx.commit().await?;
    }
    ended?;
    if !round.wanted.dry_run {
        round.apply().await?;
    }
    Ok(round.found)
}

/// Goes on with a round that was left, or begins one.
async fn begin<'a>(
    store: &'a Store,
    subject: &'a Subject,
    clock: &'a dyn Clock,
    wanted: &Wanted,
    stop: &'a CancellationToken,
    lease: &'a Lease,
    stream: i64,
) -> Result<(Round<'a>, String), StoreError> {
    let now = clock.now();
    let mut tx = store.write().await?;
    leases::renew(&mut tx, lease, now).await?;
    let last = compared::last(&mut tx, stream).await?;
    let left = last.filter(|round| {
        let young = (0..RESUME_MS).contains(&(now.0 - round.started.0));
        wanted.resume && young && !matches!(round.state.as_str(), "done" | "failed")
    });
    // What another version of this program left, or a round before its count, is nothing to go on with.
    let readable = left.and_then(|round| {
        let left: Wanted = serde_json::from_str(&round.wanted).ok()?;
        let found: Found = serde_json::from_str(&round.found).ok()?;
        Some((round, left, found)).filter(|(_, left, _)| wanted.goes_on_with(left))
    });
    let round =
        |id, started, wanted, found| Round { store, subject, lease, clock, stop, stream, id, started, wanted, found };
    if let Some((left, wanted, mut found)) = readable {
        tx.commit().await?;
        (found.stream, found.resumed) = (subject.stream.clone(), true);
        return Ok((round(left.id, left.started, wanted, found), left.state));
    }
    let told = serde_json::to_string(wanted).unwrap_or_else(|_| "{}".to_owned());
    let id = compared::begin(&mut tx, stream, now, &told).await?;
    tx.commit().await?;
    // What an earlier round suspected says nothing about this one.
    loop {
        let mut tx = store.write().await?;
        leases::renew(&mut tx, lease, clock.now()).await?;
        let gone = listed::sweep_suspects(&mut tx, stream).await?;
        tx.commit().await?;
        if gone == 0 {
            break;
        }
    }
    Ok((round(id, now, wanted.clone(), Found::of(&subject.stream, wanted.dry_run)), "counting".to_owned()))
}

impl Round<'_> {
    /// From wherever it stands to its end.
    async fn go_on(&mut self, line: &mut Line<'_>, state: &mut String) -> Result<(), ReconcileError> {
        if !matches!(state.as_str(), "listing" | "again") {
            self.count(line).await?;
            "listing".clone_into(state);
        }
        if *state == "listing" {
            self.list(line, looks::FIRST).await?;
            self.miss().await?;
            "again".clone_into(state);
        }
        self.list(line, looks::SECOND).await?;
        self.end().await?;
        Ok(())
    }

    /// A writing transaction under the lease.
    async fn write(&self) -> Result<crate::store::Tx, ReconcileError> {
        if self.stop.is_cancelled() {
            return Err(ReconcileError::Stopped);
        }
        let mut tx = self.store.write().await?;
        leases::renew(&mut tx, self.lease, self.clock.now()).await?;
        Ok(tx)
    }

    fn lost(&self, error: LineError) -> ReconcileError {
        match error {
            LineError::Store(error) => error.into(),
            LineError::Stopped => ReconcileError::Stopped,
            error => ReconcileError::Line { stream: self.subject.stream.clone(), error },
        }
    }

    /// Lets decisions that are due take effect; whoever runs the stream now has its rows, and the next round does it.
    async fn apply(&mut self) -> Result<(), ReconcileError> {
        let (subject, clock) = (self.subject, self.clock);
        match mismatch::take_effect(self.store, &subject.stream, &subject.stream_lease, clock).await? {
            None => self.found.waits_for_the_stream = true,
            Some(applied) => {
                self.found.sent_again += applied.again;
                self.found.corrections += applied.corrections;
            }
        }
        Ok(())
    }
}
