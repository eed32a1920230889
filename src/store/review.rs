//! Mismatches in people's hands: one by its id, whatever happened to it, and a change that holds only if nobody was faster.

use crate::model::Timestamp;

use super::{StoreError, Tx, on};

/// A mismatch as it stands.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct Item {
    /// Its number, for ever.
    pub id: i64,
    /// The stream's id.
    #[serde(skip)]
    pub stream_id: i64,
    /// The record's key.
    pub key: String,
    /// Kind.
    pub kind: String,
    /// Apart within the kind.
    pub place: String,
    /// The fixed word, or the nation's code.
    pub reason: String,
    /// What many have in common.
    pub cause: String,
    /// Field.
    pub field: String,
    /// Our value.
    pub value: String,
    /// The nation's, or the other record's.
    pub theirs: String,
    /// What would be right.
    pub proposal: String,
    /// More.
    pub detail: String,
    /// Row of the source.
    pub source_row: Option<i64>,
    /// The commune.
    pub unit: String,
    /// 1 grave, 2 plain, 3 slight.
    pub gravity: i64,
    /// `open`, `in-review`, `decided`, `applied`, `closed`.
    pub state: String,
    /// Of what one is looking at; a later one is told.
    pub version: i64,
    /// How often it was seen since it was opened last.
    pub occurrences: i64,
    /// How often it came back.
    pub relapses: i64,
    /// When it was opened last.
    pub opened_ms: i64,
    /// When it was seen last.
    pub seen_ms: i64,
    /// When it was closed.
    pub closed_ms: Option<i64>,
    /// Who has it in review.
    pub assignee: String,
    /// What was decided last.
    pub decision: String,
    /// By whom; `authority` where the file decided.
    pub decided_by: String,
    /// When.
    pub decided_ms: Option<i64>,
    /// Why.
    pub why: String,
    /// Of an accepted difference: until which day.
    pub until_day: String,
    /// The second person; `-` where none is needed.
    pub seconded_by: String,
    /// When the decision took effect.
    pub applied_ms: Option<i64>,
    /// Digest of the number on our side.
    #[serde(skip)]
    pub person: String,
    /// Digest of the number on the other.
    #[serde(skip)]
    pub other: String,
}

impl Item {
    /// Whether it was decided and somebody else has to confirm it.
    pub fn waits_second(&self) -> bool {
        self.state == "decided" && self.seconded_by.is_empty()
    }
}

/// Something that happened to a mismatch.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct Event {
    /// When.
    pub at_ms: i64,
    /// Who; empty for the machine.
    pub who: String,
    /// What happened.
    pub event: String,
    /// The decision, or to whom it was given.
    pub what: String,
    /// A reason code.
    pub reason: String,
    /// What was said.
    pub words: String,
}

/// The columns of an [`Item`] of a mismatch `m`; the commune is told by this expression.
macro_rules! item {
    ($unit:literal) => {
        concat!(
            "m.id, m.stream_id, m.key, m.kind, m.place, m.reason, m.cause, m.field, m.value, m.theirs, m.proposal, m.detail, m.source_row, ",
            $unit,
            " as unit, m.gravity, m.state, m.version, m.occurrences, m.relapses, m.opened_ms, m.seen_ms, m.closed_ms, m.assignee, m.decision, \
            m.decided_by, m.decided_ms, m.why, m.until_day, m.seconded_by, m.applied_ms, m.person, m.other"
        )
    };
}
pub(super) use item;

const FIND: &str = concat!("select ", item!("m.unit"), " from mismatch m where m.id = $1");

/// One mismatch.
pub async fn find(tx: &mut Tx, id: i64) -> Result<Option<Item>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(FIND).bind(id).fetch_optional(c).await?))
}

const PUT: &str = "update mismatch set state = $3, assignee = $4, decision = $5, decided_by = $6, decided_ms = $7, why = $8, until_day = $9, \
    seconded_by = $10, applied_ms = $11, closed_ms = $12, opened_ms = $13, \
    absent_ms = case when $3 = 'decided' or $5 = '' then null else absent_ms end, version = version + 1 where id = $1 and version = $2";

/// Writes what people change of it, as a new version. False: somebody was faster, and nothing was written.
pub async fn put(tx: &mut Tx, item: &Item) -> Result<bool, StoreError> {
    let rows = on!(tx, c => sqlx::query(PUT).bind(item.id).bind(item.version).bind(&item.state).bind(&item.assignee)
        .bind(&item.decision).bind(&item.decided_by).bind(item.decided_ms).bind(&item.why).bind(&item.until_day)
        .bind(&item.seconded_by).bind(item.applied_ms).bind(item.closed_ms).bind(item.opened_ms).execute(c).await?.rows_affected());
    Ok(rows == 1)
}

const EVENTS: &str = "select at_ms, who, event, what, reason, words from mismatch_event where mismatch_id = $1 order by id desc limit 500";

/// All that happened to it, the oldest first; of very much only the last.
pub async fn events(tx: &mut Tx, id: i64) -> Result<Vec<Event>, StoreError> {
    let mut events: Vec<Event> = on!(tx, c => sqlx::query_as(EVENTS).bind(id).fetch_all(c).await?);
    events.reverse();
    Ok(events)
}

const LAST_CHANGE: &str = "select at_ms, who, event, what, reason, words from mismatch_event where mismatch_id = $1 \
    and event not in ('comment', 'too-late') order by id desc limit 1";

/// What changed it last.
pub async fn last_change(tx: &mut Tx, id: i64) -> Result<Option<Event>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(LAST_CHANGE).bind(id).fetch_optional(c).await?))
}

const LIFT_CORRECTION: &str = "update correction set over_ms = $2 where mismatch_id = $1 and over_ms is null";
const LIFT_ALIAS: &str =
    "update person_alias set over_ms = $2, over_who = $3 where mismatch_id = $1 and over_ms is null";

/// Takes back what a decision had done: its line on the list of corrections, its link between two numbers.
pub async fn lift(tx: &mut Tx, id: i64, now: Timestamp, who: &str) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(LIFT_CORRECTION).bind(id).bind(now.0).execute(c).await?.rows_affected());
    on!(tx, c => sqlx::query(LIFT_ALIAS).bind(id).bind(now.0).bind(who).execute(c).await?.rows_affected());
    Ok(())
}
