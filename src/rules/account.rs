//! Who is paid through an account has a bank that exists and a number that can be one.

use super::{Facts, Findings, Params, Rule};
use crate::model::Reason;

#[derive(Debug)]
struct Account {
    method: usize,
    is: Vec<String>,
    number: usize,
    bank: usize,
}

/// An account number has 4 to 30 letters or digits (national-systems, section 6), however the person is paid.
pub(super) fn account(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (method, is, number, bank) = (p.field("method"), p.texts("is"), p.field("number"), p.field("bank"));
    Some(Box::new(Account { method: method?, is: is?, number: number?, bank: bank? }))
}

impl Rule for Account {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        if let Some(number) = facts.text(self.number) {
            let good = (4..=30).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric());
            if !good {
                out.complain(
                    facts,
                    self.number,
                    Reason::Account,
                    "4 đến 30 chữ cái hoặc chữ số / 4 to 30 letters or digits",
                );
            }
        }
        if !facts.text(self.method).is_some_and(|m| self.is.iter().any(|i| i == m)) {
            return;
        }
        for needed in [self.number, self.bank] {
            if facts.is_empty(needed) {
                out.complain(facts, needed, Reason::Account, "");
            }
        }
    }
}
