//! A decision that ours is said again, about a record that its source has no more: what cannot be sent goes back to a person,
//! and is sent after all once the source has it again.
//!
//! Whoever calls holds the stream's lease, and so does whatever lets a decision take effect: a scan that runs began after it.

use std::collections::{BTreeSet, HashSet};

use crate::model::{Message, Timestamp};

use super::mismatch::{self, Noted};
use super::{StoreError, Tx, effects, json_list, ledger, on};

// Where ours was accepted meanwhile there is a receipt, and the next comparison verifies it; what is on its way is settled
// first. What was refused and never confirmed is over with its row.
const BACK_SQLITE: &str = "update mismatch set state = 'open', assignee = '', absent_ms = $3, version = version + 1 \
    where stream_id = $1 and key in (select value from json_each($2)) and state || '' = 'applied' and decision = 'keep-ours' \
    and closed_ms is null and exists (select 1 from ledger l where l.stream_id = $1 and l.key = mismatch.key \
    and (case when kind = 'refused-there' then l.confirmed_action is not null else l.receipt is null or l.raw = $4 end)) \
    and not exists (select 1 from outbox o where o.stream_id = $1 and o.key = mismatch.key and o.state = 'sent') returning id, key";
const BACK_POSTGRES: &str = "update mismatch set state = 'open', assignee = '', absent_ms = $3, version = version + 1 \
    where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb)) and state || '' = 'applied' and decision = 'keep-ours' \
    and closed_ms is null and exists (select 1 from ledger l where l.stream_id = $1 and l.key = mismatch.key \
    and (case when kind = 'refused-there' then l.confirmed_action is not null else l.receipt is null or l.raw = $4 end)) \
    and not exists (select 1 from outbox o where o.stream_id = $1 and o.key = mismatch.key and o.state = 'sent') returning id, key";

// What we believed before the decision is what was accepted last.
macro_rules! believe {
    ($keys:literal) => {
        concat!(
            "update ledger set (confirmed_action, confirmed_version, receipt, confirmed_ms) = (select o.action, o.version, b.key, \
            coalesce((select max(e.at_ms) from exchange e where e.batch_key = b.key), 0) from outbox o join batch b on b.id = o.batch_id \
            where o.stream_id = $1 and o.key = ledger.key and o.state || '' = 'accepted' order by o.id desc limit 1) \
            where stream_id = $1 and receipt is null and key in ",
            $keys,
            " and exists (select 1 from outbox o join batch b on b.id = o.batch_id \
            where o.stream_id = $1 and o.key = ledger.key and o.state || '' = 'accepted')"
        )
    };
}

const BELIEVE_SQLITE: &str = believe!("(select value from json_each($2))");
const BELIEVE_POSTGRES: &str = believe!("(select jsonb_array_elements_text($2::jsonb))");

/// A complete scan did not meet these records: what was decided to be said again of them goes back to a person, and we
/// believe what we believed before, or a comparison would take the nation's side for ours. How many of them that were.
pub async fn give_back(tx: &mut Tx, stream: i64, now: Timestamp, keys: &[&str]) -> Result<usize, StoreError> {
    if keys.is_empty() {
        return Ok(0);
    }
    let (sql, list) = (tx.pick(BACK_SQLITE, BACK_POSTGRES), json_list(keys.iter().copied()));
    let rows: Vec<(i64, String)> = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).bind(now.0).bind(vec![0_u8; 16])
        .fetch_all(c).await?);
    if rows.is_empty() {
        return Ok(0);
    }
    let gone: BTreeSet<&str> = rows.iter().map(|(_, key)| key.as_str()).collect();
    let (sql, list) = (tx.pick(BELIEVE_SQLITE, BELIEVE_POSTGRES), json_list(gone.iter().copied()));
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).execute(c).await?.rows_affected());
    ledger::must_judge(tx, stream, &gone.iter().copied().collect::<Vec<_>>()).await?;
    let words = Message::OursIsAbsent.both();
    let events: Vec<Noted<'_>> =
        rows.iter().map(|(id, _)| Noted { words: &words, ..Noted::of(*id, "reopened") }).collect();
    mismatch::note(tx, now, &events).await?;
    Ok(gone.len())
}

const ABSENT: &str =
    "select key from mismatch where stream_id = $1 and absent_ms is not null and closed_ms is null order by key";

/// The records of which a decision came back to a person so, and that nobody decided about since.
pub async fn keys(tx: &mut Tx, stream: i64) -> Result<BTreeSet<String>, StoreError> {
    let rows: Vec<(String,)> = on!(tx, c => sqlx::query_as(ABSENT).bind(stream).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

const AGAIN_SQLITE: &str = "update mismatch set state = 'decided', absent_ms = null, version = version + 1 \
    where stream_id = $1 and key in (select value from json_each($2)) and absent_ms is not null and closed_ms is null \
    and state || '' = 'open' and decision = 'keep-ours' and seconded_by <> '' returning id";
const AGAIN_POSTGRES: &str = "update mismatch set state = 'decided', absent_ms = null, version = version + 1 \
    where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb)) and absent_ms is not null and closed_ms is null \
    and state || '' = 'open' and decision = 'keep-ours' and seconded_by <> '' returning id";

const THERE_SQLITE: &str = "update mismatch set absent_ms = null where stream_id = $1 and key in (select value from json_each($2)) \
    and absent_ms is not null";
const THERE_POSTGRES: &str = "update mismatch set absent_ms = null where stream_id = $1 \
    and key in (select jsonb_array_elements_text($2::jsonb)) and absent_ms is not null";

/// The source has these records again: unless somebody took them in hand, what was decided holds, and takes effect
/// before the row is judged.
pub async fn met(tx: &mut Tx, stream: i64, now: Timestamp, keys: &[&str]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let (sql, list) = (tx.pick(AGAIN_SQLITE, AGAIN_POSTGRES), json_list(keys.iter().copied()));
    let rows: Vec<(i64,)> = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
    // Whoever has one in hand decides about a record that is there.
    let there = tx.pick(THERE_SQLITE, THERE_POSTGRES);
    on!(tx, c => sqlx::query(there).bind(stream).bind(&list).execute(c).await?.rows_affected());
    let again: HashSet<i64> = rows.into_iter().map(|(id,)| id).collect();
    let words = Message::OursIsThereAgain.both();
    let events: Vec<Noted<'_>> =
        again.iter().map(|id| Noted { what: "keep-ours", words: &words, ..Noted::of(*id, "decided") }).collect();
    mismatch::note(tx, now, &events).await?;
    let mut due = effects::due_of(tx, stream, keys).await?;
    due.retain(|due| again.contains(&due.id));
    effects::say_again(tx, stream, now, &due).await?;
    effects::applied(tx, now, &due, false).await
}
