//! `GATEWAY__SECTION__KEY` from the environment, laid over the file before anything is judged.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::suggest::hint;

/// One value of the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Over {
    /// Its name there, for messages; the value is not shown.
    pub name: String,
    /// The way to the key, in small letters; a table in a list is named by its `name`.
    pub path: Vec<String>,
    /// The value.
    pub value: String,
}

impl Over {
    /// A variable of the environment, where it is one of ours.
    pub fn of(name: &str, value: &str) -> Option<Self> {
        let path = name.strip_prefix("GATEWAY__")?;
        let path = path.split("__").map(str::to_lowercase).collect();
        Some(Self { name: name.to_owned(), path, value: value.to_owned() })
    }
}

/// Values in TOML's words, the nth on the nth line after `start` line breaks: a place beyond the file's end names the
/// value of the environment that stands there.
pub(super) fn document(root: &DeTable<'_>, over: &[Over], start: usize) -> String {
    let lines = over.iter().enumerate().map(|(at, one)| format!("v{at} = {}\n", literal(one, find(root, &one.path))));
    std::iter::once("\n".repeat(start)).chain(lines).collect()
}

/// What the file has as a text or a list stays one; else what looks like a number or a truth value is one.
fn literal(over: &Over, there: Option<&DeValue<'_>>) -> String {
    let text = |t: &str| serde_json::Value::from(t).to_string();
    let plain = over.value.parse::<i64>().is_ok() || matches!(over.value.as_str(), "true" | "false");
    match there {
        Some(DeValue::Array(_)) => {
            let items: Vec<String> = over.value.split(';').map(|t| text(t.trim())).collect();
            format!("[{}]", items.join(", "))
        }
        Some(DeValue::String(_)) => text(&over.value),
        _ if plain => over.value.clone(),
        _ => text(&over.value),
    }
}

fn find<'r, 'a>(root: &'r DeTable<'a>, path: &[String]) -> Option<&'r DeValue<'a>> {
    let (first, rest) = path.split_first()?;
    let value = root.get(first.as_str())?.get_ref();
    match (value, rest) {
        (value, []) => Some(value),
        (DeValue::Table(inner), rest) => find(inner, rest),
        (DeValue::Array(items), [name, rest @ ..]) => {
            let inner = items.iter().find_map(|i| i.get_ref().as_table().filter(|t| is_named(t, name)))?;
            find(inner, rest)
        }
        _ => None,
    }
}

/// `ho-so` is `HO_SO` in the environment.
fn is_named(table: &DeTable<'_>, name: &str) -> bool {
    let own = table.get("name").and_then(|n| n.get_ref().as_str());
    own.is_some_and(|own| own.replace(['-', '.'], "_").eq_ignore_ascii_case(name))
}

/// Puts one value in its place. The message says why it has none.
pub(super) fn lay<'a>(root: &mut DeTable<'a>, path: &[String], value: Spanned<DeValue<'a>>) -> Result<(), String> {
    let [first, rest @ ..] = path else { return Err("không có tên / names nothing".to_owned()) };
    if rest.is_empty() {
        root.insert(Spanned::new(value.span(), first.clone().into()), value);
        return Ok(());
    }
    let span = value.span();
    let table = || Spanned::new(span.clone(), DeValue::Table(DeTable::new()));
    let next = root.entry(Spanned::new(span.clone(), first.clone().into())).or_insert_with(table);
    match (next.get_mut(), rest) {
        (DeValue::Table(inner), rest) => lay(inner, rest, value),
        (DeValue::Array(items), [name, rest @ ..]) => {
            let names: Vec<String> = items.iter().filter_map(|i| own_name(i.get_ref())).collect();
            let inner = items.iter_mut().find_map(|item| match item.get_mut() {
                DeValue::Table(table) if is_named(table, name) => Some(table),
                _ => None,
            });
            let Some(inner) = inner else {
                let hint = hint(name, names.iter().map(String::as_str));
                return Err(format!(
                    "tệp không có [[{first}]] tên '{name}' / the file has no [[{first}]] of this name{hint}"
                ));
            };
            lay(inner, rest, value)
        }
        _ => Err(format!("'{first}' trong tệp không phải là một mục / is no section in the file")),
    }
}

fn own_name(value: &DeValue<'_>) -> Option<String> {
    let name = value.as_table()?.get("name")?.get_ref().as_str()?;
    Some(name.replace(['-', '.'], "_").to_lowercase())
}
