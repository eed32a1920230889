//! What came back, settled: the exchange is closed and its answer applied in one transaction.

use sha2::{Digest, Sha256};

use super::DeliveryError;
use super::courier::{Courier, Landed, Memory, What};
use super::landing::{Landing, MALFORMED_IN_A_ROW};
use crate::model::Timestamp;
use crate::national::{Operation, Reply, TokenVerdict, WireError};
use crate::store::Tx;
use crate::store::system::SystemState;

impl Courier<'_> {
    /// Closes the exchange and does what its answer asks for.
    pub(super) async fn settle_one(
        &self,
        tx: &mut Tx,
        landed: Landed,
        state: &mut SystemState,
        now: Timestamp,
        memory: &mut Memory,
    ) -> Result<(), DeliveryError> {
        let id = (landed.exchange_id.as_str(), "closed");
        let (job, generation, result) = match landed.what {
            What::Token(outcome) => {
                memory.token_underway = false;
                return self.settle_token(tx, id, outcome, state, now, memory).await;
            }
            What::Batch { job, generation, result } => (job, generation, result),
        };
        memory.in_flight.remove(&job.batch.id);
        let what = (job.operation.word(), job.batch.key.as_str(), job.items.len());
        let mut landing = Landing {
            batch: &job.batch,
            stream: self.stream,
            run: self.run,
            retry: &self.system.retry,
            lanes_of: self.order.lanes.is_some().then_some(self.system.name.as_str()),
            mismatches_there: memory.mismatches_there,
            malformed_before: memory.malformed,
            settles: self.desk().settle(),
            in_parts: self.system.profile.answers_in_parts(),
            strangers: 0,
            looked_up: job.items.first().filter(|_| job.operation == Operation::LookUp),
        };
        match result {
            Err(error) => {
                let verdict = format!(
                    "{}: {error}",
                    if matches!(error, WireError::NotSent { .. }) { "not-sent" } else { "unknown" }
                );
                self.log(tx, now, id, what, (0, &[]), (None, &verdict)).await?;
                landing.lost(tx, self.system, state, now, (job.operation, &error)).await?;
            }
            Ok(reply) => {
                let verdict = self.desk().judge(&job, &reply);
                let hash = Sha256::digest(&reply.body);
                self.log(tx, now, id, what, (reply.body.len(), &hash), (Some(reply.status), verdict.word())).await?;
                let desk = self.desk();
                let after = landing
                    .apply(tx, (&desk, self.system), state, now, (job.operation, verdict), &mut memory.delivered)
                    .await?;
                if let Some(silence) = after.silence_ms {
                    memory.silent_until = memory.silent_until.max(self.clock.monotonic() + silence);
                }
                if after.token_dead {
                    self.system.session.invalidate(generation);
                }
                memory.malformed = if after.malformed { memory.malformed + 1 } else { 0 };
                // A system that refuses everything is heard, but it is no success.
                if after.understood || (after.malformed && memory.malformed < MALFORMED_IN_A_ROW) {
                    memory.last_success = self.clock.monotonic();
                }
            }
        }
        memory.mismatches_there |= landing.mismatches_there;
        tracing::debug!(batch = %job.batch.key, took_ms = now.0 - landed.sent.0, "trao đổi đã khép / exchange closed");
        Ok(())
    }

    async fn settle_token(
        &self,
        tx: &mut Tx,
        id: (&str, &'static str),
        outcome: Option<(Result<Reply, WireError>, Result<(), TokenVerdict>)>,
        state: &mut SystemState,
        now: Timestamp,
        memory: &mut Memory,
    ) -> Result<(), DeliveryError> {
        let what = ("token", "", 0);
        let (pace, retry, name) = (&self.system.pace, &self.system.retry, &self.system.name);
        match outcome {
            None => self.log(tx, now, id, what, (0, &[]), (None, "not needed")).await,
            Some((Err(error), _)) => {
                self.log(tx, now, id, what, (0, &[]), (None, "no answer")).await?;
                pace.failure(state, now, retry, name, &error.to_string());
                Self::rest(self, state, now, memory);
                Ok(())
            }
            Some((Ok(reply), taken)) => {
                let verdict = if taken.is_ok() { "token" } else { "no token" };
                self.log(tx, now, id, what, (reply.body.len(), &[]), (Some(reply.status), verdict)).await?;
                match taken {
                    Ok(()) => {}
                    Err(TokenVerdict::Busy { wait: Some(wait), .. }) => {
                        pace.silence(state, now, wait.until(now));
                        let silence = state.not_before.0.saturating_sub(now.0);
                        memory.silent_until = memory.silent_until.max(self.clock.monotonic() + silence);
                    }
                    Err(verdict) => {
                        tracing::warn!(system = %name, "{verdict}");
                        pace.failure(state, now, retry, name, &verdict.to_string());
                        if matches!(verdict, TokenVerdict::Refused(_)) {
                            state.alarm = verdict.to_string();
                        }
                        Self::rest(self, state, now, memory);
                    }
                }
                Ok(())
            }
        }
    }

    /// Without a token nothing can go: wait as the list says, before the breaker opens too.
    fn rest(&self, state: &mut SystemState, now: Timestamp, memory: &mut Memory) {
        let failures = u64::try_from(state.failures).unwrap_or(1).max(1) - 1;
        let wait = self.system.retry.wait_ms(failures, &self.system.name);
        state.open_until = state.open_until.max(now.plus(wait));
        memory.wake = memory.wake.min(state.open_until);
    }
}
