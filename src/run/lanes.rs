//! The order within one dossier, at the beginning of a run and while staging: what must wait for the streams before.

use std::collections::{BTreeSet, HashSet};

use super::stage::{Fresh, Judge};
use super::{RunError, Stream, SyncOptions};
use crate::delivery::{Lanes, Order};
use crate::delta::{Content, Known, Step, delta};
use crate::model::{Complaint, Reason, Severity};
use crate::store::{StoreError, Tx, lanes, runs};

/// So many unsettled rows of a stream that goes before are too many to hold their dossiers one by one: the stream after
/// it does not read its source at all.
const MANY: u64 = 500;

/// Why a run does not read its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waits {
    /// The stream that goes before.
    pub before: String,
    /// It did not come through in this very sync: the system need not be asked again.
    pub stalled: bool,
}

/// What goes before a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Before {
    /// The streams' ids, as far as they ever ran.
    pub ids: Vec<i64>,
    /// What of it is not done.
    pub waits: Option<Waits>,
}

impl Before {
    /// Looks at the streams that go before: each must have come through its first scan, and most of it must be settled.
    pub async fn of(tx: &mut Tx, stream: &Stream, options: &SyncOptions) -> Result<Self, RunError> {
        let mut before = Self::default();
        for name in &stream.after {
            let found = runs::find_stream(tx, name).await?;
            before.ids.extend(found.map(|(id, _)| id));
            let stalled = options.stalled.contains(name);
            let open = match found {
                Some((id, true)) => lanes::unsettled(tx, id, MANY).await? >= MANY,
                _ => true,
            };
            if before.waits.is_none() && (stalled || open) {
                before.waits = Some(Waits { before: name.clone(), stalled });
            }
        }
        Ok(before)
    }

    /// Only the streams' ids.
    pub async fn ids(tx: &mut Tx, stream: &Stream) -> Result<Vec<i64>, StoreError> {
        let mut ids = Vec::new();
        for name in &stream.after {
            ids.extend(runs::find_stream(tx, name).await?.map(|(id, _)| id));
        }
        Ok(ids)
    }
}

/// In which order the records of a stream go.
pub(super) fn order<'a>(stream: &'a Stream, before: &[i64]) -> Order<'a> {
    let lanes = stream.mapping.lane().map(|lane| Lanes {
        moves: &lane.moves,
        before: before.to_vec(),
        at_field: &lane.at_field,
        status_field: &lane.status_field,
    });
    Order { once: stream.once, lanes }
}

/// The lanes of a chunk that must wait, by one look.
pub(super) async fn waiting(
    tx: &mut Tx,
    stream: &Stream,
    before: &[i64],
    fresh: &[Fresh],
) -> Result<HashSet<String>, StoreError> {
    if stream.after.is_empty() {
        return Ok(HashSet::new());
    }
    let lanes: BTreeSet<&str> = fresh.iter().filter_map(|f| Some(f.judgement.lane.as_ref()?.name.as_str())).collect();
    lanes::wait(tx, &stream.system.name, before, &lanes).await
}

impl Judge<'_> {
    /// What to do for a record; what was to be told only once is not told again, nor while it may have been told.
    pub(super) fn step(&self, content: Content, known: &Known) -> Step {
        let told = self.stream.once && (known.confirmed.is_some() || known.in_flight.is_some());
        match known.queued {
            Some((id, _)) if told => Step::Withdraw(id),
            None if told => Step::Nothing,
            _ => delta(content, known),
        }
    }

    /// Whether a row must be judged again at the next scan, though it may not have changed by then: it waits, or
    /// nobody knows yet whether what is to be told only once was told.
    pub(super) fn judge_again(&self, waits: bool, known: &Known) -> bool {
        waits || (self.stream.once && known.in_flight.is_some())
    }

    /// Why something new of a record may not be queued yet.
    pub(super) fn must_wait(&self, waiting: &HashSet<String>, row: &Fresh, step: Option<Step>) -> Option<Complaint> {
        let lane = row.judgement.lane.as_ref().filter(|lane| waiting.contains(&lane.name))?;
        matches!(step, Some(Step::Queue { .. })).then(|| complaint(self.stream, &lane.name))
    }
}

/// What is told of a record that waits.
fn complaint(stream: &Stream, lane: &str) -> Complaint {
    Complaint {
        reason: Reason::WaitsFor,
        severity: Severity::Block,
        field: stream.mapping.lane().map(|l| l.name_field.clone()).unwrap_or_default(),
        value: lane.to_owned(),
        proposal: None,
        detail: stream.after.join(", "),
    }
}
