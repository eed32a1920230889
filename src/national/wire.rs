//! What goes on the wire and what comes back, whatever carries it; the seam at which the sandbox stands in tests.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::body::{self, Blank};
use super::download::{self, Sink};
use super::filled::Filled;
use super::{Operation, Pass, filled, soap, wait};
use crate::model::Timestamp;

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// A token is asked for. Body and answer hold secrets: neither is ever logged or stored.
    Token,
    /// One of the profile's operations.
    Operation(Operation),
}

impl Purpose {
    /// The fixed word in exchange log and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Operation(operation) => operation.word(),
        }
    }
}

/// One request, complete but for the base address.
#[derive(Clone)]
pub struct WireRequest {
    /// What it is for.
    pub purpose: Purpose,
    /// The HTTP method.
    pub method: String,
    /// The path below the base address, starting with `/`.
    pub path: String,
    /// Whether the path counts from the host, not from the base address.
    pub from_host: bool,
    /// Headers that may be seen.
    pub headers: Vec<(String, String)>,
    /// Headers of this request alone that prove who we are, not yet filled.
    pub proofs: Vec<(String, Filled)>,
    /// Headers that prove who we are.
    pub credentials: Vec<(String, SecretString)>,
    /// The exact bytes; placeholders stand in them until a session fills them.
    pub body: Vec<u8>,
    /// Where placeholders stand in the body.
    pub blanks: Vec<Blank>,
    /// For the whole exchange, from name look-up to the last byte of the answer.
    pub time_limit: Duration,
    /// The most bytes of an answer, unpacked.
    pub answer_limit: usize,
}

impl WireRequest {
    /// The request with the headers of a session, and with its body's placeholders filled. What is stored, hashed
    /// and logged is the request before.
    #[must_use]
    pub fn authorized(mut self, pass: &Pass) -> Self {
        self.credentials.extend_from_slice(&pass.headers);
        for (name, value) in std::mem::take(&mut self.proofs) {
            // Its own word on who we are goes before what the session says on every call.
            self.credentials.retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
            self.credentials.push((name, SecretString::from(pass.filler.value(&value))));
        }
        if !self.blanks.is_empty() {
            self.body = body::fill(&self.body, &self.blanks, &pass.filler);
            self.blanks.clear();
        }
        for (_, value) in &mut self.credentials {
            if value.expose_secret().contains(filled::EXCHANGE_ID) {
                let id = soap::exchange_id(&self.body);
                *value = SecretString::from(value.expose_secret().replace(filled::EXCHANGE_ID, &id));
            }
        }
        self
    }
}

impl fmt::Debug for WireRequest {
    /// Neither body (people) nor credentials are shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} ({} bytes)", self.purpose.word(), self.method, self.path, self.body.len())
    }
}

/// What came back, whole and within the limits.
#[derive(Clone, Default)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The header `Retry-After` as it came.
    pub retry_after: Option<String>,
    /// The header `Date` as it came.
    pub date: Option<String>,
    /// The header `Content-Type` as it came.
    pub content_type: Option<String>,
    /// The header `Content-Range` as it came.
    pub content_range: Option<String>,
    /// The header `ETag` as it came.
    pub etag: Option<String>,
    /// Until when the server's TLS certificate is valid, where there was one.
    pub certificate_until: Option<Timestamp>,
    /// The body, unpacked.
    pub body: Vec<u8>,
}

impl Reply {
    /// What the server's clock showed, to the second.
    pub fn server_time(&self) -> Option<Timestamp> {
        wait::date(self.date.as_deref()?.trim())
    }
}

impl fmt::Debug for Reply {
    /// The body is not shown: it names people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {} ({} bytes)", self.status, self.body.len())
    }
}

/// Why nothing went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The request cannot be made at all: a header or an address that HTTP does not allow.
    Request,
    /// The host's name is not known.
    Name,
    /// No connection: refused, no route, or no answer in time.
    Connect,
    /// The two ends did not agree on TLS: certificates, versions, names.
    Tls,
    /// A file could not be written.
    File,
}

impl Cause {
    /// The fixed word in exchange log and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Name => "name",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::File => "file",
        }
    }
}

/// An exchange without an answer. The texts never hold bodies, credentials or personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Surely nothing of the request reached the other end.
    #[error("{why}")]
    NotSent {
        /// At which step it ended.
        cause: Cause,
        /// What happened and what to do.
        why: String,
    },
    /// The answer is longer than the request allows; what it says is unknown.
    #[error("HTTP {status}: câu trả lời dài quá {limit} byte / the answer is longer than {limit} bytes")]
    TooLarge {
        /// Its status.
        status: u16,
        /// The limit.
        limit: usize,
    },
    /// The one for whom the bytes were does not take them.
    #[error("{why}")]
    Declined {
        /// Why.
        why: String,
    },
    /// The request may have arrived; what became of it is unknown.
    #[error("{why}")]
    Unknown {
        /// What happened.
        why: String,
    },
}

/// What [`Transport::exchange`] returns.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Reply, WireError>> + Send + 'a>>;

/// Carries one request to the system and its answer back: HTTP in earnest, the sandbox in tests.
pub trait Transport: Send + Sync {
    /// One exchange; no repetition, no redirect followed.
    fn exchange(&self, request: WireRequest) -> Exchange<'_>;

    /// One exchange whose content, if it is a file, goes to the sink as it comes; the reply is then without a body.
    fn download<'a>(&'a self, request: WireRequest, sink: &'a mut dyn Sink) -> Exchange<'a> {
        Box::pin(async move { download::deliver(self.exchange(request).await?, sink) })
    }

    /// Until when the other end's certificate is valid, as it was seen last by this process.
    fn certificate_until(&self) -> Option<Timestamp> {
        None
    }
}
