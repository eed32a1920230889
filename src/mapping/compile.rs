//! From the document to a mapping: every name resolved to an index, or a fault with its line.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::base;
use super::compile_nested::flatten;
use super::document::{self, Document, RuleDoc, SetDoc};
use super::field_set::{FieldSet, RuleUse};
use super::reader::{Reader, Spot};
use super::{ENGINE_VERSION, Mapping};
use crate::codes::CodeLists;
use crate::model::{Column, ColumnKind, Fault, Faults, Layout, Severity, suggest};
use crate::rules::{self, Given, Params};

const KINDS: [(&str, ColumnKind); 6] = [
    ("text", ColumnKind::Text),
    ("integer", ColumnKind::Integer),
    ("decimal", ColumnKind::Decimal),
    ("date", ColumnKind::Date),
    ("timestamp", ColumnKind::Timestamp),
    ("boolean", ColumnKind::Boolean),
];

/// Compiles a mapping or tells all that is wrong with it.
pub(super) fn compile(file: &Path, text: &str, lists: &mut CodeLists) -> Result<Mapping, Faults> {
    let reader = Reader::new(file, text, 0);
    let table = parse(&reader, text);
    let Some(base) = base::read(file, &reader, table.get_ref())? else {
        return finish(file, &reader, &[text], lists, || document::read(&reader, table.get_ref(), false));
    };
    let own = reader.end();
    let under = Reader::new(file, &base.1, own);
    let base_table = parse(&under, &base.1);
    let both = || {
        let doc = document::read(&reader, table.get_ref(), true);
        doc.over(document::read(&under, base_table.get_ref(), false))
    };
    let mut compiled = finish(file, &reader, &[text, &base.1], lists, both);
    let below = under.take_faults();
    if !below.is_empty() {
        let above = compiled.err().map(|faults| faults.0).unwrap_or_default();
        compiled = Err(Faults(above.into_iter().chain(below).collect()));
    }
    // The lines of the base were counted on from those of the file: now each fault gets its own file.
    compiled.map_err(|mut faults| {
        for fault in &mut faults.0 {
            if let Some(line) = fault.line.filter(|line| fault.file == file && *line > own) {
                fault.file.clone_from(&base.0);
                fault.line = Some(line - own);
            }
        }
        sorted(faults)
    })
}

fn sorted(mut faults: Faults) -> Faults {
    faults.0.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    faults
}

/// The text as a table; what is no TOML is written as faults.
fn parse<'t>(reader: &Reader<'_>, text: &'t str) -> toml::Spanned<toml::de::DeTable<'t>> {
    let (table, errors) = toml::de::DeTable::parse_recoverable(text);
    for error in errors.iter().take(20) {
        let line = reader.line(&error.span().unwrap_or(0..0));
        reader.fault(line, format!("TOML sai cú pháp / bad syntax: {}", error.message()));
    }
    table
}

/// Compiles what `read` gives, unless the text was no TOML.
fn finish(
    file: &Path,
    reader: &Reader<'_>,
    texts: &[&str],
    lists: &mut CodeLists,
    read: impl FnOnce() -> Document,
) -> Result<Mapping, Faults> {
    let syntax = reader.take_faults();
    if !syntax.is_empty() {
        return Err(Faults(syntax));
    }
    let doc = read();
    let mut compiler = Compiler { file, reader, lists, columns: Vec::new(), used: Vec::new(), faults: Vec::new() };
    let mapping = compiler.mapping(doc, texts);
    let mut faults = compiler.faults;
    faults.extend(lists.faults());
    faults.extend(reader.take_faults());
    let faults = sorted(Faults(faults)).0;
    match mapping {
        Some(mapping) if faults.is_empty() => Ok(mapping),
        _ => Err(Faults(faults)),
    }
}

pub(super) struct Compiler<'c, 'd> {
    file: &'c Path,
    pub(super) reader: &'c Reader<'d>,
    pub(super) lists: &'c mut CodeLists,
    pub(super) columns: Vec<String>,
    pub(super) used: Vec<bool>,
    faults: Vec<Fault>,
}

