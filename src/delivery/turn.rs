//! Whose turn it is among the streams of one system: near its deadline a stream goes before the others.

use super::{Courier, DeliveryError, PaceSettings};
use crate::model::Timestamp;
use crate::store::{StoreError, Tx, leases, outbox, runs};

/// How soon a stream that leaves the budget to another one looks again, in milliseconds.
pub(super) const YIELD_MS: i64 = 1000;

impl Courier<'_> {
    /// Whether the budget is left to a stream whose deadline is near: while its run scans or has rows that may go now.
    /// Never longer than that run lives: when it has drained, is held, has lost patience or died, its lease ends.
    pub(super) async fn yields(&self, tx: &mut Tx, now: Timestamp) -> Result<bool, DeliveryError> {
        let own = self.lease.name.strip_prefix(leases::STREAM).unwrap_or(&self.lease.name);
        Ok(yields(tx, &self.system.pace, own, now).await?)
    }
}

/// The same for anybody who speaks to the system, by the name of a stream or of what is none.
pub(super) async fn yields(tx: &mut Tx, pace: &PaceSettings, own: &str, now: Timestamp) -> Result<bool, StoreError> {
    for stream in pace.before(own, now) {
        if leases::lives(tx, &format!("{}{stream}", leases::STREAM), now).await?
            && let Some((id, _)) = runs::find_stream(tx, stream).await?
            && (runs::scans(tx, id).await? || outbox::may_go(tx, id, now).await?)
        {
            return Ok(true);
        }
    }
    Ok(false)
}
