//! The ledger: per stream and key the fingerprint of the row that was judged, and what the nation last confirmed.

use std::collections::HashMap;

use crate::model::{Action, ContentHash, Timestamp};

use super::{PART, StoreError, Tx, json_ids, json_list, on};

/// A ledger row as the scan needs it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The bitmap's id.
    pub id: i64,
    /// Fingerprint of the raw row that was judged.
    pub raw: [u8; 16],
    /// Digest of mapping, code lists and rules that judged it.
    pub judged_by: [u8; 8],
    /// First day (`yyyy-MM-dd`, Vietnam) on which the same row could be judged otherwise.
    pub judge_again: Option<String>,
    /// `ok`, `held`, `idle`.
    pub verdict: String,
    /// What the nation confirmed.
    pub confirmed: Option<(Action, ContentHash)>,
    /// What the nation refused for good.
    pub refused: Option<(Action, ContentHash)>,
}

type Row = (
    String,
    i64,
    Vec<u8>,
    Vec<u8>,
    Option<String>,
    String,
    Option<String>,
    Option<Vec<u8>>,
    Option<String>,
    Option<Vec<u8>>,
);

const FIND_SQLITE: &str = "select key, id, raw, judged_by, judge_again, verdict, confirmed_action, confirmed_version, refused_action, \
    refused_version from ledger where stream_id = $1 and key in (select value from json_each($2))";
const FIND_POSTGRES: &str = "select key, id, raw, judged_by, judge_again, verdict, confirmed_action, confirmed_version, refused_action, \
    refused_version from ledger where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb))";

/// Looks up a chunk of keys.
pub async fn find(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<HashMap<String, Entry>, StoreError> {
    let sql = tx.pick(FIND_SQLITE, FIND_POSTGRES);
    let list = json_list(keys.iter().copied());
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
    let mut found = HashMap::with_capacity(rows.len());
    for (key, id, raw, judged_by, judge_again, verdict, ca, cv, ra, rv) in rows {
        let entry = Entry {
            id,
            raw: raw.try_into().map_err(|_| StoreError::Unexpected("ledger.raw"))?,
            judged_by: judged_by.try_into().map_err(|_| StoreError::Unexpected("ledger.judged_by"))?,
            judge_again,
            verdict,
            confirmed: content(ca, cv)?,
            refused: content(ra, rv)?,
        };
        found.insert(key, entry);
    }
    Ok(found)
}

// Answered as one text, since the driver's price is by the row; `cross join` keeps SQLite from turning the loops around.
const COMPARE_SQLITE: &str = "select group_concat(j.key || ':' || l.id || ':' || (l.raw = substr($3, j.key * 16 + 1, 16) and l.judged_by = $4 \
    and (l.judge_again is null or l.judge_again > $5) and l.verdict <> 'gone')) \
    from json_each($2) j cross join ledger l where l.stream_id = $1 and l.key = j.value";
const COMPARE_POSTGRES: &str = "select string_agg((j.n - 1) || ':' || l.id || ':' || (l.raw = substring($3::bytea from ((j.n - 1) * 16 + 1)::int for 16) \
    and l.judged_by = $4 and (l.judge_again is null or l.judge_again > $5) and l.verdict <> 'gone')::int, ',') \
    from jsonb_array_elements_text($2::jsonb) with ordinality as j (value, n) join ledger l on l.stream_id = $1 and l.key = j.value";

/// A row as a scan meets it.
#[derive(Debug, Clone, Copy)]
pub struct Met<'a> {
    /// Its key.
    pub key: &'a str,
    /// Fingerprint of the raw row.
    pub raw: [u8; 16],
}

/// What the ledger knows of rows that a scan meets: for each its id, and whether it needs no new judgement: the same
/// row was judged by the same rules, and the day has not come that could change the outcome. `None`: not known.
pub async fn compare(
    tx: &mut Tx,
    stream: i64,
    rows: &[Met<'_>],
    judged_by: [u8; 8],
    today: &str,
) -> Result<Vec<Option<(i64, bool)>>, StoreError> {
    let sql = tx.pick(COMPARE_SQLITE, COMPARE_POSTGRES);
    let list = json_list(rows.iter().map(|row| row.key));
    let fingerprints: Vec<u8> = rows.iter().flat_map(|row| row.raw).collect();
    let (text,): (Option<String>,) = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).bind(&fingerprints)
        .bind(judged_by.to_vec()).bind(today).fetch_one(c).await?);
    let odd = || StoreError::Unexpected("a comparison with the ledger");
    let mut answers = vec![None; rows.len()];
    for one in text.as_deref().unwrap_or_default().split(',').filter(|one| !one.is_empty()) {
        let mut parts = one.split(':');
        let mut next = || parts.next().ok_or_else(odd);
        let (at, id, same) = (next()?, next()?, next()?);
        let place = at.parse().ok().and_then(|at: usize| answers.get_mut(at)).ok_or_else(odd)?;
        *place = Some((id.parse().map_err(|_| odd())?, same == "1"));
    }
    Ok(answers)
}

