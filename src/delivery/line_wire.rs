//! The attempts of a [`Line`]: admitted by the pace, opened, carried while the lease lives, and closed.

use std::convert::Infallible;
use std::sync::atomic::{AtomicI64, Ordering};

use sha2::{Digest, Sha256};

use super::Gate;
use super::line::{Judged, Line, LineError, Next, Opened, Tries, lost_word};
use super::turn::{YIELD_MS, yields};
use crate::model::Timestamp;
use crate::national::{Operation, Pass, TokenVerdict, WireError};
use crate::store::system::SystemState;
use crate::store::{StoreError, Tx, exchange, leases, system};

/// How soon a line looks again whether one of the requests on the wire has come back.
const OCCUPIED_MS: i64 = 200;

/// An attempt that may go out: it stands in the log.
pub(super) struct Admitted<'a> {
    pub opened: Opened,
    pub pass: Pass,
    pub flight: Flight<'a>,
}

/// A request on the wire, counted until this is dropped, whatever happens to it.
pub(super) struct Flight<'a>(&'a AtomicI64);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<'a> Line<'a> {
    /// Waits until something may go out, gets a token where one is needed, and opens the attempt.
    pub(super) async fn pass(
        &mut self,
        operation: &'static str,
        about: &str,
        body: &[u8],
    ) -> Result<Admitted<'a>, LineError> {
        loop {
            match self.admit(operation, about, body).await? {
                (opened, Some(pass), flight) => return Ok(Admitted { opened, pass, flight }),
                (opened, None, flight) => self.token(&opened, flight).await?,
            }
        }
    }

    /// The same without getting a token: where there is none to show, it is a request for one that is opened.
    async fn admit(
        &mut self,
        operation: &'static str,
        about: &str,
        body: &[u8],
    ) -> Result<(Opened, Option<Pass>, Flight<'a>), LineError> {
        let (system, pace) = (self.system, &self.system.pace);
        loop {
            if self.stop.is_cancelled() {
                return Err(LineError::Stopped);
            }
            let now = self.clock.now();
            let mut tx = self.store.write().await?;
            leases::renew(&mut tx, self.lease, now).await?;
            let mut state = system::read(&mut tx, &system.name).await?;
            pace.sane(&mut state, now, &system.retry);
            let Some(wait) = self.hindrance(&mut tx, &state, now).await? else {
                pace.charge(&mut state, now);
                let pass = system.session.pass(now);
                // A token request carries the secret: neither its body nor a hash of it is kept.
                let (operation, about, body) =
                    if pass.is_some() { (operation, about, body) } else { ("token", "", &[][..]) };
                let hash = if body.is_empty() { Vec::new() } else { Sha256::digest(body).to_vec() };
                let exchange_id = uuid::Uuid::now_v7().to_string();
                let about = about.to_owned();
                let mut opened = Opened { exchange_id, operation, about, status: None, bytes: body.len(), hash };
                self.log(&mut tx, now, &opened, ("opened", ""), 0).await?;
                system::write(&mut tx, &system.name, &state).await?;
                tx.commit().await?;
                (opened.bytes, opened.hash) = (0, Vec::new());
                system.in_flight.fetch_add(1, Ordering::Relaxed);
                return Ok((opened, pass, Flight(&system.in_flight)));
            };
            // The lease was renewed.
            tx.commit().await?;
            // Never longer than a part of the lease's life, which wants its sign of life.
            let pause = u64::try_from(wait.clamp(1, leases::LIFE_MS / 3)).unwrap_or(1);
            tokio::select! {
                () = self.clock.sleep(pause) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// How long nothing may go out, in milliseconds; `None` where something may.
    async fn hindrance(&mut self, tx: &mut Tx, state: &SystemState, now: Timestamp) -> Result<Option<i64>, LineError> {
        let pace = &self.system.pace;
        let silent = self.silent_until - self.clock.monotonic();
        if silent > 0 {
            self.patient(silent, "retry-after")?;
            return Ok(Some(silent));
        }
        let wait = match pace.gate(state, now) {
            Gate::Closed { until, why } => {
                let wait = until.0.saturating_sub(now.0).max(1);
                if why == "budget" {
                    self.waits_for_others();
                } else {
                    self.patient(wait, why)?;
                }
                wait
            }
            Gate::Open { parallel } if self.system.in_flight.load(Ordering::Relaxed) >= parallel => {
                self.waits_for_others();
                OCCUPIED_MS
            }
            Gate::Open { .. } if yields(tx, pace, &self.lease.name, now).await? => {
                self.waits_for_others();
                YIELD_MS
            }
            Gate::Open { .. } => return Ok(None),
        };
        Ok(Some(wait))
    }

    /// Gets a token and closes its attempt. Without one nothing can go: the gate is closed for a while then.
    async fn token(&mut self, opened: &Opened, flight: Flight<'_>) -> Result<(), LineError> {
        let (session, sent) = (&self.system.session, self.clock.now());
        let mut opened = opened.clone();
        let outcome = {
            let _alone = self.carry(session.alone()).await?;
            match session.token_request() {
                Some(request) if session.pass(sent).is_none() => {
                    let result = self.carry(self.system.transport.exchange(request)).await?;
                    let taken = result.as_ref().map_or(Ok(()), |reply| session.take(reply, sent));
                    Some((result, taken))
                }
                // Somebody else got it meanwhile.
                _ => None,
            }
        };
        drop(flight);
        let (pace, retry, name) = (&self.system.pace, &self.system.retry, self.system.name.as_str());
        let rest = |state: &mut SystemState, now: Timestamp, why: &str| {
            pace.failure(state, now, retry, name, why);
            let failures = u64::try_from(state.failures).unwrap_or(1).max(1) - 1;
            state.open_until = state.open_until.max(now.plus(retry.wait_ms(failures, name)));
        };
        let taken = match outcome {
            None => return self.note(&opened, "not needed", |_, _| {}).await,
            Some((Err(error), _)) => {
                self.why = error.to_string();
                return self.note(&opened, "no answer", |state, now| rest(state, now, &error.to_string())).await;
            }
            Some((Ok(reply), taken)) => {
                (opened.status, opened.bytes) = (Some(reply.status), reply.body.len());
                taken
            }
        };
        match taken {
            Ok(()) => self.note(&opened, "token", |_, _| {}).await,
            Err(TokenVerdict::Busy { wait: Some(wait), .. }) => {
                let now = self.clock.now();
                self.silent_until = self.silent_until.max(self.clock.monotonic() + self.obeyed(now, wait.until(now)));
                self.note(&opened, "no token", |state, now| pace.silence(state, now, wait.until(now))).await
            }
            Err(verdict) => {
                tracing::warn!(system = name, "{verdict}");
                self.why = verdict.to_string();
                let refused = matches!(verdict, TokenVerdict::Refused(_));
                let alarm = self.why.clone();
                self.note(&opened, "no token", |state, now| {
                    rest(state, now, &alarm);
                    if refused {
                        state.alarm.clone_from(&alarm);
                    }
                })
                .await?;
                if refused { Err(LineError::Credentials(verdict)) } else { Ok(()) }
            }
        }
    }

    /// Waits for what is on the wire while the lease gets its signs of life.
    pub(super) async fn carry<F: Future>(&self, future: F) -> Result<F::Output, LineError> {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                output = &mut future => return Ok(output),
                () = self.clock.sleep(u64::try_from(leases::LIFE_MS / 3).unwrap_or(1)) => {
                    let mut tx = self.store.write().await?;
                    leases::renew(&mut tx, self.lease, self.clock.now()).await?;
                    tx.commit().await?;
                }
            }
        }
    }

    /// Closes the attempt of an answer that is none, and says how to go on.
    pub(super) async fn judged(
        &self,
        opened: &Opened,
        judged: Judged<Infallible>,
        generation: u64,
        tries: &mut Tries,
    ) -> Result<Next, LineError> {
        let (pace, retry, name) = (&self.system.pace, &self.system.retry, self.system.name.as_str());
        // Whoever answers is there: that a link is dead says nothing of the system.
        let is_file = opened.operation == Operation::Fetch.word();
        let failure = |state: &mut SystemState, now: Timestamp, why: &str| {
            if !is_file {
                pace.failure(state, now, retry, name, why);
            }
        };
        match judged {
            Judged::Done(never) => match never {},
            Judged::Token => {
                self.system.session.invalidate(generation);
                tries.tokens += 1;
                let why = "token refused".to_owned();
                // The first time a new token mends it at once; a fresh one that is refused too is a failure.
                if tries.tokens == 1 {
                    self.note(opened, "token-invalid", |_, _| {}).await?;
                    return Ok(Next::Again { wait_ms: 0, why });
                }
                self.note(opened, "token-invalid", |state, now| failure(state, now, &why)).await?;
                Ok(self.again(opened, why, tries))
            }
            Judged::Busy(told) => {
                let now = self.clock.now();
                tries.busy += 1;
                let growing = now.plus(retry.wait_ms(u64::from(tries.busy - 1), &opened.about));
                let until = told.map_or(growing, |wait| wait.until(now));
                self.note(opened, "busy", |state, _| pace.silence(state, now, until)).await?;
                Ok(Next::Again { wait_ms: self.obeyed(now, until), why: "busy".to_owned() })
            }
            Judged::Refused { code, message } => {
                self.note(opened, "refused", |state, _| pace.success(state)).await?;
                Ok(Next::End(LineError::Refused { code, message }))
            }
            Judged::Unreadable { why } => {
                self.note(opened, "unreadable", |state, now| failure(state, now, &why)).await?;
                Ok(self.again(opened, why, tries))
            }
        }
    }

    /// Closes an attempt without an answer, and says how to go on.
    pub(super) async fn lost(&self, opened: &Opened, error: &WireError, tries: &mut Tries) -> Result<Next, LineError> {
        let (pace, retry, name) = (&self.system.pace, &self.system.retry, self.system.name.as_str());
        let (verdict, why) = (format!("{}: {error}", lost_word(error)), error.to_string());
        match error {
            // The system has answered; it is for the caller to ask for less.
            WireError::TooLarge { limit, .. } => {
                self.note(opened, &verdict, |state, _| pace.success(state)).await?;
                Ok(Next::End(LineError::TooLarge { limit: *limit }))
            }
            WireError::Declined { .. } => {
                self.note(opened, &verdict, |state, _| pace.success(state)).await?;
                Ok(Next::End(LineError::Declined { why }))
            }
            WireError::NotSent { .. } | WireError::Unknown { .. } => {
                self.note(opened, &verdict, |state, now| pace.failure(state, now, retry, name, &why)).await?;
                Ok(self.again(opened, why, tries))
            }
        }
    }

    fn again(&self, opened: &Opened, why: String, tries: &mut Tries) -> Next {
        let wait_ms = self.system.retry.wait_ms(u64::from(tries.failed), &opened.about);
        tries.failed += 1;
        Next::Again { wait_ms, why }
    }

    /// How long a silence is that was asked for, as far as it is obeyed.
    fn obeyed(&self, now: Timestamp, until: Timestamp) -> i64 {
        let cap = i64::try_from(self.system.pace.retry_after_cap.as_millis()).unwrap_or(i64::MAX / 4);
        until.0.saturating_sub(now.0).clamp(0, cap)
    }

    /// Closes an attempt in a transaction of its own, with what it means for the pace.
    pub(super) async fn note(
        &self,
        opened: &Opened,
        verdict: &str,
        change: impl FnOnce(&mut SystemState, Timestamp),
    ) -> Result<(), LineError> {
        let now = self.clock.now();
        let mut tx = self.store.write().await?;
        leases::renew(&mut tx, self.lease, now).await?;
        self.log(&mut tx, now, opened, ("closed", verdict), 0).await?;
        let mut state = system::read(&mut tx, &self.system.name).await?;
        change(&mut state, now);
        system::write(&mut tx, &self.system.name, &state).await?;
        Ok(tx.commit().await?)
    }

    pub(super) async fn log(
        &self,
        tx: &mut Tx,
        at: Timestamp,
        opened: &Opened,
        (entry, verdict): (&'static str, &str),
        records: usize,
    ) -> Result<(), StoreError> {
        let lane = format!("{}/{}", self.lease.name, self.lease.epoch);
        let entry = exchange::Entry {
            lane: &lane,
            exchange_id: &opened.exchange_id,
            entry,
            system: &self.system.name,
            stream: None,
            operation: opened.operation,
            batch_key: &opened.about,
            records,
            at,
            bytes: opened.bytes,
            hash: &opened.hash,
            status: opened.status,
            verdict,
        };
        exchange::append(tx, &entry).await
    }
}
