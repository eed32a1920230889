//! What a comparison of both sides does to mismatches by itself: the authority file decides, what agrees closes, what was
//! accepted ends on its day. Nothing here undoes what a person decided.

use crate::model::Timestamp;

use super::mismatch::{self, Draft, Noted};
use super::{StoreError, Tx, json_list, on};

/// By whom a decision is that the authority file made.
pub const AUTHORITY: &str = "authority";

/// So often a mismatch may come back before a person must decide.
const RELAPSES: i64 = 2;

/// Which rows: `[[key, kind, place], …]`.
fn places(drafts: &[&Draft]) -> String {
    let all: Vec<[&str; 3]> = drafts.iter().map(|d| [d.key.as_str(), d.kind.word(), d.place.as_str()]).collect();
    serde_json::to_string(&all).unwrap_or_else(|_| "[]".to_owned())
}

const DECIDE_SQLITE: &str = "update mismatch set state = 'decided', decision = $4, decided_by = 'authority', decided_ms = $3, \
    why = detail, until_day = '', seconded_by = '-', applied_ms = null, version = version + 1 \
    where stream_id = $1 and (key, kind, place) in (select value ->> 0, value ->> 1, value ->> 2 from json_each($2)) \
    and state || '' = 'open' and absent_ms is null and relapses < $5 and decided_by in ('', 'authority') returning id";
const DECIDE_POSTGRES: &str = "update mismatch set state = 'decided', decision = $4, decided_by = 'authority', decided_ms = $3, \
    why = detail, until_day = '', seconded_by = '-', applied_ms = null, version = version + 1 \
    where stream_id = $1 and (key, kind, place) in (select value ->> 0, value ->> 1, value ->> 2 from jsonb_array_elements($2::jsonb)) \
    and state || '' = 'open' and absent_ms is null and relapses < $5 and decided_by in ('', 'authority') returning id";

/// The authority file decides about these, where nobody has them in hand, no person decided about them before, they did
/// not come back too often, and ours is not what the source has no more.
pub async fn by_authority(
    tx: &mut Tx,
    stream: i64,
    now: Timestamp,
    drafts: &[&Draft],
    decision: &str,
) -> Result<(), StoreError> {
    for part in drafts.chunks(500) {
        let (sql, list) = (tx.pick(DECIDE_SQLITE, DECIDE_POSTGRES), places(part));
        let rows: Vec<(i64,)> = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).bind(now.0).bind(decision).bind(RELAPSES)
            .fetch_all(c).await?);
        let event = |(id,): (i64,)| Noted { who: AUTHORITY, what: decision, ..Noted::of(id, "decided") };
        let events: Vec<Noted<'_>> = rows.into_iter().map(event).collect();
        mismatch::note(tx, now, &events).await?;
    }
    Ok(())
}

const RELAPSED_SQLITE: &str = "update mismatch set state = 'open', assignee = '', relapses = relapses + 1, version = version + 1 \
    where stream_id = $1 and (key, kind, place) in (select value ->> 0, value ->> 1, value ->> 2 from json_each($2)) \
    and state || '' = 'applied' and decision = 'keep-ours' and applied_ms < $3 \
    and exists (select 1 from ledger l where l.stream_id = $1 and l.key = mismatch.key and l.raw <> $4) \
    and not exists (select 1 from outbox o where o.stream_id = $1 and o.key = mismatch.key and o.state in ('staged', 'ready', 'sent')) \
    returning id";
const RELAPSED_POSTGRES: &str = "update mismatch set state = 'open', assignee = '', relapses = relapses + 1, version = version + 1 \
    where stream_id = $1 and (key, kind, place) in (select value ->> 0, value ->> 1, value ->> 2 from jsonb_array_elements($2::jsonb)) \
    and state || '' = 'applied' and decision = 'keep-ours' and applied_ms < $3 \
    and exists (select 1 from ledger l where l.stream_id = $1 and l.key = mismatch.key and l.raw <> $4) \
    and not exists (select 1 from outbox o where o.stream_id = $1 and o.key = mismatch.key and o.state in ('staged', 'ready', 'sent')) \
    returning id";

/// Ours was said again, and the nation still has its own: that is a relapse, not something that is still under way.
/// While the row was not scanned yet, or waits in the outbox, nothing is concluded.
pub async fn relapsed(tx: &mut Tx, stream: i64, now: Timestamp, drafts: &[Draft]) -> Result<(), StoreError> {
    for part in drafts.chunks(500) {
        let part: Vec<&Draft> = part.iter().collect();
        let (sql, list) = (tx.pick(RELAPSED_SQLITE, RELAPSED_POSTGRES), places(&part));
        let rows: Vec<(i64,)> = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).bind(now.0).bind(vec![0_u8; 16])
            .fetch_all(c).await?);
        let events: Vec<Noted<'_>> = rows.into_iter().map(|(id,)| Noted::of(id, "reopened")).collect();
        mismatch::note(tx, now, &events).await?;
    }
    Ok(())
}

const REFUSED_SQLITE: &str = "update mismatch set state = 'open', assignee = '', applied_ms = null, relapses = relapses + 1, version = version + 1 \
    where stream_id = $1 and key in (select value from json_each($2)) and kind = 'refused-there' and closed_ms is null \
    and state || '' = 'applied' and decision = 'keep-ours' returning id";
