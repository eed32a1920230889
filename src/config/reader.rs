//! The file read section by section: a mistake in one does not hide those in the others, and each has its line.
//!
//! serde stops at the first mistake. A key that it stumbles over is noted, taken out, and the section is read again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::over::{self, Over};
use super::values::line_of;
use crate::model::suggest::{hint, nearest};
use crate::model::{Fault, Faults};

/// More sections of one kind are a mistake, not a province.
const MAX_SECTIONS: usize = 200;

/// The file while it is read.
pub(super) struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    over: &'a [Over],
    laid: String,
    faults: Vec<Fault>,
    places: HashMap<String, usize>,
}

/// Sections of one kind by name and place: those that could be read, and the names of all.
pub(super) struct Listed<T> {
    /// With its place in the list.
    pub read: Vec<(usize, T)>,
    /// With its place in the file.
    pub names: Vec<(String, usize)>,
}

impl<T> Listed<T> {
    pub fn values(self) -> Vec<T> {
        self.read.into_iter().map(|(_, one)| one).collect()
    }
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a Path, text: &'a str, over: &'a [Over]) -> Self {
        Self { file, text, over, laid: String::new(), faults: Vec::new(), places: HashMap::new() }
    }

    /// Reads what the document's sections say with `sections`, then tells all mistakes or gives what was read.
    pub fn read<T>(mut self, sections: impl FnOnce(&mut Self, &mut DeTable<'_>) -> Option<T>) -> Result<T, Faults> {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        let laid = over::document(root.get_ref(), self.over, self.text.len() + 1);
        laid[self.text.len() + 1..].clone_into(&mut self.laid);
        let (values, more) = DeTable::parse_recoverable(&laid);
        for error in errors.iter().chain(&more) {
            let at = error.span().map_or(0, |s| s.start);
            self.tell(at, format!("TOML không đọc được / not readable TOML: {}", error.message()));
        }
        if !self.faults.is_empty() {
            return Err(self.finish());
        }
        let mut root = root.into_inner();
        let mut values: HashMap<String, Spanned<DeValue<'_>>> =
            values.into_inner().into_iter().map(|(k, v)| (k.get_ref().to_string(), v)).collect();
        for (nth, one) in self.over.iter().enumerate() {
            let Some(value) = values.remove(&format!("v{nth}")) else { continue };
            let at = value.span().start;
            if let Err(message) = over::lay(&mut root, &one.path, value) {
                self.tell(at, message);
            }
        }
        let read = sections(&mut self, &mut root);
        match read {
            Some(read) if self.faults.is_empty() => Ok(read),
            _ => Err(self.finish()),
        }
    }

    fn finish(self) -> Faults {
        let mut faults = self.faults;
        faults.sort_by_key(|f| f.line);
        faults.dedup();
        Faults(faults)
    }

    /// A mistake at a place: a line of the file or, beyond its end, a value of the environment.
    pub fn tell(&mut self, at: usize, message: impl Into<String>) {
        let message = message.into();
        let beyond = at.checked_sub(self.text.len() + 1);
        let name = beyond.and_then(|beyond| Some(&self.over.get(line_of(&self.laid, beyond) - 1)?.name));
        self.faults.push(match name {
            None => Fault::at(self.file, line_of(self.text, at), message),
            Some(name) => Fault::of(self.file, format!("{name} (biến môi trường / environment): {message}")),
        });
    }

    /// A mistake at a key that was read, such as `stream.0.source`; at its section where the key was left out.
    pub fn tell_key(&mut self, key: &str, message: impl Into<String>) {
        let section = key.rsplit_once('.').map_or(key, |(section, _)| section);
        let at = self.places.get(key).or_else(|| self.places.get(section)).copied().unwrap_or(0);
        self.tell(at, message);
    }

    /// A path at the top, which may be left out.
    pub fn path(&mut self, root: &mut DeTable<'_>, key: &str, default: &str) -> PathBuf {
        let Some(value) = root.remove(key) else { return default.into() };
        if let Some(path) = value.get_ref().as_str() {
            return path.into();
        }
        self.tell(
            value.span().start,
            format!("'{key}' phải là một đường dẫn trong ngoặc kép / must be a path in quotes"),
        );
        default.into()
    }

    /// A section that may be left out.
    pub fn section<T: DeserializeOwned>(&mut self, root: &mut DeTable<'_>, name: &str) -> Option<T> {
        let value = root.remove(name)?;
        self.table(value, name)
    }

    /// A section that must be there.
    pub fn needed<T: DeserializeOwned>(&mut self, root: &mut DeTable<'_>, name: &str) -> Option<T> {
        if !root.contains_key(name) {
            self.tell(0, format!("thiếu mục [{name}] / the section [{name}] is missing"));
        }
        self.section(root, name)
    }

    /// The sections of a list.
    pub fn list<T: DeserializeOwned>(&mut self, root: &mut DeTable<'_>, name: &str) -> Listed<T> {
        let mut listed = Listed { read: Vec::new(), names: Vec::new() };
        let Some(value) = root.remove(name) else { return listed };
        let at = value.span().start;
        let DeValue::Array(items) = value.into_inner() else {
            self.tell(at, format!("[{name}] phải viết [[{name}]] / must be written [[{name}]]"));
            return listed;
        };
        if items.len() > MAX_SECTIONS {
            self.tell(at, format!("quá {MAX_SECTIONS} mục [[{name}]] / more than {MAX_SECTIONS} sections [[{name}]]"));
            return listed;
        }
        for (nth, item) in items.into_iter().enumerate() {
            let own = item.get_ref().as_table().and_then(|t| t.get("name"));
            if let Some((own, at)) = own.and_then(|n| Some((n.get_ref().as_str()?.to_owned(), n.span().start))) {
                listed.names.push((own, at));
            }
            listed.read.extend(self.table(item, &format!("{name}.{nth}")).map(|one| (nth, one)));
        }
        listed
    }

    /// What is left at the top: nobody asked for it.
    pub fn close(&mut self, root: &DeTable<'_>, known: &[&str]) {
        for key in root.keys() {
            let hint = hint(key.get_ref(), known.iter().copied());
            self.tell(
                key.span().start,
                format!("mục lạ '{}' / unknown section; known: {}{hint}", key.get_ref(), known.join(", ")),
            );
        }
    }

    fn table<T: DeserializeOwned>(&mut self, value: Spanned<DeValue<'_>>, place: &str) -> Option<T> {
        let span = value.span();
        let DeValue::Table(mut table) = value.into_inner() else {
            self.tell(span.start, format!("'{place}' phải là một mục [{place}] / must be a section"));
            return None;
        };
        self.places.insert(place.to_owned(), span.start);
        for (key, value) in &table {
            self.places.insert(format!("{place}.{}", key.get_ref()), value.span().start);
        }
        let mut taken: Vec<String> = Vec::new();
        loop {
            let whole = Spanned::new(span.clone(), table.clone());
            let error = match T::deserialize(Deserializer::from(whole)) {
                Ok(read) => return taken.is_empty().then_some(read),
                Err(error) => error,
            };
            let missing = backticked(error.message()).filter(|_| error.message().starts_with("missing field"));
            // What was taken out, or was meant by a key that was taken out, is not missing.
            if missing.is_some_and(|field| nearest(field, taken.iter().map(String::as_str)).is_some()) {
                return None;
            }
            let culprit = culprit(&table, &error).or_else(|| eliminated::<T>(&table, &error));
            let within = error.span().map(|s| s.start).filter(|at| *at != span.start);
            let at = within.or_else(|| culprit.as_ref().map(|c| c.1)).unwrap_or(span.start);
            self.tell(at, format!("[{}] {}", place.split('.').next().unwrap_or(place), said(&error, culprit.as_ref())));
            let (key, _) = culprit?;
            table.remove(key.as_str());
            taken.push(key);
        }
    }
}

