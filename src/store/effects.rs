//! What decisions do. Whoever calls holds the stream's lease, so that no run has the same records in its hands.

use crate::model::{Kind, Timestamp};

use super::mismatch::{self, Noted};
use super::{StoreError, Tx, decided, json_ids, json_list, ledger, on};

/// So many at once: a transaction stays short.
const MOST: i64 = 500;

/// A decision that is due.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Due {
    /// The mismatch.
    pub id: i64,
    /// The record's key.
    pub key: String,
    /// Kind.
    pub kind: String,
    /// Decision.
    pub decision: String,
    /// By whom.
    pub decided_by: String,
    /// Why.
    pub why: String,
    /// What the nation really has.
    pub there: String,
    /// Digest of the number on our side.
    pub person: String,
    /// Digest of the number on the other.
    pub other: String,
    /// When it was seen last: what was confirmed since is newer than what the comparison saw.
    pub seen_ms: i64,
}

/// Of a record `s`, what ours may not go over: another field that a person has in hand, or of which theirs is right.
macro_rules! stands_beside {
    () => {
        "s.stream_id = m.stream_id and s.key = m.key and s.id <> m.id and s.closed_ms is null and s.place <> 'held' \
        and s.kind in ('field-differs', 'number-changed', 'status-back', 'unit-ambiguous') \
        and (s.state in ('open', 'in-review') or s.decision <> 'keep-ours')"
    };
}

// What is on its way is settled first: nobody knows yet what the nation has. Ours goes as a whole record.
macro_rules! due {
    ($which:literal) => {
        concat!(
            "select id, key, kind, decision, decided_by, why, there, person, other, seen_ms from mismatch m \
            where stream_id = $1 and state = 'decided' and closed_ms is null and seconded_by <> '' \
            and not (decision = 'keep-ours' and exists (select 1 from mismatch s where ",
            stands_beside!(),
            ")) and not exists (select 1 from outbox o where o.stream_id = $1 and o.key = m.key and o.state = 'sent') ",
            $which
        )
    };
}

const DUE: &str = due!("order by id limit $2");
const OF_KEYS_SQLITE: &str = due!("and key in (select value from json_each($2)) order by id");
const OF_KEYS_POSTGRES: &str = due!("and key in (select jsonb_array_elements_text($2::jsonb)) order by id");

/// Decisions that nobody has to second any more; whether there may be more of them.
pub async fn due(tx: &mut Tx, stream: i64) -> Result<(Vec<Due>, bool), StoreError> {
    let rows: Vec<Due> = on!(tx, c => sqlx::query_as(DUE).bind(stream).bind(MOST).fetch_all(c).await?);
    let more = i64::try_from(rows.len()).is_ok_and(|n| n == MOST);
    Ok((rows, more))
}

/// The same of these records only.
pub(super) async fn due_of(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<Vec<Due>, StoreError> {
    let (sql, list) = (tx.pick(OF_KEYS_SQLITE, OF_KEYS_POSTGRES), json_list(keys.iter().copied()));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?))
}

const BESIDE: &str = concat!(
    "select s.id from mismatch m join mismatch s on ",
    stands_beside!(),
    " where m.id = $1 and m.state = 'decided' and m.decision = 'keep-ours' and m.closed_ms is null order by s.id limit 50"
);

/// The numbers of what has to be settled first, where this is a decision that ours goes and it waits.
pub async fn waits_for(tx: &mut Tx, id: i64) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = on!(tx, c => sqlx::query_as(BESIDE).bind(id).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

// The keys stand there twice, so that SQLite finds each row by its key. What was confirmed after the comparison stays.
const BELIEVE_SQLITE: &str = "update ledger set confirmed_action = nullif(j.value ->> 1, ''), confirmed_version = case when j.value ->> 1 = '' \
    then null else unhex(j.value ->> 2) end, confirmed_ms = case when j.value ->> 1 = '' then null else $3 end, \
    national_id = case when j.value ->> 1 = '' then null else national_id end, receipt = null \
    from json_each($2) j where ledger.stream_id = $1 and ledger.key in (select value ->> 0 from json_each($2)) \
    and ledger.key = j.value ->> 0 and coalesce(ledger.confirmed_ms, 0) <= cast(j.value ->> 3 as integer)";
const BELIEVE_POSTGRES: &str = "update ledger set confirmed_action = nullif(j.value ->> 1, ''), confirmed_version = case when j.value ->> 1 = '' \
    then null else decode(j.value ->> 2, 'hex') end, confirmed_ms = case when j.value ->> 1 = '' then null else $3 end, \
    national_id = case when j.value ->> 1 = '' then null else national_id end, receipt = null \
    from jsonb_array_elements($2::jsonb) j where ledger.stream_id = $1 and ledger.key = j.value ->> 0 \
    and coalesce(ledger.confirmed_ms, 0) <= cast(j.value ->> 3 as bigint)";

/// What we believe becomes what the nation really has, so that the next scan finds a difference and sends ours again,
/// through delta and brake as ever.
pub async fn say_again(tx: &mut Tx, stream: i64, now: Timestamp, rows: &[Due]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let refused = |due: &&Due| due.kind == Kind::RefusedThere.word();
    // Where no comparison has seen what is there, it is something that equals nothing.
    let nothing = "0".repeat(64);
    let beliefs: Vec<[String; 4]> = rows
        .iter()
        .filter(|due| !refused(due))
        .map(|due| {
            if due.kind == Kind::MissingThere.word() {
                return [due.key.clone(), String::new(), String::new(), due.seen_ms.to_string()];
            }
            let (action, version) = due.there.split_once(' ').unwrap_or(("write", &nothing));
            [due.key.clone(), action.to_owned(), version.to_owned(), due.seen_ms.to_string()]
        })
        .collect();
    let list = serde_json::to_string(&beliefs).unwrap_or_else(|_| "[]".to_owned());
    let sql = tx.pick(BELIEVE_SQLITE, BELIEVE_POSTGRES);
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).bind(now.0).execute(c).await?.rows_affected());
    let keys: Vec<&str> = rows.iter().map(|due| due.key.as_str()).collect();
    ledger::forget_refusals(tx, stream, &keys).await?;
    ledger::must_judge(tx, stream, &keys).await?;
    for due in rows.iter().filter(refused) {
        let decision =
            decided::Decision { verb: "retry", at: now, who: &due.decided_by, reason: &due.why, batch_key: "" };
        decided::add(tx, stream, std::slice::from_ref(&due.key), &decision).await?;
    }
    Ok(())
}

