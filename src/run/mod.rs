//! One run of a stream: scan the source, stage what the nation must hear, let the brake speak, deliver.
//!
//! * [`sync`] is the way through: it takes the stream's lease, then `scan` and delivery go on side by side and meet
//!   only in the store.
//! * `stage`: one chunk of rows against the ledger; `gone`: what a complete scan did not meet.
//! * `crossing`: the same chunk against other records of the same people; `reconcile`: what stands against each other
//!   though it went; `suspects`: who may be one person though no number says so, and whose account is shared.
//! * [`plan`]: the same judgement, but nothing is written and nothing is sent.
//! * `lanes`: what must wait for the streams that go before. `dropped`: files of a drop folder, put away once they are
//!   staged. `diff`: two mappings over the same rows.
//! * `outcome`: what a run counts; `remap`: what it says of a changed mapping.

mod crossing;
mod diff;
mod dropped;
mod frozen;
mod gone;
mod lanes;
mod noted;
mod outcome;
mod plan;
mod reconcile;
mod remap;
mod scan;
mod stage;
mod suspects;
mod sync;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

pub use diff::{Difference, Example, FieldChange, Sends, diff};
pub use outcome::{BrakeReport, Outcome};
pub use plan::{Plan, Sample, plan};
pub use remap::Remapped;
pub use suspects::suspects;
pub use sync::sync;

use crate::delivery::{DeliveryError, System};
use crate::delta::Brake;
use crate::mapping::Mapping;
use crate::model::{Action, ContentHash};
use crate::source::{Source, SourceError};
use crate::store::{StoreError, Tx, units};

/// A stream: where rows come from, what they mean, and where they go.
pub struct Stream {
    /// Its name: in the store every key begins with it.
    pub name: String,
    /// The rows.
    pub source: Source,
    /// What they mean.
    pub mapping: Arc<Mapping>,
    /// Where they go.
    pub system: Arc<System>,
    /// The entity, as the profile names it.
    pub entity: String,
    /// How much goes out without a person.
    pub brake: Brake,
    /// Finds the decision by which a person who is gone from the source was stopped: a source whose rows have the
    /// key and those of the mapping's columns that tell of a stop.
    pub decision: Option<Source>,
    /// What the nation confirmed once is never written again.
    pub once: bool,
    /// The streams of the same system that go before this one.
    pub after: Vec<String>,
}

impl Stream {
    /// The contract's hash of a content.
    pub fn version(&self, action: Action, canonical: &str) -> ContentHash {
        ContentHash::of(self.system.profile.contract_word(action), canonical)
    }

    /// The digest of all that judges a row here: the mapping's, and the words that enter the hash.
    fn judged_by(&self) -> [u8; 8] {
        let mut all = self.mapping.digest().to_vec();
        for action in [Action::Write, Action::Stop] {
            all.extend_from_slice(self.system.profile.contract_word(action).as_bytes());
            all.push(0);
        }
        xxhash_rust::xxh3::xxh3_64(&all).to_be_bytes()
    }

    /// The lease that whoever changes this stream's rows must hold. Streams with lanes of one system share theirs: what
    /// one of them sends depends on what the others left.
    pub fn lease(&self) -> String {
        match self.mapping.lane() {
            Some(_) => format!("lanes:{}", self.system.name),
            None => format!("{}{}", crate::store::leases::STREAM, self.name),
        }
    }

    /// Whether codes of units become those of another catalogue here.
    pub fn translates(&self) -> bool {
        self.mapping.units().is_some_and(crate::mapping::Units::translates)
    }

    /// What is known about units that were split, as a run begins.
    async fn units(&self, tx: &mut Tx, id: i64) -> Result<units::Known, StoreError> {
        if self.translates() { units::known(tx, id).await } else { Ok(units::Known::default()) }
    }

    fn columns(&self) -> Vec<String> {
        self.mapping.columns().iter().map(|c| c.name.clone()).collect()
    }
}

/// A person lets go what the brake holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Why.
    pub reason: String,
    /// Who.
    pub who: String,
}

/// How a run is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncOptions {
    /// Lets go what the brake holds.
    pub release_brake: Option<Release>,
    /// How long to go on without any success before what is left stays in the outbox.
    pub patience: Duration,
    /// Streams that failed or did not reach their system in this very sync: what goes after them waits.
    pub stalled: BTreeSet<String>,
}

/// Told of a run's progress.
pub trait Progress: Send + Sync {
    /// So many rows were read.
    fn scanned(&self, rows: u64);
    /// So many records were confirmed and refused.
    fn delivered(&self, confirmed: u64, refused: u64);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn scanned(&self, _: u64) {}
    fn delivered(&self, _: u64, _: u64) {}
}

/// Why a run failed. Nothing is concluded from a scan that broke off; what was delivered stays delivered.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The source.
    #[error("luồng {stream}: {error}")]
    Source {
        /// The stream.
        stream: String,
        /// What went wrong.
        error: SourceError,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Delivery.
    #[error(transparent)]
    Delivery(#[from] DeliveryError),
    /// Asked to stop.
    #[error(
        "đã dừng theo yêu cầu; phần còn lại nằm trong hàng đợi / stopped on request; what is left stays in the outbox"
    )]
    Stopped,
}

impl RunError {
    /// The exit code of the command line: 1 failed, 2 configuration, 4 not reached.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Source { error, .. } => match error {
                SourceError::Settings { .. }
                | SourceError::Query { .. }
                | SourceError::Ambiguous { .. }
                | SourceError::Charset { .. }
                | SourceError::Garbled { .. }
                | SourceError::Shape { .. } => 2,
                SourceError::Connect { .. } | SourceError::TimedOut { .. } => 4,
                _ => 1,
            },
            Self::Delivery(DeliveryError::NoCall { .. } | DeliveryError::NoStop { .. }) => 2,
            _ => 1,
        }
    }
}
