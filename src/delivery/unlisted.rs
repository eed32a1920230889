//! An answer with a code that the profile does not list. A portal in maintenance says such a code to everybody, and then it
//! is nobody's fault; or one record meets it alone, for ever. Nothing is ever parked for it.
//!
//! At first it is what every unknown outcome is: settled as the profile says, with the ordinary waits and the breaker.
//! Answered so [`OFTEN`] times, records that went together go alone, and one that is alone is put off until the next run,
//! in front of a person: so it costs one request a run, and neither breaker nor patience are used up by it.

use super::jobs::Desk;
use super::landing::{Landing, NEXT_RUN};
use super::{DeliveryError, System};
use crate::model::Timestamp;
use crate::national::{Operation, Settle};
use crate::store::batch::State;
use crate::store::outbox::Item;
use crate::store::system::SystemState;
use crate::store::{Tx, outbox};

/// So often the same records may be answered so before they are looked at apart from others.
pub(super) const OFTEN: i64 = 5;

impl Landing<'_> {
    /// Decides what becomes of a batch that was answered so, or of the question about it.
    pub(super) async fn unlisted(
        &mut self,
        tx: &mut Tx,
        (desk, system): (&Desk<'_>, &System),
        state: &mut SystemState,
        (now, wait): (Timestamp, Timestamp),
        (operation, why): (Operation, &str),
    ) -> Result<(), DeliveryError> {
        let open = outbox::of_batch(tx, self.batch.id).await?;
        let (often, alone) = (self.times(operation, &open) >= OFTEN, open.len() <= 1);
        if often && (alone || operation == Operation::LookUp) {
            tracing::warn!(system = %system.name, batch = %self.batch.key, "{why}");
            self.tell_unknown(tx, now, &open.iter().collect::<Vec<_>>()).await?;
            return self.set(tx, State::Unknown, NEXT_RUN, why).await;
        }
        if often && self.settles == Settle::Repeat {
            // Sending again has no second effect, so it has none in another company either.
            for one in &open {
                let (batch, _) = desk.form(tx, state, now, std::slice::from_ref(one), false).await?;
                outbox::move_to(tx, batch.id, &[one.id]).await?;
            }
            return self.set(tx, State::Settled, now, "unlisted: split").await;
        }
        system.pace.failure(state, now, &system.retry, &system.name, why);
        self.still_unknown(tx, now, wait, (operation, why)).await
    }

    /// How often these records were answered so, at most: what was looked up goes in a new batch each time.
    fn times(&self, operation: Operation, open: &[Item]) -> i64 {
        let count = i64::try_from(open.len()).unwrap_or(i64::MAX).max(1);
        match (operation, self.settles) {
            (Operation::LookUp, _) => self.batch.asks / count,
            (operation, _) if operation.asks() => 0,
            (_, Settle::Repeat) => self.batch.attempts,
            (_, Settle::LookUp) => open.iter().map(|item| item.attempts + 1).max().unwrap_or(0),
            _ => 0,
        }
    }
}

impl Desk<'_> {
    /// Of what may go, a record that was put back so often goes alone: it may be the one because of which others were.
    pub(super) fn apart(&self, items: &mut Vec<Item>) {
        if self.settle() == Settle::LookUp
            && let Some(at) = items.iter().position(|item| item.attempts >= OFTEN - 1)
        {
            items.truncate(at.max(1));
        }
    }
}
