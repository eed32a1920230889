//! Time as a value. Only schedule, web and the command line ask for it; rooms that await are given a [`Clock`].

use std::pin::Pin;

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

/// A wait that a clock makes.
pub type Sleep<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// Where the time comes from; the seam that lets tests jump.
pub trait Clock: Send + Sync {
    /// Wall-clock time: for what is written down and shared between processes. It may jump.
    fn now(&self) -> Timestamp;

    /// Milliseconds since some fixed moment, never going back: for waits.
    fn monotonic(&self) -> i64;

    /// Waits so many milliseconds.
    fn sleep(&self, milliseconds: u64) -> Sleep<'_>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: std::time::Instant,
}

impl SystemClock {
    /// The clock of this process.
    #[expect(clippy::new_without_default, reason = "a clock is made on purpose, once")]
    pub fn new() -> Self {
        Self { started: std::time::Instant::now() }
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks")]
    fn now(&self) -> Timestamp {
        Timestamp(jiff::Timestamp::now().as_millisecond())
    }

    fn monotonic(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn sleep(&self, milliseconds: u64) -> Sleep<'_> {
        Box::pin(tokio::time::sleep(std::time::Duration::from_millis(milliseconds)))
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
