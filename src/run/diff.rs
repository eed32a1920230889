//! Two mappings over the same rows: whose content changes, in which fields, who becomes held or free. Nothing is written.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;

use super::stage::judge_row;
use super::{RunError, Stream};
use crate::delta::{Class, Known, Step, delta};
use crate::mapping::Mapping;
use crate::model::{Action, Clock, Decisions, Judgement, RawRow};
use crate::source::{Chunk, ChunkRow, Source, check_shape};
use crate::store::{Store, StoreError, ledger, outbox, runs};

/// What of the new content would be sent, against what the nation confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Sends {
    /// Records that the nation never confirmed.
    pub new: u64,
    /// Confirmed records with another content.
    pub changed: u64,
    /// Stops.
    pub stopped: u64,
}

/// One field of an example: what it was and what it becomes. Personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The national field.
    pub field: String,
    /// By the old mapping; empty where it has no such field.
    pub old: String,
    /// By the new one.
    pub new: String,
}

/// One person of whom something changes. Personal data, for the operator's eyes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Our key.
    pub key: String,
    /// `changed`, `held`, `freed` or `other-reason`.
    pub kind: &'static str,
    /// The fields that change; of one that is held, the field and value complained about.
    pub fields: Vec<FieldChange>,
    /// Why it was held, becomes held, or both; empty for a changed content.
    pub reason: String,
}

/// What changes from one mapping to another. Each row is exactly one of `same`, `changed`, `held`, `freed`, `stay_held`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Difference {
    /// The stream.
    pub name: String,
    /// Rows read.
    pub scanned: u64,
    /// Rows with the same content.
    pub same: u64,
    /// Rows whose content changes.
    pub changed: u64,
    /// Of these, how many change each field.
    pub fields: BTreeMap<String, u64>,
    /// Of these, how many become a stop.
    pub to_stop: u64,
    /// Of these, how many were a stop and become a record to write.
    pub to_write: u64,
    /// Rows that become held, by the new reason.
    pub held: BTreeMap<String, u64>,
    /// Rows that become free, by the old reason.
    pub freed: BTreeMap<String, u64>,
    /// Rows that are held by both.
    pub stay_held: u64,
    /// Of these, those held for another reason: `old → new`.
    pub other_reason: BTreeMap<String, u64>,
    /// What would be sent by the new mapping; `None` where the stream has no ledger yet.
    pub sends: Option<Sends>,
    /// Some people of each kind.
    pub examples: Vec<Example>,
}

impl Difference {
    /// Whether nothing changes for anybody.
    pub fn is_nothing(&self) -> bool {
        self.changed == 0 && self.held.is_empty() && self.freed.is_empty() && self.other_reason.is_empty()
    }

    fn example(&mut self, most: usize, example: Example) {
        if self.examples.iter().filter(|e| e.kind == example.kind).count() < most {
            self.examples.push(example);
        }
    }

    fn compare(&mut self, key: &str, old: &Judgement, new: &Judgement, most: usize) {
        let word = |judgement: &Judgement| judgement.held_for().map(|c| c.reason.word());
        let complaint = |judgement: &Judgement| -> Vec<FieldChange> {
            let one = judgement.held_for().map(|c| (c.field.clone(), c.value.clone()));
            one.into_iter().map(|(field, value)| FieldChange { field, old: value.clone(), new: value }).collect()
        };
        let key = key.to_owned();
        match (word(old), word(new)) {
            (None, None) if old.action == new.action && old.canonical == new.canonical => self.same += 1,
            (None, None) => {
                self.changed += 1;
                match (old.action, new.action) {
                    (Action::Write, Action::Stop) => self.to_stop += 1,
                    (Action::Stop, Action::Write) => self.to_write += 1,
                    _ => {}
                }
                let fields = changed_fields(&old.canonical, &new.canonical);
                for change in &fields {
                    *self.fields.entry(change.field.clone()).or_default() += 1;
                }
                self.example(most, Example { key, kind: "changed", fields, reason: String::new() });
            }
            (None, Some(reason)) => {
                *self.held.entry(reason.to_owned()).or_default() += 1;
                self.example(most, Example { key, kind: "held", fields: complaint(new), reason: reason.to_owned() });
            }
            (Some(reason), None) => {
                *self.freed.entry(reason.to_owned()).or_default() += 1;
                self.example(most, Example { key, kind: "freed", fields: complaint(old), reason: reason.to_owned() });
            }
            (Some(was), Some(is)) => {
                self.stay_held += 1;
                if was != is {
                    let reason = format!("{was} → {is}");
                    *self.other_reason.entry(reason.clone()).or_default() += 1;
                    self.example(most, Example { key, kind: "other-reason", fields: complaint(new), reason });
                }
            }
        }
    }
}

