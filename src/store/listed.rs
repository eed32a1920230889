//! The nation's records as they were listed, what looked different, and what is open because of a comparison.

use std::collections::{HashMap, HashSet};

use crate::model::{ContentHash, Reason, Timestamp};

use super::{PART, StoreError, Tx, json_ids, json_list, mismatch, on};

/// A record as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Our reference.
    pub key: String,
    /// Its version; zeros where it has none.
    pub version: ContentHash,
    /// Its commune.
    pub unit: String,
    /// Whether it is stopped.
    pub stopped: bool,
    /// The nation's own id.
    pub national_id: String,
    /// A digest of the person's number.
    pub person: Option<String>,
    /// A digest of the person's earlier number.
    pub earlier: Option<String>,
    /// The group for which the person receives.
    pub group: Option<String>,
}

/// Keeps what was listed. One statement may not touch a row twice: each key once.
pub async fn keep(tx: &mut Tx, stream: i64, round: i64, rows: &[Row]) -> Result<(), StoreError> {
    for part in rows.chunks(PART) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into listed (stream_id, key, comparison_id, version, unit, stopped, \
                national_id, person, earlier, person_group) ");
            sql.push_values(part, |mut b, row| {
                b.push_bind(stream).push_bind(&row.key).push_bind(round).push_bind(row.version.0.to_vec()).push_bind(&row.unit)
                    .push_bind(i64::from(row.stopped)).push_bind(&row.national_id).push_bind(&row.person)
                    .push_bind(&row.earlier).push_bind(&row.group);
            });
            sql.push(" on conflict (stream_id, key) do update set comparison_id = excluded.comparison_id, version = excluded.version, \
                unit = excluded.unit, stopped = excluded.stopped, national_id = excluded.national_id, \
                person = excluded.person, earlier = excluded.earlier, person_group = excluded.person_group");
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    Ok(())
}

const SEEN_SQLITE: &str = "select key from listed where stream_id = $1 and comparison_id + 0 = $3 and key in (select value from json_each($2))";
const SEEN_POSTGRES: &str = "select key from listed where stream_id = $1 and comparison_id + 0 = $3 and key in (select jsonb_array_elements_text($2::jsonb))";

/// Which of these keys were listed in this round already.
pub async fn seen(tx: &mut Tx, stream: i64, round: i64, keys: &[&str]) -> Result<HashSet<String>, StoreError> {
    let (sql, list) = (tx.pick(SEEN_SQLITE, SEEN_POSTGRES), json_list(keys.iter().copied()));
    let rows: Vec<(String,)> =
        on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).bind(round).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

const SWEEP: &str = "delete from listed where stream_id = $1 and key in (select key from listed where stream_id = $1 \
    and comparison_id <> $2 order by comparison_id limit 5000)";
const SWEEP_SUSPECTS: &str =
    "delete from suspect where stream_id = $1 and key in (select key from suspect where stream_id = $1 limit 5000)";

/// Forgets some of what earlier rounds listed; how many.
pub async fn sweep(tx: &mut Tx, stream: i64, round: i64) -> Result<u64, StoreError> {
    Ok(on!(tx, c => sqlx::query(SWEEP).bind(stream).bind(round).execute(c).await?.rows_affected()))
}

/// Forgets some suspects; how many.
pub async fn sweep_suspects(tx: &mut Tx, stream: i64) -> Result<u64, StoreError> {
    Ok(on!(tx, c => sqlx::query(SWEEP_SUSPECTS).bind(stream).execute(c).await?.rows_affected()))
}

/// What looked different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// The record's key.
    pub key: String,
    /// `differs`, `missing-there`, `missing-here`.
    pub what: String,
    /// The receipt of what was confirmed then.
    pub receipt: String,
    /// Our commune.
    pub unit: String,
    /// The nation's.
    pub unit_there: String,
}

/// Notes suspects, each key once.
pub async fn suspect(tx: &mut Tx, stream: i64, round: i64, suspects: &[Suspect]) -> Result<(), StoreError> {
    for part in suspects.chunks(PART) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new(
                "insert into suspect (stream_id, key, comparison_id, what, receipt, unit, unit_there) ");
            sql.push_values(part, |mut b, s| {
                b.push_bind(stream).push_bind(&s.key).push_bind(round).push_bind(&s.what).push_bind(&s.receipt)
                    .push_bind(&s.unit).push_bind(&s.unit_there);
            });
            sql.push(" on conflict (stream_id, key) do update set comparison_id = excluded.comparison_id, what = excluded.what, \
                receipt = excluded.receipt, unit = excluded.unit, unit_there = excluded.unit_there, seen = 0");
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    Ok(())
}

const UNITS: &str = "select unit from suspect where stream_id = $1 and comparison_id = $2 and what <> 'missing-here' \
    union select unit_there from suspect where stream_id = $1 and comparison_id = $2 and what <> 'missing-there'";

/// The communes in which suspects are looked for again.
pub async fn units(tx: &mut Tx, stream: i64, round: i64) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = on!(tx, c => sqlx::query_as(UNITS).bind(stream).bind(round).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(unit,)| unit).collect())
}

