//! A record as it is kept: its bare values in one text, and a stop laid over them.

use super::entity::Kind;
use super::form::Read;
use super::parse::Value;
use super::record::{Field, LIST};

/// Parts the values of a record; no value may hold it.
pub(super) const BETWEEN: char = '\u{1f}';

/// State of a record over which a stop is laid.
const STOPPED: &str = "THOI_HUONG";

/// A stop's fields, by their places in the table.
pub(super) type Laid = Box<[(u8, Box<str>)]>;

/// A record as it stands.
#[derive(Debug)]
pub(super) struct Written {
    pub version: [u8; 32],
    /// `ThoiGianGui` of the batch that wrote it.
    pub formed: u64,
    /// When it was written, milliseconds since 1970.
    pub at_ms: i64,
    /// Place in [`super::book::Book::units`].
    pub unit: u32,
    /// Whether it ever had what makes some of its values stay ([`super::entity::Settles`]).
    pub settled: bool,
    /// Changed by the side door behind its version: whoever writes that version again puts it right.
    pub edited: bool,
    /// What it adds to `MaKiemTra`.
    pub check: u64,
    /// The last `GHI`.
    pub values: Box<str>,
    /// The stop laid over it.
    stop: Option<Laid>,
}

impl Written {
    pub(super) fn new(mark: &Mark, unit: u32, values: Box<str>, stop: Option<Laid>) -> Self {
        let Mark { version, formed, at_ms } = *mark;
        Self { version, formed, at_ms, unit, settled: false, edited: false, check: 0, values, stop }
    }

    /// Whether the last word about it was a stop.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// The stop laid over it.
    pub(super) fn stop(&self) -> Option<&Laid> {
        self.stop.as_ref()
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

/// What is noted with every write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub version: [u8; 32],
    pub formed: u64,
    pub at_ms: i64,
}

/// The values of a `GHI` in one text.
pub(super) fn joined(read: &Read<'_, '_>) -> Box<str> {
    let mut text = String::with_capacity(512);
    for (place, (value, &field)) in read.values.iter().zip(&read.kind.fields[..read.kind.written]).enumerate() {
        if place > 0 {
            text.push(BETWEEN);
        }
        match value {
            Some(Value::Text(value)) => text.push_str(value),
            Some(Value::List(list)) if field == LIST => text.push_str(&list.join(",")),
            _ => {}
        }
    }
    text.into()
}
