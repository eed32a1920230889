//! The order within one dossier: what the nation last confirmed of it, what its portal showed, what goes before what, and
//! what may go next.
//!
//! Streams of one system share their dossiers, so a lane is found by its name in all of them. Whoever writes here holds
//! the lease that all streams with lanes of one system share. What a portal showed is written by whoever pulls.

// `+stream_id` and `state || ''` keep a planner without statistics away from the indexes by stream and state: a lane has
// a few rows, and its own index finds them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::delta::Content;
use crate::model::{Lane, Timestamp};

use super::ledger::content;
use super::outbox::Item;
use super::{PART, StoreError, Tx, json_ids, json_list, on};

const OF_ROWS_SQLITE: &str = "select lane, lane_at, status from outbox where id in (select value from json_each($1)) \
    and lane <> '' order by id";
const OF_ROWS_POSTGRES: &str = "select lane, lane_at, status from outbox \
    where id in (select jsonb_array_elements_text($1::jsonb)::bigint) and lane <> '' order by id";

/// Where the rows of these ids stand in their lanes; the last one of each lane, which is at most the only one.
async fn of_rows(tx: &mut Tx, ids: &[i64]) -> Result<BTreeMap<String, (String, String)>, StoreError> {
    let (sql, list) = (tx.pick(OF_ROWS_SQLITE, OF_ROWS_POSTGRES), json_ids(ids));
    let rows: Vec<(String, String, String)> = on!(tx, c => sqlx::query_as(sql).bind(&list).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(lane, at, status)| (lane, (status, at))).collect())
}

/// The nation accepted these rows: their lanes stand where they say. The time of a step never goes back, and a row that
/// is no step does not move it.
pub async fn confirm(tx: &mut Tx, system: &str, ids: &[i64]) -> Result<(), StoreError> {
    let rest = " on conflict (system, lane) do update set status = excluded.status, \
        at = case when excluded.at > lane_state.at then excluded.at else lane_state.at end";
    let rows = of_rows(tx, ids).await?;
    write(tx, system, &rows, rest).await
}

/// The nation has the dossiers of these rows already, and nobody told us how they stand: their lanes are open. What was
/// confirmed of them before stays.
pub async fn known_there(tx: &mut Tx, system: &str, ids: &[i64]) -> Result<(), StoreError> {
    let rows = of_rows(tx, ids).await?;
    let rows = rows.into_keys().map(|lane| (lane, (String::new(), String::new()))).collect();
    write(tx, system, &rows, " on conflict (system, lane) do nothing").await
}

async fn write(
    tx: &mut Tx,
    system: &str,
    rows: &BTreeMap<String, (String, String)>,
    rest: &str,
) -> Result<(), StoreError> {
    let rows: Vec<_> = rows.iter().collect();
    for part in rows.chunks(PART) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into lane_state (system, lane, status, at) ");
            sql.push_values(part, |mut b, (lane, (status, at))| {
                b.push_bind(system).push_bind(*lane).push_bind(status).push_bind(at);
            });
            sql.push(rest);
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    Ok(())
}

const WAIT_SQLITE: &str = "select j.value from json_each($1) j \
    where not exists (select 1 from lane_state s where s.system = $2 and s.lane = j.value) \
    or exists (select 1 from outbox p where p.lane = j.value and p.lane <> '' \
    and +p.stream_id in (select value from json_each($3)) and p.state || '' in ('staged', 'ready', 'sent')) \
    or exists (select 1 from mismatch m where m.stream_id in (select value from json_each($3)) and m.closed_ms is null \
    and m.reason = 'waits-for' and m.value = j.value)";
const WAIT_POSTGRES: &str = "select j.value from jsonb_array_elements_text($1::jsonb) as j (value) \
    where not exists (select 1 from lane_state s where s.system = $2 and s.lane = j.value) \
    or exists (select 1 from outbox p where p.lane = j.value and p.lane <> '' \
    and p.stream_id in (select jsonb_array_elements_text($3::jsonb)::bigint) and p.state || '' in ('staged', 'ready', 'sent')) \
    or exists (select 1 from mismatch m where m.stream_id in (select jsonb_array_elements_text($3::jsonb)::bigint) \
    and m.closed_ms is null and m.reason = 'waits-for' and m.value = j.value)";

