//! By which lists clocks are read: time limits with their dates, holidays, what each status does, what is a step back.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::clock::Ticking;
use crate::codes::{CodeList, CodeLists, working_days};
use crate::model::{Fault, Faults, Moves, WorkingDays};

/// A limit beyond this is a slip of the keyboard.
const LONGEST: u32 = 1000;

/// The names of the lists.
#[derive(Debug, Clone, Copy)]
pub struct ClockLists<'a> {
    /// Time limits.
    pub limits: &'a str,
    /// Public holidays.
    pub holidays: &'a str,
    /// What each status does to the clock.
    pub statuses: &'a str,
    /// The moves that are a step back.
    pub moves: &'a str,
}

/// By what clocks are read.
#[derive(Debug, Clone)]
pub struct ClockRules {
    /// Which days count.
    pub days: WorkingDays,
    /// The moves that are a step back.
    pub moves: Moves,
    /// So many working days before the last day a dossier is at risk.
    pub at_risk: u32,
    limits: BTreeMap<String, Vec<Limit>>,
    statuses: BTreeMap<String, Ticking>,
    lists: Vec<std::sync::Arc<CodeList>>,
}

#[derive(Debug, Clone)]
struct Limit {
    from: Option<Date>,
    to: Option<Date>,
    days: u32,
    law: String,
}

/// A procedure's code without the province's ending.
fn base(code: &str) -> &str {
    code.match_indices('.').nth(1).map_or(code, |(at, _)| &code[..at])
}

impl ClockRules {
    /// Reads the lists; all that is wrong with one of them is told.
    pub fn read(lists: &mut CodeLists, names: ClockLists<'_>, at_risk: u16) -> Result<Self, Faults> {
        let limits = get(lists, names.limits)?;
        let holidays = get(lists, names.holidays)?;
        let statuses = get(lists, names.statuses)?;
        let moves = get(lists, names.moves)?;
        Ok(Self {
            days: working_days(&holidays)?,
            moves: read_moves(&moves)?,
            at_risk: u32::from(at_risk),
            limits: read_limits(&limits)?,
            statuses: read_statuses(&statuses)?,
            lists: vec![limits, holidays, statuses, moves],
        })
    }

    /// The lists that they were read from.
    pub fn lists(&self) -> &[std::sync::Arc<CodeList>] {
        &self.lists
    }

    /// What a status does; `None` for one that the list does not know: it changes nothing.
    pub fn ticking(&self, status: &str) -> Option<Ticking> {
        self.statuses.get(status).copied()
    }

    /// How many working days a procedure may take that began on a day, and by which law.
    pub fn limit(&self, procedure: &str, at: Date) -> Option<(u32, String)> {
        let of = self.limits.get(base(procedure))?;
        let then = of.iter().find(|l| l.from.is_none_or(|from| from <= at) && l.to.is_none_or(|to| at <= to))?;
        Some((then.days, then.law.clone()))
    }
}

fn get(lists: &mut CodeLists, name: &str) -> Result<std::sync::Arc<CodeList>, Faults> {
    lists.get(name).ok_or_else(|| Faults(lists.faults()))
}

/// The value of each row in a column that must be there, by a rule; every mistake is told at its line.
fn column<'l, T>(
    list: &'l CodeList,
    name: &str,
    read: impl Fn(&'l str) -> Option<T>,
    wanted: &str,
) -> Result<Vec<T>, Faults> {
    let Some(place) = list.column(name) else {
        return Err(Fault::at(list.file(), 1, format!("thiếu cột `{name}` / the column is missing")).into());
    };
    let (mut values, mut faults) = (Vec::new(), Vec::new());
    for entry in list.entries() {
        let text = entry.extra(place);
        match read(text) {
            Some(value) => values.push(value),
            None => faults.push(Fault::at(list.file(), entry.line, format!("{name} '{text}': {wanted}"))),
        }
    }
    if faults.is_empty() { Ok(values) } else { Err(Faults(faults)) }
}

fn read_limits(list: &CodeList) -> Result<BTreeMap<String, Vec<Limit>>, Faults> {
    let number = |text: &str| text.parse().ok().filter(|days| (1..=LONGEST).contains(days));
    let days = column(list, "working_days", number, "phải từ 1 đến 1000 ngày / must be 1 to 1000 days")?;
    let law = list.column("law");
    let mut limits: BTreeMap<String, Vec<Limit>> = BTreeMap::new();
    for (entry, days) in list.entries().iter().zip(days) {
        let law = law.map_or("", |law| entry.extra(law)).to_owned();
        let limit = Limit { from: entry.valid_from, to: entry.valid_to, days, law };
        limits.entry(base(&entry.code).to_owned()).or_default().push(limit);
    }
    Ok(limits)
}

fn read_statuses(list: &CodeList) -> Result<BTreeMap<String, Ticking>, Faults> {
    let word = |text: &str| match text {
        "waits" => Some(Ticking::Waits),
        "runs" => Some(Ticking::Runs),
        "suspended" => Some(Ticking::Suspended),
        "over" => Some(Ticking::Over),
        _ => None,
    };
    let words = column(list, "clock", word, "chỉ waits, runs, suspended, over / must be one of these")?;
    Ok(list.entries().iter().map(|e| e.code.to_string()).zip(words).collect())
}

fn read_moves(list: &CodeList) -> Result<Moves, Faults> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let from = column(list, "from", some, "không được để trống / must not be empty")?;
    let to = column(list, "to", some, "không được để trống / must not be empty")?;
    Ok(from.into_iter().zip(to).collect())
}