const REFUSED_POSTGRES: &str = "update mismatch set state = 'open', assignee = '', applied_ms = null, relapses = relapses + 1, version = version + 1 \
    where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb)) and kind = 'refused-there' and closed_ms is null \
    and state || '' = 'applied' and decision = 'keep-ours' returning id";

/// These were refused once more, after somebody let them go again: that did not help, and a person looks again. What is to
/// be corrected at the source stays on its list: what went may have been another change of the record.
pub async fn refused_again(tx: &mut Tx, stream: i64, now: Timestamp, keys: &[&str]) -> Result<(), StoreError> {
    let (sql, list) = (tx.pick(REFUSED_SQLITE, REFUSED_POSTGRES), json_list(keys.iter().copied()));
    let rows: Vec<(i64,)> = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
    let events: Vec<Noted<'_>> = rows.into_iter().map(|(id,)| Noted::of(id, "reopened")).collect();
    mismatch::note(tx, now, &events).await
}

const NO_LONGER_SQLITE: &str = "update mismatch set state = 'closed', closed_ms = coalesce(closed_ms, $3), until_day = '', version = version + 1 where stream_id = $1 \
    and key in (select value ->> 0 from json_each($2)) and (closed_ms is null or until_day <> '') and place <> 'held' \
    and kind in ('missing-there', 'missing-here', 'field-differs', 'number-changed', 'status-back', 'unit-ambiguous') \
    and (key, kind, place) not in (select value ->> 0, value ->> 1, value ->> 2 from json_each($2)) returning id";
const NO_LONGER_POSTGRES: &str = "update mismatch set state = 'closed', closed_ms = coalesce(closed_ms, $3), until_day = '', version = version + 1 where stream_id = $1 \
    and key in (select value ->> 0 from jsonb_array_elements($2::jsonb)) and (closed_ms is null or until_day <> '') and place <> 'held' \
    and kind in ('missing-there', 'missing-here', 'field-differs', 'number-changed', 'status-back', 'unit-ambiguous') \
    and (key, kind, place) not in (select value ->> 0, value ->> 1, value ->> 2 from jsonb_array_elements($2::jsonb)) returning id";

/// These are all that a comparison found of their keys: what else was found of them before is over.
pub async fn no_longer(tx: &mut Tx, stream: i64, now: Timestamp, drafts: &[&Draft]) -> Result<(), StoreError> {
    if drafts.is_empty() {
        return Ok(());
    }
    let (sql, list) = (tx.pick(NO_LONGER_SQLITE, NO_LONGER_POSTGRES), places(drafts));
    let rows: Vec<(i64,)> = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).bind(now.0).fetch_all(c).await?);
    mismatch::closed(tx, now, rows).await
}

const AGREE_SQLITE: &str = "update mismatch set state = 'closed', closed_ms = coalesce(closed_ms, $3), until_day = '', version = version + 1 \
    where stream_id = $1 and key in (select value from json_each($2)) and (closed_ms is null or until_day <> '') and place <> 'held' \
    and kind in ('missing-there', 'missing-here', 'field-differs', 'number-changed', 'status-back', 'unit-ambiguous') returning id";
const AGREE_POSTGRES: &str = "update mismatch set state = 'closed', closed_ms = coalesce(closed_ms, $3), until_day = '', version = version + 1 \
    where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb)) and (closed_ms is null or until_day <> '') and place <> 'held' \
    and kind in ('missing-there', 'missing-here', 'field-differs', 'number-changed', 'status-back', 'unit-ambiguous') returning id";

/// These records were compared and agree: what a comparison had found of them is over, and so is what was accepted.
pub async fn agree(tx: &mut Tx, stream: i64, now: Timestamp, keys: &[&str]) -> Result<(), StoreError> {
    for part in keys.chunks(500) {
        let (sql, list) = (tx.pick(AGREE_SQLITE, AGREE_POSTGRES), json_list(part.iter().copied()));
        let rows: Vec<(i64,)> =
            on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).bind(now.0).fetch_all(c).await?);
        mismatch::closed(tx, now, rows).await?;
    }
    Ok(())
}

const END: &str = "update mismatch set state = 'open', closed_ms = null, opened_ms = $2, until_day = '', assignee = '', \
    occurrences = 1, relapses = relapses + 1, version = version + 1 \
    where stream_id = $1 and until_day <> '' and until_day <= $3 and closed_ms is not null returning id";

/// Opens again what was accepted until a day that has come; how many that were.
pub async fn end_accepted(tx: &mut Tx, stream: i64, now: Timestamp) -> Result<u64, StoreError> {
    let today = now.day().to_string();
    let rows: Vec<(i64,)> = on!(tx, c => sqlx::query_as(END).bind(stream).bind(now.0).bind(&today).fetch_all(c).await?);
    for part in rows.chunks(500) {
        let events: Vec<Noted<'_>> = part.iter().map(|(id,)| Noted::of(*id, "accepted-ended")).collect();
        mismatch::note(tx, now, &events).await?;
    }
    Ok(rows.len() as u64)
}
