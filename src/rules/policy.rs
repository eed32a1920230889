//! Which policy an amount may follow: one in force at the later of decision and start, or one that replaced it since
//! (national-systems, section 7).

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Facts, Findings, Params, Rule};
use crate::codes::{CodeList, FnvMap};
use crate::model::Reason;

/// The policies by code.
#[derive(Debug)]
pub(super) struct Policies(FnvMap<Policy>);

#[derive(Debug, Default)]
struct Policy {
    /// First and last day of each of its rows.
    spans: Vec<(Option<Date>, Option<Date>)>,
    /// The policies that it replaced, directly or not.
    replaced: BTreeSet<Box<str>>,
}

impl Policies {
    pub(super) fn read(list: &CodeList) -> Self {
        let mut policies: FnvMap<Policy> = FnvMap::default();
        for entry in list.entries() {
            policies.entry(entry.code.clone()).or_default().spans.push((entry.valid_from, entry.valid_to));
        }
        // Walk forward from each; a circle of successors ends because nothing is entered twice.
        for start in list.entries() {
            let mut reached: BTreeSet<&str> = BTreeSet::new();
            let mut waiting: Vec<&str> = vec![&start.code];
            while let Some(code) = waiting.pop() {
                for next in list.rows(code).flat_map(|e| &e.successors) {
                    if reached.insert(next) {
                        waiting.push(next);
                    }
                }
            }
            for code in reached {
                if let Some(policy) = policies.get_mut(code) {
                    policy.replaced.insert(start.code.clone());
                }
            }
        }
        Self(policies)
    }

    /// The policies that this one replaced, directly or not.
    pub(super) fn replaced(&self, code: &str) -> impl Iterator<Item = &str> {
        self.0.get(code).into_iter().flat_map(|p| p.replaced.iter().map(|c| &**c))
    }

    fn in_force(&self, code: &str, at: Date) -> bool {
        self.0.get(code).is_some_and(|p| {
            p.spans.iter().any(|(from, to)| from.is_none_or(|d| d <= at) && to.is_none_or(|d| at <= d))
        })
    }
}

#[derive(Debug)]
struct InForce {
    policy: usize,
    dates: Decided,
    policies: Policies,
}

/// The two dates of which the later counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decided {
    decided: usize,
    from: usize,
}

impl Decided {
    /// Takes the parameters `decided` and `from`.
    pub(super) fn read(p: &mut Params<'_>) -> Option<Self> {
        let (decided, from) = (p.field("decided"), p.field("from"));
        Some(Self { decided: decided?, from: from? })
    }

    /// The later of the two; `None` when neither is known.
    pub(super) fn day(self, facts: &Facts<'_, '_>) -> Option<Date> {
        let first = facts.date(self.decided).map(crate::model::calendar::PartialDate::earliest);
        first.max(facts.date(self.from).map(crate::model::calendar::PartialDate::earliest))
    }
}

/// Whether the record may follow its policy.
pub(super) fn policy(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (policy, dates, rates) = (p.field("policy"), Decided::read(p), p.list("rates"));
    let policies = Policies::read(&*rates?);
    Some(Box::new(InForce { policy: policy?, dates: dates?, policies }))
}

impl Rule for InForce {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        let Some(code) = facts.text(self.policy) else { return };
        let (Some(policy), Some(day)) = (self.policies.0.get(code), self.dates.day(facts)) else { return };
        if self.policies.in_force(code, day) {
            return;
        }
        if policy.replaced.iter().any(|earlier| self.policies.in_force(earlier, day)) {
            let starts = policy.spans.iter().map(|(from, _)| *from).min().flatten();
            if starts.is_none_or(|d| d <= facts.today) {
                return;
            }
            out.again_on(starts, facts.today);
        }
        let detail = format!(
            "không có hiệu lực ngày {} và không thay thế văn bản có hiệu lực ngày đó / not in force then",
            crate::model::calendar::day(day)
        );
        out.complain(facts, self.policy, Reason::UnknownCode, &detail);
    }
}
