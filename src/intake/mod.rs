//! The way down: citizens' applications are pulled from a portal, kept with every version, and handed over to the local
//! system, each once.
//!
//! * [`run`] is the way through: it takes the intake's lease, then one of the `stages` follows the other. Only the store failing,
//!   or being asked to stop, ends it early: a portal that is down holds up nothing that is here already.
//! * [`window`]: which windows of time are asked for, and where the cursor stands. `pull`: asks for them, and keeps
//!   what came, the cursor and the exchange's end in one transaction.
//! * [`receive`]: again, an echo of our own update, or a version. [`judge`]: what the mapping makes of it; `again`: the
//!   same for what waits, when a person decided or the mapping changed.
//! * [`hand_over`]: to the local system; [`numbers`]: its own numbers come back. [`attachments`]: files that applications
//!   name. [`matching`] tells whether an applicant is in the ledger already.
//! * [`course`]: a dossier's steps in order of time, forward only; [`clock`]: until when it must be decided, by the lists of
//!   [`clock_rules`]; [`clocks`] reads them from the store, and `late` tells of those that ran out; [`timeline`]: all that happened to one dossier.

mod again;
pub mod attachments;
pub mod clock;
pub mod clock_rules;
pub mod clocks;
pub mod course;
pub mod hand_over;
pub mod judge;
mod late;
pub mod matching;
pub mod numbers;
mod pull;
pub mod receive;
pub mod timeline;
pub mod window;

mod stages;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

pub use receive::Received;
pub use window::Rhythm;

use attachments::{Attachments, Fetched};
use clock_rules::ClockRules;
use hand_over::{HandOver, Handed};
use numbers::Numbers;

use crate::delivery::System;
use crate::mapping::Mapping;
use crate::model::Clock;
use crate::national::Window;
use crate::source::Source;
use crate::store::inbox::Counts;
use crate::store::{Store, StoreError, leases};

/// Applications that come down from a portal.
pub struct Intake {
    /// Its name: in the store every application begins with it.
    pub name: String,
    /// The portal.
    pub system: Arc<System>,
    /// The portal's words to the province's.
    pub mapping: Arc<Mapping>,
    /// When it is asked for what.
    pub rhythm: Rhythm,
    /// The local system; `None` where applications only come down.
    pub local: Option<HandOver>,
    /// Where the local system's own numbers are read.
    pub numbers: Option<Source>,
    /// Where files are fetched to.
    pub files: Option<Attachments>,
    /// By what clocks are read; `None` where nobody is told of late applications.
    pub clock: Option<ClockRules>,
    /// How long to go on without any success.
    pub patience: Duration,
}

impl Intake {
    /// The lease that whoever changes this intake's rows must hold.
    pub fn lease(&self) -> String {
        format!("intake:{}", self.name)
    }
}

/// How a run is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wanted {
    /// A span that a person asks for, instead of what is due.
    pub span: Option<Window>,
    /// Only ask and tell: nothing is kept but the exchange log.
    pub dry_run: bool,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Taken {
    /// The intake.
    pub name: String,
    /// Nothing was done: somebody else runs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Nothing was kept.
    pub dry_run: bool,
    /// Windows that were read to their end.
    pub windows: u64,
    /// What came.
    #[serde(flatten)]
    pub received: Received,
    /// Versions that were judged again.
    pub judged_again: u64,
    /// Up to when everything was read, Vietnam time; empty before the first.
    pub upto: String,
    /// Why the pull ended early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Moments of which the portal's answer cannot be taken in, and why: the cursor stays before the first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
    /// It ended because the portal was not reached, or did not answer as it should.
    pub unreached: bool,
    /// What reached the local system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handed: Option<Handed>,
    /// The local system's own numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbers: Option<Numbers>,
    /// Files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<Fetched>,
    /// Why a later stage did not come to its end; what it left is done by the next run.
    pub troubles: Vec<String>,
    /// How the inbox stands now.
    pub inbox: Counts,
}

impl Taken {
    /// The exit code of the command line: 1 failed, 3 something waits for a person, 4 not reached.
    pub fn exit_code(&self) -> u8 {
        let down = self.handed.as_ref().is_some_and(|handed| handed.down);
        match (&self.error, self.unreached || down) {
            (Some(_), false) => 1,
            (_, true) => 4,
            (None, false) if !self.troubles.is_empty() => 1,
            (None, false) if self.inbox.to_be_routed > 0 => 3,
            (None, false) => 0,
        }
    }
}

/// Why a run failed. What was kept stays kept.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The profile knows no pull.
    #[error(
        "hồ sơ hệ thống '{system}' không có [pull], không lấy hồ sơ được / the profile has no [pull]: nothing can be pulled"
    )]
    NoPull {
        /// The system.
        system: String,
    },
    /// Asked to stop.
    #[error("đã dừng theo yêu cầu; lượt sau lấy tiếp / stopped on request; the next run goes on")]
    Stopped,
}

impl IntakeError {
    /// The exit code of the command line.
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::NoPull { .. }) { 2 } else { 1 }
    }
}

/// One run of an intake. Where somebody else runs it nothing is done.
pub async fn run(
    store: &Store,
    intake: &Intake,
    clock: &dyn Clock,
    wanted: &Wanted,
    stop: &CancellationToken,
) -> Result<Taken, IntakeError> {
    let mut taken = Taken { name: intake.name.clone(), dry_run: wanted.dry_run, ..Taken::default() };
    let mut tx = store.write().await?;
    let lease = match leases::take(&mut tx, &intake.lease(), &leases::holder(), clock.now()).await? {
        leases::Taken::Ours(lease) => lease,
        leases::Taken::Theirs { holder } => {
            taken.holder = Some(holder);
            return Ok(taken);
        }
    };
    tx.commit().await?;
    let stages = stages::Stages { store, intake, lease: &lease, clock, stop };
    let ended = Box::pin(stages.run(wanted, &mut taken)).await;
    let mut tx = store.write().await?;
    leases::free(&mut tx, &lease).await?;
    tx.commit().await?;
    ended.map(|()| taken)
}
