//! One record looked up, and what the system has compared with what was sent.
//!
//! Every field that was sent is compared as text, blanks around taken off; in lists by place, in objects by name. A
//! field that the system does not return says nothing and is not compared, but reference and status must be there.

use serde_json::Value;

use super::answer::{self, Unreadable};
use super::body::Writer;
use super::encode::members;
use super::form::{CodeMeaning, FoundForm};
use super::judge::{Verdict, short, unlisted};
use super::profile::{Operation, Profile};
use super::wait::Wait;
use super::wire::{Reply, WireRequest};

/// What a look-up found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// The record with exactly what was sent.
    Same,
    /// The record with something else.
    Different,
    /// No such record.
    Nothing,
}

impl Profile {
    /// The name by which the system's answers mean a record.
    pub fn reference_of(&self, entity: &str, key: &str, canonical: &str) -> String {
        let field = self.entity(entity).and_then(|e| e.reference.as_ref());
        let record = field.and_then(|_| serde_json::from_str::<Value>(canonical).ok());
        let value = field.zip(record.as_ref()).and_then(|(field, record)| record.get(field)).and_then(text);
        value.filter(|v| !v.is_empty()).unwrap_or_else(|| key.to_owned())
    }

    /// The question for one record; `None` where the profile does not offer it.
    pub fn look_up(&self, entity: &str, reference: &str) -> Option<WireRequest> {
        let (found, call) = (self.entity(entity)?, self.call(entity, Operation::LookUp)?);
        let mut w = Writer::default();
        w.out.push('{');
        for field in found.envelope.fields().iter().chain(&call.fields) {
            w.field(field, reference);
        }
        w.out.push('}');
        self.request(entity, Operation::LookUp, w.finish())
    }

    /// Judges the answer to [`Profile::look_up`] of a record that was sent as `canonical`.
    pub fn judge_look_up(&self, reference: &str, canonical: &str, reply: &Reply) -> Verdict {
        if let Some(verdict) = self.judge_status(reply) {
            return verdict;
        }
        let unknown = |why: String| Verdict::Unknown { why: format!("HTTP {}: {why}", reply.status) };
        let Some(form) = &self.answer.found else {
            return unknown("hồ sơ hệ thống không có `answer.look-up` / the profile has no `answer.look-up`".into());
        };
        let answer = match answer::read(&self.answer, &reply.body) {
            Ok(answer) => answer,
            Err(e) => return unknown(e.to_string()),
        };
        let code = answer.code.unwrap_or_default();
        if form.not_found.contains(&code) {
            return Verdict::LookedUp(Found::Nothing);
        }
        match self.answer.code(&code) {
            Some(CodeMeaning::TokenInvalid) => return Verdict::TokenInvalid,
            Some(CodeMeaning::Busy) => return Verdict::Busy { wait: Wait::of(reply) },
            Some(CodeMeaning::Accepted) => {}
            None if !code.is_empty() => return Verdict::Unlisted { why: unlisted(reply.status, &code) },
            _ => return unknown(format!("mã {:?} khi tra hồ sơ / the code of a look-up", short(&code))),
        }
        match self.there(form, reference, &reply.body) {
            Ok(Some(there)) => {
                let sent = Value::Object(members(&self.wire_record(canonical)));
                Verdict::LookedUp(if same(&sent, &there) { Found::Same } else { Found::Different })
            }
            Ok(None) => unknown("câu trả lời không có đúng một hồ sơ đã hỏi / not the one record asked for".into()),
            Err(e) => unknown(e.to_string()),
        }
    }

    /// The one record of that reference, with a status; `None` where there is none, or more than one.
    fn there(&self, form: &FoundForm, reference: &str, body: &[u8]) -> Result<Option<Value>, Unreadable> {
        let json = answer::plain(&self.answer, body)?;
        let mut answer: Value =
            serde_json::from_slice(&json).map_err(|e| Unreadable::Form { line: e.line(), column: e.column() })?;
        let found = match answer.get_mut(&self.answer.names.results).map(Value::take) {
            Some(Value::Array(list)) => list,
            Some(bare @ Value::Object(_)) => vec![bare],
            _ => Vec::new(),
        };
        let named = |record: &Value, name: &str| record.get(name).and_then(text).filter(|v| !v.is_empty());
        let mut ours = found.into_iter().filter(|r| named(r, &form.reference).is_some_and(|v| v == reference.trim()));
        let first = ours.next().filter(|record| named(record, &form.status).is_some());
        Ok(first.filter(|_| ours.next().is_none()))
    }
}

/// A single value as text, blanks around taken off.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Nothing, however it is written.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.values().all(is_empty),
        single => text(single).is_some_and(|t| t.is_empty()),
    }
}

/// Whether all that was sent is there. The depth of both is bounded: one is ours, the other was measured.
fn same(sent: &Value, there: &Value) -> bool {
    match (sent, there) {
        (Value::Object(sent), Value::Object(there)) => {
            sent.iter().all(|(name, value)| there.get(name).is_none_or(|other| same(value, other)))
        }
        (Value::Array(sent), Value::Array(there)) => {
            sent.len() == there.len() && sent.iter().zip(there).all(|(a, b)| same(a, b))
        }
        (a, b) if is_empty(a) && is_empty(b) => true,
        (a, b) => text(a).is_some_and(|sent| text(b).is_some_and(|there| sent == there)),
    }
}
