//! An application as a portal gave it, in a form in which the letter case of names, the order of keys, numbers against
//! texts, lists of one and empty values make no difference.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::text;

/// What stands under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// A text, NFC, without blanks around; never empty.
    Text(String),
    /// A list of flat objects, their names in lower case; never empty.
    List(Vec<BTreeMap<String, String>>),
}

/// An application as it was given. Names are in lower case; what lies deeper has its path with points between
/// (`certificateextentdata.danhsachtailieunop`). Empty values are not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Application {
    /// Everything by name.
    pub fields: BTreeMap<String, Given>,
}

impl Application {
    /// Puts a text under a name; an empty one is not kept.
    pub fn put(&mut self, name: &str, value: &str) {
        let value = tidy(value);
        if !value.is_empty() {
            self.fields.insert(name.to_lowercase(), Given::Text(value));
        }
    }

    /// Puts a list under a name; empty values and empty rows are not kept.
    pub fn put_list(&mut self, name: &str, rows: impl IntoIterator<Item = BTreeMap<String, String>>) {
        let tidied = |row: BTreeMap<String, String>| -> BTreeMap<String, String> {
            let pairs = row.into_iter().map(|(name, value)| (name.to_lowercase(), tidy(&value)));
            pairs.filter(|(_, value)| !value.is_empty()).collect()
        };
        let rows: Vec<_> = rows.into_iter().map(tidied).filter(|row| !row.is_empty()).collect();
        if !rows.is_empty() {
            self.fields.insert(name.to_lowercase(), Given::List(rows));
        }
    }

    /// The text under a name, whatever its letter case; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        match self.fields.get(&name.to_lowercase()) {
            Some(Given::Text(text)) => text,
            _ => "",
        }
    }

    /// The list under a name, whatever its letter case.
    pub fn list(&self, name: &str) -> &[BTreeMap<String, String>] {
        match self.fields.get(&name.to_lowercase()) {
            Some(Given::List(rows)) => rows,
            _ => &[],
        }
    }

    /// A column for a mapping: a text as it is, a list as a JSON array; `None` where there is nothing.
    pub fn column(&self, name: &str) -> Option<String> {
        match self.fields.get(&name.to_lowercase())? {
            Given::Text(text) => Some(text.clone()),
            list @ Given::List(_) => Some(list.json().to_string()),
        }
    }

    /// The canonical JSON: what is stored, compared and hashed.
    pub fn canonical(&self) -> String {
        let object: serde_json::Map<String, serde_json::Value> =
            self.fields.iter().map(|(name, given)| (name.clone(), given.json())).collect();
        serde_json::Value::Object(object).to_string()
    }

    /// SHA-256 of the canonical JSON without some names (those that a portal takes over from us).
    pub fn hash_without(&self, names: &[String]) -> [u8; 32] {
        let without = |name: &String| names.iter().any(|n| n.to_lowercase() == *name);
        if names.is_empty() || !self.fields.keys().any(without) {
            return Sha256::digest(self.canonical()).into();
        }
        let mut rest = self.clone();
        rest.fields.retain(|name, _| !without(name));
        Sha256::digest(rest.canonical()).into()
    }

    /// Reads [`Application::canonical`] back; `None` for anything else.
    pub fn read(canonical: &str) -> Option<Self> {
        let object: BTreeMap<String, serde_json::Value> = serde_json::from_str(canonical).ok()?;
        let mut application = Self::default();
        for (name, value) in object {
            match value {
                serde_json::Value::String(text) => application.put(&name, &text),
                list @ serde_json::Value::Array(_) => {
                    let rows: Vec<BTreeMap<String, String>> = serde_json::from_value(list).ok()?;
                    application.put_list(&name, rows);
                }
                _ => return None,
            }
        }
        Some(application)
    }

    /// What differs from an earlier one, name by name; lists as JSON.
    pub fn differences(&self, before: &Self) -> Vec<Difference> {
        let mut names: Vec<&String> = self.fields.keys().chain(before.fields.keys()).collect();
        names.sort();
        names.dedup();
        let names = names.into_iter().filter(|name| self.fields.get(*name) != before.fields.get(*name));
        let shown = |one: &Self, name: &str| one.column(name).unwrap_or_default();
        names
            .map(|name| Difference { field: name.clone(), before: shown(before, name), now: shown(self, name) })
            .collect()
    }
}

impl Given {
    fn json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => serde_json::Value::from(text.as_str()),
            Self::List(rows) => {
                let object = |row: &BTreeMap<String, String>| {
                    serde_json::Value::Object(row.iter().map(|(n, v)| (n.clone(), v.as_str().into())).collect())
                };
                serde_json::Value::Array(rows.iter().map(object).collect())
            }
        }
    }
}

/// One field of two versions of an application.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Difference {
    /// Its name, in lower case.
    pub field: String,
    /// What stood there before; empty where nothing did.
    pub before: String,
    /// What stands there now.
    pub now: String,
}

/// NFC, no blanks around, line breaks and other control characters as blanks. What cannot be a text stays as it is.
fn tidy(value: &str) -> String {
    let spaced: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text::clean(&spaced).map_or_else(|_| spaced.trim().to_owned(), |clean| clean.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(pairs: &[(&str, &str)]) -> Application {
        let mut application = Application::default();
        for (name, value) in pairs {
            application.put(name, value);
        }
        application
    }

    #[test]
    fn case_order_and_empty_values_make_no_version() {
        let here = one(&[("maHoSo", "1"), ("hoVaTen", "Hoa\u{300} "), ("email", "")]);
        let there = one(&[("HOVATEN", "Hoà"), ("MAHOSO", "1")]);
        assert_eq!(here, there);
        assert_eq!(here.hash_without(&[]), there.hash_without(&[]));
        assert_eq!(Application::read(&here.canonical()), Some(here));
    }

    #[test]
    fn the_core_leaves_out_what_the_portal_takes_over() {
        let (one_status, other) = (one(&[("a", "x"), ("statusId", "1")]), one(&[("a", "x"), ("STATUSID", "4")]));
        let names = ["StatusId".to_owned()];
        assert_ne!(one_status.hash_without(&[]), other.hash_without(&[]));
        assert_eq!(one_status.hash_without(&names), other.hash_without(&names));
        assert_ne!(one_status.hash_without(&names), one(&[("a", "y")]).hash_without(&names));
    }

    #[test]
    fn differences_name_what_came_went_and_changed() {
        let (before, now) = (one(&[("a", "1"), ("b", "2")]), one(&[("b", "3"), ("c", "4")]));
        let told: Vec<_> = now.differences(&before).into_iter().map(|d| (d.field, d.before, d.now)).collect();
        let line = |f: &str, b: &str, n: &str| (f.to_owned(), b.to_owned(), n.to_owned());
        assert_eq!(told, [line("a", "1", ""), line("b", "2", "3"), line("c", "", "4")]);
    }
}
