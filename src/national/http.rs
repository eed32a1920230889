//! HTTP in earnest: one client for one system, everything about it bounded.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url, tls};
use secrecy::ExposeSecret;

use super::certificate;
use super::client::Renewing;
use super::download::{self, Head, Sink};
use super::tls::classify;
use super::wire::{Cause, Exchange, Reply, Transport, WireError, WireRequest};
use crate::model::Timestamp;

/// A client certificate and its key, as PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, with those between it and its root.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// What the operator configures about the way to a system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportOptions {
    /// The base address, `https://host[:port][/path]`.
    pub base: String,
    /// A PEM file with the roots of a private issuer, beside those of the machine.
    pub extra_ca: Option<PathBuf>,
    /// A client certificate.
    pub identity: Option<Identity>,
    /// An HTTP proxy; none unless configured, whatever the environment says.
    pub proxy: Option<String>,
    /// The most connections kept open while idle.
    pub idle_connections: usize,
    /// To make a connection; from the profile's limits.
    pub connect: Duration,
}

impl TransportOptions {
    /// A plain way to `base`.
    pub fn new(base: impl Into<String>, connect: Duration) -> Self {
        Self { base: base.into(), extra_ca: None, identity: None, proxy: None, idle_connections: 8, connect }
    }
}

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The base address is not one.
    #[error("địa chỉ {base:?} không dùng được: {why} / not a base address: https://host[:port][/path]")]
    Base {
        /// The address, credentials taken out.
        base: String,
        /// What is wrong.
        why: &'static str,
    },
    /// A file cannot be read.
    #[error("không đọc được {file} / cannot be read: {source}", file = .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{file} không phải {what} dạng PEM / does not hold it as PEM", file = .file.display())]
    Pem {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// The client itself.
    #[error("không dựng được kết nối HTTP / the HTTP client cannot be built: {0}")]
    Client(reqwest::Error),
}

/// One system's HTTP client.
#[derive(Debug)]
pub struct HttpTransport {
    client: Renewing,
    base: String,
    /// The base without its path.
    host: String,
    encrypted: bool,
    /// Until when the server's certificate is valid, in milliseconds, as it was seen last; 0 for never.
    until: AtomicI64,
}

impl HttpTransport {
    /// Builds the client; files that change later are read again.
    pub fn open(options: &TransportOptions) -> Result<Self, TransportError> {
        let url = base(&options.base)?;
        let encrypted = url.scheme() == "https";
        let client = Renewing::open(options, encrypted)?;
        let host = url.origin().ascii_serialization();
        let (base, until) = (url.as_str().trim_end_matches('/').to_owned(), AtomicI64::new(0));
        Ok(Self { client, base, host, encrypted, until })
    }

    /// Whether what is said is hidden from others on the way.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    async fn begin(&self, request: WireRequest) -> Result<reqwest::Response, WireError> {
        let base = if request.from_host { &self.host } else { &self.base };
        let url = Url::parse(&format!("{base}{}", request.path)).map_err(|_| malformed("path"))?;
        let method = Method::from_bytes(request.method.as_bytes()).map_err(|_| malformed("method"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            headers.insert(header_name(name)?, HeaderValue::from_str(value).map_err(|_| malformed(name))?);
        }
        for (name, value) in &request.credentials {
            let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| malformed(name))?;
            value.set_sensitive(true);
            headers.insert(header_name(name)?, value);
        }
        let answer = self
            .client
            .get()
            .request(method, url)
            .headers(headers)
            .timeout(request.time_limit)
            .body(request.body)
            .send()
            .await
            .map_err(|e| failed(&e))?;
        if let Some(until) = certificate_until(&answer) {
            self.until.store(until.0, Ordering::Relaxed);
        }
        Ok(answer)
    }

    async fn send(&self, request: WireRequest) -> Result<Reply, WireError> {
        let limit = request.answer_limit;
        let answer = self.begin(request).await?;
        whole(answer, limit).await
    }

    async fn fetch(&self, request: WireRequest, sink: &mut dyn Sink) -> Result<Reply, WireError> {
        let limit = request.answer_limit;
        let mut answer = self.begin(request).await?;
        let reply = head(&answer);
        if !reply.is_content() {
            return words(answer, limit.min(download::MOST_WORDS)).await;
        }
        sink.begin(&Head::of(&reply, answer.content_length()))?;
        let mut taken = 0;
        while let Some(chunk) = answer.chunk().await.map_err(|e| failed(&e))? {
            taken += chunk.len();
            if taken > limit {
                return Err(WireError::TooLarge { status: reply.status, limit });
            }
            sink.take(&chunk)?;
        }
        Ok(reply)
    }
}

