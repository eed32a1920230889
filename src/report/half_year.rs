//! The figures of half a year: who drew at its beginning, who came, who went and why, whose amount changed, who draws at its
//! end; by group, people and đồng a month. What comes in and what goes out always add up.
//!
//! Counted is what the nation confirmed. A record's history is cut into spells of drawing: from the first month that any of
//! their versions tells, to the day of the stop, of the move, or the end of the last month. A day in a record counts by
//! itself, whenever it became known; what has no day of its own (another amount, another group, a move) counts from the
//! day on which it was sent.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use serde_json::{Map, Value};

use super::once;
use super::person::{first, text};
use super::settings::{HalfYear, Mark};
use crate::model::Action;
use crate::model::calendar::PartialDate;
use crate::model::money::Money;

/// Half a year, from its first day to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first day.
    pub first: Date,
    /// Its last day.
    pub last: Date,
}

impl Period {
    /// The first or the second half of a year.
    pub fn half(year: i16, half: u8) -> Self {
        if half == 1 {
            Self { first: date(year, 1, 1), last: date(year, 6, 30) }
        } else {
            Self { first: date(year, 7, 1), last: date(year, 12, 31) }
        }
    }

    fn has(self, day: Date) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

/// Something that the nation accepted of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    /// A write or a stop.
    pub action: Action,
    /// The day on which it was sent; `None` where that is not known any more.
    pub sent: Option<Date>,
    /// The record, or what the stop says.
    pub record: Map<String, Value>,
}

/// People, and the đồng that they draw a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Count {
    /// How many.
    pub people: u64,
    /// What they draw a month together, in đồng.
    pub amount: i64,
}

impl Count {
    fn add(&mut self, amount: i64) {
        self.people += 1;
        self.amount = self.amount.saturating_add(amount);
    }

    fn all(&mut self, other: Self) {
        self.people += other.people;
        self.amount = self.amount.saturating_add(other.amount);
    }
}

/// What became of one group.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Line {
    /// At the beginning.
    pub start: Count,
    /// Came.
    pub new: Count,
    /// Came from another group, with what they drew there.
    pub from_group: Count,
    /// Went, by reason; a term that ran out has none.
    pub stopped: BTreeMap<String, Count>,
    /// Moved away.
    pub moved: Count,
    /// Went to another group, with what they drew in this one.
    pub to_group: Count,
    /// Draw another amount; what that makes together, more or less.
    pub changed: Count,
    /// At the end.
    pub end: Count,
    /// Of those, suspended.
    pub suspended: u64,
}

impl Line {
    pub(super) fn add(&mut self, other: &Self) {
        for (reason, count) in &other.stopped {
            self.stopped.entry(reason.clone()).or_default().all(*count);
        }
        for (own, other) in [
            (&mut self.start, other.start),
            (&mut self.new, other.new),
            (&mut self.from_group, other.from_group),
            (&mut self.moved, other.moved),
            (&mut self.to_group, other.to_group),
            (&mut self.changed, other.changed),
            (&mut self.end, other.end),
        ] {
            own.all(other);
        }
        self.suspended += other.suspended;
    }

    /// So many people are counted already; what they draw is not.
    fn leave_out(&mut self, repeated: &Self) {
        for (reason, count) in &repeated.stopped {
            self.stopped.entry(reason.clone()).or_default().people -= count.people;
        }
        for (own, repeated) in [
            (&mut self.start, repeated.start),
            (&mut self.new, repeated.new),
            (&mut self.from_group, repeated.from_group),
            (&mut self.moved, repeated.moved),
            (&mut self.to_group, repeated.to_group),
            (&mut self.changed, repeated.changed),
            (&mut self.end, repeated.end),
        ] {
            own.people -= repeated.people;
        }
        self.suspended -= repeated.suspended;
    }

    /// All who were stopped.
    pub fn all_stopped(&self) -> Count {
        let mut all = Count::default();
        self.stopped.values().for_each(|count| all.all(*count));
        all
    }

