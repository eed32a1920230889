//! Dates in the contract's forms, and times for HTTP.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::tz::Offset;

/// Viet Nam, UTC+7 the whole year.
const VIETNAM: Offset = Offset::constant(7);

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// `dd/MM/yyyy`, a day that exists.
pub(super) fn day(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[2] != b'/' || bytes[5] != b'/' {
        return None;
    }
    let year: i16 = number(text.get(6..)?)?;
    Date::new(year, number(text.get(3..5)?)?, number(text.get(..2)?)?).ok().filter(|_| year >= 1800)
}

/// `MM/yyyy`, as its first day.
pub(super) fn month(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    if bytes.len() != 7 || bytes[2] != b'/' {
        return None;
    }
    let year: i16 = number(text.get(3..)?)?;
    Date::new(year, number(text.get(..2)?)?, 1).ok().filter(|_| year >= 1800)
}

/// `yyyyMM`, as its first day.
pub(super) fn period(text: &str) -> Option<Date> {
    let (year, month) = text.split_at_checked(4).filter(|_| text.len() == 6)?;
    Date::new(self::year(year)?, number(month)?, 1).ok()
}

/// `yyyy`.
pub(super) fn year(text: &str) -> Option<i16> {
    if text.len() == 4 { number(text).filter(|year| (1800..=9999).contains(year)) } else { None }
}

/// `yyyyMMddHHmmss`, a time that exists, as a number that keeps the order.
pub(super) fn moment(text: &str) -> Option<u64> {
    moment_at(text).and_then(|_| number(text))
}

fn moment_at(text: &str) -> Option<DateTime> {
    if text.len() != 14 || !text.is_ascii() {
        return None;
    }
    let two = |at: usize| number::<i8>(&text[at..at + 2]);
    DateTime::new(number(&text[..4])?, two(4)?, two(6)?, two(8)?, two(10)?, two(12)?, 0).ok()
}

/// `dd/MM/yyyy HH:mm:ss`, as the number that [`moment`] gives.
pub(super) fn slash_moment(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(' ')?;
    day(date)?;
    let bytes = time.as_bytes();
    if bytes.len() != 8 || bytes[2] != b':' || bytes[5] != b':' {
        return None;
    }
    moment(&format!("{}{}{}{}", &date[6..], &date[3..5], &date[..2], time.replace(':', "")))
}

/// Seconds from `earlier` to `later`, both `yyyyMMddHHmmss` as numbers.
pub(super) fn seconds_between(earlier: u64, later: u64) -> i64 {
    let read = |moment: u64| moment_at(&format!("{moment:014}")).and_then(|at| VIETNAM.to_timestamp(at).ok());
    match (read(earlier), read(later)) {
        (Some(earlier), Some(later)) => later.as_second().saturating_sub(earlier.as_second()),
        _ => 0,
    }
}

fn instant(now_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The day in Viet Nam.
pub(super) fn today(now_ms: i64) -> Date {
    VIETNAM.to_datetime(instant(now_ms)).date()
}

/// `yyyyMMddHHmmss` in Viet Nam.
pub(super) fn wire(now_ms: i64) -> String {
    VIETNAM.to_datetime(instant(now_ms)).strftime("%Y%m%d%H%M%S").to_string()
}

/// A date as HTTP headers have it.
pub(super) fn http(now_ms: i64) -> String {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&instant(now_ms)).unwrap_or_default()
}
