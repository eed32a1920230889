//! Pace and breaker of a national system: one row, shared by every process on this store and kept over a restart.

use crate::model::Timestamp;

use super::{StoreError, Tx, on};

/// How a system stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SystemState {
    /// Nothing at all goes out before.
    pub not_before: Timestamp,
    /// When the request budget is used up to (theoretical arrival time of the next request).
    pub budget: Timestamp,
    /// Failures in a row.
    pub failures: i64,
    /// The breaker is open until then.
    pub open_until: Timestamp,
    /// How many requests may be in flight: grows slowly after an outage.
    pub parallel: i64,
    /// The last time of forming that was used, as the wire has it.
    pub last_sent_at: String,
    /// What an operator should know, without personal data; empty when all is well.
    pub alarm: String,
}

const READ_SQLITE: &str = "select not_before_ms, budget_ms, failures, open_until_ms, parallel, last_sent_at, alarm from system_state where system = $1";
const READ_POSTGRES: &str = "select not_before_ms, budget_ms, failures, open_until_ms, parallel, last_sent_at, alarm from system_state where system = $1 for update";

/// Reads the state of a system in a writing transaction, which then owns it; a system never spoken to has the default.
pub async fn read(tx: &mut Tx, system: &str) -> Result<SystemState, StoreError> {
    let sql = tx.pick(READ_SQLITE, READ_POSTGRES);
    state(tx, sql, system).await
}

/// The same to look at only.
pub async fn look(tx: &mut Tx, system: &str) -> Result<SystemState, StoreError> {
    state(tx, READ_SQLITE, system).await
}

async fn state(tx: &mut Tx, sql: &'static str, system: &str) -> Result<SystemState, StoreError> {
    let row: Option<(i64, i64, i64, i64, i64, String, String)> =
        on!(tx, c => sqlx::query_as(sql).bind(system).fetch_optional(c).await?);
    Ok(row.map_or_else(
        || SystemState { parallel: 1, ..SystemState::default() },
        |(not_before, budget, failures, open_until, parallel, last_sent_at, alarm)| SystemState {
            not_before: Timestamp(not_before),
            budget: Timestamp(budget),
            failures,
            open_until: Timestamp(open_until),
            parallel,
            last_sent_at,
            alarm,
        },
    ))
}

const WRITE: &str = "insert into system_state (system, not_before_ms, budget_ms, failures, open_until_ms, parallel, last_sent_at, alarm) \
    values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (system) do update set not_before_ms = excluded.not_before_ms, \
    budget_ms = excluded.budget_ms, failures = excluded.failures, open_until_ms = excluded.open_until_ms, parallel = excluded.parallel, \
    last_sent_at = excluded.last_sent_at, alarm = excluded.alarm";

/// Writes the state of a system, in the transaction that read it.
pub async fn write(tx: &mut Tx, system: &str, state: &SystemState) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(WRITE).bind(system).bind(state.not_before.0).bind(state.budget.0).bind(state.failures)
        .bind(state.open_until.0).bind(state.parallel).bind(&state.last_sent_at).bind(&state.alarm).execute(c).await?.rows_affected());
    Ok(())
}