/// Which of these lanes must wait: those that are not open there yet, and those of which something is unsettled, or
/// waits itself, in one of the streams that go before.
pub async fn wait(
    tx: &mut Tx,
    system: &str,
    before: &[i64],
    lanes: &BTreeSet<&str>,
) -> Result<HashSet<String>, StoreError> {
    if lanes.is_empty() {
        return Ok(HashSet::new());
    }
    let (sql, before) = (tx.pick(WAIT_SQLITE, WAIT_POSTGRES), json_ids(before));
    let list = json_list(lanes.iter().copied());
    let rows: Vec<(String,)> =
        on!(tx, c => sqlx::query_as(sql).bind(&list).bind(system).bind(&before).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(lane,)| lane).collect())
}

const UNSETTLED: &str = "select count(*) from (select 1 from outbox where stream_id = $1 and state = 'staged' union all \
    select 1 from outbox where stream_id = $1 and state = 'ready' union all \
    select 1 from outbox where stream_id = $1 and state = 'sent' limit $2) as found";

/// How many rows of a stream are unsent, or sent and not settled; counted no further than `most`.
pub async fn unsettled(tx: &mut Tx, stream: i64, most: u64) -> Result<u64, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let (count,): (i64,) = on!(tx, c => sqlx::query_as(UNSETTLED).bind(stream).bind(most).fetch_one(c).await?);
    Ok(u64::try_from(count).unwrap_or(0))
}

// Of a lane only its earliest unsettled row may go, when nothing of the lane is on the wire in any stream of the system
// and nothing of it is left in the streams that go before.
const NEXT_SQLITE: &str = "select o.id, o.key, o.action, o.version, d.payload, o.attempts, o.lane, o.lane_at, o.status, \
    l.confirmed_action, l.confirmed_version, s.status, s.at \
    from outbox o join payload d on d.outbox_id = o.id left join ledger l on l.stream_id = o.stream_id and l.key = o.key \
    left join lane_state s on s.system = $2 and s.lane = o.lane \
    where o.stream_id = $1 and o.state = 'ready' and o.lane <> '' and o.not_before_ms <= $3 \
    and not exists (select 1 from outbox p where p.lane = o.lane and p.lane <> '' and p.stream_id = o.stream_id \
        and p.state || '' in ('staged', 'ready') and (p.lane_at < o.lane_at or (p.lane_at = o.lane_at and p.key < o.key))) \
    and not exists (select 1 from outbox p where p.stream_id = o.stream_id and p.key = o.key and p.state = 'sent') \
    and not exists (select 1 from outbox p join stream t on t.id = p.stream_id where p.lane = o.lane and p.lane <> '' \
        and p.state || '' = 'sent' and t.system || '' = $2) \
    and not exists (select 1 from outbox p where p.lane = o.lane and p.lane <> '' \
        and +p.stream_id in (select value from json_each($4)) and p.state || '' in ('staged', 'ready')) \
    order by o.lane_at, o.key limit $5";
const NEXT_POSTGRES: &str = "select o.id, o.key, o.action, o.version, d.payload, o.attempts, o.lane, o.lane_at, o.status, \
    l.confirmed_action, l.confirmed_version, s.status, s.at \
    from outbox o join payload d on d.outbox_id = o.id left join ledger l on l.stream_id = o.stream_id and l.key = o.key \
    left join lane_state s on s.system = $2 and s.lane = o.lane \
    where o.stream_id = $1 and o.state = 'ready' and o.lane <> '' and o.not_before_ms <= $3 \
    and not exists (select 1 from outbox p where p.lane = o.lane and p.lane <> '' and p.stream_id = o.stream_id \
        and p.state || '' in ('staged', 'ready') and (p.lane_at < o.lane_at or (p.lane_at = o.lane_at and p.key < o.key))) \
    and not exists (select 1 from outbox p where p.stream_id = o.stream_id and p.key = o.key and p.state = 'sent') \
    and not exists (select 1 from outbox p join stream t on t.id = p.stream_id where p.lane = o.lane and p.lane <> '' \
        and p.state || '' = 'sent' and t.system || '' = $2) \
    and not exists (select 1 from outbox p where p.lane = o.lane and p.lane <> '' \
        and p.stream_id in (select jsonb_array_elements_text($4::jsonb)::bigint) and p.state || '' in ('staged', 'ready')) \
    order by o.lane_at, o.key limit $5";