impl Compiler<'_, '_> {
    fn mapping(&mut self, doc: Document, texts: &[&str]) -> Option<Mapping> {
        let columns = self.read_columns(&doc);
        let key = self.column(&doc.key);
        let mut write = self.set(doc.set);
        // What could not be resolved is a fault that was written.
        write.units = doc.units.and_then(|u| self.units(&u, &doc.entity.value, key, &write));
        let stop = doc.stop.map(|s| self.stop(s));
        let in_lane = doc.lane.as_ref().map(|l| self.lane(l, &write, stop.is_some()));
        let unit = doc.unit.as_ref().map(|u| self.field(u, &write.names));
        let examples =
            super::example_compile::examples(self, doc.examples, &write, stop.as_ref().and_then(Option::as_ref));
        for (at, column) in self.columns.iter().enumerate() {
            if !self.used[at] && at >= doc.inherited {
                let line = doc.columns.iter().find(|(name, _)| name.value == *column).map_or(1, |(name, _)| name.line);
                self.reader
                    .fault(line, format!("cột `{column}` không được dùng: hãy bỏ / column is not used: remove it"));
            }
        }
        let stop = match stop {
            Some(None) => return None,
            Some(stop) => stop,
            None => None,
        };
        let unit = match unit {
            Some(None) => return None,
            Some(unit) => unit,
            None => None,
        };
        let in_lane = wanted(in_lane)?;
        let frozen = self.frozen(&doc.frozen, &write);
        let about = doc.about.as_ref().map(|about| self.about(about, &write.names));
        let mut cross = None;
        let mut facts = None;
        if let Some(doc) = &doc.facts {
            cross = super::cross::load(&self.lists.folder(), self.lists, &mut self.faults);
            facts = self.facts(doc, &write, stop.as_ref(), cross.as_ref());
        }
        Some(Mapping {
            entity: doc.entity.value,
            file: self.file.to_owned(),
            columns,
            key: key?,
            unit,
            write,
            stop,
            lane: in_lane,
            facts,
            frozen,
            about: wanted(about)?,
            cross: Arc::new(cross.unwrap_or_default()),
            examples,
            lists: self.lists.used().cloned().collect(),
            digest: self.digest(texts),
            parts: self.parts(&texts.concat()),
        })
    }

    /// Over the mapping, the lists that it uses, and the engine.
    fn digest(&self, texts: &[&str]) -> [u8; 8] {
        let mut hash = Sha256::new();
        hash.update(ENGINE_VERSION.to_be_bytes());
        for part in texts.iter().copied().chain(self.lists.used().flat_map(|l| [l.name(), l.text()])) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut digest = [0; 8];
        digest.copy_from_slice(&hash.finalize()[..8]);
        digest
    }

    fn parts(&self, text: &str) -> Vec<(String, [u8; 8])> {
        let own = self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let lists = self.lists.used().map(|list| (format!("codes/{}.csv", list.name()), list.text().as_bytes()));
        let engine = ENGINE_VERSION.to_be_bytes();
        let all = [(own, text.as_bytes()), ("engine".to_owned(), &engine[..])].into_iter().chain(lists);
        all.map(|(name, bytes)| (name, xxhash_rust::xxh3::xxh3_64(bytes).to_be_bytes())).collect()
    }

    fn read_columns(&mut self, doc: &Document) -> Vec<Column> {
        let mut columns = Vec::new();
        for (name, kind) in &doc.columns {
            let known = KINDS.iter().find(|(word, _)| *word == kind.value);
            if known.is_none() {
                let hint = suggest::hint(&kind.value, KINDS.iter().map(|(w, _)| *w));
                self.reader
                    .fault(kind.line, format!("không có kiểu cột `{}`{hint} / unknown kind of column", kind.value));
            }
            self.columns.push(name.value.clone());
            columns.push(Column { name: name.value.clone(), kind: known.map(|(_, k)| *k) });
        }
        self.used = vec![false; columns.len()];
        columns
    }

    pub(super) fn column(&mut self, name: &Spot<String>) -> Option<usize> {
        let found = self.columns.iter().position(|c| *c == name.value);
        match found {
            Some(at) => self.used[at] = true,
            None if name.value.is_empty() => {}
            None => {
                let hint = suggest::hint(&name.value, self.columns.iter().map(String::as_str));
                self.reader
                    .fault(name.line, format!("không có cột `{}` trong [columns]{hint} / no such column", name.value));
            }
        }
        found
    }

