//! Streams, their runs and how each ended; releases of the brake.

use crate::model::Timestamp;

use super::{StoreError, Tx, on};

const STREAM: &str = "select id, first_scan_ms from stream where name = $1";
const ADD_STREAM: &str = "insert into stream (name, system, entity) values ($1, $2, $3) on conflict (name) do nothing";

/// A stream's id and whether its first complete scan was released already; adds it when it is new.
pub async fn stream(tx: &mut Tx, name: &str, system: &str, entity: &str) -> Result<(i64, bool), StoreError> {
    on!(tx, c => sqlx::query(ADD_STREAM).bind(name).bind(system).bind(entity).execute(c).await?.rows_affected());
    let (id, first): (i64, Option<i64>) = on!(tx, c => sqlx::query_as(STREAM).bind(name).fetch_one(c).await?);
    Ok((id, first.is_some()))
}

/// Looks a stream up without adding it.
pub async fn find_stream(tx: &mut Tx, name: &str) -> Result<Option<(i64, bool)>, StoreError> {
    let row: Option<(i64, Option<i64>)> = on!(tx, c => sqlx::query_as(STREAM).bind(name).fetch_optional(c).await?);
    Ok(row.map(|(id, first)| (id, first.is_some())))
}

const EVERY: &str = "select id, name from stream order by id";

/// Every stream and intake under whose name something stands, be it in the configuration or no longer.
pub async fn every(tx: &mut Tx) -> Result<Vec<(i64, String)>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(EVERY).fetch_all(c).await?))
}

const FIRST_DONE: &str = "update stream set first_scan_ms = $2 where id = $1 and first_scan_ms is null";

/// Writes down that the first complete scan of a stream was released.
pub async fn first_done(tx: &mut Tx, stream: i64, now: Timestamp) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(FIRST_DONE).bind(stream).bind(now.0).execute(c).await?.rows_affected());
    Ok(())
}

const ABANDON: &str =
    "update run set state = 'failed', finished_ms = $2, error = 'stopped' where stream_id = $1 and finished_ms is null";
const BEGIN: &str =
    "insert into run (stream_id, started_ms, state, first) values ($1, $2, 'scanning', $3) returning id";

/// Begins a run; one that a crash left unfinished is closed as failed.
pub async fn begin(tx: &mut Tx, stream: i64, first: bool, now: Timestamp) -> Result<i64, StoreError> {
    on!(tx, c => sqlx::query(ABANDON).bind(stream).bind(now.0).execute(c).await?.rows_affected());
    let (id,): (i64,) =
        on!(tx, c => sqlx::query_as(BEGIN).bind(stream).bind(now.0).bind(i64::from(first)).fetch_one(c).await?);
    Ok(id)
}

const SCANNED: &str = "update run set state = 'delivering', scanned = $2, unchanged = $3 where id = $1";

/// Writes down that the scan is complete and released.
pub async fn scanned(tx: &mut Tx, run: i64, scanned: u64, unchanged: u64) -> Result<(), StoreError> {
    let (scanned, unchanged) = (i64::try_from(scanned).unwrap_or(0), i64::try_from(unchanged).unwrap_or(0));
    on!(tx, c => sqlx::query(SCANNED).bind(run).bind(scanned).bind(unchanged).execute(c).await?.rows_affected());
    Ok(())
}

const SCANS: &str =
    "select exists (select 1 from run where stream_id = $1 and state = 'scanning' and finished_ms is null)";

/// Whether a run of the stream scans; one that a crash left so does as well, until the next one begins.
pub async fn scans(tx: &mut Tx, stream: i64) -> Result<bool, StoreError> {
    let (any,): (bool,) = on!(tx, c => sqlx::query_as(SCANS).bind(stream).fetch_one(c).await?);
    Ok(any)
}

const FINISH: &str = "update run set state = $2, finished_ms = $3, outcome = $4, error = $5 where id = $1";

/// Ends a run: `done`, `waiting` or `failed`, with its outcome as JSON.
pub async fn finish(
    tx: &mut Tx,
    run: i64,
    state: &str,
    now: Timestamp,
    outcome: &str,
    error: &str,
) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(FINISH).bind(run).bind(state).bind(now.0).bind(outcome).bind(error).execute(c).await?.rows_affected());
    Ok(())
}

/// A run as people see it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Shown {
    /// Its number.
    pub id: i64,
    /// When it began, in milliseconds.
    pub started_ms: i64,
    /// When it ended.
    pub finished_ms: Option<i64>,
    /// How it stands.
    pub state: String,
    /// Its outcome as JSON.
    pub outcome: String,
    /// Why it failed.
    pub error: String,
}

const LAST: &str =
    "select id, started_ms, finished_ms, state, outcome, error from run where stream_id = $1 order by id desc limit $2";

/// The last runs of a stream, newest first.
pub async fn last(tx: &mut Tx, stream: i64, limit: i64) -> Result<Vec<Shown>, StoreError> {
    type Row = (i64, i64, Option<i64>, String, String, String);
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(LAST).bind(stream).bind(limit).fetch_all(c).await?);
    Ok(rows
        .into_iter()
        .map(|(id, started_ms, finished_ms, state, outcome, error)| Shown {
            id,
            started_ms,
            finished_ms,
            state,
            outcome,
            error,
        })
        .collect())
}

const KEPT: &str = "select id, outcome from run where stream_id = $1 and finished_ms is not null and outcome like $2 \
    order by id desc limit 1";

/// The newest ended run whose outcome has this key, with the outcome.
pub async fn kept(tx: &mut Tx, stream: i64, key: &str) -> Result<Option<(i64, String)>, StoreError> {
    let like = format!("%\"{key}\":%");
    Ok(on!(tx, c => sqlx::query_as(KEPT).bind(stream).bind(&like).fetch_optional(c).await?))
}

const RELEASE: &str =
    "insert into release (stream_id, run_id, at_ms, who, reason, counts) values ($1, $2, $3, $4, $5, $6)";

/// Writes down who released the brake, why, and what was let go.
pub async fn release(
    tx: &mut Tx,
    stream: i64,
    run: i64,
    now: Timestamp,
    who: &str,
    reason: &str,
    counts: &str,
) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(RELEASE).bind(stream).bind(run).bind(now.0).bind(who).bind(reason).bind(counts).execute(c).await?.rows_affected());
    Ok(())
}
