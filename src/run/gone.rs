//! Records that a *complete* scan did not meet. Gone is never a stop by itself: a decision is looked up where the
//! stream can, else the record is a stop candidate in front of a person.

use super::Stream;
use super::stage::Judge;
use crate::delta::{Class, Known, Seen, Step, delta};
use crate::model::row::{NULL, SEPARATOR};
use crate::model::{Action, RawRow, Reason, Said};
use crate::source::SourceError;
use crate::store::{StoreError, Tx, ledger, mismatch, outbox};

/// What was found for a page of the ledger.
#[derive(Default)]
pub(super) struct Gone {
    /// Stops whose decision was found.
    pub stops: Vec<outbox::Draft>,
    /// Queued rows that they replace, or that are needless now.
    pub retire: Vec<i64>,
    /// New stop candidates.
    pub candidates: Vec<String>,
    /// Rows that the nation never had: forgotten.
    pub forget: Vec<String>,
}

/// The next page of records after an id that were not met, and where to go on; `None` at the ledger's end.
pub(super) async fn missing(
    tx: &mut Tx,
    stream: i64,
    after: i64,
    seen: &Seen,
    last: i64,
) -> Result<Option<(i64, Vec<ledger::Present>)>, StoreError> {
    let ids = ledger::ids(tx, stream, after).await?;
    let Some(next) = ids.iter().copied().max() else { return Ok(None) };
    // What was added during this scan has a greater id, and was met.
    let missing: Vec<i64> = ids.into_iter().filter(|id| *id <= last && !seen.has(*id)).collect();
    let missing = if missing.is_empty() { Vec::new() } else { ledger::present(tx, stream, &missing).await? };
    Ok(Some((next, missing)))
}

/// The decision by which a record that is gone was stopped.
pub(super) struct Decision {
    /// Canonical form of the stop.
    pub canonical: String,
    /// The commune's code.
    pub unit: String,
    /// What it says to other programmes.
    pub said: Option<Box<Said>>,
}

/// The stop that decided about a gone record, where the stream can find one.
pub(super) async fn decision(judge: &Judge<'_>, finder: &Finder, key: &str) -> Result<Option<Decision>, SourceError> {
    let stream: &Stream = judge.stream;
    let Some(source) = &stream.decision else { return Ok(None) };
    let Some((number, found)) = source.find(stream.mapping.key(), &finder.present, key).await? else { return Ok(None) };
    let mut found = found.split(SEPARATOR);
    let packed: Vec<&str> =
        finder.has.iter().map(|has| if *has { found.next().unwrap_or(NULL) } else { NULL }).collect();
    let packed = packed.join(&SEPARATOR.to_string());
    let Some(row) = RawRow::unpack(number, &packed, stream.mapping.columns().len()) else { return Ok(None) };
    let judgement = stream.mapping.judge_decided(&row, judge.today, &judge.units.decided);
    let is_stop = judgement.action == Action::Stop && judgement.held_for().is_none();
    Ok(is_stop.then_some(Decision { canonical: judgement.canonical, unit: judgement.unit, said: judgement.said }))
}

/// Which of the mapping's columns the decision source has.
#[derive(Default)]
pub(super) struct Finder {
    present: Vec<String>,
    has: Vec<bool>,
}

impl Finder {
    pub async fn of(stream: &Stream) -> Result<Self, SourceError> {
        let Some(source) = &stream.decision else { return Ok(Self::default()) };
        let columns = source.describe().await?;
        let has: Vec<bool> =
            stream.mapping.columns().iter().map(|need| columns.iter().any(|c| c.name == need.name)).collect();
        let present =
            stream.mapping.columns().iter().zip(&has).filter(|(_, has)| **has).map(|(c, _)| c.name.clone()).collect();
        Ok(Self { present, has })
    }
}

impl Judge<'_> {
    /// Sorts gone records: stops with a decision, candidates, and rows that the nation never had.
    pub async fn sort_gone(
        &self,
        tx: &mut Tx,
        missing: Vec<ledger::Present>,
        decisions: &std::collections::HashMap<String, Decision>,
    ) -> Result<Gone, StoreError> {
        let keys: Vec<&str> = missing.iter().map(|(_, key, ..)| key.as_str()).collect();
        let entries = ledger::find(tx, self.id, &keys).await?;
        let mut open = outbox::open(tx, self.id, &keys).await?;
        let mut gone = Gone::default();
        for (_, key, verdict, confirmed) in missing {
            let known = Known {
                confirmed: entries.get(&key).and_then(|e| e.confirmed),
                refused: entries.get(&key).and_then(|e| e.refused),
                ..open.remove(&key).unwrap_or_default()
            };
            if confirmed.as_deref() != Some(Action::Write.word()) {
                if confirmed.is_none() && known.in_flight.is_none() {
                    gone.retire.extend(known.queued.map(|(id, _)| id));
                    gone.forget.push(key);
                }
                continue;
            }
            if let Some(Decision { canonical, unit, .. }) = decisions.get(&key) {
                let content = (Action::Stop, self.stream.version(Action::Stop, canonical));
                if let Step::Queue { replaces } = delta(content, &known) {
                    gone.retire.extend(replaces);
                    gone.stops.push(outbox::Draft {
                        key,
                        action: Action::Stop,
                        version: content.1,
                        payload: canonical.clone(),
                        unit: unit.clone(),
                        class: Class::Stopped,
                        lane: None,
                    });
                }
            } else {
                // What waits of them is not sent: it is older than their going.
                gone.retire.extend(known.queued.map(|(id, _)| id));
                if verdict != "gone" {
                    gone.candidates.push(key);
                }
            }
        }
        Ok(gone)
    }
}

/// A stop candidate in front of a person.
pub(super) fn candidate(key: &str) -> mismatch::Draft {
    mismatch::Draft::held(key, Reason::StopCandidate)
}
