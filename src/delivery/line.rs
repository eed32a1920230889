//! One question at a time to a system, for those who ask it and do not deliver: pulls, fetches, comparisons.
//!
//! A question has no effect there, so what a crash leaves open needs no settling: it is asked again. All the same each
//! attempt stands in the exchange log before it goes out, under the pace that is shared by all who speak to the system.

use std::convert::Infallible;

use tokio_util::sync::CancellationToken;

use super::System;
use crate::model::Clock;
use crate::national::{Operation, PullVerdict, Reply, Sink, TokenVerdict, Wait, WireError, WireRequest};
use crate::store::leases::{self, Lease};
use crate::store::{Store, StoreError, Tx, system};

/// What an answer means for the question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged<T> {
    /// It is answered.
    Done(T),
    /// The token is not valid: a new one, then again.
    Token,
    /// Too busy: again later, at the earliest when the system said.
    Busy(Option<Wait>),
    /// Refused for good.
    Refused {
        /// The system's code.
        code: String,
        /// Its words; may be personal data.
        message: String,
    },
    /// Nobody knows what it says: again later.
    Unreadable {
        /// What came, without personal data.
        why: String,
    },
}

impl<T> Judged<T> {
    fn done(self) -> Result<T, Judged<Infallible>> {
        match self {
            Self::Done(done) => Ok(done),
            Self::Token => Err(Judged::Token),
            Self::Busy(wait) => Err(Judged::Busy(wait)),
            Self::Refused { code, message } => Err(Judged::Refused { code, message }),
            Self::Unreadable { why } => Err(Judged::Unreadable { why }),
        }
    }
}

impl<T> From<Result<T, PullVerdict>> for Judged<T> {
    fn from(read: Result<T, PullVerdict>) -> Self {
        match read {
            Ok(done) => Self::Done(done),
            Err(PullVerdict::Token) => Self::Token,
            Err(PullVerdict::Busy) => Self::Busy(None),
            Err(PullVerdict::Wait(wait)) => Self::Busy(wait),
            Err(PullVerdict::Refused { code, message }) => Self::Refused { code, message },
            Err(PullVerdict::Unreadable { why }) => Self::Unreadable { why },
        }
    }
}

/// Why a question has no answer. Every attempt is closed in the log by then.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The store failed: nothing may be asked that cannot be written down first.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The system cannot be reached within our patience, or its windows are closed for longer.
    #[error("hệ thống chưa trả lời được trong thời gian chờ: {why} / the system could not be reached: {why}")]
    Unreached {
        /// What came last.
        why: String,
    },
    /// We were asked to stop.
    #[error("đã dừng theo yêu cầu / stopped as asked")]
    Stopped,
    /// The answer is longer than is allowed: ask for less.
    #[error("câu trả lời dài quá {limit} byte / the answer is longer than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The system refuses the question for good.
    #[error("hệ thống từ chối với mã {code} / the system refuses with code {code}")]
    Refused {
        /// Its code.
        code: String,
        /// Its words; may be personal data, so they are not in the error's own text.
        message: String,
    },
    /// So many attempts brought nothing; the system itself answers others.
    #[error("đã thử đủ số lần mà chưa được: {why} / tried often enough: {why}")]
    GaveUp {
        /// What came last.
        why: String,
    },
    /// A download broke after its sink had taken bytes: ask for the rest.
    #[error("tải về bị đứt giữa chừng: {why} / the download broke: {why}")]
    Broken {
        /// What happened.
        why: String,
    },
    /// The sink does not take what comes.
    #[error("{why}")]
    Declined {
        /// Why.
        why: String,
    },
    /// The system does not take our credentials: a person must look.
    #[error(transparent)]
    Credentials(TokenVerdict),
}

/// A question that was answered and whose attempt is still open in the log: [`Line::close`] closes it in the transaction
/// that also stores what the answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an answered question is to be closed in the log"]
pub struct Opened {
    /// Tells which entries of the log belong to it.
    pub exchange_id: String,
    pub(super) operation: &'static str,
    pub(super) about: String,
    pub(super) status: Option<u16>,
    pub(super) bytes: usize,
    pub(super) hash: Vec<u8>,
}

