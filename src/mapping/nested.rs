//! Values that are more than a text: objects made of parts, lists of objects out of a column that holds JSON, and
//! objects that go as a text holding XML. Everything from outside is bounded: bytes, rows, one level of nesting.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::Date;
use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::field::{Context, Field};
use super::transform::Refusal;
use crate::model::{FieldValue, RawRow, Reason};
use crate::rules::{Findings, Slot};

/// Bytes of JSON in one column.
const MAX_JSON: usize = 256 * 1024;
/// Keys of one row.
const MAX_KEYS: usize = 100;
/// Characters of a value that a person is shown.
const SHOWN: usize = 80;

/// What a field's value is.
#[derive(Debug)]
pub(super) enum Shape {
    /// A text, or a list of texts.
    Plain,
    Parts(Parts),
    Rows(Rows),
}

/// An object.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) parts: Vec<Part>,
    /// The root of the XML document that goes instead: without declaration, the parts its elements.
    pub(super) xml: Option<String>,
}

/// A part: its name, its place among the fields, and the element of its rows in XML.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) at: usize,
    pub(super) item: Option<String>,
}

/// A list of objects: a row of the JSON is a row like any other, its keys are the columns.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) keys: Vec<String>,
    pub(super) ignore: Vec<String>,
    pub(super) fields: Vec<Field>,
    pub(super) most: usize,
}

impl Parts {
    /// The object as its parts say.
    pub(super) fn value(&self, slots: &[Slot<'_>]) -> FieldValue {
        let empty = || FieldValue::Text(String::new());
        let pair = |part: &Part| (part.name.clone(), slots.get(part.at).map_or_else(empty, of));
        FieldValue::Object(self.parts.iter().map(pair).collect())
    }

    /// The document with this root; empty when nothing in it is known.
    pub(super) fn document(&self, root: &str, slots: &[Slot<'_>], indent: bool) -> Result<String, Refusal> {
        let value = self.value(slots);
        let FieldValue::Object(pairs) = &value else { return Ok(String::new()) };
        if value.is_empty() {
            return Ok(String::new());
        }
        let mut out = if indent { Writer::new_with_indent(Vec::new(), b' ', 2) } else { Writer::new(Vec::new()) };
        let written = element(&mut out, root, |out| {
            let mut parts = pairs.iter().zip(&self.parts);
            parts.try_for_each(|((name, value), part)| write(out, name, value, part.item.as_deref()))
        });
        let unfit = || Refusal::bad("có ký tự mà XML không cho phép / a character that XML does not allow");
        written.map_err(|_| unfit())?;
        String::from_utf8(out.into_inner()).map_err(|_| unfit())
    }
}

/// A finished field as a value.
fn of(slot: &Slot<'_>) -> FieldValue {
    match (&slot.nested, &slot.items) {
        (Some(nested), _) => nested.clone(),
        (None, Some(items)) => FieldValue::List(items.iter().map(|i| i.clone().into_owned()).collect()),
        (None, None) => FieldValue::Text(slot.text.clone().into_owned()),
    }
}

type Out = Writer<Vec<u8>>;

fn element(out: &mut Out, name: &str, inner: impl FnOnce(&mut Out) -> std::io::Result<()>) -> std::io::Result<()> {
    out.write_event(Event::Start(BytesStart::new(name)))?;
    inner(out)?;
    out.write_event(Event::End(BytesEnd::new(name)))
}

fn write(out: &mut Out, name: &str, value: &FieldValue, item: Option<&str>) -> std::io::Result<()> {
    let item = item.unwrap_or(name);
    match value {
        FieldValue::Text(text) if text.contains(['\u{fffe}', '\u{ffff}']) => {
            Err(std::io::ErrorKind::InvalidData.into())
        }
        FieldValue::Text(text) if !text.is_empty() => {
            element(out, name, |out| out.write_event(Event::Text(BytesText::new(text))))
        }
        FieldValue::Object(pairs) => {
            element(out, name, |out| pairs.iter().try_for_each(|(name, value)| write(out, name, value, None)))
        }
        FieldValue::List(items) if !items.is_empty() => element(out, name, |out| {
            items.iter().try_for_each(|text| write(out, item, &FieldValue::Text(text.clone()), None))
        }),
        FieldValue::Rows(rows) if !rows.is_empty() => {
            element(out, name, |out| rows.iter().try_for_each(|row| write(out, item, row, None)))
        }
        _ => out.write_event(Event::Empty(BytesStart::new(name))),
    }
}

impl Rows {
    /// The rows of a JSON text; what is wrong is told with its place.
    pub(super) fn value(&self, text: &str, today: Date, out: &mut Findings) -> Result<FieldValue, Refusal> {
        if text.is_empty() || text == "null" {
            return Ok(FieldValue::Rows(Vec::new()));
        }
        if text.len() > MAX_JSON {
            return Err(bad(format!("dài hơn {MAX_JSON} byte / longer than {MAX_JSON} bytes"), text));
        }
        let rows: Vec<&RawValue> = serde_json::from_str(text).map_err(|e| {
            let column = e.column();
            let near = text.get(column.saturating_sub(SHOWN / 2)..).unwrap_or(text);
            bad(
                format!("không phải danh sách JSON, hỏng ở byte {column} / no JSON list, broken at byte {column}"),
                near,
            )
        })?;
        if rows.len() > self.most {
            let (count, most) = (rows.len(), self.most);
            return Err(bad(format!("có {count} dòng, nhiều nhất {most} / {count} rows, at most {most}"), text));
        }
        let mut all = Vec::with_capacity(rows.len());
        for (at, row) in (1_u64..).zip(rows) {
            all.push(self.row(at, row.get(), today, out)?);
        }
        Ok(FieldValue::Rows(all))
    }

    fn row(&self, number: u64, text: &str, today: Date, out: &mut Findings) -> Result<FieldValue, Refusal> {
        let place = |what: &str| format!("dòng {number} của danh sách / row {number} of the list: {what}");
        let row: JsonRow<'_> = serde_json::from_str(text).map_err(|e| {
            let what = e.to_string();
            let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what);
            bad(place(&format!("không đọc được / not readable: {what}")), text)
        })?;
        let mut cells: Vec<Option<Cow<'_, str>>> = vec![None; self.keys.len()];
        for (key, value) in row.0 {
            let Some(at) = self.keys.iter().position(|k| *k == key) else {
                // A star ignores them all: a portal may add what it likes.
                if self.ignore.iter().any(|ignored| *ignored == key || ignored == "*") {
                    continue;
                }
                return Err(bad(place("khóa mà ánh xạ không đọc / a key that the mapping does not read"), &key));
            };
            cells[at] = scalar(value.get()).map_err(|what| bad(place(&format!("{key}: {what}")), value.get()))?;
        }
        let row = RawRow { number, columns: cells.iter().map(Option::as_deref).collect() };
        let mut slots: Vec<Slot<'_>> = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            let (slot, refusal) = field.run(&Context { row: &row, today, earlier: &slots }, out, &mut ());
            if let Some(refusal) = refusal.filter(|_| !field.internal) {
                let what = if refusal.reason == Reason::Missing { "trống / empty" } else { &*refusal.detail };
                let detail = Cow::Owned(place(&format!("{}: {what}", field.name)));
                return Err(Refusal { detail, value: Some(shown(slot.source.unwrap_or(""))), ..refusal });
            }
            slots.push(slot);
        }
        let visible = self.fields.iter().zip(&slots).filter(|(field, _)| !field.internal);
        Ok(FieldValue::Object(visible.map(|(field, slot)| (field.name.clone(), of(slot))).collect()))
    }
}

