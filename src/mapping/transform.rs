//! The named transforms of `via`: each a function of a text that is not empty.

use std::borrow::Cow;

use super::document::Argument;
use super::transform_date::{self, read_date, read_month, shaped};
use super::transform_time;
use crate::codes::fold;
use crate::model::Reason;
use crate::model::calendar::{self, PartialDate};
use crate::model::money::{Money, decimal};

/// Every transform: its name, and what it does with which argument, for operators.
pub const TRANSFORMS: &[(&str, &str)] = &[
    ("upper", "chữ hoa / upper case"),
    ("lower", "chữ thường / lower case"),
    ("date", "ngày đầy đủ, mọi cách viết → dd/MM/yyyy / a full date"),
    ("month", "tháng, kỳ yyyyMM → MM/yyyy; ngày đầy đủ thì lấy tháng / a month, or the month of a date"),
    ("period", "tháng, kỳ yyyyMM → yyyyMM / a month as a period"),
    ("year", "năm → yyyy; ngày, tháng thì lấy năm / a year, or the year of a date"),
    (
        "birth-date",
        "ngày sinh → dd/MM/yyyy; chỉ biết tháng → 01/MM/yyyy; chỉ biết năm → trống / empty when only the year is known",
    ),
    ("birth-day", "ngày sinh → dd/MM/yyyy chỉ khi biết đủ ngày; còn lại trống / empty unless the day is known"),
    ("time", "thời điểm, giờ Việt Nam → dd/MM/yyyy HH:mm:ss; ngày không có giờ là 00:00:00 / a time of day"),
    ("stamp", "thời điểm → yyyyMMddHHmmss / the same as fourteen digits"),
    ("iso-date", "ngày đầy đủ, mọi cách viết, cả /Date(…)/ và có múi giờ → yyyy-MM-dd / a full date, never a guess"),
    ("iso-partial-date", "như iso-date, hoặc yyyy-MM, yyyy khi chỉ biết thế / as exactly as it is known"),
    ("iso-time", "thời điểm, mọi cách viết, giờ Việt Nam → yyyy-MM-dd HH:mm:ss / a time of day"),
    ("birth-year", "ngày sinh → yyyy / the year of birth"),
    ("birth-precision", "ngày sinh → day | month | year / how exactly it is known"),
    ("partial-date", "ngày, tháng hoặc năm → dd/MM/yyyy | MM/yyyy | yyyy / as exactly as it is known"),
    (
        "number",
        "số giấy tờ: bỏ dấu cách, chấm, gạch, nháy nếu còn lại toàn chữ số / blanks, points, dashes out of a number",
    ),
    ("squeeze", "bỏ mọi dấu cách, chấm, gạch / all blanks, points and dashes out"),
    ("money", "số tiền nguyên, không âm / whole, not negative"),
    ("decimal", "số thập phân: dấu chấm, không số 0 thừa / a point, no trailing zeros"),
    ("pad", "n: thêm số 0 bên trái cho đủ n chữ số / zeros before a shorter number"),
    ("unpad", "bỏ số 0 ở đầu một số / zeros off the front of a number"),
    ("digits", "chỉ giữ khi toàn chữ số, còn lại trống / empty unless all are digits"),
    ("groups", "n: n nhóm đầu của mã có dấu chấm / the first n groups of a code with points"),
    ("append", "chuỗi: thêm vào sau / a text behind the value"),
    ("before", "chuỗi: phần đứng trước chuỗi ấy / what stands before that text"),
    ("strip", "chuỗi ký tự: bỏ các ký tự này ở hai đầu / these characters off both ends"),
    ("words", "bảng: đổi nguyên giá trị, so như tên / replaces whole values, compared like names"),
    (
        "by-digits",
        "bảng \"9-12\" = …, other = …: theo số chữ số; \"=\" giữ nguyên số / by the number of digits; \"=\" keeps the value",
    ),
];

/// In a table: the value itself.
const AS_IT_IS: &str = "=";

/// Why a transform could not read a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    pub(super) detail: Cow<'static, str>,
    pub(super) proposal: Option<String>,
    /// The offending part of the value, where the whole is more than a person would look through.
    pub(super) value: Option<String>,
}

