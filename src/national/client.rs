//! The HTTP client of one system, built anew when a file behind it changes: a certificate that was renewed on disk is
//! shown from the next request on, without a restart.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use reqwest::{Certificate, Client, redirect, retry};

use super::http::{TransportError, TransportOptions};

/// Our name on the wire.
const USER_AGENT: &str = concat!("molisa-gateway/", env!("CARGO_PKG_VERSION"));
/// Shorter than servers usually keep an idle connection, so that we are not the ones to find it closed.
const IDLE: Duration = Duration::from_secs(20);

/// How a file stands: enough to notice that another was put in its place.
type Stamp = Vec<Option<(SystemTime, u64)>>;

/// A client, and the files it was built from.
#[derive(Debug)]
pub(super) struct Renewing {
    options: TransportOptions,
    encrypted: bool,
    now: RwLock<Arc<(Client, Stamp)>>,
}

impl Renewing {
    /// Builds it for the first time: what is wrong with the files is told.
    pub(super) fn open(options: &TransportOptions, encrypted: bool) -> Result<Self, TransportError> {
        // Before they are read: a file that changes meanwhile is read again.
        let stamp = stamp(options);
        let client = build(options, encrypted)?;
        Ok(Self { options: options.clone(), encrypted, now: RwLock::new(Arc::new((client, stamp))) })
    }

    /// The client of this moment. Files that cannot be used, as those half written, leave the one before in use.
    pub(super) fn get(&self) -> Client {
        let now = Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner));
        let stamp = stamp(&self.options);
        if stamp == now.1 {
            return now.0.clone();
        }
        let client = match build(&self.options, self.encrypted) {
            Ok(client) => {
                tracing::info!(
                    "chứng thư trên đĩa đã đổi, dùng từ nay / certificates on disk changed: used from now on"
                );
                client
            }
            Err(error) => {
                tracing::warn!(%error, "chứng thư mới trên đĩa chưa dùng được, vẫn dùng cái cũ / the new files cannot be used yet");
                now.0.clone()
            }
        };
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new((client.clone(), stamp));
        client
    }
}

fn files(options: &TransportOptions) -> impl Iterator<Item = &PathBuf> {
    let identity = options.identity.iter().flat_map(|identity| [&identity.certificate, &identity.key]);
    options.extra_ca.iter().chain(identity)
}

fn stamp(options: &TransportOptions) -> Stamp {
    let of = |file: &PathBuf| {
        let found = std::fs::metadata(file).ok()?;
        Some((found.modified().ok()?, found.len()))
    };
    files(options).map(of).collect()
}

fn build(options: &TransportOptions, encrypted: bool) -> Result<Client, TransportError> {
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
            .map_err(|_| TransportError::Pem { file: identity.certificate.clone(), what: "chứng thư và khóa" })?;
        builder = builder.identity(identity);
    }
    if let Some(proxy) = &options.proxy {
        // The address may hold a password: it is not shown.
        let proxy = reqwest::Proxy::all(proxy).map_err(|e| TransportError::Client(e.without_url()))?;
        builder = builder.proxy(proxy);
    }
    builder.build().map_err(TransportError::Client)
}

fn bytes(file: &Path) -> Result<Vec<u8>, TransportError> {
    std::fs::read(file).map_err(|source| TransportError::File { file: file.to_owned(), source })
}
