//! A TOML document read key by key, so that all its mistakes are found in one go, each with its line.
//!
//! `serde` stops at the first mistake; an operator who follows a ministry's letter wants the whole list.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Fault, Faults};

/// The document and the mistakes found so far.
pub struct Document<'a> {
    file: PathBuf,
    text: &'a str,
    faults: RefCell<Vec<Fault>>,
}

impl<'a> Document<'a> {
    /// A document that stands in `file`.
    pub fn new(file: &Path, text: &'a str) -> Self {
        Self { file: file.to_owned(), text, faults: RefCell::default() }
    }

    /// Reads the whole text; what cannot be read is a mistake, what can is handed on.
    pub fn parse(&self) -> Spanned<DeTable<'a>> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let at = error.span().map_or(0, |s| s.start);
            self.fault(at, format!("TOML không đọc được: {} / not readable TOML", error.message()));
        }
        table
    }

    /// Notes a mistake at a byte of the text.
    pub fn fault(&self, at: usize, message: impl Into<String>) {
        self.faults.borrow_mut().push(Fault::at(&self.file, self.line(at), message));
    }

    fn line(&self, at: usize) -> usize {
        self.text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1
    }

    /// All mistakes, in the order of their lines; `Ok` where there are none.
    pub fn finish(self) -> Result<(), Faults> {
        let mut faults = self.faults.into_inner();
        faults.sort_by_key(|f| f.line);
        faults.dedup();
        if faults.is_empty() { Ok(()) } else { Err(Faults(faults)) }
    }
}

/// One table of a document. A table that should be there and is not is one mistake; asking it for its keys is none.
pub struct Section<'d, 'a> {
    doc: &'d Document<'a>,
    name: String,
    at: usize,
    table: Option<&'d DeTable<'a>>,
    known: RefCell<Vec<String>>,
}

/// A key of an open table, whose keys the operator chooses.
pub struct Entry<'d, 'a> {
    /// The key.
    pub key: &'d str,
    /// Where it stands.
    pub at: usize,
    /// Its value.
    pub value: &'d Spanned<DeValue<'a>>,
}

impl<'d, 'a> Section<'d, 'a> {
    /// The whole document as a section.
    pub fn root(doc: &'d Document<'a>, table: &'d Spanned<DeTable<'a>>) -> Self {
        Self { doc, name: String::new(), at: 0, table: Some(table.get_ref()), known: RefCell::default() }
    }

    /// The section's full name, for messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it stands.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The document.
    pub fn doc(&self) -> &'d Document<'a> {
        self.doc
    }

