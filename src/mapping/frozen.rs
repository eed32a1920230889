//! What a record never changes once the nation has confirmed it: `[[frozen]]` of a mapping, over two canonical records.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Mapping;
use super::compile::Compiler;
use super::fact::{MarkDoc, read_mark};
use super::field_set::FieldSet;
use super::reader::{Section, Spot};
use crate::model::{Complaint, Reason, Severity, suggest};

/// `[[frozen]]` as it is written.
#[derive(Debug)]
pub(super) struct FrozenDoc {
    field: Spot<String>,
    when: Option<MarkDoc>,
    reason: Spot<String>,
    law: Spot<String>,
}

pub(super) fn read(mut section: Section<'_, '_>) -> FrozenDoc {
    let when = section.table("when").map(read_mark);
    let (field, reason, law) = (section.required("field"), section.required("reason"), section.required("law"));
    section.finish();
    FrozenDoc { field, when, reason, law }
}

/// Compiled: the names as a canonical record has them.
#[derive(Debug)]
pub(crate) struct Frozen {
    field: String,
    /// Only where the confirmed record had one of these words in this field.
    when: Option<(String, Vec<String>)>,
    reason: Reason,
    law: String,
}

impl Compiler<'_, '_> {
    /// Resolves the sections; what is wrong is told, and leaves its section out.
    pub(super) fn frozen(&self, docs: &[FrozenDoc], write: &FieldSet) -> Vec<Frozen> {
        docs.iter().filter_map(|doc| self.one_frozen(doc, write)).collect()
    }

    fn one_frozen(&self, doc: &FrozenDoc, write: &FieldSet) -> Option<Frozen> {
        let sent = |name: &str, line| {
            let is_sent = write.layout.names().iter().any(|sent| sent == name);
            if !is_sent {
                let message = format!("trường `{name}` không gửi đi, không giữ được / the field is not sent");
                self.reader.fault(line, message);
            }
            is_sent
        };
        let field = self.field(&doc.field, &write.names).filter(|_| sent(&doc.field.value, doc.field.line));
        let when = doc.when.as_ref().map(|when| {
            let mark = self.mark(when, write)?;
            let name = write.names.get(mark.field())?;
            sent(name, doc.field.line).then(|| (name.clone(), mark.words().to_vec()))
        });
        let reason = Reason::from_word(&doc.reason.value);
        if reason.is_none() && !doc.reason.value.is_empty() {
            let hint = suggest::hint(&doc.reason.value, Reason::ALL.iter().map(|r| r.word()));
            let message = format!("không có lý do `{}`{hint} / no such reason", doc.reason.value);
            self.reader.fault(doc.reason.line, message);
        }
        let (when, law) = (super::compile::wanted(when)?, doc.law.value.clone());
        field.and(Some(Frozen { field: doc.field.value.clone(), when, reason: reason?, law }))
    }
}

impl Frozen {
    fn complaint(&self, had: &BTreeMap<String, Value>, has: &BTreeMap<String, Value>) -> Option<Complaint> {
        // A field that the confirmed record did not have yet was never confirmed.
        let (old, new) = (had.get(&self.field)?, has.get(&self.field)?);
        let applies = self.when.as_ref().is_none_or(|(field, words)| {
            had.get(field).is_some_and(|value| words.iter().any(|word| value.as_str() == Some(word)))
        });
        if !applies || old == new {
            return None;
        }
        let (old, new) = (shown(old), shown(new));
        let detail = format!(
            "quốc gia đã nhận `{old}`, hồ sơ nay ghi `{new}`. {law} / the nation was told `{old}`, the row says `{new}` \
             now. {law}",
            law = self.law
        );
        let (field, proposal) = (self.field.clone(), Some(old));
        Some(Complaint { reason: self.reason, severity: Severity::Block, field, value: new, proposal, detail })
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Mapping {
    /// Whether some fields never change once they are confirmed.
    pub fn freezes(&self) -> bool {
        !self.frozen.is_empty()
    }

    /// What must not change between a record that the nation has and what would be written over it, both as canonical
    /// JSON.
    pub fn thawed(&self, had: &str, has: &str) -> Vec<Complaint> {
        let read = |text| serde_json::from_str::<BTreeMap<String, Value>>(text).unwrap_or_default();
        let (had, has) = (read(had), read(has));
        self.frozen.iter().filter_map(|frozen| frozen.complaint(&had, &has)).collect()
    }
}
