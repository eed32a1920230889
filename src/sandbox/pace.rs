//! `Retry-After` and the request budget: what was told, and who does not keep to it.

use std::collections::VecDeque;

/// Beyond an hour the contract lets the other side ask again after an hour.
const CAP_MS: i64 = 3_600_000;

/// What was told about waiting.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When the wait was told, and until when it lasts.
    told_ms: i64,
    until_ms: i64,
    /// Times of the requests of the last minute.
    recent: VecDeque<i64>,
}

impl Pace {
    /// Notes a `Retry-After` of so many seconds in an answer that leaves at `told_ms`.
    pub(super) fn told(&mut self, now_ms: i64, told_ms: i64, seconds: i64) {
        let wait = seconds.saturating_mul(1_000).clamp(0, CAP_MS);
        if now_ms >= self.until_ms {
            self.told_ms = told_ms;
        }
        self.until_ms = self.until_ms.max(now_ms.saturating_add(wait));
    }

    /// Whether a request breaks the wait; one that was on the wire when it was told does not.
    pub(super) fn broken(&self, now_ms: i64, grace_ms: i64) -> bool {
        now_ms < self.until_ms && now_ms > self.told_ms.saturating_add(grace_ms)
    }

    /// Takes one request out of the budget of a minute, or says how many seconds to wait.
    pub(super) fn take(&mut self, now_ms: i64, budget: Option<u32>) -> Result<(), i64> {
        let Some(budget) = budget else { return Ok(()) };
        while self.recent.front().is_some_and(|at| *at <= now_ms - 60_000 || *at > now_ms) {
            self.recent.pop_front();
        }
        if self.recent.len() < budget as usize {
            self.recent.push_back(now_ms);
            return Ok(());
        }
        let oldest = self.recent.front().copied().unwrap_or(now_ms);
        Err(((oldest + 60_000 - now_ms) + 999).div_euclid(1_000).max(1))
    }
}
