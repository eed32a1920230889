//! A system's session: the token that is held, and how a new one is got once when many want it.
//!
//! The session never touches the wire itself, so that the caller paces and logs token requests like all others:
//! [`Session::pass`] says `None` where a token is needed; the caller takes [`Session::alone`], looks again, exchanges
//! [`Session::token_request`] and hands the answer to [`Session::take`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::answer;
use super::auth::{Auth, TokenCall};
use super::filled::{Credentials, Filled, Filler, form_text};
use super::form::{AnswerForm, CodeMeaning, HttpMeaning};
use super::profile::Profile;
use super::wait::Wait;
use super::wire::{Purpose, Reply, WireRequest};
use crate::model::Timestamp;

/// Why there can be no session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The profile asks for credentials that the configuration does not have.
    #[error(
        "hệ thống {system}: thiếu thông tin đăng nhập {}, xem [auth] trong system.toml / credentials missing",
        .missing.join(", ")
    )]
    Missing {
        /// The system.
        system: String,
        /// Their names.
        missing: Vec<String>,
    },
}

/// What an answer to a token request means, where it brought no token. Nothing here ever names a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenVerdict {
    /// Id or secret are wrong: a person must look, repeating is of no use.
    #[error("hệ thống không nhận id hoặc secret (HTTP {0}): kiểm tra thông tin đăng nhập / credentials refused")]
    Refused(u16),
    /// Too busy.
    #[error("hệ thống đang bận khi xin token (HTTP {status}) / too busy for a token")]
    Busy {
        /// The HTTP status.
        status: u16,
        /// How long to be silent, where it was told.
        wait: Option<Wait>,
    },
    /// Anything else: try again later.
    #[error("câu trả lời xin token không dùng được (HTTP {0}) / no token in the answer")]
    Unusable(u16),
}

/// What proves who we are in one attempt at a call, and the token it carries.
#[derive(Debug, Clone)]
pub struct Pass {
    /// For [`WireRequest::authorized`].
    pub headers: Vec<(String, SecretString)>,
    /// Which token this is; for [`Session::invalidate`].
    pub generation: u64,
    /// For the placeholders of a body.
    pub(super) filler: Filler,
}

struct Token {
    value: SecretString,
    /// No longer used from here on.
    until: Timestamp,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    generation: u64,
}

/// One system's session, shared by all who speak to it.
pub struct Session {
    auth: Auth,
    form: AnswerForm,
    credentials: Arc<Credentials>,
    time_limit: Duration,
    answer_limit: usize,
    state: Mutex<State>,
    fetching: tokio::sync::Mutex<()>,
}

impl Session {
    /// A session with the operator's credentials; refused where the profile asks for one that is not there.
    pub fn new(profile: &Profile, credentials: Credentials) -> Result<Self, SessionError> {
        let mut missing = profile.needs();
        missing.retain(|name| credentials.get(name).is_none_or(|c| c.expose_secret().is_empty()));
        if !missing.is_empty() {
            return Err(SessionError::Missing { system: profile.name.clone(), missing });
        }
        Ok(Self {
            auth: profile.auth.clone(),
            form: profile.answer.clone(),
            credentials: Arc::new(credentials),
            time_limit: profile.limits.answer,
            // A token is small; what is larger is none.
            answer_limit: profile.limits.answer_bytes.min(256 * 1024),
            state: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        })
    }

    /// What one attempt at a call needs at `now`; `None` where a token must be got first. Each attempt needs its own:
    /// some platforms want the time in it.
    pub fn pass(&self, now: Timestamp) -> Option<Pass> {
        let state = self.state();
        let token = match (&self.auth.token, &state.token) {
            (None, _) => None,
            (Some(_), Some(token)) if now < token.until => Some(token.value.clone()),
            (Some(_), _) => return None,
        };
        let filler = self.filler(token, now);
        let fill = |filled: &Filled| SecretString::from(filler.value(filled));
        let headers = self.auth.headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
        Some(Pass { headers, generation: state.generation, filler })
    }

    fn filler(&self, token: Option<SecretString>, now: Timestamp) -> Filler {
        Filler { credentials: Arc::clone(&self.credentials), token, now, address: self.auth.address.clone() }
    }

