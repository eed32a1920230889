//! Files that applications name: what is wanted, stored or refused. Content stands in a folder, by its hash.

use crate::model::Timestamp;

use super::{StoreError, Tx, on};

const WANT: &str = "insert into attachment (application_id, address, name, state, why, first_ms) values ($1, $2, $3, $4, $5, $6) \
    on conflict (application_id, address) do nothing";

/// Notes an address that an application names; one that it named before stays as it is.
pub async fn want(
    tx: &mut Tx,
    application: i64,
    (address, name): (&str, &str),
    (state, why): (&str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(WANT).bind(application).bind(address).bind(name).bind(state).bind(why).bind(now.0)
        .execute(c).await?.rows_affected());
    Ok(())
}

/// A file that is to be fetched.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Wanted {
    /// Its id.
    pub id: i64,
    /// The application's number.
    pub number: String,
    /// As the portal gave it.
    pub address: String,
    /// Its name; may be empty.
    pub name: String,
    /// How often it was tried.
    pub attempts: i64,
    /// The ETag of the part that is there.
    pub etag: String,
    /// So many bytes of it were made to last.
    pub part_bytes: i64,
    /// Its place among the files of its application, from 1.
    pub place: i64,
}

const NEXT: &str = "select t.id, a.number, t.address, t.name, t.attempts, t.etag, t.part_bytes, (select count(*) from attachment o \
    where o.application_id = t.application_id and o.id <= t.id) as place \
    from attachment t join application a on a.id = t.application_id \
    where t.state = 'wanted' and t.next_ms <= $2 and a.intake = $1 order by t.next_ms, t.id limit 1";

/// The next file that may be fetched now.
pub async fn next(tx: &mut Tx, intake: &str, now: Timestamp) -> Result<Option<Wanted>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(NEXT).bind(intake).bind(now.0).fetch_optional(c).await?))
}

const WAITING: &str = "select count(*), min(t.next_ms) from attachment t join application a on a.id = t.application_id \
    where t.state = 'wanted' and a.intake = $1";

/// How many files are not there yet, and when the first of them is due.
pub async fn waiting(tx: &mut Tx, intake: &str) -> Result<(u64, Option<Timestamp>), StoreError> {
    let (count, next): (i64, Option<i64>) = on!(tx, c => sqlx::query_as(WAITING).bind(intake).fetch_one(c).await?);
    Ok((u64::try_from(count).unwrap_or(0), next.map(Timestamp)))
}

/// What is there of a file that broke off.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Noted {
    /// Of which version; empty where the rest cannot be asked for.
    pub etag: String,
    /// So many bytes were made to last.
    pub bytes: u64,
}

impl Noted {
    fn length(&self) -> i64 {
        i64::try_from(self.bytes).unwrap_or(i64::MAX)
    }
}

const FAILED: &str = "update attachment set attempts = attempts + 1, next_ms = $2, why = $3, etag = $4, part_bytes = $5 \
    where id = $1 and state = 'wanted'";
const NOTED: &str = "update attachment set etag = $2, part_bytes = $3 where id = $1 and state = 'wanted'";
const STORED: &str = "update attachment set state = 'stored', hash = $2, bytes = $3, media = $4, stored_ms = $5, why = '', \
    etag = '' where id = $1 and state = 'wanted'";
const ENDED: &str = "update attachment set state = $2, why = $3, etag = '' where id = $1 and state = 'wanted'";

fn one(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Unexpected("attachment.state")) }
}

/// It could not be had; it is tried again at that time.
pub async fn failed(tx: &mut Tx, id: i64, next: Timestamp, why: &str, part: &Noted) -> Result<(), StoreError> {
    one(
        on!(tx, c => sqlx::query(FAILED).bind(id).bind(next.0).bind(why).bind(&part.etag).bind(part.length()).execute(c).await?.rows_affected()),
    )
}

/// A part of it is there.
pub async fn noted(tx: &mut Tx, id: i64, part: &Noted) -> Result<(), StoreError> {
    one(
        on!(tx, c => sqlx::query(NOTED).bind(id).bind(&part.etag).bind(part.length()).execute(c).await?.rows_affected()),
    )
}

/// It is there.
pub async fn stored(
    tx: &mut Tx,
    id: i64,
    (hash, bytes, media): (&str, u64, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    one(on!(tx, c => sqlx::query(STORED).bind(id).bind(hash).bind(bytes).bind(media).bind(now.0).execute(c).await?
        .rows_affected()))
}

/// It is never fetched (again): `outside`, `refused`, `infected`.
pub async fn ended(tx: &mut Tx, id: i64, state: &str, why: &str) -> Result<(), StoreError> {
    one(on!(tx, c => sqlx::query(ENDED).bind(id).bind(state).bind(why).execute(c).await?.rows_affected()))
}

/// A file that is not there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct Missing {
    /// Its id.
    pub id: i64,
    /// The application's id.
    pub application_id: i64,
    /// Its intake.
    pub intake: String,
    /// Its number.
    pub number: String,
    /// As the portal gave it.
    pub address: String,
    /// Its name.
    pub name: String,
    /// `wanted`, `outside`, `refused`, `infected`.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// Why it is not there.
    pub why: String,
}

const COUNTS: &str = "select coalesce(sum(case when t.state = 'wanted' then 1 else 0 end), 0), \
    coalesce(sum(case when t.state <> 'wanted' then 1 else 0 end), 0) \
    from attachment t join application a on a.id = t.application_id where t.state <> 'stored' and a.intake = $1";

/// How many files of an intake are awaited, and how many were given up.
pub async fn counts(tx: &mut Tx, intake: &str) -> Result<(u64, u64), StoreError> {
    let row: (i64, i64) = on!(tx, c => sqlx::query_as(COUNTS).bind(intake).fetch_one(c).await?);
    Ok((row.0.unsigned_abs(), row.1.unsigned_abs()))
}

const MISSING: &str = "select t.id, t.application_id, a.intake, a.number, t.address, t.name, t.state, t.attempts, t.why \
    from attachment t join application a on a.id = t.application_id \
    where t.state <> 'stored' and t.id > $2 and ($1 = 0 or t.application_id = $1) order by t.id limit $3";

/// The next files after an id that are not there: of one application, or of all for 0.
pub async fn missing(tx: &mut Tx, application: i64, after: i64, limit: i64) -> Result<Vec<Missing>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(MISSING).bind(application).bind(after).bind(limit).fetch_all(c).await?))
}

// What begins with an ellipsis is no address: it says what could not even be noted.
const NOTE_AGAIN: &str = "insert into application_decision (application_id, at_ms, who, reason, values_json) \
    select distinct application_id, cast($2 as bigint), cast($3 as text), cast($4 as text), '{}' from attachment \
    where state in ('refused', 'outside', 'infected') and address not like '…%' and ($1 = 0 or application_id = $1)";
const AGAIN: &str = "update attachment set state = 'wanted', attempts = 0, next_ms = 0, why = '', etag = '' \
    where state in ('refused', 'outside', 'infected') and address not like '…%' and ($1 = 0 or application_id = $1)";

/// What was given up is fetched again, of one application or of all for 0; how many files those are. Who decided so
/// stands with each application.
pub async fn again(
    tx: &mut Tx,
    application: i64,
    now: Timestamp,
    (who, reason): (&str, &str),
) -> Result<u64, StoreError> {
    on!(tx, c => sqlx::query(NOTE_AGAIN).bind(application).bind(now.0).bind(who).bind(reason).execute(c).await?
        .rows_affected());
    Ok(on!(tx, c => sqlx::query(AGAIN).bind(application).execute(c).await?.rows_affected()))
}
