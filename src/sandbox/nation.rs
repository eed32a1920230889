//! The nation: what it is set to, what it holds, and the way of a request through it.

use std::collections::{BTreeMap, HashMap};

use super::answer::{Answer, Code};
use super::book::{Book, Knowledge};
use super::breach::Breaches;
use super::dates;
use super::entity::kinds;
use super::faults::{Fault, FaultKind, Faults, Operation, System};
use super::lookup::Asked;
use super::pace::Pace;
use super::parse::Lookup;
use super::play::dress;
use super::portal::{Door, Portals};
use super::send::Sent;
use super::token::{Tokens, basic};
use super::wire::{Reply, Request, percent_decoded};
use super::words::{Route, Words};

/// How the nation is set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Client key that may get a token.
    pub key: String,
    /// Its secret.
    pub secret: String,
    /// Life of a token in seconds.
    pub token_life: i64,
    /// Requests a minute; above it 429. None: no bound.
    pub budget: Option<u32>,
    /// Added to every answer, in milliseconds.
    pub latency_ms: u64,
    /// Requests that come so soon after a `Retry-After` was told count as on the wire already, in milliseconds.
    pub grace_ms: i64,
    /// By how much `ThoiGianGui` of a new batch may lie before the newest stored one, in seconds: a batch that was
    /// formed first may be overtaken before its first attempt, by as much as the longest wait. Zero where batches are
    /// sent one after the other. A record that goes back is a breach whatever this says.
    pub overtaking_seconds: i64,
    /// By how much the nation's `Date` is off, in seconds.
    pub skew_seconds: i64,
    /// Whether counts offer `MaKiemTra`.
    pub checksums: bool,
    /// dvcqg: who may get a session.
    pub dvcqg_user: String,
    /// With which password.
    pub dvcqg_password: String,
    /// The agency in the header `dstcode`; empty: any.
    pub dstcode: String,
    /// dvcbtxh: the key in every body.
    pub accept_key: String,
    /// dvcbtxh: who may get a token for the pull.
    pub dvcbtxh_user: String,
    /// With which password.
    pub dvcbtxh_password: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            key: "sandbox".to_owned(),
            secret: "sandbox".to_owned(),
            token_life: 3_600,
            budget: None,
            latency_ms: 0,
            grace_ms: 250,
            overtaking_seconds: 3_720,
            skew_seconds: 0,
            checksums: true,
            dvcqg_user: "sandbox".to_owned(),
            dvcqg_password: "sandbox".to_owned(),
            dstcode: String::new(),
            accept_key: "sandbox".to_owned(),
            dvcbtxh_user: "sandbox".to_owned(),
            dvcbtxh_password: "sandbox".to_owned(),
        }
    }
}

/// What was counted of the effects and requests.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub effects: u64,
    pub repeated: u64,
    pub out_of_order: u64,
    pub batches: u64,
    pub batches_again: u64,
    pub requests: BTreeMap<Operation, u64>,
    pub other_requests: u64,
    /// Records that were changed by the side door, by what was done to them.
    pub tampered: BTreeMap<&'static str, u64>,
    /// Answers `5`, which take turns between 401 and 200.
    pub token_refusals: u64,
    /// Batches refused for poison, every second of which names the record.
    pub poisoned: u64,
}

/// The national side.
#[derive(Debug)]
pub struct Nation {
    pub(super) settings: Settings,
    pub(super) words: Words,
    /// By entity, as the books.
    pub(super) lookups: Vec<Lookup>,
    routes: HashMap<String, Route>,
    /// One an entity: references of different entities are apart.
    pub(super) books: Vec<Book>,
    /// `ThoiGianGui` of the newest batch stored, of whatever entity.
    pub(super) newest: u64,
    pub(super) breaches: Breaches,
    pub(super) tally: Tally,
    pub(super) tokens: Tokens,
    pub(super) pace: Pace,
    pub(super) faults: Faults,
    pub(super) portals: Portals,
    /// Exchanges of the SOAP form by `X-Road-Id`, with what was sent.
    pub(super) exchanges: HashMap<u128, u128>,
}

impl Default for Nation {
    fn default() -> Self {
        Self::new(Settings::default(), Words::default())
    }
}

/// What an operation said.
enum Said {
    Answer(Answer),
    Plain(Reply),
}

/// What came, read as far as its operation needs.
enum Came<'a> {
    Sent(Sent<'a>),
    Asked(Asked),
    Other,
}

