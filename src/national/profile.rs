//! The checked profile of one national system: what it is called, where it is, how it speaks.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::auth::Auth;
use super::body::Key;
use super::document::Document;
use super::entity::{Call, Entity};
use super::form::AnswerForm;
use super::listing::{CountForm, ListForm};
use super::pull::Pull;
use super::settings;
use crate::model::{Action, Fault, Faults, Timestamp};

/// What can be asked of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// Send a batch of records.
    Write,
    /// Send records that the system knows already, where that is another call.
    Update,
    /// Ask what became of a batch.
    Ask,
    /// Look one record up.
    LookUp,
    /// Count the records there.
    Count,
    /// List the records there.
    List,
    /// Ask for applications.
    Pull,
    /// Fetch a file that an application names.
    Fetch,
}

impl Operation {
    /// Those that an entity may have.
    pub const OF_ENTITIES: [Self; 6] = [Self::Write, Self::Update, Self::Ask, Self::LookUp, Self::Count, Self::List];

    /// The fixed word, in profiles and in the exchange log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Update => "update",
            Self::Ask => "ask",
            Self::LookUp => "look-up",
            Self::Count => "count",
            Self::List => "list",
            Self::Pull => "pull",
            Self::Fetch => "fetch",
        }
    }

    /// Whether it only asks: nothing is stored by it.
    pub fn asks(self) -> bool {
        !matches!(self, Self::Write | Self::Update)
    }
}

/// How an unknown outcome of a write is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// By asking what became of the batch.
    Ask,
    /// By looking the records up one by one.
    LookUp,
    /// By sending the same bytes again; only where that has no second effect.
    Repeat,
    /// By a person.
    Person,
}

impl Settle {
    /// The words of the profile.
    pub const WORDS: [(&'static str, Self); 4] =
        [("ask", Self::Ask), ("look-up", Self::LookUp), ("repeat", Self::Repeat), ("person", Self::Person)];

    /// The fixed word.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, s)| *s == self).map_or("person", |(word, _)| word)
    }
}

/// What one exchange may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most records in a batch.
    pub records: usize,
    /// The most bytes of a batch.
    pub batch_bytes: usize,
    /// The most bytes of an answer, unpacked.
    pub answer_bytes: usize,
    /// The deepest nesting of an answer.
    pub answer_depth: usize,
    /// To make a connection, TLS included.
    pub connect: Duration,
    /// For a whole exchange.
    pub answer: Duration,
}

/// A word for each action.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActionWords {
    /// Create or update.
    pub write: String,
    /// Stop receiving.
    pub stop: String,
}

impl ActionWords {
    /// The action's word.
    pub fn of(&self, action: Action) -> &str {
        match action {
            Action::Write => &self.write,
            Action::Stop => &self.stop,
        }
    }
}

/// How one national system is spoken to. Made by [`Profile::load`] only, so it cannot be wrong later.
#[derive(Debug, Clone)]
pub struct Profile {
    pub(super) name: String,
    pub(super) time: String,
    pub(super) auth: Auth,
    pub(super) limits: Limits,
    pub(super) wire_words: ActionWords,
    pub(super) contract_words: ActionWords,
    pub(super) entities: BTreeMap<String, Entity>,
    /// The contract's names of record fields that the wire calls otherwise.
    pub(super) rename: Vec<(String, Key)>,
    pub(super) answer: AnswerForm,
    pub(super) settle: Settle,
    pub(super) pull: Option<Pull>,
    pub(super) count: Option<CountForm>,
    pub(super) list: Option<ListForm>,
    pub(super) digest: [u8; 8],
}

impl Profile {
    /// Reads `<mappings>/<system>/system.toml`. All mistakes are returned, each with its line.
    pub fn load(mappings: &Path, system: &str) -> Result<Self, Faults> {
        Self::load_wire(mappings, system, "system")
    }

