//! Who is right, field by field, by what law and since when: `mappings/<system>/authority.toml`, compiled once.

use std::path::Path;

use serde_json::{Map, Value};

use super::authority_file;
use super::compare::{Block, Papers, Side, bare_number};
use crate::codes::{CodeLists, lists::read_bounded};
use crate::model::fact::is_under;
use crate::model::{Faults, number_digest, scoped};

/// The file's name, in the folder of a system's mappings.
const FILE: &str = "authority.toml";
const MAX_BYTES: u64 = 256 * 1024;

/// Whose word counts where the two sides differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Right {
    /// The province: it goes to the nation again.
    Province,
    /// The nation: a line on the province's list of corrections.
    Nation,
    /// The population registry, which neither side is: a person looks there.
    Registry,
    /// A person decides.
    Person,
}

impl Right {
    /// All, with the words for them in files.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("province", Self::Province),
        ("nation", Self::Nation),
        ("registry", Self::Registry),
        ("person", Self::Person),
    ];

    /// The fixed word.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, right)| *right == self).map_or("", |(word, _)| word)
    }

    /// The decision that the file makes by it; `None` where a person decides.
    pub fn decides(self) -> Option<&'static str> {
        match self {
            Self::Province => Some("keep-ours"),
            Self::Nation => Some("take-theirs"),
            Self::Registry | Self::Person => None,
        }
    }
}

/// By whom a national record is, and whether it runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PersonOf {
    /// Digest of the paper's number, as the store has it; `None` where there is no usable number: empty never equals empty.
    pub person: Option<String>,
    /// The same of an earlier number.
    pub earlier: Option<String>,
    /// In which group the person draws.
    pub group: String,
    /// Whether it still runs.
    pub runs: bool,
}

/// An entity, as far as two of its records can be of one person.
#[derive(Debug)]
pub(super) struct EntityUse {
    pub name: String,
    pub kind: String,
    pub number: String,
    pub earlier: Option<String>,
    pub group: Option<String>,
    /// The field and the words that say that a record no longer runs.
    pub over: Option<(String, Vec<String>)>,
    /// What must be equal besides the person for two records to be of one matter: a month, an event. Empty: nothing.
    pub matter: Vec<String>,
    /// The field of the last day: a record that has one no longer runs.
    pub ended: Option<String>,
    /// Pairs of groups that may stand beside each other.
    pub legal: Vec<[Vec<String>; 2]>,
}

/// The file, compiled. One without any block compares every field as words, and a person decides about all that differs.
#[derive(Debug, Default)]
pub struct Authority {
    pub(super) blocks: Vec<Block>,
    pub(super) entities: Vec<EntityUse>,
    pub(super) papers: Papers,
    /// The system's name in `gateway.toml`, within which a person is known.
    pub(super) system: String,
    /// Blocks that somebody wrote down from memory.
    pub(super) from_memory: usize,
}

impl Authority {
    /// Reads `<mappings>/<profile>/authority.toml` and the lists that it names; all mistakes are told. `system` is the name in
    /// `gateway.toml`, within which a person is known. A system without such a file is one whose records cannot be compared.
    pub fn load(mappings: &Path, profile: &str, system: &str) -> Result<Self, Faults> {
        let file = mappings.join(profile).join(FILE);
        if !file.exists() {
            return Ok(Self { system: system.to_owned(), ..Self::default() });
        }
        let text = read_bounded(&file, MAX_BYTES)?;
        Self::parse(&file, &text, &mappings.join("codes"), system)
    }

    /// The same from a text and a folder of lists; `file` is for messages.
    pub fn parse(file: &Path, text: &str, codes: &Path, system: &str) -> Result<Self, Faults> {
        let compiled = authority_file::compile(file, text, &mut CodeLists::new(codes))?;
        Ok(Self { system: system.to_owned(), ..compiled })
    }

    /// How many of its statements are from memory and must be checked by the operator.
    pub fn from_memory(&self) -> usize {
        self.from_memory
    }

    /// Whether it says anything.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// The fields of an entity that some block names, whenever it counts.
    pub fn names(&self, entity: &str, field: &str) -> bool {
        let of = |block: &&Block| block.entities.is_empty() || block.entities.iter().any(|e| e == entity);
        self.blocks.iter().filter(of).any(|block| block.how.fields().contains(&field))
    }

    /// By whom a national record is; `None` where records of this entity are not of one person.
    pub fn person(&self, entity: &str, record: &Map<String, Value>) -> Option<PersonOf> {
        let entity = self.entities.iter().find(|e| e.name == entity)?;
        let side = Side(record);
        let text = |field: &Option<String>| field.as_ref().map(|field| side.text(field)).unwrap_or_default();
        // Two records of one person about two matters are no pair: what tells them apart is a part of the number.
        let matter = entity.matter.iter().fold(String::new(), |all, field| all + "\u{1f}" + &side.text(field));
        let digest =
            |kind: &str, number: &str| scoped(&self.system, &number_digest(kind, &format!("{number}{matter}")));
        let (kind, number) = (side.text(&entity.kind), bare_number(&side.text(&entity.number)));
        let earlier = bare_number(&text(&entity.earlier));
        let person = self.papers.is_usable(&kind, &number).then(|| digest(&kind, &number));
        let earlier = self.papers.kind_of(&earlier).map(|kind| digest(kind, &earlier));
        let over = entity.over.as_ref().is_some_and(|(field, is)| is.iter().any(|word| *word == side.text(field)));
        Some(PersonOf {
            earlier: earlier.filter(|earlier| Some(earlier) != person.as_ref()),
            person,
            group: text(&entity.group).into_owned(),
            runs: !over && text(&entity.ended).is_empty(),
        })
    }

    /// Whether two running records of one person may stand beside each other: the legal double.
    pub fn may_both(&self, entity: &str, one: &PersonOf, other: &PersonOf) -> bool {
        let Some(entity) = self.entities.iter().find(|e| e.name == entity) else { return false };
        let within = |groups: &[String], person: &PersonOf| groups.iter().any(|group| is_under(group, &person.group));
        entity.legal.iter().any(|[a, b]| (within(a, one) && within(b, other)) || (within(a, other) && within(b, one)))
    }
}
