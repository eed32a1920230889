//! Age, level of disability and coefficient against the rows of the group (Decree 20/2021, Điều 5 and 6).
//!
//! A coefficient that the group does not have for that level holds the record: its amount cannot be right. One that the group
//! has, but not at this age, is only told: ages pass, and the adjustment needs a decision.

use jiff::civil::Date;

use super::{Facts, Findings, Params, Rule};
use crate::codes::{CodeList, FnvMap};
use crate::model::calendar::{age, birthday};
use crate::model::money::Coefficient;
use crate::model::{Fault, Reason};

/// One row of the list of groups.
#[derive(Debug, Clone)]
struct Row {
    coefficient: Option<Coefficient>,
    from: Option<i16>,
    to: Option<i16>,
    level: Box<str>,
    fixed: bool,
}

impl Row {
    fn has_level(&self, level: Option<&str>) -> bool {
        self.level.is_empty() || level.is_none_or(|l| l == &*self.level)
    }

    /// Whether some age between the two fits.
    fn may_fit(&self, youngest: i16, oldest: i16) -> bool {
        self.from.is_none_or(|f| oldest >= f) && self.to.is_none_or(|t| youngest <= t)
    }

    /// Whether every age between the two fits.
    fn surely_fits(&self, youngest: i16, oldest: i16) -> bool {
        self.from.is_none_or(|f| youngest >= f) && self.to.is_none_or(|t| oldest <= t)
    }
}

/// The groups by code.
#[derive(Debug)]
pub(super) struct Groups(FnvMap<Vec<Row>>);

impl Groups {
    /// Reads the list's columns `coefficient`, `age_from`, `age_to`, `disability_level`, `fixed_amount`.
    pub(super) fn read(p: &mut Params<'_>, list: &CodeList) -> Option<Self> {
        let columns =
            ["coefficient", "age_from", "age_to", "disability_level", "fixed_amount"].map(|c| p.column(list, c));
        let [coefficient, from, to, level, fixed] = columns;
        let (coefficient, from, to, level, fixed) = (coefficient?, from?, to?, level?, fixed?);
        let mut groups: FnvMap<Vec<Row>> = FnvMap::default();
        for entry in list.entries() {
            let mut fault = |what: &str, text: &str| {
                p.faults.push(Fault::at(
                    list.file(),
                    entry.line,
                    format!("{what} `{text}` không phải số / not a number"),
                ));
            };
            let mut years = |what: &str, text: &str| -> Option<i16> {
                let read = text.parse::<i16>().ok().filter(|n| (0..=150).contains(n));
                if read.is_none() && !text.is_empty() {
                    fault(what, text);
                }
                read
            };
            let (from, to) = (years("age_from", entry.extra(from)), years("age_to", entry.extra(to)));
            let text = entry.extra(coefficient);
            let read = Coefficient::read(text);
            if read.is_none() && !text.is_empty() {
                fault("coefficient", text);
            }
            let row =
                Row { coefficient: read, from, to, level: entry.extra(level).into(), fixed: entry.extra(fixed) == "1" };
            groups.entry(entry.code.clone()).or_default().push(row);
        }
        Some(Self(groups))
    }

    /// Whether the group draws a fixed amount, without a coefficient.
    pub(super) fn is_fixed(&self, group: &str) -> bool {
        self.0.get(group).is_some_and(|rows| rows.iter().all(|r| r.fixed))
    }
}

#[derive(Debug)]
struct AgeGroup {
    birth: usize,
    group: usize,
    coefficient: usize,
    level: Option<usize>,
    groups: Groups,
}

/// Whether age (and level) give the coefficient that the record has; of several that apply, the highest.
pub(super) fn age_group(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let birth = p.field("birth");
    let (group, coefficient, level, list) =
        (p.field("group"), p.field("coefficient"), p.optional_field("level"), p.list("groups"));
    let groups = Groups::read(p, &*list?)?;
    Some(Box::new(AgeGroup { birth: birth?, group: group?, coefficient: coefficient?, level, groups }))
}

