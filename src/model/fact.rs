//! What a record says that the rules between programmes must know. Never an identity number: a digest of it.

use jiff::civil::Date;
use sha2::{Digest as _, Sha256};
use xxhash_rust::xxh3::xxh3_128;

use super::Likeness;

/// A record as other programmes see it. Programme and group are words of the mapping files.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fact {
    /// Which programme it is of.
    pub programme: String,
    /// The group in which the person draws; empty for none.
    pub group: String,
    /// Digest of kind and number of the paper; `None` where there is no usable number: unknown never equals unknown.
    pub person: Option<String>,
    /// The same of an earlier number of the same person.
    pub earlier: Option<String>,
    /// The key of the record that this one is about (of a payment: whose allowance it is).
    pub subject: Option<String>,
    /// First day; of a payment: of its period.
    pub from: Option<Date>,
    /// Last day; of a death: the day.
    pub until: Option<Date>,
    /// What the mapping marks: a resident who draws the allowance as well.
    pub flag: bool,
    /// No longer running, whatever the days say: stopped, moved away, paid back.
    pub over: bool,
}

impl Fact {
    /// Whether it runs on a day or later.
    pub fn runs(&self, today: Date) -> bool {
        !self.over && self.until.is_none_or(|until| until >= today)
    }

    /// The day on which it ceases to run by itself; `None` where none is to come.
    pub fn ends_by_itself(&self, today: Date) -> Option<Date> {
        self.until.filter(|_| self.runs(today)).and_then(|until| until.tomorrow().ok())
    }

    /// Whether anything could ever be found by it.
    pub fn is_of_use(&self) -> bool {
        self.person.is_some() || self.subject.is_some() || self.until.is_some()
    }
}

/// A fact, and the field by which staff recognise it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// The fact.
    pub fact: Fact,
    /// The national field that is shown with a complaint.
    pub field: String,
    /// Its value.
    pub value: String,
    /// By what its person is recognised without a number.
    pub like: Likeness,
}

/// The digest of a number as the store has it: a person is known within one system only, for two systems may well be told of
/// the same benefit.
pub fn scoped(system: &str, digest: &str) -> String {
    let text = format!("{system}\u{1f}{digest}");
    format!("{:032x}", xxh3_128(text.as_bytes()))
}

/// The digest of a paper's kind and number, by which a person is known without the number itself.
pub fn number_digest(kind: &str, number: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(kind.as_bytes());
    hash.update([0]);
    hash.update(number.as_bytes());
    hex(&hash.finalize()[..16])
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        for half in [byte >> 4, byte & 15] {
            hex.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
        }
        hex
    })
}

/// Whether a group's code is this one or a point under it: `5.5c` is under `5.5`, `5.10` is not under `5.1`.
pub fn is_under(group: &str, code: &str) -> bool {
    code.strip_prefix(group).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'))
}
