//! The examples of a document: a row, and what is expected of it.

use serde_json::Value;
use toml::de::DeValue;

use super::document::ExampleDoc;
use super::reader::{Section, Spot};

/// No record is nested deeper.
const MAX_DEPTH: usize = 4;

/// What an example expects of a field: texts, in lists and tables.
fn read_expected(value: &DeValue<'_>, depth: usize) -> Option<Value> {
    match value {
        DeValue::String(text) => Some(Value::String(text.to_string())),
        DeValue::Integer(n) => i64::from_str_radix(n.as_str(), n.radix()).ok().map(|n| Value::String(n.to_string())),
        DeValue::Array(items) if depth < MAX_DEPTH => {
            items.iter().map(|i| read_expected(i.get_ref(), depth + 1)).collect::<Option<_>>().map(Value::Array)
        }
        DeValue::Table(pairs) if depth < MAX_DEPTH => {
            let pair = |(name, value): (&toml::Spanned<std::borrow::Cow<'_, str>>, &toml::Spanned<DeValue<'_>>)| {
                read_expected(value.get_ref(), depth + 1).map(|value| (name.get_ref().to_string(), value))
            };
            pairs.iter().map(pair).collect::<Option<_>>().map(Value::Object)
        }
        _ => None,
    }
}

/// Reads one `[[example]]`.
pub(super) fn read(mut section: Section<'_, '_>) -> ExampleDoc {
    let (name, today, to) = (section.required("name"), section.required("today"), section.text("to"));
    let row = section.table("row").map(Section::all_texts).unwrap_or_default();
    let mut record = None;
    if let Some(expected) = section.table("record") {
        let mut fields = Vec::new();
        for (key, value) in expected.all() {
            match read_expected(value.value, 0) {
                Some(expected) => fields.push((key, Spot { value: expected, line: value.line })),
                None => section.fault(
                    value.line,
                    format!(
                        "record `{}`: chuỗi, danh sách hoặc bảng chuỗi / text, texts or tables of texts",
                        key.value
                    ),
                ),
            }
        }
        record = Some(fields);
    }
    let (stop, held, warn) = (section.flag("stop"), section.texts("held"), section.texts("warn"));
    section.finish();
    ExampleDoc { name, today, to, row, record, stop, held, warn }
}
