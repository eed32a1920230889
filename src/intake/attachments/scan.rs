//! The virus scanner: a command of the operator's. Exit code 0: clean, 1: infected; anything else: nobody knows yet.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// How it is called.
#[derive(Debug, Clone)]
pub struct Scanner {
    /// The program.
    pub program: String,
    /// Its arguments; the file's path comes last.
    pub arguments: Vec<String>,
    /// How long it may take.
    pub limit: Duration,
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scanned {
    /// Nothing was found.
    Clean,
    /// Something was.
    Infected,
    /// It could not say.
    Failed(String),
}

impl Scanner {
    /// Scans a file. Neither its output nor the file's name is kept: both may be personal data.
    pub async fn scan(&self, file: &Path) -> Scanned {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).arg(file).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let failed = |why: String| Scanned::Failed(format!("trình quét '{}': {why}", self.program));
        let mut running = match command.spawn() {
            Ok(running) => running,
            Err(error) => return failed(format!("không chạy được / it cannot be started: {error}")),
        };
        match tokio::time::timeout(self.limit, running.wait()).await {
            Err(_) => failed(format!("quá {} giây / it took too long", self.limit.as_secs())),
            Ok(Err(error)) => failed(error.to_string()),
            Ok(Ok(status)) => match status.code() {
                Some(0) => Scanned::Clean,
                Some(1) => Scanned::Infected,
                _ => failed(format!("{status}")),
            },
        }
    }
}
