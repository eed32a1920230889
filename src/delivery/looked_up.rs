//! Unknown outcomes that no question about a batch settles: records looked up one by one, and what waits for a person.

use super::courier::Courier;
use super::jobs::{Desk, Job};
use super::landing::{Landing, NEVER};
use super::{Delivered, DeliveryError};
use crate::model::Timestamp;
use crate::national::{Exists, Found, Operation, RecordResult, Reply, ResultOutcome, Settle, Verdict};
use crate::store::batch::{Batch, Move, State};
use crate::store::{Tx, batch, outbox};

impl Desk<'_> {
    /// Opens the look-up of one record of a batch whose outcome nobody knows; the next one each time, so that one
    /// that gets no answer does not hold up the others.
    pub async fn look_up(&self, tx: &mut Tx, now: Timestamp, mut batch: Batch) -> Result<Option<Job>, DeliveryError> {
        let mut items = outbox::of_batch(tx, batch.id).await?;
        let Some(at) = usize::try_from(batch.asks).unwrap_or(0).checked_rem(items.len()) else {
            let to = Move { state: State::Settled, next: now, why: "nothing left", attempt: false, ask: false };
            batch::set(tx, batch.id, to).await?;
            return Ok(None);
        };
        let item = items.swap_remove(at);
        let request = self.system.profile.look_up(self.entity, &self.reference(&item));
        let request = request.ok_or_else(|| self.no_call(Operation::LookUp))?;
        let to = Move { state: State::Unknown, next: now, why: "looking up", attempt: false, ask: true };
        batch::set(tx, batch.id, to).await?;
        batch.asks += 1;
        Ok(Some(Job { operation: Operation::LookUp, batch, request, items: vec![item] }))
    }

    /// The name by which the system means this row's record.
    pub fn reference(&self, item: &outbox::Item) -> String {
        self.system.profile.reference_of(self.entity, &item.key, &item.payload)
    }

    /// What it means that the system knows a record already.
    pub fn exists(&self) -> Exists {
        match self.system.profile.entity(self.entity).map_or(Exists::Refused, |e| e.exists) {
            // What is written once is there: its present content comes by another stream.
            Exists::RepeatAsUpdate if self.order.once => Exists::Accepted,
            policy => policy,
        }
    }

    pub fn judge(&self, job: &Job, reply: &Reply) -> Verdict {
        match (job.operation, job.items.first()) {
            (Operation::LookUp, Some(item)) => {
                self.system.profile.judge_look_up(&self.reference(item), &item.payload, reply)
            }
            (operation, _) => self.system.profile.judge(operation, reply),
        }
    }
}

impl Landing<'_> {
    /// Settles the record that was looked up: it is there as it was sent, or it goes again.
    pub(super) async fn found(
        &mut self,
        tx: &mut Tx,
        desk: &Desk<'_>,
        now: Timestamp,
        found: Found,
        delivered: &mut Delivered,
    ) -> Result<(), DeliveryError> {
        if let Some(item) = self.looked_up {
            let outcome = match (found, desk.exists()) {
                (Found::Same, _) => Some(ResultOutcome::Accepted { national_id: None }),
                (Found::Different, Exists::Accepted) => Some(ResultOutcome::Exists),
                (Found::Different, Exists::RepeatAsUpdate) => {
                    self.is_known(tx, now, item).await?;
                    None
                }
                (Found::Different, Exists::Refused) | (Found::Nothing, _) => None,
            };
            if let Some(outcome) = outcome {
                let result = RecordResult { reference: item.key.clone(), outcome };
                self.settle(tx, now, vec![result], false, delivered).await?;
            } else {
                self.outcome_known(tx, now, &[item]).await?;
                let again = u64::try_from(item.attempts).unwrap_or(0).checked_sub(1);
                let wait = again.map_or(0, |before| self.retry.wait_ms(before, &item.key));
                outbox::put_back(tx, self.stream, item, now.plus(wait)).await?;
            }
        }
        let left = !outbox::rows_of_batch(tx, self.batch.id, false).await?.is_empty();
        let (state, why) = if left { (State::Unknown, "looking up") } else { (State::Settled, "looked up") };
        self.set(tx, state, now, why).await
    }
}

impl Courier<'_> {
    /// What a crash left open and only a person can settle is put in front of one. Where the profile has another way
    /// by now, that one is gone.
    pub(super) async fn hand_over(&self, tx: &mut Tx, now: Timestamp) -> Result<(), DeliveryError> {
        let settles = self.desk().settle();
        let by_person = settles == Settle::Person;
        loop {
            let open = batch::unsettled(tx, &self.system.name, self.stream).await?;
            let wrong = |b: &&Batch| b.state == State::Unknown && (b.next < NEVER) == by_person;
            let Some(batch) = open.iter().find(wrong) else { return Ok(()) };
            if !by_person {
                let to = Move { state: State::Unknown, next: now, why: "another way", attempt: false, ask: false };
                batch::set(tx, batch.id, to).await?;
                continue;
            }
            let mut landing = Landing {
                batch,
                stream: self.stream,
                run: self.run,
                retry: &self.system.retry,
                mismatches_there: false,
                malformed_before: 0,
                settles,
                in_parts: false,
                strangers: 0,
                looked_up: None,
                lanes_of: self.order.lanes.is_some().then_some(self.system.name.as_str()),
            };
            landing.unknown(tx, now, NEVER, "crash").await?;
        }
    }
}
