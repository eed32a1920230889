//! The inbox: one row an application, every body that came as a version, what people decided, and how far a pull came.
//!
//! Whoever stores what came holds the lease of the intake; whoever decides does not: both lock the application first.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Timestamp;

use super::settled::STUCK;
use super::{StoreError, Tx, json_ids, json_list, on};

const CURSOR: &str = "select upto_ms, reread_ms from intake_cursor where intake = $1";
const MOVE: &str = "insert into intake_cursor (intake, upto_ms) values ($1, $2) \
    on conflict (intake) do update set upto_ms = excluded.upto_ms";
const ENDED: &str = "insert into intake_cursor (intake, upto_ms, pulled_ms, error) values ($1, 0, $2, $3) \
    on conflict (intake) do update set pulled_ms = excluded.pulled_ms, error = excluded.error";
const REREAD: &str = "update intake_cursor set reread_ms = $2 where intake = $1";

/// How far a pull has come, and when the last days were read again; `None` before anything was stored.
pub async fn cursor(tx: &mut Tx, intake: &str) -> Result<Option<(Timestamp, Timestamp)>, StoreError> {
    let row: Option<(i64, i64)> = on!(tx, c => sqlx::query_as(CURSOR).bind(intake).fetch_optional(c).await?);
    Ok(row.filter(|(upto, _)| *upto > 0).map(|(upto, reread)| (Timestamp(upto), Timestamp(reread))))
}

/// Moves the cursor; in the transaction that stores what was read.
pub async fn move_cursor(tx: &mut Tx, intake: &str, upto: Timestamp) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(MOVE).bind(intake).bind(upto.0).execute(c).await?.rows_affected());
    Ok(())
}

/// Writes down that the last days were read again to their end.
pub async fn reread(tx: &mut Tx, intake: &str, now: Timestamp) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(REREAD).bind(intake).bind(now.0).execute(c).await?.rows_affected());
    Ok(())
}

/// Writes down when a pull ended, and what a person should know of it.
pub async fn ended(tx: &mut Tx, intake: &str, now: Timestamp, error: &str) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(ENDED).bind(intake).bind(now.0).bind(error).execute(c).await?.rows_affected());
    Ok(())
}

/// How the last pull ended.
#[derive(Debug, Clone, PartialEq, Eq, Default, sqlx::FromRow)]
pub struct LastPull {
    /// Up to when everything was read; 0 for nothing.
    pub upto_ms: i64,
    /// When it ended; 0 for never.
    pub pulled_ms: i64,
    /// What a person should know of it.
    pub error: String,
}

const LAST: &str = "select upto_ms, pulled_ms, error from intake_cursor where intake = $1";

/// How the last pull ended.
pub async fn last_pull(tx: &mut Tx, intake: &str) -> Result<LastPull, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(LAST).bind(intake).fetch_optional(c).await?.unwrap_or_default()))
}

/// A hash of a body and of its core.
pub type Hashes = (Vec<u8>, Vec<u8>);

/// An application as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// Its row.
    pub id: i64,
    /// The newest version.
    pub version: i64,
    /// All bodies that came.
    pub bodies: Vec<Hashes>,
}

const KNOWN_SQLITE: &str = "select a.number, a.id, a.version from application a \
    where a.intake = $1 and a.number in (select value from json_each($2))";
const KNOWN_POSTGRES: &str = "select a.number, a.id, a.version from application a \
    where a.intake = $1 and a.number in (select jsonb_array_elements_text($2::jsonb)) order by a.id for update of a";
const BODIES_SQLITE: &str = "select application_id, hash, core from application_version \
    where application_id in (select value from json_each($1)) order by application_id, version";
const BODIES_POSTGRES: &str = "select application_id, hash, core from application_version \
    where application_id in (select jsonb_array_elements_text($1::jsonb)::bigint) order by application_id, version";

/// The applications of these numbers, locked.
pub async fn known(tx: &mut Tx, intake: &str, numbers: &[&str]) -> Result<BTreeMap<String, Known>, StoreError> {
    let (sql, list) = (tx.pick(KNOWN_SQLITE, KNOWN_POSTGRES), json_list(numbers.iter().copied()));
    let rows: Vec<(String, i64, i64)> = on!(tx, c => sqlx::query_as(sql).bind(intake).bind(&list).fetch_all(c).await?);
    let ids: Vec<i64> = rows.iter().map(|(_, id, _)| *id).collect();
    let (sql, list) = (tx.pick(BODIES_SQLITE, BODIES_POSTGRES), json_ids(&ids));
    let bodies: Vec<(i64, Vec<u8>, Vec<u8>)> = on!(tx, c => sqlx::query_as(sql).bind(&list).fetch_all(c).await?);
    let mut by_id: BTreeMap<i64, Vec<Hashes>> = BTreeMap::new();
    for (id, hash, core) in bodies {
        by_id.entry(id).or_default().push((hash, core));
    }
    let known = |(number, id, version)| (number, Known { id, version, bodies: by_id.remove(&id).unwrap_or_default() });
    Ok(rows.into_iter().map(known).collect())
}

