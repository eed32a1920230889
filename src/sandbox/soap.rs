//! misposasoft through an X-Road security server (sections 1 and 6): the envelope is read, its headers and the order of
//! its elements judged, and the same JSON made of it that the other form has; the answer goes the way back.

use std::fmt::Write as _;

use quick_xml::escape::escape;
use serde_json::Value;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use super::answer::{key, text};
use super::entity::{Kind, kinds};
use super::faults::Operation;
use super::form::untidy;
use super::nation::Nation;
use super::parse::Lookup;
use super::record::LIST;
use super::wire::{Reply, ReplyBody, Request};
use super::words::Words;
use super::xml::{self, Bounds, Element};

const NAMESPACE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// A batch has at most 500 records of about 60 elements.
const BOUNDS: Bounds = Bounds { depth: 12, elements: 60_000 };
const SEND: &str = "DongBoDoiTuong";
const ASK: &str = "TraCuuGoiTin";
const ITEM: &str = "item";

/// What keeps a request from being read: the rule, and what is wrong with it.
type Wrong = (&'static str, String);

impl Nation {
    /// Answers one exchange.
    pub(super) fn exchange(&mut self, request: &Request, now_ms: i64) -> Reply {
        if !request.method.eq_ignore_ascii_case("POST") {
            self.breaches.add("method", || "xroad: not by POST".to_owned());
            return Reply::json(405, r#"{"error":"POST only"}"#).with("allow", "POST");
        }
        let read = headers(request).and_then(|id| Ok((id, body(&request.body, &self.words, &self.lookups[0])?)));
        match read {
            Ok((id, (operation, json))) => {
                self.follow_exchange(id, &request.body);
                let inner = Request {
                    method: request.method.clone(),
                    path: request.path.clone(),
                    headers: request.headers.clone(),
                    body: json,
                    arrived_ms: request.arrived_ms,
                };
                let reply = self.meet((operation, 0), &inner, Some(&request.body), now_ms);
                self.in_xml(reply, operation == Operation::Send)
            }
            Err((kind, what)) => {
                self.tally.other_requests += 1;
                self.breaches.add(kind, || format!("xroad: {what}"));
                fault(BAD_REQUEST, &what)
            }
        }
    }

    /// An id is new, or what it stands for comes again to the byte.
    fn follow_exchange(&mut self, id: Uuid, body: &[u8]) {
        let bytes = xxh3_128(body);
        if *self.exchanges.entry(id.as_u128()).or_insert(bytes) != bytes {
            self.breaches.add("xroad-id", || "xroad: the X-Road-Id of an earlier exchange with other bytes".to_owned());
        }
    }

    /// An answer in JSON as the envelope says it; everything else stays as it is.
    pub(super) fn in_xml(&self, mut reply: Reply, sent: bool) -> Reply {
        let ReplyBody::Bytes(bytes) = &reply.body else { return reply };
        let Ok(Value::Object(answer)) = serde_json::from_slice(bytes) else { return reply };
        let Some(code) = answer.get(&self.words.answer.error_code) else { return reply };
        let plain = code.as_str().map_or_else(|| code.to_string(), |code| code.trim().to_owned());
        if plain == self.words.codes.malformed {
            let message = answer.get(&self.words.answer.message).and_then(Value::as_str).unwrap_or_default();
            return fault(BAD_REQUEST, message);
        }
        let name = format!("{}Response", if sent { SEND } else { ASK });
        let mut out = String::with_capacity(bytes.len() * 2);
        element(&mut out, &name, &Value::Object(answer));
        reply = Reply { delay_ms: reply.delay_ms, play: reply.play, ..envelope(200, &out) };
        reply
    }
}

const BAD_REQUEST: &str = "Client.BadRequest";

/// A SOAP fault, which comes with HTTP 500.
pub(super) fn fault(code: &str, message: &str) -> Reply {
    let body = format!(
        "<soapenv:Fault><faultcode>{}</faultcode><faultstring>{}</faultstring></soapenv:Fault>",
        escape(code),
        escape(message)
    );
    envelope(500, &body)
}

fn envelope(status: u16, body: &str) -> Reply {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"{NAMESPACE}\"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    );
    Reply::new(status, "text/xml; charset=utf-8", xml)
}

/// A value under its name; a list is `item`s.
fn element(out: &mut String, name: &str, value: &Value) {
    let _ = write!(out, "<{name}>");
    match value {
        Value::Object(pairs) => pairs.iter().for_each(|(name, value)| element(out, name, value)),
        Value::Array(list) => list.iter().for_each(|value| element(out, ITEM, value)),
        Value::String(text) => out.push_str(&escape(text.as_str())),
        Value::Null => {}
        other => out.push_str(&other.to_string()),
    }
    let _ = write!(out, "</{name}>");
}

/// The headers of the security server; gives back the id of the exchange.
fn headers(request: &Request) -> Result<Uuid, Wrong> {
    let wrong = |what: &str| Err(("xroad-header", what.to_owned()));
    let kind = request.header("content-type").unwrap_or_default().to_ascii_lowercase().replace([' ', '"'], "");
    if kind != "text/xml;charset=utf-8" {
        return wrong("Content-Type is not text/xml; charset=utf-8");
    }
    if request.header("soapaction") != Some("\"\"") {
        return wrong("SOAPAction is not two quotes");
    }
    let client = request.header("x-road-client").unwrap_or_default();
    let tidy = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    if client.split('/').count() != 4 || !client.split('/').all(tidy) {
        return wrong("X-Road-Client has not four parts");
    }
    for name in ["x-road-userid", "x-road-issue"] {
        if request.header(name).is_some_and(|value| value.is_empty() || untidy(value).is_some()) {
            return wrong("X-Road-UserId or X-Road-Issue is empty or untidy");
        }
    }
    let id = request.header("x-road-id").unwrap_or_default();
    match Uuid::parse_str(id) {
        Ok(uuid) if id.len() == 36 => Ok(uuid),
        _ => wrong("X-Road-Id is not a uuid"),
    }
}

/// The envelope's one element, as the JSON that the other form would have.
fn body(bytes: &[u8], words: &Words, lookup: &Lookup) -> Result<(Operation, Vec<u8>), Wrong> {
    let wrong = |what: String| ("envelope", what);
    let text = std::str::from_utf8(bytes).map_err(|_| wrong("not UTF-8".to_owned()))?;
    let root = xml::read(text.trim_start_matches('\u{feff}'), BOUNDS).map_err(wrong)?;
    let shape = || wrong("not a SOAP 1.1 envelope with a body of one element".to_owned());
    let soap = |element: &Element, name: &str| element.name == name && element.space == NAMESPACE;
    if !soap(&root, "Envelope") || !root.is_container() {
        return Err(shape());
    }
    let [before @ .., body] = root.children.as_slice() else { return Err(shape()) };
    let [call] = body.children.as_slice() else { return Err(shape()) };
    if !soap(body, "Body") || before.len() > 1 || !before.iter().all(|header| soap(header, "Header")) {
        return Err(shape());
    }
    let mut out = Vec::with_capacity(bytes.len());
    let operation = match call.name.as_str() {
        SEND => Operation::Send,
        ASK => Operation::Ask,
        _ => return Err(wrong("an element that the system does not have".to_owned())),
    };
    let names = &words.envelope;
    let order = [&names.ma_tinh, &names.ma_goi_tin, &names.thoi_gian_gui, &names.danh_sach].map(String::as_str);
    if operation == Operation::Ask {
        object(call, &[&words.question.ma_goi_tin], &mut out, flat)?;
    } else {
        let kind = &kinds()[0];
        object(call, &order, &mut out, |child, out| {
            if child.name == names.danh_sach {
                list(child, out, |item, out| one(item, words, lookup, kind, out))
            } else {
                flat(child, out)
            }
        })?;
    }
    Ok((operation, out))
}

/// One `item` of the batch.
fn one(item: &Element, words: &Words, lookup: &Lookup, kind: &Kind, out: &mut Vec<u8>) -> Result<(), Wrong> {
    let names = &words.envelope;
    let order = [&names.ma_tham_chieu, &names.phien_ban, &names.thao_tac, &names.doi_tuong].map(String::as_str);
    object(item, &order, out, |child, out| {
        if child.name != names.doi_tuong {
            return flat(child, out);
        }
        in_order(child, lookup, kind)?;
        object(child, &[], out, |field, out| {
            let is_list = lookup.place(&field.name, 0).is_some_and(|place| kind.fields[place] == LIST);
            if is_list { list(field, out, flat) } else { flat(field, out) }
        })
    })
}

/// The fields come as the table has them; those of a stop as the table or as section 6 names them.
fn in_order(record: &Element, lookup: &Lookup, kind: &Kind) -> Result<(), Wrong> {
    let mut next = 0;
    let places: Vec<usize> = record
        .children
        .iter()
        .filter_map(|field| {
            let place = lookup.place(&field.name, next)?;
            next = place + 1;
            Some(place)
        })
        .collect();
    let rises = |ranks: Vec<usize>| ranks.windows(2).all(|two| two[0] <= two[1]);
    // What only a stop has stands in no table.
    let by_table = rises(places.iter().copied().filter(|place| *place < kind.written).collect());
    let rank = |place: &usize| kind.entity.stop.iter().position(|field| *field == kind.fields[*place]);
    let by_stop = places.iter().map(rank).collect::<Option<Vec<_>>>().is_some_and(rises);
    if by_table || by_stop {
        Ok(())
    } else {
        Err(("order", "fields of a record out of the order of the table".to_owned()))
    }
}

/// An element of elements as an object; `order` are the names that have one.
fn object(
    element: &Element,
    order: &[&str],
    out: &mut Vec<u8>,
    mut value: impl FnMut(&Element, &mut Vec<u8>) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    container(element)?;
    let ranks: Vec<usize> =
        element.children.iter().filter_map(|child| order.iter().position(|name| *name == child.name)).collect();
    if ranks.windows(2).any(|two| two[0] > two[1]) {
        return Err(("order", "elements of the envelope out of their order".to_owned()));
    }
    out.push(b'{');
    for (at, child) in element.children.iter().enumerate() {
        out.extend_from_slice(if at > 0 { b"," } else { b"" });
        key(out, &child.name);
        value(child, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// `item`s as a list.
fn list(
    element: &Element,
    out: &mut Vec<u8>,
    mut value: impl FnMut(&Element, &mut Vec<u8>) -> Result<(), Wrong>,
) -> Result<(), Wrong> {
    container(element)?;
    out.push(b'[');
    for (at, item) in element.children.iter().enumerate() {
        if item.name != ITEM {
            return Err(("envelope", "something else than an item in a list".to_owned()));
        }
        out.extend_from_slice(if at > 0 { b"," } else { b"" });
        value(item, out)?;
    }
    out.push(b']');
    Ok(())
}

fn flat(element: &Element, out: &mut Vec<u8>) -> Result<(), Wrong> {
    let value = element.leaf().ok_or(("envelope", "elements where a text belongs".to_owned()))?;
    text(out, value);
    Ok(())
}

fn container(element: &Element) -> Result<(), Wrong> {
    if element.is_container() { Ok(()) } else { Err(("envelope", "text among elements".to_owned())) }
}
