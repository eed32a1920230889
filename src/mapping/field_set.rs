//! The fields of a record in the contract's order, and the rules over them.

use std::sync::Arc;

use jiff::civil::Date;

use super::field::{Context, Field};
use super::steps::Watch;
use super::transform::Refusal;
use super::units::Units;
use crate::model::{Complaint, Decisions, Layout, RawRow, Reason, Severity, ValueRef};
use crate::rules::facts::usual_severity;
use crate::rules::{Facts, Findings, Rule, Slot};

/// A rule with the severity that the mapping wants.
#[derive(Debug)]
pub(super) struct RuleUse {
    pub(super) rule: Box<dyn Rule>,
    pub(super) severity: Option<Severity>,
    pub(super) name: String,
    /// The fields that its parameters name.
    pub(super) fields: Vec<usize>,
}

/// Compiled fields and rules.
#[derive(Debug)]
pub(crate) struct FieldSet {
    pub(super) fields: Vec<Field>,
    pub(super) names: Vec<String>,
    pub(super) rules: Vec<RuleUse>,
    /// The names without the internal ones.
    pub(super) layout: Arc<Layout>,
    /// The places of the fields that are not internal, in the layout's order.
    pub(super) visible: Vec<usize>,
    /// What its units mean and become, between fields and rules.
    pub(super) units: Option<Units>,
}

impl FieldSet {
    /// Evaluates all fields and rules.
    pub(super) fn run<'v>(
        &'v self,
        (row, today, decided): (&RawRow<'v>, Date, &Decisions),
        out: &mut Findings,
        watch: &mut impl Watch,
    ) -> Vec<Slot<'v>> {
        let mut slots: Vec<Slot<'v>> = Vec::with_capacity(self.fields.len());
        // A column that cannot be read is told once, however many fields are made of it.
        let mut told: Vec<(Option<usize>, Reason)> = Vec::new();
        for field in &self.fields {
            watch.begin();
            let (slot, refusal) = field.run(&Context { row, today, earlier: &slots }, out, watch);
            if let Some(refusal) = refusal
                && !field.internal
            {
                let column = field.plain_column(row);
                let mark = (column, refusal.reason);
                // Two lists of one column may each have a bad row of their own.
                if column.is_none() || refusal.value.is_some() || !told.contains(&mark) {
                    out.complaints.push(complaint(&field.name, slot.source, refusal));
                    told.push(mark);
                }
            }
            slots.push(slot);
        }
        if let Some(units) = &self.units {
            units.settle((row, today, decided), &mut slots, &self.names, out, watch);
        }
        let facts = Facts { slots: &slots, names: &self.names, today };
        for rule in &self.rules {
            out.severity = rule.severity;
            rule.rule.judge(&facts, out);
        }
        out.severity = None;
        slots
    }

    /// The canonical record of finished fields, every key there.
    pub(super) fn canonical(&self, slots: &[Slot<'_>]) -> String {
        self.layout.canonical(|at| value(&slots[self.visible[at]]))
    }

    /// The canonical record of the fields that are known: a stop leaves out what it does not know, for an empty value
    /// would be laid over what the nation has.
    pub(super) fn known(&self, slots: &[Slot<'_>]) -> String {
        let known: Vec<usize> = self.visible.iter().copied().filter(|at| !slots[*at].is_empty()).collect();
        let layout = Layout::new(known.iter().map(|at| self.names[*at].clone()).collect());
        layout.canonical(|at| value(&slots[known[at]]))
    }
}

fn value<'s>(slot: &'s Slot<'_>) -> ValueRef<'s> {
    match (&slot.nested, &slot.items) {
        (Some(nested), _) => ValueRef::Nested(nested),
        (None, Some(items)) => ValueRef::List(items),
        (None, None) => ValueRef::Text(&slot.text),
    }
}

fn complaint(field: &str, source: Option<&str>, refusal: Refusal) -> Complaint {
    Complaint {
        reason: refusal.reason,
        severity: usual_severity(refusal.reason),
        field: field.to_owned(),
        value: refusal.value.unwrap_or_else(|| source.unwrap_or("").to_owned()),
        proposal: refusal.proposal,
        detail: refusal.detail.into_owned(),
    }
}
