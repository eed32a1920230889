//! A mapping that differs from another in a few fields names it as its base.

use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::MAX_BYTES;
use super::document::{ChainDoc, Document, FieldDoc, StopDoc, WhenDoc};
use super::reader::{Reader, Section};
use crate::model::{Fault, Faults};

/// The file and the text of the base that a document names; `None` where it names none.
pub(super) fn read(file: &Path, reader: &Reader<'_>, table: &DeTable<'_>) -> Result<Option<(PathBuf, String)>, Faults> {
    // Only looked for here: `document` reads the section and says what is wrong with it.
    let Some(head) = table.get("mapping").and_then(|head| head.get_ref().as_table()) else { return Ok(None) };
    let Some(base) = Section::new(reader, "mapping", head, 1).text("base") else { return Ok(None) };
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if base.value.is_empty() || !base.value.chars().all(plain) {
        let message = format!("base `{}`: tên một ánh xạ cùng thư mục / the name of a mapping beside it", base.value);
        return Err(Fault::at(file, base.line, message).into());
    }
    let path = file.with_file_name(format!("{}.toml", base.value));
    if path == file {
        return Err(Fault::at(file, base.line, "base: chính tệp này / the file itself").into());
    }
    match crate::codes::lists::read_bounded(&path, MAX_BYTES) {
        Ok(text) => Ok(Some((path, text))),
        Err(fault) => Err(Fault::at(file, base.line, format!("base: {fault}")).into()),
    }
}

impl Document {
    /// This document laid over its base: fields of the same name take their place, all else is added. Columns of the base
    /// that nothing reads any more are left out, for a column that is read has rows judged again.
    pub(super) fn over(mut self, mut base: Self) -> Self {
        for field in self.set.fields {
            match base.set.fields.iter_mut().find(|f| f.name.value == field.name.value) {
                Some(place) => *place = field,
                None => base.set.fields.push(field),
            }
        }
        base.set.rules.append(&mut self.set.rules);
        base.set.line = self.set.line;
        base.columns.retain(|(name, _)| self.columns.iter().all(|(own, _)| own.value != name.value));
        base.stop = self.stop.or(base.stop);
        base.unit = self.unit.or(base.unit);
        base.lane = self.lane.or(base.lane);
        base.about = self.about.or(base.about);
        base.units = self.units.or(base.units);
        base.facts = self.facts.or(base.facts);
        base.frozen.append(&mut self.frozen);
        if !self.key.value.is_empty() {
            base.key = self.key;
        }
        let mut read = Mentions(vec![base.key.value.clone()], Vec::new());
        base.set.fields.iter().for_each(|f| read.field(f));
        if let Some(stop) = &base.stop {
            read.stop(stop);
        }
        read.0.extend(base.units.iter().filter_map(|units| units.column.as_ref()).map(|c| c.value.clone()));
        base.columns.retain(|(name, _)| read.has(&name.value));
        base.inherited = base.columns.len();
        base.columns.append(&mut self.columns);
        Self { entity: self.entity, examples: self.examples, ..base }
    }
}

/// The columns that a document speaks of: by name, and within expressions.
struct Mentions(Vec<String>, Vec<String>);

impl Mentions {
    fn has(&self, column: &str) -> bool {
        self.0.iter().any(|name| name == column) || self.1.iter().any(|expression| expression.contains(column))
    }

    fn chain(&mut self, chain: &ChainDoc) {
        self.0.extend(chain.from.iter().map(|c| c.value.clone()));
        self.1.extend(chain.computed.iter().map(|c| c.value.clone()));
    }

    fn field(&mut self, field: &FieldDoc) {
        self.chain(&field.chain);
        field.or.iter().for_each(|or| self.chain(or));
        field.parts.iter().for_each(|part| self.field(part));
        self.0.extend(field.only_with.iter().map(|c| c.value.clone()));
        self.0.extend(field.code.iter().filter_map(|code| code.at.as_ref()).map(|at| at.value.clone()));
    }

    fn stop(&mut self, stop: &StopDoc) {
        match &stop.when {
            WhenDoc::Filled(columns) => self.0.extend(columns.iter().map(|c| c.value.clone())),
            WhenDoc::Word { column, .. } => self.0.push(column.value.clone()),
        }
        stop.set.fields.iter().for_each(|f| self.field(f));
    }
}
