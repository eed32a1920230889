//! What somebody draws: coefficient, rate, amount, the policy that it follows and from when are one thing.

use std::fmt::Write as _;
use std::sync::Arc;

use jiff::civil::Date;

use super::{Found, Side, Sides, plain};
use crate::codes::{At, By, CodeList, Found as Listed};
use crate::model::calendar::PartialDate;
use crate::model::money::{Coefficient, Money};

/// Its fields, and the list of rates.
#[derive(Debug)]
pub(in crate::mismatch) struct Amount {
    pub coefficient: String,
    pub rate: String,
    pub sum: String,
    pub policy: String,
    pub from: String,
    pub rates: Arc<CodeList>,
    /// The list's column that holds the rate.
    pub column: usize,
}

/// One side's.
#[derive(Debug, PartialEq, Eq)]
struct Drawn {
    coefficient: Option<Coefficient>,
    rate: Option<Money>,
    amount: Option<Money>,
    /// The policy's code, whichever of its names stands there.
    policy: String,
    from: Option<Date>,
    /// When its rate is in force, where the amount is right by its own coefficient and policy.
    holds: Option<(Option<Date>, Option<Date>)>,
}

impl Amount {
    pub fn fields(&self) -> [&str; 5] {
        [&self.sum, &self.rate, &self.coefficient, &self.policy, &self.from]
    }

    fn read(&self, side: Side<'_>) -> Drawn {
        let policy = side.text(&self.policy);
        let code = match self.rates.find(&policy, By::Either, At::Ever) {
            Listed::Entry(entry) => entry.code.to_string(),
            _ => plain(&policy),
        };
        let written = side.text(&self.coefficient);
        let (coefficient, rate) = (Coefficient::read(&written), Money::read(&side.text(&self.rate)));
        let amount = Money::read(&side.text(&self.sum));
        let product = match (coefficient, rate) {
            (Some(coefficient), Some(rate)) => rate.times(coefficient),
            // A fixed amount has no coefficient.
            (None, rate) if written.is_empty() => rate,
            _ => None,
        };
        let row = self.rates.rows(&code).find(|row| rate.is_some() && Money::read(row.extra(self.column)) == rate);
        let holds = row.filter(|_| product.is_some() && product == amount).map(|row| (row.valid_from, row.valid_to));
        let from = PartialDate::read(&side.text(&self.from)).map(|date| date.earliest().first_of_month());
        Drawn { coefficient, rate, amount, policy: code, from, holds }
    }

    /// An amount holds while its rate is in force. Where each side is right by its own rate and date, and the rates follow
    /// each other, nothing differs before the later one is in force; afterwards the older one is the one cause.
    pub fn compare(&self, sides: &Sides<'_>, today: Date) -> Option<Found> {
        let (ours, theirs) = (self.read(sides.ours), self.read(sides.theirs));
        let differs = [
            ours.amount != theirs.amount || unreadable(&self.sum, sides, ours.amount.is_none()),
            ours.rate != theirs.rate || unreadable(&self.rate, sides, ours.rate.is_none()),
            ours.coefficient != theirs.coefficient || unreadable(&self.coefficient, sides, ours.coefficient.is_none()),
            ours.policy != theirs.policy,
            ours.from != theirs.from || unreadable(&self.from, sides, ours.from.is_none()),
        ];
        let fields: Vec<&str> = self.fields().into_iter().zip(differs).filter(|(_, d)| *d).map(|(f, _)| f).collect();
        let (first, rest) = fields.split_first()?;
        let reason = if *first == self.from {
            "differs"
        } else if let (Some(here), Some(there)) = (ours.holds, theirs.holds)
            && ours.coefficient == theirs.coefficient
        {
            let before = |a: (_, Option<Date>), b: (Option<Date>, _)| a.1.zip(b.0).filter(|(end, begin)| end < begin);
            match (before(there, here), before(here, there)) {
                (Some((end, _)), _) | (_, Some((end, _))) if today <= end => return None,
                (Some(_), _) => "older-rate-there",
                (_, Some(_)) => "older-rate-here",
                _ => "differs",
            }
        } else {
            match (ours.holds.is_some(), theirs.holds.is_some()) {
                (true, false) => "wrong-amount-there",
                (false, true) => "wrong-amount-here",
                _ => "differs",
            }
        };
        let told = |side: Side<'_>| {
            let mut text = side.text(first).into_owned();
            for field in rest {
                let _ = write!(text, "; {field} {}", side.text(field));
            }
            text
        };
        let found = Found::of(first, &told(sides.ours), &told(sides.theirs), reason);
        Some(if ours.policy == theirs.policy { found } else { found.with_codes(&ours.policy, &theirs.policy) })
    }
}

/// What one side cannot read is compared as words.
fn unreadable(field: &str, sides: &Sides<'_>, unread: bool) -> bool {
    unread && plain(&sides.ours.text(field)) != plain(&sides.theirs.text(field))
}