impl Nation {
    /// A nation that knows nobody yet.
    pub fn new(settings: Settings, words: Words) -> Self {
        Self {
            lookups: Lookup::all(&words),
            routes: words.routes().into_iter().collect(),
            settings,
            words,
            books: kinds().iter().map(Book::new).collect(),
            newest: 0,
            breaches: Breaches::default(),
            tally: Tally::default(),
            tokens: Tokens::default(),
            pace: Pace::default(),
            faults: Faults::default(),
            portals: Portals::default(),
            exchanges: HashMap::new(),
        }
    }

    /// Answers one request. `now_ms` is the nation's time, milliseconds since 1970.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Reply {
        let path = request.plain_path();
        if path.starts_with("/_sandbox/") {
            return self.control(request, now_ms);
        }
        let mut reply = if let Some(&route) = self.routes.get(path) {
            self.meet(route, request, None, now_ms)
        } else if path == self.words.paths.xroad {
            self.exchange(request, now_ms)
        } else if let Some(door) = Door::of(path) {
            self.visit(door, request, now_ms)
        } else {
            self.tally.other_requests += 1;
            self.breaches.add("path", || "an address that the system does not have".to_owned());
            Reply::json(404, r#"{"error":"not found"}"#)
        };
        reply.delay_ms = reply.delay_ms.saturating_add(self.settings.latency_ms);
        if reply.header("date").is_none() {
            let skewed = now_ms.saturating_add(self.settings.skew_seconds.saturating_mul(1_000));
            reply = reply.with("date", dates::http(skewed));
        }
        reply
    }

