//! Opens what may go now, notes it in the exchange log, and puts it on the wire once that stands.

use std::sync::atomic::Ordering;

use sha2::{Digest, Sha256};
use tokio::task::JoinSet;

use super::courier::{Courier, Landed, Memory, What};
use super::jobs::Job;
use super::landing::NEXT_RUN;
use super::turn::YIELD_MS;
use super::{DeliveryError, Gate};
use crate::model::Timestamp;
use crate::national::Pass;
use crate::store::system::SystemState;
use crate::store::{Tx, batch, exchange, outbox};

/// Something that was opened and goes out after the commit.
pub(super) enum Next {
    Token,
    Batch { job: Box<Job>, pass: Box<Pass> },
}

impl Courier<'_> {
    /// Opens what may go now. The flag says that nothing is left, not even later.
    pub(super) async fn open_jobs(
        &self,
        tx: &mut Tx,
        state: &mut SystemState,
        now: Timestamp,
        all_staged: bool,
        memory: &mut Memory,
    ) -> Result<(Vec<(String, Next)>, bool), DeliveryError> {
        let mut opened = Vec::new();
        let due: Vec<_> = batch::unsettled(tx, &self.system.name, self.stream)
            .await?
            .into_iter()
            // What a person must settle is never due, and what is pending only in the next run.
            .filter(|b| !memory.in_flight.contains(&b.id) && b.next < NEXT_RUN)
            .collect();
        let (waiting, later) = outbox::news(tx, self.stream, now).await?;
        if due.is_empty() && !waiting {
            return Ok((opened, memory.in_flight.is_empty() && !memory.token_underway));
        }
        let yields = self.yields(tx, now).await?;
        if yields {
            // Waiting for its turn is no failure of the system: patience begins anew.
            memory.last_success = self.clock.monotonic();
            memory.wake = memory.wake.min(now.plus(YIELD_MS));
            if due.is_empty() {
                return Ok((opened, false));
            }
        }
        let nothing_due = due.is_empty() && memory.in_flight.is_empty();
        let mut due = due.into_iter();
        // What was begun is brought to its end; nothing new is begun, which does not say that nothing could be.
        let (mut exhausted, mut batches_wait) = (yields, yields);
        loop {
            let mut gate = self.system.pace.gate(state, now);
            let silent = memory.silent_until - self.clock.monotonic();
            if silent > 0 {
                // The wall clock may have jumped ahead; what the nation asked for is kept by the other one.
                gate = Gate::Closed { until: now.plus(silent), why: "retry-after" };
            }
            let parallel = match gate {
                Gate::Closed { until, .. } => {
                    memory.wake = memory.wake.min(until);
                    break;
                }
                Gate::Open { parallel } => parallel,
            };
            let on_wire = self.system.in_flight.load(Ordering::Relaxed) + i64::try_from(opened.len()).unwrap_or(0);
            if on_wire >= parallel || memory.token_underway {
                break;
            }
            let Some(pass) = self.system.session.pass(now) else {
                self.system.pace.charge(state, now);
                memory.token_underway = true;
                opened.push((self.open_exchange(tx, now, "token", "", 0, &[]).await?, Next::Token));
                break;
            };
            let job = match due.next() {
                Some(batch) if batch.next > now => {
                    memory.wake = memory.wake.min(batch.next);
                    batches_wait = true;
                    continue;
                }
                Some(batch) => self.desk().again(tx, now, &batch).await?,
                None if exhausted => break,
                None => {
                    let job = self.desk().new_batch(tx, state, now, !all_staged).await?;
                    exhausted = job.is_none();
                    job
                }
            };
            let Some(job) = job else { continue };
            self.system.pace.charge(state, now);
            memory.in_flight.insert(job.batch.id);
            let records = job.items.len();
            let word = job.operation.word();
            let id = self.open_exchange(tx, now, word, &job.batch.key, records, &job.request.body).await?;
            opened.push((id, Next::Batch { job: Box::new(job), pass: Box::new(pass) }));
        }
        if let Some(later) = later {
            memory.wake = memory.wake.min(later);
        }
        // What is left waits for something that only a person settles.
        let stuck = nothing_due && exhausted && opened.is_empty() && later.is_none() && !memory.token_underway;
        // Of lanes that wait for another stream nothing can go in this run, however long we stay.
        let nothing_can = self.order.lanes.is_some()
            && all_staged
            && exhausted
            && !batches_wait
            && later.is_none()
            && opened.is_empty();
        Ok((opened, stuck || (nothing_can && memory.in_flight.is_empty())))
    }

    async fn open_exchange(
        &self,
        tx: &mut Tx,
        now: Timestamp,
        operation: &str,
        batch_key: &str,
        records: usize,
        body: &[u8],
    ) -> Result<String, DeliveryError> {
        let id = uuid::Uuid::now_v7().to_string();
        // A token request carries the secret: neither its body nor a hash of it is kept.
        let hash = if body.is_empty() { Vec::new() } else { Sha256::digest(body).to_vec() };
        self.log(tx, now, (&id, "opened"), (operation, batch_key, records), (body.len(), &hash), (None, "")).await?;
        Ok(id)
    }

    pub(super) async fn log(
        &self,
        tx: &mut Tx,
        at: Timestamp,
        (exchange_id, entry): (&str, &'static str),
        (operation, batch_key, records): (&str, &str, usize),
        (bytes, hash): (usize, &[u8]),
        (status, verdict): (Option<u16>, &str),
    ) -> Result<(), DeliveryError> {
        let lane = format!("{}/{}", self.lease.name, self.lease.epoch);
        let (system, stream) = (&self.system.name, Some(self.stream));
        let entry = exchange::Entry {
            lane: &lane,
            exchange_id,
            entry,
            system,
            stream,
            operation,
            batch_key,
            records,
            at,
            bytes,
            hash,
            status,
            verdict,
        };
        Ok(exchange::append(tx, &entry).await?)
    }

    pub(super) fn launch(&self, flights: &mut JoinSet<Landed>, (exchange_id, next): (String, Next), sent: Timestamp) {
        let system = std::sync::Arc::clone(self.system);
        self.system.in_flight.fetch_add(1, Ordering::Relaxed);
        flights.spawn(async move {
            let what = match next {
                Next::Token => {
                    let _alone = system.session.alone().await;
                    match system.session.token_request() {
                        Some(request) if system.session.pass(sent).is_none() => {
                            let result = system.transport.exchange(request).await;
                            let taken = result.as_ref().map_or(Ok(()), |reply| system.session.take(reply, sent));
                            What::Token(Some((result, taken)))
                        }
                        // Another stream got it meanwhile.
                        _ => What::Token(None),
                    }
                }
                Next::Batch { mut job, pass } => {
                    let mut request = job.request.clone();
                    job.request.body = Vec::new();
                    request = request.authorized(&pass);
                    let result = system.transport.exchange(request).await;
                    What::Batch { job, generation: pass.generation, result }
                }
            };
            Landed { exchange_id, sent, what }
        });
    }
}