    /// Waits until nobody else asks for a token; then look at [`Session::pass`] again, for the one before may have
    /// brought it. Hold the guard until [`Session::take`].
    pub async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.fetching.lock().await
    }

    /// The request for a token; `None` where the system knows no tokens.
    pub fn token_request(&self) -> Option<WireRequest> {
        let call = self.auth.token.as_ref()?;
        // A request for a token carries no time of its own.
        let filler = self.filler(None, Timestamp(0));
        let fields = call.fields.iter().map(|(name, value)| (name, filler.value(value)));
        let (kind, body) = if call.json {
            let object: serde_json::Map<String, Value> = fields.map(|(n, v)| (n.clone(), Value::from(v))).collect();
            ("application/json; charset=utf-8", Value::Object(object).to_string())
        } else {
            let form: Vec<String> = fields.map(|(n, v)| format!("{}={}", form_text(n), form_text(&v))).collect();
            ("application/x-www-form-urlencoded", form.join("&"))
        };
        Some(WireRequest {
            purpose: Purpose::Token,
            method: "POST".into(),
            path: call.path.clone(),
            from_host: false,
            proofs: Vec::new(),
            headers: vec![("Content-Type".into(), kind.into()), ("Accept".into(), "application/json".into())],
            credentials: call.headers.iter().map(|(n, v)| (n.clone(), filler.value(v).into())).collect(),
            body: body.into_bytes(),
            blanks: Vec::new(),
            time_limit: self.time_limit,
            answer_limit: self.answer_limit,
        })
    }

    /// Takes the answer to [`Session::token_request`], which was sent at `now`.
    pub fn take(&self, reply: &Reply, now: Timestamp) -> Result<(), TokenVerdict> {
        let Some(call) = &self.auth.token else { return Ok(()) };
        let status = reply.status;
        let busy = || TokenVerdict::Busy { status, wait: Wait::of(reply) };
        match (self.form.status(status), status) {
            (HttpMeaning::Read, _) => {}
            (HttpMeaning::Wait, _) => return Err(busy()),
            // RFC 6749, 5.2: 400 with `invalid_client` is the same as 401.
            (HttpMeaning::Token, _) | (HttpMeaning::Unknown, 400 | 403) => return Err(TokenVerdict::Refused(status)),
            _ => return Err(TokenVerdict::Unusable(status)),
        }
        let Some((value, life)) = read_token(call, &self.form, &reply.body) else {
            // Some platforms answer in their usual form, with HTTP 200.
            let code = answer::read(&self.form, &reply.body).ok().and_then(|answer| answer.code);
            return Err(match code.and_then(|code| self.form.code(&code)) {
                Some(CodeMeaning::Busy) => busy(),
                Some(CodeMeaning::TokenInvalid | CodeMeaning::Refused) => TokenVerdict::Refused(status),
                _ => TokenVerdict::Unusable(status),
            });
        };
        let used = life.saturating_sub(call.early.min(life / 2));
        let until = now.plus(i64::try_from(used.as_millis()).unwrap_or(i64::MAX));
        let mut state = self.state();
        state.generation += 1;
        state.token = Some(Token { value, until });
        Ok(())
    }

    /// The nation refused a call that carried this generation's token. A newer token stays: a storm of refusals
    /// causes one refresh.
    pub fn invalidate(&self, generation: u64) {
        let mut state = self.state();
        if state.generation == generation {
            state.token = None;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A poisoned lock holds a whole token or none: both are fine.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Token and life of an answer. A token that no header could carry is none; nor is one beside a code that the profile
/// does not call success.
fn read_token(call: &TokenCall, form: &AnswerForm, body: &[u8]) -> Option<(SecretString, Duration)> {
    let body = body.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(body);
    let answer: Value = serde_json::from_slice(body).ok()?;
    if let Some(field) = &call.code {
        let code = match answer.get(field)? {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        form.code(&code).filter(|meaning| *meaning == CodeMeaning::Accepted)?;
    }
    let token = answer.get(&call.token)?.as_str()?.trim();
    if token.is_empty() || token.len() > 16 * 1024 || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    let seconds = match call.expires.as_ref().and_then(|field| answer.get(field)) {
        Some(Value::Number(n)) => n.as_u64(),
        Some(Value::String(s)) => s.trim().parse().ok(),
        _ => None,
    };
    Some((SecretString::from(token), seconds.map_or(call.life, Duration::from_secs)))
}
