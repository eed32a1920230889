//! What reports read: a page at a time, in an order in which the next page can go on.

use std::collections::HashMap;

use crate::model::Timestamp;

use super::review::{Item, item};
use super::{StoreError, Tx, json_ids, json_list, on};

/// Mismatches as they are exported and printed. A record of which nobody told the commune is of that of its ledger.
macro_rules! reported {
    ($rest:literal) => {
        concat!(
            "select ",
            item!("case when m.unit = '' then coalesce(l.unit, '') else m.unit end"),
            " from mismatch m join stream s on s.id = m.stream_id left join ledger l on l.stream_id = m.stream_id and l.key = m.key ",
            $rest
        )
    };
}

const EXPORTED: &str = reported!(
    "where m.id > $1 and ($2 = '' or m.kind = $2) and ($3 = '' or m.unit = $3 or (m.unit = '' and l.unit = $3)) \
    and ($4 = '' or s.name = $4) and ($5 = 'all' or ($5 = '' and m.closed_ms is null) or m.state = $5) order by m.id limit $6"
);

/// Which mismatches are exported; an empty text asks for nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'w> {
    /// The kind.
    pub kind: &'w str,
    /// The commune.
    pub unit: &'w str,
    /// The stream.
    pub stream: &'w str,
    /// The state; `all` for every one, empty for all that is not closed.
    pub state: &'w str,
}

/// The next mismatches after an id.
pub async fn exported(tx: &mut Tx, after: i64, wanted: Wanted<'_>, limit: i64) -> Result<Vec<Item>, StoreError> {
    let Wanted { kind, unit, stream, state } = wanted;
    Ok(on!(tx, c => sqlx::query_as(EXPORTED).bind(after).bind(kind).bind(unit).bind(stream).bind(state).bind(limit)
        .fetch_all(c).await?))
}

/// The walk of [`of_unit`]: stream, commune, key and id to go on after, limit. Those of which nobody told the commune are few,
/// and have that of their ledger.
pub const OF_UNIT: &str = concat!(
    "select * from (",
    reported!(
        "where m.stream_id = $1 and m.closed_ms is null and m.unit = $2 and ($2 <> '' or coalesce(l.unit, '') = '') \
        and (m.key, m.id) > ($3, $4) order by m.key, m.id limit $5"
    ),
    ") as told union all select * from (",
    reported!(
        "where m.stream_id = $1 and m.closed_ms is null and m.unit = '' and $2 <> '' and coalesce(l.unit, '') = $2 \
        and (m.key, m.id) > ($3, $4) order by m.key, m.id limit $5"
    ),
    ") as untold order by key, id limit $5"
);

/// The next open mismatches of a commune in a stream, by key.
pub async fn of_unit(
    tx: &mut Tx,
    stream: i64,
    unit: &str,
    (key, id): (&str, i64),
    limit: i64,
) -> Result<Vec<Item>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(OF_UNIT).bind(stream).bind(unit).bind(key).bind(id).bind(limit).fetch_all(c).await?))
}

/// Something that the province has to correct in its own records.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Correction {
    /// Its id.
    pub id: i64,
    /// The record's key.
    pub key: String,
    /// The field.
    pub field: String,
    /// Ours.
    pub ours: String,
    /// Theirs.
    pub theirs: String,
    /// What was decided.
    pub decision: String,
    /// By whom.
    pub decided_by: String,
    /// Why.
    pub why: String,
    /// When, in milliseconds.
    pub at_ms: i64,
}

const CORRECTIONS: &str = "select c.id, c.key, c.field, c.ours, c.theirs, c.decision, c.decided_by, c.why, c.at_ms from correction c \
    left join ledger l on l.stream_id = c.stream_id and l.key = c.key where c.stream_id = $1 and c.over_ms is null \
    and c.unit in ($2, '') and case when c.unit = '' then coalesce(l.unit, '') else c.unit end = $2 and c.id > $3 order by c.id limit $4";
const PRINTED_SQLITE: &str =
    "update correction set printed_ms = $2 where printed_ms is null and id in (select value from json_each($1))";
const PRINTED_POSTGRES: &str = "update correction set printed_ms = $2 where printed_ms is null \
    and id in (select jsonb_array_elements_text($1::jsonb)::bigint)";

