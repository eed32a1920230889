//! How the transforms read dates, months and periods.

use jiff::civil::Date;

use super::transform::Refusal;
use super::transform_time::{self, Told};
use crate::model::calendar::{self, PartialDate};

/// A date known as exactly as the text says.
pub(super) fn read_date(text: &str) -> Result<PartialDate, Refusal> {
    PartialDate::read(text).ok_or_else(|| {
        let mut refusal = Refusal::bad("không phải ngày có thật / not a possible date");
        refusal.proposal = swapped(text);
        refusal
    })
}

/// A day in the month. `yyyyMM`, as accountants write a period, is read here only: elsewhere six digits may be a day.
pub(super) fn read_month(text: &str) -> Result<Date, Refusal> {
    let spaced = shaped(text, b"000000").then(|| format!("{}-{}", &text[..4], &text[4..]));
    match read_date(spaced.as_deref().unwrap_or(text))? {
        PartialDate::Month(date) | PartialDate::Day(date) => Ok(date),
        PartialDate::Year(_) => Err(Refusal::bad("phải có tháng và năm / month and year are needed")),
    }
}

/// `yyyy-MM-dd`; where `partial`, `yyyy-MM` or `yyyy` when no more is known. A date is no instant: a time beside it must be
/// midnight, as it is written or in Viet Nam, or else nobody knows which day is meant. The first day of the calendar is
/// how some programs write that there is none.
pub(super) fn iso(text: &str, partial: bool) -> Result<String, Refusal> {
    let date = match PartialDate::read(text) {
        Some(date) => date,
        None => match transform_time::told(text) {
            Some(Told::Nothing) => return Ok(String::new()),
            Some(Told::Time { written, ours }) => {
                let midnight = [written, ours].into_iter().find(|at| at.time() == jiff::civil::Time::midnight());
                let refusal = Refusal::bad("ngày kèm giờ khác 0 giờ, không rõ ngày nào / a time that is no midnight");
                PartialDate::Day(midnight.ok_or(refusal)?.date())
            }
            None => read_date(text)?,
        },
    };
    match date {
        PartialDate::Day(day) => Ok(day.to_string()),
        PartialDate::Month(day) if partial => Ok(format!("{:04}-{:02}", day.year(), day.month())),
        PartialDate::Year(day) if partial => Ok(format!("{:04}", day.year())),
        _ => Err(Refusal::bad("phải có đủ ngày, tháng, năm / day, month and year are needed")),
    }
}

/// Day and month changed places, where only that makes it a date.
fn swapped(text: &str) -> Option<String> {
    let mut parts = text.split(['/', '-', '.']);
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if year.len() != 4 {
        return None;
    }
    match PartialDate::read(&format!("{day}/{month}/{year}"))? {
        PartialDate::Day(date) => Some(calendar::day(date)),
        _ => None,
    }
}

/// Whether a text already looks like the pattern (`0` stands for a digit), so that it can stay as it is.
pub(super) fn shaped(text: &str, pattern: &[u8]) -> bool {
    text.len() == pattern.len()
        && text.bytes().zip(pattern).all(|(b, p)| if *p == b'0' { b.is_ascii_digit() } else { b == *p })
}
