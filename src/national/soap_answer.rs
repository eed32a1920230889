//! A SOAP answer read by the profile's names: local names only, whatever the prefixes; no DTD, bounded depth.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use super::answer::{RawAnswer, RawResult, TEXT_LIMIT, Unreadable, without_mark};
use super::form::AnswerForm;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Soap {
    /// The usual answer.
    Answer(RawAnswer),
    /// A fault: a whole-batch failure (SOAP 1.1, 4.4).
    Fault {
        /// Its code without prefix, such as `Client.BadRequest`.
        code: String,
        /// Its text; may name people.
        message: String,
    },
}

/// Reads an answer; `body` is bounded already by whoever received it.
pub fn read(form: &AnswerForm, body: &[u8]) -> Result<Soap, Unreadable> {
    let text = without_mark(body);
    let text = std::str::from_utf8(&text).map_err(|_| Unreadable::Form { line: 1, column: 1 })?;
    if text.trim().is_empty() {
        return Err(Unreadable::Empty);
    }
    let mut walk = Walk { form, path: Vec::new(), found: Found::default(), text: String::new() };
    let mut reader = Reader::from_str(text);
    loop {
        let at = reader.buffer_position();
        let place = || place(text, at);
        match reader.read_event().map_err(|_| place())? {
            Event::Start(start) => {
                if walk.path.len() >= form.depth {
                    return Err(Unreadable::Deep(form.depth));
                }
                walk.enter(start.local_name().as_ref().to_owned()).map_err(|()| place())?;
            }
            Event::Empty(start) => {
                walk.enter(start.local_name().as_ref().to_owned()).map_err(|()| place())?;
                walk.leave().map_err(|()| place())?;
            }
            Event::End(_) => walk.leave().map_err(|()| place())?,
            Event::Text(part) => walk.say(&part.xml10_content()).map_err(|()| place())?,
            Event::CData(part) => walk.say(&part.xml10_content()).map_err(|()| place())?,
            Event::GeneralRef(reference) => {
                walk.say(&resolved(&reference).ok_or_else(place)?).map_err(|()| place())?;
            }
            // A document type could define entities without end; none is ever needed.
            Event::DocType(_) => return Err(place()),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    walk.end().ok_or_else(|| if looks_like_a_page(text) { Unreadable::Html } else { place(text, 0) })
}

/// One of the five entities of XML itself, or a character by number; others are not ours to resolve.
pub(super) fn resolved(reference: &BytesRef<'_>) -> Option<String> {
    if let Some(character) = reference.resolve_char_ref().ok()? {
        return Some(character.to_string());
    }
    quick_xml::escape::resolve_predefined_entity(reference).map(str::to_owned)
}

fn place(text: &str, at: u64) -> Unreadable {
    let before = text.as_bytes().get(..usize::try_from(at).unwrap_or(0)).unwrap_or_default();
    let line = before.split(|b| *b == b'\n').count();
    let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
    Unreadable::Form { line, column }
}

fn looks_like_a_page(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(200).collect::<String>().to_ascii_lowercase();
    start.contains("<html") || start.contains("<!doctype html")
}

#[derive(Default)]
struct Found {
    answer: RawAnswer,
    /// An answer's element stood in the body.
    answered: bool,
    fault: Option<(String, String)>,
    result: Option<RawResult>,
}

/// Where we are in the document, and what was found so far.
struct Walk<'f> {
    form: &'f AnswerForm,
    path: Vec<String>,
    found: Found,
    text: String,
}

impl Walk<'_> {
    fn enter(&mut self, name: String) -> Result<(), ()> {
        self.path.push(name);
        self.text.clear();
        match self.below_body() {
            // A body says one thing: an answer or a fault.
            Some([_]) if self.found.answered || self.found.fault.is_some() => return Err(()),
            Some([fault]) if fault == "Fault" => self.found.fault = Some(Default::default()),
            Some([_]) => self.found.answered = true,
            Some([_, list, _]) if *list == self.form.names.results => {
                if self.found.answer.results.len() >= self.form.results_limit {
                    return Err(());
                }
                self.found.answer.has_results = true;
                self.found.result = Some(RawResult::default());
            }
            _ => {}
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> Result<(), ()> {
        // Behind the document or before it, only blanks may stand.
        if self.path.is_empty() && !text.trim().is_empty() {
            return Err(());
        }
        // Enough for what is kept, whatever comes.
        if self.text.len() < TEXT_LIMIT * 8 {
            self.text.push_str(text);
        }
        Ok(())
    }

    fn leave(&mut self) -> Result<(), ()> {
        let text: String = self.text.trim().chars().take(TEXT_LIMIT).collect();
        self.text.clear();
        let names = &self.form.names;
        let path: Vec<String> = self.below_body().map(<[String]>::to_vec).unwrap_or_default();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path.as_slice() {
            ["Fault", "faultcode"] => {
                let code = text.rsplit(':').next().unwrap_or_default().to_owned();
                let before = std::mem::replace(&mut self.found.fault.get_or_insert_default().0, code);
                if !before.is_empty() {
                    return Err(());
                }
            }
            ["Fault", "faultstring"] => self.found.fault.get_or_insert_default().1 = text,
            ["Fault", ..] => {}
            [_, name] if *name == names.code => once(&mut self.found.answer.code, text)?,
            [_, name] if *name == names.message => self.found.answer.message = text,
            [_, list] if *list == names.results => {
                // Text where a list should stand is neither a list nor nothing.
                self.found.answer.odd_results |= !text.is_empty();
            }
            [_, list, _] if *list == names.results => {
                self.found.answer.results.extend(self.found.result.take());
            }
            [_, list, _, name] if *list == names.results => {
                if let Some(result) = &mut self.found.result {
                    let slot = [
                        (&names.reference, &mut result.reference),
                        (&names.result, &mut result.result),
                        (&names.national_id, &mut result.national_id),
                        (&names.error_code, &mut result.error_code),
                        (&names.error_text, &mut result.error_text),
                    ];
                    if let Some((_, slot)) = slot.into_iter().find(|(known, _)| known.as_str() == *name) {
                        once(slot, text)?;
                    }
                }
            }
            _ => {}
        }
        self.path.pop();
        Ok(())
    }

    /// The path inside `Envelope/Body`.
    fn below_body(&self) -> Option<&[String]> {
        match self.path.as_slice() {
            [envelope, body, rest @ ..] if envelope == "Envelope" && body == "Body" => Some(rest),
            _ => None,
        }
    }

    fn end(self) -> Option<Soap> {
        if !self.path.is_empty() {
            return None;
        }
        match self.found.fault {
            Some((code, _)) if code.is_empty() => None,
            Some((code, message)) => Some(Soap::Fault { code, message }),
            None => self.found.answered.then_some(Soap::Answer(self.found.answer)),
        }
    }
}

/// The same name twice is no contradiction only where both say the same; an empty element says nothing.
fn once(slot: &mut Option<String>, text: String) -> Result<(), ()> {
    match slot {
        _ if text.is_empty() => Ok(()),
        Some(old) if *old != text => Err(()),
        _ => {
            *slot = Some(text);
            Ok(())
        }
    }
}
