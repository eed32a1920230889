//! Counts and lists of what the nation has: what is asked, what came. All from the profile's `[count]` and `[list]`.
//!
//! * `settings` reads the two sections; [`Profile::count_request`] and [`Profile::list_request`] write the questions.
//! * `read` finds the rows of an answer and gives records back under the contract's names.
//!
//! What an answer has besides is tolerated. Nothing of it is dropped silently: what is no record is counted.

mod read;
mod settings;

pub(super) use settings::{count as count_settings, list as list_settings};

use serde_json::{Map, Value};

use super::body::{Field, Key, Writer};
use super::filled::Part;
use super::profile::{Operation, Profile};
use super::wire::WireRequest;
use crate::model::ContentHash;

/// The most communes of one count.
pub const MOST_UNITS: usize = 100_000;
/// The longest reference, in characters.
const REFERENCE_LENGTH: usize = 100;
/// The longest of the other short texts beside a record.
const SHORT_LENGTH: usize = 200;

/// What is put into a question when it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    /// The province's code.
    Province,
    /// The commune's code; the field is left out where all are asked for.
    Unit,
    /// The page, as a number.
    Page,
    /// How many a page holds, as a number.
    Size,
}

impl Blank {
    pub(super) const WORDS: [(&'static str, Self); 4] =
        [("{province}", Self::Province), ("{unit}", Self::Unit), ("{page}", Self::Page), ("{size}", Self::Size)];
}

/// A field of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asks {
    /// One of the places above, by itself.
    Blank(Key, Blank),
    /// A constant, or a text with credentials.
    Fixed(Field),
}

/// How records are counted. Made by [`Profile::load`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountForm {
    pub(super) fields: Vec<Asks>,
    pub(super) unit: String,
    pub(super) number: String,
    /// `None`: the system has no digests.
    pub(super) digest: Option<String>,
}

/// How records are listed. Made by [`Profile::load`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListForm {
    pub(super) fields: Vec<Asks>,
    pub(super) first: u32,
    pub(super) size: u32,
    pub(super) total: Option<String>,
    pub(super) page: Option<String>,
    pub(super) records: String,
    pub(super) reference: String,
    pub(super) national_id: Option<String>,
    pub(super) version: String,
    pub(super) state: Option<String>,
    pub(super) changed: Option<String>,
    pub(super) record: String,
    /// The record's commune, by the contract's name.
    pub(super) unit: String,
    /// The words by which a record is stopped.
    pub(super) stopped: Vec<String>,
}

/// What the nation counted in one commune.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// The commune's code.
    pub unit: String,
    /// Records, stopped ones included.
    pub number: u64,
    /// The digest over them; `None` where it is not offered, or cannot be read.
    pub digest: Option<u64>,
}

/// One record as the nation has it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedRecord {
    /// Our reference.
    pub reference: String,
    /// The nation's own id.
    pub national_id: String,
    /// Its version; `None` where what stands there is none.
    pub version: Option<ContentHash>,
    /// Whether it is stopped.
    pub stopped: bool,
    /// When the nation changed it last, as it says it.
    pub changed: String,
    /// Its commune.
    pub unit: String,
    /// The record under the contract's names: texts, lists of texts, and whatever lies deeper.
    pub content: Map<String, Value>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListPage {
    /// How many records the nation says there are, of all pages.
    pub total: Option<u64>,
    /// The records, in the answer's order.
    pub records: Vec<ListedRecord>,
    /// Items that are no record with a reference.
    pub strange: u64,
    /// Whether it was not full, and so the last one.
    pub last: bool,
}

impl CountForm {
    /// Whether the system says that it has digests.
    pub fn has_digests(&self) -> bool {
        self.digest.is_some()
    }
}

impl ListForm {
    /// Records of a full page.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// The record's commune, by the contract's name.
    pub fn unit_field(&self) -> &str {
        &self.unit
    }
}

impl Profile {
    /// How an entity's records are counted; `None` where the system does not count them.
    pub fn counts(&self, entity: &str) -> Option<&CountForm> {
        self.call(entity, Operation::Count)?;
        self.count.as_ref()
    }

    /// How an entity's records are listed; `None` where the system does not list them.
    pub fn lists(&self, entity: &str) -> Option<&ListForm> {
        self.call(entity, Operation::List)?;
        self.list.as_ref()
    }

    /// The question how many records each commune has, still without credentials.
    pub fn count_request(&self, entity: &str, province: &str) -> Option<WireRequest> {
        let fields = &self.counts(entity)?.fields;
        self.request(entity, Operation::Count, question(fields, province, None, (0, 0)))
    }

    /// The question for one page of records, of one commune or of all; the first page being 0.
    pub fn list_request(&self, entity: &str, province: &str, unit: Option<&str>, page: u32) -> Option<WireRequest> {
        let form = self.lists(entity)?;
        let at = (form.first.saturating_add(page), form.size);
        self.request(entity, Operation::List, question(&form.fields, province, unit, at))
    }

    /// All pieces of the questions that are filled with credentials.
    pub(super) fn listing_parts(&self) -> impl Iterator<Item = &Part> {
        let count = self.count.iter().flat_map(|form| &form.fields);
        let fields = count.chain(self.list.iter().flat_map(|form| &form.fields));
        fields.filter_map(|asks| if let Asks::Fixed(field) = asks { Some(&field.value) } else { None }).flatten()
    }
}

fn question(fields: &[Asks], province: &str, unit: Option<&str>, (page, size): (u32, u32)) -> super::Body {
    let mut w = Writer::default();
    w.out.push('{');
    for asks in fields {
        match asks {
            Asks::Fixed(field) => w.field(field, ""),
            Asks::Blank(key, Blank::Province) => w.pair(key, province),
            Asks::Blank(key, Blank::Unit) => {
                if let Some(unit) = unit {
                    w.pair(key, unit);
                }
            }
            Asks::Blank(key, Blank::Page) => w.number(key, page),
            Asks::Blank(key, Blank::Size) => w.number(key, size),
        }
    }
    w.out.push('}');
    w.finish()
}
