//! Which dossier a record is of, and what may follow what there: `[lane]` of a mapping, over a finished row.

use std::sync::Arc;

use super::compile::{Compiler, wanted};
use super::field_set::FieldSet;
use super::reader::{Section, Spot};
use crate::codes::CodeList;
use crate::model::{Complaint, Lane, Moves, Reason};
use crate::rules::facts::usual_severity;
use crate::rules::{Findings, Slot};

/// The columns of a list of moves.
const FROM: &str = "from";
const TO: &str = "to";

/// `[lane]` as it is written: which fields put a record in order among those of its dossier.
#[derive(Debug)]
pub(super) struct LaneDoc {
    name: Spot<String>,
    at: Option<Spot<String>>,
    status: Spot<String>,
    order: Spot<String>,
    line: usize,
}

pub(super) fn read(mut section: Section<'_, '_>) -> LaneDoc {
    let (name, at) = (section.required("name"), section.text("at"));
    let (status, order) = (section.required("status"), section.required("order"));
    let line = section.line;
    section.finish();
    LaneDoc { name, at, status, order, line }
}

/// The compiled section.
#[derive(Debug)]
pub struct LaneUse {
    name: usize,
    at: Option<usize>,
    status: usize,
    /// The field's name, for people.
    pub name_field: String,
    /// The field's name, for people.
    pub at_field: String,
    /// The field's name, for people.
    pub status_field: String,
    /// The moves that are a step back.
    pub moves: Arc<Moves>,
}

impl LaneUse {
    /// The lane of a row; what it lacks becomes a complaint, for nothing can be put in order without it.
    pub(super) fn of(&self, set: &FieldSet, slots: &[Slot<'_>], out: &mut Findings) -> Lane {
        let mut value = |field: usize, fits: fn(&str) -> bool, detail: &str| {
            let slot = &slots[field];
            let reason = if slot.failed || !slot.is_empty() { Reason::BadValue } else { Reason::Missing };
            // One that is sent and could not be read was complained about already.
            let told = slot.failed && !set.fields[field].internal;
            if !told && (slot.failed || slot.is_empty() || !fits(&slot.text)) {
                out.complaints.push(Complaint {
                    reason,
                    severity: usual_severity(reason),
                    field: set.names[field].clone(),
                    value: slot.source.unwrap_or("").to_owned(),
                    proposal: None,
                    detail: detail.to_owned(),
                });
            }
            slot.text.clone().into_owned()
        };
        let needed = "cần để gửi đúng thứ tự / needed to send in order";
        let time = "cần thời điểm yyyyMMddHHmmss để gửi đúng thứ tự / a time yyyyMMddHHmmss is needed to send in order";
        Lane {
            name: value(self.name, |_| true, needed),
            at: self.at.map(|at| value(at, is_time, time)).unwrap_or_default(),
            status: value(self.status, |_| true, needed),
        }
    }
}

/// Fourteen digits: texts of the same length sort as the times that they are.
fn is_time(text: &str) -> bool {
    text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit())
}

impl Compiler<'_, '_> {
    /// Resolves the section; `None` when a fault was written.
    pub(super) fn lane(&mut self, doc: &LaneDoc, set: &FieldSet, stops: bool) -> Option<LaneUse> {
        if stops {
            // A stop would have no place in the order: nothing says at which step it is.
            self.reader.fault(doc.line, "[lane] không đi cùng [stop] / does not go together with [stop]");
            return None;
        }
        let (name, status) = (self.field(&doc.name, &set.names), self.field(&doc.status, &set.names));
        let at = wanted(doc.at.as_ref().map(|at| self.field(at, &set.names)));
        let list = self.list(&doc.order);
        let (name, at, status, list) = (name?, at?, status?, list?);
        // `names` has the field even where it was refused: its own fault is told then.
        let places = [Some(name), at, Some(status)];
        if set.fields.len() != set.names.len() {
            return None;
        }
        for place in places.into_iter().flatten() {
            if set.fields[place].split.is_some() {
                let message = format!("[lane] `{}` là danh sách / is a list", set.names[place]);
                self.reader.fault(doc.line, message);
                return None;
            }
        }
        let codes = set.fields[status].code.as_ref().map(|code| Arc::clone(&code.list));
        let moves = self.moves(&list, codes.as_deref())?;
        Some(LaneUse {
            name,
            at,
            status,
            name_field: set.names[name].clone(),
            at_field: at.map(|at| set.names[at].clone()).unwrap_or_default(),
            status_field: set.names[status].clone(),
            moves: Arc::new(moves),
        })
    }

    /// Reads the moves that are a step back; every mistake is told at its line of the list.
    fn moves(&mut self, list: &CodeList, codes: Option<&CodeList>) -> Option<Moves> {
        let (from, to) = (list.column(FROM), list.column(TO));
        let (Some(from), Some(to)) = (from, to) else {
            let message = format!("danh mục `{}` thiếu cột `{FROM}` hoặc `{TO}` / a column is missing", list.name());
            self.list_fault(list, 1, message);
            return None;
        };
        let (mut moves, mut fine) = (Vec::new(), true);
        for entry in list.entries() {
            let step = (entry.extra(from), entry.extra(to));
            let unknown = |code: &&str| codes.is_some_and(|codes| codes.rows(code).next().is_none());
            let wrong = if step.0.is_empty() || step.1.is_empty() {
                Some("thiếu from hoặc to / from or to is empty".to_owned())
            } else if step.0 == step.1 {
                Some(format!("`{}` → `{}`: giữ nguyên không phải là lùi / to stay is no step back", step.0, step.1))
            } else {
                [step.0, step.1].iter().find(|code| unknown(code)).map(|code| {
                    let name = codes.map_or("", CodeList::name);
                    format!("danh mục `{name}` không có mã `{code}` / the list of statuses has no such code")
                })
            };
            if let Some(wrong) = wrong {
                self.list_fault(list, entry.line, wrong);
                fine = false;
            }
            moves.push((step.0.to_owned(), step.1.to_owned()));
        }
        fine.then(|| moves.into_iter().collect())
    }
}