    pub(super) fn field(&self, name: &Spot<String>, names: &[String]) -> Option<usize> {
        let found = names.iter().position(|f| *f == name.value);
        if found.is_none() {
            let hint = suggest::hint(&name.value, names.iter().map(String::as_str));
            self.reader.fault(name.line, format!("không có trường `{}`{hint} / no such field", name.value));
        }
        found
    }

    pub(super) fn set(&mut self, doc: SetDoc) -> FieldSet {
        let docs = flatten(doc.fields);
        let names: Vec<String> = docs.iter().map(|f| f.doc.name.value.clone()).collect();
        let mut fields = Vec::new();
        if docs.is_empty() {
            self.reader.fault(doc.line, "không có [[field]] nào / there is no [[field]]");
        }
        for (i, field) in docs.into_iter().enumerate() {
            let name = &field.doc.name;
            if names[..i].contains(&name.value) {
                self.reader.fault(name.line, format!("trường `{}` có hai lần / field twice", name.value));
            }
            fields.extend(self.one_field(field, &names[..i]));
        }
        let rules = doc.rules.into_iter().filter_map(|r| self.rule(r, &names)).collect();
        let visible: Vec<usize> = (0..fields.len()).filter(|i| !fields[*i].internal && !fields[*i].part).collect();
        let layout = Layout::new(visible.iter().map(|i| fields[*i].name.clone()).collect());
        FieldSet { fields, names, rules, layout: Arc::new(layout), visible, units: None }
    }

    pub(super) fn word<T: Copy>(&self, given: Option<&Spot<String>>, key: &str, known: &[(&str, T)]) -> Option<T> {
        let Some(given) = given else { return Some(known[0].1) };
        let found = known.iter().find(|(word, _)| *word == given.value).map(|(_, t)| *t);
        if found.is_none() {
            let words: Vec<&str> = known.iter().map(|(w, _)| *w).collect();
            self.reader
                .fault(given.line, format!("{key} `{}`: chỉ / must be one of {}", given.value, words.join(", ")));
        }
        found
    }

    pub(super) fn list(&mut self, name: &Spot<String>) -> Option<Arc<crate::codes::CodeList>> {
        if !self.lists.exists(&name.value) {
            let names = self.lists.names();
            let hint = suggest::hint(&name.value, names.iter().map(String::as_str));
            self.reader.fault(name.line, format!("không có danh mục `{}`{hint} / no such code list", name.value));
            return None;
        }
        self.lists.get(&name.value)
    }

    /// A mistake in a code list that only this mapping can see.
    pub(super) fn list_fault(&mut self, list: &crate::codes::CodeList, line: usize, message: String) {
        self.faults.push(Fault::at(list.file(), line, message));
    }

    fn rule(&mut self, doc: RuleDoc, names: &[String]) -> Option<RuleUse> {
        let severity = match &doc.severity {
            None => None,
            Some(word) => {
                Some(self.word(Some(word), "severity", &[("block", Severity::Block), ("warn", Severity::Warn)])?)
            }
        };
        let texts_of = |given: &Given| match given {
            Given::Text(text) => vec![text.clone()],
            Given::Texts(texts) => texts.clone(),
            Given::Number(_) => Vec::new(),
        };
        let said: Vec<String> = doc.with.values().flat_map(|param| texts_of(&param.given)).collect();
        let fields = (0..names.len()).filter(|at| said.contains(&names[*at])).collect();
        let params = Params::new(&doc.name.value, (self.file, doc.line), doc.with, names, self.lists, &mut self.faults);
        let rule = rules::compile(params)?;
        Some(RuleUse { rule, severity, name: doc.name.value, fields })
    }
}

/// Turns "given but wrong" into a stop, and "not given" into nothing.
#[expect(clippy::option_option, reason = "not given, given and wrong, given and right are three things")]
pub(super) fn wanted<T>(given: Option<Option<T>>) -> Option<Option<T>> {
    match given {
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
        None => Some(None),
    }
}
