//! Rounds of comparison: what is counted, what is listed, and how far each came.

use crate::model::Timestamp;

use super::{PART, StoreError, Tx, on};

/// A round that stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// Its number.
    pub id: i64,
    /// When it began.
    pub started: Timestamp,
    /// `counting`, `listing`, `again`, `done`, `failed`.
    pub state: String,
    /// How it was asked for, as JSON.
    pub wanted: String,
    /// What it found so far, as JSON.
    pub found: String,
}

const LAST: &str =
    "select id, started_ms, state, wanted, found from comparison where stream_id = $1 order by id desc limit 1";

/// The newest round of a stream.
pub async fn last(tx: &mut Tx, stream: i64) -> Result<Option<Round>, StoreError> {
    type Row = (i64, i64, String, String, String);
    let row: Option<Row> = on!(tx, c => sqlx::query_as(LAST).bind(stream).fetch_optional(c).await?);
    Ok(row.map(|(id, started, state, wanted, found)| Round { id, started: Timestamp(started), state, wanted, found }))
}

const ABANDON: &str = "update comparison set state = 'failed', finished_ms = $2, error = 'given up' \
    where stream_id = $1 and finished_ms is null";
const BEGIN: &str =
    "insert into comparison (stream_id, started_ms, state, wanted) values ($1, $2, 'counting', $3) returning id";

/// Begins a round; one that was left unfinished is given up.
pub async fn begin(tx: &mut Tx, stream: i64, now: Timestamp, wanted: &str) -> Result<i64, StoreError> {
    on!(tx, c => sqlx::query(ABANDON).bind(stream).bind(now.0).execute(c).await?.rows_affected());
    let (id,): (i64,) = on!(tx, c => sqlx::query_as(BEGIN).bind(stream).bind(now.0).bind(wanted).fetch_one(c).await?);
    Ok(id)
}

const MOVE_ON: &str = "update comparison set state = $2, found = $3 where id = $1 and finished_ms is null";

/// Writes down how far a round is, and what it found so far.
pub async fn move_on(tx: &mut Tx, round: i64, state: &str, found: &str) -> Result<(), StoreError> {
    let changed =
        on!(tx, c => sqlx::query(MOVE_ON).bind(round).bind(state).bind(found).execute(c).await?.rows_affected());
    if changed == 1 { Ok(()) } else { Err(StoreError::Unexpected("a round of comparison that is over")) }
}

const FINISH: &str = "update comparison set state = $2, finished_ms = $3, found = $4, error = $5 where id = $1";

/// Ends a round.
pub async fn finish(
    tx: &mut Tx,
    round: i64,
    state: &str,
    now: Timestamp,
    found: &str,
    error: &str,
) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(FINISH).bind(round).bind(state).bind(now.0).bind(found).bind(error).execute(c).await?.rows_affected());
    Ok(())
}

const FORGET_COUNTS: &str = "delete from comparison_count where comparison_id = $1";
const FORGET_SCOPES: &str = "delete from comparison_scope where comparison_id = $1 and look = $2";

/// Keeps what the nation counted: province, commune, number.
pub async fn counted(tx: &mut Tx, round: i64, counts: &[(String, String, i64)]) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(FORGET_COUNTS).bind(round).execute(c).await?.rows_affected());
    for part in counts.chunks(PART) {
        on!(tx, c => {
            let mut sql =
                sqlx::QueryBuilder::new("insert into comparison_count (comparison_id, province, unit, number) ");
            sql.push_values(part, |mut b, (province, unit, number)| {
                b.push_bind(round).push_bind(province).push_bind(unit).push_bind(number);
            });
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    Ok(())
}

const COUNTS: &str =
    "select province, unit, number from comparison_count where comparison_id = $1 order by province, unit";

/// What the nation counted.
pub async fn counts(tx: &mut Tx, round: i64) -> Result<Vec<(String, String, i64)>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(COUNTS).bind(round).fetch_all(c).await?))
}

/// What is listed: a commune, or all of a province.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Its place among those of its look.
    pub number: i64,
    /// The province's code of the envelope.
    pub province: String,
    /// The commune; empty: all.
    pub unit: String,
    /// How many there should be by the count.
    pub counted: Option<i64>,
    /// The same by the last page.
    pub total: Option<i64>,
    /// Pages that were read.
    pub pages: i64,
    /// Records that came.
    pub records: i64,
    /// Items that were none.
    pub strange: i64,
    /// `open`, `done`, `short`.
    pub state: String,
}

/// Plans what is listed in a look, in this order.
pub async fn plan(tx: &mut Tx, round: i64, look: i64, scopes: &[Scope]) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(FORGET_SCOPES).bind(round).bind(look).execute(c).await?.rows_affected());
    for part in scopes.chunks(PART) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new(
                "insert into comparison_scope (comparison_id, look, number, province, unit, counted) ");
            sql.push_values(part, |mut b, scope| {
                b.push_bind(round).push_bind(look).push_bind(scope.number).push_bind(&scope.province)
                    .push_bind(&scope.unit).push_bind(scope.counted);
            });
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    Ok(())
}

const SCOPES: &str = "select number, province, unit, counted, total, pages, records, strange, state from comparison_scope \
    where comparison_id = $1 and look = $2 order by number";

/// What is listed in a look.
pub async fn scopes(tx: &mut Tx, round: i64, look: i64) -> Result<Vec<Scope>, StoreError> {
    type Row = (i64, String, String, Option<i64>, Option<i64>, i64, i64, i64, String);
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(SCOPES).bind(round).bind(look).fetch_all(c).await?);
    Ok(rows
        .into_iter()
        .map(|(number, province, unit, counted, total, pages, records, strange, state)| Scope {
            number,
            province,
            unit,
            counted,
            total,
            pages,
            records,
            strange,
            state,
        })
        .collect())
}

const SCOPE: &str = "update comparison_scope set total = $4, pages = $5, records = $6, strange = $7, state = $8 \
    where comparison_id = $1 and look = $2 and number = $3";

/// Writes down how far the listing of a scope came.
pub async fn keep_scope(tx: &mut Tx, round: i64, look: i64, scope: &Scope) -> Result<(), StoreError> {
    let changed = on!(tx, c => sqlx::query(SCOPE).bind(round).bind(look).bind(scope.number).bind(scope.total)
        .bind(scope.pages).bind(scope.records).bind(scope.strange).bind(&scope.state).execute(c).await?.rows_affected());
    if changed == 1 { Ok(()) } else { Err(StoreError::Unexpected("a scope of a comparison")) }
}
