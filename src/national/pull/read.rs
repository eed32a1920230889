//! An answer to a pull read: code and list wherever the profile says that they may stand, items one by one.

use std::fmt::Write as _;

use serde_json::value::RawValue;

use super::super::answer::{Unreadable, deeper_than, without_mark};
use super::super::form::{CodeMeaning, HttpMeaning};
use super::super::judge::short;
use super::super::profile::Profile;
use super::super::wait::Wait;
use super::super::wire::Reply;
use super::tree::{Layer, Members, Node, json};
use super::{Pull, PullVerdict, Pulled, Strange, xml};
use crate::model::Application;

/// The longest number of an application.
const NUMBER_LENGTH: usize = 100;
/// The most characters kept of the system's words.
const MESSAGE_LENGTH: usize = 1_000;

impl Pull {
    /// Reads the answer to a question. What its codes mean stands in the profile's `[answer.codes]`.
    pub fn read(&self, profile: &Profile, reply: &Reply) -> Result<Pulled, PullVerdict> {
        match profile.answer.status(reply.status) {
            HttpMeaning::Read => {}
            HttpMeaning::Token => return Err(PullVerdict::Token),
            HttpMeaning::Wait => return Err(PullVerdict::Wait(Wait::of(reply))),
            HttpMeaning::NotStored | HttpMeaning::Unknown => return Err(unreadable(reply, "")),
        }
        let text = plain(&reply.body).map_err(|e| unreadable(reply, &e.to_string()))?;
        // The error's own text may quote the answer, which names people: only the place is kept.
        let broken = |e: &serde_json::Error| {
            unreadable(reply, &Unreadable::Form { line: e.line(), column: e.column() }.to_string())
        };
        let answer: &RawValue = serde_json::from_str(&text).map_err(|e| broken(&e))?;
        self.judge_code(profile, reply, answer)?;
        let mut list: Option<&RawValue> = None;
        for path in &self.list {
            let Some(found) = find(answer, path).map_err(|twice| unreadable(reply, twice))? else { continue };
            // An empty one hides none: some portals write both, and fill one.
            match list {
                Some(before) if !is_empty(before) => {
                    if !is_empty(found) && found.get() != before.get() {
                        return Err(unreadable(reply, "hai danh sách khác nhau / two lists that differ"));
                    }
                }
                _ => list = Some(found),
            }
        }
        let Some(list) = list else {
            return Err(unreadable(reply, "câu trả lời không có danh sách / the answer has no list"));
        };
        let items: Vec<&RawValue> = match list.get().as_bytes().first() {
            Some(b'[') => serde_json::from_str(list.get()).map_err(|e| broken(&e))?,
            Some(b'{') => vec![list],
            _ if is_empty(list) => Vec::new(),
            _ => return Err(unreadable(reply, "danh sách không phải danh sách / the list is none")),
        };
        let full = self.page.is_some_and(|page| items.len() >= usize::try_from(page.size).unwrap_or(usize::MAX));
        let is_end = self.page.is_none() || items.is_empty();
        let mut pulled = Pulled { last: is_end, full, ..Pulled::default() };
        for item in items {
            match self.application(item) {
                Ok(application) => pulled.applications.push(application),
                Err(why) => pulled.strange.push(Strange { raw: item.get().to_owned(), why }),
            }
        }
        Ok(pulled)
    }

    /// Judges the answer to a fetch that brought no file, or whose file the sink has taken.
    pub fn judge_fetch(&self, profile: &Profile, reply: &Reply) -> Result<(), PullVerdict> {
        match (profile.answer.status(reply.status), reply.status) {
            (HttpMeaning::Token, _) => Err(PullVerdict::Token),
            (HttpMeaning::Wait, _) => Err(PullVerdict::Wait(Wait::of(reply))),
            (_, 200 | 206) if reply.is_content() => Ok(()),
            // The system's usual answer in the place of a file says why there is none.
            (_, 200 | 206) => {
                let refused = |verdict| match verdict {
                    Ok(()) => unreadable(reply, "câu trả lời thay cho tệp / an answer where a file should be"),
                    Err(verdict) => verdict,
                };
                let text = plain(&reply.body).map_err(|e| unreadable(reply, &e.to_string()))?;
                let answer = serde_json::from_str::<&RawValue>(&text).map_err(|_| unreadable(reply, "JSON"))?;
                Err(refused(self.judge_code(profile, reply, answer)))
            }
            (_, status @ 400..500) => {
                Err(PullVerdict::Refused { code: format!("HTTP {status}"), message: String::new() })
            }
            _ => Err(unreadable(reply, "")),
        }
    }

