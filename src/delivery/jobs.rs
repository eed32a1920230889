//! Forms batches, and chooses what is due: questions about unknown outcomes first, then what surely was not stored,
//! then what is new.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::{DeliveryError, Order, System};
use crate::model::{Action, Kind, Timestamp};
use crate::national::{Body, Encoder, Frame, Item as WireItem, Operation, Purpose, Settle, WireRequest};
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
    /// Its records' rows, for a batch that is sent; their payloads are not kept. The one row that is looked up, with its own.
    pub items: Vec<outbox::Item>,
}

/// Where batches come from and go to.
pub(super) struct Desk<'a> {
    pub system: &'a System,
    pub stream: i64,
    pub entity: &'a str,
    /// The run that answers for what is decided here.
    pub run: i64,
    pub order: &'a Order<'a>,
}

impl Desk<'_> {
    pub fn encoder(&self, operation: Operation) -> Result<Encoder<'_>, DeliveryError> {
        self.system.profile.encoder(self.entity, operation).ok_or_else(|| self.no_call(operation))
    }

    pub fn no_call(&self, operation: Operation) -> DeliveryError {
        DeliveryError::NoCall { entity: self.entity.to_owned(), operation: operation.word() }
    }

    /// The bytes of a batch: the same for the same rows, key and time of forming.
    fn body(
        &self,
        operation: Operation,
        key: &str,
        sent_at: &str,
        items: &[outbox::Item],
    ) -> Result<Body, DeliveryError> {
        let versions: Vec<String> = items.iter().map(|i| i.version.to_string()).collect();
        let wire = items.iter().zip(&versions).map(|(item, version)| WireItem {
            reference: &item.key,
            version,
            action: item.action,
            canonical: &item.payload,
        });
        let frame = Frame { province: &self.system.province, batch_key: key, sent_at };
        Ok(self.encoder(operation)?.body(&frame, wire))
    }

    fn request(&self, operation: Operation, body: Body) -> Result<WireRequest, DeliveryError> {
        let request = self.system.profile.request(self.entity, operation, body);
        request.ok_or_else(|| self.no_call(operation))
    }

    /// How an unknown outcome of this entity is settled.
    pub fn settle(&self) -> Settle {
        self.system.profile.entity(self.entity).map_or(Settle::Person, |e| e.settle)
    }

    /// The call by which these rows go: where records that the system knows go by another one, the ledger says which.
    async fn operation(&self, tx: &mut Tx, items: &[outbox::Item]) -> Result<Operation, DeliveryError> {
        let known = self.known(tx, items).await?;
        let first = items.first().is_some_and(|item| known.contains(&item.key));
        Ok(if first { Operation::Update } else { Operation::Write })
    }

    /// Whether the system knows a row's record, where that makes another call.
    pub async fn is_known(&self, tx: &mut Tx, item: &outbox::Item) -> Result<bool, DeliveryError> {
        Ok(self.known(tx, std::slice::from_ref(item)).await?.contains(&item.key))
    }

    /// Which of these rows' records the system knows, where that makes another call.
    async fn known(&self, tx: &mut Tx, items: &[outbox::Item]) -> Result<HashSet<String>, DeliveryError> {
        if !self.system.profile.entity(self.entity).is_some_and(crate::national::Entity::has_update) {
            return Ok(HashSet::new());
        }
        let keys: Vec<&str> = items.iter().map(|item| item.key.as_str()).collect();
        let found = ledger::find(tx, self.stream, &keys).await?;
        Ok(found.into_iter().filter(|(_, entry)| entry.confirmed.is_some()).map(|(key, _)| key).collect())
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
    ) -> Result<(Batch, WireRequest), DeliveryError> {
        let key = uuid::Uuid::now_v7().to_string();
        let sent_at = self.sent_at(state, now);
        let operation = self.operation(tx, items).await?;
        let body = self.body(operation, &key, &sent_at, items)?;
        if body.bytes.is_empty() {
            return Err(DeliveryError::NoBody { entity: self.entity.to_owned() });
        }
        let hash = Sha256::digest(&body.bytes);
        let state = if open { State::Open } else { State::Waiting };
        let draft = Draft {
            stream: self.stream,
            system: &self.system.name,
            key: &key,
            sent_at: &sent_at,
            state,
            next: now,
            body_hash: &hash,
            body_bytes: body.bytes.len(),
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
        Ok((batch, self.request(operation, body)?))
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
        let profile = &self.system.profile;
        let limits = profile.entity(self.entity).map_or(*profile.limits(), |e| e.limits);
        let mut items = match &self.order.lanes {
            // What is still being read may go before all that is known so far.
            Some(_) if full_only => return Ok(None),
            Some(lanes) => self.lane_items(tx, lanes, now, limits.records).await?,
            None => self.items(tx, now, limits.records).await?,
        };
        if items.is_empty() || (full_only && items.len() < limits.records) {
            return Ok(None);
        }
        self.apart(&mut items);
        // A stop is never said as if it were a write.
        if !profile.can_stop(self.entity) && items.iter().any(|item| item.action == Action::Stop) {
            return Err(DeliveryError::NoStop { entity: self.entity.to_owned() });
        }
        let known = self.known(tx, &items).await?;
        let first = items.first().is_some_and(|item| known.contains(&item.key));
        items.retain(|item| known.contains(&item.key) == first);
        self.cut_to_size(&mut items, limits.batch_bytes)?;
        let (batch, request) = self.form(tx, state, now, &items, true).await?;
        let ids: Vec<i64> = items.iter().map(|i| i.id).collect();
        outbox::take(tx, batch.id, &ids).await?;
        Ok(Some(Job { operation: written(&request), batch, request, items: without_payloads(items) }))
    }

    /// What may go now of a stream without lanes, in the order in which it was staged.
    async fn items(&self, tx: &mut Tx, now: Timestamp, want: usize) -> Result<Vec<outbox::Item>, DeliveryError> {
        let limit = i64::try_from(want).unwrap_or(i64::MAX);
        let mut after = 0;
        let mut items: Vec<outbox::Item> = Vec::new();
        loop {
            let next = outbox::next(tx, self.stream, after, now, self.order.once, limit).await?;
            self.withdraw(tx, now, &next.needless).await?;
            let more = next.after != after;
            items.extend(next.items);
            after = next.after;
            if items.len() >= want || !more {
                break;
            }
        }
        items.truncate(want);
        Ok(items)
    }

    /// Takes back what became needless: the nation has what it should, so what it refused meanwhile is over too.
    pub(super) async fn withdraw(
        &self,
        tx: &mut Tx,
        now: Timestamp,
        needless: &[(i64, String)],
    ) -> Result<(), DeliveryError> {
        let ids: Vec<i64> = needless.iter().map(|(id, _)| *id).collect();
        let keys: Vec<&str> = needless.iter().map(|(_, key)| key.as_str()).collect();
        outbox::retire(tx, &ids, "needless").await?;
        mismatch::close(tx, self.stream, Kind::RefusedThere, &keys, now).await?;
        Ok(ledger::forget_refusals(tx, self.stream, &keys).await?)
    }

    /// Leaves as many rows as fit into one batch by bytes.
    fn cut_to_size(&self, items: &mut Vec<outbox::Item>, limit: usize) -> Result<(), DeliveryError> {
        let encoder = self.encoder(Operation::Write)?;
        // Keys and times have a fixed length, so any will do to measure the envelope.
        let nil = uuid::Uuid::nil().to_string();
        let frame = Frame { province: &self.system.province, batch_key: &nil, sent_at: "20000101000000" };
        let mut size = encoder.frame_bytes(&frame);
        let mut fit = 0;
        for item in items.iter() {
            let version = item.version.to_string();
            let wire =
                WireItem { reference: &item.key, version: &version, action: item.action, canonical: &item.payload };
            size += encoder.item_bytes(&wire) + usize::from(fit > 0);
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

    /// Opens what is due for an unsettled batch; one that a person must settle is never due. `None` when its bytes can no longer be made (the profile changed):
    /// its rows, which surely were not stored, are put back to go under a new key.
    pub async fn again(&self, tx: &mut Tx, now: Timestamp, batch: &Batch) -> Result<Option<Job>, DeliveryError> {
        let mut batch = batch.clone();
        if batch.state == State::Unknown && self.settle() == Settle::LookUp {
            return self.look_up(tx, now, batch).await;
        }
        if batch.state == State::Unknown && self.settle() == Settle::Ask {
            let to = Move { state: State::Unknown, next: now, why: "asking", attempt: false, ask: true };
            batch::set(tx, batch.id, to).await?;
            batch.asks += 1;
            let question = self.system.profile.ask(self.entity, &batch.key);
            let request = question.ok_or_else(|| self.no_call(Operation::Ask))?;
            return Ok(Some(Job { operation: Operation::Ask, batch, request, items: Vec::new() }));
        }
        let items = outbox::of_batch(tx, batch.id).await?;
        let operation = self.operation(tx, &items).await?;
        let body = self.body(operation, &batch.key, &batch.sent_at, &items)?;
        if Sha256::digest(&body.bytes).as_slice() != batch.body_hash {
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
        let request = self.request(operation, body)?;
        Ok(Some(Job { operation, batch, request, items: without_payloads(items) }))
    }
}

fn written(request: &WireRequest) -> Operation {
    match request.purpose {
        Purpose::Operation(operation) => operation,
        Purpose::Token => Operation::Write,
    }
}

fn without_payloads(mut items: Vec<outbox::Item>) -> Vec<outbox::Item> {
    for item in &mut items {
        item.payload = String::new();
    }
    items
}