    fn full(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn find(&self, key: &str) -> Option<&'d Spanned<DeValue<'a>>> {
        self.known.borrow_mut().push(key.to_owned());
        self.table?.get(key)
    }

    fn missing(&self, key: &str) {
        if self.table.is_some() {
            self.doc.fault(self.at, format!("thiếu `{0}` / `{0}` is missing", self.full(key)));
        }
    }

    fn wrong_kind(&self, key: &str, value: &Spanned<DeValue<'a>>, expected: &str) {
        let full = self.full(key);
        let found = value.get_ref().type_str();
        self.doc.fault(
            value.span().start,
            format!("`{full}` phải là {expected}, không phải {found} / must be {expected}, not {found}"),
        );
    }

    /// Whether the table itself is missing, which has been noted.
    pub fn is_absent(&self) -> bool {
        self.table.is_none()
    }

    /// A text that must be there and not be empty.
    pub fn text(&self, key: &str) -> String {
        let Some(value) = self.find(key) else {
            self.missing(key);
            return String::new();
        };
        self.as_text(key, value).unwrap_or_default()
    }

    /// A text that may be left out.
    pub fn text_or(&self, key: &str, default: &str) -> String {
        match self.find(key) {
            Some(value) => self.as_text(key, value).unwrap_or_default(),
            None => default.to_owned(),
        }
    }

    /// A value of this section as a text that is not empty.
    pub fn as_text(&self, key: &str, value: &Spanned<DeValue<'a>>) -> Option<String> {
        match value.get_ref().as_str() {
            Some(text) if text.trim().is_empty() => {
                let full = self.full(key);
                self.doc.fault(value.span().start, format!("`{full}` để trống / is empty"));
                None
            }
            Some(text) => Some(text.to_owned()),
            None => {
                self.wrong_kind(key, value, "text");
                None
            }
        }
    }

    /// A whole number within bounds that must be there.
    pub fn number(&self, key: &str, range: RangeInclusive<u64>) -> u64 {
        let Some(value) = self.find(key) else {
            self.missing(key);
            return *range.start();
        };
        let Some(integer) = value.get_ref().as_integer() else {
            self.wrong_kind(key, value, "integer");
            return *range.start();
        };
        match u64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()) {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let (full, low, high) = (self.full(key), range.start(), range.end());
                self.doc.fault(
                    value.span().start,
                    format!("`{full}` = {}: phải từ {low} đến {high} / must be {low} to {high}", integer.as_str()),
                );
                *range.start()
            }
        }
    }

    /// A whole number within bounds that may be left out.
    pub fn number_or(&self, key: &str, range: RangeInclusive<u64>, default: u64) -> u64 {
        if self.find(key).is_some() { self.number(key, range) } else { default }
    }

    /// A list of texts, none empty, none twice, that must be there.
    pub fn texts(&self, key: &str) -> Vec<String> {
        if self.find(key).is_none() {
            self.missing(key);
        }
        self.texts_or(key)
    }

    /// The same where it may be left out.
    pub fn texts_or(&self, key: &str) -> Vec<String> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_kind(key, value, "list of texts");
            return Vec::new();
        };
        let mut texts: Vec<String> = Vec::new();
        for one in list {
            let Some(text) = self.as_text(key, one) else { continue };
            if texts.contains(&text) {
                let full = self.full(key);
                self.doc.fault(one.span().start, format!("`{full}`: \"{text}\" hai lần / twice"));
            }
            texts.push(text);
        }
        texts
    }

    /// A list of tables that may be left out.
    pub fn tables_or(&self, key: &str) -> Vec<Self> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_kind(key, value, "list of tables");
            return Vec::new();
        };
        list.iter().filter_map(|one| self.as_table(key, one)).collect()
    }

    /// True or false; may be left out.
    pub fn flag_or(&self, key: &str, default: bool) -> bool {
        let Some(value) = self.find(key) else { return default };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong_kind(key, value, "true or false");
            default
        })
    }

    /// One of fixed words that may be left out.
    pub fn word_or<T: Copy>(&self, key: &str, words: &[(&str, T)], default: T) -> T {
        self.find(key).and_then(|value| self.as_word(key, value, words)).unwrap_or(default)
    }

    /// One of fixed words; must be there.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Option<T> {
        let Some(value) = self.find(key) else {
            self.missing(key);
            return None;
        };
        self.as_word(key, value, words)
    }

    /// A value of this section as one of fixed words.
    pub fn as_word<T: Copy>(&self, key: &str, value: &Spanned<DeValue<'a>>, words: &[(&str, T)]) -> Option<T> {
        let text = self.as_text(key, value)?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*meaning);
        }
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let full = self.full(key);
        self.doc.fault(
            value.span().start,
            format!(
                "`{full}` = \"{text}\" không có nghĩa{} / has no meaning: {}",
                hint(&text, &names),
                names.join(", ")
            ),
        );
        None
    }

    /// A table that must be there.
    #[must_use]
    pub fn table(&self, key: &str) -> Self {
        self.table_if(key).unwrap_or_else(|| {
            self.missing(key);
            Self { doc: self.doc, name: self.full(key), at: self.at, table: None, known: RefCell::default() }
        })
    }

    /// A table that may be left out.
    pub fn table_if(&self, key: &str) -> Option<Self> {
        let value = self.find(key)?;
        self.as_table(key, value)
    }

    /// A value of this section as a table.
    pub fn as_table(&self, key: &str, value: &'d Spanned<DeValue<'a>>) -> Option<Self> {
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_kind(key, value, "table");
            return None;
        };
        let at = value.span().start;
        Some(Self { doc: self.doc, name: self.full(key), at, table: Some(table), known: RefCell::default() })
    }

    /// All keys of an open table, in the order in which they stand in the file.
    pub fn entries(&self) -> Vec<Entry<'d, 'a>> {
        let mut entries: Vec<Entry<'d, 'a>> = self
            .table
            .into_iter()
            .flat_map(|table| table.iter())
            .map(|(key, value)| Entry { key: key.get_ref().as_ref(), at: key.span().start, value })
            .collect();
        entries.sort_by_key(|entry| entry.at);
        entries
    }

    /// Complains of every key that nobody asked for.
    pub fn close(&self) {
        let known = self.known.borrow();
        let names: Vec<&str> = known.iter().map(String::as_str).collect();
        for entry in self.entries() {
            if !names.contains(&entry.key) {
                let full = self.full(entry.key);
                let hint = hint(entry.key, &names);
                self.doc.fault(entry.at, format!("không biết khóa `{full}`{hint} / unknown key"));
            }
        }
    }
}

/// ` (ý là "x"? / did you mean "x"?)` for the nearest of the known words, or nothing.
pub fn hint(word: &str, known: &[&str]) -> String {
    let nearest = known.iter().map(|k| (distance(word, k), *k)).min();
    match nearest {
        Some((steps, near)) if steps <= 2.max(near.chars().count() / 3) => {
            format!(" (ý là \"{near}\"? / did you mean \"{near}\"?)")
        }
        _ => String::new(),
    }
}

/// How many letters must be changed, added or left out (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
