//! The examples of a document, resolved.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::compile::Compiler;
use super::document::ExampleDoc;
use super::example::Example;
use super::field_set::FieldSet;
use super::judge::Stop;
use super::reader::Spot;
use crate::model::{Reason, suggest};

/// Resolves every example that can be; what cannot becomes a fault.
pub(super) fn examples(
    compiler: &mut Compiler<'_, '_>,
    docs: Vec<ExampleDoc>,
    write: &FieldSet,
    stop: Option<&Stop>,
) -> Vec<Example> {
    docs.into_iter().filter_map(|doc| one(compiler, doc, write, stop)).collect()
}

fn one(compiler: &mut Compiler<'_, '_>, doc: ExampleDoc, write: &FieldSet, stop: Option<&Stop>) -> Option<Example> {
    let today: Option<Date> = doc.today.value.parse().ok();
    if today.is_none() {
        compiler.reader.fault(doc.today.line, "today phải là yyyy-MM-dd / must be yyyy-MM-dd");
    }
    if let Some(to) = &doc.to
        && !write.units.as_ref().is_some_and(|u| u.knows(&to.value))
    {
        let message = format!("to = `{}`: không phải danh mục của [units] / no catalogue of [units]", to.value);
        compiler.reader.fault(to.line, message);
    }
    let mut row = vec![None; compiler.columns.len()];
    for (name, value) in doc.row {
        if let Some(at) = compiler.columns.iter().position(|c| *c == name.value) {
            row[at] = Some(value.value);
            continue;
        }
        let hint = suggest::hint(&name.value, compiler.columns.iter().map(String::as_str));
        compiler.reader.fault(name.line, format!("không có cột `{}`{hint} / no such column", name.value));
    }
    let set = stop.filter(|_| doc.stop).map_or(write, |s| &s.set);
    let record = doc.record.map(|fields| {
        let mut record = BTreeMap::new();
        for (name, given) in fields {
            if !set.layout.names().contains(&name.value) {
                let hint = suggest::hint(&name.value, set.layout.names().iter().map(String::as_str));
                compiler.reader.fault(name.line, format!("không có trường `{}`{hint} / no such field", name.value));
            }
            record.insert(name.value, (given.value, given.line));
        }
        record
    });
    if record.is_none() && doc.held.is_empty() {
        compiler.reader.fault(doc.name.line, "ví dụ cần record hoặc held / an example needs record or held");
    }
    let held = reasons(compiler, doc.held);
    let warn = reasons(compiler, doc.warn);
    Some(Example {
        name: doc.name.value,
        line: doc.name.line,
        today: today?,
        to: doc.to.map(|t| t.value),
        row,
        record,
        stop: doc.stop,
        held,
        warn,
    })
}

fn reasons(compiler: &Compiler<'_, '_>, words: Vec<Spot<String>>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for word in words {
        if let Some(reason) = Reason::from_word(&word.value) {
            reasons.push(reason);
            continue;
        }
        let hint = suggest::hint(&word.value, Reason::ALL.iter().map(|r| r.word()));
        compiler.reader.fault(word.line, format!("không có lý do `{}`{hint} / no such reason", word.value));
    }
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}
