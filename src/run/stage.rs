//! One chunk of rows against the ledger: unchanged rows are passed over, the others judged, compared and staged.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;
use xxhash_rust::xxh3::xxh3_128;

use super::crossing::{Crossing, Overlay};
use super::noted::Written;
use super::remap::Remapped;
use super::{Stream, lanes};
use crate::delta::{Class, Known, Seen, Step};
use crate::mapping::Mapping;
use crate::model::{Action, Asked, Complaint, ContentHash, Decisions, Judgement, RawRow, Reason, Severity};
use crate::source::{Chunk, ChunkRow};
use crate::store::facts::Crossed;
use crate::store::{StoreError, Tx, answers, ledger, mismatch, outbox, units};

/// Begins the ledger keys of rows that have no key of their own: no real key has control characters.
pub(super) const PSEUDO: char = '\u{1}';

/// What a scan counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub scanned: u64,
    pub unchanged: u64,
    pub held: BTreeMap<String, u64>,
    pub told: BTreeMap<String, u64>,
    /// What a changed mapping did.
    pub remapped: Remapped,
}

/// How rows are judged in this scan.
pub(super) struct Judge<'a> {
    pub stream: &'a Stream,
    pub id: i64,
    pub today: Date,
    pub judged_by: [u8; 8],
    /// The fingerprints go over other columns than in earlier runs: all rows seem to have changed.
    pub other_columns: bool,
    /// The ledger was empty and nothing was queued when the scan began: there is nothing to compare with, for no key
    /// occurs twice among the rows that are staged.
    pub blank: bool,
    /// The run, where it took over rows of earlier ones: a row that did not change may be on its way, or have arrived
    /// since the run began.
    pub leftovers: Option<i64>,
    /// What people decided about units that were split.
    pub units: units::Known,
    /// The streams that go before.
    pub before: Vec<i64>,
    /// Records that are held because of another: each scan judges them again, for that may be over.
    pub crossed: HashMap<String, Crossed>,
}

/// A row that must be judged.
pub(super) struct Fresh {
    pub key: String,
    pub raw: [u8; 16],
    pub judgement: Judgement,
    pub version: Option<ContentHash>,
    pub number: u64,
    /// The real key of a row that is held because its key occurs more than once.
    pub twice: Option<String>,
    /// The row did not change; only whether another record still stands in its way is asked.
    pub again: bool,
}

/// What a chunk asks to be written.
#[derive(Default)]
pub(super) struct Staged {
    pub judged: Vec<ledger::Judged>,
    pub drafts: Vec<outbox::Draft>,
    pub supersede: Vec<i64>,
    pub withdraw: Vec<i64>,
    pub held: Vec<mismatch::Draft>,
    pub over: Vec<String>,
    /// Held now, though something of them went out in this run: counted as held only.
    pub disown: Vec<String>,
    /// Of these the nation refused something, but it has what the province has now.
    pub moot: Vec<String>,
    /// What was asked about each record's address, where the mapping translates units.
    pub asked: Vec<(String, Option<Asked>)>,
    /// What the rows say to other programmes.
    pub facts: Written,
}