impl Refusal {
    pub(super) fn bad(detail: &'static str) -> Self {
        Self { reason: Reason::BadValue, detail: Cow::Borrowed(detail), proposal: None, value: None }
    }
}

/// A transform with its argument.
#[derive(Debug)]
pub(super) enum Transform {
    Upper,
    Lower,
    Date,
    Month,
    Period,
    Year,
    BirthDate,
    BirthDay,
    Time,
    Stamp,
    IsoDate { partial: bool },
    IsoTime,
    BirthYear,
    BirthPrecision,
    PartialDate,
    Number,
    Squeeze,
    Money,
    Decimal,
    Pad(usize),
    Unpad,
    Digits,
    Groups(usize),
    Append(String),
    Before(String),
    Strip(Vec<char>),
    Words(Vec<(String, String)>),
    ByDigits { spans: Vec<(usize, usize, String)>, other: Option<String> },
}

impl Transform {
    /// Makes a transform; the message says what is wrong with name or argument.
    pub(super) fn compile(name: &str, argument: &Argument) -> Result<Self, String> {
        let plain = match name {
            "upper" => Some(Self::Upper),
            "lower" => Some(Self::Lower),
            "date" => Some(Self::Date),
            "month" => Some(Self::Month),
            "period" => Some(Self::Period),
            "year" => Some(Self::Year),
            "birth-date" => Some(Self::BirthDate),
            "birth-day" => Some(Self::BirthDay),
            "time" => Some(Self::Time),
            "stamp" => Some(Self::Stamp),
            "unpad" => Some(Self::Unpad),
            "digits" => Some(Self::Digits),
            "iso-date" => Some(Self::IsoDate { partial: false }),
            "iso-partial-date" => Some(Self::IsoDate { partial: true }),
            "iso-time" => Some(Self::IsoTime),
            "birth-year" => Some(Self::BirthYear),
            "birth-precision" => Some(Self::BirthPrecision),
            "partial-date" => Some(Self::PartialDate),
            "number" => Some(Self::Number),
            "squeeze" => Some(Self::Squeeze),
            "money" => Some(Self::Money),
            "decimal" => Some(Self::Decimal),
            _ => None,
        };
        if let Some(plain) = plain {
            return match argument {
                Argument::None => Ok(plain),
                _ => Err(format!("phép `{name}` không có tham số / takes no argument")),
            };
        }
        match (name, argument) {
            ("pad", Argument::Number(n)) => match usize::try_from(*n) {
                Ok(n) if (1..=100).contains(&n) => Ok(Self::Pad(n)),
                _ => Err(format!("pad = {n}: từ 1 đến 100 / from 1 to 100")),
            },
            ("pad", _) => Err("pad cần một số / needs a number: { pad = 2 }".to_owned()),
            ("groups", Argument::Number(n)) => match usize::try_from(*n) {
                Ok(n) if (1..=20).contains(&n) => Ok(Self::Groups(n)),
                _ => Err(format!("groups = {n}: từ 1 đến 20 / from 1 to 20")),
            },
            ("groups", _) => Err("groups cần một số / needs a number: { groups = 2 }".to_owned()),
            ("append", Argument::Text(text)) if !text.is_empty() => Ok(Self::Append(text.clone())),
            ("append", _) => Err("append cần một chuỗi / needs a text: { append = \".x\" }".to_owned()),
            ("before", Argument::Text(text)) if !text.is_empty() => Ok(Self::Before(text.clone())),
            ("before", _) => Err("before cần một chuỗi / needs a text: { before = \"-\" }".to_owned()),
            ("strip", Argument::Text(text)) if !text.is_empty() => Ok(Self::Strip(text.chars().collect())),
            ("strip", _) => Err("strip cần một chuỗi / needs a text: { strip = \"*\" }".to_owned()),
            ("words", Argument::Pairs(pairs)) if !pairs.is_empty() => {
                Ok(Self::Words(pairs.iter().map(|(k, v)| (fold(k), v.clone())).collect()))
            }
            ("words", _) => Err("words cần một bảng / needs a table: { words = { \"x\" = \"1\" } }".to_owned()),
            ("by-digits", Argument::Pairs(pairs)) if !pairs.is_empty() => by_digits(pairs),
            ("by-digits", _) => {
                Err("by-digits cần một bảng / needs a table: { by-digits = { \"12\" = \"A\" } }".to_owned())
            }
            _ => {
                let hint = crate::model::suggest::hint(name, TRANSFORMS.iter().map(|(n, _)| *n));
                Err(format!("không có phép biến đổi `{name}`{hint} / unknown transform"))
            }
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Upper => "upper",
            Self::Lower => "lower",
            Self::Date => "date",
            Self::Month => "month",
            Self::Period => "period",
            Self::Year => "year",
            Self::BirthDate => "birth-date",
            Self::BirthDay => "birth-day",
            Self::Time => "time",
            Self::Stamp => "stamp",
            Self::IsoDate { partial: false } => "iso-date",
            Self::IsoDate { partial: true } => "iso-partial-date",
            Self::IsoTime => "iso-time",
            Self::Unpad => "unpad",
            Self::Digits => "digits",
            Self::Groups(_) => "groups",
            Self::Append(_) => "append",
            Self::Before(_) => "before",
            Self::BirthYear => "birth-year",
            Self::BirthPrecision => "birth-precision",
            Self::PartialDate => "partial-date",
            Self::Number => "number",
            Self::Squeeze => "squeeze",
            Self::Money => "money",
            Self::Decimal => "decimal",
            Self::Pad(_) => "pad",
            Self::Strip(_) => "strip",
            Self::Words(_) => "words",
            Self::ByDigits { .. } => "by-digits",
        }
    }

