//! What is judged again: versions that were not handed over yet, when a person decided or the mapping changed.

use std::collections::BTreeMap;

use super::inbox::Judged;
use super::{StoreError, Tx, json_ids, on};

/// A value that a person laid over what a portal said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Laid {
    /// The column.
    pub column: String,
    /// The value.
    pub value: String,
    /// Over what: it counts while the portal says one of these, a blank text being nothing. `None` for whatever it says,
    /// as was decided before this was written down.
    pub over: Option<Vec<String>>,
}

/// What people laid over, the last word last.
pub type Values = Vec<Laid>;

const DECISIONS_SQLITE: &str = "select application_id, values_json, said_json from application_decision \
    where application_id in (select value from json_each($1)) order by id";
const DECISIONS_POSTGRES: &str = "select application_id, values_json, said_json from application_decision \
    where application_id in (select jsonb_array_elements_text($1::jsonb)::bigint) order by id";

/// What people decided about these applications, in that order.
pub async fn decisions(tx: &mut Tx, ids: &[i64]) -> Result<BTreeMap<i64, Values>, StoreError> {
    let (sql, list) = (tx.pick(DECISIONS_SQLITE, DECISIONS_POSTGRES), json_ids(ids));
    let rows: Vec<(i64, String, String)> = on!(tx, c => sqlx::query_as(sql).bind(&list).fetch_all(c).await?);
    let mut all: BTreeMap<i64, Values> = BTreeMap::new();
    for (id, values, said) in rows {
        let broken = |_| StoreError::Unexpected("application_decision");
        let values: BTreeMap<String, String> = serde_json::from_str(&values).map_err(broken)?;
        let mut said: BTreeMap<String, Vec<String>> = serde_json::from_str(&said).map_err(broken)?;
        let laid = values.into_iter().map(|(column, value)| Laid { over: said.remove(&column), column, value });
        all.entry(id).or_default().extend(laid);
    }
    Ok(all)
}

/// A version that is to be judged again.
#[derive(Debug, Clone)]
pub struct Open {
    /// The application.
    pub id: i64,
    /// The version.
    pub version: i64,
    /// Canonical JSON.
    pub body: String,
}

const OPEN_SQLITE: &str = "select v.application_id, v.version, v.body from application_version v \
    join application a on a.id = v.application_id where a.intake = $1 and v.state <> 'handed' \
    and v.state in ('to-be-routed', 'ready') and v.judged_by <> $2 \
    and (v.application_id > $3 or (v.application_id = $3 and v.version > $4)) order by v.application_id, v.version limit $5";
const OPEN_POSTGRES: &str = "select v.application_id, v.version, v.body from application_version v \
    join application a on a.id = v.application_id where a.intake = $1 and v.state <> 'handed' \
    and v.state in ('to-be-routed', 'ready') and v.judged_by <> $2 \
    and (v.application_id > $3 or (v.application_id = $3 and v.version > $4)) order by v.application_id, v.version limit $5 \
    for update of a, v";

/// The next versions after one that were judged by something else, locked.
pub async fn open(
    tx: &mut Tx,
    intake: &str,
    judged_by: &[u8],
    after: (i64, i64),
    limit: i64,
) -> Result<Vec<Open>, StoreError> {
    let sql = tx.pick(OPEN_SQLITE, OPEN_POSTGRES);
    let rows: Vec<(i64, i64, String)> = on!(tx, c => sqlx::query_as(sql).bind(intake).bind(judged_by).bind(after.0)
        .bind(after.1).bind(limit).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(id, version, body)| Open { id, version, body }).collect())
}

// What was tried before the hand-over failed belongs to another record where the record changed.
const JUDGED: &str = "update application_version set state = $3, complaints = $4, judged_by = $6, \
    attempts = case when record = $5 then attempts else 0 end, next_ms = case when record = $5 then next_ms else 0 end, \
    why = case when record = $5 then why else '' end, record = $5 \
    where application_id = $1 and version = $2 and state in ('to-be-routed', 'ready')";

/// Writes down what a version was judged to be.
pub async fn judged(tx: &mut Tx, (id, version): (i64, i64), judged: &Judged<'_>) -> Result<(), StoreError> {
    let changed = on!(tx, c => sqlx::query(JUDGED).bind(id).bind(version).bind(judged.state()).bind(judged.complaints)
        .bind(judged.record).bind(judged.judged_by).execute(c).await?.rows_affected());
    if changed == 1 { Ok(()) } else { Err(StoreError::Unexpected("application_version.state")) }
}
