//! Where in a split unit a person lives, and what people decided about it.
//!
//! When a commune is split among several, only a person can say to which of them an address went. Whoever decides does so
//! for a [`Place`]: the old unit and one address in it. The answer is handed to the judgement as a value, so that the
//! next record at the same address is judged without asking again.

use std::collections::HashMap;

/// An address in a unit that was split, by the hash of both: the address itself stands in the store only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(pub [u8; 16]);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a judgement asked about a place: of every record in a split unit, decided or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The address.
    pub place: Place,
    /// The old unit.
    pub code: String,
    /// The address as people read it: personal data, for store and pages only.
    pub address: String,
    /// The units that it may lie in now.
    pub candidates: Vec<String>,
    /// The decision by which the record was judged; 0 where there was none.
    pub decision: i64,
}

/// The decision that stands for each place: the latest.
#[derive(Debug, Clone, Default)]
pub struct Decisions(HashMap<Place, (i64, String)>);

impl Decisions {
    /// Of each place the decision's number and the unit that was chosen; a later entry replaces an earlier one.
    pub fn new(all: impl IntoIterator<Item = (Place, i64, String)>) -> Self {
        Self(all.into_iter().map(|(place, id, chosen)| (place, (id, chosen))).collect())
    }

    /// What was decided: the decision's number and the unit.
    pub fn of(&self, place: Place) -> Option<(i64, &str)> {
        self.0.get(&place).map(|(id, chosen)| (*id, chosen.as_str()))
    }
}