const OF_SQLITE: &str = "select key, what, receipt, unit, unit_there from suspect where stream_id = $1 and comparison_id = $3 and seen = 0 \
    and key in (select value from json_each($2))";
const OF_POSTGRES: &str = "select key, what, receipt, unit, unit_there from suspect where stream_id = $1 and comparison_id = $3 and seen = 0 \
    and key in (select jsonb_array_elements_text($2::jsonb))";
const LEFT: &str = "select key, what, receipt, unit, unit_there from suspect where stream_id = $1 and comparison_id = $2 and seen = 0 \
    and key > $3 order by key limit $4";
const TICK_SQLITE: &str =
    "update suspect set seen = 1 where stream_id = $1 and key in (select value from json_each($2))";
const TICK_POSTGRES: &str =
    "update suspect set seen = 1 where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb))";

type SuspectRow = (String, String, String, String, String);

fn suspects(rows: Vec<SuspectRow>) -> Vec<Suspect> {
    let suspect = |(key, what, receipt, unit, unit_there)| Suspect { key, what, receipt, unit, unit_there };
    rows.into_iter().map(suspect).collect()
}

/// The suspects among these keys that were not looked at again yet.
pub async fn suspects_of(tx: &mut Tx, stream: i64, round: i64, keys: &[&str]) -> Result<Vec<Suspect>, StoreError> {
    let (sql, list) = (tx.pick(OF_SQLITE, OF_POSTGRES), json_list(keys.iter().copied()));
    Ok(suspects(on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).bind(round).fetch_all(c).await?)))
}

/// A page of the suspects that the second look did not meet, after a key.
pub async fn suspects_left(
    tx: &mut Tx,
    stream: i64,
    round: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<Suspect>, StoreError> {
    Ok(suspects(
        on!(tx, c => sqlx::query_as(LEFT).bind(stream).bind(round).bind(after).bind(limit).fetch_all(c).await?),
    ))
}

/// These were looked at again.
pub async fn tick(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<(), StoreError> {
    let (sql, list) = (tx.pick(TICK_SQLITE, TICK_POSTGRES), json_list(keys.iter().copied()));
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).execute(c).await?.rows_affected());
    Ok(())
}

/// A running record of somebody whom a number tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Somebody {
    /// The record's key.
    pub key: String,
    /// A digest of the number.
    pub person: String,
    /// A digest of an earlier one.
    pub earlier: Option<String>,
    /// The group.
    pub group: String,
    /// The commune.
    pub unit: String,
}

type SomebodyRow = (String, String, Option<String>, Option<String>, String);

fn somebody((key, person, earlier, group, unit): SomebodyRow) -> Somebody {
    Somebody { key, person, earlier, group: group.unwrap_or_default(), unit }
}

// `+ 0` keeps planners at the index by person.
const PEOPLE: &str = "select key, person, earlier, person_group, unit from listed where stream_id = $1 and person is not null \
    and comparison_id + 0 = $2 and stopped + 0 = 0 and (person, key) > ($3, $4) order by person, key limit $5";

/// A page of the running records of this round by person, after a person and a key.
pub async fn people(
    tx: &mut Tx,
    stream: i64,
    round: i64,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Somebody>, StoreError> {
    let rows: Vec<SomebodyRow> = on!(tx, c => sqlx::query_as(PEOPLE).bind(stream).bind(round).bind(after.0)
        .bind(after.1).bind(limit).fetch_all(c).await?);
    Ok(rows.into_iter().map(somebody).collect())
}

const EARLIER: &str = "select key, coalesce(person, ''), earlier, person_group, unit from listed where stream_id = $1 and earlier is not null \
    and comparison_id + 0 = $2 and stopped + 0 = 0 and (earlier, key) > ($3, $4) order by earlier, key limit $5";

/// A page of those with an earlier number, by it.
pub async fn with_earlier(
    tx: &mut Tx,
    stream: i64,
    round: i64,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Somebody>, StoreError> {
    let rows: Vec<SomebodyRow> = on!(tx, c => sqlx::query_as(EARLIER).bind(stream).bind(round).bind(after.0)
        .bind(after.1).bind(limit).fetch_all(c).await?);
    Ok(rows.into_iter().map(somebody).collect())
}

const OF_SQLITE_PEOPLE: &str = "select key, person, earlier, person_group, unit from (select key, person, earlier, person_group, unit, \
    row_number() over (partition by person order by key) as nth from listed where stream_id = $1 and person in (select value from json_each($2)) \
    and comparison_id + 0 = $3 and stopped + 0 = 0) as these where nth <= $4 order by person, key";
const OF_POSTGRES_PEOPLE: &str = "select key, person, earlier, person_group, unit from (select key, person, earlier, person_group, unit, \
    row_number() over (partition by person order by key) as nth from listed where stream_id = $1 and person in (select jsonb_array_elements_text($2::jsonb)) \
    and comparison_id + 0 = $3 and stopped + 0 = 0) as these where nth <= $4 order by person, key";

/// The running records of these persons, at most so many of each.
pub async fn of_people(
    tx: &mut Tx,
    stream: i64,
    round: i64,
    people: &[&str],
    each: i64,
) -> Result<Vec<Somebody>, StoreError> {
    let (sql, list) = (tx.pick(OF_SQLITE_PEOPLE, OF_POSTGRES_PEOPLE), json_list(people.iter().copied()));
    let rows: Vec<SomebodyRow> =
        on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).bind(round).bind(each).fetch_all(c).await?);
    Ok(rows.into_iter().map(somebody).collect())
}

