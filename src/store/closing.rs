//! How mismatches close: what they told of is over, and so is what the province had to correct because of them. Callers know
//! these as functions of [`mismatch`](super::mismatch).

use crate::model::{Kind, Timestamp};

use super::mismatch::{Noted, note};
use super::{StoreError, Tx, json_list, on};

const OVER_SQLITE: &str =
    "update correction set over_ms = $2 where over_ms is null and mismatch_id in (select value from json_each($1))";
const OVER_POSTGRES: &str = "update correction set over_ms = $2 where over_ms is null \
    and mismatch_id in (select jsonb_array_elements_text($1::jsonb)::bigint)";

/// Notes that these were closed; what the province had to correct of them is corrected.
pub(super) async fn closed(tx: &mut Tx, now: Timestamp, rows: Vec<(i64,)>) -> Result<(), StoreError> {
    told(tx, now, rows, "closed").await
}

/// Notes what happened to these, of which nothing is left to be corrected.
pub(super) async fn told(tx: &mut Tx, now: Timestamp, rows: Vec<(i64,)>, event: &str) -> Result<(), StoreError> {
    let ids: Vec<i64> = rows.into_iter().map(|(id,)| id).collect();
    for part in ids.chunks(500) {
        let events: Vec<Noted<'_>> = part.iter().map(|id| Noted::of(*id, event)).collect();
        note(tx, now, &events).await?;
        let (sql, list) = (tx.pick(OVER_SQLITE, OVER_POSTGRES), super::json_ids(part));
        on!(tx, c => sqlx::query(sql).bind(&list).bind(now.0).execute(c).await?.rows_affected());
    }
    Ok(())
}

const CLOSE_SQLITE: &str = "update mismatch set state = 'closed', closed_ms = coalesce(closed_ms, $4), until_day = '', version = version + 1 where stream_id = $1 and kind = $2 \
    and (closed_ms is null or until_day <> '') and key in (select value from json_each($3)) returning id";
const CLOSE_POSTGRES: &str = "update mismatch set state = 'closed', closed_ms = coalesce(closed_ms, $4), until_day = '', version = version + 1 where stream_id = $1 and kind = $2 \
    and (closed_ms is null or until_day <> '') and key in (select jsonb_array_elements_text($3::jsonb)) returning id";

/// Closes the open mismatches of a kind for these keys: what they told of is over, and so is what was accepted of it, which
/// would open again on its day.
pub async fn close(tx: &mut Tx, stream: i64, kind: Kind, keys: &[&str], now: Timestamp) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let sql = tx.pick(CLOSE_SQLITE, CLOSE_POSTGRES);
    let list = json_list(keys.iter().copied());
    let rows: Vec<(i64,)> =
        on!(tx, c => sqlx::query_as(sql).bind(stream).bind(kind.word()).bind(&list).bind(now.0).fetch_all(c).await?);
    closed(tx, now, rows).await
}

const CLOSE_TOLD_SQLITE: &str = "update mismatch set state = 'closed', closed_ms = coalesce(closed_ms, $4), until_day = '', version = version + 1 where stream_id = $1 and kind = $2 \
    and place = '' and (closed_ms is null or until_day <> '') and key in (select value from json_each($3)) returning id";
const CLOSE_TOLD_POSTGRES: &str = "update mismatch set state = 'closed', closed_ms = coalesce(closed_ms, $4), until_day = '', version = version + 1 where stream_id = $1 and kind = $2 \
    and place = '' and (closed_ms is null or until_day <> '') and key in (select jsonb_array_elements_text($3::jsonb)) returning id";

/// The same of what was only told, not held.
pub async fn close_told(tx: &mut Tx, stream: i64, kind: Kind, keys: &[&str], now: Timestamp) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let sql = tx.pick(CLOSE_TOLD_SQLITE, CLOSE_TOLD_POSTGRES);
    let list = json_list(keys.iter().copied());
    let rows: Vec<(i64,)> =
        on!(tx, c => sqlx::query_as(sql).bind(stream).bind(kind.word()).bind(&list).bind(now.0).fetch_all(c).await?);
    closed(tx, now, rows).await
}

const CLOSE_AT_SQLITE: &str = "update mismatch set state = 'closed', closed_ms = coalesce(closed_ms, $4), until_day = '', version = version + 1 where stream_id = $1 and kind = $2 \
    and place = $5 and (closed_ms is null or until_day <> '') and key in (select value from json_each($3)) returning id";
const CLOSE_AT_POSTGRES: &str = "update mismatch set state = 'closed', closed_ms = coalesce(closed_ms, $4), until_day = '', version = version + 1 where stream_id = $1 and kind = $2 \
    and place = $5 and (closed_ms is null or until_day <> '') and key in (select jsonb_array_elements_text($3::jsonb)) returning id";

/// The same at one place: the other record of a pair, a clock.
pub async fn close_at(
    tx: &mut Tx,
    stream: i64,
    (kind, place): (Kind, &str),
    keys: &[&str],
    now: Timestamp,
) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let (sql, list) = (tx.pick(CLOSE_AT_SQLITE, CLOSE_AT_POSTGRES), json_list(keys.iter().copied()));
    let rows: Vec<(i64,)> = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(kind.word()).bind(&list).bind(now.0).bind(place)
        .fetch_all(c).await?);
    closed(tx, now, rows).await
}

const CLOSE_HELD_SQLITE: &str = "update mismatch set state = 'closed', closed_ms = coalesce(closed_ms, $3), until_day = '', version = version + 1 where stream_id = $1 \
    and place = 'held' and (closed_ms is null or until_day <> '') and key in (select value from json_each($2)) and kind <> $4 returning id";
const CLOSE_HELD_POSTGRES: &str = "update mismatch set state = 'closed', closed_ms = coalesce(closed_ms, $3), until_day = '', version = version + 1 where stream_id = $1 \
    and place = 'held' and (closed_ms is null or until_day <> '') and key in (select jsonb_array_elements_text($2::jsonb)) and kind <> $4 returning id";

/// Closes what is open of these records because they were held here, whether when judged or when about to be sent.
pub async fn close_held(tx: &mut Tx, stream: i64, keys: &[&str], now: Timestamp) -> Result<(), StoreError> {
    close_held_but(tx, stream, "", keys, now).await
}

/// Held for another reason now, of another kind.
pub(super) async fn close_others(
    tx: &mut Tx,
    stream: i64,
    kind: Kind,
    keys: &[&str],
    now: Timestamp,
) -> Result<(), StoreError> {
    close_held_but(tx, stream, kind.word(), keys, now).await
}

async fn close_held_but(tx: &mut Tx, stream: i64, but: &str, keys: &[&str], now: Timestamp) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let (sql, list) = (tx.pick(CLOSE_HELD_SQLITE, CLOSE_HELD_POSTGRES), json_list(keys.iter().copied()));
    let rows: Vec<(i64,)> =
        on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).bind(now.0).bind(but).fetch_all(c).await?);
    closed(tx, now, rows).await
}