impl Judge<'_> {
    /// Finds the rows of a chunk that are not known already, and judges them into `fresh`.
    pub async fn fresh(
        &self,
        tx: &mut Tx,
        chunk: &Chunk,
        seen: &mut Seen,
        counts: &mut Counts,
        fresh: &mut Vec<Fresh>,
    ) -> Result<(), StoreError> {
        let rows: Vec<(&ChunkRow, [u8; 16], String)> = chunk
            .rows
            .iter()
            .map(|row| {
                let raw = xxh3_128(chunk.packed(row).as_bytes()).to_be_bytes();
                (row, raw, ledger_key(chunk.key(row), row.twice, raw))
            })
            .collect();
        self.note_doubled(tx, chunk, seen).await?;
        let met: Vec<ledger::Met<'_>> = rows.iter().map(|(_, raw, key)| ledger::Met { key, raw: *raw }).collect();
        let known = if self.blank {
            vec![None; rows.len()]
        } else {
            ledger::compare(tx, self.id, &met, self.judged_by, &self.today.to_string()).await?
        };
        let keys: Vec<&str> = met.iter().map(|m| m.key).collect();
        let counted = self.counted(tx, &keys).await?;
        for ((row, raw, key), known) in rows.into_iter().zip(known) {
            counts.scanned += 1;
            if let Some((id, same)) = known {
                seen.note(id);
                if same && self.crossed.contains_key(&key) {
                    fresh.push(Fresh { again: true, ..self.judge(chunk, row, raw, key) });
                    continue;
                }
                if same && !self.units.is_stale(&key) {
                    // What was taken over is counted by what becomes of it.
                    counts.unchanged += u64::from(!counted.contains_key(&key));
                    continue;
                }
            }
            fresh.push(self.judge(chunk, row, raw, key));
        }
        Ok(())
    }

    /// A person whose key occurs twice is there, though the rows stand in the ledger under other keys.
    async fn note_doubled(&self, tx: &mut Tx, chunk: &Chunk, seen: &mut Seen) -> Result<(), StoreError> {
        let own = chunk.rows.iter().filter(|row| row.twice).map(|row| chunk.key(row));
        let own: Vec<ledger::Met<'_>> =
            own.filter(|key| is_plain(key)).map(|key| ledger::Met { key, raw: [0; 16] }).collect();
        if !own.is_empty() && !self.blank {
            let known = ledger::compare(tx, self.id, &own, self.judged_by, "").await?;
            known.into_iter().flatten().for_each(|(id, _)| seen.note(id));
        }
        Ok(())
    }

    /// Those of the keys that the run took over from earlier ones, and whether something of them went out.
    async fn counted(&self, tx: &mut Tx, keys: &[&str]) -> Result<HashMap<String, bool>, StoreError> {
        match self.leftovers {
            Some(run) => answers::answered_for(tx, self.id, run, keys).await,
            None => Ok(HashMap::new()),
        }
    }

    fn judge(&self, chunk: &Chunk, row: &ChunkRow, raw: [u8; 16], key: String) -> Fresh {
        let mapping = &self.stream.mapping;
        let own = chunk.key(row);
        let columns = RawRow::unpack(row.number, chunk.packed(row), mapping.columns().len());
        let judgement = judge_row(mapping, self.today, (own, row.twice), columns.as_ref(), &self.units.decided);
        let version =
            judgement.held_for().is_none().then(|| self.stream.version(judgement.action, &judgement.canonical));
        let twice = (row.twice && is_plain(own)).then(|| own.to_owned());
        Fresh { key, raw, judgement, version, number: row.number, twice, again: false }
    }

    /// Compares judged rows with what is confirmed, queued and in flight *now*, in the transaction that stages them.
    pub async fn stage(
        &self,
        tx: &mut Tx,
        mut fresh: Vec<Fresh>,
        counts: &mut Counts,
        overlay: &mut Overlay,
    ) -> Result<Staged, StoreError> {
        let mut staged = Staged::default();
        let mut crossing = Crossing::of(self, tx, &mut fresh, overlay).await?;
        let keys: Vec<&str> =
            fresh.iter().flat_map(|f| std::iter::once(f.key.as_str()).chain(f.twice.as_deref())).collect();
        let (mut entries, mut open) = if self.blank {
            (HashMap::new(), HashMap::new())
        } else {
            (ledger::find(tx, self.id, &keys).await?, outbox::open(tx, self.id, &keys).await?)
        };
        let counted = self.counted(tx, &keys).await?;
        let unsure = self.freeze(tx, &mut fresh, &entries, &open).await?;
        let waiting = lanes::waiting(tx, self.stream, &self.before, &fresh).await?;
        let mut done: HashSet<String> = HashSet::new();
        for mut row in fresh {
            let entry = entries.remove(&row.key);
            let known = Known {
                confirmed: entry.as_ref().and_then(|e| e.confirmed),
                refused: entry.as_ref().and_then(|e| e.refused),
                ..open.remove(&row.key).unwrap_or_default()
            };
            if crossing.compare(&mut row, &known) {
                counts.unchanged += u64::from(!counted.contains_key(&row.key));
                continue;
            }
            for complaint in row.judgement.complaints.iter().filter(|c| c.severity == Severity::Warn) {
                *counts.told.entry(complaint.reason.word().to_owned()).or_default() += 1;
            }
            // A row that others judged before, and that is the same as far as can be told.
            let same_row = entry.as_ref().is_some_and(|e| {
                e.judged_by != self.judged_by && e.judged_by != [0; 8] && (e.raw == row.raw || self.other_columns)
            });
            let was_held = entry.as_ref().is_some_and(|e| e.verdict == "held");
            counts.remapped.again += u64::from(same_row);
            let step = row.version.map(|version| self.step((row.judgement.action, version), &known));
            let waits = self.must_wait(&waiting, &row, step);
            row.judgement.complaints.extend(waits.clone());
            let mut verdict = "ok";
            if let Some(gravest) = row.judgement.held_for() {
                *counts.held.entry(gravest.reason.word().to_owned()).or_default() += 1;
                staged.withdraw.extend(known.queued.map(|(id, _)| id));
                staged.held.push(draft(&row, gravest));
                staged.disown.extend(counted.contains_key(&row.key).then(|| row.key.clone()));
                verdict = "held";
                counts.remapped.held += u64::from(same_row && !was_held);
            } else if let (Some(version), Some(step)) = (row.version, step) {
                counts.remapped.freed += u64::from(same_row && was_held);
                let met = Met { known: &known, counted: counted.get(&row.key).copied(), same_row };
                verdict = met.goes(&mut row, version, step, counts, &mut staged);
                if entry.as_ref().is_some_and(|e| e.verdict == "held" || e.verdict == "gone") {
                    staged.over.push(row.key.clone());
                }
            }
            if let Some(own) = row.twice
                && done.insert(own.clone())
            {
                // The record itself: nothing older of it may go out, and it is judged again once its key is single.
                staged.withdraw.extend(open.remove(&own).and_then(|k| k.queued).map(|(id, _)| id));
                if entries.remove(&own).is_some() {
                    staged.judged.push(judged(own, [0; 16], None, "held", String::new()));
                }
            }
            if done.insert(row.key.clone()) {
                if self.stream.translates() {
                    staged.asked.push((row.key.clone(), row.judgement.asked));
                }
                let again = row.judgement.judge_again_on.map(|d| d.to_string());
                let waits = waits.is_some() || unsure.contains(&row.key);
                let raw = if self.judge_again(waits, &known) { [0; 16] } else { row.raw };
                staged.judged.push(judged(row.key, raw, again, verdict, row.judgement.unit));
            }
        }
        staged.held = unique(staged.held);
        staged.facts = crossing.written;
        Ok(staged)
    }
}

