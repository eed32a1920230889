//! From the document to a mapping: every name resolved to an index, or a fault with its line.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::document::{self, ChainDoc, CodeDoc, Document, FieldDoc, RuleDoc, SetDoc};
use super::expression::Expression;
use super::field::{AtDate, CodeUse, Field, Take};
use super::field_set::{FieldSet, RuleUse};
use super::reader::{Reader, Spot};
use super::steps::{Chain, Origin};
use super::transform::Transform;
use super::{ENGINE_VERSION, Mapping};
use crate::codes::{By, CodeLists};
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
    let reader = Reader::new(file, text);
    let (table, errors) = toml::de::DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        for error in errors.iter().take(20) {
            let line = error.span().map_or(1, |s| reader.line(&s));
            reader.fault(line, format!("TOML sai cú pháp / bad syntax: {}", error.message()));
        }
        return Err(Faults(reader.into_faults()));
    }
    let doc = document::read(&reader, table.get_ref());
    let mut compiler =
        Compiler { file, reader: &reader, lists, columns: Vec::new(), used: Vec::new(), faults: Vec::new() };
    let mapping = compiler.mapping(doc, text);
    let mut faults = compiler.faults;
    faults.extend(lists.faults());
    faults.extend(reader.into_faults());
    faults.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    match mapping {
        Some(mapping) if faults.is_empty() => Ok(mapping),
        _ => Err(Faults(faults)),
    }
}

pub(super) struct Compiler<'c, 'd> {
    file: &'c Path,
    pub(super) reader: &'c Reader<'d>,
    lists: &'c mut CodeLists,
    pub(super) columns: Vec<String>,
    used: Vec<bool>,
    faults: Vec<Fault>,
}

