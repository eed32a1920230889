//! When offices work: on working days, 07:30 to 11:30 and 13:30 to 17:00.

use jiff::ToSpan as _;
use jiff::civil::{Date, DateTime, Weekday};

use super::super::random::Random;

/// Minutes of work that one step has for itself, so that steps of one day come one after the other.
const SLOT: i64 = 56;
const MORNING: i64 = 7 * 60 + 30;
const MORNING_MINUTES: i64 = 4 * 60;
const NOON: i64 = 2 * 60;

fn is_working(day: Date, holidays: &[Date]) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !holidays.contains(&day)
}

/// The first working day from this one on.
pub(super) fn first(mut day: Date, holidays: &[Date]) -> Date {
    while !is_working(day, holidays) && day < Date::MAX {
        day = day.saturating_add(1.day());
    }
    day
}

/// So many working days later.
pub(in super::super) fn later(day: Date, count: usize, holidays: &[Date]) -> Date {
    (0..count).fold(day, |day, _| first(day.saturating_add(1.day()), holidays))
}

/// The time of the step number `slot` of a day (eight fit).
pub(in super::super) fn at(day: Date, slot: usize, random: &mut Random) -> DateTime {
    let worked = i64::try_from(slot).unwrap_or(0) * SLOT + random.between(0, SLOT - 1);
    let minute = MORNING + worked + if worked < MORNING_MINUTES { 0 } else { NOON };
    day.to_datetime(jiff::civil::Time::midnight()).saturating_add(minute.minutes())
}

/// Times of `count` steps from one day to another, forward only.
pub(super) fn spread(from: Date, to: Date, count: usize, holidays: &[Date], random: &mut Random) -> Vec<DateTime> {
    let from = first(from, holidays);
    let mut days = vec![from];
    while let Some(last) = days.last().copied().filter(|last| *last < to && days.len() < 60) {
        let next = later(last, 1, holidays);
        if next > first(to, holidays) {
            break;
        }
        days.push(next);
    }
    let last = days.len() - 1;
    let gaps = count.saturating_sub(1).max(1);
    (0..count).map(|k| at(days[last * k / gaps], k, random)).collect()
}
