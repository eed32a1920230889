//! Fields that compare by themselves.

use unicode_normalization::UnicodeNormalization as _;

use super::{Found, Sides, plain};
use crate::model::Kind;
use crate::model::calendar::PartialDate;
use crate::model::money::{Money, decimal};

/// How one field compares, and which words of it mean that it is not known.
#[derive(Debug)]
pub(in crate::mismatch) struct Each {
    pub by: By,
    pub unknown: Vec<String>,
}

/// What kind of value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mismatch) enum By {
    /// A name or words: spelling does not count.
    Text,
    /// A code or a number on paper: spelling does not count, and the cause names both.
    Code,
    /// A decimal.
    Number,
    /// Whole đồng.
    Money,
    /// A day.
    Date,
    /// A month.
    Month,
    /// A set: order and repetition do not count.
    List,
    /// A number on paper: blanks do not count.
    Paper,
    /// Not compared.
    Ignore,
}

impl Each {
    pub fn text() -> Self {
        Self { by: By::Text, unknown: Vec::new() }
    }

    pub fn compare(&self, field: &str, sides: &Sides<'_>) -> Option<Found> {
        if self.by == By::List {
            let same = sides.ours.items(field) == sides.theirs.items(field);
            let (ours, theirs) = (sides.ours.text(field), sides.theirs.text(field));
            return (!same).then(|| Found::of(field, &ours, &theirs, "differs"));
        }
        let (ours, theirs) = (sides.ours.text(field), sides.theirs.text(field));
        if self.by == By::Ignore || self.key(&ours) == self.key(&theirs) {
            return None;
        }
        let reason = match self.by {
            By::Text if bare(&ours) == bare(&theirs) => "tones",
            By::Date if is_swapped(&ours, &theirs) => "swapped",
            _ => "differs",
        };
        let found = Found::of(field, &ours, &theirs, reason);
        Some(if self.by == By::Code { found.with_codes(&ours, &theirs) } else { found })
    }

    /// Equal where the values are the same. What cannot be read as what it should be is compared as words.
    fn key(&self, value: &str) -> String {
        if self.unknown.iter().any(|word| word == value) {
            return String::new();
        }
        let words = || plain(value);
        match self.by {
            By::Text | By::Code | By::List | By::Ignore => words(),
            By::Paper => words().replace(' ', ""),
            By::Number => decimal(value).map_or_else(words, std::borrow::Cow::into_owned),
            By::Money => Money::read(value).map_or_else(words, |money| money.to_string()),
            By::Date => PartialDate::read(value).map_or_else(words, |date| date.to_string()),
            By::Month => PartialDate::read(value)
                .map_or_else(words, |date| PartialDate::Month(date.earliest().first_of_month()).to_string()),
        }
    }
}

/// Without tones and other marks: how a name looks when they were lost.
fn bare(text: &str) -> String {
    let letters = plain(text).replace('đ', "d");
    letters.nfd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).collect()
}

/// Day and month changed places.
pub(super) fn is_swapped(one: &str, other: &str) -> bool {
    match (PartialDate::read(one), PartialDate::read(other)) {
        (Some(PartialDate::Day(one)), Some(PartialDate::Day(other))) => {
            one.year() == other.year() && one.day() == other.month() && one.month() == other.day()
        }
        _ => false,
    }
}

/// A status, and which of its words mean that the record no longer runs.
#[derive(Debug)]
pub(in crate::mismatch) struct Status {
    pub field: String,
    pub over: Vec<String>,
}

impl Status {
    /// A record that we know to be over and that runs there went backwards: nothing but a stop ends it.
    pub fn compare(&self, sides: &Sides<'_>) -> Option<Found> {
        let (ours, theirs) = (sides.ours.text(&self.field), sides.theirs.text(&self.field));
        if plain(&ours) == plain(&theirs) {
            return None;
        }
        let over = |word: &str| self.over.iter().any(|over| over == word);
        let mut found = Found::of(&self.field, &ours, &theirs, "differs").with_codes(&ours, &theirs);
        if over(&ours) && !over(&theirs) {
            (found.kind, found.reason) = (Kind::StatusBack, "status-back");
        }
        Some(found)
    }
}
