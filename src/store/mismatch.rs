//! What waits for a person: one open row per record and kind, which gathers occurrences and keeps its history.

use crate::model::Timestamp;

use super::{StoreError, Tx, json_list, on};

/// A mismatch to be opened, or seen again.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The record's key.
    pub key: String,
    /// `held-here`, `refused-there`, `unknown-outcome`.
    pub kind: &'static str,
    /// The fixed word, or the nation's code.
    pub reason: String,
    /// The national field or source column.
    pub field: String,
    /// The offending value: personal data, for store and pages only.
    pub value: String,
    /// What would be right.
    pub proposal: String,
    /// More for staff; the nation's words where it refused.
    pub detail: String,
    /// All complaints as JSON.
    pub complaints: String,
    /// Row of the source, from 1.
    pub source_row: Option<i64>,
}

/// Opens mismatches; one that is open already is updated and counts one occurrence more.
pub async fn open(tx: &mut Tx, stream: i64, run: i64, now: Timestamp, drafts: &[Draft]) -> Result<(), StoreError> {
    for part in drafts.chunks(300) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into mismatch (stream_id, key, kind, reason, field, value, proposal, detail, \
                complaints, source_row, state, opened_ms, seen_ms, run_id) ");
            sql.push_values(part, |mut b, d| {
                b.push_bind(stream).push_bind(&d.key).push_bind(d.kind).push_bind(&d.reason).push_bind(&d.field).push_bind(&d.value)
                    .push_bind(&d.proposal).push_bind(&d.detail).push_bind(&d.complaints).push_bind(d.source_row).push_bind("open")
                    .push_bind(now.0).push_bind(now.0).push_bind(run);
            });
            sql.push(" on conflict (stream_id, key, kind) where state = 'open' do update set reason = excluded.reason, \
                field = excluded.field, value = excluded.value, proposal = excluded.proposal, detail = excluded.detail, \
                complaints = excluded.complaints, source_row = excluded.source_row, seen_ms = excluded.seen_ms, \
                run_id = excluded.run_id, occurrences = mismatch.occurrences + 1");
            sql.build().execute(c).await?;
        });
    }
    Ok(())
}

const CLOSE_SQLITE: &str = "update mismatch set state = 'closed', closed_ms = $4 where stream_id = $1 and kind = $2 and state = 'open' \
    and key in (select value from json_each($3))";
const CLOSE_POSTGRES: &str = "update mismatch set state = 'closed', closed_ms = $4 where stream_id = $1 and kind = $2 and state = 'open' \
    and key in (select jsonb_array_elements_text($3::jsonb))";

/// Closes the open mismatches of a kind for these keys: what they told of is over.
pub async fn close(tx: &mut Tx, stream: i64, kind: &str, keys: &[&str], now: Timestamp) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let sql = tx.pick(CLOSE_SQLITE, CLOSE_POSTGRES);
    let list = json_list(keys.iter().copied());
    on!(tx, c => sqlx::query(sql).bind(stream).bind(kind).bind(&list).bind(now.0).execute(c).await?.rows_affected());
    Ok(())
}

const COUNTS: &str = "select kind, reason, count(*) from mismatch where stream_id = $1 and state = 'open' group by kind, reason order by 3 desc";

/// How many are open, by kind and reason, the most first.
pub async fn counts(tx: &mut Tx, stream: i64) -> Result<Vec<(String, String, u64)>, StoreError> {
    let rows: Vec<(String, String, i64)> = on!(tx, c => sqlx::query_as(COUNTS).bind(stream).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(kind, reason, n)| (kind, reason, u64::try_from(n).unwrap_or(0))).collect())
}

const OPEN_OF: &str =
    "select count(*) from mismatch where stream_id = $1 and key = $2 and kind = $3 and reason = $4 and state = 'open'";

/// Whether a mismatch of this kind and reason is open for a key.
pub async fn is_open(tx: &mut Tx, stream: i64, key: &str, kind: &str, reason: &str) -> Result<bool, StoreError> {
    let (n,): (i64,) =
        on!(tx, c => sqlx::query_as(OPEN_OF).bind(stream).bind(key).bind(kind).bind(reason).fetch_one(c).await?);
    Ok(n > 0)
}

/// A mismatch as people see it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Shown {
    /// The record's key.
    pub key: String,
    /// Kind.
    pub kind: String,
    /// Reason.
    pub reason: String,
    /// Field.
    pub field: String,
    /// Offending value.
    pub value: String,
    /// Proposal.
    pub proposal: String,
    /// More.
    pub detail: String,
    /// Row of the source.
    pub source_row: Option<i64>,
    /// How often it was seen.
    pub occurrences: i64,
}

const LIST: &str = "select key, kind, reason, field, value, proposal, detail, source_row, occurrences from mismatch \
    where stream_id = $1 and state = 'open' and key > $2 order by key, kind limit $3";

const REST: &str = "select key, kind, reason, field, value, proposal, detail, source_row, occurrences from mismatch \
    where stream_id = $1 and state = 'open' and key = $2 and kind > $3 order by kind";

/// Open mismatches after a key, in order of keys: about `limit`, for the last key has all of its own, so that whoever
/// goes on after it misses none.
pub async fn list(tx: &mut Tx, stream: i64, after: &str, limit: i64) -> Result<Vec<Shown>, StoreError> {
    type Row = (String, String, String, String, String, String, String, Option<i64>, i64);
    let mut rows: Vec<Row> =
        on!(tx, c => sqlx::query_as(LIST).bind(stream).bind(after).bind(limit).fetch_all(c).await?);
    if i64::try_from(rows.len()).is_ok_and(|n| n == limit)
        && let Some((key, kind)) = rows.last().map(|row| (row.0.clone(), row.1.clone()))
    {
        let rest: Vec<Row> = on!(tx, c => sqlx::query_as(REST).bind(stream).bind(&key).bind(&kind).fetch_all(c).await?);
        rows.extend(rest);
    }
    Ok(rows
        .into_iter()
        .map(|(key, kind, reason, field, value, proposal, detail, source_row, occurrences)| Shown {
            key,
            kind,
            reason,
            field,
            value,
            proposal,
            detail,
            source_row,
            occurrences,
        })
        .collect())
}
