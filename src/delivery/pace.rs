//! When a request may go out: request budget, sending windows, silence that the nation asked for, breaker. Pure.

use std::time::Duration;

use jiff::civil::Time;

use super::deadline::Precedence;
use crate::model::Timestamp;
use crate::outbox::Retry;
use crate::store::system::SystemState;

/// How fast a system may be spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaceSettings {
    /// Requests in any minute, of all processes on this store together.
    pub per_minute: u32,
    /// Requests in flight.
    pub parallel: u32,
    /// When sending is allowed, Vietnam time; always where empty.
    pub windows: Vec<Window>,
    /// Failures in a row that open the breaker.
    pub breaker_after: u32,
    /// The longest silence that is obeyed as told; beyond it we ask again after this long and raise an alarm.
    pub retry_after_cap: Duration,
    /// Streams with a deadline: near it they go before the others of the system.
    pub first: Vec<Precedence>,
}

impl Default for PaceSettings {
    fn default() -> Self {
        Self {
            per_minute: 60,
            parallel: 4,
            windows: Vec::new(),
            breaker_after: 5,
            retry_after_cap: Duration::from_hours(1),
            first: Vec::new(),
        }
    }
}

/// A time of day during which sending is allowed; `to` before `from` runs over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Begins.
    pub from: Time,
    /// Ends.
    pub to: Time,
}

impl Window {
    fn has(&self, at: Time) -> bool {
        if self.from <= self.to { self.from <= at && at < self.to } else { self.from <= at || at < self.to }
    }
}

/// Whether something may go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// So many requests may be in flight in all.
    Open {
        /// The number.
        parallel: i64,
    },
    /// Nothing may.
    Closed {
        /// Look again then.
        until: Timestamp,
        /// Why: `window`, `retry-after`, `breaker`, `budget`.
        why: &'static str,
    },
}

impl PaceSettings {
    /// Whether this stream goes before others now, for its deadline is near.
    pub fn precedes(&self, stream: &str, now: Timestamp) -> bool {
        self.first.iter().any(|one| one.stream == stream && one.deadline.is_near(now.day()))
    }

    /// The streams that go before this one now: none where it goes first itself.
    pub fn before(&self, stream: &str, now: Timestamp) -> Vec<&str> {
        if self.precedes(stream, now) {
            return Vec::new();
        }
        let near = self.first.iter().filter(|one| one.deadline.is_near(now.day()));
        near.map(|one| one.stream.as_str()).collect()
    }

    /// Whether a request may go out now.
    pub fn gate(&self, state: &SystemState, now: Timestamp) -> Gate {
        if !self.windows.is_empty() {
            let at = now.in_vietnam().time();
            if !self.windows.iter().any(|w| w.has(at)) {
                // Looked at again each minute: simpler than the next opening, and right over midnight.
                return Gate::Closed { until: now.plus(60_000), why: "window" };
            }
        }
        if state.not_before > now {
            return Gate::Closed { until: state.not_before, why: "retry-after" };
        }
        if state.open_until > now {
            return Gate::Closed { until: state.open_until, why: "breaker" };
        }
        let free = self.budget_free(state);
        if free > now {
            return Gate::Closed { until: free, why: "budget" };
        }
        // After an outage one request tries the way; then the number doubles with every success.
        let tried = state.failures >= i64::from(self.breaker_after);
        let parallel = if tried { 1 } else { state.parallel.clamp(1, i64::from(self.parallel.max(1))) };
        Gate::Open { parallel }
    }

    /// A burst that is taken off the steady rate, so that no minute has more than the budget.
    fn burst(&self) -> i64 {
        (i64::from(self.per_minute) / 4).clamp(1, i64::from(self.parallel.max(1)).max(5))
    }

    fn interval(&self) -> i64 {
        let steady = (i64::from(self.per_minute) - self.burst()).max(1);
        (60_000 + steady - 1) / steady
    }

    fn budget_free(&self, state: &SystemState) -> Timestamp {
        state.budget.plus(-(self.burst() - 1) * self.interval())
    }

    /// Takes one request off the budget.
    pub fn charge(&self, state: &mut SystemState, now: Timestamp) {
        state.budget = state.budget.max(now).plus(self.interval());
    }

    /// Undoes what a clock that was set back would make of stored times: no stored wait is longer than it could be.
    pub fn sane(&self, state: &mut SystemState, now: Timestamp, retry: &Retry) {
        let cap = i64::try_from(self.retry_after_cap.as_millis()).unwrap_or(i64::MAX / 4);
        state.not_before = state.not_before.min(now.plus(cap.max(retry.longest_ms())));
        state.open_until = state.open_until.min(now.plus(retry.longest_ms()));
        state.budget = state.budget.min(now.plus(self.burst() * self.interval() + 60_000));
    }

