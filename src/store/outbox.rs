//! The outbox: what is to be said to the nation, written before it is sent. At most one unsent row per record;
//! a row that was put into a batch is settled before anything newer of its record goes out. A `parked` row is an unsent
//! one that a person keeps out of the queue.

// `state || ''` and `+run_id` keep a planner without statistics from walking all open rows for each key: the index by
// key is the only good way in.

use std::collections::HashMap;

use crate::delta::{Class, Content, Known, Tally};
use crate::model::{Action, ContentHash, Lane, Timestamp};

use super::ledger::content;
use super::{PART, StoreError, Tx, json_ids, json_list, on};

/// A row to be added.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The record's key.
    pub key: String,
    /// Write or stop.
    pub action: Action,
    /// Hash of the content.
    pub version: ContentHash,
    /// Canonical JSON of the record.
    pub payload: String,
    /// The commune's code.
    pub unit: String,
    /// What the brake counts it as.
    pub class: Class,
    /// Where it stands among the records of its dossier.
    pub lane: Option<Lane>,
}

/// A row that is taken into a batch.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its id in the outbox: the order of sending.
    pub id: i64,
    /// The record's key.
    pub key: String,
    /// Write or stop.
    pub action: Action,
    /// Hash of the content.
    pub version: ContentHash,
    /// Canonical JSON of the record.
    pub payload: String,
    /// How often the nation asked to have it later.
    pub attempts: i64,
}

const OPEN_SQLITE: &str = "select id, key, action, version, state, class from outbox where stream_id = $1 \
    and key in (select value from json_each($2)) and state || '' in ('staged', 'ready', 'parked', 'sent')";
const OPEN_POSTGRES: &str = "select id, key, action, version, state, class from outbox where stream_id = $1 \
    and key in (select jsonb_array_elements_text($2::jsonb)) and state || '' in ('staged', 'ready', 'parked', 'sent')";

