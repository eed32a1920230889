//! What a run counts: every figure is of something that happened.

use std::collections::BTreeMap;

use serde::Serialize;

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
    /// What the brake holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brake: Option<BrakeReport>,
    /// Something is left because the system could not be reached.
    pub unreached: bool,
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
            brake: None,
            unreached: false,
            taken: None,
        }
    }

    /// The exit code of the command line: 0 done, 3 something waits for a person, 4 not reached.
    pub fn exit_code(&self) -> u8 {
        if self.unreached {
            4
        } else if self.brake.is_some() || !self.held.is_empty() || !self.refused.is_empty() {
            3
        } else {
            0
        }
    }
}