    /// Reads `<mappings>/<system>/<wire>.toml`: another way to speak to the same system, with the same mappings.
    pub fn load_wire(mappings: &Path, system: &str, wire: &str) -> Result<Self, Faults> {
        let file = mappings.join(system).join(format!("{wire}.toml"));
        let text = std::fs::read_to_string(&file).map_err(|e| {
            Fault::of(&file, format!("không đọc được hồ sơ hệ thống / the profile cannot be read: {e}"))
        })?;
        Self::parse(&file, &text)
    }

    /// Reads a profile's text; `file` is for messages.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Faults> {
        let doc = Document::new(file, text);
        let table = doc.parse();
        let mut profile = settings::read(&doc, &table);
        doc.finish()?;
        // Of the values only: a comment or an empty line more is not another profile.
        let values: toml::Table = toml::from_str(text).map_err(|e| Fault::of(file, e.message().to_owned()))?;
        let hash: [u8; 32] = Sha256::digest(values.to_string()).into();
        profile.digest.copy_from_slice(&hash[..8]);
        Ok(profile)
    }

    /// What the operator calls the system.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first bytes of a hash of all values of the profile.
    pub fn digest(&self) -> [u8; 8] {
        self.digest
    }

    /// The contract's word for an action, over which the content's hash goes even where the wire has another.
    pub fn contract_word(&self, action: Action) -> &str {
        self.contract_words.of(action)
    }

    /// What one exchange may cost.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How an unknown outcome of a write is settled, where an entity does not say otherwise.
    pub fn settle(&self) -> Settle {
        self.settle
    }

    /// The entities that can be written.
    pub fn entities(&self) -> impl Iterator<Item = &str> {
        self.entities.keys().map(String::as_str)
    }

    /// Whether an answer may speak of some records only, and of the others later.
    pub fn answers_in_parts(&self) -> bool {
        self.answer.partial
    }

    /// Whether batches are files: then a folder stands for the system.
    pub fn is_by_file(&self) -> bool {
        self.entities.values().any(|e| matches!(e.envelope, super::envelope::Envelope::File { .. }))
    }

    /// How answers are read.
    pub fn answer_form(&self) -> &AnswerForm {
        &self.answer
    }

    /// How one entity is spoken to.
    pub fn entity(&self, entity: &str) -> Option<&Entity> {
        self.entities.get(entity)
    }

    /// Whether an entity's records can be stopped: where the wire has no word for it, a stop is never sent.
    pub fn can_stop(&self, entity: &str) -> bool {
        self.entity(entity).is_some_and(|e| e.envelope.batch().is_some()) && !self.wire_words.stop.is_empty()
    }

    /// Whether the profile itself puts this field beside a record's own: then no mapping may have it too.
    pub fn adds(&self, entity: &str, field: &str) -> bool {
        let Some(entity) = self.entity(entity) else { return false };
        matches!(entity.envelope, super::envelope::Envelope::Record { .. })
            && entity.fields().any(|own| own.key.name() == self.wire_name(field))
    }

    /// A record field's name on the wire.
    fn wire_name<'n>(&'n self, field: &'n str) -> &'n str {
        self.rename.iter().find(|(from, _)| from == field).map_or(field, |(_, to)| to.name())
    }

    /// The credentials that the profile asks for, by name: `id`, `secret` and further ones.
    pub fn needs(&self) -> Vec<String> {
        let bodies = self.entities.values().flat_map(Entity::fields).flat_map(|field| &field.value);
        let pull = self.pull.iter().flat_map(Pull::parts);
        let mut needs: Vec<String> = self
            .auth
            .parts()
            .chain(bodies)
            .chain(pull)
            .chain(self.listing_parts())
            .flat_map(super::filled::Part::needs)
            .collect();
        needs.sort();
        needs.dedup();
        needs
    }

    /// Where an operation on an entity is spoken to; `None` where the system does not offer it.
    pub fn call(&self, entity: &str, operation: Operation) -> Option<&Call> {
        self.entity(entity)?.calls.get(&operation)
    }

    /// A time as the wire has it.
    pub fn wire_time(&self, at: Timestamp) -> String {
        at.in_vietnam().strftime(&self.time).to_string()
    }
}
