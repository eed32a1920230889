//! What stands in an item, JSON or XML, as one tree; and the tree laid flat into an application.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::{Application, Given};

/// The most fields of an application, and the most rows of a list.
pub(super) const MOST: usize = 2_000;
/// The most cells of one name in a row: each further one is sought behind all before it.
const MOST_TWINS: usize = 20;
/// The longest path, in bytes: it is written out for everything below it.
const LONGEST_PATH: usize = 500;

/// A value of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Node {
    Nothing,
    Text(String),
    List(Vec<Node>),
    /// Members by name, as they came.
    Object(Vec<(String, Node)>),
}

/// The members of a JSON object, none lost: a map would keep one of two with the same name.
pub(in super::super) struct Members<'a>(pub Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry::<String, &'de RawValue>()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// A JSON value as a tree. Its depth was measured before.
pub(in super::super) fn json(raw: &RawValue) -> Result<Node, serde_json::Error> {
    let text = raw.get();
    Ok(match text.as_bytes().first() {
        Some(b'{') => {
            let members = serde_json::from_str::<Members<'_>>(text)?.0;
            let read = |(name, value): (String, &RawValue)| Ok((name, json(value)?));
            Node::Object(members.into_iter().map(read).collect::<Result<_, serde_json::Error>>()?)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            Node::List(items.into_iter().map(json).collect::<Result<_, _>>()?)
        }
        Some(b'"') => Node::Text(serde_json::from_str(text)?),
        Some(b'n') => Node::Nothing,
        // A number keeps its digits.
        _ => Node::Text(text.to_owned()),
    })
}

/// Lays a tree into an application.
pub(super) struct Layer<'l> {
    /// Paths at which a list stands, in lower case.
    pub lists: &'l [String],
    pub application: Application,
}

impl Layer<'_> {
    /// Lays a value under its path. The error says what is wrong, without personal data.
    pub fn lay(&mut self, path: &str, node: Node) -> Result<(), String> {
        if self.lists.iter().any(|list| list == path) {
            return self.lay_list(path, rows(node)?);
        }
        match node {
            Node::Nothing => Ok(()),
            Node::Text(text) => self.put(path, |application| application.put(path, &text)),
            list @ Node::List(_) => self.lay_list(path, rows(list)?),
            Node::Object(members) => {
                for (name, value) in members {
                    let name = name.trim().to_lowercase();
                    self.lay(&if path.is_empty() { bounded(name)? } else { below(path, &name)? }, value)?;
                }
                Ok(())
            }
        }
    }

    fn lay_list(&mut self, path: &str, rows: Vec<BTreeMap<String, String>>) -> Result<(), String> {
        if rows.len() > MOST {
            return Err(format!("một danh sách dài quá {MOST} dòng / a list of more than {MOST} rows"));
        }
        self.put(path, |application| application.put_list(path, rows))
    }

    /// The same name twice is no contradiction only where both say the same, or one says nothing.
    fn put(&mut self, path: &str, put: impl FnOnce(&mut Application)) -> Result<(), String> {
        let before: Option<Given> = self.application.fields.remove(path);
        put(&mut self.application);
        if let Some(before) = before {
            let now = self.application.fields.insert(path.to_owned(), before.clone());
            if now.is_some_and(|now| now != before) {
                return Err("một tên có hai giá trị / a name with two values".to_owned());
            }
        }
        if self.application.fields.len() > MOST {
            return Err(format!("quá {MOST} trường / more than {MOST} fields"));
        }
        Ok(())
    }
}

/// A path that is not too long.
fn bounded(path: String) -> Result<String, String> {
    if path.len() > LONGEST_PATH {
        return Err(format!("tên dài quá {LONGEST_PATH} byte / a name of more than {LONGEST_PATH} bytes"));
    }
    Ok(path)
}

fn below(path: &str, name: &str) -> Result<String, String> {
    bounded(format!("{path}.{name}"))
}

type Row = BTreeMap<String, String>;

/// The rows of all these nodes.
fn all(nodes: impl IntoIterator<Item = Node>, of: fn(Node) -> Result<Vec<Row>, String>) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for node in nodes {
        rows.extend(of(node)?);
    }
    Ok(rows)
}

/// The rows of a list: an array, a single node, or a node that wraps those of the list.
fn rows(node: Node) -> Result<Vec<Row>, String> {
    Ok(match node {
        Node::Nothing => Vec::new(),
        Node::Text(text) => vec![BTreeMap::from([("value".to_owned(), text)])],
        Node::List(items) => all(items, rows)?,
        Node::Object(members) => {
            let wraps = |(_, value): &(String, Node)| !matches!(value, Node::Text(text) if !text.trim().is_empty());
            let says = |(_, value): &(String, Node)| matches!(value, Node::List(_) | Node::Object(_));
            if members.iter().all(wraps) && members.iter().any(says) {
                return all(members.into_iter().filter(says).map(|(_, value)| value), wrapped);
            }
            vec![row(members)?]
        }
    })
}

/// What a list's node wraps: one row, or several.
fn wrapped(node: Node) -> Result<Vec<Row>, String> {
    match node {
        Node::List(items) => all(items, wrapped),
        Node::Object(members) => Ok(vec![row(members)?]),
        other => rows(other),
    }
}

fn row(members: Vec<(String, Node)>) -> Result<Row, String> {
    let mut flat = BTreeMap::new();
    for (name, value) in members {
        cell(&mut flat, bounded(name.trim().to_lowercase())?, value)?;
    }
    Ok(flat)
}

/// A row is flat: what lies deeper has its path, and a list inside a row has its place in it.
fn cell(flat: &mut Row, path: String, node: Node) -> Result<(), String> {
    match node {
        Node::Nothing => {}
        Node::Text(text) => {
            // Of two with one name the first stays in its place, the other beside it: nothing is lost.
            let (mut name, mut twins) = (path, 0);
            while flat.get(&name).is_some_and(|there| !there.is_empty() && *there != text) {
                name.push('\'');
                twins += 1;
                if twins > MOST_TWINS {
                    return Err(format!(
                        "một tên quá {MOST_TWINS} giá trị / a name with more than {MOST_TWINS} values"
                    ));
                }
            }
            if !text.trim().is_empty() {
                flat.insert(name, text);
            }
            if flat.len() > MOST {
                return Err(format!("một dòng quá {MOST} ô / a row of more than {MOST} cells"));
            }
        }
        Node::List(items) => {
            for (at, item) in items.into_iter().enumerate() {
                cell(flat, below(&path, &(at + 1).to_string())?, item)?;
            }
        }
        Node::Object(members) => {
            for (name, value) in members {
                cell(flat, below(&path, &name.trim().to_lowercase())?, value)?;
            }
        }
    }
    Ok(())
}
