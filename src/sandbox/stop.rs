//! The form of a `DUNG` (section 6), and whether it may follow what was written before.

use jiff::civil::Date;

use super::dates;
use super::form::{Finding, Read, decided, is_reason, plain, want};
use super::parse::Values;
use super::record::{Field, NAMES, OF_A_STOP};

/// Judges a stop. `starts` is the first day of the record's `TuThang`, where known.
pub(super) fn stopped(values: &Values<'_>, today: Date, starts: Option<Date>, out: &mut Vec<Finding>) {
    for (place, value) in values.iter().enumerate() {
        let Some(value) = value else { continue };
        if OF_A_STOP.iter().any(|&field| field as usize == place) {
            plain(place, value, out);
        } else {
            out.push(Finding(NAMES[place], "not a key of a stop"));
        }
    }
    if !out.is_empty() {
        return;
    }
    let read = Read(values);
    let (day, month) = (read.text(Field::NgayDung), read.text(Field::DenThang));
    want(!day.is_empty() || !month.is_empty(), Field::NgayDung, "neither NgayDung nor DenThang", out);
    let (on, until) = (dates::day(day), dates::month(month));
    want(day.is_empty() || on.is_some(), Field::NgayDung, "not a day dd/MM/yyyy", out);
    want(month.is_empty() || until.is_some(), Field::DenThang, "not a month MM/yyyy", out);
    want(!read.text(Field::SoQuyetDinh).is_empty(), Field::SoQuyetDinh, "empty", out);
    want(is_reason(read.text(Field::LyDoDung)), Field::LyDoDung, "not a, b, c, d or đ", out);
    decided(&read, today.tomorrow().unwrap_or(today), out);
    if let Some(starts) = starts {
        want(on.is_none_or(|on| on >= starts), Field::NgayDung, "before TuThang of the record", out);
        want(until.is_none_or(|until| until >= starts), Field::DenThang, "before TuThang of the record", out);
    }
}
