//! How the transforms read a time of day. Times are Vietnam time; one that names its own zone is brought there.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};

use super::transform::Refusal;
use crate::model::calendar::PartialDate;

/// Viet Nam is seven hours ahead, without daylight saving.
const AHEAD: i64 = 7 * 60;

/// Longer is no time.
const MAX_BYTES: usize = 60;

/// What a text says of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// The first day of the calendar: how .NET writes that nothing is known.
    Nothing,
    /// A time.
    Time {
        /// As it stands there, in whatever zone.
        written: DateTime,
        /// In Viet Nam.
        ours: DateTime,
    },
}

/// Reads a time; see [`told`].
pub(super) fn read(text: &str) -> Result<DateTime, Refusal> {
    match told(text) {
        Some(Told::Time { ours, .. }) => Ok(ours),
        _ => Err(refusal()),
    }
}

fn refusal() -> Refusal {
    Refusal::bad("không phải thời điểm có thật / not a possible time")
}

/// Reads `yyyy-MM-dd HH:mm[:ss[.f]]` or `dd/MM/yyyy HH:mm[:ss]` (a `T` or a comma may stand between, a zone behind; SA,
/// CH, AM, PM for a clock of twelve hours; the time may stand first), a bare date as its midnight, `yyyyMMddHHmmss`, and
/// `/Date(milliseconds)/`.
pub(super) fn told(text: &str) -> Option<Told> {
    if text.len() > MAX_BYTES {
        return None;
    }
    if let Some(millis) = dot_net(text) {
        let epoch = Date::new(1970, 1, 1).ok()?.to_datetime(Time::midnight());
        return with_zone(epoch.checked_add(SignedDuration::from_millis(millis)).ok()?, Some(0));
    }
    if text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit()) {
        let date = format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..8]);
        let time = format!("{}:{}:{}", &text[8..10], &text[10..12], &text[12..]);
        return with_zone(joined(&date, &time, None)?, None);
    }
    let (text, half) = half(text);
    let (first, second) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
    let (first, second) = (first.trim_end_matches(','), second.trim());
    let (date, time) = if first.contains(':') { (second, first) } else { (first, second) };
    let (time, minutes) = zone(time)?;
    with_zone(joined(date, time, half)?, minutes)
}

/// `/Date(1686791100000)/`, with or without an offset, which changes nothing: the number counts from UTC.
fn dot_net(text: &str) -> Option<i64> {
    let inner = text.trim_matches(['/', '\\']).strip_prefix("Date(")?.strip_suffix(')')?;
    let digits = inner.find(['+', '-']).filter(|at| *at > 0).map_or(inner, |at| &inner[..at]);
    digits.parse().ok()
}

fn with_zone(written: DateTime, minutes: Option<i64>) -> Option<Told> {
    if written.year() <= 1 {
        return Some(Told::Nothing);
    }
    let Some(minutes) = minutes else { return Some(Told::Time { written, ours: written }) };
    let ours = written.checked_add(SignedDuration::from_mins(AHEAD - minutes)).ok()?;
    let possible = |at: DateTime| PartialDate::read(&at.date().to_string()).is_some();
    (possible(written) && possible(ours)).then_some(Told::Time { written, ours })
}

/// Which half of the day a text names behind its time, and the text without it.
fn half(text: &str) -> (&str, Option<Half>) {
    let Some((before, word)) = text.len().checked_sub(2).and_then(|at| text.split_at_checked(at)) else {
        return (text, None);
    };
    let half = match word.to_ascii_uppercase().as_str() {
        "SA" | "AM" => Half::Morning,
        "CH" | "PM" => Half::Evening,
        _ => return (text, None),
    };
    (before.trim_end(), Some(half))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Morning,
    Evening,
}

fn joined(date: &str, time: &str, half: Option<Half>) -> Option<DateTime> {
    let time = clock(time, half)?;
    if let Some(date) = first_day(date) {
        return Some(date.to_datetime(Time::midnight()));
    }
    match PartialDate::read(date)? {
        PartialDate::Day(date) => Some(date.to_datetime(time)),
        _ => None,
    }
}

/// 1 January of the year 1.
fn first_day(date: &str) -> Option<Date> {
    let known = ["0001-01-01", "01/01/0001", "1/1/0001"].contains(&date);
    known.then(|| Date::new(1, 1, 1).ok()).flatten()
}

/// `HH:mm`, `HH:mm:ss`; parts of a second are left out.
fn clock(text: &str, half: Option<Half>) -> Option<Time> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut parts = [0_i8; 3];
    let mut count = 0;
    for part in whole.split(':') {
        let shaped = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        *parts.get_mut(count).filter(|_| shaped)? = part.parse().ok()?;
        count += 1;
    }
    if count < 2 {
        return None;
    }
    let hour = match (half, parts[0]) {
        (Some(Half::Morning), 12) => 0,
        (Some(Half::Evening), 12) => 12,
        (Some(Half::Evening), hour @ 1..12) => hour + 12,
        // Some programs write 13:05 CH; any other contradiction says nothing.
        (None, hour) | (Some(Half::Morning), hour @ 0..12) | (Some(Half::Evening), hour @ 13..24) => hour,
        _ => return None,
    };
    Time::new(hour, parts[1], parts[2], 0).ok()
}

/// A time without its zone, and the zone in minutes ahead of UTC.
fn zone(time: &str) -> Option<(&str, Option<i64>)> {
    if let Some(bare) = time.strip_suffix('Z') {
        return Some((bare, Some(0)));
    }
    let Some(at) = time.find(['+', '-']) else { return Some((time, None)) };
    let digits: String = time[at + 1..].chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i64 = digits[..2].parse().ok()?;
    let minutes: i64 = digits.get(2..).filter(|m| !m.is_empty()).map_or(Some(0), |m| m.parse().ok())?;
    let sign = if time[at..].starts_with('-') { -1 } else { 1 };
    (hours <= 14 && minutes < 60).then_some((time[..at].trim_end(), Some(sign * (hours * 60 + minutes))))
}

/// `dd/MM/yyyy HH:mm:ss`.
pub(super) fn time(at: DateTime) -> String {
    let (date, hour, minute, second) = (crate::model::calendar::day(at.date()), at.hour(), at.minute(), at.second());
    format!("{date} {hour:02}:{minute:02}:{second:02}")
}

/// `yyyyMMddHHmmss`.
pub(super) fn stamp(at: DateTime) -> String {
    let (year, month, day) = (at.year(), at.month(), at.day());
    format!("{year:04}{month:02}{day:02}{:02}{:02}{:02}", at.hour(), at.minute(), at.second())
}

/// `yyyy-MM-dd HH:mm:ss`; empty where a program wrote its word for nothing.
pub(super) fn iso(text: &str) -> Result<String, Refusal> {
    match told(text) {
        Some(Told::Nothing) => Ok(String::new()),
        Some(Told::Time { ours, .. }) => {
            Ok(format!("{} {:02}:{:02}:{:02}", ours.date(), ours.hour(), ours.minute(), ours.second()))
        }
        None => Err(refusal()),
    }
}
