//! Files of drop folders that were taken, by their content. Only the last one taken is known again: it may have been
//! staged and not yet moved when everything stopped. The same list after another one is news.

use crate::model::Timestamp;

use super::{StoreError, Tx, on};

/// A file that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenFile {
    /// The name that it had.
    pub name: String,
    /// The rows that it had.
    pub rows: i64,
    /// The run that took it.
    pub run: i64,
    /// When, in milliseconds.
    pub at_ms: i64,
}

const KNOWN: &str = "select name, row_count, run_id, at_ms from taken_file where stream_id = $1 and hash = $2 \
    and run_id = (select max(run_id) from taken_file where stream_id = $1)";

/// The file with this content, if it is the last one that was taken.
pub async fn known(tx: &mut Tx, stream: i64, hash: &str) -> Result<Option<TakenFile>, StoreError> {
    type Row = (String, i64, i64, i64);
    let row: Option<Row> = on!(tx, c => sqlx::query_as(KNOWN).bind(stream).bind(hash).fetch_optional(c).await?);
    Ok(row.map(|(name, rows, run, at_ms)| TakenFile { name, rows, run, at_ms }))
}

const TAKE: &str = "insert into taken_file (stream_id, hash, name, row_count, run_id, at_ms) values ($1, $2, $3, $4, $5, $6) \
    on conflict (stream_id, hash) do update set name = excluded.name, row_count = excluded.row_count, \
    run_id = excluded.run_id, at_ms = excluded.at_ms";

/// Writes down that a file was read to its end and all of it staged.
pub async fn take(
    tx: &mut Tx,
    stream: i64,
    (name, hash): (&str, &str),
    rows: u64,
    run: i64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    on!(tx, c => sqlx::query(TAKE).bind(stream).bind(hash).bind(name).bind(rows).bind(run).bind(now.0).execute(c).await?.rows_affected());
    Ok(())
}
