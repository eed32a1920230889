//! One round: everything that is due is given, in order, until nothing is left or the local system does not take it.

use tokio_util::sync::CancellationToken;

use super::{HandError, HandOver, Handing, Receipt, Trouble};
use crate::model::{Clock, Timestamp};
use crate::outbox::Retry;
use crate::store::handed::{self, Due};
use crate::store::leases::{self, Lease};
use crate::store::{Store, StoreError, system};

/// So many applications are looked up at once.
const PAGE: i64 = 100;
/// So many in a row without a clear answer are no longer the fault of the applications.
const IN_A_ROW: u32 = 3;
/// Nobody is left alone for longer, whatever was asked for: an hour, in milliseconds.
const LONGEST_SILENCE: i64 = 3_600_000;

/// The longest wait of an application that met nobody, in milliseconds.
const LONGEST_AFTER_DOWN: i64 = 60_000;

/// What a round came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Handed {
    /// Versions that were handed over.
    pub handed: u64,
    /// Versions that are judged and not handed over yet, those that failed among them.
    pub waiting: u64,
    /// Attempts of this round that failed.
    pub failed: u64,
    /// Why the round ended before its end, or the last failure; no personal data.
    pub why: Option<String>,
    /// The local system does not take anything now.
    pub down: bool,
}

/// Hands over what is due of an intake, at most `limit` versions, under the lease of the intake.
///
/// Each version is written down as underway before it is given, and as handed after: one that a crash leaves underway is
/// given again. A version waits for those before it of the same application. No application waits for another, but for
/// three in a row that get no clear answer, whatever that is: they end the round, and the next one begins with others.
pub async fn run(
    store: &Store,
    intake: &str,
    hand_over: &HandOver,
    lease: &Lease,
    clock: &dyn Clock,
    stop: &CancellationToken,
    limit: u64,
) -> Result<Handed, StoreError> {
    let retry = Retry::default();
    let round = Round { store, intake, hand_over, lease, clock, retry };
    let mut done = Handed::default();
    if round.is_open().await? {
        Box::pin(round.go(stop, limit, &mut done)).await?;
    } else {
        done.down = true;
        done.why = Some(format!("{}: xin chờ / asked to wait", hand_over.place()));
    }
    let mut tx = store.read().await?;
    done.waiting = handed::waiting(&mut tx, intake).await?;
    Ok(done)
}

struct Round<'a> {
    store: &'a Store,
    intake: &'a str,
    hand_over: &'a HandOver,
    lease: &'a Lease,
    clock: &'a dyn Clock,
    retry: Retry,
}

impl Round<'_> {
    async fn go(&self, stop: &CancellationToken, limit: u64, done: &mut Handed) -> Result<(), StoreError> {
        let (mut after, mut unsure) = (0, 0);
        loop {
            let page = self.page(after, PAGE).await?;
            let Some(last) = page.last().map(|due| due.application) else { return Ok(()) };
            for first in page {
                let mut next = Some(first);
                while let Some(due) = next.take() {
                    if stop.is_cancelled() || done.handed + done.failed >= limit {
                        return Ok(());
                    }
                    match self.one(&due).await? {
                        // Judged anew since it was read: the next round has it.
                        None => {}
                        Some(Ok(())) => {
                            done.handed += 1;
                            unsure = 0;
                            next = self.page(due.application - 1, 1).await?.pop();
                            next = next.filter(|next| next.application == due.application);
                        }
                        Some(Err(error)) => {
                            done.failed += 1;
                            let is_clear = !matches!(error.trouble, Trouble::Unsure | Trouble::Untaken);
                            unsure = if is_clear { 0 } else { unsure + 1 };
                            done.down = matches!(error.trouble, Trouble::Down | Trouble::Lost) || unsure >= IN_A_ROW;
                            done.why = Some(error.why);
                            if done.down {
                                return Ok(());
                            }
                        }
                    }
                }
            }
            after = last;
        }
    }

    async fn page(&self, after: i64, limit: i64) -> Result<Vec<Due>, StoreError> {
        let now = self.clock.now();
        let farthest = now.plus(self.retry.longest_ms() + LONGEST_SILENCE);
        let mut tx = self.store.read().await?;
        handed::due(&mut tx, self.intake, after, (now, farthest), limit).await
    }

    /// Gives one version and writes down what came of it; `None` where it is another one by now.
    async fn one(&self, due: &Due) -> Result<Option<Result<(), HandError>>, StoreError> {
        let mut tx = self.store.write().await?;
        leases::renew(&mut tx, self.lease, self.clock.now()).await?;
        let begun = handed::begin(&mut tx, due).await?;
        tx.commit().await?;
        if !begun {
            return Ok(None);
        }
        let key = format!("{}/{}/{}", self.intake, due.number, due.version);
        let handing = Handing { key: &key, number: &due.number, version: due.version, record: &due.record, at: due.at };
        let given = self.hand_over.give(&handing, self.clock.now()).await;
        let now = self.clock.now();
        let mut tx = self.store.write().await?;
        leases::renew(&mut tx, self.lease, now).await?;
        let result = match given {
            Ok(Receipt { text, local_number }) => {
                handed::handed(&mut tx, due, &text, local_number.as_deref(), now).await?;
                Ok(())
            }
            Err(error) => {
                let (next, silent) = self.next(due, &key, &error, now);
                let state = match error.trouble {
                    Trouble::Unsure | Trouble::Lost => "underway",
                    Trouble::Refused => "ready",
                    // Nothing more is known of an earlier attempt than before.
                    Trouble::Untaken | Trouble::Down => &due.state,
                };
                handed::failed(&mut tx, due, (state, next), &error.why).await?;
                if let Some(until) = silent {
                    let mut state = system::read(&mut tx, &self.row()).await?;
                    state.not_before = until;
                    system::write(&mut tx, &self.row(), &state).await?;
                }
                Err(error)
            }
        };
        tx.commit().await?;
        Ok(Some(result))
    }

    /// When it is tried again, and until when the local system wants to be left alone. The waits grow, so that one that
    /// always fails comes after others, even where it is always told to wait. That nobody is there is no matter of this
    /// application, so it waits for less.
    fn next(&self, due: &Due, key: &str, error: &HandError, now: Timestamp) -> (Timestamp, Option<Timestamp>) {
        let grown = self.retry.wait_ms(due.attempts.unsigned_abs(), key);
        match error.wait {
            Some(wait) => {
                let until = wait.until(now).min(now.plus(LONGEST_SILENCE));
                (until.plus(grown), Some(until))
            }
            None if error.trouble == Trouble::Down => (now.plus(grown.min(LONGEST_AFTER_DOWN)), None),
            None => (now.plus(grown), None),
        }
    }

    /// Whether the silence that the local system asked for is over.
    async fn is_open(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.read().await?;
        let until = system::look(&mut tx, &self.row()).await?.not_before;
        Ok(until <= now || until > now.plus(LONGEST_SILENCE))
    }

    /// Its row among the systems; no system's name has a colon before this one's.
    fn row(&self) -> String {
        format!("hand-over:{}", self.intake)
    }
}