/// The key of the table that an error is about, and where it stands. Where serde keeps values aside before it knows
/// their type, the error has no place of its own: then the key is the one that the message names.
fn culprit(table: &DeTable<'_>, error: &Error) -> Option<(String, usize)> {
    let found = |(key, _): (&Spanned<std::borrow::Cow<'_, str>>, &Spanned<DeValue<'_>>)| {
        (key.get_ref().to_string(), key.span().start)
    };
    let by_place = error
        .span()
        .and_then(|span| table.iter().find(|(k, v)| k.span().contains(&span.start) || v.span().contains(&span.start)));
    let message = error.message();
    let named = if message.starts_with("unknown variant") { Some("kind") } else { backticked(message) };
    by_place.or_else(|| table.iter().find(|(key, _)| Some(key.get_ref().as_ref()) == named)).map(found)
}

/// The key without which the mistake is gone.
fn eliminated<T: DeserializeOwned>(table: &DeTable<'_>, error: &Error) -> Option<(String, usize)> {
    let without = |key: &str| {
        let mut rest = table.clone();
        rest.remove(key);
        match T::deserialize(Deserializer::from(Spanned::new(0..0, rest))) {
            Ok(_) => true,
            Err(other) => other.message() != error.message(),
        }
    };
    let mut keys = table.keys().filter(|key| key.get_ref() != "kind");
    keys.find(|key| without(key.get_ref())).map(|key| (key.get_ref().to_string(), key.span().start))
}

/// The first word of a message that stands between backticks.
fn backticked(message: &str) -> Option<&str> {
    message.split('`').nth(1)
}

/// serde's message in both languages, with what was probably meant.
fn said(error: &Error, culprit: Option<&(String, usize)>) -> String {
    let message = error.message();
    let key = culprit.map_or("?", |(key, _)| key.as_str());
    let mut words = message.split('`').skip(1).step_by(2);
    let word = words.next().unwrap_or_default();
    let hint = hint(word, words);
    if message.starts_with("unknown field") {
        format!("khóa lạ '{word}' / {message}{hint}")
    } else if message.starts_with("missing field") {
        format!("thiếu khóa '{word}' / {message}")
    } else if message.starts_with("unknown variant") {
        format!("{key}: giá trị lạ '{word}' / {message}{hint}")
    } else if message.contains(" / ") {
        format!("{key}: {message}")
    } else {
        format!("{key}: giá trị không đúng / {message}")
    }
}
