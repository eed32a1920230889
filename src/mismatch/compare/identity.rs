//! The paper of a person: kind, number and an earlier number are one thing.

use super::{Found, Side, Sides};
use crate::codes::CodeList;
use crate::model::Kind;
use crate::model::identity::is_filler;

/// How many digits each kind of paper has; kinds whose number has any form are not here.
#[derive(Debug, Default)]
pub(in crate::mismatch) struct Papers(Vec<(String, usize)>);

impl Papers {
    /// From the list's column `digits`; `None` where it has none.
    pub fn of(list: &CodeList) -> Option<Self> {
        let column = list.column("digits")?;
        let digits = |e: &crate::codes::Entry| e.extra(column).parse().ok().filter(|n| *n > 0);
        Some(Self(list.entries().iter().filter_map(|e| Some((e.code.to_string(), digits(e)?))).collect()))
    }

    /// Whether it is a number that tells who somebody is: as long as its kind has it, and no filler.
    pub fn is_usable(&self, kind: &str, number: &str) -> bool {
        self.0.iter().any(|(known, digits)| known == kind && is_whole(number, *digits))
    }

    /// The kind of a number that stands without one: the only kind that has so many digits.
    pub fn kind_of(&self, number: &str) -> Option<&str> {
        let mut kinds = self.0.iter().filter(|(_, digits)| is_whole(number, *digits));
        kinds.next().filter(|_| kinds.next().is_none()).map(|(kind, _)| kind.as_str())
    }
}

fn is_whole(number: &str, digits: usize) -> bool {
    number.len() == digits && number.bytes().all(|b| b.is_ascii_digit()) && !is_filler(number)
}

/// The number without what people write between its digits.
pub(in crate::mismatch) fn bare_number(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !['.', '-'].contains(c)).flat_map(char::to_uppercase).collect()
}

/// Its fields.
#[derive(Debug)]
pub(in crate::mismatch) struct Identity {
    pub kind: String,
    pub number: String,
    pub earlier: String,
    /// Kinds that mean that there is no paper.
    pub unknown: Vec<String>,
    pub papers: Papers,
}

struct Paper {
    kind: String,
    number: String,
    earlier: String,
}

impl Identity {
    pub fn fields(&self) -> [&str; 3] {
        [&self.kind, &self.number, &self.earlier]
    }

    fn read(&self, side: Side<'_>) -> Paper {
        let kind = side.text(&self.kind).into_owned();
        Paper {
            kind: if self.unknown.contains(&kind) { String::new() } else { kind },
            number: bare_number(&side.text(&self.number)),
            earlier: bare_number(&side.text(&self.earlier)),
        }
    }

    /// A new number that names the old one as its own is the same person. Two records of one key that both have no number
    /// do not differ in it; that they are of one person is said by their key alone, never by what both lack.
    pub fn compare(&self, sides: &Sides<'_>) -> Option<Found> {
        let (ours, theirs) = (self.read(sides.ours), self.read(sides.theirs));
        let number = |reason| Found::of(&self.number, &ours.number, &theirs.number, reason);
        if ours.number == theirs.number {
            if ours.kind != theirs.kind {
                let found = Found::of(&self.kind, &ours.kind, &theirs.kind, "differs");
                return Some(found.with_codes(&ours.kind, &theirs.kind));
            }
            let same = ours.earlier == theirs.earlier;
            return (!same).then(|| Found::of(&self.earlier, &ours.earlier, &theirs.earlier, "differs"));
        }
        let names = |one: &Paper, other: &Paper| !other.number.is_empty() && one.earlier == other.number;
        if names(&ours, &theirs) || names(&theirs, &ours) {
            return None;
        }
        if ours.number.is_empty() || theirs.number.is_empty() {
            return Some(number("differs"));
        }
        let lost_zero = |short: &str, long: &str| long.strip_prefix('0') == Some(short);
        if lost_zero(&ours.number, &theirs.number) || lost_zero(&theirs.number, &ours.number) {
            return Some(number("lost-zero"));
        }
        if is_filler(&ours.number) || is_filler(&theirs.number) {
            return Some(number("filler"));
        }
        let usable = |paper: &Paper| self.papers.is_usable(&paper.kind, &paper.number);
        let found = number("number-changed");
        let both = usable(&ours) && usable(&theirs);
        Some(if both { Found { kind: Kind::NumberChanged, ..found } } else { number("differs") })
    }
}
