//! JSON as a portal reads it: a tree that keeps the order of keys and does not forgive one that comes twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::sandbox::answer::{key, text};

/// Keys of one object.
const MOST_KEYS: usize = 200;

/// A value; what no portal takes keeps only its name.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sandbox) enum Json {
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
    Wrong(&'static str),
}

impl Json {
    /// Reads a body; the error says where, never what.
    pub(in crate::sandbox) fn read(body: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(body).map_err(|error| {
            let what = if error.is_data() { "a key twice, or too many keys" } else { "not JSON" };
            format!("{what}, at line {} column {}", error.line(), error.column())
        })
    }

    pub(in crate::sandbox) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A value of an object.
    pub(in crate::sandbox) fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(pairs) = self else { return None };
        pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The text of an object's key, empty where there is none.
    pub(in crate::sandbox) fn text_of(&self, name: &str) -> &str {
        self.get(name).and_then(Self::text).unwrap_or_default()
    }

    /// Keys that are not among these.
    pub(in crate::sandbox) fn has_other_than(&self, names: &[&str]) -> bool {
        matches!(self, Self::Object(pairs) if pairs.iter().any(|(key, _)| !names.contains(&key.as_str())))
    }

    pub(in crate::sandbox) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(value) => text(out, value),
            Self::Wrong(_) => out.extend_from_slice(b"null"),
            Self::List(values) => {
                out.push(b'[');
                for (at, value) in values.iter().enumerate() {
                    out.extend_from_slice(if at > 0 { b"," } else { b"" });
                    value.write(out);
                }
                out.push(b']');
            }
            Self::Object(pairs) => {
                out.push(b'{');
                for (at, (name, value)) in pairs.iter().enumerate() {
                    out.extend_from_slice(if at > 0 { b"," } else { b"" });
                    key(out, name);
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Json;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }
    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Wrong("null"))
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Wrong("true or false where a text belongs"))
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<Json, E> {
        Ok(Json::Wrong("a number where a text belongs"))
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<Json, E> {
        Ok(Json::Wrong("a number where a text belongs"))
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Wrong("a number where a text belongs"))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Json::List(values))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut pairs: Vec<(String, Json)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Json>()? {
            if pairs.len() == MOST_KEYS || pairs.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom("a key twice"));
            }
            pairs.push((name, value));
        }
        Ok(Json::Object(pairs))
    }
}
