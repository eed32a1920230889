//! The applications that citizens filed at dvcbtxh: every body of each, what is shown of them now, and what was given.

use std::collections::BTreeMap;

use serde_json::Value;

use super::pull::{Span, Units};

/// What citizens write, by the contract's names; only scalars.
pub(super) type Fields = BTreeMap<String, Value>;

/// The key with the status.
pub(super) const STATUS: &str = "StatusId";

/// A body, kept once however often the application comes back to it.
#[derive(Debug)]
struct Body {
    fields: Fields,
    /// Whether it stood in an answer that arrived.
    given: bool,
}

/// A filing or a change.
#[derive(Debug)]
struct Change {
    at: u64,
    body: usize,
    /// From so many pulls it is still hidden.
    hides: u32,
    /// The status that was taken over from us since, and when.
    echo: Option<(u8, u64)>,
}

/// One application.
#[derive(Debug)]
pub(super) struct Application {
    filed: u64,
    bodies: Vec<Body>,
    /// In the order in which they were made; never empty.
    changes: Vec<Change>,
    pulled: u64,
}

/// An item of an answer: the body, and the status to be shown in place of the body's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub fields: &'a Fields,
    pub status: Option<u8>,
}

/// Where an item stands, so that it can be noted as given.
type Place = (String, usize);

#[derive(Debug, Default)]
pub(super) struct Applications {
    all: BTreeMap<String, Application>,
}

impl Change {
    fn last(&self) -> u64 {
        self.echo.map_or(self.at, |(_, at)| at)
    }
}

impl Application {
    /// The newest change that is not hidden.
    fn shown(&self) -> Option<usize> {
        self.changes.iter().rposition(|change| change.hides == 0)
    }

    fn body_of(&self, change: &Change) -> &Fields {
        &self.bodies[change.body].fields
    }

    /// Its present status as far as it is shown, or else as it was filed.
    pub(super) fn status(&self) -> String {
        let Some(change) = self.shown().map(|at| &self.changes[at]).or(self.changes.last()) else {
            return String::new();
        };
        match change.echo {
            Some((status, _)) => status.to_string(),
            None => said(self.body_of(change).get(STATUS)),
        }
    }

    /// Different bodies, those of them that were given, and in how many answers it stood.
    pub(super) fn counts(&self) -> (u64, u64, u64) {
        let given = self.bodies.iter().filter(|body| body.given).count();
        (self.bodies.len() as u64, given as u64, self.pulled)
    }
}

/// A scalar as text.
pub(super) fn said(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

impl Applications {
    /// Files a number, or changes it where it is known. A change without a status keeps the present one. Gives back
    /// the status, where the body has one that counts.
    pub(super) fn put(&mut self, number: &str, at: u64, mut fields: Fields, hides: u32) -> String {
        let known = self.all.get(number);
        if said(fields.get(STATUS)).is_empty() {
            let status = known.map_or_else(|| "1".to_owned(), Application::status);
            fields.insert(STATUS.to_owned(), Value::String(status));
        }
        let status = said(fields.get(STATUS));
        let new = || Application { filed: at, bodies: Vec::new(), changes: Vec::new(), pulled: 0 };
        let application = self.all.entry(number.to_owned()).or_insert_with(new);
        let body = application.bodies.iter().position(|body| body.fields == fields).unwrap_or_else(|| {
            application.bodies.push(Body { fields, given: false });
            application.bodies.len() - 1
        });
        application.changes.push(Change { at, body, hides, echo: None });
        status
    }

    /// Takes over a status that was accepted from us, which counts as a change.
    pub(super) fn echo(&mut self, number: &str, status: u8, at: u64) {
        let Some(application) = self.all.get_mut(number) else { return };
        let from = application.shown().unwrap_or_default();
        for change in &mut application.changes[from..] {
            change.echo = Some((status, at));
        }
    }

    /// What an answer about this window holds. A hidden change that would have stood in it has one pull less to hide
    /// from. `earlier`: the earlier bodies beside the newest.
    pub(super) fn within(&mut self, span: Span, units: &Units, earlier: bool) -> Vec<Place> {
        let mut places = Vec::new();
        for (number, application) in &mut self.all {
            let shown = application.shown();
            let waits = shown.map_or(0, |at| at + 1);
            let place =
                |application: &Application, at: usize| units.hold(application.body_of(&application.changes[at]));
            if let Some(at) = shown
                && (span.holds(application.filed) || span.holds(application.changes[at].last()))
                && place(application, at)
            {
                places.push((number.clone(), at));
                // Each earlier body once, as it was last.
                let body = |at: usize| application.changes[at].body;
                let last = |&one: &usize| (one + 1..=at).all(|later| body(later) != body(one));
                places.extend((0..at).filter(|_| earlier).filter(last).map(|at| (number.clone(), at)));
            }
            for at in waits..application.changes.len() {
                if span.holds(application.changes[at].at) && place(application, at) {
                    application.changes[at].hides -= 1;
                }
            }
        }
        places
    }

    /// The item at a place.
    pub(super) fn item(&self, (number, at): &Place) -> Option<Item<'_>> {
        let application = self.all.get(number)?;
        let change = application.changes.get(*at)?;
        let status = change.echo.map(|(status, _)| status);
        Some(Item { fields: application.body_of(change), status })
    }

    /// Notes what stood in an answer that arrived.
    pub(super) fn given(&mut self, places: &[Place]) {
        let mut before = "";
        for (number, at) in places {
            let Some(application) = self.all.get_mut(number) else { continue };
            if let Some(body) = application.changes.get(*at).map(|change| change.body) {
                application.bodies[body].given = true;
            }
            application.pulled += u64::from(before != number);
            before = number;
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.all.len() as u64
    }

    /// After a number, by number, at most so many.
    pub(super) fn after(&self, after: Option<&str>, limit: usize) -> impl Iterator<Item = (&String, &Application)> {
        let from = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        self.all.range::<str, _>((from, std::ops::Bound::Unbounded)).take(limit)
    }
}
