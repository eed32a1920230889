//! Answers to counts and lists read by the profile's names, within bounds.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::answer;
use super::super::form::{CodeMeaning, HttpMeaning};
use super::super::judge::short;
use super::super::profile::Profile;
use super::super::pull::{Members, Node, PullVerdict, json};
use super::super::wait::Wait;
use super::super::wire::Reply;
use super::{Counted, ListForm, ListPage, ListedRecord, MOST_UNITS, REFERENCE_LENGTH, SHORT_LENGTH};
use crate::model::ContentHash;

/// The most fields of a record.
const MOST_FIELDS: usize = 2_000;

impl Profile {
    /// Reads the answer to a count: each commune once, its rows put together.
    pub fn read_counts(&self, reply: &Reply) -> Result<Vec<Counted>, PullVerdict> {
        let form = self.count.as_ref().ok_or_else(|| unreadable(reply, "[count]"))?;
        let body = self.body(reply)?;
        let rows = self.results(reply, &body)?;
        let rows: Vec<&RawValue> =
            serde_json::from_str(rows.get()).map_err(|_| unreadable(reply, "số đếm không phải danh sách / no list"))?;
        if rows.len() > MOST_UNITS {
            return Err(unreadable(reply, "quá nhiều xã / too many communes"));
        }
        let mut counts: Vec<Counted> = Vec::with_capacity(rows.len());
        let mut places = std::collections::HashMap::new();
        for row in rows {
            let members = members(row).ok_or_else(|| unreadable(reply, "một số đếm sai dạng / a count of no form"))?;
            let said = |name: &str| text(&members, name).map_err(|twice| unreadable(reply, twice));
            let unit = clean(&said(&form.unit)?.unwrap_or_default());
            let number = said(&form.number)?.and_then(|number| number.parse::<u64>().ok());
            let number = number.ok_or_else(|| unreadable(reply, "số đếm không phải số / a count that is no number"))?;
            let digest = form.digest.as_deref().map(said).transpose()?.flatten();
            let digest = digest.filter(|hex| hex.len() == 16).and_then(|hex| u64::from_str_radix(&hex, 16).ok());
            if let Some(one) = places.get(&unit).and_then(|at: &usize| counts.get_mut(*at)) {
                one.number = one.number.saturating_add(number);
                one.digest = one.digest.zip(digest).map(|(one, other)| one ^ other);
            } else {
                places.insert(unit.clone(), counts.len());
                counts.push(Counted { unit, number, digest });
            }
        }
        Ok(counts)
    }

    /// Reads one page of a list, the first being 0.
    pub fn read_list(&self, reply: &Reply, page: u32) -> Result<ListPage, PullVerdict> {
        let form = self.list.as_ref().ok_or_else(|| unreadable(reply, "[list]"))?;
        let body = self.body(reply)?;
        let result = self.results(reply, &body)?;
        let members = members(result).ok_or_else(|| unreadable(reply, "danh sách sai dạng / a list of no form"))?;
        let number = |name: &Option<String>| -> Result<Option<u64>, PullVerdict> {
            let Some(name) = name else { return Ok(None) };
            let said = text(&members, name).map_err(|twice| unreadable(reply, twice))?;
            Ok(said.and_then(|number| number.parse().ok()))
        };
        if number(&form.page)?.is_some_and(|told| told != u64::from(form.first.saturating_add(page))) {
            return Err(unreadable(reply, "trang khác với trang đã hỏi / another page than was asked for"));
        }
        let records = one(&members, &form.records).map_err(|twice| unreadable(reply, twice))?;
        let items: Vec<&RawValue> = match records {
            Some(list) if list.get().starts_with('[') => {
                serde_json::from_str(list.get()).map_err(|_| unreadable(reply, "JSON"))?
            }
            Some(list) if !matches!(json(list), Ok(Node::Nothing)) => {
                return Err(unreadable(reply, "danh sách không phải danh sách / the list is none"));
            }
            // Null, or not there: none, which the total may contradict.
            _ => Vec::new(),
        };
        let size = usize::try_from(form.size).unwrap_or(usize::MAX);
        let mut listed = ListPage { total: number(&form.total)?, last: items.len() < size, ..ListPage::default() };
        for item in items {
            match self.listed(form, item) {
                Some(record) => listed.records.push(record),
                None => listed.strange += 1,
            }
        }
        Ok(listed)
    }