impl AgeGroup {
    /// Whether the record can be right on that day, for a birth between two days.
    fn fits(rows: &[Row], coefficient: Option<Coefficient>, level: Option<&str>, born: (Date, Date), on: Date) -> bool {
        let (youngest, oldest) = (age(born.1, on), age(born.0, on));
        rows.iter().any(|row| {
            let same = row.fixed || coefficient.is_none() || row.coefficient == coefficient;
            let beaten = |other: &Row| {
                let sure = other.level.is_empty() || level == Some(&other.level);
                coefficient.is_some() && sure && other.surely_fits(youngest, oldest) && other.coefficient > coefficient
            };
            same && row.has_level(level) && row.may_fit(youngest, oldest) && !rows.iter().any(beaten)
        })
    }
}

impl Rule for AgeGroup {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        let (Some(birth), Some(rows)) =
            (facts.date(self.birth), facts.text(self.group).and_then(|g| self.groups.0.get(g)))
        else {
            return;
        };
        let coefficient = facts.text(self.coefficient).and_then(Coefficient::read);
        let level = self.level.and_then(|l| facts.text(l));
        let born = (birth.earliest(), birth.latest());
        // A coefficient that the group does not have at all is the other rule's.
        if coefficient.is_some() && !rows.iter().any(|r| r.fixed || r.coefficient == coefficient && r.has_level(level))
        {
            return;
        }
        let fits = Self::fits(rows, coefficient, level, born, facts.today);
        if !fits {
            out.complain(facts, self.group, Reason::AgeGroup, "");
        }
        // The verdict can change only on a birthday that opens or closes a row.
        let bounds = rows.iter().flat_map(|r| [r.from, r.to.map(|t| t + 1)]).flatten();
        let days = bounds.flat_map(|years| [birthday(born.0, years), birthday(born.1, years)]).flatten();
        let first = days.filter(|d| *d > facts.today && Self::fits(rows, coefficient, level, born, *d) != fits).min();
        out.again_on(first, facts.today);
    }
}

#[derive(Debug)]
struct AgeInYear {
    age: usize,
    year: usize,
    born: usize,
}

/// The age that somebody reaches in a year, told by the two years alone: many know no more of their birth.
pub(super) fn age_in_year(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (age, year, born) = (p.field("age"), p.field("year"), p.field("born"));
    Some(Box::new(AgeInYear { age: age?, year: year?, born: born? }))
}

impl Rule for AgeInYear {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        let (Some(age), Some(year), Some(born)) = (facts.text(self.age), facts.date(self.year), facts.date(self.born))
        else {
            return;
        };
        let reached = year.year() - born.year();
        if age.parse() != Ok(reached) {
            let detail = format!("sinh {}, năm {} / the age in that year", born.year(), year.year());
            let right = (reached >= 0).then(|| reached.to_string());
            out.propose(facts, self.age, Reason::BadValue, &detail, right);
        }
    }
}

#[derive(Debug)]
struct GroupCoefficient {
    group: usize,
    coefficient: usize,
    level: Option<usize>,
    groups: Groups,
}

/// Whether the group has this coefficient for this level of disability, whatever the age.
pub(super) fn coefficient(p: &mut Params<'_>) -> Option<Box<dyn Rule>> {
    let (group, coefficient, level, list) =
        (p.field("group"), p.field("coefficient"), p.optional_field("level"), p.list("groups"));
    let groups = Groups::read(p, &*list?)?;
    Some(Box::new(GroupCoefficient { group: group?, coefficient: coefficient?, level, groups }))
}

impl Rule for GroupCoefficient {
    fn judge(&self, facts: &Facts<'_, '_>, out: &mut Findings) {
        let Some(rows) = facts.text(self.group).and_then(|g| self.groups.0.get(g)) else { return };
        let Some(coefficient) = facts.text(self.coefficient).and_then(Coefficient::read) else { return };
        let level = self.level.and_then(|l| facts.text(l));
        let fits = |r: &Row| r.fixed || r.coefficient == Some(coefficient) && r.has_level(level);
        if rows.iter().any(fits) {
            return;
        }
        let mut has: Vec<String> = rows
            .iter()
            .filter(|r| r.has_level(level))
            .filter_map(|r| Some(r.coefficient?.0.normalize().to_string()))
            .collect();
        has.sort();
        has.dedup();
        let detail = format!("nhóm này có hệ số {} / the group's coefficients", has.join("; "));
        out.complain(facts, self.coefficient, Reason::Amount, &detail);
    }
}
