//! What an answer, or its absence, means for the batch it is about.

use super::jobs::Desk;
use super::{Delivered, DeliveryError, System};
use crate::model::Timestamp;
use crate::national::{Operation, Settle, Verdict, Wait, WireError};
use crate::outbox::Retry;
use crate::store::batch::{Batch, Move, State};
use crate::store::system::SystemState;
use crate::store::{Tx, batch, outbox};

/// A batch whose request came back, one way or the other.
pub(super) struct Landing<'a> {
    pub batch: &'a Batch,
    pub stream: i64,
    pub run: i64,
    pub retry: &'a Retry,
    /// Whether mismatches are open that an acceptance would close; set when one is opened.
    pub mismatches_there: bool,
    /// Batches refused as a whole in a row before this one.
    pub malformed_before: u32,
}

/// What the courier must remember of a landing.
#[derive(Debug, Default)]
pub(super) struct Aftermath {
    /// Nothing at all may go out for so many milliseconds, by the monotonic clock.
    pub silence_ms: Option<i64>,
    /// The token that was used is dead.
    pub token_dead: bool,
    /// The batch was refused as a whole.
    pub malformed: bool,
    /// The nation answered in its own form.
    pub understood: bool,
}

/// Batches refused as a whole in a row after which it is not the records' fault: the system is left alone, and
/// nothing is parked. One poison record in a batch of 500 makes at most ten.
pub(super) const MALFORMED_IN_A_ROW: u32 = 24;

impl Landing<'_> {
    /// Applies a verdict, in the transaction that also closes the exchange.
    pub(super) async fn apply(
        &mut self,
        tx: &mut Tx,
        (desk, system): (&Desk<'_>, &System),
        state: &mut SystemState,
        now: Timestamp,
        (operation, verdict): (Operation, Verdict),
        delivered: &mut Delivered,
    ) -> Result<Aftermath, DeliveryError> {
        let mut after = Aftermath::default();
        let (pace, retry, asked) = (&system.pace, &system.retry, operation == Operation::Ask);
        // Where a batch goes from here when nothing was learnt about its records.
        let same = if asked { State::Unknown } else { State::Waiting };
        let tries = u64::try_from(if asked { self.batch.asks } else { self.batch.attempts }).unwrap_or(1).max(1) - 1;
        let wait = now.plus(retry.wait_ms(tries, &self.batch.key));
        match verdict {
            Verdict::Stored { results, kept } => {
                after.understood = true;
                pace.success(state);
                let settled = self.settle(tx, now, results, kept, delivered).await?;
                let (next, why) = if settled { (now, "stored") } else { (wait, "some results missing or at odds") };
                self.set(tx, if settled { State::Settled } else { Self::unknown(system) }, next, why).await?;
            }
            Verdict::NeverSeen => {
                after.understood = true;
                pace.success(state);
                let open = outbox::rows_of_batch(tx, self.batch.id, false).await?;
                self.outcome_known(tx, now, &open.iter().collect::<Vec<_>>()).await?;
                if open.len() == usize::try_from(self.batch.records).unwrap_or(0) {
                    self.set(tx, State::Waiting, now, "never seen").await?;
                } else {
                    // Part of it was confirmed before: its bytes can no longer be the same, so the rest goes anew.
                    for item in &open {
                        outbox::put_back(tx, self.stream, item, now).await?;
                    }
                    self.set(tx, State::Settled, now, "never seen, in part").await?;
                }
            }
            Verdict::Malformed { message } => {
                after.malformed = true;
                if self.malformed_before >= MALFORMED_IN_A_ROW {
                    pace.failure(state, now, retry, &system.name, "every batch is refused as malformed");
                    "every batch is refused as malformed".clone_into(&mut state.alarm);
                    self.set(tx, State::Waiting, wait, "malformed, like all before").await?;
                } else {
                    self.split(tx, desk, state, now, message, delivered).await?;
                }
            }
            Verdict::TokenInvalid => {
                after.token_dead = true;
                // The first time a new token mends it at once; a fresh token that is refused too waits.
                let next = if tries == 0 { now } else { wait };
                if tries > 0 {
                    pace.failure(state, now, retry, &system.name, "token refused");
                }
                self.set(tx, same, next, "token").await?;
            }
            Verdict::Busy { wait: told } => {
                let until = told.map_or(wait, |w| w.until(now));
                pace.silence(state, now, until);
                after.silence_ms = Some(state.not_before.0.saturating_sub(now.0));
                if let Some(Wait::For(asked_for)) = told {
                    tracing::warn!(system = %system.name, seconds = asked_for.as_secs(),
                        "hệ thống yêu cầu chờ / the system asked us to wait");
                }
                self.set(tx, same, state.not_before, "busy").await?;
            }
            Verdict::NotStored { why } => {
                pace.failure(state, now, retry, &system.name, &why);
                self.set(tx, same, wait, &why).await?;
            }
            Verdict::Unknown { why } => {
                pace.failure(state, now, retry, &system.name, &why);
                self.set(tx, Self::unknown(system), wait, &why).await?;
                if asked && self.batch.asks >= 5 {
                    let open = outbox::rows_of_batch(tx, self.batch.id, false).await?;
                    self.tell_unknown(tx, now, &open.iter().collect::<Vec<_>>()).await?;
                }
            }
        }
        Ok(after)
    }

    /// The request did not reach the nation, or nobody knows.
    pub(super) async fn lost(
        &mut self,
        tx: &mut Tx,
        system: &System,
        state: &mut SystemState,
        now: Timestamp,
        (operation, error): (Operation, &WireError),
    ) -> Result<(), DeliveryError> {
        let asked = operation == Operation::Ask;
        let tries = u64::try_from(if asked { self.batch.asks } else { self.batch.attempts }).unwrap_or(1).max(1) - 1;
        let wait = now.plus(system.retry.wait_ms(tries, &self.batch.key));
        let why = error.to_string();
        system.pace.failure(state, now, &system.retry, &system.name, &why);
        let to = match error {
            WireError::NotSent { .. } if !asked => State::Waiting,
            _ => Self::unknown(system),
        };
        self.set(tx, to, wait, &why).await?;
        Ok(())
    }

    /// How an unknown outcome is settled, by the profile: by asking, or by saying the same again where that replaces.
    fn unknown(system: &System) -> State {
        match system.profile.settle() {
            Settle::Repeat => State::Waiting,
            _ => State::Unknown,
        }
    }

    async fn set(&self, tx: &mut Tx, state: State, next: Timestamp, why: &str) -> Result<(), DeliveryError> {
        let why: String = why.chars().take(200).collect();
        Ok(batch::set(tx, self.batch.id, Move { state, next, why: &why, attempt: false, ask: false }).await?)
    }

    /// Splits a batch that was refused as a whole: halves under new keys, until the poison record stands alone.
    async fn split(
        &mut self,
        tx: &mut Tx,
        desk: &Desk<'_>,
        state: &mut SystemState,
        now: Timestamp,
        message: String,
        delivered: &mut Delivered,
    ) -> Result<(), DeliveryError> {
        let items = outbox::of_batch(tx, self.batch.id).await?;
        if let [alone] = items.as_slice() {
            self.refuse(tx, now, &[(alone, "malformed".to_owned(), message)], delivered).await?;
        } else {
            for half in items.chunks(items.len().div_ceil(2).max(1)) {
                let (batch, _) = desk.form(tx, state, now, half, false).await?;
                outbox::move_to(tx, batch.id, &half.iter().map(|i| i.id).collect::<Vec<_>>()).await?;
            }
        }
        self.set(tx, State::Settled, now, "malformed: split").await
    }
}