/// The next corrections of a commune in a stream.
pub async fn corrections(
    tx: &mut Tx,
    stream: i64,
    unit: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Correction>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(CORRECTIONS).bind(stream).bind(unit).bind(after).bind(limit).fetch_all(c).await?))
}

/// These corrections stand on paper now.
pub async fn printed(tx: &mut Tx, ids: &[i64], now: Timestamp) -> Result<(), StoreError> {
    let (sql, list) = (tx.pick(PRINTED_SQLITE, PRINTED_POSTGRES), json_ids(ids));
    on!(tx, c => sqlx::query(sql).bind(&list).bind(now.0).execute(c).await?.rows_affected());
    Ok(())
}

const STREAMS: &str = "select id, name, system, entity from stream order by id";

/// A stream that ever ran.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Stream {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its system.
    pub system: String,
    /// Its entity.
    pub entity: String,
}

/// All of them, in the order in which they ran first.
pub async fn streams(tx: &mut Tx) -> Result<Vec<Stream>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(STREAMS).fetch_all(c).await?))
}

const UNITS: &str = "select distinct case when m.unit = '' then coalesce(l.unit, '') else m.unit end from mismatch m \
    left join ledger l on l.stream_id = m.stream_id and l.key = m.key where m.closed_ms is null \
    union select distinct case when c.unit = '' then coalesce(l.unit, '') else c.unit end from correction c \
    left join ledger l on l.stream_id = c.stream_id and l.key = c.key where c.over_ms is null order by 1";

/// The communes of which anything is open; the empty one where somebody's commune is not known.
pub async fn units(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = on!(tx, c => sqlx::query_as(UNITS).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(unit,)| unit).collect())
}

const NEWEST_SQLITE: &str = "select o.key, o.state, p.payload from outbox o join payload p on p.outbox_id = o.id where o.id in \
    (select max(n.id) from outbox n where n.stream_id = $1 and n.key in (select value from json_each($2)) and n.action || '' = 'write' \
    group by n.key)";
const NEWEST_POSTGRES: &str = "select o.key, o.state, p.payload from outbox o join payload p on p.outbox_id = o.id where o.id in \
    (select max(n.id) from outbox n where n.stream_id = $1 and n.key in (select jsonb_array_elements_text($2::jsonb)) \
    and n.action = 'write' group by n.key)";

/// State and content of the newest record that was to be written, sent or not, of each key that ever had one.
pub async fn newest(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<HashMap<String, (String, String)>, StoreError> {
    let (sql, list) = (tx.pick(NEWEST_SQLITE, NEWEST_POSTGRES), json_list(keys.iter().copied()));
    let rows: Vec<(String, String, String)> =
        on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(key, state, payload)| (key, (state, payload))).collect())
}

const ABOUT_SQLITE: &str = "select key, about from mismatch where stream_id = $1 and key in (select value from json_each($2)) \
    and about <> '' and closed_ms is null order by id";
const ABOUT_POSTGRES: &str = "select key, about from mismatch where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb)) \
    and about <> '' and closed_ms is null order by id";

