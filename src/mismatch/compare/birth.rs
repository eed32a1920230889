//! A birth: day, year and how exactly it is known are one thing.

use super::values::is_swapped;
use super::{Found, Side, Sides};
use crate::model::calendar::PartialDate;

/// Its fields, and the words for how exactly it is known.
#[derive(Debug)]
pub(in crate::mismatch) struct Birth {
    pub date: String,
    pub year: String,
    pub precision: String,
    pub by_month: Vec<String>,
    pub by_year: Vec<String>,
}

impl Birth {
    pub fn fields(&self) -> [&str; 3] {
        [&self.date, &self.year, &self.precision]
    }

    fn read(&self, side: Side<'_>) -> Option<PartialDate> {
        let written = side.text(&self.date);
        let date = PartialDate::read(&written);
        let year = || PartialDate::read(&side.text(&self.year)).map(PartialDate::earliest);
        let precision = side.text(&self.precision);
        let is = |words: &[String]| words.iter().any(|word| *word == precision);
        match date {
            None if written.is_empty() => year().map(PartialDate::Year),
            None => None,
            Some(date) if is(&self.by_year) => Some(PartialDate::Year(date.earliest().first_of_year())),
            Some(date) if is(&self.by_month) => Some(PartialDate::Month(date.earliest().first_of_month())),
            date => date,
        }
    }

    /// They agree where the one that is less exactly known can be the other. The first of January against a bare year is
    /// *probable*: often it only fills the form. Against another day of that year it is a difference that is probably none.
    pub fn compare(&self, sides: &Sides<'_>) -> Option<Found> {
        let (ours, theirs) = (self.read(sides.ours), self.read(sides.theirs));
        let told = |date: Option<PartialDate>, side: Side<'_>| {
            date.map_or_else(|| side.text(&self.date).into_owned(), |date| date.to_string())
        };
        let (our_text, their_text) = (told(ours, sides.ours), told(theirs, sides.theirs));
        let (Some(ours), Some(theirs)) = (ours, theirs) else {
            return (our_text != their_text).then(|| Found::of(&self.date, &our_text, &their_text, "differs"));
        };
        if ours == theirs {
            return None;
        }
        let can_be = |rough: PartialDate, fine: PartialDate| {
            rough.earliest() <= fine.earliest() && fine.latest() <= rough.latest()
        };
        let found = |reason| Found::new(&self.date, our_text.as_str(), their_text.as_str(), reason);
        let fills = |date| matches!(date, PartialDate::Day(day) if day.day_of_year() == 1);
        let year_only = |date| matches!(date, PartialDate::Year(_));
        if can_be(ours, theirs) || can_be(theirs, ours) {
            let filled = (fills(ours) && year_only(theirs)) || (fills(theirs) && year_only(ours));
            return filled.then(|| found("less-exact").doubt());
        }
        if ours.year() == theirs.year() && (fills(ours) || fills(theirs)) {
            return Some(Found { probable: true, ..found("first-of-january") });
        }
        Some(found(if is_swapped(&our_text, &their_text) { "swapped" } else { "differs" }))
    }
}
