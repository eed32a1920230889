//! What the nation keeps of one entity: references with their records, batches with what was answered, and the sums per
//! commune.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::control::Rule;
use super::entity::{Kind, Settles};
use super::form::Read;
use super::parse::Value;
use super::record::Field;
use super::report::Held;
use super::version;
use super::written::{Mark, Written, joined};

/// One reference, whether or not a record of it was ever stored.
#[derive(Debug)]
pub(super) struct Entry {
    pub reference: Arc<str>,
    pub written: Option<Box<Written>>,
}

/// Province of the envelope and commune of the record, with the sums over its records.
#[derive(Debug)]
pub(super) struct Unit {
    pub province: String,
    pub commune: String,
    pub count: u64,
    pub check: u64,
}

/// What one record of a batch got: `0`, `1`, `2`, or no answer at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Accepted,
    Refused(u16),
    Later(u16),
    /// Not stored, and not mentioned in the stored answer either.
    Unmentioned,
}

/// How much the other side can know of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Knowledge {
    /// Nothing stored and it knows: the same batch has to come again.
    Again,
    /// It has to ask.
    Unknown,
    /// It was told.
    Told,
}

/// One `MaGoiTin`.
#[derive(Debug)]
pub(super) struct Batch {
    pub bytes: u128,
    pub knowledge: Knowledge,
    pub verdicts: Option<Box<[(u32, Verdict)]>>,
}

/// All that is kept of one entity.
#[derive(Debug)]
pub(super) struct Book {
    pub kind: &'static Kind,
    pub entries: Vec<Entry>,
    pub index: BTreeMap<Arc<str>, u32>,
    pub units: Vec<Unit>,
    unit_index: HashMap<(String, String), u32>,
    pub batches: Vec<Batch>,
    pub keys: HashMap<Box<str>, u32>,
    /// Entry → the batch in which it stands unsettled.
    pub open: HashMap<u32, u32>,
    /// Reasons of refusals, each once.
    pub reasons: Vec<(String, String)>,
    reason_index: HashMap<(String, String), u16>,
    /// Values of the entity's unique fields → the record that has them.
    unique: HashMap<String, u32>,
    /// What is said of single references.
    pub rules: HashMap<String, Rule>,
}