/// What is known of a row's record when its step is taken.
struct Met<'a> {
    known: &'a Known,
    /// The run took something of it over from earlier ones; whether that went out.
    counted: Option<bool>,
    /// Another mapping, list or rule judged the same row before.
    same_row: bool,
}

impl Met<'_> {
    /// Stages the step of a row that may go, or counts it as unchanged; the ledger's verdict.
    fn goes(
        &self,
        row: &mut Fresh,
        version: ContentHash,
        step: Step,
        counts: &mut Counts,
        staged: &mut Staged,
    ) -> &'static str {
        let (known, content) = (self.known, (row.judgement.action, version));
        let queued = known.queued.is_some_and(|(_, queued)| queued == content);
        let never_there = content.0 == Action::Stop && known.confirmed.is_none();
        let has = known.confirmed == Some(content) || never_there;
        if has && known.refused.is_some() && known.in_flight.is_none() && !queued {
            staged.moot.push(row.key.clone());
        }
        match step {
            Step::Nothing => {
                let on_way = known.in_flight.is_some() || known.queued.is_some() || self.counted.is_some();
                counts.unchanged += u64::from(!on_way);
                if never_there {
                    return "idle";
                }
            }
            Step::Withdraw(id) => {
                staged.withdraw.push(id);
                let went = known.in_flight.is_some() || self.counted == Some(true);
                counts.unchanged += u64::from(!went);
            }
            Step::Queue { replaces } => {
                staged.supersede.extend(replaces);
                // What waits for a person because of a mapping goes on waiting when the row changes as well.
                let class = Class::of(content.0, known.confirmed.is_some(), self.same_row || known.remapped);
                counts.remapped.changed += u64::from(self.same_row && class == Class::Remapped);
                staged.drafts.push(outbox::Draft {
                    key: row.key.clone(),
                    action: content.0,
                    version,
                    class,
                    unit: row.judgement.unit.clone(),
                    payload: std::mem::take(&mut row.judgement.canonical),
                    lane: row.judgement.lane.take(),
                });
            }
        }
        "ok"
    }
}

