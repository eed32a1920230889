//! Two national records laid against each other, so that only what really differs is found.
//!
//! Spelling is no difference: canonical-equivalent Unicode, where a tone mark stands, blanks, letter case, how a number or a date
//! is written; null, a missing key and the empty text are the same. Fields that belong together are one thing with one cause:
//! `birth`, `unit`, `identity`, `amount`; all others by themselves, in `values`. What agrees only because one side
//! knows it less exactly is no difference; it is marked *probable* and can be asked for ([`Authority::doubts`]).

mod amount;
mod birth;
mod identity;
mod unit;
mod values;

pub(super) use amount::Amount;
pub(super) use birth::Birth;
pub(super) use identity::{Identity, Papers, bare_number};
pub(super) use unit::{Became, Unit};
pub(super) use values::{By, Each, Status};

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::{Authority, Right};
use crate::codes::fold;
use crate::model::Kind;
use crate::model::text::nfc;

/// One thing in which the two sides differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The national field; of fields that belong together the one that people look at first. The mismatch's place.
    pub field: String,
    /// Our value.
    pub ours: String,
    /// The nation's value.
    pub theirs: String,
    /// Field differs, number changed, status went back.
    pub kind: Kind,
    /// A fixed word; its text is the message `differs-…`.
    pub reason: String,
    /// What many may have in common; no personal data.
    pub cause: String,
    /// Whose word counts.
    pub right: Right,
    /// By what law.
    pub law: String,
    /// It is likely to be the same thing, less exactly known.
    pub probable: bool,
}

/// How some fields compare.
#[derive(Debug)]
pub(super) enum How {
    /// Each by itself.
    Each(Vec<String>, Each),
    Status(Status),
    Birth(Birth),
    Unit(Unit),
    Identity(Identity),
    Amount(Box<Amount>),
}

impl How {
    /// The fields that it looks at.
    pub(super) fn fields(&self) -> Vec<&str> {
        match self {
            Self::Each(fields, _) => fields.iter().map(String::as_str).collect(),
            Self::Status(status) => vec![&status.field],
            Self::Birth(birth) => birth.fields().to_vec(),
            Self::Unit(unit) => unit.fields().to_vec(),
            Self::Identity(identity) => identity.fields().to_vec(),
            Self::Amount(amount) => amount.fields().to_vec(),
        }
    }

    fn compare(&self, sides: &Sides<'_>, today: Date) -> Vec<Found> {
        match self {
            Self::Each(fields, by) => fields.iter().filter_map(|field| by.compare(field, sides)).collect(),
            Self::Status(status) => status.compare(sides).into_iter().collect(),
            Self::Birth(birth) => birth.compare(sides).into_iter().collect(),
            Self::Unit(unit) => unit.compare(sides).into_iter().collect(),
            Self::Identity(identity) => identity.compare(sides).into_iter().collect(),
            Self::Amount(amount) => amount.compare(sides, today).into_iter().collect(),
        }
    }
}

/// Some fields, who is right about them, by what law and when.
#[derive(Debug)]
pub(super) struct Block {
    pub how: How,
    /// All where none is named.
    pub entities: Vec<String>,
    pub from: Option<Date>,
    pub until: Option<Date>,
    pub right: Right,
    pub law: String,
}

impl Block {
    fn counts(&self, entity: &str, today: Date) -> bool {
        (self.entities.is_empty() || self.entities.iter().any(|e| e == entity))
            && self.from.is_none_or(|from| from <= today)
            && self.until.is_none_or(|until| today <= until)
    }
}

/// The two records.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub ours: Side<'a>,
    pub theirs: Side<'a>,
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct Side<'a>(pub &'a Map<String, Value>);

impl<'a> Side<'a> {
    /// The value as a text, composed and without blanks around; null and missing are empty.
    pub fn text(self, field: &str) -> Cow<'a, str> {
        match self.0.get(field) {
            None | Some(Value::Null) => Cow::Borrowed(""),
            Some(Value::String(text)) => match nfc(text) {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
            },
            Some(Value::Array(items)) => {
                let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                Cow::Owned(texts.join(", "))
            }
            Some(other) => Cow::Owned(other.to_string()),
        }
    }

    /// The items of a list, spelt alike and in order; a text that is no list is a list of one.
    pub fn items(self, field: &str) -> BTreeSet<String> {
        let items: Vec<String> = match self.0.get(field) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(plain).collect(),
            _ => vec![plain(&self.text(field))],
        };
        items.into_iter().filter(|item| !item.is_empty()).collect()
    }
}

