//! All rules by name.

use super::{Params, Rule, account, age, amount, dates, form, identity, least, plain, policy, unit};
use crate::model::suggest;

/// A rule as mappings know it.
pub struct RuleKind {
    /// The name in the mapping.
    pub name: &'static str,
    /// What it judges and which parameters it takes, for `mapping fields` and for the operator.
    pub about: &'static str,
    /// Makes a rule of its parameters; `None` when faults were written.
    pub make: fn(&mut Params<'_>) -> Option<Box<dyn Rule>>,
}

/// Every rule there is.
pub const REGISTRY: &[RuleKind] = &[
    RuleKind {
        name: "told-when",
        about: "field, is, reason: tells or holds when a field has one of these codes",
        make: plain::told_when,
    },
    RuleKind {
        name: "required-when",
        about: "field, is?, need: fields that must be there when the field is (with one of these codes)",
        make: plain::required_when,
    },
    RuleKind {
        name: "form",
        about: "fields, forms?, characters?, least?, most?: one of the forms (# a digit), these characters, so long",
        make: form::form,
    },
    RuleKind {
        name: "identity-number",
        about: "kind, number, kinds: length by kind of paper (column digits), fillers, lost zeros",
        make: identity::number,
    },
    RuleKind {
        name: "identity-facts",
        about: "kind, is, number, birth_year, sex, male, female, provinces: number against record",
        make: identity::facts,
    },
    RuleKind {
        name: "not-in-future",
        about: "dates, only_if?, is?: a date lies after today",
        make: dates::not_in_future,
    },
    RuleKind {
        name: "date-order",
        about: "first, then, field?: the second is surely before the first; field is the one that is told",
        make: dates::order,
    },
    RuleKind {
        name: "date-within",
        about: "first, then, months: the second is surely more than so many months after the first",
        make: dates::within,
    },
    RuleKind { name: "late-record", about: "date, years = 1: a decision older than that", make: dates::late },
    RuleKind {
        name: "age-group",
        about: "birth, group, coefficient, level?, groups: age against the group's rows",
        make: age::age_group,
    },
    RuleKind {
        name: "age-in-year",
        about: "age, year, born: the age is the year less the year of birth",
        make: age::age_in_year,
    },
    RuleKind {
        name: "coefficient",
        about: "group, coefficient, level?, groups: a coefficient that the group has",
        make: age::coefficient,
    },
    RuleKind {
        name: "amount",
        about: "group, groups, coefficient, rate, amount, policy, rates, decided, from: coefficient × rate of the policy",
        make: amount::amount,
    },
    RuleKind {
        name: "least-amount",
        about: "amount, on, policy, rates, times: at least that column's factor × the policy's rate on the day",
        make: least::least_amount,
    },
    RuleKind {
        name: "policy",
        about: "policy, decided, from, rates: in force then, or replaced what was",
        make: policy::policy,
    },
    RuleKind {
        name: "account",
        about: "method, is, number, bank: paid by account needs both; 4 to 30 letters or digits",
        make: account::account,
    },
    RuleKind {
        name: "unit",
        about: "province, district?, commune, units: each within the other (column parent)",
        make: unit::unit,
    },
];

/// Makes the rule of that name; `None` when it wrote faults.
pub fn compile(mut params: Params<'_>) -> Option<Box<dyn Rule>> {
    let Some(kind) = REGISTRY.iter().find(|k| k.name == params.rule) else {
        let hint = suggest::hint(params.rule, REGISTRY.iter().map(|k| k.name));
        let message = format!("không có quy tắc `{}`{hint} / no such rule", params.rule);
        params.faults.push(crate::model::Fault::at(params.file, params.line, message));
        return None;
    };
    let rule = (kind.make)(&mut params);
    params.finish();
    rule
}
