//! Items into the exact bytes of a batch. The same items give the same bytes, always.

use std::borrow::Cow;

use super::profile::{Operation, Profile};
use super::wire::{Purpose, WireRequest};
use crate::model::Action;

/// A JSON name, quoted and with its colon, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    name: String,
    quoted: String,
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

/// The names around and inside a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The province's code.
    pub province: Key,
    /// The batch's idempotency key.
    pub batch_key: Key,
    /// When the batch was formed.
    pub sent_at: Key,
    /// The list of items.
    pub list: Key,
    /// In an item: our reference.
    pub reference: Key,
    /// In an item: the hash of the content.
    pub version: Key,
    /// In an item: the action's word.
    pub action: Key,
    /// In an item: the record.
    pub record: Key,
    /// In a question: the batch's key.
    pub ask_key: Key,
    /// The contract's names of record fields that the wire calls otherwise.
    pub rename: Vec<(String, Key)>,
}

/// One record to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item<'a> {
    /// Our reference, stable for the life of the record.
    pub reference: &'a str,
    /// The hash of the content, in hex.
    pub version: &'a str,
    /// What is to be done.
    pub action: Action,
    /// The record as canonical JSON, with the contract's names.
    pub canonical: &'a str,
}

impl Profile {
    /// The bytes that one item takes in a batch, without the comma that separates it from the next.
    /// A batch takes [`Profile::envelope_bytes`], its items and a comma less than it has items.
    pub fn item_bytes(&self, item: &Item<'_>) -> usize {
        let e = &self.envelope;
        let names = e.reference.quoted.len() + e.version.quoted.len() + e.action.quoted.len() + e.record.quoted.len();
        let word = self.wire_words.of(item.action);
        // Two braces and three commas.
        5 + names
            + quoted_len(item.reference)
            + quoted_len(item.version)
            + quoted_len(word)
            + self.wire_record(item.canonical).len()
    }

    /// The bytes of a batch without items.
    pub fn envelope_bytes(&self, province: &str, batch_key: &str, sent_at: &str) -> usize {
        let e = &self.envelope;
        let names = e.province.quoted.len() + e.batch_key.quoted.len() + e.sent_at.quoted.len() + e.list.quoted.len();
        // Two braces, three commas, two brackets.
        7 + names + quoted_len(province) + quoted_len(batch_key) + quoted_len(sent_at)
    }

    /// A batch. `sent_at` is what [`Profile::wire_time`] wrote when the batch was formed: every attempt has the same.
    pub fn write_batch<'i>(
        &self,
        province: &str,
        batch_key: &str,
        sent_at: &str,
        items: impl IntoIterator<Item = Item<'i>>,
    ) -> Vec<u8> {
        let e = &self.envelope;
        let mut out = String::with_capacity(256 * 1024);
        out.push('{');
        push_pair(&mut out, &e.province, province);
        out.push(',');
        push_pair(&mut out, &e.batch_key, batch_key);
        out.push(',');
        push_pair(&mut out, &e.sent_at, sent_at);
        out.push(',');
        out.push_str(&e.list.quoted);
        out.push('[');
        for (i, item) in items.into_iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            out.push('{');
            push_pair(&mut out, &e.reference, item.reference);
            out.push(',');
            push_pair(&mut out, &e.version, item.version);
            out.push(',');
            push_pair(&mut out, &e.action, self.wire_words.of(item.action));
            out.push(',');
            out.push_str(&e.record.quoted);
            out.push_str(&self.wire_record(item.canonical));
            out.push('}');
        }
        out.push_str("]}");
        out.into_bytes()
    }

    /// The question what became of a batch.
    pub fn ask(&self, batch_key: &str) -> Vec<u8> {
        let mut out = String::from("{");
        push_pair(&mut out, &self.envelope.ask_key, batch_key);
        out.push('}');
        out.into_bytes()
    }

    /// A request that carries `body` to an entity's operation, still without credentials; `None` where the
    /// profile does not offer the operation.
    pub fn request(&self, entity: &str, operation: Operation, body: Vec<u8>) -> Option<WireRequest> {
        let call = self.call(entity, operation)?;
        Some(WireRequest {
            purpose: Purpose::Operation(operation),
            method: call.method.clone(),
            path: call.path.clone(),
            headers: call.headers.clone(),
            credentials: Vec::new(),
            body,
            time_limit: self.limits.answer,
            answer_limit: self.limits.answer_bytes,
        })
    }

    /// The record with the wire's names. Canonical JSON is copied as it is where nothing is renamed.
    fn wire_record<'c>(&self, canonical: &'c str) -> Cow<'c, str> {
        if self.envelope.rename.is_empty() {
            return Cow::Borrowed(canonical);
        }
        let mut out = String::with_capacity(canonical.len() + 64);
        let mut rest = canonical;
        let mut depth = 0usize;
        while let Some(at) = rest.find(['"', '{', '[', '}', ']']) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            if !rest.starts_with('"') {
                depth = if rest.starts_with(['{', '[']) { depth + 1 } else { depth.saturating_sub(1) };
                out.push_str(&rest[..1]);
                rest = &rest[1..];
                continue;
            }
            let end = text_end(rest);
            let (text, after) = rest.split_at(end);
            let name = &text[1..end.saturating_sub(1).max(1)];
            let renamed = (depth == 1 && after.starts_with(':'))
                .then(|| self.envelope.rename.iter().find(|(from, _)| from == name))
                .flatten();
            if let Some((_, key)) = renamed {
                out.push_str(&key.quoted);
                rest = &after[1..];
            } else {
                out.push_str(text);
                rest = after;
            }
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

/// Where the JSON text that `json` starts with ends, its closing quote included.
fn text_end(json: &str) -> usize {
    let mut escaped = false;
    for (i, b) in json.bytes().enumerate().skip(1) {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return i + 1,
            _ => {}
        }
    }
    json.len()
}

fn push_pair(out: &mut String, key: &Key, value: &str) {
    out.push_str(&key.quoted);
    push_text(out, value);
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

fn quoted_len(text: &str) -> usize {
    2 + text
        .bytes()
        .map(|b| match b {
            b'"' | b'\\' => 2,
            0..=0x1f => 6,
            _ => 1,
        })
        .sum::<usize>()
}
