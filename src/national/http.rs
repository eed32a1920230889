//! HTTP in earnest: one client for one system, everything about it bounded.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Client, Method, Url, redirect, retry, tls};
use secrecy::ExposeSecret;

use super::certificate;
use super::tls::classify;
use super::wire::{Cause, Exchange, Reply, Transport, WireError, WireRequest};

/// Our name on the wire.
const USER_AGENT: &str = concat!("molisa-gateway/", env!("CARGO_PKG_VERSION"));
/// Shorter than servers usually keep an idle connection, so that we are not the ones to find it closed.
const IDLE: Duration = Duration::from_secs(20);

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
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: Client,
    base: String,
    encrypted: bool,
}

impl HttpTransport {
    /// Builds the client; files are read here, so a renewed certificate needs a new one.
    pub fn open(options: &TransportOptions) -> Result<Self, TransportError> {
        let url = base(&options.base)?;
        let mut builder = Client::builder()
            .user_agent(USER_AGENT)
            .tls_backend_rustls()
            .tls_info(true)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .http1_only()
            .gzip(true)
            .no_proxy()
            .connect_timeout(options.connect)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(options.idle_connections)
            .tcp_nodelay(true);
        let encrypted = url.scheme() == "https";
        let mut roots = Vec::new();
        if let Some(file) = &options.extra_ca {
            roots = Certificate::from_pem_bundle(&bytes(file)?).unwrap_or_default();
            if roots.is_empty() {
                return Err(TransportError::Pem { file: file.clone(), what: "chứng thư gốc (CA)" });
            }
        }
        // Without TLS a machine that has no roots of its own is no hindrance (redirects are never followed).
        builder = if encrypted { builder.tls_certs_merge(roots) } else { builder.tls_certs_only(roots) };
        if let Some(identity) = &options.identity {
            let mut pem = bytes(&identity.certificate)?;
            pem.push(b'\n');
            pem.extend(bytes(&identity.key)?);
            let identity = reqwest::Identity::from_pem(&pem)
                .map_err(|_| TransportError::Pem {
                    file: identity.certificate.clone(), what: "chứng thư và khóa"
                })?;
            builder = builder.identity(identity);
        }
        if let Some(proxy) = &options.proxy {
            // The address may hold a password: it is not shown.
            let proxy = reqwest::Proxy::all(proxy).map_err(|e| TransportError::Client(e.without_url()))?;
            builder = builder.proxy(proxy);
        }
        let client = builder.build().map_err(TransportError::Client)?;
        Ok(Self { client, base: url.as_str().trim_end_matches('/').to_owned(), encrypted })
    }

    /// Whether what is said is hidden from others on the way.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    async fn send(&self, request: WireRequest) -> Result<Reply, WireError> {
        let url = Url::parse(&format!("{}{}", self.base, request.path)).map_err(|_| malformed("path"))?;
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
        let mut answer = self
            .client
            .request(method, url)
            .headers(headers)
            .timeout(request.time_limit)
            .body(request.body)
            .send()
            .await
            .map_err(|e| failed(&e))?;

        let mut reply = head(&answer);
        // The bytes are counted as they are unpacked: neither size told nor compression can fill the memory.
        while let Some(chunk) = answer.chunk().await.map_err(|e| failed(&e))? {
            if reply.body.len() + chunk.len() > request.answer_limit {
                let why = format!(
                    "HTTP {}: câu trả lời dài quá {limit} byte / the answer is longer than {limit} bytes",
                    reply.status,
                    limit = request.answer_limit
                );
                return Err(WireError::Unknown { why });
            }
            reply.body.extend_from_slice(&chunk);
        }
        Ok(reply)
    }
}

impl Transport for HttpTransport {
    fn exchange(&self, request: WireRequest) -> Exchange<'_> {
        Box::pin(self.send(request))
    }
}

fn head(answer: &reqwest::Response) -> Reply {
    let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let certificate = answer.extensions().get::<tls::TlsInfo>().and_then(tls::TlsInfo::peer_certificate);
    Reply {
        status: answer.status().as_u16(),
        retry_after: header("retry-after"),
        date: header("date"),
        content_type: header("content-type"),
        certificate_until: certificate.and_then(certificate::valid_until),
        body: Vec::new(),
    }
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

fn bytes(file: &Path) -> Result<Vec<u8>, TransportError> {
    std::fs::read(file).map_err(|source| TransportError::File { file: file.to_owned(), source })
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
