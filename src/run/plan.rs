//! What a run would send, without writing or sending anything.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;
use tokio::sync::mpsc;

use super::crossing::Overlay;
use super::gone::{Finder, decision, missing};
use super::outcome::BrakeReport;
use super::remap;
use super::stage::{Counts, Fresh, Judge, Staged};
use super::{RunError, Stream, lanes};
use crate::delta::{Class, Seen, Tally};
use crate::model::{Clock, Reason};
use crate::source::{Chunk, Reading, Ready, check_shape};
use crate::store::{Store, StoreError, Tx, decided, ledger, outbox, runs, taken};

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

/// What a run would do. Each row that was scanned is exactly one of sent, held or unchanged; what would be sent of
/// records that are gone from the source, and `held["stop-candidate"]`, come on top.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Plan {
    /// The stream.
    pub name: String,
    /// Rows read.
    pub scanned: u64,
    /// Rows about which there is nothing to say.
    pub unchanged: u64,
    /// What would be sent, by class, together with what waits unsent already and what is on its way.
    pub sends: Tally,
    /// The same by commune and class.
    pub units: BTreeMap<String, Tally>,
    /// What would be held, by reason.
    pub held: BTreeMap<String, u64>,
    /// Some payloads.
    pub samples: Vec<Sample>,
    /// How the file was read, where the source is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading: Option<Reading>,
    /// No file with a content of its own waits: a run would read nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub idle: bool,
    /// What the brake would hold.
    pub brake: Option<BrakeReport>,
    /// Records that a person keeps out of the queue: what is new of them is held.
    #[serde(skip)]
    parked: BTreeSet<String>,
    /// What of it the brake has not let go yet.
    #[serde(skip)]
    staged: Tally,
    /// Something waits already, from earlier runs.
    #[serde(skip)]
    leftovers: bool,
}

/// The rows of a chunk, as far as they are not held.
struct Rows {
    /// Keys of which at most one row is in the source: what waits of them counts.
    keys: Vec<String>,
    /// Rows without a key of their own that were held before.
    others: u64,
}

impl Rows {
    fn of(chunk: &Chunk, fresh: &[Fresh]) -> Self {
        let judged: HashSet<&str> = fresh.iter().map(|f| f.key.as_str()).collect();
        let single = chunk.rows.iter().filter(|row| !row.twice).map(|row| chunk.key(row)).filter(|key| !key.is_empty());
        let mut keys: Vec<String> = single.filter(|key| !judged.contains(key)).map(str::to_owned).collect();
        let others = chunk.rows.len().saturating_sub(fresh.len()).saturating_sub(keys.len()) as u64;
        keys.extend(fresh.iter().filter(|f| f.judgement.held_for().is_none()).map(|f| f.key.clone()));
        Self { keys, others }
    }
}

impl Plan {
    /// Counts what a chunk of rows comes to.
    async fn add(&mut self, tx: &mut Tx, id: i64, rows: Rows, staged: Staged) -> Result<(), StoreError> {
        let retired: HashSet<i64> = staged.supersede.into_iter().chain(staged.withdraw).collect();
        let newer: HashSet<&str> = staged.drafts.iter().map(|draft| draft.key.as_str()).collect();
        let waits: HashSet<&str> = staged.held.iter().map(|held| held.key.as_str()).collect();
        let told = |key: &&str| newer.contains(key) || waits.contains(key);
        let keys: Vec<&str> = rows.keys.iter().map(String::as_str).filter(|key| !told(key)).collect();
        let waiting = self.add_waiting(tx, id, &keys, &retired).await?;
        self.unchanged += (keys.len() as u64).saturating_sub(waiting) + rows.others;
        for draft in staged.drafts {
            self.add_draft(draft);
        }
        Ok(())
    }

    /// Counts of each record what waits already, unless it would be retired; of how many records something does.
    async fn add_waiting(
        &mut self,
        tx: &mut Tx,
        id: i64,
        keys: &[&str],
        retired: &HashSet<i64>,
    ) -> Result<u64, StoreError> {
        if keys.is_empty() || !self.leftovers {
            return Ok(0);
        }
        let mut found = 0;
        for rows in outbox::waits(tx, id, keys).await?.into_values() {
            // Of two, one is in flight and the other comes after it: the newer counts.
            let Some(row) = rows.into_iter().filter(|row| !retired.contains(&row.id)).max_by_key(|row| row.id) else {
                continue;
            };
            found += 1;
            if row.state == "parked" {
                self.hold(Reason::Parked.word(), 1);
            } else {
                *self.staged.of_mut(row.class) += u64::from(row.state == "staged");
                self.send(row.class, row.unit);
            }
        }
        Ok(found)
    }

    fn hold(&mut self, reason: &str, count: u64) {
        *self.held.entry(reason.to_owned()).or_default() += count;
    }

    fn send(&mut self, class: Class, unit: String) {
        *self.sends.of_mut(class) += 1;
        *self.units.entry(unit).or_default().of_mut(class) += 1;
    }

