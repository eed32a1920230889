//! One record as the nation has it against what we know of it. Pure.

use std::collections::HashMap;

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::content::{of_fields, version};
use crate::mismatch::{Authority, DecisionRules, Difference, Right};
use crate::model::{Action, ContentHash, Kind, Reason};
use crate::national::{ListedRecord, Profile};
use crate::store::believed::Known;
use crate::store::mismatch::Draft;

/// What two records say of each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Says {
    /// The same version, and the content that it is of.
    Agree,
    /// Another version, but contents that mean the same.
    AgreeOtherwise,
    /// The same, as far as the side that knows less can tell.
    AgreeProbably,
    /// Not the same.
    Differ(Vec<Told>),
    /// Another version, and we no longer have the content.
    NoContent,
}

/// A difference that is not opened yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub kind: Kind,
    pub place: String,
    pub field: String,
    pub reason: String,
    pub cause: String,
    pub value: String,
    pub theirs: String,
    pub detail: String,
    pub right: Right,
    /// Digests of the number on both sides.
    pub persons: [String; 2],
}

impl Told {
    fn of(kind: Kind, reason: Reason, right: Right) -> Self {
        let [place, field, cause, value, theirs, detail] = <[String; 6]>::default();
        Self {
            kind,
            place,
            field,
            reason: reason.word().to_owned(),
            cause,
            value,
            theirs,
            detail,
            right,
            persons: Default::default(),
        }
    }

    /// As it is opened.
    pub(super) fn draft(self, key: &str, unit: &str, there: Option<(Action, ContentHash)>) -> (Draft, Right) {
        let mut draft = Draft::new(key, self.kind, &self.reason);
        (draft.place, draft.field, draft.cause) = (self.place, self.field, self.cause);
        (draft.value, draft.theirs, draft.detail) = (self.value, self.theirs, self.detail);
        unit.clone_into(&mut draft.unit);
        (draft.persons, draft.there) = (self.persons, there);
        (draft, self.right)
    }
}

/// Lays records against each other.
pub(super) struct Sides<'a> {
    pub profile: &'a Profile,
    pub authority: &'a Authority,
    pub decisions: &'a DecisionRules,
    pub entity: &'a str,
    pub today: Date,
}

impl Sides<'_> {
    /// Whether version and content are plainly the confirmed ones, so that nothing more has to be read.
    pub(super) fn is_plain(&self, record: &ListedRecord, known: &Known) -> bool {
        let write = self.profile.contract_word(Action::Write);
        matches!(known.confirmed, Some((Action::Write, confirmed)) if !record.stopped
            && record.version == Some(confirmed) && version(write, &record.content) == confirmed)
    }

    /// What a record that we know says against what was accepted of it.
    pub(super) fn lay(
        &self,
        record: &ListedRecord,
        known: &Known,
        accepted: &HashMap<(String, Action), String>,
    ) -> Says {
        let content = |action| -> Option<Map<String, Value>> {
            serde_json::from_str(accepted.get(&(record.reference.clone(), action))?).ok()
        };
        match known.confirmed {
            Some((Action::Write, _)) if self.is_plain(record, known) => Says::Agree,
            Some((Action::Write, _)) if record.stopped => {
                let right = self.decisions.right_of(Kind::FieldDiffers);
                let told = Told::of(Kind::FieldDiffers, Reason::StoppedThere, right);
                Says::Differ(vec![Told { place: "stopped".to_owned(), ..told }])
            }
            Some((Action::Stop, _)) if !record.stopped => {
                let right = self.decisions.right_of(Kind::StatusBack);
                Says::Differ(vec![Told::of(Kind::StatusBack, Reason::StopUndone, right)])
            }
            Some((action, confirmed)) => match content(action) {
                Some(ours) => self.contents(&ours, record, record.version == Some(confirmed)),
                None if record.version == Some(confirmed) => Says::Agree,
                None => Says::NoContent,
            },
            None => Says::NoContent,
        }
    }

    fn contents(&self, ours: &Map<String, Value>, record: &ListedRecord, same_version: bool) -> Says {
        let theirs = of_fields(&record.content, ours);
        let differences =
            if theirs == *ours { Vec::new() } else { self.authority.compare(self.entity, ours, &theirs, self.today) };
        if !differences.is_empty() {
            let number = |content| self.authority.person(self.entity, content).and_then(|person| person.person);
            let persons = [ours, &theirs].map(|content| number(content).unwrap_or_default());
            let all = differences.into_iter().map(told);
            return Says::Differ(all.map(|one| Told { persons: persons.clone(), ..one }).collect());
        }
        let doubts = || self.authority.doubts(self.entity, ours, &theirs, self.today);
        if same_version {
            Says::Agree
        } else if theirs != *ours && !doubts().is_empty() {
            Says::AgreeProbably
        } else {
            Says::AgreeOtherwise
        }
    }

    /// A record that the nation has and we did not send, or not with success.
    pub(super) fn not_ours(&self, record: &ListedRecord, known: Option<&Known>, waits: bool) -> (Draft, Right) {
        let reason = match known.map(|known| known.verdict.as_str()) {
            None => Reason::UnknownHere,
            Some("held") => Reason::HeldHere,
            Some("gone") => Reason::GoneHere,
            Some("idle") => Reason::StoppedHere,
            Some(_) if waits => Reason::NotSent,
            Some(_) => Reason::NotConfirmed,
        };
        let told = Told::of(Kind::MissingHere, reason, self.decisions.right_of(Kind::MissingHere));
        let told = Told { cause: reason.word().to_owned(), theirs: record.national_id.clone(), ..told };
        let (draft, right) = told.draft(&record.reference, &record.unit, there(record, None));
        (Draft { about: serde_json::to_string(&record.content).unwrap_or_default(), ..draft }, right)
    }
}

/// What the nation really has, where its version tells: an edit that left the version alone is none that we could
/// believe in.
pub(super) fn there(record: &ListedRecord, known: Option<&Known>) -> Option<(Action, ContentHash)> {
    let action = if record.stopped { Action::Stop } else { Action::Write };
    let content = (action, record.version?);
    (known.and_then(|known| known.confirmed) != Some(content)).then_some(content)
}

/// A record of ours that the nation does not have any more.
pub(super) fn not_there(decisions: &DecisionRules, key: &str, known: &Known) -> (Draft, Right) {
    let told = Told::of(Kind::MissingThere, Reason::NotThere, decisions.right_of(Kind::MissingThere));
    // Records of one day may have been lost together.
    let day = known.confirmed_at.map(|at| at.day().to_string()).unwrap_or_default();
    Told { cause: format!("{} {day}", Reason::NotThere.word()), ..told }.draft(key, &known.unit, None)
}

fn told(difference: Difference) -> Told {
    let Difference { field, ours, theirs, kind, reason, cause, right, law, probable } = difference;
    let detail = if probable { format!("có thể là một / probably the same. {law}") } else { law };
    Told {
        kind,
        place: field.clone(),
        field,
        reason,
        cause,
        value: ours,
        theirs,
        detail: detail.trim().to_owned(),
        right,
        persons: Default::default(),
    }
}
