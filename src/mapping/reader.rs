//! Walks a TOML document, knows the line of everything, and collects what does not belong instead of stopping at the first.

use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::{Fault, suggest};

/// A value and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot<T> {
    pub(super) value: T,
    pub(super) line: usize,
}

/// Faults beyond this number tell nothing more.
const MAX_FAULTS: usize = 200;

/// The file that is read, and its faults.
pub(super) struct Reader<'d> {
    file: &'d Path,
    before: usize,
    starts: Vec<usize>,
    faults: RefCell<Vec<Fault>>,
}

impl<'d> Reader<'d> {
    /// `before` lines stand before this text: those of a base go on after those of the file that names it.
    pub(super) fn new(file: &'d Path, text: &str, before: usize) -> Self {
        let starts = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1).collect();
        Self { file, before, starts, faults: RefCell::new(Vec::new()) }
    }

    /// The line of a place, from 1.
    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        self.before + 1 + self.starts.partition_point(|s| *s <= span.start)
    }

    /// The last line.
    pub(super) fn end(&self) -> usize {
        self.before + 1 + self.starts.len()
    }

    pub(super) fn fault(&self, line: usize, message: impl Into<String>) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() < MAX_FAULTS {
            faults.push(Fault::at(self.file, line, message));
        }
    }

    /// The faults so far; they are no longer here then.
    pub(super) fn take_faults(&self) -> Vec<Fault> {
        self.faults.take()
    }
}

/// A table of the document, taken key by key; [`Section::finish`] complains about what is left.
pub(super) struct Section<'r, 'd> {
    reader: &'r Reader<'d>,
    name: String,
    pub(super) line: usize,
    left: Vec<(&'r str, usize, &'r Spanned<DeValue<'r>>)>,
    asked: Vec<&'static str>,
}

impl<'r, 'd> Section<'r, 'd> {
    pub(super) fn new(reader: &'r Reader<'d>, name: &str, table: &'r DeTable<'r>, line: usize) -> Self {
        let mut left: Vec<_> = table.iter().map(|(k, v)| (k.get_ref().as_ref(), k.span().start, v)).collect();
        left.sort_by_key(|(_, start, _)| *start);
        let left = left.into_iter().map(|(k, start, v)| (k, reader.line(&(start..start)), v)).collect();
        Self { reader, name: name.to_owned(), line, left, asked: Vec::new() }
    }

    pub(super) fn fault(&self, line: usize, message: impl Into<String>) {
        self.reader.fault(line, message);
    }

    /// Forgets the table's content: a stand-in for one that is not there.
    pub(super) fn clear(&mut self) {
        self.left.clear();
    }

    /// Takes a key.
    pub(super) fn value(&mut self, key: &'static str) -> Option<Spot<&'r DeValue<'r>>> {
        self.asked.push(key);
        let at = self.left.iter().position(|(k, _, _)| *k == key)?;
        let (_, line, value) = self.left.remove(at);
        Some(Spot { value: value.get_ref(), line })
    }

