//! What mapping and rules said of one row.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Asked, Lane, Reason, Said};

/// What a record asks the nation to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Create or update.
    Write,
    /// Stop receiving; the record stays there, marked as ended.
    Stop,
}

impl Action {
    /// The word in our store and on our pages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Stop => "stop",
        }
    }

    /// Reads [`Action::word`] back.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "write" => Some(Self::Write),
            "stop" => Some(Self::Stop),
            _ => None,
        }
    }
}

/// Whether a complaint holds the record or is only told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Told to staff; the record is sent all the same.
    Warn,
    /// The record is held until the row changes or a person decides.
    Block,
}

/// One thing wrong with one value of a row. The value is personal data: store and pages only, never a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// The fixed word.
    pub reason: Reason,
    /// Block or warn.
    pub severity: Severity,
    /// The national field, or the source column where no field is meant.
    pub field: String,
    /// The offending value as the source has it.
    pub value: String,
    /// What would be right, for a person to look at; never sent by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<String>,
    /// What was expected, in one sentence for staff (Vietnamese first).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The verdict on one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What the row asks for.
    pub action: Action,
    /// The canonical JSON of the national record (of a stop: the stop's fields).
    /// Empty when a complaint blocks.
    pub canonical: String,
    /// Of a record that is held, what could be read of it, in the same form: for lists that people check, never sent.
    pub about: String,
    /// The commune's code, for counts and plans; empty when unknown.
    pub unit: String,
    /// All complaints; the record is held when one of them blocks.
    pub complaints: Vec<Complaint>,
    /// The first day on which the same row could be judged otherwise (a birthday, a rate that starts); `None` for never.
    pub judge_again_on: Option<Date>,
    /// What was asked about the record's address, where its unit was split.
    pub asked: Option<Asked>,
    /// Where the record stands among those of its dossier, where the mapping says so; `None` too when it is held.
    pub lane: Option<Lane>,
    /// What the rules between programmes must know of it; `None` where nothing is known, or the record is withdrawn.
    pub said: Option<Box<Said>>,
}

impl Judgement {
    /// The gravest blocking complaint, under which the row is counted.
    pub fn held_for(&self) -> Option<&Complaint> {
        self.complaints.iter().filter(|c| c.severity == Severity::Block).min_by_key(|c| c.reason)
    }
}
