//! Where somebody lives: province, district and commune, with the catalogue that they are from.

use std::sync::Arc;

use super::{Found, Side, Sides};
use crate::codes::CodeList;
use crate::model::Kind;

/// What the units of one catalogue became in another.
#[derive(Debug)]
pub(in crate::mismatch) struct Became {
    pub from: String,
    pub to: String,
    pub list: Arc<CodeList>,
}

/// Its fields.
#[derive(Debug)]
pub(in crate::mismatch) struct Unit {
    pub province: String,
    pub district: String,
    pub commune: String,
    pub catalogue: String,
    pub became: Vec<Became>,
}

/// How a code of one side stands to one of the other.
enum Stand {
    Same,
    /// It was split, and the other is one of its parts.
    Maybe,
    Other,
}

impl Unit {
    pub fn fields(&self) -> [&str; 4] {
        [&self.province, &self.district, &self.commune, &self.catalogue]
    }

    /// The same code means different places in two catalogues, so codes of different catalogues are translated, never compared.
    pub fn compare(&self, sides: &Sides<'_>) -> Option<Found> {
        let text = |side: Side<'_>, field: &str| side.text(field).into_owned();
        let both = |field: &str| (text(sides.ours, field), text(sides.theirs, field));
        let (ours, theirs) = both(&self.catalogue);
        if ours == theirs || ours.is_empty() || theirs.is_empty() {
            // A district that one side does not tell is told by the commune.
            let told = |(a, b): &(String, String)| !a.is_empty() && !b.is_empty();
            return [&self.commune, &self.district, &self.province].into_iter().find_map(|field| {
                let (ours, theirs) = both(field);
                let counts = *field == self.commune || told(&(ours.clone(), theirs.clone()));
                (counts && ours != theirs)
                    .then(|| Found::of(field, &ours, &theirs, "other-unit").with_codes(&ours, &theirs))
            });
        }
        let Some((list, forward)) = self.between(&ours, &theirs) else {
            return Some(Found::of(&self.catalogue, &ours, &theirs, "differs").with_codes(&ours, &theirs));
        };
        let mut doubt = None;
        for field in [&self.commune, &self.province] {
            let (ours, theirs) = both(field);
            let (old, new) = if forward { (&ours, &theirs) } else { (&theirs, &ours) };
            let found = || Found::of(field, &ours, &theirs, "other-unit").with_codes(&ours, &theirs);
            match stand(list, old, new) {
                Stand::Same => {}
                // Whether it is the same place, only the address or a person can tell.
                Stand::Maybe => {
                    doubt =
                        doubt.or_else(|| Some(Found { reason: "split-unit", kind: Kind::UnitAmbiguous, ..found() }));
                }
                Stand::Other => return Some(found()),
            }
        }
        doubt
    }

    /// The list between two catalogues, and whether ours is the older one.
    fn between(&self, ours: &str, theirs: &str) -> Option<(&CodeList, bool)> {
        let find = |from: &str, to: &str| self.became.iter().find(|b| b.from == from && b.to == to).map(|b| &*b.list);
        find(ours, theirs).map(|list| (list, true)).or_else(|| find(theirs, ours).map(|list| (list, false)))
    }
}

fn stand(list: &CodeList, old: &str, new: &str) -> Stand {
    if old.is_empty() && new.is_empty() {
        return Stand::Same;
    }
    let mut parts = list.rows(old).flat_map(|row| row.successors.iter());
    match (parts.clone().count(), parts.any(|part| **part == *new)) {
        (1, true) => Stand::Same,
        (_, true) => Stand::Maybe,
        _ => Stand::Other,
    }
}
