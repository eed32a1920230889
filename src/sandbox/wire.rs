//! What comes in and what goes out, with the conduct that only a network can show.

/// One HTTP request, wholly read.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// `POST`, `GET`.
    pub method: String,
    /// Path with its query.
    pub path: String,
    /// Header fields as they came.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// When its first bytes came, where that is earlier than when it is handled: a long body takes its time.
    pub arrived_ms: Option<i64>,
}

impl Request {
    /// A `POST` of a body with a bearer token (an empty token sends none).
    pub fn post(path: &str, token: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        if !token.is_empty() {
            headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        }
        Self { method: "POST".to_owned(), path: path.to_owned(), headers, body: body.into(), arrived_ms: None }
    }

    /// The first header field of that name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The path without its query.
    pub(super) fn plain_path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// A parameter of the query, percent-decoded.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let query = self.path.split_once('?')?.1;
        query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name).then(|| percent_decoded(value))
        })
    }
}

/// `%41` → `A`, `+` → blank; what is not an escape stays as it is.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escape = if first == b'%' { after.get(..2) } else { None };
        let byte =
            escape.and_then(|two| std::str::from_utf8(two).ok()).and_then(|two| u8::from_str_radix(two, 16).ok());
        rest = if byte.is_some() { &after[2..] } else { after };
        bytes.push(byte.unwrap_or(if first == b'+' { b' ' } else { first }));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// How the answer reaches, or does not reach, the one who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Play {
    /// Like any answer.
    Whole,
    /// Nothing is ever said; the connection stays until the other side gives up.
    Silent,
    /// The connection ends before a word is said.
    CutBeforeHeaders,
    /// Head with the true length, then the end.
    CutAfterHeaders,
    /// Head with the true length, so many bytes of the body, then the end.
    CutInBody(usize),
}

/// The body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplyBody {
    /// As it is.
    Bytes(Vec<u8>),
    /// `head`, then `unit` so many times, then `tail`: never held in memory.
    Repeated {
        /// First bytes.
        head: Vec<u8>,
        /// What repeats.
        unit: Vec<u8>,
        /// How often.
        times: u64,
        /// Last bytes.
        tail: Vec<u8>,
    },
    /// So many bytes at a time, with a pause before each.
    Trickle {
        /// The whole body.
        bytes: Vec<u8>,
        /// Bytes at a time.
        step: usize,
        /// Pause before each, in milliseconds.
        pause_ms: u64,
    },
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header fields but for length and connection.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: ReplyBody,
    /// Milliseconds to wait before the first byte.
    pub delay_ms: u64,
    /// What the network does to it.
    pub play: Play,
}

impl Reply {
    /// A whole answer with a body of that type.
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: ReplyBody::Bytes(body.into()),
            delay_ms: 0,
            play: Play::Whole,
        }
    }

    /// A whole JSON answer.
    pub(super) fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "application/json; charset=utf-8", body)
    }

    /// Adds a header field.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Sets what the network does to it.
    #[must_use]
    pub(super) fn played(mut self, play: Play) -> Self {
        self.play = play;
        self
    }

    /// The first header field of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body, at most so many bytes of it; for those who call the nation without a network.
    pub fn bytes(&self, limit: usize) -> Vec<u8> {
        let mut bytes = match &self.body {
            ReplyBody::Bytes(bytes) | ReplyBody::Trickle { bytes, .. } => bytes.clone(),
            ReplyBody::Repeated { head, unit, times, tail } => {
                let mut bytes = head.clone();
                let mut left = *times;
                while left > 0 && bytes.len() < limit {
                    bytes.extend_from_slice(unit);
                    left -= 1;
                }
                bytes.extend_from_slice(tail);
                bytes
            }
        };
        bytes.truncate(limit);
        bytes
    }

    /// Length of the whole body in bytes.
    pub(super) fn length(&self) -> u64 {
        let long = |bytes: &[u8]| bytes.len() as u64;
        match &self.body {
            ReplyBody::Bytes(bytes) | ReplyBody::Trickle { bytes, .. } => long(bytes),
            ReplyBody::Repeated { head, unit, times, tail } => {
                long(head).saturating_add(long(unit).saturating_mul(*times)).saturating_add(long(tail))
            }
        }
    }
}