    /// Success only where every code that is there says so.
    fn judge_code(&self, profile: &Profile, reply: &Reply, answer: &RawValue) -> Result<(), PullVerdict> {
        let text = |paths: &[Vec<String>]| -> Result<Vec<String>, PullVerdict> {
            let mut found = Vec::new();
            for path in paths {
                let value = find(answer, path).map_err(|twice| unreadable(reply, twice))?;
                if let Some(Ok(Node::Text(text))) = value.map(json) {
                    found.push(text.trim().to_owned());
                }
            }
            Ok(found)
        };
        let codes = text(&self.code)?;
        if codes.is_empty() {
            return Err(unreadable(reply, "câu trả lời không có mã kết quả / the answer has no code"));
        }
        for code in codes {
            match profile.answer.code(&code) {
                Some(CodeMeaning::Accepted | CodeMeaning::AlreadyProcessed) => {}
                Some(CodeMeaning::TokenInvalid) => return Err(PullVerdict::Token),
                Some(CodeMeaning::Busy) => {
                    return Err(Wait::of(reply).map_or(PullVerdict::Busy, |wait| PullVerdict::Wait(Some(wait))));
                }
                // One that is not listed too: asking for less does not mend it, and the next run asks again.
                Some(_) | None => {
                    let message = text(&self.message)?.into_iter().find(|told| !told.is_empty()).unwrap_or_default();
                    let message = message.chars().take(MESSAGE_LENGTH).collect();
                    return Err(PullVerdict::Refused { code: short(&code), message });
                }
            }
        }
        Ok(())
    }

    /// An item as an application. The error says why it is none, without personal data.
    fn application(&self, item: &RawValue) -> Result<Application, String> {
        if deeper_than(item.get().as_bytes(), self.depth) {
            return Err(format!("lồng sâu quá {0} tầng / deeper than {0}", self.depth));
        }
        let Ok(Node::Object(members)) = json(item) else {
            return Err("không phải một hồ sơ / not an object".to_owned());
        };
        let mut layer = Layer { lists: &self.lists, application: Application::default() };
        for (name, value) in members {
            let name = name.trim().to_lowercase();
            let holds_xml = self.xml.contains(&name);
            let value = match value {
                // What cannot be read as XML stays as it is: the mapping complains of it, and nothing is lost.
                Node::Text(text) if holds_xml && text.trim_start_matches('\u{feff}').trim_start().starts_with('<') => {
                    xml::read(&text, self.depth).unwrap_or(Node::Text(text))
                }
                value => value,
            };
            layer.lay(&name, value)?;
        }
        let number = self.number_of(&layer.application);
        if number.is_empty() {
            return Err("không có số hồ sơ / without a number".to_owned());
        }
        if number.chars().count() > NUMBER_LENGTH {
            return Err(format!("số hồ sơ dài quá {NUMBER_LENGTH} ký tự / a number of more than {NUMBER_LENGTH}"));
        }
        Ok(layer.application)
    }
}

fn unreadable(reply: &Reply, why: &str) -> PullVerdict {
    let status = reply.status;
    PullVerdict::Unreadable {
        why: if why.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {why}") },
    }
}

/// The JSON of an answer, without a mark, and no page.
fn plain(body: &[u8]) -> Result<String, Unreadable> {
    let text = without_mark(body);
    let start = text.iter().find(|b| !b.is_ascii_whitespace()).ok_or(Unreadable::Empty)?;
    if *start == b'<' {
        return Err(Unreadable::Html);
    }
    Ok(escaped(&String::from_utf8_lossy(&text)))
}

/// The same JSON, with control characters inside its texts written as JSON wants them: one of them makes no answer
/// unreadable. Bytes that are no letters have become U+FFFD by now, and what has one goes to a person.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut in_text, mut escaped) = (false, false);
    for c in json.chars() {
        if in_text && c.is_ascii_control() && c != '\u{7f}' {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{:04x}", u32::from(c));
            escaped = false;
            continue;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            _ => {}
        }
        out.push(c);
    }
    out
}

/// Whether there is nothing in what should be a list: none at all, or a blank text.
fn is_empty(list: &RawValue) -> bool {
    match list.get().as_bytes().first() {
        Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(list.get()).is_ok_and(|items| items.is_empty()),
        Some(b'"') => matches!(json(list), Ok(Node::Text(text)) if text.trim().is_empty()),
        _ => matches!(json(list), Ok(Node::Nothing)),
    }
}

/// What stands at a path, whatever the letter case of its names. Two that differ are a contradiction.
fn find<'a>(from: &'a RawValue, path: &[String]) -> Result<Option<&'a RawValue>, &'static str> {
    let mut here = from;
    for name in path {
        let Ok(Members(members)) = serde_json::from_str::<Members<'a>>(here.get()) else { return Ok(None) };
        let mut same = members.into_iter().filter(|(other, _)| other.trim().to_lowercase() == *name);
        let Some((_, first)) = same.next() else { return Ok(None) };
        if same.any(|(_, other)| other.get() != first.get()) {
            return Err("một tên có hai giá trị / a name with two values");
        }
        here = first;
    }
    Ok(Some(here))
}