impl Transport for HttpTransport {
    fn exchange(&self, request: WireRequest) -> Exchange<'_> {
        Box::pin(self.send(request))
    }

    fn download<'a>(&'a self, request: WireRequest, sink: &'a mut dyn Sink) -> Exchange<'a> {
        Box::pin(self.fetch(request, sink))
    }

    fn certificate_until(&self) -> Option<Timestamp> {
        Some(Timestamp(self.until.load(Ordering::Relaxed))).filter(|until| until.0 > 0)
    }
}

/// The beginning of an answer that came in the place of a file: its status says what it is, however long it goes on.
async fn words(mut answer: reqwest::Response, limit: usize) -> Result<Reply, WireError> {
    let mut reply = head(&answer);
    while reply.body.len() < limit {
        let Some(chunk) = answer.chunk().await.map_err(|e| failed(&e))? else { break };
        reply.body.extend_from_slice(&chunk[..chunk.len().min(limit - reply.body.len())]);
    }
    Ok(reply)
}

/// The rest of an answer. The bytes are counted as they are unpacked: neither size told nor compression can fill the
/// memory.
async fn whole(mut answer: reqwest::Response, limit: usize) -> Result<Reply, WireError> {
    let mut reply = head(&answer);
    while let Some(chunk) = answer.chunk().await.map_err(|e| failed(&e))? {
        if reply.body.len() + chunk.len() > limit {
            return Err(WireError::TooLarge { status: reply.status, limit });
        }
        reply.body.extend_from_slice(&chunk);
    }
    Ok(reply)
}

fn head(answer: &reqwest::Response) -> Reply {
    let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    Reply {
        status: answer.status().as_u16(),
        retry_after: header("retry-after"),
        date: header("date"),
        content_type: header("content-type"),
        content_range: header("content-range"),
        etag: header("etag"),
        certificate_until: certificate_until(answer),
        body: Vec::new(),
    }
}

fn certificate_until(answer: &reqwest::Response) -> Option<Timestamp> {
    let shown = answer.extensions().get::<tls::TlsInfo>().and_then(tls::TlsInfo::peer_certificate);
    shown.and_then(certificate::valid_until)
}

fn failed(error: &reqwest::Error) -> WireError {
    if error.is_builder() {
        return malformed("request");
    }
    classify(error, error.is_connect(), error.is_timeout())
}

fn malformed(what: &str) -> WireError {
    let why = format!("yêu cầu HTTP không hợp lệ ở {what} / HTTP does not allow this {what}");
    WireError::NotSent { cause: Cause::Request, why }
}

fn header_name(name: &str) -> Result<HeaderName, WireError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed(name))
}

/// A base address: no credentials, no question, no fragment.
fn base(text: &str) -> Result<Url, TransportError> {
    let wrong = |why| TransportError::Base { base: text.split('@').next_back().unwrap_or_default().to_owned(), why };
    let url = Url::parse(text.trim()).map_err(|_| wrong("không phải địa chỉ"))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() {
        return Err(wrong("phải là https://… (hoặc http://…)"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("không để tên và mật khẩu trong địa chỉ"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("không để ? hoặc # trong địa chỉ"));
    }
    Ok(url)
}
