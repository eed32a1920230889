//! Items into the exact bytes of a body, and bodies into requests. The same items give the same bytes, always.

use std::borrow::Cow;

use super::body::{Body, Writer};
use super::entity::{Call, Entity};
use super::envelope::Envelope;
use super::profile::{Operation, Profile};
use super::soap::Names;
use super::wire::{Purpose, WireRequest};
use crate::model::Action;

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

/// What stands once in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The province's code.
    pub province: &'a str,
    /// The batch's key.
    pub batch_key: &'a str,
    /// What [`Profile::wire_time`] wrote when the batch was formed: every attempt has the same.
    pub sent_at: &'a str,
}

/// Writes the bodies of one entity's operation.
#[derive(Debug, Clone, Copy)]
pub struct Encoder<'p> {
    pub(super) profile: &'p Profile,
    pub(super) entity: &'p Entity,
    pub(super) call: &'p Call,
}

/// A canonical record's members.
///
/// # Panics
/// On anything but a JSON object: only the mapping makes canonical records, and an empty one must never go out instead.
pub(super) fn members(canonical: &str) -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_str(canonical).expect("a canonical record is a JSON object")
}

impl Profile {
    /// Writes what is sent to an entity's operation; `None` where the profile does not offer it.
    pub fn encoder(&self, entity: &str, operation: Operation) -> Option<Encoder<'_>> {
        let found = self.entity(entity)?;
        Some(Encoder { profile: self, entity: found, call: found.calls.get(&operation)? })
    }

    /// The question what became of a batch; `None` where the system cannot be asked so.
    pub fn ask(&self, entity: &str, batch_key: &str) -> Option<WireRequest> {
        let names = match &self.entity(entity)?.envelope {
            Envelope::Batch(names) => names,
            Envelope::Soap { names, form } => {
                let names = Names { batch: names, rename: &self.rename };
                return self.request(entity, Operation::Ask, form.question(names, batch_key));
            }
            Envelope::File { form, .. } => {
                let name = form.file_name(&self.call(entity, Operation::Write)?.path, batch_key);
                return self.request(entity, Operation::Ask, Body { file: Some(name), ..Body::default() });
            }
            Envelope::Record { .. } | Envelope::List { .. } => return None,
        };
        let mut w = Writer::default();
        w.out.push('{');
        w.pair(&names.ask_key, batch_key);
        w.out.push('}');
        self.request(entity, Operation::Ask, w.finish())
    }

    /// A request that carries `body` to an entity's operation, still without credentials; `None` where the
    /// profile does not offer the operation.
    pub fn request(&self, entity: &str, operation: Operation, body: impl Into<Body>) -> Option<WireRequest> {
        let call = self.call(entity, operation)?;
        let body = body.into();
        Some(WireRequest {
            purpose: Purpose::Operation(operation),
            method: call.method.clone(),
            path: body.file.map_or_else(|| call.path.clone(), |file| format!("{}/{file}", call.path)),
            from_host: false,
            headers: call.headers.clone(),
            proofs: Vec::new(),
            credentials: Vec::new(),
            body: body.bytes,
            blanks: body.blanks,
            time_limit: self.limits.answer,
            answer_limit: self.limits.answer_bytes,
        })
    }

    /// The record with the wire's names. Canonical JSON is copied as it is where nothing is renamed.
    pub(super) fn wire_record<'c>(&self, canonical: &'c str) -> Cow<'c, str> {
        if self.rename.is_empty() {
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
                .then(|| self.rename.iter().find(|(from, _)| from == name))
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
