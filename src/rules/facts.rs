//! What a rule sees and what it says.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::Date;

use crate::model::calendar::PartialDate;
use crate::model::{Asked, Complaint, FieldValue, Reason, Severity};

/// A judgement over finished fields.
pub trait Rule: Send + Sync + fmt::Debug {
    /// Adds what it finds.
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings);
}

/// One finished field of a row.
#[derive(Debug, Clone, Default)]
pub struct Slot<'a> {
    /// The national value; empty when unknown. Of a list: empty.
    pub text: Cow<'a, str>,
    /// The values of a list.
    pub items: Option<Vec<Cow<'a, str>>>,
    /// An object or a list of objects; its text is empty then.
    pub nested: Option<FieldValue>,
    /// What the source has in the column it was made from.
    pub source: Option<&'a str>,
    /// It was complained about already: rules leave it alone.
    pub failed: bool,
}

impl Slot<'_> {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
            && self.items.as_ref().is_none_or(Vec::is_empty)
            && self.nested.as_ref().is_none_or(FieldValue::is_empty)
    }
}

/// All finished fields of a row, and the day.
#[derive(Debug)]
pub struct Facts<'r, 'a> {
    /// By field index.
    pub slots: &'r [Slot<'a>],
    /// The fields' names, for complaints.
    pub names: &'r [String],
    /// The day of judgement.
    pub today: Date,
}

impl<'r> Facts<'r, '_> {
    /// The value of a field; `None` when empty or already complained about.
    pub fn text(&self, field: usize) -> Option<&'r str> {
        let slot = self.slots.get(field)?;
        (!slot.failed && !slot.text.is_empty()).then(|| slot.text.as_ref())
    }

    /// Whether the field is empty, and not because it could not be read.
    pub fn is_empty(&self, field: usize) -> bool {
        self.slots.get(field).is_some_and(|s| !s.failed && s.is_empty())
    }

    /// The value as a date known to the day, month or year.
    pub fn date(&self, field: usize) -> Option<PartialDate> {
        PartialDate::read(self.text(field)?)
    }
}

/// What the rules and fields said of one row.
#[derive(Debug, Default)]
pub struct Findings {
    /// All complaints, in the order in which they were found.
    pub complaints: Vec<Complaint>,
    /// The first day on which something could be judged otherwise.
    pub again: Option<Date>,
    /// The mapping's severity for the rule that speaks now.
    pub severity: Option<Severity>,
    /// What was asked about the record's address, where its unit was split.
    pub asked: Option<Asked>,
}

impl Findings {
    /// Complains about a field, with the severity of the reason unless the mapping says otherwise.
    pub fn complain(&mut self, facts: &Facts<'_, '_>, field: usize, reason: Reason, detail: &str) {
        self.propose(facts, field, reason, detail, None);
    }

    /// The same, with what would be right beside it.
    pub fn propose(
        &mut self,
        facts: &Facts<'_, '_>,
        field: usize,
        reason: Reason,
        detail: &str,
        proposal: Option<String>,
    ) {
        let slot = facts.slots.get(field);
        let value = slot.map_or("", |s| s.source.unwrap_or(&s.text));
        self.complaints.push(Complaint {
            reason,
            severity: self.severity.unwrap_or_else(|| usual_severity(reason)),
            field: facts.names.get(field).cloned().unwrap_or_default(),
            value: value.to_owned(),
            proposal,
            detail: detail.to_owned(),
        });
    }

    /// Says that from this day on the verdict could differ. Days up to `today` do not count.
    pub fn again_on(&mut self, day: Option<Date>, today: Date) {
        if let Some(day) = day.filter(|d| *d > today) {
            self.again = Some(self.again.map_or(day, |known| known.min(day)));
        }
    }
}

/// National-systems, section 7: the reasons from `identity-sex` on are only told.
pub fn usual_severity(reason: Reason) -> Severity {
    if reason >= Reason::IdentitySex { Severity::Warn } else { Severity::Block }
}