const LIST_SQLITE: &str = "insert into correction (stream_id, mismatch_id, key, kind, field, ours, theirs, unit, decision, decided_by, why, at_ms) \
    select stream_id, id, key, kind, field, value, case when theirs = '' then proposal else theirs end, unit, decision, decided_by, why, $2 from mismatch \
    where id in (select value from json_each($1)) on conflict do nothing";
const LIST_POSTGRES: &str = "insert into correction (stream_id, mismatch_id, key, kind, field, ours, theirs, unit, decision, decided_by, why, at_ms) \
    select stream_id, id, key, kind, field, value, case when theirs = '' then proposal else theirs end, unit, decision, decided_by, why, $2 from mismatch \
    where id in (select jsonb_array_elements_text($1::jsonb)::bigint) on conflict do nothing";

/// Puts these on the list of what the province has to correct.
pub async fn list(tx: &mut Tx, now: Timestamp, ids: &[i64]) -> Result<(), StoreError> {
    let (sql, list) = (tx.pick(LIST_SQLITE, LIST_POSTGRES), json_ids(ids));
    on!(tx, c => sqlx::query(sql).bind(&list).bind(now.0).execute(c).await?.rows_affected());
    Ok(())
}

const LINK: &str = "insert into person_alias (mismatch_id, earlier, person, at_ms, who) values ($1, $2, $3, $4, $5) on conflict do nothing";

/// The other number leads to ours from now on; false where a confirmed link already leads away from it.
pub async fn link(tx: &mut Tx, now: Timestamp, due: &Due) -> Result<bool, StoreError> {
    let rows = on!(tx, c => sqlx::query(LINK).bind(due.id).bind(&due.other).bind(&due.person).bind(now.0).bind(&due.decided_by)
        .execute(c).await?.rows_affected());
    Ok(rows == 1)
}

const APPLIED_SQLITE: &str = "update mismatch set state = 'applied', applied_ms = $2, version = version + 1 \
    where id in (select value from json_each($1)) and state = 'decided'";
const APPLIED_POSTGRES: &str = "update mismatch set state = 'applied', applied_ms = $2, version = version + 1 \
    where id in (select jsonb_array_elements_text($1::jsonb)::bigint) and state = 'decided'";
const DONE_SQLITE: &str = "update mismatch set state = 'closed', applied_ms = $2, closed_ms = $2, version = version + 1 \
    where id in (select value from json_each($1)) and state = 'decided'";
const DONE_POSTGRES: &str = "update mismatch set state = 'closed', applied_ms = $2, closed_ms = $2, version = version + 1 \
    where id in (select jsonb_array_elements_text($1::jsonb)::bigint) and state = 'decided'";

/// Their decisions took effect; `done` of those that nothing is left to verify of.
pub async fn applied(tx: &mut Tx, now: Timestamp, rows: &[Due], done: bool) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = rows.iter().map(|due| due.id).collect();
    let sql = if done { tx.pick(DONE_SQLITE, DONE_POSTGRES) } else { tx.pick(APPLIED_SQLITE, APPLIED_POSTGRES) };
    let list = json_ids(&ids);
    on!(tx, c => sqlx::query(sql).bind(&list).bind(now.0).execute(c).await?.rows_affected());
    let events: Vec<Noted<'_>> =
        rows.iter().map(|due| Noted { what: &due.decision, ..Noted::of(due.id, "applied") }).collect();
    mismatch::note(tx, now, &events).await?;
    if done { mismatch::closed(tx, now, ids.into_iter().map(|id| (id,)).collect()).await } else { Ok(()) }
}

const BACK: &str = "update mismatch set state = 'open', version = version + 1 where id = $1 and state = 'decided'";

/// A decision that cannot take effect waits for a person again, with the words why.
pub async fn back(tx: &mut Tx, now: Timestamp, id: i64, words: &str) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(BACK).bind(id).execute(c).await?.rows_affected());
    mismatch::note(tx, now, &[Noted { words, ..Noted::of(id, "reopened") }]).await
}
