//! XML read into a small tree: no document type, no entities but the five, depth and count bounded. Errors never quote
//! what was sent.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

/// How much is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub depth: usize,
    pub elements: usize,
}

/// One element; names without their prefix.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub name: String,
    /// Its namespace, empty where it has none.
    pub space: String,
    /// Whether it has attributes other than declarations of namespaces.
    pub attributed: bool,
    pub children: Vec<Element>,
    pub text: String,
}

impl Element {
    /// The text of an element without children.
    pub(super) fn leaf(&self) -> Option<&str> {
        self.children.is_empty().then_some(self.text.as_str())
    }

    /// Whether it holds nothing but elements, or nothing at all.
    pub(super) fn is_container(&self) -> bool {
        self.text.trim_matches([' ', '\t', '\r', '\n']).is_empty()
    }

    /// The first child of that name.
    pub(super) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }
}

/// Reads a document; the error says what is wrong and at which byte.
pub(super) fn read(text: &str, bounds: Bounds) -> Result<Element, String> {
    let mut reader = NsReader::from_str(text);
    reader.config_mut().check_end_names = true;
    reader.config_mut().check_comments = true;
    let (mut open, mut root, mut count) = (Vec::<Element>::new(), None, 0_usize);
    loop {
        let (space, event) = match reader.read_resolved_event() {
            Ok((ResolveResult::Bound(space), event)) => (space.0.to_owned(), event),
            Ok((ResolveResult::Unbound, event)) => (String::new(), event),
            Ok((ResolveResult::Unknown(_), _)) => return Err(at("a prefix that is not declared", &reader)),
            Err(_) => return Err(at("not well-formed XML", &reader)),
        };
        let closed = match event {
            Event::Start(tag) => {
                open.push(opened(&tag, space).map_err(|what| at(what, &reader))?);
                count += 1;
                None
            }
            Event::Empty(tag) => {
                count += 1;
                Some(opened(&tag, space).map_err(|what| at(what, &reader))?)
            }
            Event::End(_) => open.pop(),
            Event::Text(text) => {
                put(&mut open, &text.xml10_content()).map_err(|what| at(what, &reader))?;
                None
            }
            Event::CData(text) => {
                put(&mut open, &text.xml10_content()).map_err(|what| at(what, &reader))?;
                None
            }
            Event::GeneralRef(reference) => {
                let Some(character) = character(&reference) else {
                    return Err(at("an entity that XML does not have by itself", &reader));
                };
                put(&mut open, character.encode_utf8(&mut [0; 4])).map_err(|what| at(what, &reader))?;
                None
            }
            Event::DocType(_) => return Err(at("a document type", &reader)),
            Event::PI(_) => return Err(at("a processing instruction", &reader)),
            Event::Comment(_) | Event::Decl(_) => None,
            Event::Eof => break,
        };
        if open.len() + usize::from(closed.is_some()) > bounds.depth {
            return Err(at("nested too deeply", &reader));
        }
        if count > bounds.elements {
            return Err(at("too many elements", &reader));
        }
        if let Some(element) = closed {
            match open.last_mut() {
                Some(parent) => parent.children.push(element),
                None if root.is_none() => root = Some(element),
                None => return Err(at("more than one root", &reader)),
            }
        }
    }
    if !open.is_empty() {
        return Err(at("an element that is not closed", &reader));
    }
    root.ok_or_else(|| at("no root", &reader))
}

fn at(what: &str, reader: &NsReader<&[u8]>) -> String {
    format!("{what}, at byte {}", reader.buffer_position())
}

fn opened(tag: &BytesStart<'_>, space: String) -> Result<Element, &'static str> {
    let mut attributed = false;
    for attribute in tag.attributes() {
        let attribute = attribute.map_err(|_| "attributes that are not well-formed")?;
        attributed |= attribute.key.as_namespace_binding().is_none();
    }
    let name = tag.local_name().as_ref().to_owned();
    Ok(Element { name, space, attributed, ..Element::default() })
}

/// Adds text to the innermost element; outside the root there may be blanks only.
fn put(open: &mut [Element], text: &str) -> Result<(), &'static str> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("text outside the root"),
    }
    Ok(())
}

fn character(reference: &BytesRef<'_>) -> Option<char> {
    if reference.is_char_ref() {
        return reference.resolve_char_ref().ok().flatten();
    }
    match &*reference.borrow().into_inner() {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}
