//! An amount that the law sets a floor for: so many times the rate on a day. A province may pay more.

use jiff::civil::Date;

use super::policy::Policies;
use super::{Facts, Findings, Params, Rule};
use crate::codes::{CodeList, FnvMap};
use crate::model::calendar::PartialDate;
use crate::model::money::{Coefficient, Money};
use crate::model::{Fault, Reason};

#[derive(Debug)]
struct Least {
    amount: usize,
    on: usize,
    policy: usize,
    floors: FnvMap<Vec<Floor>>,
    policies: Policies,
}

/// The least that a row of a policy pays, and when; no sum where the list has no factor for it.
#[derive(Debug, Clone, Copy)]
struct Floor {
    sum: Option<Money>,
    from: Option<Date>,
    to: Option<Date>,
}

impl Floor {
    fn in_force(&self, on: PartialDate) -> bool {
        self.from.is_none_or(|d| d <= on.latest()) && self.to.is_none_or(|d| on.earliest() <= d)
    }
}

/// Whether the amount is at least the factor (the list's column that `times` names) × the list's `amount` of the policy on the
/// day `on`. A policy that came later pays, for that day, what the one that it replaced paid.
pub(super) fn least_amount(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (amount, on, policy) = (p.field("amount"), p.field("on"), p.field("policy"));
    let (times, list) = (p.text("times"), p.list("rates"));
    let (times, list) = (times?.0, list?);
    let floors = read(p, &list, &times)?;
    let policies = Policies::read(&list);
    Some(Box::new(Least { amount: amount?, on: on?, policy: policy?, floors, policies }))
}

fn read(p: &mut Params<'_>, list: &CodeList, times: &str) -> Option<FnvMap<Vec<Floor>>> {
    let (amount, factor) = (p.column(list, "amount"), p.column(list, times));
    let (amount, factor) = (amount?, factor?);
    let mut floors: FnvMap<Vec<Floor>> = FnvMap::default();
    for entry in list.entries() {
        let (rate, times_text) = (entry.extra(amount), entry.extra(factor));
        let sum = match (Money::read(rate), Coefficient::read(times_text)) {
            (Some(rate), Some(factor)) => rate.times(factor),
            (Some(_), None) if times_text.is_empty() => None,
            _ => {
                let message = format!("amount `{rate}`, {times} `{times_text}`: phải là số / must be numbers");
                p.faults.push(Fault::at(list.file(), entry.line, message));
                None
            }
        };
        floors.entry(entry.code.clone()).or_default().push(Floor { sum, from: entry.valid_from, to: entry.valid_to });
    }
    Some(floors)
}

impl Least {
    /// The lowest sum that the policy can mean on that day; `None` where the list does not know one.
    fn floor(&self, policy: &str, on: PartialDate) -> Option<Money> {
        let of = |code: &str| self.floors.get(code).into_iter().flatten().filter(|f| f.in_force(on));
        let lowest = |sums: Vec<Option<Money>>| sums.into_iter().min().flatten();
        if of(policy).next().is_some() {
            return lowest(of(policy).map(|f| f.sum).collect());
        }
        lowest(self.policies.replaced(policy).flat_map(of).map(|f| f.sum).collect())
    }
}

impl Rule for Least {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        let Some(amount) = facts.text(self.amount).and_then(Money::read) else { return };
        let (Some(on), Some(policy)) = (facts.date(self.on), facts.text(self.policy)) else { return };
        if let Some(floor) = self.floor(policy, on)
            && amount < floor
        {
            let detail = format!("ít nhất {floor} theo mức ngày {on} / at least that by the rate of the day");
            out.complain(facts, self.amount, Reason::Amount, &detail);
        }
    }
}
