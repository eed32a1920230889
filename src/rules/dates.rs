//! Dates that lie in the future, are out of order or long past. A date known by month or year is compared as the span that
//! it can mean: only what is surely wrong is complained about.

use jiff::ToSpan;

use super::{Facts, Findings, Params, Rule};
use crate::model::Reason;
use crate::model::calendar::birthday;

#[derive(Debug)]
struct NotInFuture {
    dates: Vec<usize>,
    only: Option<(usize, Vec<String>)>,
}

/// A date after today; with `only_if` and `is`, only when that field has one of these codes.
pub(super) fn not_in_future(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (dates, only_if) = (p.fields("dates"), p.optional_field("only_if"));
    let only = match only_if {
        Some(field) => Some((field, p.texts("is")?)),
        None => None,
    };
    Some(Box::new(NotInFuture { dates: dates?, only }))
}

impl Rule for NotInFuture {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        if let Some((field, is)) = &self.only
            && !facts.text(*field).is_some_and(|v| is.iter().any(|i| i == v))
        {
            return;
        }
        for field in &self.dates {
            if let Some(date) = facts.date(*field)
                && date.earliest() > facts.today
            {
                out.complain(facts, *field, Reason::FutureDate, "");
                out.again_on(Some(date.earliest()), facts.today);
            }
        }
    }
}

#[derive(Debug)]
struct Order {
    first: usize,
    then: usize,
    told: usize,
}

/// The field `then` is surely before the field `first`. Where `then` is a field of the mapping's own, `field` is the one that
/// staff know it by.
pub(super) fn order(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let given = p.given.contains_key("field");
    let (first, then, told) = (p.field("first"), p.field("then"), p.optional_field("field"));
    let told = if given { told } else { then };
    Some(Box::new(Order { first: first?, then: then?, told: told? }))
}

impl Rule for Order {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        let (Some(first), Some(then)) = (facts.date(self.first), facts.date(self.then)) else { return };
        if then.latest() < first.earliest() {
            let detail =
                format!("{} trước {} ({first}) / is before it", facts.names[self.told], facts.names[self.first]);
            out.complain(facts, self.told, Reason::DateOrder, &detail);
        }
    }
}

#[derive(Debug)]
struct Within {
    first: usize,
    then: usize,
    months: i16,
}

/// The field `then` is surely more than so many months after the field `first`. A month without that day ends with its last
/// (Civil Code 2015, Điều 148).
pub(super) fn within(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (first, then, months) = (p.field("first"), p.field("then"), p.number("months", 1));
    Some(Box::new(Within { first: first?, then: then?, months }))
}

impl Rule for Within {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        let (Some(first), Some(then)) = (facts.date(self.first), facts.date(self.then)) else { return };
        let end = first.latest().checked_add(i64::from(self.months).months()).ok();
        if end.is_some_and(|end| then.earliest() > end) {
            let detail = format!("quá {0} tháng / more than {0} months", self.months);
            out.complain(facts, self.then, Reason::DateOrder, &detail);
        }
    }
}

#[derive(Debug)]
struct Late {
    date: usize,
    years: i16,
}

/// A date more than so many years ago.
pub(super) fn late(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (date, years) = (p.field("date"), p.number("years", 1));
    Some(Box::new(Late { date: date?, years }))
}

impl Rule for Late {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        let Some(date) = facts.date(self.date) else { return };
        // On the anniversary it is exactly so many years; more than that from the next day on.
        let from = birthday(date.latest(), self.years).and_then(|d| d.tomorrow().ok());
        if from.is_some_and(|d| d <= facts.today) {
            out.complain(facts, self.date, Reason::LateRecord, "");
        }
        out.again_on(from, facts.today);
    }
}
