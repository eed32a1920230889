//! How one entity of a system is spoken to.

use std::collections::BTreeMap;

use super::body::Field;
use super::envelope::Envelope;
use super::profile::{Limits, Operation, Settle};

/// Where an operation is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The HTTP method.
    pub method: String,
    /// The path below the base address.
    pub path: String,
    /// Its headers, those of all calls included.
    pub headers: Vec<(String, String)>,
    /// Its own fields of the body, after those of the envelope.
    pub fields: Vec<Field>,
}

/// What it means that the system knows a record already that was to be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exists {
    /// What was to be achieved is: another stream brings its content.
    Accepted,
    /// It goes again as an update.
    RepeatAsUpdate,
    /// A refusal like any other.
    Refused,
}

impl Exists {
    /// The words of the profile.
    pub const WORDS: [(&'static str, Self); 3] =
        [("accepted", Self::Accepted), ("repeat-as-update", Self::RepeatAsUpdate), ("refused", Self::Refused)];
}

/// How one entity is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    pub(super) calls: BTreeMap<Operation, Call>,
    pub(super) envelope: Envelope,
    /// What one exchange may cost.
    pub limits: Limits,
    /// How an unknown outcome of a write is settled.
    pub settle: Settle,
    /// What it means that the system knows a record already.
    pub exists: Exists,
    /// The record's field by whose value answers name it; our own reference where there is none.
    pub(super) reference: Option<String>,
}

impl Entity {
    /// Whether records that the system knows go by another call than those that it does not.
    pub fn has_update(&self) -> bool {
        self.calls.contains_key(&Operation::Update)
    }

    /// All fields of its bodies, with their values.
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.envelope.fields().iter().chain(self.calls.values().flat_map(|call| &call.fields))
    }
}
