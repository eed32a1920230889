//! The amount is coefficient × rate, half up to the đồng, and the rate is that of the policy.

use jiff::civil::Date;

use super::age::Groups;
use super::policy::Decided;
use super::{Facts, Findings, Params, Rule};
use crate::codes::{CodeList, FnvMap};
use crate::model::money::{Coefficient, Money};
use crate::model::{Fault, Reason};

#[derive(Debug)]
struct Product {
    group: usize,
    coefficient: usize,
    rate: usize,
    amount: usize,
    policy: usize,
    dates: Decided,
    groups: Groups,
    rates: FnvMap<Vec<Rate>>,
}

/// What a policy pays, and when.
#[derive(Debug, Clone, Copy)]
struct Rate {
    amount: Money,
    from: Option<Date>,
    to: Option<Date>,
}

/// Reads the list's column `amount`.
fn read_rates(p: &mut Params<'_>, list: &CodeList) -> Option<FnvMap<Vec<Rate>>> {
    let column = p.column(list, "amount")?;
    let mut rates: FnvMap<Vec<Rate>> = FnvMap::default();
    for entry in list.entries() {
        let text = entry.extra(column);
        match Money::read(text) {
            Some(amount) => {
                rates.entry(entry.code.clone()).or_default().push(Rate {
                    amount,
                    from: entry.valid_from,
                    to: entry.valid_to,
                });
            }
            None => p.faults.push(Fault::at(
                list.file(),
                entry.line,
                format!("amount `{text}` không phải số tiền / not a sum"),
            )),
        }
    }
    Some(rates)
}

/// Whether amount, coefficient, rate and policy agree.
pub(super) fn amount(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (group, coefficient, rate) = (p.field("group"), p.field("coefficient"), p.field("rate"));
    let (amount, policy, dates) = (p.field("amount"), p.field("policy"), Decided::read(p));
    let (groups, rates) = (p.list("groups"), p.list("rates"));
    let groups = groups.and_then(|list| Groups::read(p, &list));
    let rates = rates.and_then(|list| read_rates(p, &list));
    Some(Box::new(Product {
        group: group?,
        coefficient: coefficient?,
        rate: rate?,
        amount: amount?,
        policy: policy?,
        dates: dates?,
        groups: groups?,
        rates: rates?,
    }))
}

impl Product {
    fn judge_rate(&self, facts: &Facts<'_, '_>, rate: Money, out: &mut Findings) {
        let Some(rows) = facts.text(self.policy).and_then(|p| self.rates.get(p)) else { return };
        let day = self.dates.day(facts);
        // Of a policy whose rate rose, each rate from the decision on may be the one drawn; one that starts later may not yet.
        let latest = day.map_or(facts.today, |d| d.max(facts.today));
        let counts = |r: &&Rate| {
            rows.len() == 1 || (day.is_none_or(|d| r.to.is_none_or(|to| to >= d)) && r.from.is_none_or(|f| f <= latest))
        };
        if rows.iter().filter(counts).any(|r| r.amount == rate) {
            return;
        }
        if rows.len() > 1 {
            for row in rows {
                out.again_on(row.from, facts.today);
            }
        }
        let right = rows.iter().rfind(counts).map(|r| r.amount.to_string());
        out.propose(
            facts,
            self.rate,
            Reason::Amount,
            "không phải mức chuẩn của chính sách / not the policy's rate",
            right,
        );
    }
}

impl Rule for Product {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        let rate = facts.text(self.rate).and_then(Money::read);
        if let Some(rate) = rate {
            self.judge_rate(facts, rate, out);
        }
        let Some(amount) = facts.text(self.amount).and_then(Money::read) else { return };
        let fixed = facts.text(self.group).is_some_and(|g| self.groups.is_fixed(g));
        let product = match (facts.text(self.coefficient).and_then(Coefficient::read), rate) {
            (Some(coefficient), Some(rate)) => rate.times(coefficient),
            (None, Some(rate)) if fixed && facts.is_empty(self.coefficient) => Some(rate),
            _ => {
                for factor in [self.coefficient, self.rate].into_iter().filter(|f| facts.is_empty(*f)) {
                    out.complain(
                        facts,
                        factor,
                        Reason::Missing,
                        "không có thì không kiểm tra được mức hưởng / needed to check the amount",
                    );
                }
                return;
            }
        };
        if product != Some(amount) {
            let right = product.map(|p| p.to_string());
            out.propose(facts, self.amount, Reason::Amount, "hệ số × mức chuẩn / coefficient × rate", right);
        }
    }
}