    /// Applies it to a text that is not empty.
    pub(super) fn apply<'v>(&'v self, text: Cow<'v, str>) -> Result<Cow<'v, str>, Refusal> {
        match self {
            Self::Upper => Ok(Cow::Owned(text.to_uppercase())),
            Self::Lower => Ok(Cow::Owned(text.to_lowercase())),
            Self::Date => match read_date(&text)? {
                PartialDate::Day(_) if shaped(&text, b"00/00/0000") => Ok(text),
                PartialDate::Day(date) => Ok(Cow::Owned(calendar::day(date))),
                _ => Err(Refusal::bad("phải có đủ ngày, tháng, năm / day, month and year are needed")),
            },
            Self::Month if shaped(&text, b"00/0000") => read_month(&text).map(|_| text),
            Self::Month => Ok(Cow::Owned(calendar::month(read_month(&text)?))),
            Self::Period if shaped(&text, b"000000") => read_month(&text).map(|_| text),
            Self::Period => read_month(&text).map(|m| Cow::Owned(format!("{:04}{:02}", m.year(), m.month()))),
            Self::BirthDate => match read_date(&text)? {
                PartialDate::Day(_) if shaped(&text, b"00/00/0000") => Ok(text),
                PartialDate::Day(date) | PartialDate::Month(date) => Ok(Cow::Owned(calendar::day(date))),
                PartialDate::Year(_) => Ok(Cow::Borrowed("")),
            },
            Self::BirthDay => match read_date(&text)? {
                PartialDate::Day(date) => Ok(Cow::Owned(calendar::day(date))),
                _ => Ok(Cow::Borrowed("")),
            },
            Self::Time => transform_time::read(&text).map(|at| Cow::Owned(transform_time::time(at))),
            Self::Stamp => transform_time::read(&text).map(|at| Cow::Owned(transform_time::stamp(at))),
            Self::IsoDate { partial } => transform_date::iso(&text, *partial).map(Cow::Owned),
            Self::IsoTime => transform_time::iso(&text).map(Cow::Owned),
            Self::Unpad if text.len() > 1 && text.bytes().all(|b| b.is_ascii_digit()) => {
                let bare = text.trim_start_matches('0');
                Ok(Cow::Owned(if bare.is_empty() { "0" } else { bare }.to_owned()))
            }
            Self::Digits if !text.bytes().all(|b| b.is_ascii_digit()) => Ok(Cow::Borrowed("")),
            Self::Groups(n) => {
                let end = text.match_indices('.').nth(n - 1).map_or(text.len(), |(at, _)| at);
                Ok(Cow::Owned(text[..end].to_owned()))
            }
            Self::Append(end) => Ok(Cow::Owned(format!("{text}{end}"))),
            Self::Before(mark) => match text.split_once(mark.as_str()) {
                Some((before, _)) => Ok(Cow::Owned(before.trim().to_owned())),
                None => Ok(text),
            },
            Self::BirthYear | Self::Year => Ok(Cow::Owned(format!("{:04}", read_date(&text)?.year()))),
            Self::BirthPrecision => Ok(Cow::Borrowed(match read_date(&text)? {
                PartialDate::Day(_) => "day",
                PartialDate::Month(_) => "month",
                PartialDate::Year(_) => "year",
            })),
            Self::PartialDate => match read_date(&text)? {
                PartialDate::Day(_) if shaped(&text, b"00/00/0000") => Ok(text),
                date => Ok(Cow::Owned(date.to_string())),
            },
            Self::Number => Ok(number(text)),
            Self::Squeeze if text.chars().any(is_filling) => {
                Ok(Cow::Owned(text.chars().filter(|c| !is_filling(*c)).collect()))
            }
            Self::Money if text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0') && text.len() < 16 => {
                Ok(text)
            }
            Self::Money => match Money::read(&text) {
                Some(money) => Ok(Cow::Owned(money.to_string())),
                None => Err(Refusal::bad("phải là số tiền nguyên, không âm / must be a whole sum, not negative")),
            },
            Self::Decimal => match decimal(&text) {
                Some(canonical) if canonical == text => Ok(text),
                Some(canonical) => Ok(Cow::Owned(canonical.into_owned())),
                None => Err(Refusal::bad("phải là số, không âm / must be a number, not negative")),
            },
            Self::Pad(n) if text.len() < *n && text.bytes().all(|b| b.is_ascii_digit()) => {
                Ok(Cow::Owned(format!("{text:0>width$}", width = *n)))
            }
            Self::Squeeze | Self::Pad(_) | Self::Unpad | Self::Digits => Ok(text),
            Self::Strip(characters) => Ok(strip(text, characters)),
            Self::Words(pairs) => {
                let folded = fold(&text);
                Ok(pairs.iter().find(|(k, _)| *k == folded).map_or(text, |(_, v)| Cow::Borrowed(v)))
            }
            Self::ByDigits { spans, other } => {
                let digits = text.bytes().all(|b| b.is_ascii_digit());
                let span = spans.iter().find(|(from, to, _)| digits && (*from..=*to).contains(&text.len()));
                match span.map(|(_, _, v)| v).or(other.as_ref()) {
                    Some(value) if value == AS_IT_IS => Ok(text),
                    Some(value) => Ok(Cow::Borrowed(value)),
                    None => Err(Refusal::bad("số chữ số không có trong bảng / no entry for this number of digits")),
                }
            }
        }
    }
}