impl Compiler<'_, '_> {
    fn mapping(&mut self, doc: Document, text: &str) -> Option<Mapping> {
        let columns = self.read_columns(&doc);
        let key = self.column(&doc.key);
        let write = self.set(doc.set);
        let stop = doc.stop.map(|s| self.stop(s));
        let unit = doc.unit.as_ref().map(|u| self.field(u, &write.names));
        let examples =
            super::example_compile::examples(self, doc.examples, &write, stop.as_ref().and_then(Option::as_ref));
        for (at, column) in self.columns.iter().enumerate() {
            if !self.used[at] {
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
        Some(Mapping {
            entity: doc.entity.value,
            file: self.file.to_owned(),
            columns,
            key: key?,
            unit,
            write,
            stop,
            examples,
            lists: self.lists.used().cloned().collect(),
            digest: self.digest(text),
        })
    }

    /// Over the mapping, the lists that it uses, and the engine.
    fn digest(&self, text: &str) -> [u8; 8] {
        let mut hash = Sha256::new();
        hash.update(ENGINE_VERSION.to_be_bytes());
        for part in [text].into_iter().chain(self.lists.used().flat_map(|l| [l.name(), l.text()])) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut digest = [0; 8];
        digest.copy_from_slice(&hash.finalize()[..8]);
        digest
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
        let names: Vec<String> = doc.fields.iter().map(|f| f.name.value.clone()).collect();
        let mut fields = Vec::new();
        if doc.fields.is_empty() {
            self.reader.fault(doc.line, "không có [[field]] nào / there is no [[field]]");
        }
        for (i, field) in doc.fields.into_iter().enumerate() {
            if names[..i].contains(&field.name.value) {
                self.reader.fault(field.name.line, format!("trường `{}` có hai lần / field twice", field.name.value));
            }
            fields.extend(self.one_field(field, &names[..i]));
        }
        let rules = doc.rules.into_iter().filter_map(|r| self.rule(r, &names)).collect();
        let visible: Vec<usize> = (0..fields.len()).filter(|i| !fields[*i].internal).collect();
        let layout = Layout::new(visible.iter().map(|i| fields[*i].name.clone()).collect());
        FieldSet { fields, names, rules, layout: Arc::new(layout), visible }
    }

    fn one_field(&mut self, doc: FieldDoc, earlier: &[String]) -> Option<Field> {
        let chain = self.chain(doc.chain, &doc.name.value);
        let or = doc.or.map(|or| self.chain(or, &doc.name.value));
        let code = doc.code.map(|code| self.code(&code, earlier));
        let only_with = doc.only_with.map(|c| self.column(&c));
        let split = doc.split.map(|s| {
            let mut characters = s.value.chars();
            let one = characters.next().filter(|_| characters.next().is_none());
            if one.is_none() {
                self.reader.fault(s.line, "list.split phải là một ký tự / must be one character");
            }
            one
        });
        if split.is_some() && doc.default.is_some() {
            self.reader.fault(
                doc.name.line,
                format!("`{}`: danh sách không có default / a list has no default", doc.name.value),
            );
        }
        // Each `?` below stands for a fault that was written above.
        Some(Field {
            name: doc.name.value,
            chain: chain?,
            or: wanted(or)?,
            code: wanted(code)?,
            split: wanted(split)?,
            default: doc.default,
            only_with: wanted(only_with)?,
            required: doc.required,
            internal: doc.internal,
            law: doc.law,
        })
    }

    fn chain(&mut self, doc: ChainDoc, field: &str) -> Option<Chain> {
        let mut origins = Vec::new();
        origins.extend(doc.from.as_ref().map(|c| self.column(c).map(Origin::Column)));
        origins.extend(doc.constant.as_ref().map(|c| self.constant(c)));
        origins.extend(doc.computed.as_ref().map(|c| self.computed(c)));
        if origins.len() != 1 {
            let message = format!("`{field}` cần đúng một trong from, constant, computed / needs exactly one of them");
            self.reader.fault(doc.line, message);
            return None;
        }
        let mut steps = Vec::new();
        for step in doc.via {
            match Transform::compile(&step.name.value, &step.argument) {
                Ok(transform) => steps.push(transform),
                Err(message) => self.reader.fault(step.name.line, format!("`{field}`: {message}")),
            }
        }
        Some(Chain { origin: origins.pop()??, steps })
    }

    fn constant(&self, constant: &Spot<String>) -> Option<Origin> {
        match crate::model::text::clean(&constant.value) {
            Ok(clean) if clean == constant.value => Some(Origin::Constant(constant.value.clone())),
            _ => {
                self.reader.fault(constant.line, "constant: phải là NFC, không có dấu cách ở hai đầu, không có ký tự điều khiển / must be clean text");
                None
            }
        }
    }

    fn computed(&mut self, text: &Spot<String>) -> Option<Origin> {
        match Expression::compile(&text.value, &self.columns) {
            Ok(expression) => {
                expression.columns().for_each(|c| self.used[c] = true);
                Some(Origin::Computed(Box::new(expression)))
            }
            Err(message) => {
                self.reader.fault(text.line, message);
                None
            }
        }
    }

    fn code(&mut self, doc: &CodeDoc, earlier: &[String]) -> Option<CodeUse> {
        let list = self.list(&doc.list);
        let by = self.word(doc.by.as_ref(), "by", &[("either", By::Either), ("code", By::Code), ("name", By::Name)]);
        let takes = [("code", Take::Code), ("name", Take::Name), ("successor", Take::Successor)];
        let take = self.word(doc.take.as_ref(), "take", &takes);
        let at = match &doc.at {
            None => Some(AtDate::Today),
            Some(at) if at.value == "today" => Some(AtDate::Today),
            Some(at) if at.value == "ever" => Some(AtDate::Ever),
            Some(at) => match earlier.iter().position(|f| *f == at.value) {
                Some(field) => Some(AtDate::Field(field)),
                None if self.columns.contains(&at.value) => self.column(at).map(AtDate::Column),
                None => {
                    let known = earlier.iter().chain(&self.columns).map(String::as_str).chain(["today", "ever"]);
                    let hint = suggest::hint(&at.value, known);
                    let message = format!(
                        "code.at `{}`: today, ever, một cột, hoặc một trường đứng trước{hint} / a column or an earlier field",
                        at.value
                    );
                    self.reader.fault(at.line, message);
                    None
                }
            },
        };
        let list = list?;
        let dated = list.entries().iter().any(|e| e.valid_from.is_some() || e.valid_to.is_some());
        Some(CodeUse { list, by: by?, at: at?, take: take?, dated })
    }

    fn word<T: Copy>(&self, given: Option<&Spot<String>>, key: &str, known: &[(&str, T)]) -> Option<T> {
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