/// The fields in which two canonical contents differ, in the order of their names.
fn changed_fields(old: &str, new: &str) -> Vec<FieldChange> {
    let read = |text: &str| serde_json::from_str::<BTreeMap<String, Value>>(text).unwrap_or_default();
    let (old, new) = (read(old), read(new));
    let text = |value: Option<&Value>| match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let mut names: Vec<&String> = old.keys().chain(new.keys().filter(|name| !old.contains_key(*name))).collect();
    names.sort();
    let differing = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    let change =
        |name: &String| FieldChange { field: name.clone(), old: text(old.get(name)), new: text(new.get(name)) };
    differing.map(change).collect()
}

/// A mapping with the places of its columns among all that are read.
struct Side<'a> {
    mapping: &'a Mapping,
    places: Vec<usize>,
}

impl<'a> Side<'a> {
    fn of(mapping: &'a Mapping, columns: &mut Vec<String>) -> Self {
        let mut place = |name: &String| {
            columns.iter().position(|known| known == name).unwrap_or_else(|| {
                columns.push(name.clone());
                columns.len() - 1
            })
        };
        let places = mapping.columns().iter().map(|column| place(&column.name)).collect();
        Self { mapping, places }
    }

    fn judge(&self, today: Date, own: (&str, bool), row: Option<&RawRow<'_>>, decided: &Decisions) -> Judgement {
        let mine = row.map(|row| RawRow {
            number: row.number,
            columns: self.places.iter().map(|place| row.get(*place)).collect(),
        });
        judge_row(self.mapping, today, own, mine.as_ref(), decided)
    }
}

/// Runs two mappings of one entity over a source, row by row; `stream` is whose ledger the new content is compared
/// with, and at most `examples` people of each kind are shown. Both mappings must have the same key column.
pub async fn diff(
    store: &Store,
    stream: &Stream,
    source: &Source,
    (old, new): (&Mapping, &Mapping),
    clock: &dyn Clock,
    examples: usize,
) -> Result<Difference, RunError> {
    let failed = |error| RunError::Source { stream: stream.name.clone(), error };
    let has = source.describe().await.map_err(failed)?;
    for mapping in [old, new] {
        check_shape(source.place(), mapping.columns(), &has).map_err(failed)?;
    }
    let mut columns = Vec::new();
    let (new, old) = (Side::of(new, &mut columns), Side::of(old, &mut columns));
    let mut tx = store.read().await?;
    let ledger = runs::find_stream(&mut tx, &stream.name).await?.map(|(id, _)| id);
    let decided = crate::store::units::current(&mut tx).await?;
    drop(tx);
    let mut all = Difference { name: stream.name.clone(), ..Difference::default() };
    all.sends = ledger.map(|_| Sends::default());
    let today = clock.now().day();
    let (send, mut receive) = mpsc::channel(4);
    let reading = source.scan(new.mapping.key(), &columns, send);
    let judging = async {
        while let Some(chunk) = receive.recv().await {
            let mut free = Vec::new();
            for row in &chunk.rows {
                all.scanned += 1;
                let (own, whole) = (chunk.key(row), RawRow::unpack(row.number, chunk.packed(row), columns.len()));
                let was = old.judge(today, (own, row.twice), whole.as_ref(), &decided);
                let is = new.judge(today, (own, row.twice), whole.as_ref(), &decided);
                all.compare(own, &was, &is, examples);
                if is.held_for().is_none() {
                    free.push((row, is));
                }
            }
            if let (Some(id), Some(sends)) = (ledger, &mut all.sends) {
                count_sends(store, (stream, id), &chunk, free, sends).await?;
            }
        }
        Ok::<_, RunError>(())
    };
    let (read, judged) = futures_util::future::join(reading, judging).await;
    judged?;
    read.map_err(failed)?;
    Ok(all)
}

async fn count_sends(
    store: &Store,
    (stream, id): (&Stream, i64),
    chunk: &Chunk,
    free: Vec<(&ChunkRow, Judgement)>,
    sends: &mut Sends,
) -> Result<(), StoreError> {
    let keys: Vec<&str> = free.iter().map(|(row, _)| chunk.key(row)).collect();
    let mut tx = store.read().await?;
    let (entries, open): (HashMap<_, _>, HashMap<_, _>) =
        (ledger::find(&mut tx, id, &keys).await?, outbox::open(&mut tx, id, &keys).await?);
    drop(tx);
    for (row, judgement) in free {
        let (key, action) = (chunk.key(row), judgement.action);
        let entry = entries.get(key);
        let known = Known {
            confirmed: entry.and_then(|e| e.confirmed),
            refused: entry.and_then(|e| e.refused),
            ..open.get(key).copied().unwrap_or_default()
        };
        let content = (action, stream.version(action, &judgement.canonical));
        let waits = known.queued.is_some_and(|(_, queued)| queued == content);
        if waits || matches!(delta(content, &known), Step::Queue { .. }) {
            match Class::of(action, known.confirmed.is_some(), false) {
                Class::Stopped => sends.stopped += 1,
                Class::New => sends.new += 1,
                Class::Changed | Class::Remapped => sends.changed += 1,
            }
        }
    }
    Ok(())
}
