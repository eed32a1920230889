//! The same batch as a SOAP 1.1 envelope: what an X-Road security server carries (national-systems, sections 1 and 6).
//!
//! The content is the canonical record of the JSON form, so the hash that travels with it is the same; only the order
//! of its elements is told by the profile, because XML has one and canonical JSON has another.

use serde_json::Value;

use super::body::Key;
use super::encode::{Item, members};
use super::envelope::BatchNames;
use crate::model::Action;

/// The namespace of a SOAP 1.1 envelope (W3C Note of 8 May 2000, 3).
const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";

const DECLARATION: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;

/// The names of a batch, and of the record fields that the wire calls otherwise.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// Around and inside the batch.
    pub batch: &'a BatchNames,
    /// The contract's name, the wire's.
    pub rename: &'a [(String, Key)],
}

/// What the profile says of one entity's SOAP form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SoapForm {
    /// The namespace of the body's elements.
    pub namespace: String,
    /// The element of a batch.
    pub write: String,
    /// The element of a question about a batch.
    pub ask: String,
    /// The element of one entry of a list.
    pub item: String,
    /// The record's fields in the order of their elements, by the contract's names.
    pub write_order: Vec<String>,
    /// The same for a stop.
    pub stop_order: Vec<String>,
}

impl SoapForm {
    fn order(&self, action: Action) -> &[String] {
        match action {
            Action::Write => &self.write_order,
            Action::Stop => &self.stop_order,
        }
    }

    /// One item of a batch. Fields that the order does not name come last, in the order of their names, so that
    /// nothing is ever left out: whoever receives it says what is wrong.
    pub fn item(&self, names: Names<'_>, word: &str, item: &Item<'_>) -> String {
        let mut out = String::with_capacity(item.canonical.len() * 2);
        open(&mut out, &self.item);
        leaf(&mut out, names.batch.reference.name(), item.reference);
        leaf(&mut out, names.batch.version.name(), item.version);
        leaf(&mut out, names.batch.action.name(), word);
        open(&mut out, names.batch.record.name());
        let (record, order) = (members(item.canonical), self.order(item.action));
        let in_order = order.iter().filter_map(|name| record.get_key_value(name.as_str()));
        let others = record.iter().filter(|(name, _)| !order.contains(name));
        for (name, value) in in_order.chain(others) {
            self.element(&mut out, wire_name(names.rename, name), value);
        }
        close(&mut out, names.batch.record.name());
        close(&mut out, &self.item);
        out
    }

    /// A value as an element: empty ones are empty elements, lists hold one entry element each.
    fn element(&self, out: &mut String, name: &str, value: &Value) {
        match value {
            Value::Array(list) => {
                open(out, name);
                for one in list {
                    self.element(out, &self.item, one);
                }
                close(out, name);
            }
            Value::Object(object) => {
                open(out, name);
                for (name, one) in object {
                    self.element(out, name, one);
                }
                close(out, name);
            }
            Value::String(text) => leaf(out, name, text),
            Value::Null => leaf(out, name, ""),
            Value::Bool(_) | Value::Number(_) => leaf(out, name, &value.to_string()),
        }
    }

    /// All of a batch that stands before its items.
    pub fn head(&self, names: Names<'_>, province: &str, batch_key: &str, sent_at: &str) -> String {
        let mut out = envelope_start(&self.namespace, &self.write);
        Self::before_items(&mut out, names, (province, batch_key, sent_at));
        out
    }

    /// All of a batch that stands behind its items.
    pub fn tail(&self, names: Names<'_>) -> String {
        let mut out = String::new();
        close(&mut out, names.batch.list.name());
        envelope_end(&mut out, &self.write);
        out
    }

    /// [`SoapForm::head`] without the envelope, for a file.
    pub fn bare_head(&self, names: Names<'_>, province: &str, batch_key: &str, sent_at: &str) -> String {
        let mut out = String::from(DECLARATION);
        start(&mut out, &self.write, &self.namespace);
        Self::before_items(&mut out, names, (province, batch_key, sent_at));
        out
    }

    /// [`SoapForm::tail`] without the envelope.
    pub fn bare_tail(&self, names: Names<'_>) -> String {
        let mut out = String::new();
        close(&mut out, names.batch.list.name());
        close(&mut out, &self.write);
        out
    }

    fn before_items(out: &mut String, names: Names<'_>, (province, key, sent_at): (&str, &str, &str)) {
        leaf(out, names.batch.province.name(), province);
        leaf(out, names.batch.batch_key.name(), key);
        leaf(out, names.batch.sent_at.name(), sent_at);
        open(out, names.batch.list.name());
    }

    /// The question what became of a batch.
    pub fn question(&self, names: Names<'_>, batch_key: &str) -> Vec<u8> {
        let mut out = envelope_start(&self.namespace, &self.ask);
        leaf(&mut out, names.batch.ask_key.name(), batch_key);
        envelope_end(&mut out, &self.ask);
        out.into_bytes()
    }
}

/// The `X-Road-Id` of an exchange: new for every body, the same only where the very same bytes are sent again
/// (RFC 9562, 5.8).
pub fn exchange_id(body: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let hash: [u8; 32] = Sha256::digest(body).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

fn wire_name<'n>(rename: &'n [(String, Key)], name: &'n str) -> &'n str {
    rename.iter().find(|(from, _)| from == name).map_or(name, |(_, to)| to.name())
}

fn envelope_start(namespace: &str, element: &str) -> String {
    let mut out = String::from(DECLARATION);
    out.push_str(r#"<soapenv:Envelope xmlns:soapenv=""#);
    out.push_str(ENVELOPE);
    out.push_str(r#""><soapenv:Body>"#);
    start(&mut out, element, namespace);
    out
}

fn start(out: &mut String, element: &str, namespace: &str) {
    out.push('<');
    out.push_str(element);
    out.push_str(r#" xmlns=""#);
    push_escaped(out, namespace);
    out.push_str("\">");
}

fn envelope_end(out: &mut String, element: &str) {
    close(out, element);
    out.push_str("</soapenv:Body></soapenv:Envelope>");
}

fn open(out: &mut String, name: &str) {
    out.push('<');
    out.push_str(name);
    out.push('>');
}

fn close(out: &mut String, name: &str) {
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn leaf(out: &mut String, name: &str, text: &str) {
    if text.is_empty() {
        out.push('<');
        out.push_str(name);
        out.push_str("/>");
    } else {
        open(out, name);
        push_escaped(out, text);
        close(out, name);
    }
}

/// The five characters that XML keeps for itself (XML 1.0, 2.4).
fn push_escaped(out: &mut String, text: &str) {
    out.push_str(&quick_xml::escape::escape(text));
}
