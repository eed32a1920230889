//! A system's session: the token that is held, and how a new one is got once when many want it.
//!
//! The session never touches the wire itself, so that the caller paces and logs token requests like all others:
//! [`Session::pass`] says `None` where a token is needed; the caller takes [`Session::alone`], looks again, exchanges
//! [`Session::token_request`] and hands the answer to [`Session::take`].

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::answer;
use super::auth::{Auth, Filled, Part, TokenCall};
use super::form::{AnswerForm, CodeMeaning, HttpMeaning};
use super::profile::Profile;
use super::wait::Wait;
use super::wire::{Purpose, Reply, WireRequest};
use crate::model::Timestamp;

/// What the operator was given by the system's owner.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The client's id.
    pub id: Option<SecretString>,
    /// The client's secret.
    pub secret: Option<SecretString>,
    /// Further credentials that a profile asks for by `{credential:name}`.
    pub named: BTreeMap<String, SecretString>,
}

impl Credentials {
    fn get(&self, name: &str) -> Option<&SecretString> {
        match name {
            "id" => self.id.as_ref(),
            "secret" => self.secret.as_ref(),
            _ => self.named.get(name),
        }
    }
}

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

/// The headers for one call and the token they carry.
#[derive(Debug, Clone)]
pub struct Pass {
    /// For [`WireRequest::authorized`].
    pub headers: Vec<(String, SecretString)>,
    /// Which token this is; for [`Session::invalidate`].
    pub generation: u64,
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
    credentials: Credentials,
    time_limit: Duration,
    answer_limit: usize,
    state: Mutex<State>,
    fetching: tokio::sync::Mutex<()>,
}

impl Session {
    /// A session with the operator's credentials; refused where the profile asks for one that is not there.
    pub fn new(profile: &Profile, credentials: Credentials) -> Result<Self, SessionError> {
        let mut missing = profile.auth.needs();
        missing.retain(|name| credentials.get(name).is_none_or(|c| c.expose_secret().is_empty()));
        if !missing.is_empty() {
            return Err(SessionError::Missing { system: profile.name.clone(), missing });
        }
        Ok(Self {
            auth: profile.auth.clone(),
            form: profile.answer.clone(),
            credentials,
            time_limit: profile.limits.answer,
            // A token is small; what is larger is none.
            answer_limit: profile.limits.answer_bytes.min(256 * 1024),
            state: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        })
    }

    /// The headers of a call at `now`; `None` where a token must be got first.
    pub fn pass(&self, now: Timestamp) -> Option<Pass> {
        let state = self.state();
        let token = match (&self.auth.token, &state.token) {
            (None, _) => None,
            (Some(_), Some(token)) if now < token.until => Some(&token.value),
            (Some(_), _) => return None,
        };
        let fill = |filled: &Filled| SecretString::from(fill(filled, &self.credentials, token));
        let headers = self.auth.headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
        Some(Pass { headers, generation: state.generation })
    }

    /// Waits until nobody else asks for a token; then look at [`Session::pass`] again, for the one before may have
    /// brought it. Hold the guard until [`Session::take`].
    pub async fn alone(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.fetching.lock().await
    }

    /// The request for a token; `None` where the system knows no tokens.
    pub fn token_request(&self) -> Option<WireRequest> {
        let call = self.auth.token.as_ref()?;
        let fill = |filled: &Filled| fill(filled, &self.credentials, None);
        let form: Vec<String> =
            call.form.iter().map(|(name, value)| format!("{}={}", form_text(name), form_text(&fill(value)))).collect();
        Some(WireRequest {
            purpose: Purpose::Token,
            method: "POST".into(),
            path: call.path.clone(),
            headers: vec![
                ("Content-Type".into(), "application/x-www-form-urlencoded".into()),
                ("Accept".into(), "application/json".into()),
            ],
            credentials: call.headers.iter().map(|(n, v)| (n.clone(), SecretString::from(fill(v)))).collect(),
            body: form.join("&").into_bytes(),
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
        let Some((value, life)) = read_token(call, &reply.body) else {
            // Some platforms answer in their usual form, with HTTP 200.
            let code = answer::read(&self.form, &reply.body).ok().and_then(|answer| answer.code);
            return Err(match code.and_then(|code| self.form.code(&code)) {
                Some(CodeMeaning::Busy) => busy(),
                Some(CodeMeaning::TokenInvalid) => TokenVerdict::Refused(status),
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

/// Token and life of an answer. A token that no header could carry is none.
fn read_token(call: &TokenCall, body: &[u8]) -> Option<(SecretString, Duration)> {
    let body = body.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(body);
    let answer: Value = serde_json::from_slice(body).ok()?;
    let token = answer.get(&call.token)?.as_str()?.trim();
    if token.is_empty() || token.len() > 16 * 1024 || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return None;
    }
    let seconds = match answer.get(&call.expires) {
        Some(Value::Number(n)) => n.as_u64(),
        Some(Value::String(s)) => s.trim().parse().ok(),
        _ => None,
    };
    Some((SecretString::from(token), seconds.map_or(call.life, Duration::from_secs)))
}

fn fill(filled: &Filled, credentials: &Credentials, token: Option<&SecretString>) -> String {
    match filled {
        Filled::Text(parts) => fill_parts(parts, credentials, token),
        Filled::Base64Json(pairs) => {
            let object: serde_json::Map<String, Value> =
                pairs.iter().map(|(n, p)| (n.clone(), fill_parts(p, credentials, token).into())).collect();
            base64(Value::Object(object).to_string().as_bytes())
        }
    }
}

fn fill_parts(parts: &[Part], credentials: &Credentials, token: Option<&SecretString>) -> String {
    let secret = |name: &str| credentials.get(name).map_or("", |s| s.expose_secret());
    let mut out = String::new();
    for part in parts {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Id => out.push_str(secret("id")),
            Part::Secret => out.push_str(secret("secret")),
            Part::Basic => out.push_str(&base64(format!("{}:{}", secret("id"), secret("secret")).as_bytes())),
            Part::Token => out.push_str(token.map_or("", |t| t.expose_secret())),
            Part::Named(name) => out.push_str(secret(name)),
        }
    }
    out
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().enumerate().fold(0usize, |bits, (i, b)| bits | usize::from(*b) << (16 - 8 * i));
        for i in 0..4 {
            out.push(if i <= group.len() { char::from(LETTERS[bits >> (18 - 6 * i) & 63]) } else { '=' });
        }
    }
    out
}

/// A form's text (URL standard, application/x-www-form-urlencoded).
fn form_text(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => out.push(char::from(b)),
            b' ' => out.push('+'),
            _ => drop(write!(out, "%{b:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_standards_examples() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn a_form_hides_nothing() {
        assert_eq!(form_text("a b&c=d+đ"), "a+b%26c%3Dd%2B%C4%91");
    }
}
