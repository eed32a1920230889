//! A batch read in one pass, borrowed from the body. Only what is not JSON, or not of the envelope's shape, is an error
//! here; everything else is kept as it came, for `send` and `form` to judge. Errors never quote what was sent.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::entity::{Kind, kinds};
use super::words::Words;

/// A value as it came.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A list of texts.
    List(Vec<Cow<'a, str>>),
    /// A whole number not below zero.
    Number(u64),
    /// Something that no field is: what it is.
    Wrong(&'static str),
}

impl<'a> Value<'a> {
    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    fn into_element(self) -> Result<Cow<'a, str>, ()> {
        if let Self::Text(text) = self { Ok(text) } else { Err(()) }
    }
}

/// A record's values by their place in its entity's table.
pub(super) type Values<'a> = [Option<Value<'a>>];

/// One item of `DanhSach`.
#[derive(Debug)]
pub(super) struct Item<'a> {
    pub reference: Option<Value<'a>>,
    pub version: Option<Value<'a>>,
    pub action: Option<Value<'a>>,
    pub values: Option<Box<Values<'a>>>,
    /// Keys that the contract does not have, or that came twice: of the item, of the record.
    pub odd_keys: u32,
    pub odd_fields: u32,
}

/// A whole batch.
#[derive(Debug, Default)]
pub(super) struct Envelope<'a> {
    pub province: Option<Value<'a>>,
    pub key: Option<Value<'a>>,
    pub formed: Option<Value<'a>>,
    pub items: Option<Vec<Item<'a>>>,
    pub odd_keys: u32,
}

/// An entity's names on the wire → places; made once.
#[derive(Debug)]
pub(super) struct Lookup {
    pub fields: Vec<String>,
    places: HashMap<String, usize>,
}

impl Lookup {
    pub(super) fn new(words: &Words, kind: &Kind) -> Self {
        let fields: Vec<String> = words.fields(kind).into_iter().map(str::to_owned).collect();
        let places = fields.iter().cloned().zip(0..).collect();
        Self { fields, places }
    }

    /// Those of every entity.
    pub(super) fn all(words: &Words) -> Vec<Self> {
        kinds().iter().map(|kind| Self::new(words, kind)).collect()
    }

    /// The place of a field; `next` is where it would be if the fields came in the order of the table.
    pub(super) fn place(&self, name: &str, next: usize) -> Option<usize> {
        if self.fields.get(next).is_some_and(|expected| expected == name) {
            return Some(next);
        }
        self.places.get(name).copied()
    }
}

/// Reads a batch; the error says where, never what.
pub(super) fn envelope<'a>(body: &'a [u8], words: &Words, lookup: &Lookup) -> Result<Envelope<'a>, String> {
    read(body, EnvelopeSeed { words, lookup })
}

/// Reads a flat question: keys and values.
pub(super) fn question(body: &[u8]) -> Result<Vec<(Cow<'_, str>, Value<'_>)>, String> {
    read(body, QuestionSeed)
}

fn read<'a, S: DeserializeSeed<'a>>(body: &'a [u8], seed: S) -> Result<S::Value, String> {
    let text = std::str::from_utf8(body).map_err(|error| format!("not UTF-8 at byte {}", error.valid_up_to()))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let place = |error: &serde_json::Error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "not of the envelope's shape",
            _ => "not JSON",
        };
        format!("{what}, at line {} column {}", error.line(), error.column())
    };
    let value = seed.deserialize(&mut json).map_err(|error| place(&error))?;
    json.end().map_err(|error| place(&error))?;
    Ok(value)
}

fn put<T>(slot: &mut Option<T>, value: T, odd: &mut u32) {
    if slot.is_some() {
        *odd += 1;
    } else {
        *slot = Some(value);
    }
}

struct EnvelopeSeed<'w> {
    words: &'w Words,
    lookup: &'w Lookup,
}

