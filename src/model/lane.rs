//! The order within one dossier: its lane, where in time a record stands there, and which moves are a step back.

use std::collections::HashSet;

/// Where a record stands among all records of the same dossier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lane {
    /// The dossier's number; never empty.
    pub name: String,
    /// Sortable text, `yyyyMMddHHmmss`; empty for a record that is no step.
    pub at: String,
    /// The status as it is sent.
    pub status: String,
}

/// The moves from one status to another that are a step back. To stay is never one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moves(HashSet<(String, String)>);

impl Moves {
    /// Whether the move is a step back. From a status that nobody knows (empty) none is.
    pub fn is_back(&self, from: &str, to: &str) -> bool {
        self.0.contains(&(from.to_owned(), to.to_owned()))
    }
}

impl FromIterator<(String, String)> for Moves {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(moves: I) -> Self {
        Self(moves.into_iter().collect())
    }
}