/// What is queued and what is in flight for each of the keys; `confirmed` and `refused` are left to the ledger.
pub async fn open(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<HashMap<String, Known>, StoreError> {
    let sql = tx.pick(OPEN_SQLITE, OPEN_POSTGRES);
    let list = json_list(keys.iter().copied());
    let rows: Vec<(i64, String, String, Vec<u8>, String, String)> =
        on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
    let mut found: HashMap<String, Known> = HashMap::new();
    for (id, key, action, version, state, class) in rows {
        let what = content(Some(action), Some(version))?.ok_or(StoreError::Unexpected("outbox.version"))?;
        let known = found.entry(key).or_default();
        if state == "sent" {
            known.in_flight = Some(what);
        } else {
            known.queued = Some((id, what));
            known.remapped = state == "staged" && class == Class::Remapped.word();
        }
    }
    Ok(found)
}

// SQLite's own counter of an autoincrement table; in the writing transaction nobody else moves it.
const IDS_SQLITE: &str = "select coalesce((select seq from sqlite_sequence where name = 'outbox'), 0) + value \
    from json_each($1) order by value";
const IDS_POSTGRES: &str =
    "select nextval(pg_get_serial_sequence('outbox', 'id')) from jsonb_array_elements($1::jsonb)";

/// Adds rows, `PART` a statement; `ready` says whether they may go at once.
pub async fn add(tx: &mut Tx, stream: i64, run: i64, ready: bool, drafts: &[Draft]) -> Result<(), StoreError> {
    let state = if ready { "ready" } else { "staged" };
    for part in drafts.chunks(PART) {
        let numbers: Vec<i64> = (1..).take(part.len()).collect();
        let (sql, list) = (tx.pick(IDS_SQLITE, IDS_POSTGRES), json_ids(&numbers));
        let ids: Vec<(i64,)> = on!(tx, c => sqlx::query_as(sql).bind(&list).fetch_all(c).await?);
        on!(tx, c => {
            // A stream without lanes does not pay for them.
            let lanes = part.iter().any(|d| d.lane.is_some());
            let mut sql = sqlx::QueryBuilder::new("insert into outbox (id, stream_id, key, action, version, unit, class, run_id, state");
            sql.push(if lanes { ", lane, lane_at, status) " } else { ") " });
            sql.push_values(part.iter().zip(&ids), |mut b, (d, (id,))| {
                b.push_bind(id).push_bind(stream).push_bind(&d.key).push_bind(d.action.word()).push_bind(d.version.0.to_vec())
                    .push_bind(&d.unit).push_bind(d.class.word()).push_bind(run).push_bind(state);
                if lanes {
                    let (name, at, status) = d.lane.as_ref().map_or(("", "", ""), |l| (&l.name, &l.at, &l.status));
                    b.push_bind(name).push_bind(at).push_bind(status);
                }
            });
            sql.build().persistent(part.len() == PART).execute(&mut *c).await?;
            let mut sql = sqlx::QueryBuilder::new("insert into payload (outbox_id, payload) ");
            sql.push_values(part.iter().zip(&ids), |mut b, (d, (id,))| {
                b.push_bind(id).push_bind(&d.payload);
            });
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    Ok(())
}

const RETIRE_SQLITE: &str = "update outbox set state = $2 where id in (select value from json_each($1)) and state in ('staged', 'ready', 'parked')";
const RETIRE_POSTGRES: &str = "update outbox set state = $2 where id in (select jsonb_array_elements_text($1::jsonb)::bigint) \
    and state in ('staged', 'ready', 'parked')";

/// Takes unsent rows out of the queue: `superseded` by a newer content or `withdrawn`. Rows that were put into a batch
/// meanwhile stay; the number retired is returned.
pub async fn retire(tx: &mut Tx, ids: &[i64], state: &'static str) -> Result<u64, StoreError> {
    if ids.is_empty() {
        return Ok(0);
    }
    let sql = tx.pick(RETIRE_SQLITE, RETIRE_POSTGRES);
    let list = json_ids(ids);
    Ok(on!(tx, c => sqlx::query(sql).bind(&list).bind(state).execute(c).await?.rows_affected()))
}

const TALLY: &str = "select class, count(*) from outbox where stream_id = $1 and state = 'staged' group by class";

/// How many staged rows of each class wait for the brake's word.
pub async fn tally(tx: &mut Tx, stream: i64) -> Result<Tally, StoreError> {
    let rows: Vec<(String, i64)> = on!(tx, c => sqlx::query_as(TALLY).bind(stream).fetch_all(c).await?);
    let mut tally = Tally::default();
    for (class, count) in rows {
        let class = Class::from_word(&class).ok_or(StoreError::Unexpected("outbox.class"))?;
        *tally.of_mut(class) = u64::try_from(count).unwrap_or(0);
    }
    Ok(tally)
}

const RELEASE: &str = "update outbox set state = 'ready' where stream_id = $1 and state = 'staged' and class = $2";

/// Lets the staged rows of a class go.
pub async fn release(tx: &mut Tx, stream: i64, class: Class) -> Result<u64, StoreError> {
    Ok(on!(tx, c => sqlx::query(RELEASE).bind(stream).bind(class.word()).execute(c).await?.rows_affected()))
}

// A record with a row in an unsettled batch waits; so does one that the nation asked to have later.
const NEXT: &str = "select o.id, o.key, o.action, o.version, d.payload, o.attempts, l.confirmed_action, l.confirmed_version \
    from outbox o join payload d on d.outbox_id = o.id left join ledger l on l.stream_id = o.stream_id and l.key = o.key \
    where o.stream_id = $1 and o.state = 'ready' and o.id > $2 and o.not_before_ms <= $3 \
    and not exists (select 1 from outbox p where p.stream_id = o.stream_id and p.key = o.key and p.state = 'sent') \
    order by o.id limit $4";

/// What may go out next, in order.
#[derive(Debug, Default)]
pub struct Next {
    /// To be sent.
    pub items: Vec<Item>,
    /// Became needless meanwhile, with their keys: the nation has exactly this, or a stop of what it never had.
    pub needless: Vec<(i64, String)>,
    /// Where to go on; equal to the position asked from when nothing more is there.
    pub after: i64,
}

type NextRow = (i64, String, String, Vec<u8>, String, i64, Option<String>, Option<Vec<u8>>);

/// Whether nothing is to be said any more: the nation has exactly this, or was to be told only once, or it is a stop of
/// what the nation never had.
pub fn is_needless(what: Content, confirmed: Option<Content>, once: bool) -> bool {
    confirmed.map_or(what.0 == Action::Stop, |confirmed| once || confirmed == what)
}

/// Reads what may go out next after a position; `once` says that nothing confirmed is ever written again.
pub async fn next(
    tx: &mut Tx,
    stream: i64,
    after: i64,
    now: Timestamp,
    once: bool,
    limit: i64,
) -> Result<Next, StoreError> {
    let rows: Vec<NextRow> =
        on!(tx, c => sqlx::query_as(NEXT).bind(stream).bind(after).bind(now.0).bind(limit).fetch_all(c).await?);
    let mut next = Next { after, ..Next::default() };
    for (id, key, action, version, payload, attempts, confirmed_action, confirmed_version) in rows {
        next.after = id;
        let what = content(Some(action), Some(version))?.ok_or(StoreError::Unexpected("outbox.version"))?;
        let confirmed = content(confirmed_action, confirmed_version)?;
        if is_needless(what, confirmed, once) {
            next.needless.push((id, key));
        } else {
            next.items.push(Item { id, key, action: what.0, version: what.1, payload, attempts });
        }
    }
    Ok(next)
}

const TAKE_SQLITE: &str =
    "update outbox set state = 'sent', batch_id = $2 where id in (select value from json_each($1)) and state = 'ready'";
const TAKE_POSTGRES: &str = "update outbox set state = 'sent', batch_id = $2 \
    where id in (select jsonb_array_elements_text($1::jsonb)::bigint) and state = 'ready'";

/// Puts rows into a batch.
pub async fn take(tx: &mut Tx, batch: i64, ids: &[i64]) -> Result<(), StoreError> {
    let sql = tx.pick(TAKE_SQLITE, TAKE_POSTGRES);
    let list = json_ids(ids);
    let taken = on!(tx, c => sqlx::query(sql).bind(&list).bind(batch).execute(c).await?.rows_affected());
    if taken != ids.len() as u64 {
        return Err(StoreError::Unexpected("the number of outbox rows put into a batch"));
    }
    note_batch(tx, batch, &list).await
}

const NOTE_SQLITE: &str =
    "insert into outbox_batch (outbox_id, batch_id) select value, $2 from json_each($1) order by value";
const NOTE_POSTGRES: &str = "insert into outbox_batch (outbox_id, batch_id) \
    select value::bigint, $2::bigint from jsonb_array_elements_text($1::jsonb) as j (value)";

/// Remembers for good that these rows went in this batch: their own column names only the last one.
async fn note_batch(tx: &mut Tx, batch: i64, list: &str) -> Result<(), StoreError> {
    let sql = tx.pick(NOTE_SQLITE, NOTE_POSTGRES);
    on!(tx, c => sqlx::query(sql).bind(list).bind(batch).execute(c).await?.rows_affected());
    Ok(())
}

const OF_BATCH: &str = "select o.id, o.key, o.action, o.version, d.payload, o.attempts \
    from outbox o join payload d on d.outbox_id = o.id where o.batch_id = $1 and o.state = 'sent' order by o.id";
const ROWS_OF_BATCH: &str =
    "select id, key, action, version, '', attempts from outbox where batch_id = $1 and state = 'sent' order by id";
const ALL_ROWS_OF_BATCH: &str =
    "select id, key, action, version, '', attempts from outbox where batch_id = $1 order by id";

/// The rows of a batch that are not settled yet, in the order of its bytes.
pub async fn of_batch(tx: &mut Tx, batch: i64) -> Result<Vec<Item>, StoreError> {
    items(tx, batch, OF_BATCH).await
}

/// The same without their payloads; with `all` those settled before too.
pub async fn rows_of_batch(tx: &mut Tx, batch: i64, all: bool) -> Result<Vec<Item>, StoreError> {
    items(tx, batch, if all { ALL_ROWS_OF_BATCH } else { ROWS_OF_BATCH }).await
}

async fn items(tx: &mut Tx, batch: i64, sql: &'static str) -> Result<Vec<Item>, StoreError> {
    let rows: Vec<(i64, String, String, Vec<u8>, String, i64)> =
        on!(tx, c => sqlx::query_as(sql).bind(batch).fetch_all(c).await?);
    rows.into_iter()
        .map(|(id, key, action, version, payload, attempts)| {
            let what = content(Some(action), Some(version))?.ok_or(StoreError::Unexpected("outbox.version"))?;
            Ok(Item { id, key, action: what.0, version: what.1, payload, attempts })
        })
        .collect()
}

const SETTLE_SQLITE: &str =
    "update outbox set state = $2 where id in (select value from json_each($1)) and state = 'sent'";
const SETTLE_POSTGRES: &str =
    "update outbox set state = $2 where id in (select jsonb_array_elements_text($1::jsonb)::bigint) and state = 'sent'";

/// Writes down that rows of a batch were `accepted` or `refused`.
pub async fn settle(tx: &mut Tx, ids: &[i64], state: &'static str) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = tx.pick(SETTLE_SQLITE, SETTLE_POSTGRES);
    let list = json_ids(ids);
    let settled = on!(tx, c => sqlx::query(sql).bind(&list).bind(state).execute(c).await?.rows_affected());
    if settled == ids.len() as u64 { Ok(()) } else { Err(StoreError::Unexpected("the number of outbox rows settled")) }
}

const BACK: &str = "update outbox set state = 'ready', batch_id = null, attempts = attempts + 1, not_before_ms = $2 \
    where id = $1 and state = 'sent'";
const NEWER: &str =
    "select count(*) from outbox where stream_id = $1 and key = $2 and state || '' in ('staged', 'ready')";
const SUPERSEDE: &str = "update outbox set state = 'superseded' where id = $1 and state = 'sent'";

/// A row that was surely not stored goes back into the queue, unless a newer content of its record waits there already.
pub async fn put_back(tx: &mut Tx, stream: i64, item: &Item, not_before: Timestamp) -> Result<(), StoreError> {
    let (newer,): (i64,) = on!(tx, c => sqlx::query_as(NEWER).bind(stream).bind(&item.key).fetch_one(c).await?);
    let changed = if newer > 0 {
        on!(tx, c => sqlx::query(SUPERSEDE).bind(item.id).execute(c).await?.rows_affected())
    } else {
        on!(tx, c => sqlx::query(BACK).bind(item.id).bind(not_before.0).execute(c).await?.rows_affected())
    };
    if changed == 1 { Ok(()) } else { Err(StoreError::Unexpected("an outbox row put back")) }
}

const MOVE_SQLITE: &str =
    "update outbox set batch_id = $2 where id in (select value from json_each($1)) and state = 'sent'";
const MOVE_POSTGRES: &str = "update outbox set batch_id = $2 where id in (select jsonb_array_elements_text($1::jsonb)::bigint) and state = 'sent'";

/// Moves rows of a refused batch into one of its halves.
pub async fn move_to(tx: &mut Tx, batch: i64, ids: &[i64]) -> Result<(), StoreError> {
    let sql = tx.pick(MOVE_SQLITE, MOVE_POSTGRES);
    let list = json_ids(ids);
    let moved = on!(tx, c => sqlx::query(sql).bind(&list).bind(batch).execute(c).await?.rows_affected());
    if moved != ids.len() as u64 {
        return Err(StoreError::Unexpected("the number of outbox rows moved"));
    }
    note_batch(tx, batch, &list).await
}

const READY: &str = "select count(*) from outbox where stream_id = $1 and state = 'ready'";

/// How many rows are ready to go. Reads the index of all of them: not for every round.
pub async fn ready(tx: &mut Tx, stream: i64) -> Result<u64, StoreError> {
    let (count,): (i64,) = on!(tx, c => sqlx::query_as(READY).bind(stream).fetch_one(c).await?);
    Ok(u64::try_from(count).unwrap_or(0))
}

const MAY_GO: &str =
    "select exists (select 1 from outbox where stream_id = $1 and state = 'ready' and not_before_ms <= $2)";

/// Whether rows are ready that may go now.
pub async fn may_go(tx: &mut Tx, stream: i64, now: Timestamp) -> Result<bool, StoreError> {
    let (any,): (bool,) = on!(tx, c => sqlx::query_as(MAY_GO).bind(stream).bind(now.0).fetch_one(c).await?);
    Ok(any)
}

const UNDERWAY: &str = "select count(*) from outbox where stream_id = $1 and state = 'sent'";

/// How many records are on their way, their outcome not known.
pub async fn underway(tx: &mut Tx, stream: i64) -> Result<u64, StoreError> {
    let (count,): (i64,) = on!(tx, c => sqlx::query_as(UNDERWAY).bind(stream).fetch_one(c).await?);
    Ok(u64::try_from(count).unwrap_or(0))
}

const ANY: &str = "select exists (select 1 from outbox where stream_id = $1 and state = 'ready')";
const LATER: &str = "select min(not_before_ms) from outbox where stream_id = $1 and state = 'ready' \
    and not_before_ms > 0 and not_before_ms > $2";

/// Whether rows are ready, and when the next of those that the nation asked to have later may go.
pub async fn news(tx: &mut Tx, stream: i64, now: Timestamp) -> Result<(bool, Option<Timestamp>), StoreError> {
    let (any,): (bool,) = on!(tx, c => sqlx::query_as(ANY).bind(stream).fetch_one(c).await?);
    let (later,): (Option<i64>,) = on!(tx, c => sqlx::query_as(LATER).bind(stream).bind(now.0).fetch_one(c).await?);
    Ok((any, later.map(Timestamp)))
}

const UNSETTLED: &str = "select exists (select 1 from outbox where stream_id = $1 and state = 'staged') \
    or exists (select 1 from outbox where stream_id = $1 and state = 'ready') \
    or exists (select 1 from outbox where stream_id = $1 and state = 'sent')";

/// Whether anything of a stream is unsent, or sent and not settled; what is parked is not counted.
pub async fn unsettled(tx: &mut Tx, stream: i64) -> Result<bool, StoreError> {
    let (any,): (bool,) = on!(tx, c => sqlx::query_as(UNSETTLED).bind(stream).fetch_one(c).await?);
    Ok(any)
}

/// A row that is unsent, or sent and not settled, as a plan needs it.
#[derive(Debug, Clone)]
pub struct Waits {
    /// Its id.
    pub id: i64,
    /// `staged`, `ready`, `parked`, `sent`.
    pub state: String,
    /// What the brake counts it as.
    pub class: Class,
    /// The commune's code.
    pub unit: String,
}

const WAITS_SQLITE: &str = "select key, id, state, class, unit from outbox where stream_id = $1 \
    and key in (select value from json_each($2)) and state || '' in ('staged', 'ready', 'parked', 'sent')";
const WAITS_POSTGRES: &str = "select key, id, state, class, unit from outbox where stream_id = $1 \
    and key in (select jsonb_array_elements_text($2::jsonb)) and state || '' in ('staged', 'ready', 'parked', 'sent')";

/// What of these records is unsent, or sent and not settled.
pub async fn waits(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<HashMap<String, Vec<Waits>>, StoreError> {
    let sql = tx.pick(WAITS_SQLITE, WAITS_POSTGRES);
    let list = json_list(keys.iter().copied());
    let rows: Vec<(String, i64, String, String, String)> =
        on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
    let mut found: HashMap<String, Vec<Waits>> = HashMap::new();
    for (key, id, state, class, unit) in rows {
        let class = Class::from_word(&class).ok_or(StoreError::Unexpected("outbox.class"))?;
        found.entry(key).or_default().push(Waits { id, state, class, unit });
    }
    Ok(found)
}
