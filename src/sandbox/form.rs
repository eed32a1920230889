//! The form of a record (sections 1, 6, 7). Whatever is found here is a breach of the contract: a gateway holds such a
//! record, it never sends it.

use jiff::civil::Date;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::entity::Kind;
use super::parse::{Value, Values};
use super::record::{Field, LIST};
use super::written::Written;

/// What is wrong with one field; the text never holds the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Finding(pub &'static str, pub &'static str);

/// All that is wrong with a record.
pub(super) type Findings = Vec<Finding>;

/// Judges one side of a record.
pub(super) type Check = fn(&Read<'_, '_>, &Scene<'_>, &mut Findings);

/// What a record is judged against.
pub(super) struct Scene<'b> {
    /// The last day that is not in the future.
    pub latest: Date,
    /// The record as it stood before, if it was ever written.
    pub before: Option<&'b Written>,
}

/// Values of a record as plain texts, absent as empty.
pub(super) struct Read<'v, 'a> {
    pub kind: &'static Kind,
    pub values: &'v Values<'a>,
}

impl<'v, 'a> Read<'v, 'a> {
    pub(super) fn value(&self, field: Field) -> Option<&'v Value<'a>> {
        self.values.get(self.kind.place(field)?)?.as_ref()
    }

    pub(super) fn text(&self, field: Field) -> &'v str {
        self.value(field).and_then(Value::text).unwrap_or_default()
    }
}

/// Judges a `GHI`.
pub(super) fn written(read: &Read<'_, '_>, scene: &Scene<'_>, out: &mut Findings) {
    let kind = read.kind;
    for (place, (value, &field)) in read.values.iter().zip(&kind.fields).enumerate() {
        match (value, place < kind.written) {
            (None, true) => out.push(Finding(field.name(), "the key is not there")),
            (Some(_), false) => out.push(Finding(field.name(), "a key of a stop only")),
            (Some(value), true) => plain(field, value, out),
            (None, false) => {}
        }
    }
    if !out.is_empty() {
        return;
    }
    for &field in kind.entity.required {
        want(!read.text(field).is_empty(), field, "empty", out);
    }
    kind.entity.checks.iter().for_each(|check| check(read, scene, out));
    if let (Some(settles), Some(before)) = (&kind.entity.settles, scene.before.filter(|before| before.settled)) {
        for &field in settles.keeps {
            want(before.text(kind, field) == read.text(field), field, "another than the one confirmed before", out);
        }
    }
}

/// Judges a `DUNG`.
pub(super) fn stopped(read: &Read<'_, '_>, scene: &Scene<'_>, out: &mut Findings) {
    let entity = read.kind.entity;
    for (value, &field) in read.values.iter().zip(&read.kind.fields) {
        let Some(value) = value else { continue };
        if entity.stop.contains(&field) {
            plain(field, value, out);
        } else {
            out.push(Finding(field.name(), "not a key of a stop"));
        }
    }
    if out.is_empty() {
        entity.stop_checks.iter().for_each(|check| check(read, scene, out));
    }
}

/// A value as section 6 wants every one: text, NFC, no blanks around, no control characters.
fn plain(field: Field, value: &Value<'_>, out: &mut Findings) {
    let name = field.name();
    match value {
        Value::Text(text) if field != LIST => tidy(name, text, out),
        Value::List(texts) if field == LIST => texts.iter().for_each(|text| tidy(name, text, out)),
        Value::Text(_) => out.push(Finding(name, "a text where a list belongs")),
        Value::List(_) => out.push(Finding(name, "a list where a text belongs")),
        Value::Number(_) => out.push(Finding(name, "a number where a text belongs")),
        Value::Wrong(what) => out.push(Finding(name, what)),
    }
}

fn tidy(name: &'static str, text: &str, out: &mut Findings) {
    if let Some(what) = untidy(text) {
        out.push(Finding(name, what));
    }
}

/// What is untidy about a text.
pub(super) fn untidy(text: &str) -> Option<&'static str> {
    let ascii = text.is_ascii();
    if text.trim().len() != text.len() {
        return Some("blanks around it");
    }
    if text.chars().any(char::is_control) {
        return Some("a control character");
    }
    let composed = ascii
        || match is_nfc_quick(text.chars()) {
            IsNormalized::Yes => true,
            IsNormalized::No => false,
            IsNormalized::Maybe => text.nfc().eq(text.chars()),
        };
    if composed { None } else { Some("not NFC") }
}

pub(super) fn digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Adds a finding unless the condition holds.
pub(super) fn want(holds: bool, field: Field, what: &'static str, out: &mut Findings) {
    if !holds {
        out.push(Finding(field.name(), what));
    }
}