    fn add_draft(&mut self, draft: outbox::Draft) {
        if self.parked.contains(&draft.key) {
            self.hold(Reason::Parked.word(), 1);
            return;
        }
        *self.staged.of_mut(draft.class) += 1;
        let shown = self.samples.iter().filter(|s| s.class == draft.class.word()).count();
        if shown < SAMPLES {
            self.samples.push(Sample { key: draft.key, class: draft.class.word(), payload: draft.payload });
        }
        self.send(draft.class, draft.unit);
    }
}

/// Scans and judges as a run would, and tells what it would send.
pub async fn plan(store: &Store, stream: &Stream, clock: &dyn Clock) -> Result<Plan, RunError> {
    let failed = |error| RunError::Source { stream: stream.name.clone(), error };
    let ready = stream.source.ready().await.map_err(failed)?;
    let mut tx = store.read().await?;
    let found = runs::find_stream(&mut tx, &stream.name).await?;
    let (id, first_done) = found.unwrap_or((0, false));
    let idle = match &ready {
        Ready::Always => false,
        Ready::Nothing => true,
        Ready::File(file) => taken::known(&mut tx, id, &file.hash).await?.is_some(),
    };
    if idle {
        return Ok(Plan { name: stream.name.clone(), idle, ..Plan::default() });
    }
    let before = ledger::counts(&mut tx, id).await?;
    let parked = decided::parked(&mut tx, id).await?;
    let units = stream.units(&mut tx, id).await?;
    let ahead = lanes::Before::ids(&mut tx, stream).await?;
    let change = remap::change(&mut tx, id, stream).await?;
    let leftovers = !parked.is_empty() || outbox::unsettled(&mut tx, id).await?;
    let judge = Judge {
        stream,
        id,
        today: clock.now().day(),
        judged_by: stream.judged_by(),
        other_columns: change.columns || !stream.source.is_complete(),
        blank: before.rows == 0 && !leftovers,
        leftovers: None,
        units,
        before: ahead,
        crossed: super::crossing::crossed(&mut tx, id).await?,
    };
    drop(tx);
    let mut plan = Plan { name: stream.name.clone(), parked, leftovers, ..Plan::default() };
    let has = stream.source.describe().await.map_err(failed)?;
    check_shape(stream.source.place(), stream.mapping.columns(), &has).map_err(failed)?;
    let reading = stream.source.reading().await.map_err(failed)?;
    plan.reading = reading.map(|reading| reading.for_columns(stream.mapping.columns()));
    let columns = stream.columns();
    let (send, mut receive) = mpsc::channel(4);
    let reading = stream.source.scan(stream.mapping.key(), &columns, send);
    let judging = async {
        let (mut seen, mut counts) = (Seen::default(), Counts::default());
        let mut overlay = Overlay::default();
        while let Some(chunk) = receive.recv().await {
            let mut tx = store.read().await?;
            let mut fresh = Vec::new();
            judge.fresh(&mut tx, &chunk, &mut seen, &mut counts, &mut fresh).await?;
            let rows = Rows::of(&chunk, &fresh);
            let staged = judge.stage(&mut tx, fresh, &mut counts, &mut overlay).await?;
            plan.add(&mut tx, id, rows, staged).await?;
        }
        Ok::<_, RunError>((seen, counts))
    };
    let (read, judged) = futures_util::future::join(reading, judging).await;
    let (seen, counts) = judged?;
    read.map_err(failed)?;
    plan.scanned = counts.scanned;
    for (reason, n) in counts.held {
        plan.hold(&reason, n);
    }
    if stream.source.is_complete() && seen.count() < before.rows {
        plan_gone(store, &judge, &seen, before.last, &mut plan).await?;
    }
    let holds = stream.brake.holds(&plan.staged, before.running, !first_done);
    if !holds.is_empty() {
        plan.brake = Some(BrakeReport::new(&holds, plan.staged, before.running));
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
        let mut decisions = HashMap::new();
        for (_, key, _, confirmed) in &missing {
            if confirmed.as_deref() == Some("write")
                && let Some(found) = decision(judge, &finder, key).await.map_err(failed)?
            {
                decisions.insert(key.clone(), found);
            }
        }
        let keys: Vec<String> = missing.iter().map(|(_, key, ..)| key.clone()).collect();
        let gone = judge.sort_gone(&mut tx, missing, &decisions).await?;
        let newer: HashSet<&str> = gone.stops.iter().map(|stop| stop.key.as_str()).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).filter(|key| !newer.contains(key)).collect();
        plan.add_waiting(&mut tx, judge.id, &keys, &gone.retire.into_iter().collect()).await?;
        for stop in gone.stops {
            plan.add_draft(stop);
        }
        if !gone.candidates.is_empty() {
            plan.hold("stop-candidate", gone.candidates.len() as u64);
        }
    }
}