/// What an attempt came to, besides its end.
pub(super) enum Next {
    /// Again, at the earliest after so many milliseconds, which is a failure or none.
    Again { wait_ms: i64, why: String },
    /// No more.
    End(LineError),
}

/// Asks one question at a time, under a lease of the caller's.
pub struct Line<'a> {
    pub(super) store: &'a Store,
    pub(super) system: &'a System,
    pub(super) lease: &'a Lease,
    pub(super) clock: &'a dyn Clock,
    pub(super) stop: &'a CancellationToken,
    patience_ms: i64,
    most: u32,
    /// When something was answered last, by the monotonic clock.
    last_success: i64,
    /// Nothing goes out before, by the monotonic clock: the other one may jump.
    pub(super) silent_until: i64,
    /// What came last, where it was no answer.
    pub(super) why: String,
}

impl<'a> Line<'a> {
    /// A line that is patient for so long without any answer.
    pub fn new(
        store: &'a Store,
        system: &'a System,
        lease: &'a Lease,
        clock: &'a dyn Clock,
        patience_ms: i64,
        stop: &'a CancellationToken,
    ) -> Self {
        let last_success = clock.monotonic();
        let (silent_until, why, most) = (last_success, String::new(), u32::MAX);
        Self { store, system, lease, clock, stop, patience_ms, most, last_success, silent_until, why }
    }

    /// At most so many attempts that bring nothing at one question; then [`LineError::GaveUp`]. Being told to wait is
    /// none, nor is a token that ran out.
    #[must_use]
    pub fn at_most(mut self, attempts: u32) -> Self {
        self.most = attempts.max(1);
        self
    }

    /// Asks until there is an answer that is done. `about` stands in the log: no personal data.
    pub async fn ask<T>(
        &mut self,
        operation: Operation,
        about: &str,
        request: &WireRequest,
        judge: &(dyn Fn(&Reply) -> Judged<T> + Sync),
    ) -> Result<(T, Opened), LineError> {
        let mut tries = Tries::default();
        loop {
            let pass = self.pass(operation.word(), about, &request.body).await?;
            let (mut opened, pass, flight) = (pass.opened, pass.pass, pass.flight);
            let exchange = self.system.transport.exchange(request.clone().authorized(&pass));
            let result = self.carry(exchange).await?;
            drop(flight);
            let next = match result {
                Ok(reply) => {
                    opened.answered(&reply);
                    match judge(&reply).done() {
                        Ok(done) => {
                            self.answered();
                            return Ok((done, opened));
                        }
                        Err(other) => self.judged(&opened, other, pass.generation, &mut tries).await?,
                    }
                }
                Err(error) => self.lost(&opened, &error, &mut tries).await?,
            };
            self.wait_or_end(next, &tries)?;
        }
    }

    /// Fetches a file into a sink. Attempts are repeated until the sink has taken something: then the caller knows from
    /// where to go on, and asks anew.
    pub async fn download(
        &mut self,
        about: &str,
        request: &WireRequest,
        sink: &mut dyn Sink,
        judge: &(dyn Fn(&Reply) -> Judged<()> + Sync),
    ) -> Result<(Reply, Opened), LineError> {
        let operation = Operation::Fetch.word();
        let mut tries = Tries::default();
        let mut counted = Counted { sink, begun: false };
        loop {
            let pass = self.pass(operation, about, &request.body).await?;
            let (mut opened, pass, flight) = (pass.opened, pass.pass, pass.flight);
            let stop = self.stop;
            let fetch = self.system.transport.download(request.clone().authorized(&pass), &mut counted);
            let result = tokio::select! {
                result = self.carry(fetch) => Some(result?),
                () = stop.cancelled() => None,
            };
            drop(flight);
            let next = match result {
                None => {
                    self.note(&opened, "stopped", |_, _| {}).await?;
                    return Err(LineError::Stopped);
                }
                Some(Ok(reply)) => {
                    opened.answered(&reply);
                    match judge(&reply).done() {
                        Ok(()) => {
                            self.answered();
                            return Ok((reply, opened));
                        }
                        Err(other) => {
                            // Whoever says what is wrong with a file is there; the attempts at it are bounded.
                            if self.most < u32::MAX && !matches!(other, Judged::Busy(_)) {
                                self.last_success = self.clock.monotonic();
                            }
                            self.judged(&opened, other, pass.generation, &mut tries).await?
                        }
                    }
                }
                Some(Err(error)) => match self.lost(&opened, &error, &mut tries).await? {
                    Next::Again { why, .. } if counted.begun => return Err(LineError::Broken { why }),
                    next => next,
                },
            };
            self.wait_or_end(next, &tries)?;
        }
    }

