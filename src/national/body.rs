//! A request's body, as it is stored and hashed, with the places where credentials are put in when it goes out.

use super::filled::{self, Filler, Part};

/// A body before it goes out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Body {
    /// The bytes, placeholders unfilled.
    pub bytes: Vec<u8>,
    /// Where placeholders stand. Places, not words: a record's own text is never filled.
    pub blanks: Vec<Blank>,
    /// The name of the file, where it becomes one.
    pub file: Option<String>,
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, ..Self::default() }
    }
}

/// A JSON text with placeholders, its quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blank {
    from: usize,
    to: usize,
    parts: Vec<Part>,
}

/// The bytes with every blank filled.
pub(super) fn fill(bytes: &[u8], blanks: &[Blank], filler: &Filler) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 64 * blanks.len());
    let mut done = 0;
    for blank in blanks {
        out.extend_from_slice(bytes.get(done..blank.from).unwrap_or_default());
        let mut text = String::new();
        push_text(&mut text, &filler.text(&blank.parts));
        out.extend_from_slice(text.as_bytes());
        done = blank.to;
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    out
}

/// A JSON name, quoted and with its colon, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    name: String,
    pub(super) quoted: String,
}

impl Key {
    /// A name as JSON writes it.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), quoted: format!("{}:", serde_json::Value::from(name)) }
    }

    /// The name itself.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A field of a body with its value: a constant, or a text with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub key: Key,
    /// Its value.
    pub value: Vec<Part>,
}

impl Field {
    /// The bytes that it takes, unfilled.
    pub(super) fn bytes(&self) -> usize {
        self.key.quoted.len() + quoted_len(&filled::written(&self.value))
    }
}

/// Writes an object's members, commas between them.
#[derive(Debug, Default)]
pub(super) struct Writer {
    pub out: String,
    pub blanks: Vec<Blank>,
}

impl Writer {
    /// The comma before a member, where there was one before.
    pub fn comma(&mut self) {
        if !self.out.ends_with(['{', '[']) {
            self.out.push(',');
        }
    }

    /// A field with its value; `reference` fills its own place now, for it is no secret.
    pub fn field(&mut self, field: &Field, reference: &str) {
        self.comma();
        self.out.push_str(&field.key.quoted);
        let resolved = |part: &Part| match part {
            Part::Reference => Part::Literal(reference.to_owned()),
            part => part.clone(),
        };
        let parts: Vec<Part> = field.value.iter().map(resolved).collect();
        let from = self.out.len();
        push_text(&mut self.out, &filled::written(&parts));
        if parts.iter().any(|part| !matches!(part, Part::Literal(_))) {
            self.blanks.push(Blank { from, to: self.out.len(), parts });
        }
    }

    pub fn pair(&mut self, key: &Key, value: &str) {
        self.comma();
        self.out.push_str(&key.quoted);
        push_text(&mut self.out, value);
    }

    /// A member whose value is a number.
    pub fn number(&mut self, key: &Key, value: u32) {
        self.comma();
        self.out.push_str(&key.quoted);
        self.out.push_str(&value.to_string());
    }

    pub fn finish(self) -> Body {
        Body { bytes: self.out.into_bytes(), blanks: self.blanks, file: None }
    }
}

/// A JSON text; unlike canonical values, references and keys may come from anywhere, so everything is escaped.
fn push_text(out: &mut String, text: &str) {
    use std::fmt::Write as _;
    out.push('"');
    if quoted_len(text) == text.len() + 2 {
        out.push_str(text);
        out.push('"');
        return;
    }
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\u{0}'..='\u{1f}' => drop(write!(out, "\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
    out.push('"');
}

pub(super) fn quoted_len(text: &str) -> usize {
    2 + text
        .bytes()
        .map(|b| match b {
            b'"' | b'\\' => 2,
            0..=0x1f => 6,
            _ => 1,
        })
        .sum::<usize>()
}