/// A place as a small number; the book of one process never has more.
fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Book {
    pub(super) fn new(kind: &'static Kind) -> Self {
        Self {
            kind,
            entries: Vec::new(),
            index: BTreeMap::new(),
            units: Vec::new(),
            unit_index: HashMap::new(),
            batches: Vec::new(),
            keys: HashMap::new(),
            open: HashMap::new(),
            reasons: Vec::new(),
            reason_index: HashMap::new(),
            unique: HashMap::new(),
            rules: HashMap::new(),
        }
    }

    /// The entry of a reference, made if new.
    pub(super) fn entry(&mut self, reference: &str) -> u32 {
        if let Some(&entry) = self.index.get(reference) {
            return entry;
        }
        let entry = small(self.entries.len());
        let reference: Arc<str> = reference.into();
        self.entries.push(Entry { reference: reference.clone(), written: None });
        self.index.insert(reference, entry);
        entry
    }

    /// The record of an entry, if one was stored.
    pub(super) fn written(&self, entry: u32) -> Option<&Written> {
        self.entries.get(entry as usize).and_then(|entry| entry.written.as_deref())
    }

    /// How many records there are, and how many of them are stopped.
    pub(super) fn held(&self) -> Held {
        let mut held = Held::default();
        for written in self.entries.iter().filter_map(|entry| entry.written.as_deref()) {
            held.records += 1;
            held.stopped += u64::from(written.is_stopped());
        }
        held
    }

    /// A reason, kept once.
    pub(super) fn reason(&mut self, code: &str, text: &str) -> u16 {
        let pair = (code.to_owned(), text.to_owned());
        if let Some(&known) = self.reason_index.get(&pair) {
            return known;
        }
        let Ok(place) = u16::try_from(self.reasons.len()) else { return 0 };
        self.reasons.push(pair.clone());
        self.reason_index.insert(pair, place);
        place
    }

    /// Notes a new batch.
    pub(super) fn add_batch(&mut self, key: &str, bytes: u128) -> u32 {
        let batch = small(self.batches.len());
        self.batches.push(Batch { bytes, knowledge: Knowledge::Again, verdicts: None });
        self.keys.insert(key.into(), batch);
        batch
    }

    /// A batch by its number.
    pub(super) fn batch(&mut self, batch: u32) -> &mut Batch {
        &mut self.batches[batch as usize]
    }

    /// Entries of the batch that stand open in it become settled, but for those in `left`.
    pub(super) fn settle(&mut self, batch: u32, entries: impl IntoIterator<Item = u32>, left: &HashSet<u32>) {
        for entry in entries {
            if self.open.get(&entry) == Some(&batch) && !left.contains(&entry) {
                self.open.remove(&entry);
            }
        }
        self.batch(batch).knowledge = if left.is_empty() { Knowledge::Told } else { Knowledge::Unknown };
    }

    /// Stores a `GHI`.
    pub(super) fn write(&mut self, entry: u32, province: &str, read: &Read<'_, '_>, mark: &Mark) {
        let unit = self.unit(province, read.text(Field::MaXa));
        self.release(entry);
        if let Some(key) = self.unique_key(|field| read.text(field)) {
            self.unique.insert(key, entry);
        }
        let settles = self.kind.entity.settles.as_ref();
        let mut written = Written::new(mark, unit, joined(read), None);
        written.settled = settles.is_some_and(|Settles { when: (field, word), .. }| read.text(*field) == *word);
        self.put(entry, written);
    }

    /// Lays a stop over a record, if there is one.
    pub(super) fn stop(&mut self, entry: u32, province: &str, read: &Read<'_, '_>, mark: &Mark) {
        let Some(written) = self.entries[entry as usize].written.as_deref() else { return };
        let kept = written.values.clone();
        let commune = self.units[written.unit as usize].commune.clone();
        let laid = self.kind.entity.stop.iter().filter_map(|&field| {
            let text = read.value(field).and_then(Value::text)?;
            Some((u8::try_from(self.kind.place(field)?).ok()?, text.into()))
        });
        let laid = laid.collect();
        let unit = self.unit(province, &commune);
        self.release(entry);
        self.put(entry, Written::new(mark, unit, kept, Some(laid)));
    }

    /// What no two records of the entity have alike, of one of them.
    fn unique_key<'t>(&self, text: impl Fn(Field) -> &'t str) -> Option<String> {
        let fields = self.kind.entity.unique;
        let key = || fields.iter().flat_map(|&field| [text(field), "\u{1f}"]).collect();
        (!fields.is_empty()).then(key)
    }

    /// Whether another record that is not withdrawn has the same unique fields.
    pub(super) fn has_twin(&self, read: &Read<'_, '_>, entry: u32) -> bool {
        let twin = self.unique_key(|field| read.text(field)).and_then(|key| self.unique.get(&key));
        twin.is_some_and(|&twin| twin != entry)
    }

    /// The record no longer has its unique fields.
    fn release(&mut self, entry: u32) {
        let Some(old) = self.written(entry).filter(|old| !old.is_stopped()) else { return };
        if let Some(key) = self.unique_key(|field| old.text(self.kind, field)) {
            self.unique.remove(&key);
        }
    }

    /// `MaDoiTuong`: the nation's own number of an entry, which never changes and is no other entity's.
    pub(super) fn national_number(&self, entry: u32) -> String {
        format!("QG{}{:09}", self.kind.number, u64::from(entry) + 1)
    }

    /// The record is no longer there; its reference stays known.
    pub(super) fn take_out(&mut self, entry: u32) {
        self.release(entry);
        if let Some(old) = self.entries[entry as usize].written.take() {
            let unit = &mut self.units[old.unit as usize];
            unit.count -= 1;
            unit.check ^= old.check;
        }
    }

    pub(super) fn put(&mut self, entry: u32, mut written: Written) {
        let slot = &mut self.entries[entry as usize];
        written.check = version::check(&slot.reference, &version::hex(&written.version));
        if let Some(old) = &slot.written {
            let unit = &mut self.units[old.unit as usize];
            unit.count -= 1;
            unit.check ^= old.check;
            written.settled |= old.settled;
        }
        let sums = &mut self.units[written.unit as usize];
        sums.count += 1;
        sums.check ^= written.check;
        slot.written = Some(Box::new(written));
    }

    pub(super) fn unit(&mut self, province: &str, commune: &str) -> u32 {
        let key = (province.to_owned(), commune.to_owned());
        if let Some(&unit) = self.unit_index.get(&key) {
            return unit;
        }
        let unit = small(self.units.len());
        self.units.push(Unit { province: key.0.clone(), commune: key.1.clone(), count: 0, check: 0 });
        self.unit_index.insert(key, unit);
        unit
    }
}