    /// Whether what came in and what went out add up.
    pub fn adds_up(&self) -> bool {
        let stopped = self.all_stopped();
        let people = self.start.people + self.new.people + self.from_group.people;
        let amount = self.start.amount + self.new.amount + self.from_group.amount + self.changed.amount;
        people == self.end.people + stopped.people + self.moved.people + self.to_group.people
            && amount == self.end.amount + stopped.amount + self.moved.amount + self.to_group.amount
    }
}

/// The figures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// By group.
    pub groups: BTreeMap<String, Line>,
    /// Records that the nation has and of which no content is kept: they are in none of the figures.
    pub without_content: u64,
    /// Records of which nobody tells since when they draw: counted as since ever.
    pub without_start: u64,
    /// What was counted of people who have several records.
    pub(super) several: BTreeMap<String, Vec<Seen>>,
}

/// A spell as it is counted: who drew before, or came; what they drew first and last; the day and the way in which it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub begins: Option<Date>,
    pub ends: Option<(Date, End)>,
    /// Begins before the half.
    pub before: bool,
    /// Ends in it.
    pub ended: bool,
    pub first: Drawn,
    pub last: Drawn,
}

impl Figures {
    /// All groups together: a person with records in two of them is one.
    pub fn total(&self) -> Line {
        let mut total = Line::default();
        self.groups.values().for_each(|line| total.add(line));
        self.several.values().for_each(|seen| total.leave_out(&once::repeated(seen)));
        total
    }

    /// How many people draw for two records at the same time.
    pub fn in_two(&self) -> u64 {
        self.several.values().filter(|seen| once::is_in_two(seen)).count() as u64
    }

    /// Counts a record by all that was accepted of it, in that order.
    pub fn count(&mut self, fields: &HalfYear, period: Period, versions: &[Version]) {
        self.record(fields, period, versions);
    }

    /// The same of a record of somebody who has several: each counts in its group, together they are one person.
    pub fn count_of(&mut self, person: &str, fields: &HalfYear, period: Period, versions: &[Version]) {
        let seen = self.record(fields, period, versions);
        self.several.entry(person.to_owned()).or_default().extend(seen);
    }

    fn record(&mut self, fields: &HalfYear, period: Period, versions: &[Version]) -> Vec<Seen> {
        if versions.iter().all(|version| version.action == Action::Stop) {
            self.without_content += 1;
        }
        let seen: Vec<Seen> =
            spells(fields, versions).iter().filter_map(|spell| Seen::of(fields, period, spell)).collect();
        for one in &seen {
            self.without_start += u64::from(one.begins.is_none());
            one.count(&mut self.groups);
        }
        seen
    }
}

impl Seen {
    /// `None` where it is over before the half, or begins after it.
    fn of(fields: &HalfYear, period: Period, spell: &Spell<'_>) -> Option<Self> {
        let before = spell.begins.is_none_or(|begins| begins < period.first);
        let comes = spell.begins.is_some_and(|begins| period.has(begins));
        let over = |ended: Date| ended < period.first || spell.begins.is_some_and(|begins| ended < begins);
        if (!before && !comes) || spell.ends.as_ref().is_some_and(|(day, _)| over(*day)) {
            return None;
        }
        let at = |day: Option<Date>| Drawn::of(fields, spell.at(day));
        Some(Self {
            begins: spell.begins,
            before,
            ended: spell.ends.as_ref().is_some_and(|(day, _)| period.has(*day)),
            ends: spell.ends.clone(),
            first: at(if before { period.first.yesterday().ok() } else { None }),
            last: at(Some(period.last)),
        })
    }

