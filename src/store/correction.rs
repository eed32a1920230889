//! What the province has to correct in its own records, because somebody decided so: printed for the commune, over when both
//! sides agree.

use crate::model::Timestamp;

use super::{StoreError, Tx, json_ids, on};

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct Line {
    /// Its number.
    pub id: i64,
    /// The mismatch.
    pub mismatch_id: i64,
    /// The record's key.
    pub key: String,
    /// Kind of mismatch.
    pub kind: String,
    /// Field.
    pub field: String,
    /// Our value.
    pub ours: String,
    /// The nation's value.
    pub theirs: String,
    /// The commune.
    pub unit: String,
    /// `take-theirs`, `correct-at-source`.
    pub decision: String,
    /// By whom.
    pub decided_by: String,
    /// Why.
    pub why: String,
    /// When.
    pub at_ms: i64,
    /// When it was printed first.
    pub printed_ms: Option<i64>,
}

const OPEN: &str = "select id, mismatch_id, key, kind, field, ours, theirs, unit, decision, decided_by, why, at_ms, printed_ms from correction \
    where stream_id = $1 and unit = $2 and over_ms is null and id > $3 order by id limit $4";

/// What is to be corrected in a commune, after a line.
pub async fn open(tx: &mut Tx, stream: i64, unit: &str, after: i64, limit: i64) -> Result<Vec<Line>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(OPEN).bind(stream).bind(unit).bind(after).bind(limit).fetch_all(c).await?))
}

const PRINTED_SQLITE: &str =
    "update correction set printed_ms = $2 where printed_ms is null and id in (select value from json_each($1))";
const PRINTED_POSTGRES: &str = "update correction set printed_ms = $2 where printed_ms is null \
    and id in (select jsonb_array_elements_text($1::jsonb)::bigint)";

/// Notes that these were printed.
pub async fn printed(tx: &mut Tx, now: Timestamp, ids: &[i64]) -> Result<(), StoreError> {
    let (sql, list) = (tx.pick(PRINTED_SQLITE, PRINTED_POSTGRES), json_ids(ids));
    on!(tx, c => sqlx::query(sql).bind(&list).bind(now.0).execute(c).await?.rows_affected());
    Ok(())
}
