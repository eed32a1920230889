//! The parameters that a mapping gives a rule, resolved to fields and lists, with all that is wrong with them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::codes::{CodeList, CodeLists};
use crate::model::{Fault, Reason, suggest};

/// A parameter's value as the mapping has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// A text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// A whole number.
    Number(i64),
}

/// A parameter and its line.
#[derive(Debug, Clone)]
pub struct Param {
    /// What was given.
    pub given: Given,
    /// Where.
    pub line: usize,
}

/// The parameters of one rule, taken one by one; what is left over is a fault.
pub struct Params<'p> {
    /// The rule's name, for messages.
    pub rule: &'p str,
    /// The mapping file.
    pub file: &'p Path,
    /// The line of the rule.
    pub line: usize,
    /// What was given.
    pub given: BTreeMap<String, Param>,
    /// The names of the fields, internal ones included.
    pub fields: &'p [String],
    /// The folder of lists.
    pub lists: &'p mut CodeLists,
    /// Where faults go.
    pub faults: &'p mut Vec<Fault>,
    asked: Vec<&'static str>,
}

impl<'p> Params<'p> {
    /// Parameters to take from.
    pub fn new(
        rule: &'p str,
        (file, line): (&'p Path, usize),
        given: BTreeMap<String, Param>,
        fields: &'p [String],
        lists: &'p mut CodeLists,
        faults: &'p mut Vec<Fault>,
    ) -> Self {
        Self { rule, file, line, given, fields, lists, faults, asked: Vec::new() }
    }

    fn fault(&mut self, line: usize, message: String) {
        self.faults.push(Fault::at(self.file, line, message));
    }

    fn take(&mut self, name: &'static str) -> Option<Param> {
        self.asked.push(name);
        self.given.remove(name)
    }

    fn missing(&mut self, name: &str) {
        let hint = suggest::hint(name, self.given.keys().map(String::as_str));
        self.fault(self.line, format!("quy tắc `{}` thiếu tham số `{name}`{hint} / parameter is missing", self.rule));
    }

    fn wrong(&mut self, name: &str, line: usize, wanted: &str) {
        self.fault(line, format!("tham số `{name}` của `{}` phải là {wanted} / wrong type of parameter", self.rule));
    }

    /// A text that must be given.
    pub fn text(&mut self, name: &'static str) -> Option<(String, usize)> {
        let given = self.optional_text(name);
        if given.is_none() && !self.faults.iter().any(|f| f.message.starts_with(&format!("tham số `{name}`"))) {
            self.missing(name);
        }
        given
    }

    fn optional_text(&mut self, name: &'static str) -> Option<(String, usize)> {
        let param = self.take(name)?;
        if let Given::Text(text) = param.given {
            return Some((text, param.line));
        }
        self.wrong(name, param.line, "một chuỗi (text)");
        None
    }

    /// One text or a list of texts.
    pub fn texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        let texts = self.optional_texts(name);
        if texts.is_none() {
            self.missing(name);
        }
        texts
    }

    /// One text or a list of texts, if given.
    pub fn optional_texts(&mut self, name: &'static str) -> Option<Vec<String>> {
        let param = self.take(name)?;
        match param.given {
            Given::Text(text) => Some(vec![text]),
            Given::Texts(texts) if !texts.is_empty() => Some(texts),
            _ => {
                self.wrong(name, param.line, "một chuỗi hoặc danh sách chuỗi (texts)");
                None
            }
        }
    }

    /// A small whole number with a default.
    pub fn number(&mut self, name: &'static str, default: i16) -> i16 {
        let Some(param) = self.take(name) else { return default };
        if let Given::Number(n) = param.given
            && let Ok(n) = i16::try_from(n)
            && n >= 0
        {
            return n;
        }
        self.wrong(name, param.line, "một số nguyên nhỏ, không âm (small whole number)");
        default
    }

    /// A field that must be given.
    pub fn field(&mut self, name: &'static str) -> Option<usize> {
        let (field, line) = self.text(name)?;
        self.resolve(&field, line)
    }

    /// A field, if given.
    pub fn optional_field(&mut self, name: &'static str) -> Option<usize> {
        let (field, line) = self.optional_text(name)?;
        self.resolve(&field, line)
    }

    /// Several fields.
    pub fn fields(&mut self, name: &'static str) -> Option<Vec<usize>> {
        let line = self.given.get(name).map_or(self.line, |p| p.line);
        let names = self.texts(name)?;
        let found: Vec<Option<usize>> = names.iter().map(|f| self.resolve(f, line)).collect();
        found.into_iter().collect()
    }

    fn resolve(&mut self, field: &str, line: usize) -> Option<usize> {
        let found = self.fields.iter().position(|f| f == field);
        if found.is_none() {
            let hint = suggest::hint(field, self.fields.iter().map(String::as_str));
            self.fault(line, format!("quy tắc `{}`: không có trường `{field}`{hint} / no such field", self.rule));
        }
        found
    }

    /// A code list that must be given.
    pub fn list(&mut self, name: &'static str) -> Option<Arc<CodeList>> {
        let (list, line) = self.text(name)?;
        let found = self.lists.get(&list);
        if found.is_none() && !self.lists.exists(&list) {
            let names = self.lists.names();
            let hint = suggest::hint(&list, names.iter().map(String::as_str));
            self.fault(line, format!("quy tắc `{}`: không có danh mục `{list}`{hint} / no such code list", self.rule));
        }
        found
    }

    /// A further column that a list must have for this rule.
    pub fn column(&mut self, list: &CodeList, header: &str) -> Option<usize> {
        let found = list.column(header);
        if found.is_none() {
            let hint = suggest::hint(header, list.columns().iter().map(String::as_str));
            let message = format!("thiếu cột `{header}` mà quy tắc `{}` cần{hint} / column is missing", self.rule);
            self.faults.push(Fault::at(list.file(), 1, message));
        }
        found
    }

    /// A reason by its fixed word.
    pub fn reason(&mut self, name: &'static str) -> Option<Reason> {
        let (word, line) = self.text(name)?;
        let found = Reason::from_word(&word);
        if found.is_none() {
            let hint = suggest::hint(&word, Reason::ALL.iter().map(|r| r.word()));
            self.fault(line, format!("không có lý do `{word}`{hint} / no such reason"));
        }
        found
    }

    /// Complains about parameters that the rule does not have.
    pub fn finish(mut self) {
        for (name, param) in std::mem::take(&mut self.given) {
            let hint = suggest::hint(&name, self.asked.iter().copied());
            self.fault(
                param.line,
                format!("quy tắc `{}` không có tham số `{name}`{hint} / unknown parameter", self.rule),
            );
        }
    }
}
