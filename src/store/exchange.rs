//! The exchange log: every attempt is opened before the wire and closed after it, as two appended entries with one id.

use crate::model::Timestamp;

use super::{StoreError, Tx, on};

/// One entry of the log. No body and no personal data: sizes and hashes only.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Who writes: the name and epoch of the lease held.
    pub lane: &'a str,
    /// Tells which opened and closed entries belong together.
    pub exchange_id: &'a str,
    /// `opened` or `closed`.
    pub entry: &'static str,
    /// The system.
    pub system: &'a str,
    /// The stream, where the exchange belongs to one.
    pub stream: Option<i64>,
    /// `write`, `ask`, `token`, …
    pub operation: &'a str,
    /// The batch's key; empty for a token.
    pub batch_key: &'a str,
    /// How many records it carried.
    pub records: usize,
    /// When.
    pub at: Timestamp,
    /// Size of the request (opened) or of the answer (closed).
    pub bytes: usize,
    /// SHA-256 of the same; empty where nothing came.
    pub hash: &'a [u8],
    /// HTTP status of the answer.
    pub status: Option<u16>,
    /// What was made of the answer; empty when opened.
    pub verdict: &'a str,
}

const APPEND: &str = "insert into exchange (lane, number, exchange_id, entry, system, stream_id, operation, batch_key, records, at_ms, \
    bytes, hash, status, verdict) values ($1, (select coalesce(max(number), 0) + 1 from exchange where lane = $1), $2, $3, $4, $5, $6, \
    $7, $8, $9, $10, $11, $12, $13)";

/// Appends an entry; its number in the lane follows the last one.
pub async fn append(tx: &mut Tx, entry: &Entry<'_>) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(APPEND)
        .bind(entry.lane).bind(entry.exchange_id).bind(entry.entry).bind(entry.system).bind(entry.stream).bind(entry.operation)
        .bind(entry.batch_key).bind(i64::try_from(entry.records).unwrap_or(i64::MAX)).bind(entry.at.0)
        .bind(i64::try_from(entry.bytes).unwrap_or(i64::MAX)).bind(entry.hash).bind(entry.status.map(i64::from)).bind(entry.verdict)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// An exchange as people see it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Shown {
    /// Its id.
    pub exchange_id: String,
    /// `opened` or `closed`.
    pub entry: String,
    /// What was asked.
    pub operation: String,
    /// The batch.
    pub batch_key: String,
    /// How many records.
    pub records: i64,
    /// When, in milliseconds.
    pub at_ms: i64,
    /// HTTP status.
    pub status: Option<i64>,
    /// Verdict.
    pub verdict: String,
}

const OF_RECORD: &str = "select e.exchange_id, e.entry, e.operation, e.batch_key, e.records, e.at_ms, e.status, e.verdict \
    from exchange e where e.batch_key in (select b.key from outbox o join outbox_batch m on m.outbox_id = o.id \
    join batch b on b.id = m.batch_id where o.stream_id = $1 and o.key = $2) order by e.at_ms, e.lane, e.number limit 1000";

/// The exchanges behind a record, oldest first, at most 1000 entries.
pub async fn of_record(tx: &mut Tx, stream: i64, key: &str) -> Result<Vec<Shown>, StoreError> {
    type Row = (String, String, String, String, i64, i64, Option<i64>, String);
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(OF_RECORD).bind(stream).bind(key).fetch_all(c).await?);
    Ok(rows
        .into_iter()
        .map(|(exchange_id, entry, operation, batch_key, records, at_ms, status, verdict)| Shown {
            exchange_id,
            entry,
            operation,
            batch_key,
            records,
            at_ms,
            status,
            verdict,
        })
        .collect())
}
