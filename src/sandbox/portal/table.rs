//! What a record of a portal is made of, and the judgement of one by its table. Whatever is found is a breach of the
//! contract; the texts never hold a value.

use super::extent;
use super::json::Json;
use super::moves;
use crate::sandbox::dates;
use crate::sandbox::form::{Finding, Findings, digits, untidy};

/// The form of a value that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    /// So many characters at most.
    Most(usize),
    /// One of these.
    OneOf(&'static [&'static str]),
    /// `yyyyMMddHHmmss`.
    Moment,
    /// `dd/MM/yyyy HH:mm:ss`.
    SlashMoment,
    /// `dd/MM/yyyy`.
    SlashDay,
    /// Either of the two.
    SlashEither,
    /// So many digits.
    Digits(usize),
    /// One or two digits, the first not zero.
    NoLeadingZero,
    Telephone,
    Status,
    /// A dossier's number.
    Number,
    /// A procedure's code, with or without the province's suffix.
    Procedure,
    /// A list of objects with texts, or an empty one.
    Lists,
    /// An object with kind and number of an identity.
    Identity,
    /// A text with XML in it.
    Extent,
}

/// One key of a record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub name: &'static str,
    pub form: Form,
    pub needed: bool,
}

/// A key that may be empty.
pub(super) const fn may(name: &'static str, form: Form) -> Column {
    Column { name, form, needed: false }
}

/// A key that is never empty.
pub(super) const fn must(name: &'static str, form: Form) -> Column {
    Column { name, form, needed: true }
}

/// A kind of record.
#[derive(Debug)]
pub(super) struct Table {
    pub columns: &'static [Column],
    pub status: &'static str,
    /// The key that is needed from status 2 on.
    pub received: Option<&'static str>,
    /// The key with the time of a step.
    pub time: Option<&'static str>,
}

/// Kind and number of an identity, the same on both portals.
pub(super) const IDENTITY: [&str; 2] = ["LoaiDinhDanh", "SoDinhDanh"];

impl Table {
    /// All that is wrong with a record.
    pub(super) fn judge(&self, record: &Json) -> Findings {
        let mut out = Vec::new();
        let Json::Object(pairs) = record else {
            return vec![Finding("data", "not an object")];
        };
        for column in self.columns {
            match record.get(column.name) {
                None => out.push(Finding(column.name, "the key is not there")),
                Some(value) => column.judge(value, &mut out),
            }
        }
        if pairs.iter().any(|(name, _)| !self.columns.iter().any(|column| column.name == name)) {
            out.push(Finding("a key", "one that the record does not have"));
        }
        if self.columns.iter().any(|column| column.name == IDENTITY[0]) {
            identity(record, &mut out);
        }
        if let Some(name) = self.received
            && record.text_of(name).is_empty()
            && moves::status(record.text_of(self.status)).is_some_and(|status| status >= 2)
        {
            out.push(Finding(name, "empty, status 2 or later"));
        }
        out
    }

    /// The time of a step, as a number that keeps the order.
    pub(super) fn time_of(&self, record: &Json) -> u64 {
        let text = self.time.map(|name| record.text_of(name)).unwrap_or_default();
        dates::moment(text).or_else(|| dates::slash_moment(text)).unwrap_or_default()
    }
}

impl Column {
    fn judge(&self, value: &Json, out: &mut Findings) {
        let mut find = |what| out.push(Finding(self.name, what));
        match (self.form, value) {
            (Form::Lists, Json::List(items)) => {
                if !items.iter().all(is_flat) {
                    find("something else than objects with tidy texts");
                }
            }
            (Form::Lists, _) => find("not a list"),
            (Form::Identity, Json::Object(_)) => {
                if value.has_other_than(&IDENTITY) {
                    find("a key that it does not have");
                }
                identity(value, out);
            }
            (Form::Identity, _) => find("not an object"),
            (_, Json::Text(text)) => {
                if let Some(what) = untidy(text) {
                    find(what);
                } else if text.is_empty() {
                    if self.needed {
                        find("empty");
                    }
                } else if let Some(what) = self.form.wrong(text) {
                    find(what);
                }
            }
            (_, Json::Wrong(what)) => find(what),
            _ => find("not a text"),
        }
    }
}

impl Form {
    /// What is wrong with a text that is not empty.
    fn wrong(self, text: &str) -> Option<&'static str> {
        let (fits, what) = match self {
            Self::Text | Self::Lists | Self::Identity => return None,
            Self::Most(count) => (text.chars().count() <= count, "too long"),
            Self::OneOf(words) => (words.contains(&text), "not a word of its list"),
            Self::Moment => (dates::moment(text).is_some(), "not a time yyyyMMddHHmmss"),
            Self::SlashMoment => (dates::slash_moment(text).is_some(), "not a time dd/MM/yyyy HH:mm:ss"),
            Self::SlashDay => (dates::day(text).is_some(), "not a day dd/MM/yyyy"),
            Self::SlashEither => (
                dates::day(text).or(dates::slash_moment(text).map(|_| jiff::civil::Date::ZERO)).is_some(),
                "not a day or time",
            ),
            Self::Digits(count) => (digits(text, count), "not so many digits as it has"),
            Self::NoLeadingZero => {
                ((digits(text, 1) || digits(text, 2)) && !text.starts_with('0'), "not a code without leading zero")
            }
            Self::Telephone => {
                let sign = |byte: u8| byte.is_ascii_digit() || b"+ .-".contains(&byte);
                ((6..=20).contains(&text.len()) && text.bytes().all(sign), "not a telephone number")
            }
            Self::Status => (moves::status(text).is_some(), "not a status, 1 to 10"),
            Self::Number => {
                (text.chars().count() <= 100 && !text.contains(char::is_whitespace), "not a dossier's number")
            }
            Self::Procedure => (is_procedure(text), "not the code of a procedure"),
            Self::Extent => return extent::wrong(text),
        };
        (!fits).then_some(what)
    }
}

/// `1.001776`, with or without what a province adds.
fn is_procedure(text: &str) -> bool {
    let mut groups = text.split('.');
    groups.next().is_some_and(|first| digits(first, 1)) && groups.next().is_some_and(|second| digits(second, 6))
}

fn is_flat(item: &Json) -> bool {
    let Json::Object(pairs) = item else { return false };
    pairs.iter().all(|(_, value)| value.text().is_some_and(|text| untidy(text).is_none()))
}

/// `1` has 12 digits, `2` has 9; where there is no number there is no kind.
fn identity(record: &Json, out: &mut Findings) {
    let [kind, number] = IDENTITY;
    for name in IDENTITY {
        match record.get(name) {
            None => out.push(Finding(name, "the key is not there")),
            Some(Json::Text(text)) if untidy(text).is_none() => {}
            Some(_) => out.push(Finding(name, "not a tidy text")),
        }
    }
    let fits = match record.text_of(kind) {
        "1" => digits(record.text_of(number), 12),
        "2" => digits(record.text_of(number), 9),
        "" => record.text_of(number).is_empty(),
        _ => return out.push(Finding(kind, "not 1 or 2")),
    };
    if !fits {
        out.push(Finding(number, "does not fit LoaiDinhDanh"));
    }
}
