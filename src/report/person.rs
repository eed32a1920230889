//! How a person is shown to the commune that has to look for them.

use serde_json::{Map, Value};

use super::settings::PersonFields;

/// A person, as printed; nothing but what the record says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The day or year of birth, as the record has it.
    pub birth: String,
    /// The address below the commune.
    pub address: String,
}

/// The text of a field; of a list, its parts.
pub fn text(record: &Map<String, Value>, field: &str) -> String {
    match record.get(field) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        _ => String::new(),
    }
}

/// The text of the first of these fields that is filled.
pub fn first(record: &Map<String, Value>, fields: &[String]) -> String {
    fields.iter().map(|field| text(record, field)).find(|text| !text.is_empty()).unwrap_or_default()
}

impl Person {
    /// Out of a record.
    pub fn of(record: &Map<String, Value>, fields: &PersonFields) -> Self {
        let address: Vec<String> =
            fields.address.iter().map(|field| text(record, field)).filter(|part| !part.is_empty()).collect();
        Self { name: text(record, &fields.name), birth: first(record, &fields.birth), address: address.join(", ") }
    }
}

/// A record as it stands in the store: canonical JSON. Anything else has no fields.
pub fn record(payload: &str) -> Map<String, Value> {
    serde_json::from_str(payload).unwrap_or_default()
}
