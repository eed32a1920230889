//! The local system behind an address: checks what it gets by the Standard Webhooks scheme with an implementation of its
//! own, and takes each identifier once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use molisa_gateway::model::{Clock as _, ContentHash};
use sha2::{Digest as _, Sha256};

use crate::national::server::{Server, http};
use crate::support::world::Hands;

/// One request that was signed as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub id: String,
    pub time: i64,
    pub signature: String,
    pub body: String,
}

#[derive(Default)]
struct Book {
    keys: Vec<Vec<u8>>,
    /// What to answer next instead of the usual, first the first; after it was taken, or without taking it.
    plan: Vec<(bool, Vec<u8>)>,
    /// What requests with this text in them always get.
    always: Vec<(String, Vec<u8>)>,
    seen: Vec<Seen>,
    unsigned: Vec<String>,
    taken: BTreeMap<String, String>,
}

pub struct Receiver {
    server: Server,
    book: Arc<Mutex<Book>>,
}

impl Receiver {
    /// Knows these keys; its clock is the story's.
    pub fn new(keys: &[&[u8]], hands: &Arc<Hands>) -> Self {
        let book = Arc::new(Mutex::new(Book { keys: keys.iter().map(|k| k.to_vec()).collect(), ..Book::default() }));
        let (inside, hands) = (Arc::clone(&book), Arc::clone(hands));
        let server = Server::plain(move |request, wire| {
            let request = String::from_utf8_lossy(request).into_owned();
            let answer = inside.lock().expect("no panic").answer(&request, hands.now().0);
            // An empty answer is a connection that breaks.
            !answer.is_empty() && wire.write_all(&answer).is_ok()
        });
        Self { server, book }
    }

    pub fn url(&self) -> String {
        format!("{}/mot-cua/tiep-nhan?kenh=dvc", self.server.base())
    }

    pub fn knows(&self, keys: &[&[u8]]) {
        self.book.lock().expect("no panic").keys = keys.iter().map(|k| k.to_vec()).collect();
    }

    /// Answers so to the next request that is signed; `takes` it first or not.
    pub fn next(&self, takes: bool, answer: Vec<u8>) {
        self.book.lock().expect("no panic").plan.push((takes, answer));
    }

    /// Answers so to every request with this text in it, and takes none of them.
    pub fn always(&self, text: &str, answer: Vec<u8>) {
        self.book.lock().expect("no panic").always.push((text.to_owned(), answer));
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.book.lock().expect("no panic").seen.clone()
    }

    /// Requests that were not signed as they should be.
    pub fn unsigned(&self) -> Vec<String> {
        self.book.lock().expect("no panic").unsigned.clone()
    }

    /// What was taken: identifier → body.
    pub fn taken(&self) -> BTreeMap<String, String> {
        self.book.lock().expect("no panic").taken.clone()
    }
}

impl Book {
    fn answer(&mut self, request: &str, now: i64) -> Vec<u8> {
        let (head, body) = request.split_once("\r\n\r\n").expect("a whole request");
        if head.starts_with("HEAD ") {
            return http("405 Method Not Allowed", "", b"");
        }
        assert!(head.starts_with("POST /mot-cua/tiep-nhan?kenh=dvc HTTP/1.1\r\n"), "{head}");
        let header = |name: &str| {
            let line = head.lines().find(|l| l.to_lowercase().starts_with(&format!("{name}:")));
            line.and_then(|l| l.split_once(':')).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let (id, time, signature) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
        let signed = format!("{id}.{time}.{body}");
        let fits = |one: &str| {
            let given = one.strip_prefix("v1,").map(unbase64);
            self.keys.iter().any(|key| given.as_deref() == Some(&hmac(key, signed.as_bytes())[..]))
        };
        let seconds: i64 = time.parse().unwrap_or_default();
        if !signature.split(' ').any(fits) || (now / 1000 - seconds).abs() > 300 {
            self.unsigned.push(signature);
            return http("401 Unauthorized", "", b"");
        }
        self.seen.push(Seen { id: id.clone(), time: seconds, signature, body: body.to_owned() });
        if let Some((_, answer)) = self.always.iter().find(|(text, _)| body.contains(text)) {
            return answer.clone();
        }
        let planned = if self.plan.is_empty() { None } else { Some(self.plan.remove(0)) };
        if planned.as_ref().is_none_or(|(takes, _)| *takes) {
            if let Some(before) = self.taken.get(&id) {
                assert_eq!(before, body, "one identifier with two bodies");
                return planned.map_or_else(|| http("409 Conflict", "", b""), |(_, answer)| answer);
            }
            self.taken.insert(id, body.to_owned());
        }
        let number = format!("{{\"ket_qua\":{{\"so\":\"TN-{:03}\"}}}}", self.taken.len());
        planned.map_or_else(|| http("201 Created", "", number.as_bytes()), |(_, answer)| answer)
    }
}

/// RFC 2104, written out.
pub fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |with: u8| block.map(|byte| byte ^ with).to_vec();
    let inner = Sha256::digest([padded(0x36), text.to_vec()].concat());
    Sha256::digest([padded(0x5c), inner.to_vec()].concat()).into()
}

fn unbase64(text: &str) -> Vec<u8> {
    const SIGNS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for sign in text.trim_end_matches('=').chars() {
        bits = bits << 6 | u32::try_from(SIGNS.find(sign).expect("base64")).expect("small");
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).expect("a byte"));
        }
    }
    bytes
}

/// The second test case of RFC 4231.
#[test]
fn the_receivers_own_hash_is_right() {
    let hex = ContentHash(hmac(b"Jefe", b"what do ya want for nothing?")).to_string();
    assert_eq!(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_eq!(unbase64("QmltYXQ="), b"Bimat");
}
