//! A cell's value as the text that a delimited file would have: dates `yyyy-MM-dd`, numbers exact, truth `1`/`0`.

use calamine::{DataRef, ExcelDateTime};
use unicode_normalization::UnicodeNormalization;

use super::super::charset::{Charset, from_font};

/// Begins the note behind a value that must not be sent: mapping refuses every control character.
const UNFIT: char = '\u{1a}';
/// From here on a spreadsheet does not keep every digit.
const INEXACT: f64 = 1e15;

/// A cell's text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Value {
    pub text: String,
    /// Kept as a number: leading zeros, if there were any, are lost.
    pub is_number: bool,
}

/// The text of a cell that stands at this row and column, from 0. Texts typed in a font of an old charset are in `font`.
pub(super) fn value(cell: &DataRef<'_>, row: u32, column: u32, font: Option<Charset>) -> Value {
    let text = |text: &str| Value { text: plain(text, font), is_number: false };
    match cell {
        DataRef::Empty => Value::default(),
        DataRef::String(own) => text(own),
        DataRef::SharedString(own) => text(own),
        DataRef::Bool(yes) => text(if *yes { "1" } else { "0" }),
        DataRef::Int(whole) => Value { text: whole.to_string(), is_number: true },
        DataRef::Float(number) => Value { text: number_at(*number, row, column), is_number: true },
        DataRef::DateTime(time) => match date(*time) {
            Some(date) => text(&date),
            None => Value { text: number_at(time.as_f64(), row, column), is_number: true },
        },
        DataRef::DateTimeIso(iso) => text(&match iso.split_once('T') {
            Some((date, time)) if time.chars().all(|c| "0:.Z".contains(c)) => date.to_owned(),
            Some((date, time)) => format!("{date} {time}"),
            None => iso.clone(),
        }),
        DataRef::DurationIso(iso) => text(iso),
        DataRef::Error(error) => Value { text: unfit(&error.to_string(), row, column), is_number: false },
    }
}

/// `E7`, for people, from row and column counted from 0.
pub(super) fn cell_name(row: u32, column: u32) -> String {
    let (mut letters, mut rest) = (Vec::new(), column + 1);
    while rest > 0 {
        letters.push(char::from(b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0)));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect::<String>() + &(row + 1).to_string()
}

fn plain(text: &str, font: Option<Charset>) -> String {
    match font {
        Some(charset) if !text.is_ascii() => from_font(text, charset),
        _ => text.nfc().collect(),
    }
}

/// A value that cannot be sent, with the cell that has it.
fn unfit(what: &str, row: u32, column: u32) -> String {
    format!("{what}{UNFIT} (ô / cell {})", cell_name(row, column))
}

fn number_at(number: f64, row: u32, column: u32) -> String {
    let text = number_text(number);
    if number.abs() >= INEXACT || !number.is_finite() { unfit(&text, row, column) } else { text }
}

/// Fifteen digits, as many as a spreadsheet keeps, without an exponent and without trailing zeros.
fn number_text(number: f64) -> String {
    let scientific = format!("{:.14e}", number.abs());
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let point = exponent + 1;
    let mut text = match usize::try_from(point) {
        Ok(point) if point > 0 && point >= digits.len() => digits.clone() + &"0".repeat(point - digits.len()),
        Ok(point) if point > 0 => format!("{}.{}", &digits[..point], &digits[point..]),
        _ => format!("0.{}{digits}", "0".repeat(usize::try_from(-point).unwrap_or(0))),
    };
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if number < 0.0 && text != "0" { format!("-{text}") } else { text }
}

/// A date, or a date with a time; `None` where it is a time or a span only, or no day at all.
fn date(time: ExcelDateTime) -> Option<String> {
    let serial = time.as_f64();
    if !time.is_datetime() || !(1.0..2_958_466.0).contains(&serial) {
        return None;
    }
    let (year, month, day, hour, minute, second, _) = time.to_ymd_hms_milli();
    let date = format!("{year:04}-{month:02}-{day:02}");
    let is_day = (hour, minute, second) == (0, 0, 0);
    Some(if is_day { date } else { format!("{date} {hour:02}:{minute:02}:{second:02}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::ExcelDateTimeType;

    #[test]
    fn numbers_are_exact_texts() {
        for (number, wanted) in [
            (87_141_000_123.0, "87141000123"),
            (360_000.0, "360000"),
            (1.5, "1.5"),
            (0.0, "0"),
            (-2.25, "-2.25"),
            (0.1 + 0.2, "0.3"),
            (360_000.000_000_000_06, "360000"),
            (0.001, "0.001"),
            (999_999_999_999_999.0, "999999999999999"),
        ] {
            assert_eq!(value(&DataRef::Float(number), 6, 4, None), Value { text: wanted.to_owned(), is_number: true });
        }
        let long = value(&DataRef::Float(9_704_366_812_345_670.0), 6, 4, None).text;
        assert_eq!(long, "9704366812345670\u{1a} (ô / cell E7)");
    }

    #[test]
    fn serial_dates_of_both_epochs_are_days() {
        let day =
            |serial: f64, epoch_1904: bool| date(ExcelDateTime::new(serial, ExcelDateTimeType::DateTime, epoch_1904));
        assert_eq!(day(45_246.0, false).as_deref(), Some("2023-11-16"));
        assert_eq!(day(43_784.0, true).as_deref(), Some("2023-11-16"));
        assert_eq!(day(1.0, false).as_deref(), Some("1900-01-01"));
        assert_eq!(day(61.0, false).as_deref(), Some("1900-03-01"));
        assert_eq!(day(45_246.5, false).as_deref(), Some("2023-11-16 12:00:00"));
        assert_eq!(day(0.5, false), None);
        assert_eq!(cell_name(0, 0), "A1");
        assert_eq!((cell_name(6, 25), cell_name(6, 26), cell_name(0, 701)), ("Z7".into(), "AA7".into(), "ZZ1".into()));
    }
}
