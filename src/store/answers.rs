//! What a run answers for: the outbox rows that it made or took over, and how they stand in the end.

use std::collections::{BTreeMap, HashMap};

use super::{StoreError, Tx, json_list, on};

const ANSWERED_FOR_SQLITE: &str = "select key, state || '' in ('sent', 'accepted', 'refused') from outbox where stream_id = $1 \
    and key in (select value from json_each($2)) and +run_id = $3 and state || '' not in ('superseded', 'withdrawn')";
const ANSWERED_FOR_POSTGRES: &str = "select key, state || '' in ('sent', 'accepted', 'refused') from outbox where stream_id = $1 \
    and key in (select jsonb_array_elements_text($2::jsonb)) and +run_id = $3 and state || '' not in ('superseded', 'withdrawn')";

/// Those of the keys for which a run answers already, and whether with something that went out: [`outcome`] counts
/// them by what became of them.
pub async fn answered_for(
    tx: &mut Tx,
    stream: i64,
    run: i64,
    keys: &[&str],
) -> Result<HashMap<String, bool>, StoreError> {
    let sql = tx.pick(ANSWERED_FOR_SQLITE, ANSWERED_FOR_POSTGRES);
    let list = json_list(keys.iter().copied());
    let rows: Vec<(String, bool)> =
        on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).bind(run).fetch_all(c).await?);
    let mut found = HashMap::new();
    for (key, went) in rows {
        *found.entry(key).or_default() |= went;
    }
    Ok(found)
}

const DISOWN_SQLITE: &str = "update outbox set run_id = 0 where stream_id = $1 and key in (select value from json_each($2)) \
    and +run_id = $3 and state || '' in ('sent', 'accepted', 'refused')";
const DISOWN_POSTGRES: &str = "update outbox set run_id = 0 where stream_id = $1 \
    and key in (select jsonb_array_elements_text($2::jsonb)) and +run_id = $3 and state || '' in ('sent', 'accepted', 'refused')";

/// A run no longer answers for what went out of these records: the scan counts them otherwise, or did not meet them.
pub async fn disown(tx: &mut Tx, stream: i64, run: i64, keys: &[&str]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let sql = tx.pick(DISOWN_SQLITE, DISOWN_POSTGRES);
    let list = json_list(keys.iter().copied());
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).bind(run).execute(c).await?.rows_affected());
    Ok(())
}

const LEAVE_SQLITE: &str =
    "update outbox set run_id = 0 where stream_id = $1 and key in (select value from json_each($2)) and +run_id = $3";
const LEAVE_POSTGRES: &str = "update outbox set run_id = 0 where stream_id = $1 \
    and key in (select jsonb_array_elements_text($2::jsonb)) and +run_id = $3";

/// A run answers for nothing of these records, sent or not: its file did not speak of them. What waits goes on waiting,
/// and is delivered all the same.
pub async fn leave(tx: &mut Tx, stream: i64, run: i64, keys: &[&str]) -> Result<(), StoreError> {
    let sql = tx.pick(LEAVE_SQLITE, LEAVE_POSTGRES);
    let list = json_list(keys.iter().copied());
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).bind(run).execute(c).await?.rows_affected());
    Ok(())
}

// By its own state each, so that each finds its index.
const ADOPT: [&str; 3] = [
    "update outbox set run_id = $2 where stream_id = $1 and state = 'staged'",
    "update outbox set run_id = $2 where stream_id = $1 and state = 'ready'",
    "update outbox set run_id = $2 where stream_id = $1 and state = 'sent'",
];

/// A new run answers for everything of its stream that is not settled yet; how many rows that are.
pub async fn adopt(tx: &mut Tx, stream: i64, run: i64) -> Result<u64, StoreError> {
    let mut adopted = 0;
    for sql in ADOPT {
        adopted += on!(tx, c => sqlx::query(sql).bind(stream).bind(run).execute(c).await?.rows_affected());
    }
    Ok(adopted)
}

const OUTCOME: &str = "select state, action, count(*) from outbox where run_id = $1 group by state, action";
// Of a record with two rows of one run (one in flight, one queued after it) only the later counts.
const OUTCOME_OF_LATER: &str = "select o.state, o.action, count(*) from outbox o where o.run_id = $1 \
    and not exists (select 1 from outbox p where p.stream_id = o.stream_id and p.key = o.key and p.id > o.id and +p.run_id = o.run_id \
    and p.state not in ('superseded', 'withdrawn')) group by o.state, o.action";

/// How the rows that a run answers for stand, by state and action. `doubled` says that a record may have two of them,
/// which is so only where the run adopted rows of an earlier one.
pub async fn outcome(tx: &mut Tx, run: i64, doubled: bool) -> Result<BTreeMap<(String, String), u64>, StoreError> {
    let sql = if doubled { OUTCOME_OF_LATER } else { OUTCOME };
    let rows: Vec<(String, String, i64)> = on!(tx, c => sqlx::query_as(sql).bind(run).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(state, action, n)| ((state, action), u64::try_from(n).unwrap_or(0))).collect())
}

const REFUSED: &str = "select m.reason, count(*) from outbox o join mismatch m on m.id = (select max(r.id) from mismatch r \
    where r.stream_id = o.stream_id and r.key = o.key and r.kind = 'refused-there') where o.run_id = $1 and o.state = 'refused' \
    and not exists (select 1 from outbox p where p.stream_id = o.stream_id and p.key = o.key and p.id > o.id and +p.run_id = o.run_id \
    and p.state not in ('superseded', 'withdrawn')) group by m.reason";

/// The records for which the last word in this run was a refusal, by the nation's code.
pub async fn refusals(tx: &mut Tx, run: i64) -> Result<BTreeMap<String, u64>, StoreError> {
    let rows: Vec<(String, i64)> = on!(tx, c => sqlx::query_as(REFUSED).bind(run).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(code, n)| (code, u64::try_from(n).unwrap_or(0))).collect())
}
