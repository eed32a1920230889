//! A text that holds XML, as a tree: local names only, no document type, bounded depth.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::soap_answer::resolved;
use super::tree::{MOST, Node};

/// An element that is still open.
#[derive(Default)]
struct Open {
    name: String,
    members: Vec<(String, Node)>,
    /// Where a member stands, by its name in lower case.
    places: HashMap<String, usize>,
    text: String,
}

/// What stands inside the root element; `None` for anything that is no XML, has a document type, is too deep, or has more
/// members in one element than an application has fields.
pub(super) fn read(text: &str, depth: usize) -> Option<Node> {
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}').trim());
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                if open.len() >= depth || root.is_some() {
                    return None;
                }
                open.push(begin(&start)?);
            }
            Event::Empty(start) => {
                if open.len() >= depth || root.is_some() {
                    return None;
                }
                close(&mut open, &mut root, begin(&start)?)?;
            }
            Event::End(_) => {
                let done = open.pop()?;
                close(&mut open, &mut root, done)?;
            }
            Event::Text(part) => say(&mut open, &part.xml10_content())?,
            Event::CData(part) => say(&mut open, &part.xml10_content())?,
            Event::GeneralRef(reference) => say(&mut open, &resolved(&reference)?)?,
            // A document type could define entities without end; none is ever needed.
            Event::DocType(_) => return None,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return if open.is_empty() { root } else { None },
        }
    }
}

/// Attributes are members like any other, but for those of namespaces.
fn begin(start: &BytesStart<'_>) -> Option<Open> {
    let mut one = Open { name: start.local_name().as_ref().to_owned(), ..Open::default() };
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let name: &str = attribute.key.as_ref();
        if name == "xmlns" || name.contains(':') {
            continue;
        }
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?;
        if one.members.len() >= MOST {
            return None;
        }
        one.places.entry(name.to_lowercase()).or_insert(one.members.len());
        one.members.push((name.to_owned(), Node::Text(value.into_owned())));
    }
    Some(one)
}

/// Outside the root only blanks may stand.
fn say(open: &mut [Open], text: &str) -> Option<()> {
    match open.last_mut() {
        Some(one) => one.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return None,
    }
    Some(())
}

/// Siblings of one name, whatever their letter case, are a list.
fn close(open: &mut [Open], root: &mut Option<Node>, done: Open) -> Option<()> {
    let Open { name, mut members, text, .. } = done;
    let node = if members.is_empty() {
        Node::Text(text)
    } else {
        if !text.trim().is_empty() {
            members.push(("value".to_owned(), Node::Text(text)));
        }
        Node::Object(members)
    };
    let Some(parent) = open.last_mut() else {
        *root = Some(node);
        return Some(());
    };
    let known = parent.members.len();
    let place = *parent.places.entry(name.to_lowercase()).or_insert(known);
    match parent.members.get_mut(place) {
        Some((_, Node::List(items))) => items.push(node),
        Some((_, one)) => {
            let first = std::mem::replace(one, Node::Nothing);
            *one = Node::List(vec![first, node]);
        }
        None if known >= MOST => return None,
        None => parent.members.push((name, node)),
    }
    Some(())
}
