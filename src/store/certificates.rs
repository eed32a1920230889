//! Until when the systems' certificates are valid, as they were last shown to us.

use super::{StoreError, Tx, on};
use crate::model::Timestamp;

const NOTE: &str = "insert into certificate_seen (system, until_ms, seen_ms) values ($1, $2, $3) \
    on conflict (system) do update set until_ms = excluded.until_ms, seen_ms = excluded.seen_ms";

/// Writes down what was seen.
pub async fn note(tx: &mut Tx, system: &str, until: Timestamp, now: Timestamp) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(NOTE).bind(system).bind(until.0).bind(now.0).execute(c).await?.rows_affected());
    Ok(())
}

const SEEN: &str = "select until_ms from certificate_seen where system = $1";

/// What was seen last of a system.
pub async fn seen(tx: &mut Tx, system: &str) -> Result<Option<Timestamp>, StoreError> {
    let row: Option<(i64,)> = on!(tx, c => sqlx::query_as(SEEN).bind(system).fetch_optional(c).await?);
    Ok(row.map(|(until,)| Timestamp(until)))
}
