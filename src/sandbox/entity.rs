//! What the nation keeps records of: one table entry an entity, and what follows from it.

use std::sync::LazyLock;

use super::beneficiary;
use super::form::Check;
use super::programmes;
use super::record::{Field, WORDS};

/// An entity as the contract has it.
pub(super) struct Entity {
    /// The word of its paths.
    pub name: &'static str,
    /// Fields of a `GHI` in order, block by block.
    pub blocks: &'static [&'static [Field]],
    /// Fields of a `GHI` that are never empty.
    pub required: &'static [Field],
    /// What else is judged in a `GHI`, once its fields are there and tidy.
    pub checks: &'static [Check],
    /// What a `DUNG` may carry.
    pub stop: &'static [Field],
    /// What is judged in a `DUNG`.
    pub stop_checks: &'static [Check],
    /// Fields that no two records have alike, withdrawn ones left out.
    pub unique: &'static [Field],
    /// What is never written otherwise again.
    pub settles: Option<Settles>,
}

/// Once a field had this value, others keep theirs.
pub(super) struct Settles {
    pub when: (Field, &'static str),
    pub keeps: &'static [Field],
}

/// An eighth entity is one more entry here, with its words in [`super::record`] and checks of its own where it has any.
const ENTITIES: &[Entity] = &[
    beneficiary::ENTITY,
    programmes::FUNERALS,
    programmes::RELIEF,
    programmes::CARE,
    programmes::RESIDENTS,
    programmes::PAYMENTS,
    programmes::HONOURS,
];

/// An entity with the places of its fields worked out.
pub(super) struct Kind {
    pub entity: &'static Entity,
    /// Its place among the entities.
    pub number: usize,
    /// Fields of a `GHI`, then those of a stop only.
    pub fields: Vec<Field>,
    /// How many are of a `GHI`.
    pub written: usize,
    /// Places in the order of the names' bytes, as `PhienBan` wants them.
    pub order: Vec<usize>,
    places: [Option<u8>; WORDS],
}

impl Kind {
    fn new(number: usize, entity: &'static Entity) -> Self {
        let mut fields = entity.blocks.concat();
        let written = fields.len();
        for &field in entity.stop {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        let mut order: Vec<usize> = (0..fields.len()).collect();
        order.sort_by_key(|&place| fields[place].name().as_bytes());
        let mut places = [None; WORDS];
        for (&field, place) in fields.iter().zip(0..) {
            places[field as usize] = Some(place);
        }
        Self { entity, number, fields, written, order, places }
    }

    /// Where the record has a field, if it has it.
    pub(super) fn place(&self, field: Field) -> Option<usize> {
        self.places[field as usize].map(usize::from)
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.entity.name)
    }
}

static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| (0..).zip(ENTITIES).map(|(n, one)| Kind::new(n, one)).collect());

/// All entities; the first are the beneficiaries.
pub(super) fn kinds() -> &'static [Kind] {
    &KINDS
}

/// The entity of that name.
pub(super) fn kind_of(name: &str) -> Option<&'static Kind> {
    kinds().iter().find(|kind| kind.entity.name == name)
}

/// The beneficiaries' name, where no entity is told.
pub(super) const BENEFICIARIES: &str = beneficiary::ENTITY.name;
