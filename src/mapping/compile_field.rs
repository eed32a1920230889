//! One field compiled: where its value comes from, its transforms, its code list.

use super::compile::{Compiler, wanted};
use super::compile_nested::Flat;
use super::document::{ChainDoc, CodeDoc, StepDoc};
use super::expression::Expression;
use super::field::{AtDate, CodeUse, Field, Take};
use super::reader::Spot;
use super::steps::{Chain, Origin};
use super::transform::Transform;
use crate::codes::By;
use crate::model::suggest;

impl Compiler<'_, '_> {
    pub(super) fn one_field(&mut self, flat: Flat, earlier: &[String]) -> Option<Field> {
        let Flat { mut doc, parts, part } = flat;
        let shape = self.shape(&mut doc, &parts, earlier);
        let chain = if parts.is_empty() {
            self.chain(doc.chain, &doc.name.value)
        } else {
            Some(Chain { origin: Origin::Parts, steps: Vec::new() })
        };
        let then = self.steps(doc.then, &doc.name.value);
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
            shape: shape?,
            then,
            or: wanted(or)?,
            code: wanted(code)?,
            split: wanted(split)?,
            default: doc.default,
            only_with: wanted(only_with)?,
            required: doc.required,
            internal: doc.internal,
            part,
            law: doc.law,
        })
    }

    fn steps(&self, docs: Vec<StepDoc>, field: &str) -> Vec<Transform> {
        let mut steps = Vec::new();
        for step in docs {
            match Transform::compile(&step.name.value, &step.argument) {
                Ok(transform) => steps.push(transform),
                Err(message) => self.reader.fault(step.name.line, format!("`{field}`: {message}")),
            }
        }
        steps
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
        let steps = self.steps(doc.via, field);
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
        let keep = self.word(doc.unknown.as_ref(), "unknown", &[("hold", false), ("keep", true)]);
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
        // Cities and districts bear the same names, and so do communes: only within its parent does a name say anything.
        if by.is_some_and(|by| by != By::Code) && list.column("parent").is_some() {
            let message = format!(
                "danh mục `{}` có nhiều nơi trùng tên, tên không tự quyết định: thêm by = \"code\", hoặc khai báo [units] với by = \"name\" / \
                 places share names: add by = \"code\", or declare [units] with by = \"name\"",
                list.name()
            );
            self.reader.fault(doc.by.as_ref().map_or(doc.list.line, |by| by.line), message);
        }
        let dated = list.entries().iter().any(|e| e.valid_from.is_some() || e.valid_to.is_some());
        Some(CodeUse { list, by: by?, at: at?, take: take?, keep: keep?, dated })
    }
}
