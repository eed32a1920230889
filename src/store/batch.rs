//! Batches: records that go together under one key, which is chosen once, before the first attempt.

use crate::model::Timestamp;

use super::{StoreError, Tx, on};

/// Where a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// An attempt is on the wire; after a crash this is the same as unknown.
    Open,
    /// Surely not stored: the same bytes go again, under the same key.
    Waiting,
    /// The outcome is unknown: the nation is asked before anything of its records is sent.
    Unknown,
    /// Every record of it is settled or back in the queue.
    Settled,
}

impl State {
    /// The word in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Unknown => "unknown",
            Self::Settled => "settled",
        }
    }

    fn from_word(word: &str) -> Result<Self, StoreError> {
        [Self::Open, Self::Waiting, Self::Unknown, Self::Settled]
            .into_iter()
            .find(|s| s.word() == word)
            .ok_or(StoreError::Unexpected("batch.state"))
    }
}

/// A batch.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Its id here.
    pub id: i64,
    /// The stream.
    pub stream: i64,
    /// The key under which the nation knows it.
    pub key: String,
    /// When it was formed, as the wire has it; never goes back for one system.
    pub sent_at: String,
    /// Where it stands.
    pub state: State,
    /// How often it was sent.
    pub attempts: i64,
    /// How often the nation was asked about it.
    pub asks: i64,
    /// When something is to be done about it.
    pub next: Timestamp,
    /// SHA-256 of its bytes.
    pub body_hash: Vec<u8>,
    /// How many records it had when it was formed.
    pub records: i64,
}

/// A batch to be written down.
#[derive(Debug)]
pub struct Draft<'a> {
    /// The stream.
    pub stream: i64,
    /// The system.
    pub system: &'a str,
    /// Its key.
    pub key: &'a str,
    /// When it was formed, as the wire has it.
    pub sent_at: &'a str,
    /// `Open` if its first attempt is opened in the same transaction, else `Waiting`.
    pub state: State,
    /// When it is due.
    pub next: Timestamp,
    /// SHA-256 of its bytes.
    pub body_hash: &'a [u8],
    /// Size of its bytes.
    pub body_bytes: usize,
    /// Its records.
    pub records: usize,
}

const ADD: &str = "insert into batch (stream_id, system, key, sent_at, state, attempts, next_ms, body_hash, body_bytes, records) \
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning id";

/// Writes a batch down.
pub async fn add(tx: &mut Tx, draft: &Draft<'_>) -> Result<i64, StoreError> {
    let attempts = i64::from(draft.state == State::Open);
    let bytes = i64::try_from(draft.body_bytes).unwrap_or(i64::MAX);
    let records = i64::try_from(draft.records).unwrap_or(i64::MAX);
    let (id,): (i64,) = on!(tx, c => sqlx::query_as(ADD).bind(draft.stream).bind(draft.system).bind(draft.key).bind(draft.sent_at)
        .bind(draft.state.word()).bind(attempts).bind(draft.next.0).bind(draft.body_hash).bind(bytes).bind(records).fetch_one(c).await?);
    Ok(id)
}

type Row = (i64, i64, String, String, String, i64, i64, i64, Vec<u8>, i64);

fn batch(row: Row) -> Result<Batch, StoreError> {
    let (id, stream, key, sent_at, state, attempts, asks, next, body_hash, records) = row;
    let state = State::from_word(&state)?;
    Ok(Batch { id, stream, key, sent_at, state, attempts, asks, next: Timestamp(next), body_hash, records })
}

const UNSETTLED: &str = "select id, stream_id, key, sent_at, state, attempts, asks, next_ms, body_hash, records from batch \
    where system = $1 and stream_id = $2 and state <> 'settled' order by next_ms, id limit 100";

/// The unsettled batches of a stream, the most urgent first; at most 100.
pub async fn unsettled(tx: &mut Tx, system: &str, stream: i64) -> Result<Vec<Batch>, StoreError> {
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(UNSETTLED).bind(system).bind(stream).fetch_all(c).await?);
    rows.into_iter().map(batch).collect()
}

const BY_KEY: &str = "select id, stream_id, key, sent_at, state, attempts, asks, next_ms, body_hash, records from batch \
    where key = $1";

/// The batch of that key.
pub async fn find(tx: &mut Tx, key: &str) -> Result<Option<Batch>, StoreError> {
    let row: Option<Row> = on!(tx, c => sqlx::query_as(BY_KEY).bind(key).fetch_optional(c).await?);
    row.map(batch).transpose()
}

const ALL_OPEN: &str =
    "update batch set state = 'unknown', next_ms = $2, why = 'crash' where stream_id = $1 and state = 'open'";

/// After a start, what a crash left open is unknown; to be called only by the holder of the stream's lease.
pub async fn open_is_unknown(tx: &mut Tx, stream: i64, now: Timestamp) -> Result<u64, StoreError> {
    Ok(on!(tx, c => sqlx::query(ALL_OPEN).bind(stream).bind(now.0).execute(c).await?.rows_affected()))
}

const DUE_AGAIN: &str =
    "update batch set next_ms = $3 where stream_id = $1 and next_ms = $2 and state in ('unknown', 'waiting')";

/// What was put off until `then` is due `now`.
pub async fn due_again(tx: &mut Tx, stream: i64, then: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
    Ok(on!(tx, c => sqlx::query(DUE_AGAIN).bind(stream).bind(then.0).bind(now.0).execute(c).await?.rows_affected()))
}

/// A batch that is put off.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PutOff {
    /// Its key.
    pub batch: String,
    /// When it was formed, as the wire has it.
    pub sent_at: String,
    /// How many of its records are open.
    pub records: i64,
    /// Why, where there is more to say than that it waits.
    pub why: String,
}

const PUT_OFF: &str = "select b.key, b.sent_at, count(o.id), b.why from batch b left join outbox o on o.batch_id = b.id and o.state = 'sent'     where b.stream_id = $1 and b.next_ms = $2 and b.state = 'unknown' group by b.id, b.key, b.sent_at, b.why order by b.id";

/// The batches that are put off until `then`, in their order.
pub async fn put_off(tx: &mut Tx, stream: i64, then: Timestamp) -> Result<Vec<PutOff>, StoreError> {
    let rows: Vec<(String, String, i64, String)> =
        on!(tx, c => sqlx::query_as(PUT_OFF).bind(stream).bind(then.0).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(batch, sent_at, records, why)| PutOff { batch, sent_at, records, why }).collect())
}

const SET: &str =
    "update batch set state = $2, next_ms = $3, why = $4, attempts = attempts + $5, asks = asks + $6 where id = $1";

/// How a batch moves on.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    /// Where it stands now.
    pub state: State,
    /// When something is to be done about it.
    pub next: Timestamp,
    /// Why, without personal data.
    pub why: &'a str,
    /// Whether an attempt begins.
    pub attempt: bool,
    /// Whether a question begins.
    pub ask: bool,
}

/// Moves a batch on.
pub async fn set(tx: &mut Tx, id: i64, to: Move<'_>) -> Result<(), StoreError> {
    let changed = on!(tx, c => sqlx::query(SET).bind(id).bind(to.state.word()).bind(to.next.0).bind(to.why)
        .bind(i64::from(to.attempt)).bind(i64::from(to.ask)).execute(c).await?.rows_affected());
    if changed == 1 { Ok(()) } else { Err(StoreError::Unexpected("a batch to be moved on")) }
}
