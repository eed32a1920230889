//! XML read as a tree, apart from how the gateway reads it; and a record out of it, hashed by the contract's own words.
#![expect(clippy::unwrap_used, reason = "a document that cannot be read has failed")]

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;
use sha2::{Digest, Sha256};

/// An element: its local name, its text, what stands in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Node {
    pub name: String,
    pub text: String,
    pub children: Vec<Node>,
}

impl Node {
    pub fn child(&self, name: &str) -> &Node {
        self.children.iter().find(|c| c.name == name).unwrap_or_else(|| panic!("no {name} in {}", self.name))
    }

    /// Blanks between elements mean nothing.
    fn close(mut self) -> Self {
        if !self.children.is_empty() || self.text.trim().is_empty() {
            self.text.clear();
        }
        self
    }
}

/// The root of a document.
pub fn parse(text: &str) -> Node {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Node::default()];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                open.push(Node { name: start.local_name().as_ref().to_owned(), ..Node::default() });
            }
            Event::Empty(start) => {
                let name = start.local_name().as_ref().to_owned();
                open.last_mut().unwrap().children.push(Node { name, ..Node::default() });
            }
            Event::End(_) => {
                let node = open.pop().unwrap().close();
                open.last_mut().unwrap().children.push(node);
            }
            Event::Text(text) => open.last_mut().unwrap().text.push_str(&text.xml10_content()),
            Event::GeneralRef(name) => {
                let sign = match name.resolve_char_ref().unwrap() {
                    Some(sign) => sign,
                    None => match &*name {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        "apos" => '\'',
                        other => panic!("&{other};"),
                    },
                };
                open.last_mut().unwrap().text.push(sign);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open.len(), 1, "all is closed");
    open.pop().unwrap().children.pop().unwrap()
}

/// A record's values: texts and lists of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    One(String),
    List(Vec<String>),
}

/// The fields of a record's element; `lists` are those that hold entries.
pub fn record(node: &Node, lists: &[&str]) -> BTreeMap<String, Of> {
    let value = |field: &Node| {
        if lists.contains(&field.name.as_str()) {
            assert!(field.text.is_empty() && field.children.iter().all(|c| c.name == "item"), "{field:?}");
            Of::List(field.children.iter().map(|c| c.text.clone()).collect())
        } else {
            assert!(field.children.is_empty(), "{field:?}");
            Of::One(field.text.clone())
        }
    };
    let fields: BTreeMap<String, Of> = node.children.iter().map(|f| (f.name.clone(), value(f))).collect();
    assert_eq!(fields.len(), node.children.len(), "each name once");
    fields
}

/// The record as canonical JSON (national-systems, section 6).
pub fn canonical(record: &BTreeMap<String, Of>) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let value = |of: &Of| match of {
        Of::One(text) => quoted(text),
        Of::List(all) => format!("[{}]", all.iter().map(|t| quoted(t)).collect::<Vec<_>>().join(",")),
    };
    let fields: Vec<String> = record.iter().map(|(name, of)| format!("{}:{}", quoted(name), value(of))).collect();
    format!("{{{}}}", fields.join(","))
}

/// The content's hash: `ThaoTac`, a bar, the record.
pub fn version(action: &str, canonical: &str) -> String {
    use std::fmt::Write as _;
    let mut hex = String::new();
    for byte in Sha256::digest(format!("{action}|{canonical}")) {
        write!(hex, "{byte:02x}").unwrap();
    }
    hex
}