    /// A request came through.
    pub fn success(&self, state: &mut SystemState) {
        state.failures = 0;
        state.open_until = Timestamp(0);
        state.parallel = (state.parallel * 2).clamp(1, i64::from(self.parallel.max(1)));
        state.alarm.clear();
    }

    /// A request did not come through; the breaker opens when that happened too often in a row.
    pub fn failure(&self, state: &mut SystemState, now: Timestamp, retry: &Retry, system: &str, why: &str) {
        state.failures += 1;
        state.parallel = 1;
        let beyond = state.failures - i64::from(self.breaker_after);
        if beyond >= 0 {
            let wait = retry.wait_ms(u64::try_from(beyond).unwrap_or(0), system);
            state.open_until = now.plus(wait);
            state.alarm = format!("breaker: {why}");
        }
    }

    /// The nation asked for silence until `until`: obeyed exactly up to the cap, then asked again, with an alarm.
    pub fn silence(&self, state: &mut SystemState, now: Timestamp, until: Timestamp) {
        let cap = now.plus(i64::try_from(self.retry_after_cap.as_millis()).unwrap_or(i64::MAX / 4));
        state.parallel = 1;
        if until > cap {
            "retry-after beyond the cap".clone_into(&mut state.alarm);
        }
        state.not_before = state.not_before.max(until.min(cap));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    #[test]
    fn no_minute_has_more_than_the_budget() {
        for per_minute in [1, 2, 7, 60, 125, 6000] {
            let pace = PaceSettings { per_minute, ..PaceSettings::default() };
            let (mut state, mut sent) = (SystemState::default(), Vec::new());
            for now in (0..180_000).map(Timestamp) {
                while matches!(pace.gate(&state, now), Gate::Open { .. }) {
                    pace.charge(&mut state, now);
                    sent.push(now.0);
                }
            }
            let worst =
                sent.iter().map(|from| sent.iter().filter(|t| (*from..from + 60_000).contains(*t)).count()).max();
            assert!(worst <= Some(usize::try_from(per_minute).unwrap()), "{per_minute}: {worst:?}");
            assert!(sent.len() * 2 > usize::try_from(per_minute).unwrap() * 2, "{per_minute}: {}", sent.len());
        }
    }

    #[test]
    fn windows_run_over_midnight() {
        let window = Window { from: time(22, 0, 0, 0), to: time(6, 0, 0, 0) };
        assert!(window.has(time(23, 0, 0, 0)) && window.has(time(5, 59, 0, 0)) && !window.has(time(6, 0, 0, 0)));
    }

    #[test]
    fn silence_is_obeyed_exactly_up_to_the_cap() {
        let pace = PaceSettings::default();
        let (mut state, now) = (SystemState::default(), Timestamp(1_000_000));
        pace.silence(&mut state, now, now.plus(17_000));
        assert_eq!(pace.gate(&state, now.plus(16_999)), Gate::Closed { until: now.plus(17_000), why: "retry-after" });
        assert!(matches!(pace.gate(&state, now.plus(17_000)), Gate::Open { .. }));
        assert!(state.alarm.is_empty());
        pace.silence(&mut state, now, Timestamp(i64::MAX));
        assert_eq!(state.not_before, now.plus(3_600_000));
        assert!(!state.alarm.is_empty());
    }

    #[test]
    fn breaker_opens_tries_one_and_starts_slowly() {
        let (pace, retry) = (PaceSettings::default(), Retry::default());
        let (mut state, now) = (SystemState { parallel: 4, ..SystemState::default() }, Timestamp(1_000_000));
        for _ in 0..5 {
            assert!(matches!(pace.gate(&state, now), Gate::Open { .. }));
            pace.failure(&mut state, now, &retry, "s", "cut");
        }
        let Gate::Closed { until, why: "breaker" } = pace.gate(&state, now) else { panic!("closed") };
        assert_eq!(pace.gate(&state, until), Gate::Open { parallel: 1 });
        pace.success(&mut state);
        assert_eq!(pace.gate(&state, until), Gate::Open { parallel: 2 });
    }

    #[test]
    fn a_clock_set_back_does_not_silence_for_ever() {
        let (pace, retry, now) = (PaceSettings::default(), Retry::default(), Timestamp(1_000_000));
        let far = Timestamp(now.0 + 90 * 86_400_000);
        let mut state = SystemState { not_before: far, open_until: far, budget: far, ..SystemState::default() };
        pace.sane(&mut state, now, &retry);
        assert!(state.not_before.0 <= now.0 + retry.longest_ms() && state.budget.0 <= now.0 + 200_000);
    }
}
