//! The loop of delivery: settle what came back, open what may go, wait for whichever comes first.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::jobs::{Desk, Job};
use super::landing::NEXT_RUN;
use super::settle::CLOSED_BY_ACCEPTANCE;
use super::{DeliveryError, Order, System};
use crate::model::{Clock, Timestamp};
use crate::national::{Reply, TokenVerdict, WireError};
use crate::store::leases::{self, Lease};
use crate::store::{Store, batch, mismatch, system};

/// What a delivery achieved so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Records that the nation confirmed.
    pub confirmed: u64,
    /// Records that it refused for good, by its code.
    pub refused: BTreeMap<String, u64>,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is left.
    Drained,
    /// Something is left, and the system cannot be reached within our patience.
    Unreached,
    /// We were asked to stop; what was on the wire was settled.
    Stopped,
}

/// Delivers one stream's outbox to its system, under the stream's lease.
pub struct Courier<'a> {
    /// The store.
    pub store: &'a Store,
    /// The system, shared with other streams.
    pub system: &'a std::sync::Arc<System>,
    /// The stream.
    pub stream: i64,
    /// The entity, as the profile names it.
    pub entity: &'a str,
    /// The run that answers for what is delivered.
    pub run: i64,
    /// The stream's lease.
    pub lease: &'a Lease,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// How long to go on without any success, in milliseconds.
    pub patience_ms: i64,
    /// In which order its records go.
    pub order: Order<'a>,
}

pub(super) struct Landed {
    pub exchange_id: String,
    pub sent: Timestamp,
    pub what: What,
}

pub(super) enum What {
    Token(Option<(Result<Reply, WireError>, Result<(), TokenVerdict>)>),
    Batch { job: Box<Job>, generation: u64, result: Result<Reply, WireError> },
}

/// What the loop remembers between rounds; all of it can be lost.
pub(super) struct Memory {
    pub in_flight: HashSet<i64>,
    pub token_underway: bool,
    pub silent_until: i64,
    pub malformed: u32,
    pub mismatches_there: bool,
    pub last_success: i64,
    pub wake: Timestamp,
    pub delivered: Delivered,
}