    fn wrong<T>(&self, key: &str, line: usize, wanted: &str) -> Option<T> {
        self.fault(line, format!("[{}] `{key}` phải là {wanted} / must be {wanted}", self.name));
        None
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<Spot<String>> {
        let Spot { value, line } = self.value(key)?;
        match value {
            DeValue::String(text) => Some(Spot { value: text.to_string(), line }),
            _ => self.wrong(key, line, "chuỗi (text)"),
        }
    }

    /// A text that must be there; the empty text where it is not, with a fault.
    pub(super) fn required(&mut self, key: &'static str) -> Spot<String> {
        let present = self.left.iter().any(|(k, _, _)| *k == key);
        if !present {
            let hint = suggest::hint(key, self.left.iter().map(|(k, _, _)| *k));
            self.fault(self.line, format!("[{}] thiếu khóa `{key}`{hint} / key is missing", self.name));
        }
        self.text(key).unwrap_or(Spot { value: String::new(), line: self.line })
    }

    pub(super) fn number(&mut self, key: &'static str) -> Option<Spot<i64>> {
        let Spot { value, line } = self.value(key)?;
        let number = match value {
            DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok(),
            _ => None,
        };
        number.map(|value| Spot { value, line }).or_else(|| self.wrong(key, line, "số nguyên (whole number)"))
    }

    pub(super) fn flag(&mut self, key: &'static str) -> bool {
        let Some(Spot { value, line }) = self.value(key) else { return false };
        match value {
            DeValue::Boolean(b) => *b,
            _ => self.wrong(key, line, "true | false").unwrap_or(false),
        }
    }

    /// A flag with a default.
    pub(super) fn flag_or(&mut self, key: &'static str, default: bool) -> bool {
        self.optional_flag(key).unwrap_or(default)
    }

    /// A flag, if given.
    pub(super) fn optional_flag(&mut self, key: &'static str) -> Option<bool> {
        self.left.iter().any(|(k, _, _)| *k == key).then(|| self.flag(key))
    }

    /// A list of values.
    pub(super) fn list(&mut self, key: &'static str) -> Vec<Spot<&'r DeValue<'r>>> {
        let Some(Spot { value, line }) = self.value(key) else { return Vec::new() };
        match value {
            DeValue::Array(items) => {
                items.iter().map(|item| Spot { value: item.get_ref(), line: self.reader.line(&item.span()) }).collect()
            }
            _ => self.wrong(key, line, "danh sách (list)").unwrap_or_default(),
        }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<Spot<String>> {
        let mut texts = Vec::new();
        for item in self.list(key) {
            match item.value {
                DeValue::String(text) => texts.push(Spot { value: text.to_string(), line: item.line }),
                _ => self.wrong::<()>(key, item.line, "danh sách chuỗi (list of texts)").unwrap_or_default(),
            }
        }
        texts
    }

    pub(super) fn table(&mut self, key: &'static str) -> Option<Section<'r, 'd>> {
        let Spot { value, line } = self.value(key)?;
        match value {
            DeValue::Table(table) => Some(Section::new(self.reader, &format!("{}.{key}", self.name), table, line)),
            _ => self.wrong(key, line, "bảng (table)"),
        }
    }

    /// `[[key]]`.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Section<'r, 'd>> {
        let name = if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) };
        let mut sections = Vec::new();
        for item in self.list(key) {
            match item.value {
                DeValue::Table(table) => sections.push(Section::new(self.reader, &name, table, item.line)),
                _ => self.wrong::<()>(key, item.line, "bảng (table)").unwrap_or_default(),
            }
        }
        sections
    }

    /// Every key with its value, for tables whose keys are the writer's own.
    pub(super) fn all(mut self) -> Vec<(Spot<String>, Spot<&'r DeValue<'r>>)> {
        std::mem::take(&mut self.left)
            .into_iter()
            .map(|(k, line, v)| {
                let value = Spot { value: v.get_ref(), line: self.reader.line(&v.span()) };
                (Spot { value: k.to_owned(), line }, value)
            })
            .collect()
    }

    /// Every key with its text.
    pub(super) fn all_texts(self) -> Vec<(Spot<String>, Spot<String>)> {
        let (reader, name) = (self.reader, self.name.clone());
        let mut texts = Vec::new();
        for (key, value) in self.all() {
            match value.value {
                DeValue::String(text) => {
                    texts.push((key, Spot { value: text.to_string(), line: value.line }));
                }
                _ => reader.fault(value.line, format!("[{name}] `{}` phải là chuỗi / must be a text", key.value)),
            }
        }
        texts
    }

    /// Complains about keys that nobody asked for.
    pub(super) fn finish(self) {
        for (key, line, _) in &self.left {
            let hint = suggest::hint(key, self.asked.iter().copied());
            self.fault(*line, format!("[{}] không có khóa `{key}`{hint} / unknown key", self.name));
        }
    }
}