    /// Answers a request whose body was too large to be read.
    pub fn oversized(&mut self, path: &str) -> Reply {
        let path = path.split('?').next().unwrap_or_default();
        if let Some(&(operation, _)) = self.routes.get(path) {
            *self.tally.requests.entry(operation).or_default() += 1;
        }
        if let Some(portal) = Door::of(path).and_then(|door| self.portals.of(door.system())) {
            portal.oversized();
            return Reply::json(413, r#"{"error":"too large"}"#);
        }
        self.breaches.add("envelope", || "a body far beyond 5,000,000 bytes".to_owned());
        Reply::json(413, r#"{"error":"too large"}"#)
    }

    /// `soap` are the bytes that came, where the request was made of them.
    pub(super) fn meet(&mut self, route: Route, request: &Request, soap: Option<&[u8]>, now_ms: i64) -> Reply {
        let (operation, kind) = route;
        *self.tally.requests.entry(operation).or_default() += 1;
        if self.pace.broken(request.arrived_ms.unwrap_or(now_ms), self.settings.grace_ms) {
            self.breaches.add("retry-after", || format!("{operation:?} before the end of a Retry-After"));
        }
        if !request.method.eq_ignore_ascii_case("POST") {
            self.breaches.add("method", || format!("{operation:?} not by POST"));
            return Reply::json(405, r#"{"error":"POST only"}"#).with("allow", "POST");
        }
        let came = match operation {
            Operation::Send => Came::Sent(self.receive(kind, &request.body, soap)),
            Operation::Ask => Came::Asked(self.asked(kind, &request.body)),
            _ => Came::Other,
        };
        if let Err(seconds) = self.pace.take(now_ms, self.settings.budget) {
            self.tell_wait(now_ms, seconds);
            return Reply::json(429, r#"{"error":"over budget"}"#).with("retry-after", seconds.to_string());
        }
        // The security server knows its client by certificate.
        if soap.is_none() && operation != Operation::Token && !self.may(request, now_ms) {
            return self.say_token_invalid();
        }
        let Some(fault) = self.faults.next(System::Misposasoft, operation, self.books[kind].kind.entity.name) else {
            let said = self.process(route, request, &came, None, now_ms);
            return self.conclude(&came, said, None, request, soap.is_some());
        };
        if !fault.processes() {
            if let (Came::Sent(sent), false) = (&came, fault.tells()) {
                self.leave_unknown(sent);
            }
            return self.instead(&fault, request, now_ms);
        }
        let said = self.process(route, request, &came, Some(&fault), now_ms);
        self.conclude(&came, said, Some(&fault), request, soap.is_some())
    }

    fn process(
        &mut self,
        (operation, kind): Route,
        request: &Request,
        came: &Came<'_>,
        fault: Option<&Fault>,
        now_ms: i64,
    ) -> Said {
        // A batch that is stored stays answered: `-1` would invite its records to come again under another key.
        let is_stored = matches!(came, Came::Sent(sent) if self.is_stored(sent));
        if !is_stored && fault.is_some_and(|fault| fault.fault == FaultKind::MinusOne) {
            return Said::Answer(Answer::bare(Code::Malformed, "Gói tin không hợp lệ"));
        }
        match (operation, came) {
            (Operation::Token, _) => Said::Plain(self.give_token(request, now_ms)),
            (Operation::Count, _) => Said::Answer(self.count(kind, &request.body)),
            (Operation::List, _) => Said::Answer(self.list(kind, &request.body, fault)),
            (_, Came::Sent(sent)) => Said::Answer(self.store(sent, fault, now_ms)),
            (_, Came::Asked(asked)) => Said::Answer(self.stored(asked)),
            (_, Came::Other) => Said::Answer(Answer::bare(Code::Malformed, "")),
        }
    }

    /// Says what was found, as the fault makes it, and notes what the other side can know now.
    fn conclude(&mut self, came: &Came<'_>, said: Said, fault: Option<&Fault>, request: &Request, soap: bool) -> Reply {
        let reply = match said {
            Said::Plain(reply) => reply,
            Said::Answer(mut answer) => {
                let dark = fault.map(|fault| answer.distort(fault.fault)).unwrap_or_default();
                let tells = fault.is_none_or(Fault::tells);
                match came {
                    Came::Sent(sent) => self.settle_sent(sent, &answer, tells, dark),
                    Came::Asked(asked) if tells => self.settle_asked(asked, &answer, &dark),
                    _ => {}
                }
                let numbers = fault.is_some_and(|fault| fault.fault == FaultKind::Numbers);
                let kind = match came {
                    Came::Sent(sent) => sent.kind,
                    Came::Asked(asked) => asked.kind,
                    Came::Other => 0,
                };
                answer.say(&self.words, &self.books[kind], numbers)
            }
        };
        let reply = if soap { self.in_xml(reply, matches!(came, Came::Sent(_))) } else { reply };
        match fault {
            Some(fault) => dress(reply, fault, request),
            None => reply,
        }
    }

    /// Whether the request carries a token that lives.
    fn may(&mut self, request: &Request, now_ms: i64) -> bool {
        let token = request.header("authorization").and_then(|given| {
            let (scheme, token) = given.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        if token.is_none() {
            self.breaches.add("token", || "a call without a bearer token".to_owned());
        }
        token.is_some_and(|token| self.tokens.lives(token, now_ms))
    }

    /// `5`: with 401 and with 200 in turn, for both occur.
    pub(super) fn say_token_invalid(&mut self) -> Reply {
        self.tally.token_refusals += 1;
        let mut reply = self.say(&Answer::bare(Code::Token, "Token không hợp lệ hoặc đã hết hạn"));
        if self.tally.token_refusals % 2 == 1 {
            reply.status = 401;
        }
        reply
    }

    pub(super) fn say(&self, answer: &Answer) -> Reply {
        // No results, so of no entity.
        answer.say(&self.words, &self.books[0], false)
    }

    /// Notes a `Retry-After`; what is on the wire until the answer arrives is no breach.
    pub(super) fn tell_wait(&mut self, now_ms: i64, seconds: i64) {
        let latency = i64::try_from(self.settings.latency_ms).unwrap_or(i64::MAX);
        self.pace.told(now_ms, now_ms.saturating_add(latency), seconds);
    }

    fn give_token(&mut self, request: &Request, now_ms: i64) -> Reply {
        let pair = request.header("authorization").and_then(basic);
        if pair.as_deref() != Some(format!("{}:{}", self.settings.key, self.settings.secret).as_str()) {
            return Reply::json(401, r#"{"error":"invalid_client"}"#);
        }
        let form = String::from_utf8_lossy(&request.body);
        let grant = form.split('&').find_map(|pair| pair.strip_prefix("grant_type=")).map(percent_decoded);
        if grant.as_deref() != Some("client_credentials") {
            self.breaches.add("token", || "grant_type is not client_credentials".to_owned());
            return Reply::json(400, r#"{"error":"unsupported_grant_type"}"#);
        }
        let life = self.settings.token_life;
        let token = self.tokens.make(now_ms, now_ms.saturating_add(life.saturating_mul(1_000)));
        let body =
            serde_json::json!({"access_token": token, "token_type": "Bearer", "expires_in": life, "scope": "default"});
        Reply::json(200, body.to_string())
    }

    /// Whether a batch of another entity has this key.
    pub(super) fn is_elsewhere(&self, kind: usize, key: &str) -> bool {
        self.books.iter().any(|book| book.kind.number != kind && book.keys.contains_key(key))
    }

    /// The outcome of this attempt cannot be known without asking.
    pub(super) fn leave_unknown(&mut self, sent: &Sent<'_>) {
        if let Some(batch) = sent.batch
            && sent.same_bytes
        {
            self.books[sent.kind].batch(batch).knowledge = Knowledge::Unknown;
        }
    }
}
