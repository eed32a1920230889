//! What the nation keeps, compactly: references, records as their bare values, batches with what was answered, and the
//! sums per commune.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::control::Rule;
use super::entity::Kind;
use super::parse::{Value, Values};
use super::record::{Field, LIST};
use super::report::Held;
use super::version;

/// Parts the values of a record; no value may hold it.
const BETWEEN: char = '\u{1f}';

/// State of a record over which a stop is laid.
const STOPPED: &str = "THOI_HUONG";

/// A stop's fields, by their places in the table.
type Laid = Box<[(u8, Box<str>)]>;

/// A record as it stands.
#[derive(Debug)]
pub(super) struct Written {
    pub version: [u8; 32],
    /// `ThoiGianGui` of the batch that wrote it.
    pub formed: u64,
    /// When it was written, milliseconds since 1970.
    pub at_ms: i64,
    /// Place in [`Book::units`].
    pub unit: u32,
    /// What it adds to `MaKiemTra`.
    check: u64,
    /// The last `GHI`.
    values: Box<str>,
    /// The stop laid over it.
    stop: Option<Laid>,
}

impl Written {
    /// Whether the last word about it was a stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// The values as they stand: the last `GHI` with a stop's fields laid over it.
    pub(super) fn standing(&self, kind: &Kind) -> Vec<Option<&str>> {
        let mut all = vec![None; kind.fields.len()];
        for (slot, text) in all.iter_mut().zip(self.values.split(BETWEEN)) {
            *slot = Some(text);
        }
        for (place, text) in self.stop.iter().flat_map(|laid| laid.iter()) {
            all[usize::from(*place)] = Some(text);
        }
        if let (true, Some(state)) = (self.is_stopped(), kind.place(Field::TrangThai)) {
            all[state] = Some(STOPPED);
        }
        all
    }

    /// One value as it stands.
    pub(super) fn text(&self, kind: &Kind, field: Field) -> &str {
        let standing = self.standing(kind);
        kind.place(field).and_then(|place| standing[place]).unwrap_or_default()
    }

    /// `TrangThai`, told beside the record; an entity without it has a word for the stopped only.
    pub(super) fn state(&self, kind: &Kind) -> &str {
        if self.is_stopped() { STOPPED } else { self.text(kind, Field::TrangThai) }
    }
}

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
    pub(super) fn write(&mut self, entry: u32, province: &str, values: &Values<'_>, mark: &Mark) {
        let mut text = String::with_capacity(512);
        let kind = self.kind;
        for (place, (value, &field)) in values.iter().zip(&kind.fields[..kind.written]).enumerate() {
            if place > 0 {
                text.push(BETWEEN);
            }
            match value {
                Some(Value::Text(value)) => text.push_str(value),
                Some(Value::List(list)) if field == LIST => text.push_str(&list.join(",")),
                _ => {}
            }
        }
        let commune = kind.place(Field::MaXa).and_then(|place| values[place].as_ref()?.text()).unwrap_or_default();
        let unit = self.unit(province, commune);
        self.put(entry, unit, text.into(), None, mark);
    }

    /// Lays a stop over a record; false if there is none.
    pub(super) fn stop(&mut self, entry: u32, province: &str, values: &Values<'_>, mark: &Mark) -> bool {
        let Some(written) = self.entries[entry as usize].written.as_deref_mut() else {
            return false;
        };
        let kept = std::mem::take(&mut written.values);
        let commune = self.units[written.unit as usize].commune.clone();
        let laid = self.kind.entity.stop.iter().filter_map(|&field| {
            let place = self.kind.place(field)?;
            let text = values[place].as_ref().and_then(Value::text)?;
            Some((u8::try_from(place).ok()?, text.into()))
        });
        let laid = laid.collect();
        let unit = self.unit(province, &commune);
        self.put(entry, unit, kept, Some(laid), mark);
        true
    }

    /// `MaDoiTuong`: the nation's own number of an entry, which never changes and is no other entity's.
    pub(super) fn national_number(&self, entry: u32) -> String {
        format!("QG{}{:09}", self.kind.number, u64::from(entry) + 1)
    }

    fn put(&mut self, entry: u32, unit: u32, values: Box<str>, stop: Option<Laid>, mark: &Mark) {
        let slot = &mut self.entries[entry as usize];
        let check = version::check(&slot.reference, &version::hex(&mark.version));
        if let Some(old) = &slot.written {
            let unit = &mut self.units[old.unit as usize];
            unit.count -= 1;
            unit.check ^= old.check;
        }
        let sums = &mut self.units[unit as usize];
        sums.count += 1;
        sums.check ^= check;
        slot.written = Some(Box::new(Written {
            version: mark.version,
            formed: mark.formed,
            at_ms: mark.at_ms,
            unit,
            check,
            values,
            stop,
        }));
    }

    fn unit(&mut self, province: &str, commune: &str) -> u32 {
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

/// What is noted with every write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub version: [u8; 32],
    pub formed: u64,
    pub at_ms: i64,
}