const OURS_SQLITE: &str = "select o.lane, o.status from outbox o join stream t on t.id = o.stream_id \
    where o.lane in (select value from json_each($1)) and o.lane <> '' and o.state || '' in ('sent', 'accepted') and t.system = $2 \
    union select lane, status from lane_state where system = $2 and lane in (select value from json_each($1))";
const OURS_POSTGRES: &str = "select o.lane, o.status from outbox o join stream t on t.id = o.stream_id \
    where o.lane in (select jsonb_array_elements_text($1::jsonb)) and o.lane <> '' and o.state || '' in ('sent', 'accepted') \
    and t.system = $2 union select lane, status from lane_state where system = $2 \
    and lane in (select jsonb_array_elements_text($1::jsonb))";

/// The statuses that we sent, or are sending, for these numbers to a system.
pub async fn ours(
    tx: &mut Tx,
    system: &str,
    numbers: &[&str],
) -> Result<BTreeMap<String, BTreeSet<String>>, StoreError> {
    let (sql, list) = (tx.pick(OURS_SQLITE, OURS_POSTGRES), json_list(numbers.iter().copied()));
    let rows: Vec<(String, String)> = on!(tx, c => sqlx::query_as(sql).bind(&list).bind(system).fetch_all(c).await?);
    let mut ours: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (number, status) in rows.into_iter().filter(|(_, status)| !status.is_empty()) {
        ours.entry(number).or_default().insert(status);
    }
    Ok(ours)
}

const SEEN_SQLITE: &str = "update application set seen = seen + 1 where id in (select value from json_each($1))";
const SEEN_POSTGRES: &str =
    "update application set seen = seen + 1 where id in (select jsonb_array_elements_text($1::jsonb)::bigint)";

/// These applications came again as they were.
pub async fn seen(tx: &mut Tx, ids: &[i64]) -> Result<(), StoreError> {
    let (sql, list) = (tx.pick(SEEN_SQLITE, SEEN_POSTGRES), json_ids(ids));
    on!(tx, c => sqlx::query(sql).bind(&list).execute(c).await?.rows_affected());
    Ok(())
}

const ECHO: &str = "update application set seen = seen + 1, echoes = echoes + 1, status = $2 where id = $1";

/// An application came back with a status of ours.
pub async fn echo(tx: &mut Tx, id: i64, status: &str) -> Result<(), StoreError> {
    let changed = on!(tx, c => sqlx::query(ECHO).bind(id).bind(status).execute(c).await?.rows_affected());
    if changed == 1 { Ok(()) } else { Err(StoreError::Unexpected("application")) }
}

/// What a version says, for lists and clocks, as the mapping reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// The procedure.
    pub procedure: String,
    /// The office.
    pub office: String,
    /// The commune.
    pub unit: String,
    /// `yyyyMMddHHmmss`; empty where not known.
    pub filed_at: String,
    /// The same of its reception.
    pub received_at: String,
}

const ADD: &str = "insert into application (intake, number, version, status, first_ms, changed_ms) \
    values ($1, $2, 1, $3, $4, $4) returning id";
const NEXT: &str = "update application set version = $2, status = $3, changed_ms = $4, seen = seen + 1 \
    where id = $1 and version = $2 - 1";

/// An application that came for the first time; its row.
pub async fn add(tx: &mut Tx, (intake, number): (&str, &str), status: &str, now: Timestamp) -> Result<i64, StoreError> {
    let (id,): (i64,) =
        on!(tx, c => sqlx::query_as(ADD).bind(intake).bind(number).bind(status).bind(now.0).fetch_one(c).await?);
    Ok(id)
}

/// Another version of an application that is known.
pub async fn next_version(
    tx: &mut Tx,
    (id, version): (i64, i64),
    status: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = on!(tx, c => sqlx::query(NEXT).bind(id).bind(version).bind(status).bind(now.0)
        .execute(c).await?.rows_affected());
    if changed == 1 { Ok(()) } else { Err(StoreError::Unexpected("application.version")) }
}

