//! Time as a value. Only schedule, web and the command line ask for it; rooms that await are given a [`Clock`].

use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

/// Viet Nam is UTC+7 without daylight saving (Decision 134/2002/QĐ-TTg).
const VIETNAM: Offset = Offset::constant(7);

impl Timestamp {
    /// This instant on a clock in Viet Nam.
    pub fn in_vietnam(self) -> DateTime {
        let instant = jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        VIETNAM.to_datetime(instant)
    }

    /// The calendar day in Viet Nam.
    pub fn day(self) -> Date {
        self.in_vietnam().date()
    }

    /// The instant at which a clock in Viet Nam shows this date and time.
    pub fn from_vietnam(at: DateTime) -> Option<Self> {
        VIETNAM.to_timestamp(at).ok().map(|t| Self(t.as_millisecond()))
    }

    /// `yyyyMMddHHmmss` in Vietnam time, as the wire has it.
    pub fn wire(self) -> String {
        self.in_vietnam().strftime("%Y%m%d%H%M%S").to_string()
    }

    /// `dd/MM/yyyy HH:mm:ss` in Vietnam time, for people.
    pub fn for_people(self) -> String {
        self.in_vietnam().strftime("%d/%m/%Y %H:%M:%S").to_string()
    }

    /// Later by so many milliseconds.
    #[must_use]
    pub fn plus(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }
}

/// Where the time comes from; the seam that lets tests jump.
pub trait Clock: Send + Sync {
    /// Wall-clock time.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnam_is_seven_hours_ahead() {
        let t = Timestamp(1_702_836_000_000); // 2023-12-17T18:00:00Z
        assert_eq!(t.wire(), "20231218010000");
        assert_eq!(Timestamp::from_vietnam(t.in_vietnam()), Some(t));
    }
}