/// The spelling in which texts are compared.
pub(super) fn plain(text: &str) -> String {
    // The Icelandic and the African letter look like đ and were typed for it.
    fold(text).replace(['ð', 'ɖ'], "đ")
}

/// Something that differs, before it is known who is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub field: String,
    pub ours: String,
    pub theirs: String,
    pub kind: Kind,
    pub reason: &'static str,
    /// Codes that many may have in common, after reason and field.
    pub codes: String,
    pub probable: bool,
    /// The two sides agree, as far as the one that knows less can tell.
    pub agrees: bool,
}

impl Found {
    pub fn new(field: &str, ours: impl Into<String>, theirs: impl Into<String>, reason: &'static str) -> Self {
        let (ours, theirs) = (ours.into(), theirs.into());
        let kind = Kind::FieldDiffers;
        Self {
            field: field.to_owned(),
            ours,
            theirs,
            kind,
            reason,
            codes: String::new(),
            probable: false,
            agrees: false,
        }
    }

    /// The same where one of the sides may be empty, which is its own reason.
    pub fn of(field: &str, ours: &str, theirs: &str, reason: &'static str) -> Self {
        let reason = match (ours.is_empty(), theirs.is_empty()) {
            (true, false) => "empty-here",
            (false, true) => "empty-there",
            _ => reason,
        };
        Self::new(field, ours, theirs, reason)
    }

    /// With the codes of both sides in its cause.
    pub fn with_codes(mut self, ours: &str, theirs: &str) -> Self {
        let short = |code: &str| code.chars().take(40).collect::<String>();
        if !ours.is_empty() && !theirs.is_empty() {
            self.codes = format!(" {} ≠ {}", short(ours), short(theirs));
        }
        self
    }

    /// Agrees as far as one can tell.
    pub fn doubt(mut self) -> Self {
        (self.probable, self.agrees) = (true, true);
        self
    }
}

impl Authority {
    /// Where two records of one key differ. Records are JSON objects under the contract's names (values text, lists of texts).
    /// Empty: they agree.
    pub fn compare(
        &self,
        entity: &str,
        ours: &Map<String, Value>,
        theirs: &Map<String, Value>,
        today: Date,
    ) -> Vec<Difference> {
        self.judge(entity, ours, theirs, today, false)
    }

    /// What agrees only because one side knows it less exactly: a first of January against a year.
    /// No mismatch; a comparison counts them.
    pub fn doubts(
        &self,
        entity: &str,
        ours: &Map<String, Value>,
        theirs: &Map<String, Value>,
        today: Date,
    ) -> Vec<Difference> {
        self.judge(entity, ours, theirs, today, true)
    }

    fn judge(
        &self,
        entity: &str,
        ours: &Map<String, Value>,
        theirs: &Map<String, Value>,
        today: Date,
        agrees: bool,
    ) -> Vec<Difference> {
        let sides = Sides { ours: Side(ours), theirs: Side(theirs) };
        let (mut seen, mut all): (BTreeSet<&str>, _) = (BTreeSet::new(), Vec::new());
        // What is said of this entity alone goes before what is said of all.
        let (own, general): (Vec<&Block>, Vec<&Block>) =
            self.blocks.iter().filter(|b| b.counts(entity, today)).partition(|b| !b.entities.is_empty());
        for block in own.into_iter().chain(general) {
            let fields = block.how.fields();
            let named = |field: &&&str| ours.contains_key(**field) || theirs.contains_key(**field);
            if fields.iter().any(|field| seen.contains(field)) || !fields.iter().any(|f| named(&f)) {
                continue;
            }
            let found = block.how.compare(&sides, today).into_iter().filter(|found| found.agrees == agrees);
            all.extend(found.map(|found| difference(found, block.right, &block.law)));
            seen.extend(fields);
        }
        // A field that the file forgot is compared all the same, and nobody is right about it by himself.
        let names = ours.keys().chain(theirs.keys().filter(|name| !ours.contains_key(*name)));
        for name in names.filter(|name| !seen.contains(name.as_str())) {
            let found = Each::text().compare(name, &sides).filter(|found| found.agrees == agrees);
            all.extend(found.map(|found| difference(found, Right::Person, "")));
        }
        all
    }
}

fn difference(found: Found, right: Right, law: &str) -> Difference {
    // Nobody's record says which part of a unit that was split it means.
    let right = if found.kind == Kind::UnitAmbiguous { Right::Person } else { right };
    Difference {
        cause: format!("{} {}{}", found.reason, found.field, found.codes),
        field: found.field,
        ours: found.ours,
        theirs: found.theirs,
        kind: found.kind,
        reason: found.reason.to_owned(),
        right,
        law: law.to_owned(),
        probable: found.probable,
    }
}