const SHOW: &str = "update application set procedure = $3, office = $4, unit = $5, filed_at = $6, received_at = $7 \
    where id = $1 and version = $2";

/// Writes down what a version says, where it is the newest.
pub async fn show(tx: &mut Tx, (id, version): (i64, i64), shown: &Shown) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(SHOW).bind(id).bind(version).bind(&shown.procedure).bind(&shown.office).bind(&shown.unit)
        .bind(&shown.filed_at).bind(&shown.received_at).execute(c).await?.rows_affected());
    Ok(())
}

/// A body as it came.
#[derive(Debug, Clone)]
pub struct Body<'a> {
    /// Of all of it, and without what the portal takes over from us.
    pub hashes: &'a Hashes,
    /// Canonical JSON.
    pub body: &'a str,
    /// Against the version before, JSON.
    pub differences: &'a str,
    /// The exchange that brought it.
    pub exchange_id: &'a str,
}

/// What the mapping made of a version.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// Whether it may be handed over; otherwise a person must say.
    pub ready: bool,
    /// JSON.
    pub complaints: &'a str,
    /// Canonical JSON; empty where it is to be routed.
    pub record: &'a str,
    /// By what it was judged.
    pub judged_by: &'a [u8],
}

impl Judged<'_> {
    pub(super) fn state(&self) -> &'static str {
        if self.ready { "ready" } else { "to-be-routed" }
    }
}

const ADD_VERSION: &str = "insert into application_version (application_id, version, hash, core, body, differences, at_ms, exchange_id, \
    state, complaints, record, judged_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// Keeps a version.
pub async fn add_version(
    tx: &mut Tx,
    (id, version): (i64, i64),
    body: &Body<'_>,
    judged: &Judged<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(ADD_VERSION).bind(id).bind(version).bind(&body.hashes.0).bind(&body.hashes.1).bind(body.body)
        .bind(body.differences).bind(now.0).bind(body.exchange_id).bind(judged.state()).bind(judged.complaints)
        .bind(judged.record).bind(judged.judged_by).execute(c).await?.rows_affected());
    Ok(())
}

const MATCHES: &str = "update application set matches = $3 where id = $1 and version = $2";

/// Keeps who may be the applicant by a version, as JSON, where it is the newest.
pub async fn matches(tx: &mut Tx, (id, version): (i64, i64), matches: &str) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(MATCHES).bind(id).bind(version).bind(matches).execute(c).await?.rows_affected());
    Ok(())
}

const BODY: &str = "select body from application_version where application_id = $1 and version = $2";

/// The body of a version, canonical JSON.
pub async fn body(tx: &mut Tx, (id, version): (i64, i64)) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> = on!(tx, c => sqlx::query_as(BODY).bind(id).bind(version).fetch_optional(c).await?);
    Ok(row.map(|(body,)| body))
}

/// How an inbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counts {
    /// Applications.
    pub applications: u64,
    /// Their versions.
    pub versions: u64,
    /// Versions that a person must route.
    pub to_be_routed: u64,
    /// Versions that wait to be handed over.
    pub waiting: u64,
    /// Versions that were handed over.
    pub handed_over: u64,
    /// Versions that wait and were tried several times.
    pub stuck: u64,
}

const COUNTS: &str = "select count(distinct a.id), count(*), \
    coalesce(sum(case when v.state = 'to-be-routed' then 1 else 0 end), 0), \
    coalesce(sum(case when v.state in ('ready', 'underway') then 1 else 0 end), 0), \
    coalesce(sum(case when v.state = 'handed' then 1 else 0 end), 0), \
    coalesce(sum(case when v.state in ('ready', 'underway') and v.attempts >= $2 then 1 else 0 end), 0) \
    from application a join application_version v on v.application_id = a.id where a.intake = $1";

/// Counts an inbox.
pub async fn counts(tx: &mut Tx, intake: &str) -> Result<Counts, StoreError> {
    let row: (i64, i64, i64, i64, i64, i64) =
        on!(tx, c => sqlx::query_as(COUNTS).bind(intake).bind(STUCK).fetch_one(c).await?);
    let count = |n: i64| u64::try_from(n).unwrap_or(0);
    Ok(Counts {
        applications: count(row.0),
        versions: count(row.1),
        to_be_routed: count(row.2),
        waiting: count(row.3),
        handed_over: count(row.4),
        stuck: count(row.5),
    })
}