    pub(super) fn count(&self, groups: &mut BTreeMap<String, Line>) {
        let (first, last) = (&self.first, &self.last);
        let line = groups.entry(first.group.clone()).or_default();
        if self.before {
            line.start.add(first.amount);
        } else {
            line.new.add(first.amount);
        }
        if first.group != last.group {
            line.to_group.add(first.amount);
            groups.entry(last.group.clone()).or_default().from_group.add(first.amount);
        }
        let line = groups.entry(last.group.clone()).or_default();
        if first.amount != last.amount {
            line.changed.add(last.amount - first.amount);
        }
        match &self.ends {
            Some((_, End::Moved)) if self.ended => line.moved.add(last.amount),
            Some((_, End::Stopped(reason))) if self.ended => {
                line.stopped.entry(reason.clone()).or_default().add(last.amount);
            }
            _ => {
                line.end.add(last.amount);
                line.suspended += u64::from(last.suspended);
            }
        }
    }
}

/// How a spell ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// By a stop, with its reason; by its term, with none.
    Stopped(String),
    /// Elsewhere.
    Moved,
}

/// A time in which a person draws without a break.
struct Spell<'v> {
    begins: Option<Date>,
    /// The last day.
    ends: Option<(Date, End)>,
    writes: Vec<&'v Version>,
}

impl<'v> Spell<'v> {
    /// What was so on a day: what had been sent last; the first version where that came later, or where no day is asked for.
    fn at(&self, day: Option<Date>) -> &'v Version {
        let sent = |version: &&&Version| day.is_some_and(|day| version.sent.is_some_and(|sent| sent <= day));
        self.writes.iter().rev().find(sent).copied().unwrap_or(self.writes[0])
    }
}

/// What is drawn on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Drawn {
    pub group: String,
    pub amount: i64,
    pub suspended: bool,
}

impl Drawn {
    fn of(fields: &HalfYear, version: &Version) -> Self {
        Self {
            group: text(&version.record, &fields.group),
            amount: Money::read(&text(&version.record, &fields.amount)).map_or(0, |money| money.0),
            suspended: holds(&version.record, &fields.suspended),
        }
    }
}

fn holds(record: &Map<String, Value>, mark: &Mark) -> bool {
    !mark.field.is_empty() && mark.is.contains(&text(record, &mark.field))
}

fn day(text: &str) -> Option<PartialDate> {
    PartialDate::read(text)
}

/// Cuts a history into spells.
fn spells<'v>(fields: &HalfYear, versions: &'v [Version]) -> Vec<Spell<'v>> {
    let mut spells: Vec<Spell<'v>> = Vec::new();
    let mut open = false;
    for version in versions {
        let record = &version.record;
        if version.action == Action::Stop {
            let on = day(&first(record, &fields.stop.day)).map(PartialDate::latest).or(version.sent);
            if let (Some(spell), Some(on)) = (spells.last_mut().filter(|_| open), on) {
                spell.ends = Some((on, End::Stopped(text(record, &fields.stop.reason))));
                open = false;
            }
            continue;
        }
        let moved = holds(record, &fields.moved);
        let from = day(&text(record, &fields.from)).map(PartialDate::earliest);
        if !open {
            // Elsewhere before they ever drew here, or still elsewhere.
            if moved {
                continue;
            }
            let after = spells.last().and_then(|spell| spell.ends.as_ref()).map(|(day, _)| *day);
            // Whoever comes back draws from then on, though the record still tells the first month.
            let begins = match (from, after) {
                (Some(from), Some(after)) if from <= after => version.sent.filter(|sent| *sent > after).or(Some(after)),
                _ => from,
            };
            spells.push(Spell { begins, ends: None, writes: Vec::new() });
            open = true;
        }
        let Some(spell) = spells.last_mut() else { continue };
        if moved {
            spell.ends = version.sent.map(|sent| (sent, End::Moved));
            open = false;
            continue;
        }
        spell.writes.push(version);
        if spell.writes.len() > 1 {
            // A new decision about the same benefit may tell its own first month.
            spell.begins = spell.begins.zip(from).map_or(spell.begins, |(known, from)| Some(known.min(from)));
        }
        let until = day(&text(record, &fields.until)).map(PartialDate::latest);
        spell.ends = until.map(|until| (until, End::Stopped(String::new())));
    }
    spells.retain(|spell| !spell.writes.is_empty());
    spells
}
