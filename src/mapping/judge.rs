//! A mapping over a row: a record to write, a stop, or complaints.

use std::sync::Arc;

use jiff::civil::Date;

use super::Mapping;
use super::field::Context;
use super::field_set::FieldSet;
use super::steps::Watch;
use crate::codes::{At, By, CodeList, Found, fold};
use crate::model::{Action, Complaint, Decisions, Judgement, RawRow, Reason, Severity, text};
use crate::rules::facts::usual_severity;
use crate::rules::{Facts, Findings, Slot};

/// The contract's longest reference, in characters (national-systems, section 6).
const MAX_KEY: usize = 100;

/// When a row is a stop, and what a stop says.
#[derive(Debug)]
pub(crate) struct Stop {
    pub(super) when: When,
    /// Of each group, one field must be there.
    pub(super) need: Vec<Vec<usize>>,
    pub(super) set: FieldSet,
}

/// Which rows are stops.
#[derive(Debug)]
pub(super) enum When {
    /// The column has one of these: codes of the list; without a list, folded words.
    Word { column: usize, list: Option<Arc<CodeList>>, is: Vec<String> },
    /// One of these columns is not empty, whatever stands there.
    Filled(Vec<usize>),
}

impl Stop {
    fn applies(&self, row: &RawRow<'_>) -> bool {
        let (column, list, is) = match &self.when {
            When::Filled(columns) => {
                return columns.iter().any(|c| row.get(*c).is_some_and(|t| !t.trim().is_empty()));
            }
            When::Word { column, list, is } => (*column, list, is),
        };
        let Some(Ok(value)) = row.get(column).map(text::clean) else { return false };
        if value.is_empty() {
            return false;
        }
        match list {
            None => is.contains(&fold(&value)),
            Some(list) => match list.find(&value, By::Either, At::Ever) {
                Found::Entry(entry) => is.iter().any(|i| **i == *entry.code),
                _ => false,
            },
        }
    }

    fn check_needs(&self, slots: &[Slot<'_>], today: Date, out: &mut Findings) {
        let facts = Facts { slots, names: &self.set.names, today };
        for group in &self.need {
            // A field that is there but could not be read has its own complaint.
            if group.iter().all(|f| facts.is_empty(*f)) {
                let names: Vec<&str> = group.iter().map(|f| self.set.names[*f].as_str()).collect();
                out.complain(
                    &facts,
                    group[0],
                    Reason::StopIncomplete,
                    &format!("thiếu / missing: {}", names.join(" | ")),
                );
            }
        }
    }
}

impl Mapping {
    /// Judges a row as of a day. Never fails: what is wrong becomes complaints.
    pub fn judge(&self, row: &RawRow<'_>, today: Date) -> Judgement {
        self.judge_decided(row, today, &Decisions::default())
    }

    /// The same, with what people decided about addresses in units that were split.
    pub fn judge_decided(&self, row: &RawRow<'_>, today: Date, decided: &Decisions) -> Judgement {
        self.judge_watched(row, today, decided, &mut ())
    }

    pub(super) fn judge_watched(
        &self,
        row: &RawRow<'_>,
        today: Date,
        decided: &Decisions,
        watch: &mut impl Watch,
    ) -> Judgement {
        let mut out = Findings::default();
        out.complaints.extend(self.check_key(row));
        let stop = self.stop.as_ref().filter(|s| s.applies(row));
        let set = stop.map_or(&self.write, |s| &s.set);
        let slots = set.run((row, today, decided), &mut out, watch);
        if let Some(stop) = stop {
            stop.check_needs(&slots, today, &mut out);
        }
        let lane = self.lane.as_ref().filter(|_| stop.is_none()).map(|lane| lane.of(set, &slots, &mut out));
        let unit = match (stop, self.unit) {
            (_, None) => String::new(),
            (None, Some(field)) => slots[field].text.clone().into_owned(),
            (Some(_), Some(field)) => self.unit_of(field, row, today, decided),
        };
        let blocked = out.complaints.iter().any(|c| c.severity == Severity::Block);
        let canonical = match stop {
            _ if blocked => String::new(),
            Some(stop) => stop.set.known(&slots),
            None => self.write.canonical(&slots),
        };
        let about = if blocked && stop.is_none() { self.write.known(&slots) } else { String::new() };
        let said = self.facts.as_ref().and_then(|facts| match stop {
            None => facts.said(&Facts { slots: &slots, names: &self.write.names, today }, &out.complaints),
            Some(stop) => {
                // The person stands in the row all the same; what is wrong there is no matter of the stop's.
                let mut unheard = Findings::default();
                let record = self.write.run((row, today, decided), &mut unheard, &mut ());
                out.again_on(unheard.again, today);
                let record = Facts { slots: &record, names: &self.write.names, today };
                facts.said_at_stop(&record, &slots, &stop.set.names)
            }
        });
        Judgement {
            action: if stop.is_some() { Action::Stop } else { Action::Write },
            canonical,
            about,
            unit,
            complaints: out.complaints,
            judge_again_on: out.again,
            asked: out.asked,
            lane: lane.filter(|_| !blocked),
            said,
        }
    }

    /// The commune of a stop, whose own fields do not have it. Nothing is complained about here.
    fn unit_of(&self, field: usize, row: &RawRow<'_>, today: Date, decided: &Decisions) -> String {
        if let Some(units) = &self.write.units {
            return units.alone((row, today, decided), &self.write, field);
        }
        let context = Context { row, today, earlier: &[] };
        let (slot, _) = self.write.fields[field].run(&context, &mut Findings::default(), &mut ());
        slot.text.into_owned()
    }

    /// 1 to 100 characters without blanks around and without control characters.
    fn check_key(&self, row: &RawRow<'_>) -> Option<Complaint> {
        let key = row.get(self.key).unwrap_or("");
        let (reason, detail) = if key.trim().is_empty() {
            (Reason::KeyMissing, "")
        } else if key.trim() != key || key.chars().any(char::is_control) || key.chars().nth(MAX_KEY).is_some() {
            (
                Reason::BadValue,
                "khóa: 1 đến 100 ký tự, không có dấu cách ở hai đầu / 1 to 100 characters without blanks around",
            )
        } else {
            return None;
        };
        Some(Complaint {
            reason,
            severity: usual_severity(reason),
            field: self.key().to_owned(),
            value: key.to_owned(),
            proposal: None,
            detail: detail.to_owned(),
        })
    }
}
