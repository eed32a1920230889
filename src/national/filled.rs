//! Texts with places for credentials: how a profile writes them, and how they are filled when a request goes out.
//!
//! What is stored, hashed and logged is always the unfilled text.

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::document::{Section, hint};
use super::pull::Slot;
use super::settings;
use crate::model::{ContentHash, Timestamp};

/// What the operator was given by the system's owner.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The client's id.
    pub id: Option<SecretString>,
    /// The client's secret.
    pub secret: Option<SecretString>,
    /// Further credentials that a profile asks for by `{credential:name}`.
    pub named: BTreeMap<String, SecretString>,
}

impl Credentials {
    /// The credential of this name: `id`, `secret` or a further one.
    pub(super) fn get(&self, name: &str) -> Option<&SecretString> {
        match name {
            "id" => self.id.as_ref(),
            "secret" => self.secret.as_ref(),
            _ => self.named.get(name),
        }
    }
}

/// Where an id of the exchange goes, until the bytes are known.
pub(super) const EXCHANGE_ID: &str = "{exchange-id}";

/// A value with places for credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filled {
    /// A text with placeholders.
    Text(Vec<Part>),
    /// A JSON object of such texts, in base64, as some platforms want it in a header.
    Base64Json(Vec<(String, Vec<Part>)>),
}

impl Filled {
    /// All its pieces.
    pub(super) fn parts(&self) -> Vec<&Part> {
        match self {
            Self::Text(parts) => parts.iter().collect(),
            Self::Base64Json(pairs) => pairs.iter().flat_map(|(_, parts)| parts).collect(),
        }
    }
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it stands.
    Literal(String),
    /// The client's id.
    Id,
    /// The client's secret.
    Secret,
    /// base64 of id, colon and secret.
    Basic,
    /// The token.
    Token,
    /// The milliseconds of this attempt.
    Timestamp,
    /// base64 of id, colon and the hash over address, id, timestamp and secret.
    BasicHash,
    /// An id made of the request's bytes; put in last of all.
    ExchangeId,
    /// Our reference of the record that is asked for; put in before anything is stored.
    Reference,
    /// Of a pull: window, province, page; put in before anything is stored.
    Pull(Slot),
    /// A further credential, by the operator's name for it.
    Named(String),
}

impl Part {
    /// As the profile writes it.
    fn written(&self) -> String {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Id => "{id}".into(),
            Self::Secret => "{secret}".into(),
            Self::Basic => "{basic}".into(),
            Self::Token => "{token}".into(),
            Self::Timestamp => "{timestamp}".into(),
            Self::BasicHash => "{basic-hash}".into(),
            Self::Reference => "{reference}".into(),
            Self::Pull(slot) => slot.written(),
            Self::ExchangeId => EXCHANGE_ID.into(),
            Self::Named(name) => format!("{{credential:{name}}}"),
        }
    }

    /// The credentials that it needs.
    pub(super) fn needs(&self) -> Vec<String> {
        match self {
            Self::Id => vec!["id".into()],
            Self::Secret => vec!["secret".into()],
            Self::Basic | Self::BasicHash => vec!["id".into(), "secret".into()],
            Self::Named(name) => vec![name.clone()],
            Self::Literal(_) | Self::Token | Self::Timestamp | Self::Reference | Self::Pull(_) | Self::ExchangeId => {
                Vec::new()
            }
        }
    }
}

/// The text as the profile writes it: what is stored and hashed.
pub(super) fn written(parts: &[Part]) -> String {
    parts.iter().map(Part::written).collect()
}

/// Which places mean something where a text stands, besides those of the credentials.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each says of one place whether it may stand there")]
pub(super) struct Places {
    /// `{token}`.
    pub token: bool,
    /// `{timestamp}` and `{basic-hash}`.
    pub signed: bool,
    /// `{reference}`.
    pub reference: bool,
    /// `{from}`, `{to}`, `{province}`, `{page}` and `{size}`.
    pub pull: bool,
    /// `{exchange-id}`: in headers only, since it is made of the body.
    pub exchange: bool,
}

impl Places {
    fn part(self, name: &str) -> Option<Part> {
        Some(match name {
            "id" => Part::Id,
            "secret" => Part::Secret,
            "basic" => Part::Basic,
            "exchange-id" if self.exchange => Part::ExchangeId,
            "token" if self.token => Part::Token,
            "timestamp" if self.signed => Part::Timestamp,
            "basic-hash" if self.signed => Part::BasicHash,
            "reference" if self.reference => Part::Reference,
            _ => match (name.strip_prefix("credential:"), Slot::WORDS.iter().find(|(word, _)| *word == name)) {
                (Some(name), _) if !name.is_empty() => Part::Named(name.to_owned()),
                (None, Some((_, slot))) if self.pull => Part::Pull(*slot),
                _ => return None,
            },
        })
    }

    fn known(self) -> Vec<&'static str> {
        let mut known = vec!["id", "secret", "basic"];
        known.extend(self.token.then_some("token"));
        known.extend(self.signed.then_some(["timestamp", "basic-hash"]).into_iter().flatten());
        known.extend(self.reference.then_some("reference"));
        known.extend(Slot::WORDS.iter().map(|(word, _)| *word).filter(|_| self.pull));
        known.extend(self.exchange.then_some("exchange-id"));
        known
    }
}

