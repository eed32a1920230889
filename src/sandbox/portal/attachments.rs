//! Attachments of applications, under `/tep/`: every address has its own content, always the same.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64;

use super::Portal;
use super::pull::may;
use super::visit::Lobby;
use crate::sandbox::faults::{Fault, FaultKind, Faults, Operation};
use crate::sandbox::nation::Settings;
use crate::sandbox::play::{dress, waiting};
use crate::sandbox::wire::{Play, Reply, ReplyBody, Request, percent_decoded};

/// Where they stand.
pub(super) const ROOT: &str = "/tep/";
const KIB: u64 = 1 << 10;

/// How far an attachment was given.
#[derive(Debug, Default, Clone, Copy)]
struct Given {
    /// From its first byte on without a gap.
    upto: u64,
    whole: bool,
}

#[derive(Debug, Default)]
pub(super) struct Attachments {
    given: HashMap<String, Given>,
    pub requests: u64,
    pub resumed: u64,
    pub bytes: u64,
    pub repeated: u64,
}

impl Attachments {
    pub(super) fn paths(&self) -> u64 {
        self.given.len() as u64
    }

    /// Notes that bytes of a path left.
    fn note(&mut self, path: &str, from: u64, count: u64, length: u64) {
        let given = self.given.entry(path.to_owned()).or_default();
        self.bytes += count;
        if given.whole {
            self.repeated += count;
        } else if from <= given.upto {
            given.upto = given.upto.max(from + count);
            given.whole = given.upto == length;
        }
    }
}

/// Content and its type. Under `lon` it is large, under `html` a page, under `virus` one that a scanner finds, under
/// `chung` the same for all.
fn content(path: &str) -> (Vec<u8>, &'static str) {
    let kind = path[ROOT.len()..].split('/').next().unwrap_or_default();
    let hash = xxh3_64(if kind == "chung" { b"chung" } else { path.as_bytes() });
    if kind == "html" {
        return (format!("<!DOCTYPE html><html><body>{hash:016x}</body></html>").into_bytes(), "text/html");
    }
    let size = if kind == "lon" { 30 * KIB * KIB } else { KIB + hash % (199 * KIB) };
    let mut bytes = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    if kind == "virus" {
        bytes.extend_from_slice(b"% EICAR-THU\n");
    }
    let end = b"%%EOF\n";
    let line = format!("% {hash:016x}\n").into_bytes();
    let size = usize::try_from(size).unwrap_or_default();
    let room = size.saturating_sub(bytes.len() + end.len());
    let mut filling = line.repeat(room / line.len() + 1);
    filling.truncate(room);
    bytes.append(&mut filling);
    bytes.extend_from_slice(end);
    (bytes, "application/pdf")
}

/// `bytes=5-` and `bytes=5-9`; anything else is as if it were not there.
fn range(request: &Request, tag: &str) -> Option<(u64, Option<u64>)> {
    if request.header("if-range").is_some_and(|given| given != tag) {
        return None;
    }
    let (from, to) = request.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
    let to = if to.is_empty() { None } else { Some(to.parse().ok()?) };
    let from = from.parse().ok()?;
    to.is_none_or(|to| from <= to).then_some((from, to))
}

/// The answer as it would be, and from which byte on of how many.
fn served(path: &str, request: &Request) -> (Reply, u64, u64) {
    let (bytes, kind) = content(path);
    let length = bytes.len() as u64;
    let tag = format!("\"{:016x}\"", xxh3_64(&bytes));
    let (reply, from) = match range(request, &tag) {
        Some((from, _)) if from >= length => {
            (Reply::new(416, kind, "").with("content-range", format!("bytes */{length}")), length)
        }
        Some((from, to)) => {
            let end = to.map_or(length, |to| length.min(to.saturating_add(1)));
            let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
            let part = bytes.get(at(from)..at(end)).unwrap_or_default();
            (Reply::new(206, kind, part).with("content-range", format!("bytes {from}-{}/{length}", end - 1)), from)
        }
        None => (Reply::new(200, kind, bytes), 0),
    };
    (reply.with("etag", tag).with("accept-ranges", "bytes"), from, length)
}

impl Portal {
    /// Answers a request for an attachment.
    pub(super) fn fetch(&mut self, request: &Request, now_ms: i64, settings: &Settings, faults: &mut Faults) -> Reply {
        *self.tally.requests.entry(Operation::Fetch).or_default() += 1;
        self.attachments.requests += 1;
        if !request.method.eq_ignore_ascii_case("GET") {
            self.breach("method", "an attachment not by GET");
            return Reply::json(405, r#"{"error":"GET only"}"#).with("allow", "GET");
        }
        let lobby = Lobby { settings, tokens: &self.tokens, now_ms };
        let authorised = may(request, &lobby, &mut self.breaches);
        let leaves = now_ms.saturating_add(i64::try_from(settings.latency_ms).unwrap_or(i64::MAX));
        if let Err(seconds) = self.pace.take(now_ms, settings.budget) {
            self.pace.told(now_ms, leaves, seconds);
            return Reply::json(429, r#"{"error":"over budget"}"#).with("retry-after", seconds.to_string());
        }
        if !authorised {
            return unauthorised();
        }
        let fault = faults.next(self.system, Operation::Fetch, "");
        match fault.as_ref().map(|fault| fault.fault) {
            Some(FaultKind::TooMany429 | FaultKind::Unavailable503) => {
                let (reply, seconds) = fault.map_or_else(|| (unauthorised(), 0), |fault| waiting(&fault, now_ms));
                self.pace.told(now_ms, leaves, seconds);
                return reply;
            }
            Some(kind @ (FaultKind::TokenDies | FaultKind::TokenRefused)) => {
                if kind == FaultKind::TokenDies {
                    self.tokens.kill();
                }
                return unauthorised();
            }
            _ => {}
        }
        let path = percent_decoded(request.plain_path());
        let (reply, from, length) = served(&path, request);
        let status = reply.status;
        let reply = match &fault {
            Some(fault) => dress(reply, fault, request),
            None => reply,
        };
        let left = left(&reply, fault.as_ref());
        if left > 0 && matches!(status, 200 | 206) {
            self.attachments.resumed += u64::from(status == 206);
            self.attachments.note(&path, from, left, length);
        }
        reply
    }
}

fn unauthorised() -> Reply {
    Reply::json(401, r#"{"error_code":"5","message":"Khóa không hợp lệ"}"#)
}

/// Bytes of the true content that left.
fn left(reply: &Reply, fault: Option<&Fault>) -> u64 {
    use FaultKind as K;
    let truly = fault.is_none_or(|fault| matches!(fault.fault, K::Truncated | K::Slow | K::Trickle));
    match (&reply.body, reply.play) {
        _ if !truly => 0,
        (_, Play::CutInBody(count)) => count as u64,
        (ReplyBody::Bytes(bytes) | ReplyBody::Trickle { bytes, .. }, Play::Whole) => bytes.len() as u64,
        _ => 0,
    }
}
