//! Identity numbers: length, fillers and lost zeros hold; what the number says against the record is told.

use std::sync::Arc;

use super::{Facts, Findings, Params, Rule};
use crate::codes::{CodeList, FnvMap};
use crate::model::identity::{IdentityNumber, is_filler};
use crate::model::{Fault, Reason};

#[derive(Debug)]
struct Form {
    kind: usize,
    number: usize,
    digits: FnvMap<usize>,
}

/// The length that a kind of paper has comes from the list's column `digits`; empty there means any form.
pub(super) fn number(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (kind, number, kinds) = (p.field("kind"), p.field("number"), p.list("kinds"));
    let kinds = kinds?;
    let column = p.column(&kinds, "digits")?;
    let mut digits = FnvMap::default();
    for entry in kinds.entries() {
        match entry.extra(column) {
            "" => {}
            text => match text.parse::<usize>() {
                Ok(n) if n <= 100 => {
                    digits.insert(entry.code.clone(), n);
                }
                _ => p.faults.push(Fault::at(
                    kinds.file(),
                    entry.line,
                    format!("digits `{text}` không phải số / not a number"),
                )),
            },
        }
    }
    Some(Box::new(Form { kind: kind?, number: number?, digits }))
}

impl Rule for Form {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        let Some(kind) = facts.text(self.kind) else { return };
        let Some(number) = facts.text(self.number) else {
            if self.digits.get(kind).is_some_and(|n| *n > 0) && facts.is_empty(self.number) {
                out.complain(
                    facts,
                    self.number,
                    Reason::Missing,
                    "loại giấy tờ này phải có số / this kind of paper has a number",
                );
            }
            return;
        };
        if is_filler(number) {
            out.complain(facts, self.number, Reason::IdentityFiller, "");
            return;
        }
        let Some(wanted) = self.digits.get(kind).copied() else { return };
        let all_digits = number.bytes().all(|b| b.is_ascii_digit());
        if all_digits && number.len() == wanted {
            return;
        }
        let lost_zero = all_digits && number.len() + 1 == wanted;
        let proposal = lost_zero.then(|| format!("0{number}"));
        let detail = format!("{kind}: {wanted} chữ số / digits");
        out.propose(facts, self.number, Reason::IdentityLength, &detail, proposal);
    }
}

#[derive(Debug)]
struct NumberFacts {
    kind: usize,
    is: Vec<String>,
    number: usize,
    birth_year: usize,
    sex: usize,
    male: String,
    female: String,
    provinces: Arc<CodeList>,
}

/// Sex, year and province of a twelve-digit number against the record.
pub(super) fn facts(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (kind, is, number) = (p.field("kind"), p.texts("is"), p.field("number"));
    let (birth_year, sex) = (p.field("birth_year"), p.field("sex"));
    let (male, female, provinces) = (p.text("male"), p.text("female"), p.list("provinces"));
    Some(Box::new(NumberFacts {
        kind: kind?,
        is: is?,
        number: number?,
        birth_year: birth_year?,
        sex: sex?,
        male: male?.0,
        female: female?.0,
        provinces: provinces?,
    }))
}

impl Rule for NumberFacts {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        let (Some(kind), Some(number)) = (facts.text(self.kind), facts.text(self.number)) else { return };
        if !self.is.iter().any(|i| i == kind) || is_filler(number) {
            return;
        }
        let Some(said) = IdentityNumber::read(number) else { return };
        let sex = facts.text(self.sex);
        let other = if said.male { &self.female } else { &self.male };
        if sex == Some(other) {
            let told = if said.male {
                "số ghi giới tính nam / the number is a man's"
            } else {
                "số ghi giới tính nữ / the number is a woman's"
            };
            out.complain(facts, self.sex, Reason::IdentitySex, told);
        }
        if let Some(year) = facts.text(self.birth_year).and_then(|y| y.parse::<i16>().ok())
            && year != said.birth_year
        {
            let told = format!("số ghi năm {} / the number says {}", said.birth_year, said.birth_year);
            out.complain(facts, self.birth_year, Reason::IdentityYear, &told);
        }
        if self.provinces.rows(said.province).next().is_none() {
            out.complain(facts, self.number, Reason::IdentityProvince, "");
        }
    }
}