/// Of a system: lanes, each with a status that its portal showed. What was shown once stays, in whatever order it comes.
pub async fn show(tx: &mut Tx, system: &str, shown: &BTreeSet<(&str, &str)>) -> Result<(), StoreError> {
    let shown: Vec<_> = shown.iter().collect();
    for part in shown.chunks(PART) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into lane_shown (system, lane, status) ");
            sql.push_values(part, |mut b, (lane, status)| {
                b.push_bind(system).push_bind(*lane).push_bind(*status);
            });
            sql.push(" on conflict (system, lane, status) do nothing");
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    Ok(())
}

const SHOWN_SQLITE: &str = "select lane, status from lane_shown where system = $1 \
    and lane in (select value from json_each($2)) order by lane, status";
const SHOWN_POSTGRES: &str = "select lane, status from lane_shown where system = $1 \
    and lane in (select jsonb_array_elements_text($2::jsonb)) order by lane, status";

/// The statuses that a system's portal showed of these lanes.
async fn shown(tx: &mut Tx, system: &str, heads: &[NextRow]) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
    let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if heads.is_empty() {
        return Ok(shown);
    }
    let (sql, list) = (tx.pick(SHOWN_SQLITE, SHOWN_POSTGRES), json_list(heads.iter().map(|head| head.6.as_str())));
    let rows: Vec<(String, String)> = on!(tx, c => sqlx::query_as(sql).bind(system).bind(&list).fetch_all(c).await?);
    for (lane, status) in rows {
        shown.entry(lane).or_default().push(status);
    }
    Ok(shown)
}

/// A row that is the next of its lane.
#[derive(Debug, Clone)]
pub struct Head {
    /// The row.
    pub item: Item,
    /// Where it stands.
    pub lane: Lane,
    /// What the nation confirmed of the record.
    pub confirmed: Option<Content>,
    /// What the nation last confirmed of the lane: status and time; empty where it does not know it, or we do not.
    pub there: (String, String),
    /// The statuses that the portal itself showed of the lane, whoever set them.
    pub shown: Vec<String>,
}

type NextRow = (
    i64,
    String,
    String,
    Vec<u8>,
    String,
    i64,
    String,
    String,
    String,
    Option<String>,
    Option<Vec<u8>>,
    Option<String>,
    Option<String>,
);

/// The next rows that may go, the earliest first, no two of one lane.
pub async fn next(
    tx: &mut Tx,
    (stream, system): (i64, &str),
    before: &[i64],
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Head>, StoreError> {
    let (sql, before) = (tx.pick(NEXT_SQLITE, NEXT_POSTGRES), json_ids(before));
    let rows: Vec<NextRow> = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(system).bind(now.0).bind(&before).bind(limit)
        .fetch_all(c).await?);
    let mut shown = shown(tx, system, &rows).await?;
    let head =
        |(id, key, action, version, payload, attempts, name, at, status, ca, cv, status_there, at_there): NextRow| {
            let what = content(Some(action), Some(version))?.ok_or(StoreError::Unexpected("outbox.version"))?;
            Ok(Head {
                item: Item { id, key, action: what.0, version: what.1, payload, attempts },
                // No two of one lane are heads.
                shown: shown.remove(&name).unwrap_or_default(),
                lane: Lane { name, at, status },
                confirmed: content(ca, cv)?,
                there: (status_there.unwrap_or_default(), at_there.unwrap_or_default()),
            })
        };
    rows.into_iter().map(head).collect()
}