impl<'de> DeserializeSeed<'de> for EnvelopeSeed<'_> {
    type Value = Envelope<'de>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for EnvelopeSeed<'_> {
    type Value = Envelope<'de>;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a batch")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let words = &self.words.envelope;
        let mut envelope = Envelope::default();
        while let Some(key) = map.next_key_seed(Text)? {
            if key == words.danh_sach {
                let items = map.next_value_seed(ItemsSeed { words: self.words, lookup: self.lookup })?;
                put(&mut envelope.items, items, &mut envelope.odd_keys);
                continue;
            }
            let value = map.next_value_seed(AnyValue)?;
            let odd = &mut envelope.odd_keys;
            match key {
                key if key == words.ma_tinh => put(&mut envelope.province, value, odd),
                key if key == words.ma_goi_tin => put(&mut envelope.key, value, odd),
                key if key == words.thoi_gian_gui => put(&mut envelope.formed, value, odd),
                _ => *odd += 1,
            }
        }
        Ok(envelope)
    }
}

#[derive(Clone, Copy)]
struct ItemsSeed<'w> {
    words: &'w Words,
    lookup: &'w Lookup,
}

impl<'de> DeserializeSeed<'de> for ItemsSeed<'_> {
    type Value = Vec<Item<'de>>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for ItemsSeed<'_> {
    type Value = Vec<Item<'de>>;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of records")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(ItemSeed(self))? {
            items.push(item);
        }
        Ok(items)
    }
}

struct ItemSeed<'w>(ItemsSeed<'w>);

impl<'de> DeserializeSeed<'de> for ItemSeed<'_> {
    type Value = Item<'de>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ItemSeed<'_> {
    type Value = Item<'de>;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an item")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let words = &self.0.words.envelope;
        let mut item = Item { reference: None, version: None, action: None, values: None, odd_keys: 0, odd_fields: 0 };
        while let Some(key) = map.next_key_seed(Text)? {
            if key == words.doi_tuong {
                let (values, odd_fields) = map.next_value_seed(RecordSeed(self.0.lookup))?;
                item.odd_fields += odd_fields;
                put(&mut item.values, values, &mut item.odd_keys);
                continue;
            }
            let value = map.next_value_seed(AnyValue)?;
            let odd = &mut item.odd_keys;
            match key {
                key if key == words.ma_tham_chieu => put(&mut item.reference, value, odd),
                key if key == words.phien_ban => put(&mut item.version, value, odd),
                key if key == words.thao_tac => put(&mut item.action, value, odd),
                _ => *odd += 1,
            }
        }
        Ok(item)
    }
}

struct RecordSeed<'w>(&'w Lookup);

impl<'de> DeserializeSeed<'de> for RecordSeed<'_> {
    type Value = (Box<Values<'de>>, u32);
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RecordSeed<'_> {
    type Value = (Box<Values<'de>>, u32);
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a record")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values: Box<Values<'de>> = self.0.fields.iter().map(|_| None).collect();
        let (mut odd, mut next) = (0, 0);
        while let Some(key) = map.next_key_seed(Text)? {
            if let Some(place) = self.0.place(&key, next) {
                put(&mut values[place], map.next_value_seed(AnyValue)?, &mut odd);
                next = place + 1;
            } else {
                map.next_value::<IgnoredAny>()?;
                odd += 1;
            }
        }
        Ok((values, odd))
    }
}

struct QuestionSeed;

impl<'de> DeserializeSeed<'de> for QuestionSeed {
    type Value = Vec<(Cow<'de, str>, Value<'de>)>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for QuestionSeed {
    type Value = Vec<(Cow<'de, str>, Value<'de>)>;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a question")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key_seed(Text)? {
            pairs.push((key, map.next_value_seed(AnyValue)?));
        }
        Ok(pairs)
    }
}

struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a text")
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

struct AnyValue;

impl<'de> DeserializeSeed<'de> for AnyValue {
    type Value = Value<'de>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value<'de>;
    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Value::Wrong("null"))
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Value::Wrong("true or false"))
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Value::Number(number))
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Value::Wrong("a negative number"))
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Value::Wrong("a fraction"))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut texts = Vec::new();
        let mut wrong = false;
        while let Some(value) = seq.next_element_seed(AnyValue)? {
            match value.into_element() {
                Ok(text) => texts.push(text),
                Err(()) => wrong = true,
            }
        }
        Ok(if wrong { Value::Wrong("a list of other things than texts") } else { Value::List(texts) })
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Wrong("an object"))
    }
}
