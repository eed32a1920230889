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
    /// The system whose lanes an acceptance moves on, where the stream has lanes.
    pub lanes_of: Option<&'a str>,
    /// Whether mismatches are open that an acceptance would close; set when one is opened.
    pub mismatches_there: bool,
    /// Batches refused as a whole in a row before this one.
    pub malformed_before: u32,
    /// How an unknown outcome is settled.
    pub settles: Settle,
    /// An answer may speak of some records only: what it does not mention is still open.
    pub in_parts: bool,
    /// How many results of the answer were about records that are not in the batch.
    pub strangers: usize,
    /// The row that was looked up.
    pub looked_up: Option<&'a outbox::Item>,
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

/// When something is done about what only a person can settle. Late enough, and every calendar has it.
pub(super) const NEVER: Timestamp = Timestamp(253_402_214_400_000);

/// When a batch is due whose answer comes by another way: a run asks about it once, when it begins.
pub const NEXT_RUN: Timestamp = Timestamp(NEVER.0 - 1);

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
        let (pace, retry, asked) = (&system.pace, &system.retry, operation.asks());
        // Where a batch goes from here when nothing was learnt about its records.
        let same = if asked { State::Unknown } else { State::Waiting };
        let tries = self.tries(operation);
        let wait = now.plus(retry.wait_ms(tries, &self.batch.key));
        match verdict {
            Verdict::Stored { results, kept } => {
                after.understood = true;
                pace.success(state);
                let settled = self.settle(tx, now, results, kept, delivered).await?;
                if settled {
                    self.set(tx, State::Settled, now, "stored").await?;
                } else if self.in_parts {
                    let why = match self.strangers {
                        0 => "mới có một phần kết quả / results of a part so far".to_owned(),
                        others => {
                            format!("{others} dòng kết quả không thuộc gói này / results of records that are not in it")
                        }
                    };
                    self.set(tx, State::Unknown, NEXT_RUN, &why).await?;
                } else {
                    self.unknown(tx, now, wait, "some results missing or at odds").await?;
                }
            }
            Verdict::Whole(whole) => {
                if let Some(message) = self.whole(tx, desk, now, whole, delivered).await? {
                    after.malformed = true;
                    self.refused_as_whole(tx, (desk, system), state, (now, wait), message, delivered).await?;
                } else {
                    after.understood = true;
                    pace.success(state);
                }
            }
            Verdict::LookedUp(found) => {
                after.understood = true;
                pace.success(state);
                self.found(tx, desk, now, found, delivered).await?;
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
            Verdict::Pending { message } => {
                after.understood = true;
                pace.success(state);
                if !message.is_empty() {
                    tracing::warn!(system = %system.name, batch = %self.batch.key, "{message}");
                    state.alarm.clone_from(&message);
                }
                self.set(tx, State::Unknown, NEXT_RUN, &message).await?;
            }
            Verdict::Malformed { message } => {
                after.malformed = true;
                self.refused_as_whole(tx, (desk, system), state, (now, wait), message, delivered).await?;
            }
            Verdict::TokenInvalid => {
                after.token_dead = true;
                // The first time a new token mends it at once; a fresh token that is refused too waits.
                let first = if asked { self.batch.asks } else { self.batch.attempts } <= 1;
                let next = if first { now } else { wait };
                if !first {
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
            Verdict::Unlisted { why } => {
                self.unlisted(tx, (desk, system), state, (now, wait), (operation, &why)).await?;
            }
            Verdict::Unknown { why } => {
                pace.failure(state, now, retry, &system.name, &why);
                self.still_unknown(tx, now, wait, (operation, &why)).await?;
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
        let wait = now.plus(system.retry.wait_ms(self.tries(operation), &self.batch.key));
        let why = error.to_string();
        system.pace.failure(state, now, &system.retry, &system.name, &why);
        match error {
            WireError::NotSent { .. } if !operation.asks() => self.set(tx, State::Waiting, wait, &why).await,
            _ => self.unknown(tx, now, wait, &why).await,
        }
    }

    /// How often the same was tried before, all records of a look-up together counted as one.
    fn tries(&self, operation: Operation) -> u64 {
        let times = match operation {
            Operation::LookUp => (self.batch.asks - 1) / self.batch.records.max(1) + 1,
            operation if operation.asks() => self.batch.asks,
            _ => self.batch.attempts,
        };
        u64::try_from(times).unwrap_or(1).max(1) - 1
    }

    /// An answer after which nobody knows: settled as the profile says, and told to a person where it was to a question.
    pub(super) async fn still_unknown(
        &mut self,
        tx: &mut Tx,
        now: Timestamp,
        next: Timestamp,
        (operation, why): (Operation, &str),
    ) -> Result<(), DeliveryError> {
        self.unknown(tx, now, next, why).await?;
        if operation.asks() && self.tries(operation) >= 4 {
            let open = outbox::rows_of_batch(tx, self.batch.id, false).await?;
            self.tell_unknown(tx, now, &open.iter().collect::<Vec<_>>()).await?;
        }
        Ok(())
    }

    /// Nobody knows what became of the batch. The profile says how that is settled: by asking, by looking up, by
    /// saying the same again where that replaces, or by a person.
    pub(super) async fn unknown(
        &mut self,
        tx: &mut Tx,
        now: Timestamp,
        next: Timestamp,
        why: &str,
    ) -> Result<(), DeliveryError> {
        match self.settles {
            Settle::Repeat => self.set(tx, State::Waiting, next, why).await,
            Settle::Ask | Settle::LookUp => self.set(tx, State::Unknown, next, why).await,
            Settle::Person => {
                let open = outbox::rows_of_batch(tx, self.batch.id, false).await?;
                self.tell_unknown(tx, now, &open.iter().collect::<Vec<_>>()).await?;
                self.set(tx, State::Unknown, NEVER, why).await
            }
        }
    }

    pub(super) async fn set(&self, tx: &mut Tx, state: State, next: Timestamp, why: &str) -> Result<(), DeliveryError> {
        let why: String = why.chars().take(200).collect();
        Ok(batch::set(tx, self.batch.id, Move { state, next, why: &why, attempt: false, ask: false }).await?)
    }

    /// Nothing of the batch was stored, and nobody knows because of which record: split, unless it is every batch.
    async fn refused_as_whole(
        &mut self,
        tx: &mut Tx,
        (desk, system): (&Desk<'_>, &System),
        state: &mut SystemState,
        (now, wait): (Timestamp, Timestamp),
        message: String,
        delivered: &mut Delivered,
    ) -> Result<(), DeliveryError> {
        if self.malformed_before < MALFORMED_IN_A_ROW {
            return self.split(tx, desk, state, now, message, delivered).await;
        }
        system.pace.failure(state, now, &system.retry, &system.name, "every batch is refused as malformed");
        "every batch is refused as malformed".clone_into(&mut state.alarm);
        self.set(tx, State::Waiting, wait, "malformed, like all before").await
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