/// What a mapping says of a row, by its own key and whether that key occurs twice; `None`: the row could not be taken
/// apart. What no mapping can judge is held.
pub(super) fn judge_row(
    mapping: &Mapping,
    today: Date,
    (own, twice): (&str, bool),
    row: Option<&RawRow<'_>>,
    decided: &Decisions,
) -> Judgement {
    if own.trim().is_empty() {
        held(Reason::KeyMissing, mapping.key(), own, "")
    } else if twice {
        held(Reason::KeyTwice, mapping.key(), own, "")
    } else if own.chars().count() > 100 || own.trim() != own || own.chars().any(char::is_control) {
        let detail = "khóa phải có 1–100 ký tự, không có khoảng trắng ở hai đầu / a key has 1 to 100 characters without blanks around";
        held(Reason::BadValue, mapping.key(), own, detail)
    } else if let Some(row) = row {
        mapping.judge_decided(row, today, decided)
    } else {
        let detail = "dòng có ký tự điều khiển U+001F / the row has the control character U+001F";
        held(Reason::BadValue, mapping.key(), own, detail)
    }
}

fn judged(
    key: String,
    raw: [u8; 16],
    judge_again: Option<String>,
    verdict: &'static str,
    unit: String,
) -> ledger::Judged {
    ledger::Judged { key, raw, judge_again, verdict, unit }
}

/// Whether a key can stand for itself. One with control characters cannot: PostgreSQL takes no NUL, and the pseudo keys
/// begin with one.
fn is_plain(own: &str) -> bool {
    !own.trim().is_empty() && !own.chars().any(char::is_control)
}

/// The key under which a row stands in the ledger: its own; one made of its content where it has none of its own.
fn ledger_key(own: &str, twice: bool, raw: [u8; 16]) -> String {
    let print = u128::from_be_bytes(raw);
    if !is_plain(own) {
        format!("{PSEUDO}row:{print:032x}")
    } else if twice {
        format!("{PSEUDO}twice:{print:032x}")
    } else {
        own.to_owned()
    }
}

/// One statement may not touch a row twice: identical rows of one key are one mismatch.
fn unique(drafts: Vec<mismatch::Draft>) -> Vec<mismatch::Draft> {
    let mut met = HashSet::new();
    drafts.into_iter().filter(|d| met.insert(d.key.clone())).collect()
}

fn held(reason: Reason, field: &str, value: &str, detail: &str) -> Judgement {
    let value: String = value.chars().take(200).collect();
    let (field, detail) = (field.to_owned(), detail.to_owned());
    let complaint = Complaint { reason, severity: Severity::Block, field, value, proposal: None, detail };
    Judgement {
        action: Action::Write,
        canonical: String::new(),
        about: String::new(),
        unit: String::new(),
        complaints: vec![complaint],
        judge_again_on: None,
        asked: None,
        lane: None,
        said: None,
    }
}

fn draft(row: &Fresh, gravest: &Complaint) -> mismatch::Draft {
    mismatch::Draft {
        field: gravest.field.clone(),
        // PostgreSQL takes no NUL in a text.
        value: gravest.value.replace('\0', "\u{fffd}"),
        proposal: gravest.proposal.clone().unwrap_or_default(),
        detail: gravest.detail.clone(),
        complaints: serde_json::to_string(&row.judgement.complaints).unwrap_or_else(|_| "[]".to_owned()),
        source_row: i64::try_from(row.number).ok(),
        unit: row.judgement.unit.clone(),
        // Held for another record's sake, it could be read as a whole.
        about: [&row.judgement.about, &row.judgement.canonical]
            .into_iter()
            .find(|text| !text.is_empty())
            .cloned()
            .unwrap_or_default(),
        ..mismatch::Draft::held(&row.key, gravest.reason)
    }
}