/// An open table of headers or of fields with placeholders.
pub(super) fn table(section: &Section<'_, '_>, places: Places, are_headers: bool) -> Vec<(String, Filled)> {
    let mut all = Vec::new();
    for entry in section.entries() {
        if are_headers && !settings::is_header_name(entry.key) {
            section.doc().fault(
                entry.at,
                format!("`{}.{}`: không phải tên header HTTP / not an HTTP header name", section.name(), entry.key),
            );
        }
        let value = if entry.value.get_ref().is_table() {
            let Some(outer) = section.as_table(entry.key, entry.value) else { continue };
            let inner = outer.table("base64-json");
            let pairs = texts(&inner, places);
            outer.close();
            Filled::Base64Json(pairs)
        } else {
            let Some(text) = section.as_text(entry.key, entry.value) else { continue };
            Filled::Text(parts(section, entry.at, &text, places))
        };
        all.push((entry.key.to_owned(), value));
    }
    all
}

/// An open table of texts with placeholders.
pub(super) fn texts(section: &Section<'_, '_>, places: Places) -> Vec<(String, Vec<Part>)> {
    let mut all = Vec::new();
    for entry in section.entries() {
        if let Some(text) = section.as_text(entry.key, entry.value) {
            all.push((entry.key.to_owned(), parts(section, entry.at, &text, places)));
        }
    }
    all
}

/// Splits `Bearer {token}` into its parts.
pub(super) fn parts(section: &Section<'_, '_>, at: usize, text: &str, places: Places) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            parts.push(Part::Literal(before.to_owned()));
        }
        let Some((name, after)) = after.split_once('}') else {
            section.doc().fault(at, format!("`{}`: thiếu dấu \"}}\" / a closing brace is missing", section.name()));
            return parts;
        };
        if let Some(part) = places.part(name) {
            parts.push(part);
        } else {
            let known = places.known();
            section.doc().fault(
                at,
                format!(
                    "`{}`: không dùng được {{{name}}} ở đây{} / not a placeholder here: {}, credential:…",
                    section.name(),
                    hint(name, &known),
                    known.join(", ")
                ),
            );
        }
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    parts
}

/// What fills the places of one attempt.
#[derive(Debug, Clone)]
pub(super) struct Filler {
    pub credentials: Arc<Credentials>,
    pub token: Option<SecretString>,
    /// When the attempt begins.
    pub now: Timestamp,
    /// The address that a signature goes over.
    pub address: Vec<Part>,
}

impl Filler {
    /// A value with all places filled.
    pub fn value(&self, filled: &Filled) -> String {
        match filled {
            Filled::Text(parts) => self.text(parts),
            Filled::Base64Json(pairs) => {
                let object: serde_json::Map<String, Value> =
                    pairs.iter().map(|(n, p)| (n.clone(), self.text(p).into())).collect();
                base64(Value::Object(object).to_string().as_bytes())
            }
        }
    }

    /// A text with all places filled.
    pub fn text(&self, parts: &[Part]) -> String {
        let mut out = String::new();
        for part in parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Id => out.push_str(self.secret("id")),
                Part::Secret => out.push_str(self.secret("secret")),
                Part::Basic => {
                    out.push_str(&base64(format!("{}:{}", self.secret("id"), self.secret("secret")).as_bytes()));
                }
                Part::Token => out.push_str(self.token.as_ref().map_or("", |t| t.expose_secret())),
                Part::Timestamp => out.push_str(&self.now.0.to_string()),
                Part::BasicHash => out.push_str(&self.basic_hash()),
                Part::Named(name) => out.push_str(self.secret(name)),
                Part::ExchangeId => out.push_str(EXCHANGE_ID),
                Part::Reference | Part::Pull(_) => {}
            }
        }
        out
    }

    fn secret(&self, name: &str) -> &str {
        self.credentials.get(name).map_or("", |s| s.expose_secret())
    }

    /// National-systems, section 1: the hash is over address, user, timestamp and secret, in hex.
    fn basic_hash(&self) -> String {
        let (id, secret) = (self.secret("id"), self.secret("secret"));
        let signed = format!("{}{id}{}{secret}", self.text(&self.address), self.now.0);
        let pair = format!("{id}:{}", ContentHash(Sha256::digest(signed).into()));
        base64(pair.as_bytes())
    }
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().enumerate().fold(0usize, |bits, (i, b)| bits | usize::from(*b) << (16 - 8 * i));
        for i in 0..4 {
            out.push(if i <= group.len() { char::from(LETTERS[bits >> (18 - 6 * i) & 63]) } else { '=' });
        }
    }
    out
}

/// A form's text (URL standard, application/x-www-form-urlencoded).
pub(super) fn form_text(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => out.push(char::from(b)),
            b' ' => out.push('+'),
            _ => drop(write!(out, "%{b:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_standards_examples() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn a_form_hides_nothing() {
        assert_eq!(form_text("a b&c=d+đ"), "a+b%26c%3Dd%2B%C4%91");
    }
}
