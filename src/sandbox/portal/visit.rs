//! The way of a request through a portal.

use xxhash_rust::xxh3::xxh3_128;

use super::files::{Entry, Mode};
use super::json::Json;
use super::said::{BUSY, Said, listed, not_authorised};
use super::table::Table;
use super::{Ask, Call, DOSSIERS, Door, Portal, dvcbtxh, dvcqg, moves, pull};
use crate::sandbox::answer::text;
use crate::sandbox::control::Rule;
use crate::sandbox::dates;
use crate::sandbox::faults::{Fault, FaultKind, Faults, System};
use crate::sandbox::form::untidy;
use crate::sandbox::nation::{Nation, Settings};
use crate::sandbox::play::{dress, waiting};
use crate::sandbox::token::Tokens;
use crate::sandbox::wire::{Reply, Request};

/// What a request is read against.
pub(super) struct Lobby<'l> {
    pub settings: &'l Settings,
    pub tokens: &'l Tokens,
    pub now_ms: i64,
}

/// A text that is not empty and tidy.
pub(super) fn tidy(text: &str) -> bool {
    !text.is_empty() && untidy(text).is_none()
}

/// `{"username","password"}`, nothing else.
pub(super) fn credentials(body: &[u8]) -> Result<(String, String), String> {
    let body = Json::read(body)?;
    let (user, password) = (body.text_of("username"), body.text_of("password"));
    if body.has_other_than(&["username", "password"]) || !tidy(user) || !tidy(password) {
        return Err("not username and password".to_owned());
    }
    Ok((user.to_owned(), password.to_owned()))
}

/// A record that was judged, as it is kept.
pub(super) fn entry(table: &Table, record: &Json) -> Entry {
    let mut canonical = record.clone();
    if let Json::Object(pairs) = &mut canonical {
        pairs.sort_by(|one, other| one.0.cmp(&other.0));
    }
    let mut bytes = Vec::new();
    canonical.write(&mut bytes);
    Entry {
        number: record.text_of("MaHoSo").to_owned(),
        status: moves::status(record.text_of(table.status)).unwrap_or_default(),
        at: table.time_of(record),
        print: xxh3_128(&bytes),
        record: record.clone(),
    }
}