    fn body<'b>(&self, reply: &'b Reply) -> Result<std::borrow::Cow<'b, [u8]>, PullVerdict> {
        match self.answer.status(reply.status) {
            HttpMeaning::Read => {}
            HttpMeaning::Token => return Err(PullVerdict::Token),
            HttpMeaning::Wait => return Err(PullVerdict::Wait(Wait::of(reply))),
            HttpMeaning::NotStored | HttpMeaning::Unknown => return Err(unreadable(reply, "")),
        }
        answer::plain(&self.answer, &reply.body).map_err(|e| unreadable(reply, &e.to_string()))
    }

    /// What stands under the answer's results, where its code says that all is well.
    fn results<'b>(&self, reply: &Reply, body: &'b [u8]) -> Result<&'b RawValue, PullVerdict> {
        let names = &self.answer.names;
        // The error's own text may quote the answer, which names people: only the place is kept.
        let whole: &RawValue = serde_json::from_slice(body).map_err(|e| {
            unreadable(reply, &answer::Unreadable::Form { line: e.line(), column: e.column() }.to_string())
        })?;
        let members = members(whole).ok_or_else(|| unreadable(reply, "câu trả lời sai dạng / of no form"))?;
        let said = |name: &str| text(&members, name).map_err(|twice| unreadable(reply, twice));
        let code = said(&names.code)?.unwrap_or_default();
        match self.answer.code(&code) {
            Some(CodeMeaning::Accepted | CodeMeaning::AlreadyProcessed) => {}
            Some(CodeMeaning::TokenInvalid) => return Err(PullVerdict::Token),
            Some(CodeMeaning::Busy) => {
                return Err(Wait::of(reply).map_or(PullVerdict::Busy, |wait| PullVerdict::Wait(Some(wait))));
            }
            Some(_) => {
                let message = said(&names.message)?.unwrap_or_default();
                let message = message.chars().take(answer::TEXT_LIMIT).collect();
                return Err(PullVerdict::Refused { code: short(&code), message });
            }
            None => {
                let told = short(&code);
                let why = format!("mã {told:?} không có trong hồ sơ hệ thống / the profile has no code {told:?}");
                return Err(unreadable(reply, &why));
            }
        }
        one(&members, &names.results)
            .map_err(|twice| unreadable(reply, twice))?
            .ok_or_else(|| unreadable(reply, "câu trả lời không có kết quả / the answer has no result"))
    }

    /// An item as a record; `None` where it is none.
    fn listed(&self, form: &ListForm, item: &RawValue) -> Option<ListedRecord> {
        let members = members(item)?;
        let reference = text(&members, &form.reference).ok()??;
        let length = reference.chars().count();
        if length == 0 || length > REFERENCE_LENGTH || reference.chars().any(char::is_control) {
            return None;
        }
        let beside = |name: &Option<String>| -> Option<String> {
            let said = name.as_deref().map_or(Ok(None), |name| text(&members, name)).ok()?;
            Some(clean(&said.unwrap_or_default()))
        };
        let state = beside(&form.state)?;
        let version = text(&members, &form.version).ok()?.unwrap_or_default();
        let content = self.content(one(&members, &form.record).ok()??)?;
        let unit = content.get(&form.unit).and_then(Value::as_str).map(|unit| clean(unit.trim())).unwrap_or_default();
        Some(ListedRecord {
            reference,
            national_id: beside(&form.national_id)?,
            version: ContentHash::from_hex(&version.to_lowercase()),
            stopped: form.stopped.contains(&state),
            changed: beside(&form.changed)?,
            unit,
            content,
        })
    }

    /// A record under the contract's names.
    fn content(&self, record: &RawValue) -> Option<Map<String, Value>> {
        let members = members(record).filter(|members| members.len() <= MOST_FIELDS)?;
        let mut content = Map::new();
        for (name, raw) in members {
            let own = self.rename.iter().find(|(_, wire)| wire.name() == name).map_or(name, |(own, _)| own.clone());
            let value = value(json(raw).ok()?);
            // The same name twice is no contradiction only where both say the same.
            if content.get(&own).is_some_and(|before| *before != value) {
                return None;
            }
            content.insert(own, value);
        }
        Some(content)
    }
}

/// Texts, lists of texts, and whatever lies deeper; nothing is the empty text, as the contract has it. No database
/// takes NUL in a text.
fn value(node: Node) -> Value {
    match node {
        Node::Nothing => Value::String(String::new()),
        Node::Text(text) => Value::String(text.replace('\0', "\u{fffd}")),
        Node::List(items) => items.into_iter().map(value).collect(),
        Node::Object(members) => Value::Object(
            members.into_iter().map(|(name, node)| (name.replace('\0', "\u{fffd}"), value(node))).collect(),
        ),
    }
}

fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(SHORT_LENGTH).collect()
}

type Named<'a> = Vec<(String, &'a RawValue)>;

fn members(of: &RawValue) -> Option<Named<'_>> {
    serde_json::from_str::<Members<'_>>(of.get()).ok().map(|members| members.0)
}

/// What stands under a name; two that differ are a contradiction.
fn one<'a>(members: &Named<'a>, name: &str) -> Result<Option<&'a RawValue>, &'static str> {
    let mut same = members.iter().filter(|(other, _)| other == name);
    let Some((_, first)) = same.next() else { return Ok(None) };
    if same.any(|(_, other)| other.get() != first.get()) {
        return Err("một tên có hai giá trị / a name with two values");
    }
    Ok(Some(first))
}

/// A text or number under a name, without blanks around.
fn text(members: &Named<'_>, name: &str) -> Result<Option<String>, &'static str> {
    let Some(raw) = one(members, name)? else { return Ok(None) };
    Ok(match json(raw) {
        Ok(Node::Text(text)) => Some(text.trim().to_owned()),
        _ => None,
    })
}

fn unreadable(reply: &Reply, why: &str) -> PullVerdict {
    let status = reply.status;
    PullVerdict::Unreadable {
        why: if why.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {why}") },
    }
}
