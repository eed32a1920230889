//! The demo's sandbox: a process of its own, asked about what it counted by its side door.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Failure;

/// The sandbox ends with its standard input, so it never outlives the demo, however that ends.
pub(super) struct Sandbox {
    child: Child,
    /// Where it listens.
    pub(super) address: String,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        if let Err(error) = self.child.wait() {
            tracing::warn!(%error, "sandbox");
        }
    }
}

impl Sandbox {
    pub(super) fn start() -> Result<Self, Failure> {
        let failed = |e: &dyn std::fmt::Display| {
            Failure::new(1, format!("không chạy được sandbox / the sandbox does not start: {e}"))
        };
        let program = std::env::current_exe().map_err(|e| failed(&e))?;
        let mut child = Command::new(program)
            .args(["sandbox", "--listen", "127.0.0.1:0", "--until-stdin-closes"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is ours alone: what is on the wire is still answered.
            .process_group(0)
            .spawn()
            .map_err(|e| failed(&e))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line).map_err(|e| failed(&e))?;
        }
        let ready: serde_json::Value = serde_json::from_str(&line).map_err(|e| failed(&e))?;
        let address = ready["listening"].as_str().unwrap_or_default().trim_start_matches("http://").to_owned();
        Ok(Self { child, address })
    }

    /// What the nation counted for itself.
    pub(super) fn report(&self) -> Result<serde_json::Value, Failure> {
        let body = self.ask("GET", "/_sandbox/report", "")?;
        serde_json::from_str(&body).map_err(|e| Failure::new(1, format!("sandbox: {e}")))
    }

    /// Speaks to the sandbox's side door; the answer's body.
    pub(super) fn ask(&self, method: &str, path: &str, body: &str) -> Result<String, Failure> {
        let ask = || -> std::io::Result<String> {
            let mut wire = TcpStream::connect(&self.address)?;
            wire.set_read_timeout(Some(Duration::from_secs(30)))?;
            write!(
                wire,
                "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                self.address,
                body.len()
            )?;
            let mut answer = String::new();
            wire.take(16 * 1024 * 1024).read_to_string(&mut answer)?;
            Ok(answer)
        };
        let answer = ask().map_err(|e| Failure::new(1, format!("sandbox: {e}")))?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        if head.split_whitespace().nth(1) != Some("200") {
            return Err(Failure::new(1, format!("sandbox: {method} {path}: {body}")));
        }
        Ok(body.to_owned())
    }
}
