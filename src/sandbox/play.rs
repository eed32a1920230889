//! Faults played: what is said instead of an answer, or what is made of one.

use super::answer::{Answer, Code};
use super::dates;
use super::faults::{Fault, FaultKind, Operation, RetryAfter};
use super::nation::Nation;
use super::soap;
use super::wire::{Play, Reply, ReplyBody, Request};

const GIB: u64 = 1 << 30;

fn page(status: u16, title: &str) -> Reply {
    let html = format!("<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>");
    Reply::new(status, "text/html; charset=utf-8", html)
}

impl Nation {
    /// What is said when the request was not processed at all.
    pub(super) fn instead(&mut self, fault: &Fault, request: &Request, now_ms: i64) -> Reply {
        use FaultKind as K;
        match fault.fault {
            K::Busy9 => self.say(&Answer::bare(Code::Busy, "Hệ thống đang bận")),
            K::TooMany429 | K::Unavailable503 => self.wait(fault, now_ms),
            K::TokenDies => {
                self.tokens.kill();
                self.say_token_invalid()
            }
            K::TokenRefused if fault.operation == Operation::Token => {
                Reply::json(401, r#"{"error":"invalid_client","error_description":"refused"}"#)
            }
            K::TokenRefused => self.say_token_invalid(),
            _ => dress(page(200, "OK"), fault, request),
        }
    }

    /// Says that one has to wait, and notes it.
    fn wait(&mut self, fault: &Fault, now_ms: i64) -> Reply {
        let (reply, seconds) = waiting(fault, now_ms);
        self.tell_wait(now_ms, seconds);
        reply
    }
}

/// A page with its `Retry-After`, and how many seconds it tells.
pub(super) fn waiting(fault: &Fault, now_ms: i64) -> (Reply, i64) {
    let mut reply = if fault.fault == FaultKind::TooMany429 {
        page(429, "Too Many Requests")
    } else {
        page(503, "Service Unavailable")
    };
    let seconds = fault.seconds;
    let skewed = now_ms.saturating_add(fault.skew_seconds.saturating_mul(1_000));
    let (told, value) = match fault.retry_after {
        RetryAfter::Seconds => (seconds, Some(seconds.to_string())),
        RetryAfter::Date => {
            reply = reply.with("date", dates::http(skewed));
            (seconds, Some(dates::http(skewed.saturating_add(seconds.saturating_mul(1_000)))))
        }
        RetryAfter::Absurd => (315_360_000, Some("315360000".to_owned())),
        RetryAfter::Negative => (0, Some((-seconds.abs()).to_string())),
        RetryAfter::Garbage => (0, Some("in a little while".to_owned())),
        RetryAfter::Missing => (0, None),
    };
    if let Some(value) = value {
        reply = reply.with("retry-after", value);
    }
    (reply, told)
}

/// What becomes of an answer on its way.
pub(super) fn dress(mut reply: Reply, fault: &Fault, request: &Request) -> Reply {
    use FaultKind as K;
    let body = match &reply.body {
        ReplyBody::Bytes(bytes) => bytes.as_slice(),
        _ => &[],
    };
    match fault.fault {
        K::StoredThenSilent => reply.played(Play::Silent),
        K::StoredThenCut | K::CutBefore => reply.played(Play::CutBeforeHeaders),
        K::CutAfterHeaders => reply.played(Play::CutAfterHeaders),
        K::Truncated => {
            let half = body.len() / 2;
            reply.played(Play::CutInBody(half))
        }
        K::Redirect => page(302, "Found").with("location", "/login"),
        K::ServerFault => soap::fault("Server.ServerProxy.NetworkError", "Máy chủ không phản hồi"),
        K::Error500Before | K::Error500After => page(500, "Internal Server Error"),
        K::Error502 => page(502, "Bad Gateway"),
        K::Error504 => page(504, "Gateway Time-out"),
        K::Other4xx => page(fault.status.unwrap_or(404), "Not for you"),
        K::Html200 => page(200, "Đăng nhập"),
        K::Slow => {
            reply.delay_ms = fault.delay_ms.unwrap_or(3_000);
            reply
        }
        K::Trickle => {
            let step = (body.len() / 16).max(1);
            let bytes = body.to_vec();
            reply.body = ReplyBody::Trickle { bytes, step, pause_ms: fault.delay_ms.unwrap_or(200) };
            reply
        }
        K::GzipBomb if accepts_gzip(request) => {
            reply.body = bomb(fault.bytes.unwrap_or(GIB / 2));
            reply.with("content-encoding", "gzip")
        }
        K::Huge | K::GzipBomb => {
            let times = fault.bytes.unwrap_or(GIB) / 4096;
            let [head, tail] = envelope(fault.operation, "[]");
            reply.body = ReplyBody::Repeated { head, unit: vec![b'x'; 4096], times, tail };
            reply
        }
        K::Deep => {
            let depth = usize::try_from(fault.bytes.unwrap_or(100_000)).unwrap_or(100_000);
            let [mut head, rest] = envelope(fault.operation, "");
            let mut tail = vec![b']'; depth];
            // All before the closing braces belongs to the head.
            let closing = rest.iter().position(|byte| *byte == b'}').unwrap_or(rest.len());
            head.extend_from_slice(&rest[..closing]);
            tail.extend_from_slice(&rest[closing..]);
            reply.body = ReplyBody::Repeated { head, unit: vec![b'['], times: depth as u64, tail };
            reply
        }
        K::Malformed => {
            let mut bytes = body.get(..body.len().saturating_sub(1)).unwrap_or_default().to_vec();
            bytes.extend_from_slice(br#","result":[{]"#);
            reply.body = ReplyBody::Bytes(bytes);
            reply
        }
        K::Bom => {
            let mut bytes = vec![0xef, 0xbb, 0xbf];
            bytes.extend_from_slice(body);
            Reply { delay_ms: reply.delay_ms, ..Reply::new(reply.status, "text/plain", bytes) }
        }
        _ => reply,
    }
}

/// An answer of the operation that says done, before and behind what comes into its message.
fn envelope(operation: Operation, result: &str) -> [Vec<u8>; 2] {
    let (before, behind, end) = match operation {
        Operation::Pull => (r#"{"result":{"error_code":"0","message":""#, r#"","data":"#, "}}"),
        // An attachment: bytes of its own kind.
        Operation::Fetch => ("%PDF-1.7\n", "", ""),
        _ => (r#"{"error_code":"0","message":""#, r#"","result":"#, "}"),
    };
    [before.as_bytes().to_vec(), format!("{behind}{result}{end}").into_bytes()]
}

fn accepts_gzip(request: &Request) -> bool {
    request.header("accept-encoding").is_some_and(|codings| codings.to_ascii_lowercase().contains("gzip"))
}

/// Deflate by hand: one block of fixed codes, a first `0`, then copies of 258 bytes. Eight copies are 13 bytes, so the
/// pattern repeats and nothing large is ever held.
fn bomb(bytes: u64) -> ReplyBody {
    let mut head = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut bits = Bits::default();
    bits.push(1, 1); // the last block
    bits.push(0b10, 2); // fixed codes: the number 1, low bit first
    bits.push(0b0110_0000, 8); // the literal '0'
    bits.push(COPY, 13);
    head.extend_from_slice(&bits.bytes);
    let mut unit = Bits::default();
    for _ in 0..8 {
        unit.push(COPY, 13);
    }
    // End of block is seven zero bits; the checksum that follows is never reached by one who bounds what he reads.
    ReplyBody::Repeated { head, unit: unit.bytes, times: bytes / (8 * 258), tail: vec![0; 9] }
}

/// A copy of length 258 (code 285, `11000101`) at distance 1 (code 0, `00000`), first bit first.
const COPY: u32 = 0b1_1000_1010_0000;

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    /// Appends the low `count` bits of `code`, the highest of them first, as Huffman codes go.
    fn push(&mut self, code: u32, count: u32) {
        for at in (0..count).rev() {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if (code >> at) & 1 == 1
                && let Some(last) = self.bytes.last_mut()
            {
                *last |= 1 << (self.used % 8);
            }
            self.used += 1;
        }
    }
}
