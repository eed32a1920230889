//! Applications as the verbs show them: lists by chunk, one of them, and what a person decides about one.
//!
//! Whoever decides locks the application first, as whoever judges does: neither overlooks the other.

use serde::Serialize;

use crate::model::Timestamp;

use super::settled::STUCK;
use super::{StoreError, Tx, json_list, on};

/// One application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Found {
    /// Its id in the store.
    pub id: i64,
    /// By which intake it came.
    pub intake: String,
    /// The portal's number.
    pub number: String,
    /// The newest version.
    pub version: i64,
    /// How often it came.
    pub seen: i64,
    /// How often as an echo of our own update.
    pub echoes: i64,
    /// The portal's status, as the newest version or an echo had it. An older body that comes again changes nothing: some
    /// portals show one beside the newer one, and which is true is not said.
    pub status: String,
    /// The procedure's code.
    pub procedure: String,
    /// The office.
    pub office: String,
    /// The unit.
    pub unit: String,
    /// When it was filed, `yyyyMMddHHmmss`.
    pub filed_at: String,
    /// When it was received, likewise.
    pub received_at: String,
    /// The one-stop office's own number.
    pub local_number: String,
    /// When it came first, in milliseconds.
    pub first_ms: i64,
    /// When its newest version came.
    pub changed_ms: i64,
    /// The newest version's state.
    pub state: String,
    /// How many versions a person must route.
    pub to_route: i64,
}

macro_rules! found {
    ($rest:literal) => {
        concat!(
            "select a.id, a.intake, a.number, a.version, a.seen, a.echoes, a.status, a.procedure, a.office, a.unit, a.filed_at, \
            a.received_at, a.local_number, a.first_ms, a.changed_ms, v.state, \
            (select count(*) from application_version r where r.application_id = a.id and r.state = 'to-be-routed') as to_route \
            from application a join application_version v on v.application_id = a.id and v.version = a.version ",
            $rest
        )
    };
}

const AFTER: &str = found!("where a.id > $1 and ($2 = '' or a.unit = $2) order by a.id limit $3");
const TO_ROUTE: &str = found!(
    "where a.id > $1 and ($2 = '' or a.unit = $2) and a.id in (select o.application_id from application_version o \
    where o.state = 'to-be-routed' and o.state <> 'handed') order by a.id limit $3"
);
const STUCK_ONES: &str = found!(
    "where a.id > $1 and ($2 = '' or a.unit = $2) and a.id in (select o.application_id from application_version o \
    where o.state <> 'handed' and o.state in ('ready', 'underway') and o.attempts >= $4) order by a.id limit $3"
);
const WITHOUT_FILES: &str = found!(
    "where a.id > $1 and ($2 = '' or a.unit = $2) and a.id in (select t.application_id from attachment t \
    where t.state <> 'stored') order by a.id limit $3"
);
const CLOCKED: &str = "select clocked_day, clocked_ms from intake_cursor where intake = $1";
const NOTE_CLOCKED: &str = "insert into intake_cursor (intake, upto_ms, clocked_day, clocked_ms) values ($1, 0, $2, $3) \
    on conflict (intake) do update set clocked_day = excluded.clocked_day, clocked_ms = excluded.clocked_ms";
const TO_CLOCK: &str = found!(
    "where a.intake = $1 and a.id > $2 and (a.changed_ms > $3 or exists (select 1 from mismatch m where m.stream_id = $4 \
    and m.key = a.number and m.kind = 'late' and m.place = 'clock' and m.closed_ms is null)) order by a.id limit $5"
);
const BY_NUMBER: &str = found!("where a.number = $1 order by a.id limit 100");
const BY_ID: &str = found!("where a.id = $1");

/// Only some applications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// All of them.
    All,
    /// Those that a person must route.
    ToRoute,
    /// Those whose hand-over was tried several times without an end.
    Stuck,
    /// Those of whose files some are not there.
    Files,
}

/// Which applications are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Which of them.
    pub only: Only,
    /// Only those of this unit; of every unit where it is empty.
    pub unit: &'a str,
}

/// The next applications after an id, in order of arrival.
pub async fn after(tx: &mut Tx, id: i64, wanted: Wanted<'_>, limit: i64) -> Result<Vec<Found>, StoreError> {
    let sql = match wanted.only {
        Only::All => AFTER,
        Only::ToRoute => TO_ROUTE,
        Only::Files => WITHOUT_FILES,
        Only::Stuck => {
            return Ok(on!(tx, c => sqlx::query_as(STUCK_ONES).bind(id).bind(wanted.unit).bind(limit).bind(STUCK)
                .fetch_all(c).await?));
        }
    };
    Ok(on!(tx, c => sqlx::query_as(sql).bind(id).bind(wanted.unit).bind(limit).fetch_all(c).await?))
}

/// The application of an id.
pub async fn by_id(tx: &mut Tx, id: i64) -> Result<Option<Found>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(BY_ID).bind(id).fetch_optional(c).await?))
}

/// On which day all clocks of an intake were looked at last, and since when changed ones were not.
pub async fn clocked(tx: &mut Tx, intake: &str) -> Result<(String, i64), StoreError> {
    let row: Option<(String, i64)> = on!(tx, c => sqlx::query_as(CLOCKED).bind(intake).fetch_optional(c).await?);
    Ok(row.unwrap_or_default())
}

