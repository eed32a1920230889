//! The national record in canonical form. Its hash is the identity of its content, whatever the wire.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// SHA-256 of an operation word and a canonical record: the contract's `PhienBan`
/// (national-systems, section 6), the same for JSON and SOAP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    /// Hashes `operation|canonical`, where `canonical` is what [`Record::canonical`] wrote.
    pub fn of(operation: &str, canonical: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(operation.as_bytes());
        hash.update(b"|");
        hash.update(canonical.as_bytes());
        Self(hash.finalize().into())
    }

    /// Reads lower-case hex of 64 characters.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut out = [0u8; 32];
        if text.len() != 64 {
            return None;
        }
        for (i, byte) in out.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
        }
        Some(Self(out))
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A national value. The nation knows texts, lists and (in some systems) nested objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// A text; not known is the empty text, never null.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
    /// Named values in the contract's order.
    Object(Vec<(String, FieldValue)>),
    /// A list of objects.
    Rows(Vec<FieldValue>),
}

impl FieldValue {
    /// Whether nothing is known in it, at any depth.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(pairs) => pairs.iter().all(|(_, value)| value.is_empty()),
            Self::Rows(rows) => rows.is_empty(),
        }
    }

    /// The value as it stands in a canonical record: keys sorted by bytes at every level.
    pub fn canonical(&self) -> String {
        let mut out = String::new();
        push_value(&mut out, self);
        out
    }
}

/// A national value, borrowed.
#[derive(Debug, Clone, Copy)]
pub enum ValueRef<'v> {
    /// A text.
    Text(&'v str),
    /// A list of texts.
    List(&'v [Cow<'v, str>]),
    /// An object or a list of objects.
    Nested(&'v FieldValue),
}

/// The names of a record's fields in the contract's order, shared by all records of a mapping.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    names: Vec<String>,
    by_bytes: Vec<usize>,
}

impl Layout {
    /// A layout with fields in the contract's order.
    pub fn new(names: Vec<String>) -> Self {
        let mut by_bytes: Vec<usize> = (0..names.len()).collect();
        by_bytes.sort_by(|a, b| names[*a].as_bytes().cmp(names[*b].as_bytes()));
        Self { names, by_bytes }
    }

    /// The names in the contract's order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What [`Record::canonical`] would write, of values that were never put together to a record.
    pub fn canonical<'v>(&self, value: impl Fn(usize) -> ValueRef<'v>) -> String {
        let mut out = String::with_capacity(1280);
        out.push('{');
        for (i, at) in self.by_bytes.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            push_text(&mut out, &self.names[*at]);
            out.push(':');
            match value(*at) {
                ValueRef::Text(text) => push_text(&mut out, text),
                ValueRef::Nested(value) => push_value(&mut out, value),
                ValueRef::List(items) => {
                    out.push('[');
                    for (i, item) in items.iter().enumerate() {
                        if i > 0 {
                            out.push(',');
                        }
                        push_text(&mut out, item);
                    }
                    out.push(']');
                }
            }
        }
        out.push('}');
        out
    }
}

/// One national record: a value for each name of its layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    layout: Arc<Layout>,
    values: Vec<FieldValue>,
}

impl Record {
    /// Pairs values with the names of the layout.
    ///
    /// # Panics
    /// When the numbers differ: a mapping is compiled so that they cannot.
    pub fn new(layout: Arc<Layout>, values: Vec<FieldValue>) -> Self {
        assert_eq!(layout.names.len(), values.len(), "a record has a value for each field");
        Self { layout, values }
    }

    /// The value of a field, by the contract's name.
    pub fn get(&self, name: &str) -> Option<&FieldValue> {
        let at = self.layout.names.iter().position(|n| n == name)?;
        self.values.get(at)
    }

    /// Name and value in the contract's order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &FieldValue)> {
        self.layout.names.iter().map(String::as_str).zip(&self.values)
    }

    /// The canonical JSON: UTF-8, keys sorted by bytes, no blanks, only `\"` and `\\` escaped
    /// (values have no control characters: mapping refuses or replaces them).
    pub fn canonical(&self) -> String {
        let mut out = String::with_capacity(1024);
        out.push('{');
        for (i, at) in self.layout.by_bytes.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            push_text(&mut out, &self.layout.names[*at]);
            out.push(':');
            push_value(&mut out, &self.values[*at]);
        }
        out.push('}');
        out
    }
}

fn push_value(out: &mut String, value: &FieldValue) {
    match value {
        FieldValue::Text(text) => push_text(out, text),
        FieldValue::List(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                push_text(out, item);
            }
            out.push(']');
        }
        FieldValue::Rows(rows) => {
            out.push('[');
            for (i, row) in rows.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                push_value(out, row);
            }
            out.push(']');
        }
        FieldValue::Object(pairs) => {
            let mut sorted: Vec<&(String, FieldValue)> = pairs.iter().collect();
            sorted.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
            out.push('{');
            for (i, (name, value)) in sorted.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                push_text(out, name);
                out.push(':');
                push_value(out, value);
            }
            out.push('}');
        }
    }
}

fn push_text(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\\']) {
        out.push_str(&rest[..at]);
        out.push('\\');
        out.push_str(&rest[at..=at]);
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vector of national-systems, section 6.
    #[test]
    fn hash_is_the_contracts() {
        let layout = Arc::new(Layout::new(vec!["NgayDung".into(), "SoQuyetDinh".into(), "LyDoDung".into()]));
        let text = |t: &str| FieldValue::Text(t.into());
        let record = Record::new(layout, vec![text("18/12/2023"), text("12/QĐ-UBND \"A\""), text("a")]);
        assert_eq!(
            ContentHash::of("DUNG", &record.canonical()).to_string(),
            "cb557ffd5e67b9d4079f54e38e63b762f4a69adc715b064b1543685a9ac99fad"
        );
    }

    /// Made by another program from `GHI|{"A":{"b":"2","c":[{"x":"\\\"","y":""}]},"B":""}`.
    #[test]
    fn nested_keys_are_sorted_at_every_level() {
        let text = |t: &str| FieldValue::Text(t.into());
        let row = FieldValue::Object(vec![("y".into(), text("")), ("x".into(), text("\\\""))]);
        let inner = FieldValue::Object(vec![("c".into(), FieldValue::Rows(vec![row])), ("b".into(), text("2"))]);
        let record = Record::new(Arc::new(Layout::new(vec!["B".into(), "A".into()])), vec![text(""), inner.clone()]);
        assert_eq!(record.canonical(), r#"{"A":{"b":"2","c":[{"x":"\\\"","y":""}]},"B":""}"#);
        let layout = Layout::new(vec!["B".into(), "A".into()]);
        let given = layout.canonical(|at| if at == 0 { ValueRef::Text("") } else { ValueRef::Nested(&inner) });
        assert_eq!(given, record.canonical());
        assert_eq!(
            ContentHash::of("GHI", &given).to_string(),
            "b480ec2b1e050674f6ce0546394f97218252c39af0e0cc6b04221f9197bb5178"
        );
    }

    #[test]
    fn hex_reads_back() {
        let hash = ContentHash::of("GHI", "{}");
        assert_eq!(ContentHash::from_hex(&hash.to_string()), Some(hash));
        assert_eq!(ContentHash::from_hex("đ"), None);
    }
}