impl Nation {
    /// Answers a request to a portal.
    pub(in crate::sandbox) fn visit(&mut self, door: Door, request: &Request, now_ms: i64) -> Reply {
        let Self { settings, faults, portals, .. } = self;
        match portals.of(door.system()) {
            Some(portal) => portal.visit(door, request, now_ms, settings, faults),
            None => Reply::json(404, r#"{"error":"not found"}"#),
        }
    }
}

impl Portal {
    fn visit(&mut self, door: Door, request: &Request, now_ms: i64, settings: &Settings, faults: &mut Faults) -> Reply {
        if self.pace.broken(request.arrived_ms.unwrap_or(now_ms), settings.grace_ms) {
            self.breach("retry-after", "a call before the end of a Retry-After");
        }
        if door == Door::Attachment {
            return self.fetch(request, now_ms, settings, faults);
        }
        if !request.method.eq_ignore_ascii_case("POST") {
            self.breach("method", "a call not by POST");
            return Reply::json(405, r#"{"error":"POST only"}"#).with("allow", "POST");
        }
        let lobby = Lobby { settings, tokens: &self.tokens, now_ms };
        let call = match door {
            Door::Login => dvcqg::login(request, &lobby, &mut self.breaches),
            Door::Integration => dvcqg::integration(request, &lobby, &mut self.breaches),
            Door::Pull => pull::call(request, &lobby, &mut self.breaches),
            _ => dvcbtxh::call(door, request, &lobby, &mut self.breaches),
        };
        *self.tally.requests.entry(call.operation).or_default() += 1;
        let bytes = xxh3_128(&request.body);
        if call.authorised {
            self.follow(&call, bytes);
        }
        let latency = i64::try_from(settings.latency_ms).unwrap_or(i64::MAX);
        if let Err(seconds) = self.pace.take(now_ms, settings.budget) {
            self.pace.told(now_ms, now_ms.saturating_add(latency), seconds);
            return Reply::json(429, r#"{"error":"over budget"}"#).with("retry-after", seconds.to_string());
        }
        if !call.authorised {
            return self.say(call.operation, &not_authorised(), false);
        }
        let Some(fault) = faults.next(self.system, call.operation, call.entity) else {
            let said = self.process(&call, None, now_ms, settings);
            self.note(&call, bytes, true, &said);
            return self.say(call.operation, &said, false);
        };
        if !fault.processes() {
            if !fault.tells() {
                self.note(&call, bytes, false, &not_authorised());
            }
            let (reply, told) = self.instead(&fault, request, now_ms);
            if let Some(seconds) = told {
                self.pace.told(now_ms, now_ms.saturating_add(latency), seconds);
            }
            return reply;
        }
        let said = self.process(&call, Some(&fault), now_ms, settings);
        self.note(&call, bytes, fault.tells(), &said);
        let reply = self.say(call.operation, &said, fault.fault == FaultKind::Numbers);
        dress(reply, &fault, request)
    }

    pub(super) fn breach(&mut self, kind: &'static str, what: &str) {
        let system = self.name();
        self.breaches.add(kind, || format!("{system} {what}"));
    }

    pub(super) fn name(&self) -> &'static str {
        match self.system {
            System::Dvcqg => "dvcqg",
            _ => "dvcbtxh",
        }
    }

    /// After an outcome that cannot be known: dvcqg is asked about a dossier, dvcbtxh is sent the same bytes.
    fn follow(&mut self, call: &Call, bytes: u128) {
        let open = call.entries().iter().filter_map(|entry| self.open.get(&(call.entity, entry.number.clone())));
        let (mut asked, mut same) = (true, true);
        for before in open {
            asked &= self.system != System::Dvcqg;
            same &= *before == bytes;
        }
        if !asked {
            self.breach("not-asked", "a dossier of unknown outcome was sent again, not looked up before");
        } else if !same {
            self.breach("not-repeated", "after an unknown outcome other bytes than those before");
        }
    }

    /// Notes what the sender can know after this answer.
    fn note(&mut self, call: &Call, bytes: u128, tells: bool, said: &Said) {
        if tells && said.code == BUSY {
            // Nothing is known of what went before.
            return;
        }
        match &call.ask {
            Ask::LookUp(number) if tells => {
                self.open.remove(&(DOSSIERS, number.clone()));
                self.files.told(number);
            }
            // Progress of dvcqg is simply sent again.
            Ask::Steps(_) if self.system == System::Dvcqg => {}
            _ => {
                for entry in call.entries() {
                    let place = (call.entity, entry.number.clone());
                    if tells {
                        self.open.remove(&place);
                    } else {
                        self.open.insert(place, bytes);
                    }
                }
            }
        }
    }

    /// What is said when the call was not processed at all, and the seconds of a wait.
    fn instead(&mut self, fault: &Fault, request: &Request, now_ms: i64) -> (Reply, Option<i64>) {
        use FaultKind as K;
        let reply = match fault.fault {
            K::Busy9 => self.say(fault.operation, &Said::new(BUSY, "Hệ thống đang bận"), false),
            K::TooMany429 | K::Unavailable503 => {
                let (reply, seconds) = waiting(fault, now_ms);
                return (reply, Some(seconds));
            }
            K::TokenDies => {
                self.tokens.kill();
                self.say(fault.operation, &not_authorised(), false)
            }
            K::TokenRefused => self.say(fault.operation, &not_authorised(), false),
            _ => dress(Reply::new(200, "text/html; charset=utf-8", "<html></html>"), fault, request),
        };
        (reply, None)
    }

    fn process(&mut self, call: &Call, fault: Option<&Fault>, now_ms: i64, settings: &Settings) -> Said {
        let tells = fault.is_none_or(Fault::tells);
        let is = |kind| fault.is_some_and(|fault| fault.fault == kind);
        if is(FaultKind::MinusOne) {
            return Said::new("-1", "Dữ liệu không hợp lệ");
        }
        if let Some(said) = self.ruled(call) {
            return said;
        }
        match &call.ask {
            Ask::Nothing(what) => Said::new("-1", format!("Dữ liệu không hợp lệ: {what}")),
            Ask::Enter(false) => not_authorised(),
            Ask::Enter(true) => {
                let life = settings.token_life;
                let token = self.tokens.make(now_ms, now_ms.saturating_add(life.saturating_mul(1_000)));
                let mut quoted = Vec::new();
                text(&mut quoted, &token);
                let mut said = Said::new("0", "");
                said.more = match self.system {
                    System::Dvcqg => vec![("session", quoted)],
                    _ => vec![("access_token", quoted), ("expires_in", life.to_string().into_bytes())],
                };
                said
            }
            Ask::Dossiers(mode, entries) => {
                if let Some(first) = entries.first().filter(|_| *mode == Mode::Create && is(FaultKind::ExistsElsewhere))
                {
                    self.files.seed(&first.number, 1, Json::Object(vec![]));
                }
                if let Some((obstacle, number)) = self.files.against_dossiers(*mode, entries) {
                    return self.refuse(obstacle, number, is(FaultKind::ExistsMinus3));
                }
                let before = self.files.effects.all;
                self.files.write(entries, tells);
                self.echo(entries, before, now_ms);
                Said::new("0", "")
            }
            Ask::Steps(entries) => {
                if let Some((obstacle, number)) = self.files.against_steps(entries) {
                    return self.refuse(obstacle, number, false);
                }
                let before = self.files.effects.all;
                self.files.step(entries, tells);
                self.echo(entries, before, now_ms);
                Said::new("0", "")
            }
            Ask::Pull(span, units) => self.pull(*span, units, fault),
            Ask::LookUp(number) => self.look_up(number),
            Ask::Catalogue(rows) => listed(rows),
        }
    }

    /// Filed applications take over the status of what was accepted from us and changed something.
    fn echo(&mut self, entries: &[Entry], before: u64, now_ms: i64) {
        let now = dates::moment(&dates::wire(now_ms)).unwrap_or_default();
        for entry in entries.iter().filter(|_| self.files.effects.all > before) {
            self.applications.echo(&entry.number, entry.status, now);
        }
    }

    /// What was told to be said of a number.
    fn ruled(&mut self, call: &Call) -> Option<Said> {
        let number =
            call.entries().iter().map(|entry| &entry.number).find(|number| self.rules.contains_key(*number))?;
        match self.rules.get_mut(number)? {
            Rule::Refused { code, text } => Some(Said::new(code, format!("{text}: {number}"))),
            Rule::Poison => Some(Said::new("-1", "Dữ liệu không hợp lệ")),
            Rule::Later { times } => {
                *times = times.saturating_sub(1);
                if *times == 0 {
                    self.rules.remove(number);
                }
                Some(Said::new(BUSY, "Hệ thống đang bận"))
            }
        }
    }
}