/// Writes down that the clocks were looked at.
pub async fn note_clocked(tx: &mut Tx, intake: &str, day: &str, since: Timestamp) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(NOTE_CLOCKED).bind(intake).bind(day).bind(since.0).execute(c).await?.rows_affected());
    Ok(())
}

/// The next applications of an intake after an id whose clocks may show something else: they changed since, or are told to
/// be late.
pub async fn to_clock(
    tx: &mut Tx,
    (intake, stream): (&str, i64),
    after: i64,
    since: i64,
    limit: i64,
) -> Result<Vec<Found>, StoreError> {
    Ok(
        on!(tx, c => sqlx::query_as(TO_CLOCK).bind(intake).bind(after).bind(since).bind(stream).bind(limit).fetch_all(c).await?),
    )
}

/// The applications of a number: one an intake.
pub async fn by_number(tx: &mut Tx, number: &str) -> Result<Vec<Found>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(BY_NUMBER).bind(number).fetch_all(c).await?))
}

/// A step of the office's, as it stands in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Step {
    /// The dossier's number.
    pub lane: String,
    /// When it was taken, `yyyyMMddHHmmss`.
    pub lane_at: String,
    /// Its key in the source.
    pub key: String,
    /// The status from then on.
    pub status: String,
}

// Of each step what it says last, sent or not: one that came late was taken all the same.
const STEPS_SQLITE: &str = "select o.lane, o.lane_at, o.key, o.status from outbox o join stream t on t.id = o.stream_id \
    where o.lane in (select value from json_each($1)) and o.lane <> '' and o.lane_at <> '' and t.system = $2 \
    and o.id = (select max(p.id) from outbox p where p.stream_id = o.stream_id and p.key = o.key \
    and p.state || '' not in ('superseded', 'withdrawn'))";
const STEPS_POSTGRES: &str = "select o.lane, o.lane_at, o.key, o.status from outbox o join stream t on t.id = o.stream_id \
    where o.lane in (select jsonb_array_elements_text($1::jsonb)) and o.lane <> '' and o.lane_at <> '' and t.system = $2 \
    and o.id = (select max(p.id) from outbox p where p.stream_id = o.stream_id and p.key = o.key \
    and p.state || '' not in ('superseded', 'withdrawn'))";

/// The steps of these dossiers in the streams to a system, in no order.
pub async fn steps(tx: &mut Tx, system: &str, numbers: &[&str]) -> Result<Vec<Step>, StoreError> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, list) = (tx.pick(STEPS_SQLITE, STEPS_POSTGRES), json_list(numbers.iter().copied()));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(&list).bind(system).fetch_all(c).await?))
}

const MATCHES: &str = "select matches from application where id = $1";

/// The people of the ledger who may be the applicant, as they were found when it came: JSON.
pub async fn matches(tx: &mut Tx, application: i64) -> Result<String, StoreError> {
    let (matches,): (String,) = on!(tx, c => sqlx::query_as(MATCHES).bind(application).fetch_one(c).await?);
    Ok(matches)
}

const LOCK_SQLITE: &str = "select id from application where id = $1";
const LOCK_POSTGRES: &str = "select id from application where id = $1 for update";

/// Locks an application until the transaction ends; on SQLite a writing transaction is alone anyway.
pub async fn lock(tx: &mut Tx, application: i64) -> Result<(), StoreError> {
    let sql = tx.pick(LOCK_SQLITE, LOCK_POSTGRES);
    let (_,): (i64,) = on!(tx, c => sqlx::query_as(sql).bind(application).fetch_one(c).await?);
    Ok(())
}

const BODIES: &str = "select body from application_version where application_id = $1 and state = $2 \
    order by version desc limit 1000";

/// What the portal said in the versions of an application that are in this state.
pub async fn bodies(tx: &mut Tx, application: i64, state: &str) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = on!(tx, c => sqlx::query_as(BODIES).bind(application).bind(state).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(body,)| body).collect())
}

const DECIDE: &str = "insert into application_decision (application_id, at_ms, who, reason, values_json, said_json) \
    values ($1, $2, $3, $4, $5, $6)";
// One that is being given may be back soon, and is judged again then.
const JUDGE_AGAIN: &str = "update application_version set judged_by = $2, \
    next_ms = case when state = 'underway' then next_ms else 0 end where application_id = $1 \
    and state in ('to-be-routed', 'ready', 'underway') and state <> 'handed'";

/// Writes a decision down, for ever: the values, and over what they are laid, both JSON.
pub async fn write_down(
    tx: &mut Tx,
    application: i64,
    now: Timestamp,
    (who, reason): (&str, &str),
    (values, said): (&str, &str),
) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(DECIDE).bind(application).bind(now.0).bind(who).bind(reason).bind(values).bind(said)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// Writes a decision down and has every version judged again that was not handed over; how many those are.
pub async fn decide(
    tx: &mut Tx,
    application: i64,
    now: Timestamp,
    because: (&str, &str),
    laid: (&str, &str),
) -> Result<u64, StoreError> {
    write_down(tx, application, now, because, laid).await?;
    let nobody: &[u8] = &[];
    Ok(on!(tx, c => sqlx::query(JUDGE_AGAIN).bind(application).bind(nobody).execute(c).await?.rows_affected()))
}