fn by_digits(pairs: &[(String, String)]) -> Result<Transform, String> {
    let (mut spans, mut other) = (Vec::new(), None);
    for (key, value) in pairs {
        if key == "other" {
            other = Some(value.clone());
            continue;
        }
        let (from, to) = key.split_once('-').unwrap_or((key, key));
        match (from.trim().parse::<usize>(), to.trim().parse::<usize>()) {
            (Ok(from), Ok(to)) if from <= to && to <= 1000 => spans.push((from, to, value.clone())),
            _ => return Err(format!("by-digits `{key}`: \"9\", \"9-12\" hoặc / or other")),
        }
    }
    Ok(Transform::ByDigits { spans, other })
}

fn is_filling(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | '-' | '\u{2011}' | '\u{2013}')
}

/// What spreadsheets and people put between digits goes; anything that is not a number stays.
fn number(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return text;
    }
    let bare: String = text.chars().filter(|c| !is_filling(*c) && !matches!(c, '\'' | '’')).collect();
    if !bare.is_empty() && bare.bytes().all(|b| b.is_ascii_digit()) { Cow::Owned(bare) } else { text }
}

fn strip<'v>(text: Cow<'v, str>, characters: &[char]) -> Cow<'v, str> {
    let off = |c: char| characters.contains(&c) || c.is_whitespace();
    match text {
        Cow::Borrowed(t) => Cow::Borrowed(t.trim_matches(off)),
        Cow::Owned(t) => Cow::Owned(t.trim_matches(off).to_owned()),
    }
}

#[cfg(test)]
mod tests;
