//! What a person says of a version whose hand-over has no end of its own: it was taken, it was not, or a newer one takes
//! its place. Whoever says it holds the lease of the intake, so that no attempt is under way.

use crate::model::Timestamp;

use super::{StoreError, Tx, on};

/// So many attempts without an end are more than a passing trouble.
pub const STUCK: i64 = 3;

/// How a version stands.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Standing {
    /// Its state.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// How many newer versions of its application are ready.
    pub newer: i64,
}

const STANDING: &str = "select v.state, v.attempts, (select count(*) from application_version n \
    where n.application_id = v.application_id and n.version > v.version and n.state = 'ready') as newer \
    from application_version v where v.application_id = $1 and v.version = $2";

/// How a version stands; `None` where there is no such version.
pub async fn standing(tx: &mut Tx, (id, version): (i64, i64)) -> Result<Option<Standing>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(STANDING).bind(id).bind(version).fetch_optional(c).await?))
}

const TAKEN: &str = "update application_version set state = 'handed', receipt = $3, handed_ms = $4, next_ms = 0, why = '' \
    where application_id = $1 and version = $2 and state = 'underway'";
// Judged anew before it is given again, by all that was decided and changed meanwhile.
const NOT_TAKEN: &str = "update application_version set state = 'ready', judged_by = $3, attempts = 0, next_ms = 0, why = $4 \
    where application_id = $1 and version = $2 and state = 'underway'";
const OVERTAKEN: &str = "update application_version set state = 'overtaken', next_ms = 0, why = $3 \
    where application_id = $1 and version = $2 and state in ('to-be-routed', 'ready') \
    and exists (select 1 from application_version n where n.application_id = $1 and n.version > $2 and n.state = 'ready')";

fn one(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Unexpected("application_version.state")) }
}

/// The local system has it.
pub async fn taken(tx: &mut Tx, (id, version): (i64, i64), receipt: &str, now: Timestamp) -> Result<(), StoreError> {
    one(
        on!(tx, c => sqlx::query(TAKEN).bind(id).bind(version).bind(receipt).bind(now.0).execute(c).await?.rows_affected()),
    )
}

/// The local system surely has it not: it is judged again, and given again under the same key.
pub async fn not_taken(tx: &mut Tx, (id, version): (i64, i64), why: &str) -> Result<(), StoreError> {
    let nobody: &[u8] = &[];
    one(
        on!(tx, c => sqlx::query(NOT_TAKEN).bind(id).bind(version).bind(nobody).bind(why).execute(c).await?.rows_affected()),
    )
}

/// It is kept and never handed over: a newer one is ready.
pub async fn overtaken(tx: &mut Tx, (id, version): (i64, i64), why: &str) -> Result<(), StoreError> {
    one(on!(tx, c => sqlx::query(OVERTAKEN).bind(id).bind(version).bind(why).execute(c).await?.rows_affected()))
}
