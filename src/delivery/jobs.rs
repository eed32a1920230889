//! Forms batches, and chooses what is due: questions about unknown outcomes first, then what surely was not stored,
//! then what is new.

use sha2::{Digest, Sha256};

use super::{DeliveryError, System};
use crate::model::Timestamp;
use crate::national::{Item as WireItem, Operation, WireRequest};
use crate::store::batch::{Batch, Draft, Move, State};
use crate::store::system::SystemState;
use crate::store::{Tx, batch, ledger, mismatch, outbox};

/// Something that goes over the wire.
#[derive(Debug)]
pub struct Job {
    /// Send the batch, or ask about it.
    pub operation: Operation,
    /// The batch, as it stands once the job is opened.
    pub batch: Batch,
    /// What goes out, without credentials.
    pub request: WireRequest,
    /// Its records' rows, for a batch that is sent; their payloads are not kept.
    pub items: Vec<outbox::Item>,
}

/// Where batches come from and go to.
pub(super) struct Desk<'a> {
    pub system: &'a System,
    pub stream: i64,
    pub entity: &'a str,
}

impl Desk<'_> {
    /// The bytes of a batch: the same for the same rows, key and time of forming.
    fn bytes(&self, key: &str, sent_at: &str, items: &[outbox::Item]) -> Vec<u8> {
        let profile = &self.system.profile;
        let versions: Vec<String> = items.iter().map(|i| i.version.to_string()).collect();
        let wire = items.iter().zip(&versions).map(|(item, version)| WireItem {
            reference: &item.key,
            version,
            action: item.action,
            canonical: &item.payload,
        });
        profile.write_batch(&self.system.province, key, sent_at, wire)
    }

    fn request(&self, operation: Operation, body: Vec<u8>) -> Result<WireRequest, DeliveryError> {
        self.system
            .profile
            .request(self.entity, operation, body)
            .ok_or_else(|| DeliveryError::NoCall { entity: self.entity.to_owned(), operation: operation.word() })
    }

    /// The next time of forming: the later of the clock and the last one used.
    fn sent_at(&self, state: &mut SystemState, now: Timestamp) -> String {
        let at = self.system.profile.wire_time(now);
        if at > state.last_sent_at {
            state.last_sent_at = at;
        }
        state.last_sent_at.clone()
    }

    /// Writes a batch of these rows down under a new key; `open` when its first attempt begins in this transaction.
    pub async fn form(
        &self,
        tx: &mut Tx,
        state: &mut SystemState,
        now: Timestamp,
        items: &[outbox::Item],
        open: bool,
    ) -> Result<(Batch, Vec<u8>), DeliveryError> {
        let key = uuid::Uuid::now_v7().to_string();
        let sent_at = self.sent_at(state, now);
        let body = self.bytes(&key, &sent_at, items);
        let hash = Sha256::digest(&body);
        let state = if open { State::Open } else { State::Waiting };
        let draft = Draft {
            stream: self.stream,
            system: &self.system.name,
            key: &key,
            sent_at: &sent_at,
            state,
            next: now,
            body_hash: &hash,
            body_bytes: body.len(),
            records: items.len(),
        };
        let id = batch::add(tx, &draft).await?;
        let batch = Batch {
            id,
            stream: self.stream,
            key,
            sent_at,
            state,
            attempts: i64::from(open),
            asks: 0,
            next: now,
            body_hash: hash.to_vec(),
            records: i64::try_from(items.len()).unwrap_or(i64::MAX),
        };
        Ok((batch, body))
    }

    /// Takes what is ready into a new batch whose first attempt begins. `None` where nothing is ready, or too little
    /// while more is still being read.
    pub async fn new_batch(
        &self,
        tx: &mut Tx,
        state: &mut SystemState,
        now: Timestamp,
        full_only: bool,
    ) -> Result<Option<Job>, DeliveryError> {
        let limits = self.system.profile.limits();
        let want = i64::try_from(limits.records).unwrap_or(i64::MAX);
        let mut after = 0;
        let mut items: Vec<outbox::Item> = Vec::new();
        loop {
            let next = outbox::next(tx, self.stream, after, now, want).await?;
            self.withdraw(tx, now, &next.needless).await?;
            let more = next.after != after;
            items.extend(next.items);
            after = next.after;
            if items.len() >= limits.records || !more {
                break;
            }
        }
        items.truncate(limits.records);
        if items.is_empty() || (full_only && items.len() < limits.records) {
            return Ok(None);
        }
        self.cut_to_size(&mut items)?;
        let (batch, body) = self.form(tx, state, now, &items, true).await?;
        let ids: Vec<i64> = items.iter().map(|i| i.id).collect();
        outbox::take(tx, batch.id, &ids).await?;
        let request = self.request(Operation::Write, body)?;
        Ok(Some(Job { operation: Operation::Write, batch, request, items: without_payloads(items) }))
    }

    /// Takes back what became needless: the nation has what it should, so what it refused meanwhile is over too.
    async fn withdraw(&self, tx: &mut Tx, now: Timestamp, needless: &[(i64, String)]) -> Result<(), DeliveryError> {
        let ids: Vec<i64> = needless.iter().map(|(id, _)| *id).collect();
        let keys: Vec<&str> = needless.iter().map(|(_, key)| key.as_str()).collect();
        outbox::retire(tx, &ids, "withdrawn").await?;
        mismatch::close(tx, self.stream, "refused-there", &keys, now).await?;
        Ok(ledger::forget_refusals(tx, self.stream, &keys).await?)
    }

    /// Leaves as many rows as fit into one batch by bytes.
    fn cut_to_size(&self, items: &mut Vec<outbox::Item>) -> Result<(), DeliveryError> {
        let profile = &self.system.profile;
        let limit = profile.limits().batch_bytes;
        // Keys and times have a fixed length, so any will do to measure the envelope.
        let mut size = profile.envelope_bytes(&self.system.province, &uuid::Uuid::nil().to_string(), "20000101000000");
        let mut fit = 0;
        for item in items.iter() {
            let version = item.version.to_string();
            let wire =
                WireItem { reference: &item.key, version: &version, action: item.action, canonical: &item.payload };
            size += profile.item_bytes(&wire) + usize::from(fit > 0);
            if size > limit {
                break;
            }
            fit += 1;
        }
        if fit == 0 {
            return Err(DeliveryError::TooLarge { limit });
        }
        items.truncate(fit);
        Ok(())
    }

    /// Opens what is due for an unsettled batch. `None` when its bytes can no longer be made (the profile changed):
    /// its rows, which surely were not stored, are put back to go under a new key.
    pub async fn again(&self, tx: &mut Tx, now: Timestamp, batch: &Batch) -> Result<Option<Job>, DeliveryError> {
        let mut batch = batch.clone();
        if batch.state == State::Unknown {
            let to = Move { state: State::Unknown, next: now, why: "asking", attempt: false, ask: true };
            batch::set(tx, batch.id, to).await?;
            batch.asks += 1;
            let request = self.request(Operation::Ask, self.system.profile.ask(&batch.key))?;
            return Ok(Some(Job { operation: Operation::Ask, batch, request, items: Vec::new() }));
        }
        let items = outbox::of_batch(tx, batch.id).await?;
        let body = self.bytes(&batch.key, &batch.sent_at, &items);
        if Sha256::digest(&body).as_slice() != batch.body_hash {
            for item in &items {
                outbox::put_back(tx, self.stream, item, now).await?;
            }
            let to = Move { state: State::Settled, next: now, why: "profile changed", attempt: false, ask: false };
            batch::set(tx, batch.id, to).await?;
            return Ok(None);
        }
        let to = Move { state: State::Open, next: now, why: "", attempt: true, ask: false };
        batch::set(tx, batch.id, to).await?;
        batch.state = State::Open;
        batch.attempts += 1;
        let request = self.request(Operation::Write, body)?;
        Ok(Some(Job { operation: Operation::Write, batch, request, items: without_payloads(items) }))
    }
}

fn without_payloads(mut items: Vec<outbox::Item>) -> Vec<outbox::Item> {
    for item in &mut items {
        item.payload = String::new();
    }
    items
}
