//! A code list and how it answers for a code or a name at a date.

use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::fold::fold;
use super::hash::Places;

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The code, as the nation writes it.
    pub code: Box<str>,
    /// The name, for people.
    pub name: Box<str>,
    /// First day of validity; `None` for since ever.
    pub valid_from: Option<Date>,
    /// Last day of validity; `None` for until further notice.
    pub valid_to: Option<Date>,
    /// The codes that took its place: several when it was split.
    pub successors: Vec<Box<str>>,
    /// Whether the row was seen in a source; otherwise it is from memory and must be checked by the operator.
    pub checked: bool,
    /// The line in the file, for messages.
    pub line: usize,
    pub(super) extras: Vec<Box<str>>,
}

impl Entry {
    /// Whether it is valid at a date.
    pub fn is_valid(&self, at: Date) -> bool {
        self.valid_from.is_none_or(|d| d <= at) && self.valid_to.is_none_or(|d| at <= d)
    }
}

/// The date for which a list is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Any: the code only has to be in the list.
    Ever,
    /// At this day.
    Day(Date),
}

/// By what a text may name an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// By its code only.
    Code,
    /// By its name or another name only.
    Name,
    /// By either; a code goes before a name.
    Either,
}

/// The answer of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'l> {
    /// It is there, at that date.
    Entry(&'l Entry),
    /// The list had or will have it, but not at that date.
    NotThen(&'l Entry),
    /// The name stands for several codes.
    Ambiguous,
    /// The list never had it.
    Nothing,
}

/// A code list, indexed.
#[derive(Debug)]
pub struct CodeList {
    pub(super) name: String,
    pub(super) file: PathBuf,
    pub(super) entries: Vec<Entry>,
    pub(super) extra_columns: Vec<String>,
    /// The list whose codes the successors are, where it is not this one.
    pub(super) successor_list: Option<String>,
    pub(super) text: String,
    pub(super) by_code: Places,
    pub(super) by_name: Places,
    pub(super) by_folded: Places,
}

impl CodeList {
    /// Its name: the file's name without `.csv`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file it was read from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// All rows in the file's order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The file's text, for digests.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The list to which successors belong, where it is another one.
    pub fn successor_list(&self) -> Option<&str> {
        self.successor_list.as_deref()
    }

    /// The place of a further column, by its header.
    pub fn column(&self, header: &str) -> Option<usize> {
        self.extra_columns.iter().position(|c| c == header)
    }

    /// The headers of the further columns.
    pub fn columns(&self) -> &[String] {
        &self.extra_columns
    }

    /// All rows of a code: several when it was renamed, or when conditions tell them apart.
    pub fn rows<'l>(&'l self, code: &str) -> impl Iterator<Item = &'l Entry> + Clone {
        self.places(code).iter().map(|i| &self.entries[*i as usize])
    }

    /// All rows that bear a name, however it is spelt; several where it is the name of several places.
    pub fn named<'l>(&'l self, name: &str) -> impl Iterator<Item = &'l Entry> + Clone + use<'l> {
        self.by_folded
            .get(fold(name).as_str())
            .map_or(&[][..], Vec::as_slice)
            .iter()
            .map(|i| &self.entries[*i as usize])
    }

    /// Finds what a text names at a date. An old name of a code that is still valid finds the code.
    pub fn find(&self, text: &str, by: By, at: At) -> Found<'_> {
        if by != By::Name {
            match self.pick(self.places(text), at) {
                Found::Nothing => {}
                found => return found,
            }
        }
        if by != By::Code {
            if let Some(places) = self.by_name.get(text) {
                return self.pick(places, at);
            }
            if let Some(places) = self.by_folded.get(fold(text).as_str()) {
                return self.pick(places, at);
            }
        }
        Found::Nothing
    }

    /// The first day after `today` on which the answer for this text at that day could differ.
    pub fn changes_after(&self, text: &str, by: By, today: Date) -> Option<Date> {
        let bounds = |e: &Entry| [e.valid_from, e.valid_to.and_then(|d| d.tomorrow().ok())];
        let first = |days: &mut dyn Iterator<Item = Option<Date>>| days.flatten().filter(|d| *d > today).min();
        if by != By::Name && !self.places(text).is_empty() {
            return first(&mut self.rows(text).flat_map(bounds));
        }
        if by == By::Code {
            return None;
        }
        let named = self.by_name.get(text).or_else(|| self.by_folded.get(fold(text).as_str()));
        let codes = named.into_iter().flatten().map(|i| &*self.entries[*i as usize].code);
        first(&mut codes.flat_map(|code| self.rows(code)).flat_map(bounds))
    }

    /// The spelling nearest to a text, for messages to operators (never made of rows' values in logs).
    pub fn nearest_code(&self, text: &str) -> Option<&str> {
        crate::model::suggest::nearest(text, self.entries.iter().map(|e| &*e.code))
    }

    fn places(&self, code: &str) -> &[u32] {
        self.by_code.get(code).map_or(&[], Vec::as_slice)
    }

    fn pick(&self, places: &[u32], at: At) -> Found<'_> {
        let Some(first) = places.first().map(|i| &self.entries[*i as usize]) else { return Found::Nothing };
        let At::Day(day) = at else {
            let same = places.iter().all(|i| self.entries[*i as usize].code == first.code);
            return if same { Found::Entry(first) } else { Found::Ambiguous };
        };
        let mut found: Option<&Entry> = None;
        for entry in places.iter().map(|i| &self.entries[*i as usize]) {
            let valid =
                if entry.is_valid(day) { Some(entry) } else { self.rows(&entry.code).find(|e| e.is_valid(day)) };
            match (found, valid) {
                (Some(one), Some(other)) if one.code != other.code => return Found::Ambiguous,
                (None, Some(other)) => found = Some(other),
                _ => {}
            }
        }
        found.map_or(Found::NotThen(first), Found::Entry)
    }
}