/// What these records say: those that are held, or that only the nation has, as they were seen last; all others as they were
/// to be written last.
pub async fn said(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<HashMap<String, String>, StoreError> {
    let newest = newest(tx, stream, keys).await?;
    let mut said: HashMap<String, String> = newest.into_iter().map(|(key, (_, payload))| (key, payload)).collect();
    let (sql, list) = (tx.pick(ABOUT_SQLITE, ABOUT_POSTGRES), json_list(keys.iter().copied()));
    let rows: Vec<(String, String)> = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
    said.extend(rows);
    Ok(said)
}

const IN_MONTH: &str = "select count(*) from fact f join ledger l on l.stream_id = f.stream_id and l.key = f.key \
    where f.stream_id = $1 and f.from_day >= $2 and f.from_day <= $3 and l.confirmed_action = 'write' \
    and not exists (select 1 from mismatch m where m.stream_id = l.stream_id and m.key = l.key and m.kind = 'missing-there' and m.closed_ms is null)";

/// How many records about a month (`yyyy-MM`) the nation confirmed, and no comparison missed there since.
pub async fn in_month(tx: &mut Tx, stream: i64, month: &str) -> Result<i64, StoreError> {
    let (first, last) = (format!("{month}-01"), format!("{month}-31"));
    let (count,): (i64,) =
        on!(tx, c => sqlx::query_as(IN_MONTH).bind(stream).bind(&first).bind(&last).fetch_one(c).await?);
    Ok(count)
}

const CONFIRMED: &str =
    "select key from ledger where stream_id = $1 and key > $2 and confirmed_action is not null order by key limit $3";

/// The next keys of which the nation confirmed anything.
pub async fn confirmed(tx: &mut Tx, stream: i64, after: &str, limit: i64) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> =
        on!(tx, c => sqlx::query_as(CONFIRMED).bind(stream).bind(after).bind(limit).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

/// Something that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Accepted {
    /// The record's key.
    pub key: String,
    /// `write` or `stop`.
    pub action: String,
    /// When its batch was formed, `yyyyMMddHHmmss`; empty where not known.
    pub sent_at: String,
    /// Canonical JSON.
    pub payload: String,
}

const ACCEPTED_SQLITE: &str = "select o.key, o.action, coalesce(b.sent_at, '') as sent_at, p.payload from outbox o \
    join payload p on p.outbox_id = o.id left join batch b on b.id = o.batch_id where o.stream_id = $1 \
    and o.key in (select value from json_each($2)) and o.state || '' = 'accepted' order by o.key, o.id";
const ACCEPTED_POSTGRES: &str = "select o.key, o.action, coalesce(b.sent_at, '') as sent_at, p.payload from outbox o \
    join payload p on p.outbox_id = o.id left join batch b on b.id = o.batch_id where o.stream_id = $1 \
    and o.key in (select jsonb_array_elements_text($2::jsonb)) and o.state = 'accepted' order by o.key, o.id";

/// All that was ever accepted of these records, in order.
pub async fn accepted(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<Vec<Accepted>, StoreError> {
    let (sql, list) = (tx.pick(ACCEPTED_SQLITE, ACCEPTED_POSTGRES), json_list(keys.iter().copied()));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?))
}

/// A record that the nation has not, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Absent {
    /// Its key.
    pub key: String,
    /// The commune.
    pub unit: String,
    /// The first day of what it is about, `yyyy-MM-dd`; empty where not known.
    pub from_day: String,
}

// What is gone from the source, or says nothing to the nation, is nobody's to send.
const ABSENT: &str = "select l.key, l.unit, coalesce(f.from_day, '') as from_day from ledger l \
    left join fact f on f.stream_id = l.stream_id and f.key = l.key where l.stream_id = $1 and l.key > $2 \
    and ((l.confirmed_action is null and l.verdict not in ('idle', 'gone')) or (l.confirmed_action = 'write' \
    and exists (select 1 from mismatch m where m.stream_id = l.stream_id and m.key = l.key and m.kind = 'missing-there' \
    and m.closed_ms is null))) order by l.key limit $3";

/// The next records of a stream that the nation has not: never confirmed, or found to be missing there.
pub async fn absent(tx: &mut Tx, stream: i64, after: &str, limit: i64) -> Result<Vec<Absent>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(ABSENT).bind(stream).bind(after).bind(limit).fetch_all(c).await?))
}

/// Why a record waits.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Why {
    /// Its key.
    pub key: String,
    /// The mismatch's kind.
    pub kind: String,
    /// Its place.
    pub place: String,
    /// The reason.
    pub reason: String,
    /// More.
    pub detail: String,
}

const WHY_SQLITE: &str = "select key, kind, place, reason, detail from mismatch where stream_id = $1 and closed_ms is null \
    and key in (select value from json_each($2)) order by key, gravity, id";
const WHY_POSTGRES: &str = "select key, kind, place, reason, detail from mismatch where stream_id = $1 and closed_ms is null \
    and key in (select jsonb_array_elements_text($2::jsonb)) order by key, gravity, id";

/// All that is open of these records, the gravest of each first.
pub async fn why(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<Vec<Why>, StoreError> {
    let (sql, list) = (tx.pick(WHY_SQLITE, WHY_POSTGRES), json_list(keys.iter().copied()));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?))
}
