//! How long a system asked us to be silent: `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).

use std::time::Duration;

use jiff::tz::TimeZone;

use super::Reply;
use crate::model::Timestamp;

/// A wait as it was told; capping it is the caller's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// So long after the answer came.
    For(Duration),
    /// Until this instant by our own clock: a date without the answer's own `Date` to compare it with.
    Until(Timestamp),
}

impl Wait {
    /// The wait that an answer tells, `None` where it tells none or one that cannot be read.
    pub fn of(reply: &Reply) -> Option<Self> {
        let told = reply.retry_after.as_deref()?.trim();
        if let Some(wait) = seconds(told) {
            return Some(Self::For(wait));
        }
        let until = date(told)?;
        match reply.date.as_deref().and_then(|d| date(d.trim())) {
            Some(sent) => {
                let milliseconds = u64::try_from(until.0.saturating_sub(sent.0)).unwrap_or(0);
                Some(Self::For(Duration::from_millis(milliseconds)))
            }
            None => Some(Self::Until(until)),
        }
    }

    /// When the silence ends, for an answer that came at `now`.
    pub fn until(self, now: Timestamp) -> Timestamp {
        match self {
            Self::For(wait) => now.plus(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)),
            Self::Until(until) => until.max(now),
        }
    }
}

/// Whole seconds, a fraction rounded up, anything negative no wait at all, anything absurd as long as can be said.
fn seconds(told: &str) -> Option<Duration> {
    let (negative, digits) = match told.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, told.strip_prefix('+').unwrap_or(told)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || ![whole, fraction].iter().all(|part| part.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    if negative {
        return Some(Duration::ZERO);
    }
    let seconds = whole.parse::<u64>().unwrap_or(u64::MAX);
    let more = u64::from(fraction.bytes().any(|b| b != b'0'));
    Some(Duration::from_secs(seconds.saturating_add(more)))
}

/// A date in any of the three forms that HTTP allows (RFC 9110, 5.6.7).
pub fn date(text: &str) -> Option<Timestamp> {
    if let Ok(zoned) = jiff::fmt::rfc2822::parse(text) {
        return Some(Timestamp(zoned.timestamp().as_millisecond()));
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"].iter().find_map(|form| {
        let civil = jiff::civil::DateTime::strptime(form, text).ok()?;
        let instant = TimeZone::UTC.to_timestamp(civil).ok()?;
        Some(Timestamp(instant.as_millisecond()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(retry_after: &str, date: Option<&str>) -> Option<Wait> {
        Wait::of(&Reply { retry_after: Some(retry_after.into()), date: date.map(Into::into), ..Reply::default() })
    }

    #[test]
    fn seconds_in_every_form() {
        let told = |n| Some(Wait::For(Duration::from_secs(n)));
        assert_eq!(wait("120", None), told(120));
        assert_eq!(wait(" 0 ", None), told(0));
        assert_eq!(wait("-5", None), told(0));
        assert_eq!(wait("1.2", None), told(2));
        assert_eq!(wait("99999999999999999999999", None), told(u64::MAX));
        for odd in ["", "soon", "1h", "-", "1.2.3", "١٢"] {
            assert_eq!(wait(odd, None), None, "{odd}");
        }
    }

    #[test]
    fn a_date_is_told_by_the_answers_own_date() {
        let told = |n| Some(Wait::For(Duration::from_secs(n)));
        let sent = Some("Tue, 24 Nov 2026 08:00:00 GMT");
        assert_eq!(wait("Tue, 24 Nov 2026 08:02:00 GMT", sent), told(120));
        assert_eq!(wait("Tuesday, 24-Nov-26 08:02:00 GMT", sent), told(120));
        assert_eq!(wait("Tue Nov 24 08:02:00 2026", sent), told(120));
        assert_eq!(wait("Tue, 24 Nov 2026 07:00:00 GMT", sent), told(0));
        assert_eq!(
            wait("Thu, 01 Jan 1970 00:01:00 GMT", None),
            Some(Wait::Until(Timestamp(60_000))),
            "without a Date only our own clock is left"
        );
    }

    #[test]
    fn the_longest_wait_does_not_overflow() {
        assert_eq!(Wait::For(Duration::from_secs(u64::MAX)).until(Timestamp(1)), Timestamp(i64::MAX));
        assert_eq!(Wait::Until(Timestamp(5)).until(Timestamp(9)), Timestamp(9));
    }
}
