//! The verb `sandbox`.

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::nation::{Nation, Settings};
use super::server::{serve, system_clock};
use super::words::{Words, WordsError};

/// How to start the national side in a box.
#[derive(Debug, Clone, Args)]
pub struct SandboxArgs {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// TOML file with other words for paths, fields and codes.
    #[arg(long, value_name = "FILE")]
    pub words: Option<PathBuf>,
    /// Client key that may get a token.
    #[arg(long, default_value = "sandbox")]
    pub key: String,
    /// Its secret.
    #[arg(long, default_value = "sandbox", hide_default_value = true)]
    pub secret: String,
    /// dvcqg: user that may get a session.
    #[arg(long, value_name = "USER", default_value = "sandbox")]
    pub dvcqg_user: String,
    /// Its password.
    #[arg(long, value_name = "PASSWORD", default_value = "sandbox", hide_default_value = true)]
    pub dvcqg_password: String,
    /// dvcqg: agency in the header dstcode; where not given, any.
    #[arg(long, value_name = "AGENCY", default_value = "")]
    pub dstcode: String,
    /// dvcbtxh: AcceptKey in every body.
    #[arg(long, value_name = "KEY", default_value = "sandbox", hide_default_value = true)]
    pub accept_key: String,
    /// dvcbtxh: user that may get a token for the pull.
    #[arg(long, value_name = "USER", default_value = "sandbox")]
    pub dvcbtxh_user: String,
    /// Its password.
    #[arg(long, value_name = "PASSWORD", default_value = "sandbox", hide_default_value = true)]
    pub dvcbtxh_password: String,
    /// Life of a token or a session.
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    pub token_life: i64,
    /// Requests a minute; above it 429 with Retry-After.
    #[arg(long, value_name = "REQUESTS")]
    pub budget: Option<u32>,
    /// Added to every answer.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    pub latency_ms: u64,
    /// By how much the clock of the answers is off.
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_hyphen_values = true)]
    pub skew: i64,
    /// By how much ThoiGianGui of a new batch may lie before the newest stored one.
    #[arg(long, value_name = "SECONDS", default_value_t = 3_720)]
    pub overtaking: i64,
    /// Counts do not offer MaKiemTra.
    #[arg(long)]
    pub no_checksums: bool,
    /// Stop when standard input is closed: then a parent that dies takes the sandbox with it.
    #[arg(long)]
    pub until_stdin_closes: bool,
}

/// Why the sandbox did not run.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The words file cannot be read.
    #[error("không đọc được tệp từ ngữ {path} / cannot read the words file {path}: {source}")]
    NoWords {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The words file is wrong.
    #[error("tệp từ ngữ {path} sai / the words file {path} is wrong: {source}")]
    Words {
        /// The file.
        path: PathBuf,
        /// Why.
        source: WordsError,
    },
    /// The address is taken or not ours.
    #[error("không lắng nghe được tại {address} / cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Signals or the network failed.
    #[error("hộp cát dừng vì lỗi / the sandbox stopped: {0}")]
    Io(#[from] std::io::Error),
}

impl SandboxArgs {
    /// The nation that these arguments describe.
    pub fn nation(&self) -> Result<Nation, SandboxError> {
        let words = match &self.words {
            None => Words::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| SandboxError::NoWords { path: path.clone(), source })?;
                Words::from_toml(&text).map_err(|source| SandboxError::Words { path: path.clone(), source })?
            }
        };
        let settings = Settings {
            key: self.key.clone(),
            secret: self.secret.clone(),
            token_life: self.token_life,
            budget: self.budget,
            latency_ms: self.latency_ms,
            skew_seconds: self.skew,
            overtaking_seconds: self.overtaking,
            checksums: !self.no_checksums,
            dvcqg_user: self.dvcqg_user.clone(),
            dvcqg_password: self.dvcqg_password.clone(),
            dstcode: self.dstcode.clone(),
            accept_key: self.accept_key.clone(),
            dvcbtxh_user: self.dvcbtxh_user.clone(),
            dvcbtxh_password: self.dvcbtxh_password.clone(),
            ..Settings::default()
        };
        Ok(Nation::new(settings, words))
    }
}

/// Runs the sandbox until SIGTERM, ctrl-c or, where asked for, the end of standard input. `ready` is given the one line
/// of JSON that says where it listens, as soon as it does.
pub async fn run(args: SandboxArgs, ready: impl FnOnce(&str)) -> Result<(), SandboxError> {
    let nation = Arc::new(Mutex::new(args.nation()?));
    let address = args.listen;
    let listener = TcpListener::bind(address).await.map_err(|source| SandboxError::Listen { address, source })?;
    let stop = CancellationToken::new();
    let mut terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    ready(&serde_json::json!({ "listening": format!("http://{}", listener.local_addr()?) }).to_string());
    let serving = serve(listener, nation, system_clock(), stop.clone());
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return Ok(ended?),
        _ = terminated.recv() => {}
        signal = tokio::signal::ctrl_c() => signal?,
        () = stdin_closed(), if args.until_stdin_closes => {}
    }
    stop.cancel();
    Ok(serving.await?)
}

/// Waits for the end of standard input, on a thread of its own that no exit waits for.
async fn stdin_closed() {
    let (closed, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let mut scrap = [0; 256];
        let mut stdin = std::io::stdin().lock();
        while matches!(stdin.read(&mut scrap), Ok(count) if count > 0) {}
        let _ = closed.send(());
    });
    // A thread that failed is an end as well.
    let _ = end.await;
}