impl Courier<'_> {
    pub(super) fn desk(&self) -> Desk<'_> {
        Desk { system: self.system, stream: self.stream, entity: self.entity, run: self.run, order: &self.order }
    }

    /// Delivers until nothing is left and `complete` says that nothing more will come; `nudge` tells of news.
    pub async fn run(
        &self,
        complete: &AtomicBool,
        nudge: &Notify,
        stop: &CancellationToken,
        progress: &(dyn Fn(&Delivered) + Send + Sync),
    ) -> Result<(Ended, Delivered), DeliveryError> {
        let mut flights: JoinSet<Landed> = JoinSet::new();
        let mut memory = self.recover().await?;
        let result = self.rounds(complete, nudge, stop, progress, &mut flights, &mut memory).await;
        // Whatever ends the loop, requests on the wire no longer count against the others.
        let left = i64::try_from(flights.len()).unwrap_or(0);
        self.system.in_flight.fetch_sub(left, Ordering::Relaxed);
        result.map(|ended| (ended, memory.delivered))
    }

    async fn recover(&self) -> Result<Memory, DeliveryError> {
        let now = self.clock.now();
        let mut tx = self.store.write().await?;
        leases::renew(&mut tx, self.lease, now).await?;
        let unknown = batch::open_is_unknown(&mut tx, self.stream, now).await?;
        if unknown > 0 {
            tracing::warn!(
                batches = unknown,
                "gói dở dang từ lần chạy trước, sẽ hỏi lại / left open by a crash: asking"
            );
        }
        batch::due_again(&mut tx, self.stream, NEXT_RUN, now).await?;
        let mut state = system::read(&mut tx, &self.system.name).await?;
        self.system.pace.sane(&mut state, now, &self.system.retry);
        system::write(&mut tx, &self.system.name, &state).await?;
        self.hand_over(&mut tx, now).await?;
        let there = mismatch::counts(&mut tx, self.stream).await?;
        tx.commit().await?;
        let monotonic = self.clock.monotonic();
        Ok(Memory {
            in_flight: HashSet::new(),
            token_underway: false,
            silent_until: monotonic + state.not_before.0.saturating_sub(now.0).max(0),
            malformed: 0,
            mismatches_there: CLOSED_BY_ACCEPTANCE
                .iter()
                .any(|closed| there.iter().any(|(kind, ..)| kind == closed.word())),
            last_success: monotonic,
            wake: now,
            delivered: Delivered::default(),
        })
    }

    async fn rounds(
        &self,
        complete: &AtomicBool,
        nudge: &Notify,
        stop: &CancellationToken,
        progress: &(dyn Fn(&Delivered) + Send + Sync),
        flights: &mut JoinSet<Landed>,
        memory: &mut Memory,
    ) -> Result<Ended, DeliveryError> {
        let mut landed: Vec<Landed> = Vec::new();
        loop {
            // Read before the outbox is: what is staged after this flag was read comes with a nudge.
            let all_staged = complete.load(Ordering::Acquire);
            let idle = self.round(&mut landed, all_staged, stop.is_cancelled(), flights, memory).await?;
            progress(&memory.delivered);
            if flights.is_empty() {
                if stop.is_cancelled() {
                    return Ok(Ended::Stopped);
                }
                if idle && all_staged {
                    return Ok(Ended::Drained);
                }
                let waiting = memory.wake.0.saturating_sub(self.clock.now().0).max(0);
                let without = self.clock.monotonic() - memory.last_success;
                if all_staged && !idle && without.saturating_add(waiting) > self.patience_ms {
                    return Ok(Ended::Unreached);
                }
            }
            self.wait(nudge, stop, flights, &mut landed, memory).await?;
        }
    }

    /// Waits for an answer, for news, or until something is due.
    async fn wait(
        &self,
        nudge: &Notify,
        stop: &CancellationToken,
        flights: &mut JoinSet<Landed>,
        landed: &mut Vec<Landed>,
        memory: &Memory,
    ) -> Result<(), DeliveryError> {
        let now = self.clock.now();
        // Never longer than a minute: the clock may be set meanwhile, and the lease wants its sign of life.
        let pause = memory.wake.0.saturating_sub(now.0).clamp(1, leases::LIFE_MS / 3);
        let first = if flights.is_empty() {
            tokio::select! {
                () = self.clock.sleep(u64::try_from(pause).unwrap_or(1)) => None,
                () = nudge.notified() => None,
                () = stop.cancelled() => None,
            }
        } else {
            tokio::select! {
                landed = flights.join_next() => landed,
                () = self.clock.sleep(u64::try_from(pause).unwrap_or(1)) => None,
                () = nudge.notified() => None,
            }
        };
        let mut next = first;
        while let Some(joined) = next {
            self.system.in_flight.fetch_sub(1, Ordering::Relaxed);
            match joined {
                Ok(done) => landed.push(done),
                Err(error) => {
                    return Err(DeliveryError::Store(crate::store::StoreError::Database(format!(
                        "a task died: {error}"
                    ))));
                }
            }
            next = flights.try_join_next();
        }
        Ok(())
    }

    /// One transaction: what landed is settled, what may go is opened; then it goes. True when nothing is left to do.
    async fn round(
        &self,
        landed: &mut Vec<Landed>,
        all_staged: bool,
        stopping: bool,
        flights: &mut JoinSet<Landed>,
        memory: &mut Memory,
    ) -> Result<bool, DeliveryError> {
        let now = self.clock.now();
        let mut tx = self.store.write().await?;
        leases::renew(&mut tx, self.lease, now).await?;
        let mut state = system::read(&mut tx, &self.system.name).await?;
        for one in landed.drain(..) {
            self.settle_one(&mut tx, one, &mut state, now, memory).await?;
        }
        memory.wake = now.plus(leases::LIFE_MS / 3);
        let (jobs, idle) = if stopping {
            (Vec::new(), false)
        } else {
            self.open_jobs(&mut tx, &mut state, now, all_staged, memory).await?
        };
        system::write(&mut tx, &self.system.name, &state).await?;
        tx.commit().await?;
        for job in jobs {
            self.launch(flights, job, now);
        }
        Ok(idle)
    }
}
