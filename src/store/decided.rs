//! What people decide by hand about single records: kept for ever with who and why, and what it does to the outbox.
//!
//! Whoever writes here holds the stream's lease, so that no run has the same rows in its hands.

use std::collections::BTreeSet;

use crate::model::Timestamp;

use super::{PART, StoreError, Tx, json_list, on};

/// The kind and the reason of the mismatch that keeps a parked record in view.
pub const PARKED: &str = "parked";

/// Who decided, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<'a> {
    /// `retry`, `park`, `release`, `replay`.
    pub verb: &'static str,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: &'a str,
    /// Why; empty where nobody had to say.
    pub reason: &'a str,
    /// Of a replay: the batch.
    pub batch_key: &'a str,
}

/// Writes down a decision about these records.
pub async fn add(tx: &mut Tx, stream: i64, keys: &[String], decided: &Decision<'_>) -> Result<(), StoreError> {
    for part in keys.chunks(PART) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into decision (stream_id, key, verb, at_ms, who, reason, batch_key) ");
            sql.push_values(part, |mut b, key| {
                b.push_bind(stream).push_bind(key).push_bind(decided.verb).push_bind(decided.at.0).push_bind(decided.who)
                    .push_bind(decided.reason).push_bind(decided.batch_key);
            });
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    Ok(())
}

/// A decision as people see it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Shown {
    /// What was decided.
    pub verb: String,
    /// When, in milliseconds.
    pub at_ms: i64,
    /// Who.
    pub who: String,
    /// Why.
    pub reason: String,
    /// Of a replay: the batch.
    pub batch_key: String,
}

const OF_RECORD: &str =
    "select verb, at_ms, who, reason, batch_key from decision where stream_id = $1 and key = $2 order by id limit 1000";

/// What was decided about a record, oldest first.
pub async fn of_record(tx: &mut Tx, stream: i64, key: &str) -> Result<Vec<Shown>, StoreError> {
    type Row = (String, i64, String, String, String);
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(OF_RECORD).bind(stream).bind(key).fetch_all(c).await?);
    let shown = |(verb, at_ms, who, reason, batch_key)| Shown { verb, at_ms, who, reason, batch_key };
    Ok(rows.into_iter().map(shown).collect())
}

const PARK_SQLITE: &str = "update outbox set state = 'parked' where stream_id = $1 \
    and key in (select value from json_each($2)) and state || '' in ('staged', 'ready')";
const PARK_POSTGRES: &str = "update outbox set state = 'parked' where stream_id = $1 \
    and key in (select jsonb_array_elements_text($2::jsonb)) and state || '' in ('staged', 'ready')";

/// Takes the unsent rows of these records out of the queue; how many that were.
pub async fn park(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<u64, StoreError> {
    if keys.is_empty() {
        return Ok(0);
    }
    let sql = tx.pick(PARK_SQLITE, PARK_POSTGRES);
    let list = json_list(keys.iter().copied());
    Ok(on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).execute(c).await?.rows_affected()))
}

const ADOPT_SQLITE: &str = "update outbox set run_id = $3 where stream_id = $1 \
    and key in (select value from json_each($2)) and state || '' = 'parked'";
const ADOPT_POSTGRES: &str = "update outbox set run_id = $3 where stream_id = $1 \
    and key in (select jsonb_array_elements_text($2::jsonb)) and state || '' = 'parked'";

/// A new run answers for what is parked, as it does for all that is unsent; how many rows that are.
pub async fn adopt(tx: &mut Tx, stream: i64, run: i64, parked: &BTreeSet<String>) -> Result<u64, StoreError> {
    if parked.is_empty() {
        return Ok(0);
    }
    let sql = tx.pick(ADOPT_SQLITE, ADOPT_POSTGRES);
    let list = json_list(parked.iter().map(String::as_str));
    Ok(on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).bind(run).execute(c).await?.rows_affected()))
}

const UNPARK: &str = "update outbox set state = 'staged' where stream_id = $1 and key = $2 and state || '' = 'parked'";

/// Puts the parked row of a record back where the next run finds it, in front of the brake; how many that were.
pub async fn unpark(tx: &mut Tx, stream: i64, key: &str) -> Result<u64, StoreError> {
    Ok(on!(tx, c => sqlx::query(UNPARK).bind(stream).bind(key).execute(c).await?.rows_affected()))
}

const PARKED_KEYS: &str =
    "select key from mismatch where stream_id = $1 and kind = 'parked' and closed_ms is null order by key";

/// The records that a person keeps out of the queue.
pub async fn parked(tx: &mut Tx, stream: i64) -> Result<BTreeSet<String>, StoreError> {
    let rows: Vec<(String,)> = on!(tx, c => sqlx::query_as(PARKED_KEYS).bind(stream).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

// What the nation refused in another batch since, or confirmed, is not this batch's to replay.
const REFUSED_OF_BATCH: &str = "select o.key from outbox o join ledger l on l.stream_id = o.stream_id and l.key = o.key \
    where o.batch_id = $1 and o.state = 'refused' and l.refused_action = o.action and l.refused_version = o.version order by o.id";

/// The records of a batch that the nation refused in it, and still refuses.
pub async fn refused_of_batch(tx: &mut Tx, batch: i64) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = on!(tx, c => sqlx::query_as(REFUSED_OF_BATCH).bind(batch).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

const REFUSED_FOR: &str = "select m.key from mismatch m join ledger l on l.stream_id = m.stream_id and l.key = m.key \
    where m.stream_id = $1 and m.kind = 'refused-there' and m.closed_ms is null and m.reason = $2 \
    and l.refused_version is not null order by m.key";

/// The records that the nation refused with this code.
pub async fn refused_for(tx: &mut Tx, stream: i64, code: &str) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = on!(tx, c => sqlx::query_as(REFUSED_FOR).bind(stream).bind(code).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(key,)| key).collect())
}
