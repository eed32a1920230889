//! What a run counts: every figure is of something that happened.

use std::collections::BTreeMap;

use serde::Serialize;

use super::remap::{KEPT, Remapped};
use crate::delta::{Class, Tally};

/// The brake held something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BrakeReport {
    /// The classes that are held.
    pub holds: Vec<&'static str>,
    /// How many of each class wait.
    pub staged: Tally,
    /// Records that the nation has confirmed and not stopped: what the shares are of.
    pub confirmed: u64,
}

impl BrakeReport {
    pub(super) fn new(holds: &[Class], staged: Tally, confirmed: u64) -> Self {
        Self { holds: holds.iter().map(|c| c.word()).collect(), staged, confirmed }
    }
}

/// What became of the rows of a run. Each row that was scanned is exactly one of confirmed, refused, held, unknown or
/// unchanged; records that are gone (`held["stop-candidate"]`) come on top.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The stream.
    pub name: String,
    /// Rows read.
    pub scanned: u64,
    /// Records sent.
    pub sent: u64,
    /// Records that the nation confirmed.
    pub confirmed: u64,
    /// Records that it refused for good, by its code.
    pub refused: BTreeMap<String, u64>,
    /// Rows that are held, by their gravest reason.
    pub held: BTreeMap<String, u64>,
    /// Records of which only something is told, by reason; they are sent all the same.
    pub told: BTreeMap<String, u64>,
    /// Confirmed stops; also counted in `confirmed`.
    pub stopped: u64,
    /// Records on their way whose outcome is not known yet.
    pub unknown: u64,
    /// Rows about which there is nothing to say.
    pub unchanged: u64,
    /// How long it took.
    pub seconds: f64,
    /// The file of a drop folder that this run took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Files whose content was taken before: put away, and not taken again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repeated: Vec<String>,
    /// No finished file waited: nothing was read, and nobody is gone. What earlier runs left is delivered all the same, so
    /// more may be confirmed than was scanned.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub idle: bool,
    /// What the brake holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brake: Option<BrakeReport>,
    /// What a changed mapping, list or rule did, where rows were judged again because of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remapped: Option<Remapped>,
    /// The digests of the parts that judged, once the scan was complete.
    #[serde(skip)]
    pub judged: BTreeMap<String, String>,
    /// Something is left because the system could not be reached.
    pub unreached: bool,
    /// The source was not read: this stream, which goes before, is not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// Another process runs this stream; nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<String>,
}

impl Outcome {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            scanned: 0,
            sent: 0,
            confirmed: 0,
            refused: BTreeMap::new(),
            held: BTreeMap::new(),
            told: BTreeMap::new(),
            stopped: 0,
            unknown: 0,
            unchanged: 0,
            seconds: 0.0,
            file: None,
            repeated: Vec::new(),
            idle: false,
            brake: None,
            remapped: None,
            judged: BTreeMap::new(),
            unreached: false,
            waits_for: None,
            taken: None,
        }
    }

    /// Whether what goes after this stream must wait: it did not come through.
    pub fn stalled(&self) -> bool {
        self.unreached || self.waits_for.is_some() || self.taken.is_some()
    }

    /// As the store keeps it: with the parts that judged, so that a later run can tell which of them changed.
    pub(super) fn kept(&self) -> String {
        let mut told = serde_json::to_value(self).unwrap_or_default();
        if !self.judged.is_empty() {
            told[KEPT] = serde_json::json!(self.judged);
        }
        told.to_string()
    }

    /// The exit code of the command line: 0 done, 3 something waits for a person, 4 not reached, or waits for a stream that goes before.
    pub fn exit_code(&self) -> u8 {
        if self.unreached || self.waits_for.is_some() {
            4
        } else if self.brake.is_some() || self.unknown > 0 || !self.held.is_empty() || !self.refused.is_empty() {
            3
        } else {
            0
        }
    }
}
