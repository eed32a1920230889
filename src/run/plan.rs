//! What a run would send, without writing or sending anything.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tokio::sync::mpsc;

use super::gone::{Finder, decision, missing};
use super::outcome::BrakeReport;
use super::stage::{Counts, Judge, Staged};
use super::{RunError, Stream};
use crate::delta::{Class, Seen, Tally};
use crate::model::{Clock, Reason};
use crate::source::check_shape;
use crate::store::{Store, decided, ledger, outbox, runs};

/// How many payloads of each class are shown.
const SAMPLES: usize = 2;

/// A payload as it would be sent: personal data, for the operator's eyes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Our key.
    pub key: String,
    /// `new`, `changed`, `remapped`, `stopped`.
    pub class: &'static str,
    /// Canonical JSON.
    pub payload: String,
}

/// What a run would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Plan {
    /// The stream.
    pub name: String,
    /// Rows read.
    pub scanned: u64,
    /// Rows about which there is nothing to say.
    pub unchanged: u64,
    /// What would be sent, by class; what already waits unsent is counted too.
    pub sends: Tally,
    /// The same by commune and class.
    pub units: BTreeMap<String, Tally>,
    /// What would be held, by reason.
    pub held: BTreeMap<String, u64>,
    /// Some payloads.
    pub samples: Vec<Sample>,
    /// What the brake would hold.
    pub brake: Option<BrakeReport>,
    /// Records that a person keeps out of the queue: what is new of them is held.
    #[serde(skip)]
    parked: BTreeSet<String>,
}

impl Plan {
    fn add(&mut self, staged: Staged) {
        for draft in staged.drafts {
            self.add_draft(draft);
        }
    }

    /// What waits and would be superseded or withdrawn is not sent besides.
    fn take_back(&mut self, replaced: Tally) {
        for class in Class::ALL {
            let sends = self.sends.of_mut(class);
            *sends = sends.saturating_sub(replaced.of(class));
        }
    }

    fn add_draft(&mut self, draft: outbox::Draft) {
        if self.parked.contains(&draft.key) {
            *self.held.entry(Reason::Parked.word().to_owned()).or_default() += 1;
            return;
        }
        *self.sends.of_mut(draft.class) += 1;
        let shown = self.samples.iter().filter(|s| s.class == draft.class.word()).count();
        if shown < SAMPLES {
            self.samples.push(Sample { key: draft.key, class: draft.class.word(), payload: draft.payload });
        }
        *self.units.entry(draft.unit).or_default().of_mut(draft.class) += 1;
    }
}

/// Scans and judges as a run would, and tells what it would send.
pub async fn plan(store: &Store, stream: &Stream, clock: &dyn Clock) -> Result<Plan, RunError> {
    let failed = |error| RunError::Source { stream: stream.name.clone(), error };
    let mut tx = store.read().await?;
    let found = runs::find_stream(&mut tx, &stream.name).await?;
    let (id, first_done) = found.unwrap_or((0, false));
    let before = ledger::counts(&mut tx, id).await?;
    let waiting = outbox::tally(&mut tx, id).await?;
    let parked = decided::parked(&mut tx, id).await?;
    drop(tx);
    let judge = Judge {
        stream,
        id,
        today: clock.now().day(),
        judged_by: stream.judged_by(),
        blank: before.rows == 0,
        leftovers: None,
    };
    let mut plan = Plan { name: stream.name.clone(), sends: waiting, parked, ..Plan::default() };
    let has = stream.source.describe().await.map_err(failed)?;
    check_shape(stream.source.place(), stream.mapping.columns(), &has).map_err(failed)?;
    let columns = stream.columns();
    let (send, mut receive) = mpsc::channel(4);
    let reading = stream.source.scan(stream.mapping.key(), &columns, send);
    let judging = async {
        let (mut seen, mut counts) = (Seen::default(), Counts::default());
        while let Some(chunk) = receive.recv().await {
            let mut tx = store.read().await?;
            let mut fresh = Vec::new();
            judge.fresh(&mut tx, &chunk, &mut seen, &mut counts, &mut fresh).await?;
            let staged = judge.stage(&mut tx, fresh, &mut counts).await?;
            let replaced: Vec<i64> = staged.supersede.iter().chain(&staged.withdraw).copied().collect();
            plan.take_back(outbox::tally_of(&mut tx, &replaced).await?);
            plan.add(staged);
        }
        Ok::<_, RunError>((seen, counts))
    };
    let (read, judged) = futures_util::future::join(reading, judging).await;
    let (seen, counts) = judged?;
    read.map_err(failed)?;
    (plan.scanned, plan.unchanged) = (counts.scanned, counts.unchanged);
    for (reason, n) in counts.held {
        *plan.held.entry(reason).or_default() += n;
    }
    if seen.count() < before.rows {
        plan_gone(store, &judge, &seen, before.last, &mut plan).await?;
    }
    let holds = stream.brake.holds(&plan.sends, before.running, !first_done);
    if !holds.is_empty() {
        plan.brake = Some(BrakeReport::new(&holds, plan.sends, before.running));
    }
    Ok(plan)
}

async fn plan_gone(store: &Store, judge: &Judge<'_>, seen: &Seen, last: i64, plan: &mut Plan) -> Result<(), RunError> {
    let failed = |error| RunError::Source { stream: judge.stream.name.clone(), error };
    let finder = Finder::of(judge.stream).await.map_err(failed)?;
    let mut after = 0;
    loop {
        let mut tx = store.read().await?;
        let Some((next, missing)) = missing(&mut tx, judge.id, after, seen, last).await? else { return Ok(()) };
        after = next;
        if missing.is_empty() {
            continue;
        }
        let mut decisions = std::collections::HashMap::new();
        for (_, key, _, confirmed) in &missing {
            if confirmed.as_deref() == Some("write")
                && let Some(found) = decision(judge, &finder, key).await.map_err(failed)?
            {
                decisions.insert(key.clone(), found);
            }
        }
        let gone = judge.sort_gone(&mut tx, missing, &decisions).await?;
        plan.take_back(outbox::tally_of(&mut tx, &gone.retire).await?);
        for stop in gone.stops {
            plan.add_draft(stop);
        }
        if !gone.candidates.is_empty() {
            *plan.held.entry("stop-candidate".to_owned()).or_default() += gone.candidates.len() as u64;
        }
    }
}
