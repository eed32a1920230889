//! The program as its users start it.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A call of the program with its own logs only.
pub fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_molisa-gateway"));
    command.args(args).env_remove("RUST_LOG");
    command
}

/// Runs it to its end.
pub fn run(args: &[&str]) -> Output {
    program(args).output().unwrap()
}

/// Looks until it is so; a story that waits in vain has failed.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < Duration::from_mins(1), "waited in vain: {what}");
        std::thread::yield_now();
    }
}

/// The JSON that it printed.
pub fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        panic!("{e}: {} {}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    })
}

/// The sandbox as a process of its own.
pub struct Sandbox {
    child: Child,
    pub address: String,
}

impl Sandbox {
    pub fn start(more: &[&str]) -> Self {
        let args = [&["sandbox", "--listen", "127.0.0.1:0", "--until-stdin-closes"], more].concat();
        let mut child = program(&args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        Self { child, address: ready["listening"].as_str().unwrap().trim_start_matches("http://").to_owned() }
    }

    /// Says something at the side door.
    pub fn say(&self, method: &str, path: &str, body: &str) -> String {
        let mut wire = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(wire, "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}",
            self.address).unwrap();
        let mut answer = String::new();
        wire.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    pub fn report(&self) -> serde_json::Value {
        serde_json::from_str(&self.say("GET", "/_sandbox/report", "")).unwrap()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

/// A folder with a configuration for that sandbox, in front of a local database.
pub fn configure(dir: &Path, address: &str) {
    for name in ["id", "secret"] {
        std::fs::write(dir.join(name), "sandbox").unwrap();
        std::fs::set_permissions(dir.join(name), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mappings = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    let text = format!(
        "mappings = \"{}\"\n[province]\ncode = \"87\"\n[store]\nkind = \"sqlite\"\npath = \"store.db\"\n\
         [[source]]\nname = \"tinh\"\nkind = \"sqlite\"\npath = \"local.db\"\nquery = \"select * from doi_tuong\"\n\
         [[system]]\nname = \"misposasoft\"\nbase = \"http://{address}\"\nid_file = \"id\"\nsecret_file = \"secret\"\n\
         per_minute = 60000\nretry = [\"200ms\", \"500ms\", \"1s\"]\n\
         [[stream]]\nname = \"doi-tuong\"\nsource = \"tinh\"\nsystem = \"misposasoft\"\nentity = \"doi-tuong\"\n",
        mappings.display()
    );
    std::fs::write(dir.join("gateway.toml"), text).unwrap();
}