    /// Closes an answered question in the caller's transaction, which fails where the lease was lost.
    pub async fn close(&self, tx: &mut Tx, opened: &Opened, verdict: &str, records: usize) -> Result<(), StoreError> {
        let now = self.clock.now();
        leases::renew(tx, self.lease, now).await?;
        self.log(tx, now, opened, ("closed", verdict), records).await?;
        let mut state = system::read(tx, &self.system.name).await?;
        self.system.pace.success(&mut state);
        system::write(tx, &self.system.name, &state).await
    }

    pub(super) fn answered(&mut self) {
        self.last_success = self.clock.monotonic();
        self.why.clear();
    }

    /// Whether waiting so long would be more than our patience.
    pub(super) fn patient(&self, waiting_ms: i64, gate: &str) -> Result<(), LineError> {
        let without = self.clock.monotonic() - self.last_success;
        if without.saturating_add(waiting_ms) > self.patience_ms {
            let why = if self.why.is_empty() { gate.to_owned() } else { self.why.clone() };
            return Err(LineError::Unreached { why });
        }
        Ok(())
    }

    /// Waiting for others of our own is no failure of the system: patience begins anew.
    pub(super) fn waits_for_others(&mut self) {
        self.last_success = self.clock.monotonic();
    }

    fn wait_or_end(&mut self, next: Next, tries: &Tries) -> Result<(), LineError> {
        match next {
            Next::End(error) => Err(error),
            Next::Again { why, .. } if tries.failed >= self.most => Err(LineError::GaveUp { why }),
            Next::Again { wait_ms, why } => {
                self.why = why;
                self.silent_until = self.silent_until.max(self.clock.monotonic().saturating_add(wait_ms));
                Ok(())
            }
        }
    }
}

/// What was tried at one question.
#[derive(Debug, Default)]
pub(super) struct Tries {
    /// Attempts that brought nothing.
    pub failed: u32,
    /// Tokens that were refused in a row.
    pub tokens: u32,
    /// Times that it was too busy, in a row.
    pub busy: u32,
}

/// Whether a sink has taken something.
struct Counted<'s> {
    sink: &'s mut dyn Sink,
    begun: bool,
}

impl Sink for Counted<'_> {
    fn begin(&mut self, head: &crate::national::Head) -> Result<(), crate::national::Declined> {
        self.begun = true;
        self.sink.begin(head)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), crate::national::Declined> {
        self.sink.take(bytes)
    }
}

impl Opened {
    fn answered(&mut self, reply: &Reply) {
        use sha2::{Digest as _, Sha256};
        (self.status, self.bytes) = (Some(reply.status), reply.body.len());
        self.hash = Sha256::digest(&reply.body).to_vec();
    }
}

/// What the log says of an attempt without an answer.
pub(super) fn lost_word(error: &WireError) -> &'static str {
    match error {
        WireError::NotSent { .. } => "not-sent",
        WireError::TooLarge { .. } => "too-large",
        WireError::Declined { .. } => "declined",
        WireError::Unknown { .. } => "unknown",
    }
}