/// An action and a hash as the store has them.
pub(crate) fn content(
    action: Option<String>,
    version: Option<Vec<u8>>,
) -> Result<Option<(Action, ContentHash)>, StoreError> {
    let (Some(action), Some(version)) = (action, version) else { return Ok(None) };
    let action = Action::from_word(&action).ok_or(StoreError::Unexpected("an action"))?;
    let version = version.try_into().map_err(|_| StoreError::Unexpected("a version"))?;
    Ok(Some((action, ContentHash(version))))
}

/// What a scan found out about a row.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The record's key.
    pub key: String,
    /// Fingerprint of the raw row; zeros make the next scan judge it again.
    pub raw: [u8; 16],
    /// First day on which it could be judged otherwise, `yyyy-MM-dd`.
    pub judge_again: Option<String>,
    /// `ok`, `held` or `idle`.
    pub verdict: &'static str,
    /// The commune's code.
    pub unit: String,
}

/// Writes down what was judged, `PART` rows a statement.
pub async fn note(tx: &mut Tx, stream: i64, judged_by: [u8; 8], rows: &[Judged]) -> Result<(), StoreError> {
    for part in rows.chunks(PART) {
        let count = on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into ledger (stream_id, key, raw, judged_by, judge_again, verdict, unit) ");
            sql.push_values(part, |mut b, row| {
                b.push_bind(stream).push_bind(&row.key).push_bind(row.raw.to_vec()).push_bind(judged_by.to_vec())
                    .push_bind(&row.judge_again).push_bind(row.verdict).push_bind(&row.unit);
            });
            sql.push(" on conflict (stream_id, key) do update set raw = excluded.raw, judged_by = excluded.judged_by, \
                judge_again = excluded.judge_again, verdict = excluded.verdict, \
                unit = case when excluded.unit = '' then ledger.unit else excluded.unit end");
            sql.build().persistent(part.len() == PART).execute(c).await?.rows_affected()
        });
        if count != part.len() as u64 {
            return Err(StoreError::Unexpected("the number of ledger rows written"));
        }
    }
    Ok(())
}

/// A record that the nation accepted.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// The record's key.
    pub key: String,
    /// What it accepted.
    pub content: (Action, ContentHash),
    /// The nation's own id of the record.
    pub national_id: String,
}

/// Writes down what the nation confirmed, with the batch key as receipt. A record's refusal is forgotten.
pub async fn confirm(
    tx: &mut Tx,
    stream: i64,
    receipt: &str,
    now: Timestamp,
    rows: &[Confirmed],
) -> Result<(), StoreError> {
    for part in rows.chunks(PART) {
        let count = on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into ledger (stream_id, key, raw, judged_by, verdict, confirmed_action, \
                confirmed_version, national_id, receipt, confirmed_ms) ");
            sql.push_values(part, |mut b, row| {
                b.push_bind(stream).push_bind(&row.key).push_bind(vec![0u8; 16]).push_bind(vec![0u8; 8]).push_bind("ok")
                    .push_bind(row.content.0.word()).push_bind(row.content.1.0.to_vec()).push_bind(&row.national_id)
                    .push_bind(receipt).push_bind(now.0);
            });
            sql.push(" on conflict (stream_id, key) do update set confirmed_action = excluded.confirmed_action, \
                confirmed_version = excluded.confirmed_version, \
                national_id = case when excluded.national_id = '' then ledger.national_id else excluded.national_id end, \
                receipt = excluded.receipt, confirmed_ms = excluded.confirmed_ms, refused_action = null, refused_version = null");
            sql.build().persistent(part.len() == PART).execute(c).await?.rows_affected()
        });
        if count != part.len() as u64 {
            return Err(StoreError::Unexpected("the number of ledger rows confirmed"));
        }
    }
    Ok(())
}

const REFUSE: &str = "update ledger set refused_action = $3, refused_version = $4 where stream_id = $1 and key = $2";
const FORGET_REFUSALS_SQLITE: &str = "update ledger set refused_action = null, refused_version = null \
    where stream_id = $1 and key in (select value from json_each($2))";
const FORGET_REFUSALS_POSTGRES: &str = "update ledger set refused_action = null, refused_version = null \
    where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb))";

/// Writes down what the nation refused for good.
pub async fn refuse(tx: &mut Tx, stream: i64, key: &str, content: (Action, ContentHash)) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(REFUSE).bind(stream).bind(key).bind(content.0.word()).bind(content.1.0.to_vec()).execute(c).await?.rows_affected());
    Ok(())
}

/// What was refused of these records may be said again: its cause is over, or a person says so.
pub async fn forget_refusals(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let sql = tx.pick(FORGET_REFUSALS_SQLITE, FORGET_REFUSALS_POSTGRES);
    let list = json_list(keys.iter().copied());
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).execute(c).await?.rows_affected());
    Ok(())
}