/// A value that is no list and no object: texts as they are meant, numbers as they are written; `None` for null.
fn scalar(json: &str) -> Result<Option<Cow<'_, str>>, &'static str> {
    match json.as_bytes().first() {
        Some(b'"') => match serde_json::from_str::<String>(json) {
            Ok(text) => Ok(Some(Cow::Owned(text))),
            Err(_) => Err("không đọc được / not readable"),
        },
        Some(b'{' | b'[') => Err("lồng quá một tầng / nested deeper than one level"),
        Some(b'n') | None => Ok(None),
        Some(_) => Ok(Some(Cow::Borrowed(json))),
    }
}

fn bad(detail: String, value: &str) -> Refusal {
    Refusal { reason: Reason::BadValue, detail: Cow::Owned(detail), proposal: None, value: Some(shown(value)) }
}

fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.to_owned(),
    }
}

/// An object, key by key: one that stands twice is a mistake, not the later value.
struct JsonRow<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for JsonRow<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = JsonRow<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonRow<'de>, A::Error> {
                let mut row: Vec<(String, &RawValue)> = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    if row.iter().any(|(known, _)| *known == key) {
                        return Err(A::Error::custom("một khóa có hai lần / a key twice"));
                    }
                    if row.len() == MAX_KEYS {
                        return Err(A::Error::custom("quá nhiều khóa / too many keys"));
                    }
                    row.push((key, value));
                }
                Ok(JsonRow(row))
            }
        }
        from.deserialize_map(Keys)
    }
}
