//! An answer read by the profile's names: whatever else stands in it is tolerated, whatever is doubtful is said.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::form::{AnswerForm, AnswerKind};

/// An answer as it was said, not yet judged.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawAnswer {
    /// The code, blanks taken off; `None` where there is none.
    pub code: Option<String>,
    /// The message.
    pub message: String,
    /// The results.
    pub results: Vec<RawResult>,
    /// There is a list of results, be it empty, or a bare one; null and empty text are none.
    pub has_results: bool,
    /// The results have a form that is neither list, object nor nothing.
    pub odd_results: bool,
}

/// One result as it was said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RawResult {
    /// Our reference.
    pub reference: Option<String>,
    /// The code.
    pub result: Option<String>,
    /// The nation's id.
    pub national_id: Option<String>,
    /// The reason as a code.
    pub error_code: Option<String>,
    /// The reason in words.
    pub error_text: Option<String>,
}

/// Why an answer cannot be read. Holds places, never contents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nothing came.
    #[error("câu trả lời rỗng / the answer is empty")]
    Empty,
    /// A page for people.
    #[error("câu trả lời là trang HTML, không phải dữ liệu / the answer is an HTML page")]
    Html,
    /// Nested too deeply.
    #[error("câu trả lời lồng nhau quá {0} tầng / the answer is nested more than {0} levels deep")]
    Deep(usize),
    /// Not the JSON that the profile tells, or ambiguous.
    #[error(
        "câu trả lời sai dạng ở dòng {line} cột {column} / not in the profile's form at line {line} column {column}"
    )]
    Form {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
}

/// Reads an answer. `body` is bounded already by whoever received it.
pub fn read(form: &AnswerForm, body: &[u8]) -> Result<RawAnswer, Unreadable> {
    let text = plain(form, body)?;
    let mut json = serde_json::Deserializer::from_slice(&text);
    let answer = AnswerSeed(form).deserialize(&mut json).and_then(|answer| json.end().map(|()| answer));
    // The error's own text may quote the answer, which names people: only the place is kept.
    answer.map_err(|e| Unreadable::Form { line: e.line(), column: e.column() })
}

/// The JSON of an answer, before it is read: without a mark, no page, not too deep.
pub(super) fn plain<'b>(form: &AnswerForm, body: &'b [u8]) -> Result<Cow<'b, [u8]>, Unreadable> {
    let text = without_mark(body);
    let start = text.iter().find(|b| !b.is_ascii_whitespace()).ok_or(Unreadable::Empty)?;
    if *start == b'<' {
        return Err(Unreadable::Html);
    }
    if deeper_than(&text, form.depth) {
        return Err(Unreadable::Deep(form.depth));
    }
    Ok(text)
}

/// Takes a byte order mark off; UTF-16 with a mark becomes UTF-8.
pub(super) fn without_mark(body: &[u8]) -> Cow<'_, [u8]> {
    match body {
        [0xef, 0xbb, 0xbf, rest @ ..] => Cow::Borrowed(rest),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
            // `decode` looks at the mark itself.
            Cow::Owned(encoding_rs::UTF_16LE.decode(body).0.into_owned().into_bytes())
        }
        _ => Cow::Borrowed(body),
    }
}

/// Whether JSON nests deeper than `limit`, found without building anything.
pub(super) fn deeper_than(json: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0usize, false, false);
    for b in json {
        match b {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

struct AnswerSeed<'f>(&'f AnswerForm);

impl<'de> DeserializeSeed<'de> for AnswerSeed<'_> {
    type Value = RawAnswer;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<RawAnswer, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for AnswerSeed<'_> {
    type Value = RawAnswer;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an answer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawAnswer, A::Error> {
        let names = &self.0.names;
        let (mut answer, mut met) = (RawAnswer::default(), false);
        while let Some(key) = map.next_key::<String>()? {
            if key == names.code {
                set_once(&mut answer.code, map.next_value::<Loose>()?.0)?;
            } else if key == names.message {
                answer.message = map.next_value::<Loose>()?.0.unwrap_or_default();
            } else if key == names.results && self.0.kind == AnswerKind::Results {
                if std::mem::replace(&mut met, true) {
                    return Err(de::Error::custom("results twice"));
                }
                match map.next_value_seed(ResultsSeed(self.0))? {
                    Results::These(results) => (answer.results, answer.has_results) = (results, true),
                    Results::Nothing => {}
                    Results::Odd => answer.odd_results = true,
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(answer)
    }
}

/// The same name twice is no contradiction only where both say the same.
fn set_once<E: de::Error>(slot: &mut Option<String>, value: Option<String>) -> Result<(), E> {
    match (&*slot, value) {
        (Some(old), Some(new)) if *old != new => Err(E::custom("a name twice")),
        (_, None) => Ok(()),
        (_, value) => {
            *slot = value;
            Ok(())
        }
    }
}

/// What stands in the place of the results.
enum Results {
    /// A list of them, or one bare result.
    These(Vec<RawResult>),
    /// Null or an empty text.
    Nothing,
    /// Anything else.
    Odd,
}

struct ResultsSeed<'f>(&'f AnswerForm);

impl<'de> DeserializeSeed<'de> for ResultsSeed<'_> {
    type Value = Results;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ResultsSeed<'_> {
    type Value = Results;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("results")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Results::Nothing)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(if text.trim().is_empty() { Results::Nothing } else { Results::Odd })
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Results::Odd)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Results::Odd)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Results::Odd)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Results::Odd)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Ok(Results::These(vec![ResultSeed(self.0).visit_map(map)?]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut results = Vec::new();
        while let Some(result) = list.next_element_seed(ResultSeed(self.0))? {
            if results.len() >= self.0.results_limit {
                return Err(de::Error::custom("too many results"));
            }
            results.push(result);
        }
        Ok(Results::These(results))
    }
}

struct ResultSeed<'f>(&'f AnswerForm);

impl<'de> DeserializeSeed<'de> for ResultSeed<'_> {
    type Value = RawResult;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<RawResult, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ResultSeed<'_> {
    type Value = RawResult;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a result")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawResult, A::Error> {
        let names = &self.0.names;
        let mut result = RawResult::default();
        while let Some(key) = map.next_key::<String>()? {
            let slot = if key == names.reference {
                &mut result.reference
            } else if key == names.result {
                &mut result.result
            } else if key == names.national_id {
                &mut result.national_id
            } else if key == names.error_code {
                &mut result.error_code
            } else if key == names.error_text {
                &mut result.error_text
            } else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            set_once(slot, map.next_value::<Loose>()?.0)?;
        }
        Ok(result)
    }
}

/// The most characters kept of any text in an answer: messages are for people to read.
pub(super) const TEXT_LIMIT: usize = 1_000;

/// Text or number as text without blanks around; null as nothing.
struct Loose(Option<String>);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LooseVisitor)
    }
}

struct LooseVisitor;

impl Visitor<'_> for LooseVisitor {
    type Value = Loose;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a number")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Loose, E> {
        Ok(Loose(Some(text.trim().chars().take(TEXT_LIMIT).collect())))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Loose, E> {
        Ok(Loose(Some(number.to_string())))
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Loose, E> {
        Ok(Loose(Some(truth.to_string())))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Loose, E> {
        Ok(Loose(None))
    }
}