const COUNTS: &str = "select count(*), count(case when confirmed_action = 'write' then 1 end), coalesce(max(id), 0) \
    from ledger where stream_id = $1";

/// How large the ledger of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Its rows.
    pub rows: u64,
    /// Those that the nation has confirmed and not stopped.
    pub running: u64,
    /// The greatest id.
    pub last: i64,
}

/// Counts the ledger of a stream.
pub async fn counts(tx: &mut Tx, stream: i64) -> Result<Counts, StoreError> {
    let (rows, running, last): (i64, i64, i64) = on!(tx, c => sqlx::query_as(COUNTS).bind(stream).fetch_one(c).await?);
    let count = |n| u64::try_from(n).unwrap_or(0);
    Ok(Counts { rows: count(rows), running: count(running), last })
}

/// A ledger row for the search of records that are gone.
pub type Present = (i64, String, String, Option<String>);

const IDS_SQLITE: &str = "select group_concat(id) from (select id from ledger where stream_id = $1 and id > $2 order by id limit 5000) as page";
const IDS_POSTGRES: &str = "select string_agg(id::text, ',') \
    from (select id from ledger where stream_id = $1 and id > $2 order by id limit 5000) as page";

/// A page of ids after an id, in any order; empty when there are no more.
pub async fn ids(tx: &mut Tx, stream: i64, after: i64) -> Result<Vec<i64>, StoreError> {
    let sql = tx.pick(IDS_SQLITE, IDS_POSTGRES);
    let (text,): (Option<String>,) = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(after).fetch_one(c).await?);
    let text = text.unwrap_or_default();
    let ids = text.split(',').filter(|id| !id.is_empty()).map(str::parse);
    ids.collect::<Result<_, _>>().map_err(|_| StoreError::Unexpected("ids of the ledger"))
}

const PRESENT_SQLITE: &str = "select id, key, verdict, confirmed_action from ledger where stream_id = $1 \
    and id in (select value from json_each($2)) order by id";
const PRESENT_POSTGRES: &str = "select id, key, verdict, confirmed_action from ledger where stream_id = $1 \
    and id in (select jsonb_array_elements_text($2::jsonb)::bigint) order by id";

/// `(id, key, verdict, confirmed action)` of the rows with these ids.
pub async fn present(tx: &mut Tx, stream: i64, ids: &[i64]) -> Result<Vec<Present>, StoreError> {
    let (sql, list) = (tx.pick(PRESENT_SQLITE, PRESENT_POSTGRES), json_ids(ids));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?))
}

const FORGET_SQLITE: &str =
    "delete from ledger where stream_id = $1 and confirmed_action is null and key in (select value from json_each($2))";
const FORGET_POSTGRES: &str = "delete from ledger where stream_id = $1 and confirmed_action is null and key in (select jsonb_array_elements_text($2::jsonb))";

/// Forgets rows that are gone and that the nation never had.
pub async fn forget(tx: &mut Tx, stream: i64, keys: &[String]) -> Result<(), StoreError> {
    let sql = tx.pick(FORGET_SQLITE, FORGET_POSTGRES);
    let list = json_list(keys.iter().map(String::as_str));
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).execute(c).await?.rows_affected());
    Ok(())
}

const GONE_SQLITE: &str =
    "update ledger set verdict = 'gone' where stream_id = $1 and key in (select value from json_each($2))";
const GONE_POSTGRES: &str =
    "update ledger set verdict = 'gone' where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb))";

/// Notes that records were gone from a complete scan; a row that comes back is judged again.
pub async fn gone(tx: &mut Tx, stream: i64, keys: &[String]) -> Result<(), StoreError> {
    let sql = tx.pick(GONE_SQLITE, GONE_POSTGRES);
    let list = json_list(keys.iter().map(String::as_str));
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).execute(c).await?.rows_affected());
    Ok(())
}

const HOLD_SQLITE: &str =
    "update ledger set verdict = 'held' where stream_id = $1 and key in (select value from json_each($2))";
const HOLD_POSTGRES: &str =
    "update ledger set verdict = 'held' where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb))";

/// Notes that records are held after they were judged: the same rows, met again, stay so.
pub async fn hold(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<(), StoreError> {
    let (sql, list) = (tx.pick(HOLD_SQLITE, HOLD_POSTGRES), json_list(keys.iter().copied()));
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).execute(c).await?.rows_affected());
    Ok(())
}

const MUST_JUDGE_SQLITE: &str =
    "update ledger set raw = $3 where stream_id = $1 and key in (select value from json_each($2))";
const MUST_JUDGE_POSTGRES: &str =
    "update ledger set raw = $3 where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb))";

/// Makes the next scan judge these rows again, whatever their fingerprints.
pub async fn must_judge(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<(), StoreError> {
    let sql = tx.pick(MUST_JUDGE_SQLITE, MUST_JUDGE_POSTGRES);
    let list = json_list(keys.iter().copied());
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).bind(vec![0u8; 16]).execute(c).await?.rows_affected());
    Ok(())
}
