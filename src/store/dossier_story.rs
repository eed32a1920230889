//! What happened to one dossier: its versions, decisions and files, and what of it went up, with every exchange.

use serde::Serialize;

use super::{StoreError, Tx, on};

/// The most rows of one kind that are shown of a dossier: where there are so many, there may be more.
pub const MOST: i64 = 1000;

/// A version of an application.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Version {
    /// From 1.
    pub version: i64,
    /// When it came, in milliseconds.
    pub at_ms: i64,
    /// The exchange that brought it.
    pub exchange_id: String,
    /// What differs from the one before: JSON.
    pub differences: String,
    /// `to-be-routed`, `ready`, `underway`, `handed`, `overtaken`.
    pub state: String,
    /// Why it is to be routed: JSON.
    pub complaints: String,
    /// The province's record, JSON; empty while it is to be routed.
    pub record: String,
    /// How often it was tried to hand it over.
    pub attempts: i64,
    /// What the local system gave back.
    pub receipt: String,
    /// When it was handed over.
    pub handed_ms: Option<i64>,
    /// Why it was not.
    pub why: String,
}

const VERSIONS: &str = "select version, at_ms, exchange_id, differences, state, complaints, record, attempts, receipt, \
    handed_ms, why from application_version where application_id = $1 order by version desc limit $2";

/// The versions of an application, the newest first.
pub async fn versions(tx: &mut Tx, application: i64) -> Result<Vec<Version>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(VERSIONS).bind(application).bind(MOST).fetch_all(c).await?))
}

/// A decision about an application.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Decided {
    /// When, in milliseconds.
    pub at_ms: i64,
    /// Who.
    pub who: String,
    /// Why.
    pub reason: String,
    /// The values: JSON.
    pub values_json: String,
}

const DECISIONS: &str = "select at_ms, who, reason, values_json from application_decision where application_id = $1 order by id desc limit $2";

/// What was decided, the newest first.
pub async fn decisions(tx: &mut Tx, application: i64) -> Result<Vec<Decided>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(DECISIONS).bind(application).bind(MOST).fetch_all(c).await?))
}

/// A file that an application names.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct File {
    /// As the portal gave it.
    pub address: String,
    /// Its name.
    pub name: String,
    /// `wanted`, `stored`, `outside`, `refused`, `infected`.
    pub state: String,
    /// SHA-256, hex, once it is stored.
    pub hash: String,
    /// Its size.
    pub bytes: i64,
    /// Its type.
    pub media: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Why it is not there.
    pub why: String,
    /// When it was named first, in milliseconds.
    pub first_ms: i64,
    /// When it was stored.
    pub stored_ms: Option<i64>,
}

const FILES: &str = "select address, name, state, hash, bytes, media, attempts, why, first_ms, stored_ms from attachment \
    where application_id = $1 order by id limit $2";

/// The files of an application, in the order in which they were named.
pub async fn files(tx: &mut Tx, application: i64) -> Result<Vec<File>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(FILES).bind(application).bind(MOST).fetch_all(c).await?))
}

/// Something of a dossier that goes up.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Up {
    /// Its id in the outbox.
    pub id: i64,
    /// The system.
    pub system: String,
    /// The stream.
    pub stream: String,
    /// The record's key.
    pub key: String,
    /// When the step was taken, `yyyyMMddHHmmss`; empty for an opening or a present status.
    pub lane_at: String,
    /// With which status it goes.
    pub status: String,
    /// Its state in the outbox.
    pub state: String,
}

const UP: &str = "select o.id, t.system, t.name as stream, o.key, o.lane_at, o.status, o.state from outbox o \
    join stream t on t.id = o.stream_id where o.lane = $1 and o.lane <> '' and o.state || '' not in ('superseded', 'withdrawn') \
    order by o.id desc limit $2";

/// What goes up of a dossier, the newest first.
pub async fn up(tx: &mut Tx, number: &str) -> Result<Vec<Up>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(UP).bind(number).bind(MOST).fetch_all(c).await?))
}

/// An attempt on the wire.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Exchanged {
    /// What went with it: an id of the outbox, or 0 for what brought a version.
    pub outbox_id: i64,
    /// Its id.
    pub exchange_id: String,
    /// `opened` or `closed`.
    pub entry: String,
    /// The system.
    pub system: String,
    /// What was asked.
    pub operation: String,
    /// The batch.
    pub batch_key: String,
    /// When, in milliseconds.
    pub at_ms: i64,
    /// HTTP status.
    pub status: Option<i64>,
    /// What was made of the answer.
    pub verdict: String,
}

const OF_LANE: &str = "select o.id as outbox_id, e.exchange_id, e.entry, e.system, e.operation, e.batch_key, e.at_ms, e.status, \
    e.verdict from outbox o join outbox_batch m on m.outbox_id = o.id join batch b on b.id = m.batch_id \
    join exchange e on e.batch_key = b.key where o.lane = $1 and o.lane <> '' order by e.at_ms desc, e.lane, e.number limit $2";

/// The exchanges that carried something of a dossier up, the newest first.
pub async fn exchanged(tx: &mut Tx, number: &str) -> Result<Vec<Exchanged>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(OF_LANE).bind(number).bind(MOST).fetch_all(c).await?))
}

const BROUGHT: &str = "select 0 as outbox_id, e.exchange_id, e.entry, e.system, e.operation, e.batch_key, e.at_ms, e.status, \
    e.verdict from exchange e where e.exchange_id in (select v.exchange_id from application_version v \
    where v.application_id = $1) or e.batch_key in (select 'attachment:' || t.id from attachment t \
    where t.application_id = $1) order by e.at_ms desc, e.lane, e.number limit $2";
const BROUGHT_POSTGRES: &str = "select 0::bigint as outbox_id, e.exchange_id, e.entry, e.system, e.operation, e.batch_key, \
    e.at_ms, e.status, e.verdict from exchange e where e.exchange_id in (select v.exchange_id from application_version v \
    where v.application_id = $1) or e.batch_key in (select 'attachment:' || t.id from attachment t \
    where t.application_id = $1) order by e.at_ms desc, e.lane, e.number limit $2";

/// The exchanges that brought its versions and its files, the newest first.
pub async fn brought(tx: &mut Tx, application: i64) -> Result<Vec<Exchanged>, StoreError> {
    let sql = tx.pick(BROUGHT, BROUGHT_POSTGRES);
    Ok(on!(tx, c => sqlx::query_as(sql).bind(application).bind(MOST).fetch_all(c).await?))
}
