//! Everything periodic: when each stream runs, in Vietnam time.

use std::str::FromStr;

use jiff::tz::{Offset, TimeZone};

use crate::model::Timestamp;

/// A cron line, read once.
#[derive(Debug, Clone)]
pub struct Schedule(croner::Cron);

impl Schedule {
    /// Reads a cron line of five fields: minute, hour, day, month, weekday.
    pub fn parse(line: &str) -> Result<Self, String> {
        croner::Cron::from_str(line).map(Self).map_err(|e| e.to_string())
    }

    /// The first time after `now`; `None` where there is none.
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let vietnam = TimeZone::fixed(Offset::constant(7));
        let from = jiff::Timestamp::from_millisecond(now.0).ok()?.to_zoned(vietnam);
        let next = self.0.find_next_occurrence(&from, false).ok()?;
        Some(Timestamp(next.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_in_the_morning_is_vietnam_time() {
        let schedule = Schedule::parse("0 2 * * *").unwrap();
        let next = schedule.next(Timestamp(1_795_485_600_000)).unwrap();
        assert_eq!(next.for_people(), "25/11/2026 02:00:00");
        assert!(Schedule::parse("every night").is_err());
    }
}
