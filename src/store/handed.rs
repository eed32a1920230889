//! Versions of applications on their way to the local system, and the number that its office gave back.
//!
//! `ready` may be given, unless a person decided since it was judged; `underway` was begun, and nobody knows yet what came of it; `handed` has its receipt. A version
//! waits until all before it of the same application are handed, or `overtaken`: a person said that they never will be.

use crate::model::Timestamp;

use super::{StoreError, Tx, json_list, on};

/// A version that may be given now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The application's row.
    pub application: i64,
    /// The portal's number.
    pub number: String,
    /// The version, from 1.
    pub version: i64,
    /// The province's record, canonical JSON.
    pub record: String,
    /// How often it was tried before.
    pub attempts: i64,
    /// `ready`, or `underway` where an earlier attempt may have been taken.
    pub state: String,
    /// When it came.
    pub at: Timestamp,
}

const DUE: &str = "select v.application_id, a.number, v.version, v.record, v.attempts, v.state, v.at_ms from application_version v \
    join application a on a.id = v.application_id \
    where v.state <> 'handed' and (v.state = 'underway' or v.state = 'ready' and length(v.judged_by) > 0) \
    and v.application_id > $2 and a.intake = $1 \
    and (v.next_ms <= $3 or v.next_ms > $4) and not exists (select 1 from application_version b \
    where b.application_id = v.application_id and b.version < v.version and b.state <> 'handed' and b.state <> 'overtaken') \
    order by v.application_id limit $5";

/// Of each application after this one, the first version that is not handed, if it may be given now. One whose wait ends
/// later than any wait that is given (`farthest`) was put off under a clock that has been set back since, and is due.
pub async fn due(
    tx: &mut Tx,
    intake: &str,
    after: i64,
    (now, farthest): (Timestamp, Timestamp),
    limit: i64,
) -> Result<Vec<Due>, StoreError> {
    type Row = (i64, String, i64, String, i64, String, i64);
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(DUE).bind(intake).bind(after).bind(now.0).bind(farthest.0).bind(limit)
        .fetch_all(c).await?);
    let due = |(application, number, version, record, attempts, state, at): Row| Due {
        application,
        number,
        version,
        record,
        attempts,
        state,
        at: Timestamp(at),
    };
    Ok(rows.into_iter().map(due).collect())
}

const BEGIN: &str = "update application_version set state = 'underway', attempts = attempts + 1 \
    where application_id = $1 and version = $2 and record = $3 \
    and (state = 'underway' or state = 'ready' and length(judged_by) > 0)";

/// Writes down that a version is being given; `false` where it is another one by now: judged anew since it was read, or
/// about to be, since a person decided.
pub async fn begin(tx: &mut Tx, due: &Due) -> Result<bool, StoreError> {
    let begun = on!(tx, c => sqlx::query(BEGIN).bind(due.application).bind(due.version).bind(&due.record)
        .execute(c).await?.rows_affected());
    Ok(begun == 1)
}

const HANDED: &str = "update application_version set state = 'handed', receipt = $3, handed_ms = $4, next_ms = 0, why = '' \
    where application_id = $1 and version = $2 and state = 'underway'";

/// Writes down the receipt, and the office's own number where it came with it.
pub async fn handed(
    tx: &mut Tx,
    due: &Due,
    receipt: &str,
    number: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let written = on!(tx, c => sqlx::query(HANDED).bind(due.application).bind(due.version).bind(receipt).bind(now.0)
        .execute(c).await?.rows_affected());
    if written != 1 {
        return Err(StoreError::Unexpected("application_version.state"));
    }
    match number {
        Some(number) => name(tx, due.application, number).await,
        None => Ok(()),
    }
}

const FAILED: &str = "update application_version set state = $3, next_ms = $4, why = $5 \
    where application_id = $1 and version = $2 and state = 'underway'";

/// Writes down why a version was not taken and when it is tried again. It stays `underway` where it may have been taken
/// all the same: its record must not change then.
pub async fn failed(tx: &mut Tx, due: &Due, (state, next): (&str, Timestamp), why: &str) -> Result<(), StoreError> {
    let written = on!(tx, c => sqlx::query(FAILED).bind(due.application).bind(due.version).bind(state).bind(next.0).bind(why)
        .execute(c).await?.rows_affected());
    if written == 1 { Ok(()) } else { Err(StoreError::Unexpected("application_version.state")) }
}

const WAITING: &str = "select count(*) from application_version v join application a on a.id = v.application_id \
    where v.state <> 'handed' and v.state in ('ready', 'underway') and a.intake = $1";

/// How many versions are judged and not handed yet.
pub async fn waiting(tx: &mut Tx, intake: &str) -> Result<u64, StoreError> {
    let (count,): (i64,) = on!(tx, c => sqlx::query_as(WAITING).bind(intake).fetch_one(c).await?);
    Ok(count.unsigned_abs())
}

const NUMBERED_SQLITE: &str = "select a.id, a.number, a.local_number from json_each($2) k \
    left join application a on a.intake = $1 and a.number = k.value where a.id is not null";
const NUMBERED_POSTGRES: &str = "select a.id, a.number, a.local_number from jsonb_array_elements_text($2::jsonb) k \
    left join application a on a.intake = $1 and a.number = k.value where a.id is not null";

/// The applications of these numbers: row, number, and the office's own number as it stands.
pub async fn numbered<'a>(
    tx: &mut Tx,
    intake: &str,
    numbers: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<(i64, String, String)>, StoreError> {
    let (sql, list) = (tx.pick(NUMBERED_SQLITE, NUMBERED_POSTGRES), json_list(numbers));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(intake).bind(&list).fetch_all(c).await?))
}

const NAME: &str = "update application set local_number = $2 where id = $1";

/// Keeps the office's own number of an application.
pub async fn name(tx: &mut Tx, application: i64, number: &str) -> Result<(), StoreError> {
    let written = on!(tx, c => sqlx::query(NAME).bind(application).bind(number).execute(c).await?.rows_affected());
    if written == 1 { Ok(()) } else { Err(StoreError::Unexpected("application.id")) }
}