// What comparisons opened has an index of its own: `|| ''` keeps planners from all others.
const OPEN_UNITS: &str = "select distinct unit from mismatch where stream_id = $1 and closed_ms is null and place <> 'held' \
    and kind || '' in ('missing-there', 'missing-here', 'field-differs', 'number-changed', 'status-back', 'unit-ambiguous') and reason <> $2";

/// The communes of what is open because of comparisons: they are listed whatever their digests say, since a digest
/// tells nothing of an edit that left the version alone.
pub async fn open_units(tx: &mut Tx, stream: i64) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = on!(tx, c => sqlx::query_as(OPEN_UNITS).bind(stream).bind(Reason::IncompleteListing.word()).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(unit,)| unit).collect())
}

macro_rules! open {
    ($from:literal) => {
        concat!(
            "select id, key, kind, unit from ",
            $from,
            " where stream_id = $1 and closed_ms is null and place <> 'held' \
            and kind || '' in ('missing-there', 'missing-here', 'field-differs', 'number-changed', 'status-back', 'unit-ambiguous') \
            and run_id <> $2 and reason <> $5 and id > $3 \
            and not exists (select 1 from suspect s where s.stream_id = $1 and s.comparison_id = $2 and s.key = mismatch.key) \
            and not exists (select 1 from listed x where x.stream_id = $1 and x.comparison_id = $2 and x.key = mismatch.key) \
            order by id limit $4"
        )
    };
}

/// The walk of [`open_unmet`]: stream, round, id to go on after, limit, the reason of the alarm. By its statistics SQLite
/// would walk all mismatches by their numbers.
pub const OPEN_SQLITE: &str = open!("mismatch indexed by mismatch_compared");
/// The same on a server.
pub const OPEN_POSTGRES: &str = open!("mismatch");

/// A page of what comparisons opened earlier, and of which this round met nothing: id, key, kind, commune.
pub async fn open_unmet(
    tx: &mut Tx,
    stream: i64,
    round: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, String, String, String)>, StoreError> {
    let sql = tx.pick(OPEN_SQLITE, OPEN_POSTGRES);
    Ok(on!(tx, c => sqlx::query_as(sql).bind(stream).bind(round).bind(after).bind(limit)
        .bind(Reason::IncompleteListing.word()).fetch_all(c).await?))
}

const PAIRS_SQLITE: &str = "select id, key, place from mismatch where stream_id = $1 and kind = 'two-there' \
    and key in (select value from json_each($2))";
const PAIRS_POSTGRES: &str = "select id, key, place from mismatch where stream_id = $1 and kind = 'two-there' \
    and key in (select jsonb_array_elements_text($2::jsonb))";

/// The pairs that were ever told at one of these keys: where each stands, and its number. A pair stays where it stands,
/// whatever becomes of its records, so that what a person decided about it holds.
pub async fn told_pairs(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<HashMap<(String, String), i64>, StoreError> {
    let (sql, list) = (tx.pick(PAIRS_SQLITE, PAIRS_POSTGRES), json_list(keys.iter().copied()));
    let rows: Vec<(i64, String, String)> =
        on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(id, key, place)| ((key, place), id)).collect())
}

const STILL_SQLITE: &str =
    "update mismatch set run_id = $1 where id in (select value from json_each($2)) and closed_ms is null";
const STILL_POSTGRES: &str = "update mismatch set run_id = $1 where id in (select jsonb_array_elements_text($2::jsonb)::bigint) and closed_ms is null";

/// What is open of these stays open: one of the records is on its way, so nothing can be told in this round.
pub async fn still(tx: &mut Tx, round: i64, ids: &[i64]) -> Result<(), StoreError> {
    let (sql, list) = (tx.pick(STILL_SQLITE, STILL_POSTGRES), json_ids(ids));
    on!(tx, c => sqlx::query(sql).bind(round).bind(&list).execute(c).await?.rows_affected());
    Ok(())
}

const STALE_PAIRS: &str = "update mismatch set state = 'closed', closed_ms = $3, version = version + 1 where id in (select id from mismatch \
    where stream_id = $1 and kind = 'two-there' and closed_ms is null and run_id <> $2 order by id limit 500) returning id";

/// Closes some of the pairs that an earlier round opened and this one, which listed all, did not meet; how many.
pub async fn close_stale_pairs(tx: &mut Tx, stream: i64, round: i64, now: Timestamp) -> Result<usize, StoreError> {
    let rows: Vec<(i64,)> =
        on!(tx, c => sqlx::query_as(STALE_PAIRS).bind(stream).bind(round).bind(now.0).fetch_all(c).await?);
    let closed = rows.len();
    mismatch::closed(tx, now, rows).await?;
    Ok(closed)
}
