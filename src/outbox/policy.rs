//! How long to wait: a readable list of growing waits, jittered so that many senders do not return at once.

use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

/// Growing waits; the last one repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry(Vec<Duration>);

impl Retry {
    /// Waits from the configuration; an empty list is the default one.
    pub fn new(waits: Vec<Duration>) -> Self {
        if waits.is_empty() { Self::default() } else { Self(waits) }
    }

    /// The wait after so many failures (0 = after the first), in milliseconds: the listed one, moved by up to a
    /// fifth either way. `salt` spreads different waiters; the same salt and count give the same wait.
    pub fn wait_ms(&self, failures: u64, salt: &str) -> i64 {
        let last = self.0.len() - 1;
        let at = usize::try_from(failures).map_or(last, |n| n.min(last));
        let base = i64::try_from(self.0[at].as_millis()).unwrap_or(i64::MAX / 4).min(i64::MAX / 4);
        let roll = xxh3_64(format!("{salt}/{failures}").as_bytes()) % 401;
        let jitter = i64::try_from(roll).unwrap_or(200) - 200;
        base + base / 1000 * jitter + base % 1000 * jitter / 1000
    }

    /// The longest wait of the list with its jitter, in milliseconds.
    pub fn longest_ms(&self) -> i64 {
        self.0.iter().map(|d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX / 4)).max().unwrap_or(0) / 4 * 5
    }
}

impl Default for Retry {
    fn default() -> Self {
        Self([2, 10, 30, 120, 600, 1800, 3600].map(Duration::from_secs).to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_within_a_fifth() {
        let retry = Retry::default();
        for (failures, seconds) in [(0, 2), (1, 10), (6, 3600), (60, 3600)] {
            for salt in ["a", "b", "c"] {
                let wait = retry.wait_ms(failures, salt);
                assert!((seconds * 800..=seconds * 1200).contains(&wait), "{failures}: {wait}");
            }
        }
        assert_ne!(retry.wait_ms(3, "a"), retry.wait_ms(3, "b"), "jitter spreads");
    }
}
