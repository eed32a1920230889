//! Rules that only look whether a field is there or has a certain code.

use super::{Facts, Findings, Params, Rule};
use crate::model::Reason;

#[derive(Debug)]
struct ToldWhen {
    field: usize,
    is: Vec<String>,
    reason: Reason,
}

/// Tells (or holds, by the reason's severity) when a field has one of some codes.
pub(super) fn told_when(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (field, is, reason) = (p.field("field"), p.texts("is"), p.reason("reason"));
    Some(Box::new(ToldWhen { field: field?, is: is?, reason: reason? }))
}

impl Rule for ToldWhen {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        if facts.text(self.field).is_some_and(|v| self.is.iter().any(|i| i == v)) {
            out.complain(facts, self.field, self.reason, "");
        }
    }
}

#[derive(Debug)]
struct RequiredWhen {
    field: usize,
    is: Option<Vec<String>>,
    need: Vec<usize>,
}

/// Fields that must be there when another field is there, or has one of some codes.
pub(super) fn required_when(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (field, is, need) = (p.field("field"), p.optional_texts("is"), p.fields("need"));
    Some(Box::new(RequiredWhen { field: field?, is, need: need? }))
}

impl Rule for RequiredWhen {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        let Some(value) = facts.text(self.field) else { return };
        if self.is.as_ref().is_some_and(|is| !is.iter().any(|i| i == value)) {
            return;
        }
        // Another field may have asked for the same one: it is told once.
        let told = |out: &Findings, need: usize| {
            out.complaints.iter().any(|c| c.reason == Reason::Missing && c.field == facts.names[need])
        };
        for need in self.need.iter().filter(|n| facts.is_empty(**n)) {
            if told(out, *need) {
                continue;
            }
            let detail = format!("phải có khi {} đã có / needed beside it", facts.names[self.field]);
            out.complain(facts, *need, Reason::Missing, &detail);
        }
    }
}
