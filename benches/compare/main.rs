//! Comparing both sides measured: requests, seconds and the peak of memory, with the program itself and the sandbox as
//! processes of their own.
//!
//! ```text
//! cargo bench --bench compare -- [ROWS] [DIFFERENCES]     default: the demo's province, 500
//! ```
//!
//! Pushes a province, compares while nothing differs, seeds differences at the nation by its side door, and compares by
//! digests, in full, and without digests. Each prints one JSON object.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use molisa_gateway::province::{Recipe, write_sqlite};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_molisa-gateway");

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let recipe = Recipe::built_in()?;
    let rows: u64 = arguments.first().map_or(Ok(recipe.people()), |rows| rows.parse())?;
    let differences: usize = arguments.get(1).map_or(Ok(500), |n| n.parse())?;
    let dir = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(write_sqlite(&dir.path().join("local.db"), &recipe, 1, rows))?;
    let nation = Nation::start()?;
    configure(dir.path(), &nation.address)?;
    measured(dir.path(), "push", &["sync"])?;
    measured(dir.path(), "equal, digests", &["reconcile"])?;
    measured(dir.path(), "equal, in full", &["reconcile", "--full"])?;
    nation.differ(differences)?;
    measured(dir.path(), "seeded, digests", &["reconcile"])?;
    measured(dir.path(), "seeded, in full", &["reconcile", "--full"])?;
    nation.say("POST", "/_sandbox/checksums", "false")?;
    measured(dir.path(), "seeded, no digests", &["reconcile"])?;
    print(&nation.say("GET", "/_sandbox/report", "")?);
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a program of its own, whose answers are lines")]
fn print(line: &str) {
    println!("{line}");
}

/// The national side.
struct Nation {
    child: Child,
    address: String,
}

impl Nation {
    fn start() -> Result<Self> {
        let arguments = ["sandbox", "--listen", "127.0.0.1:0", "--until-stdin-closes"];
        let mut child = Command::new(PROGRAM).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("a pipe")?).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)?;
        let address = ready["listening"].as_str().context("an address")?.trim_start_matches("http://").to_owned();
        Ok(Self { child, address })
    }

    fn say(&self, method: &str, path: &str, body: &str) -> Result<String> {
        let mut wire = TcpStream::connect(&self.address)?;
        let length = body.len();
        write!(
            wire,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}",
            self.address
        )?;
        let mut answer = String::new();
        wire.read_to_string(&mut answer)?;
        Ok(answer.split_once("\r\n\r\n").context("an answer")?.1.to_owned())
    }

    /// A third is gone, a third has another address, a third is new.
    fn differ(&self, differences: usize) -> Result<()> {
        let (mut keys, mut after) = (Vec::new(), String::new());
        loop {
            let lines = self.say("GET", &format!("/_sandbox/records?limit=10000&after={after}"), "")?;
            let before = keys.len();
            for line in lines.lines().filter(|line| line.starts_with('{')) {
                let record: Value = serde_json::from_str(line)?;
                keys.push(record["MaThamChieu"].as_str().context("a reference")?.to_owned());
            }
            if keys.len() == before {
                break;
            }
            after = keys.last().cloned().unwrap_or_default();
        }
        let step = (keys.len() / differences.max(1)).max(1);
        let one = |(nth, key): (usize, &String)| match nth % 3 {
            0 => json!({"reference": key, "remove": true}),
            1 => json!({"reference": key, "set": {"DiaChi": format!("Số {nth}, ấp Khác")}}),
            _ => json!({"reference": format!("KHONG-AI-GUI-{nth}"), "like": key,
                "set": {"LoaiGiayTo": "CCCD", "SoGiayTo": format!("0871990{nth:05}"), "MaDinhDanhCu": ""}}),
        };
        let all: Vec<Value> = keys.iter().step_by(step).take(differences).enumerate().map(one).collect();
        let said = self.say("POST", "/_sandbox/records", &Value::from(all).to_string())?;
        ensure!(said == "{}", "{said}");
        Ok(())
    }
}

impl Drop for Nation {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn configure(dir: &Path, address: &str) -> Result<()> {
    for name in ["id", "secret"] {
        std::fs::write(dir.join(name), "sandbox")?;
        std::fs::set_permissions(dir.join(name), std::fs::Permissions::from_mode(0o600))?;
    }
    let mappings = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    let text = format!(
        "mappings = \"{}\"\n[province]\ncode = \"87\"\n[store]\nkind = \"sqlite\"\npath = \"store.db\"\n\
         [[source]]\nname = \"tinh\"\nkind = \"sqlite\"\npath = \"local.db\"\nquery = \"select * from doi_tuong\"\n\
         [[system]]\nname = \"misposasoft\"\nbase = \"http://{address}\"\nid_file = \"id\"\nsecret_file = \"secret\"\n\
         per_minute = 60000\n\
         [[stream]]\nname = \"doi-tuong\"\nsource = \"tinh\"\nsystem = \"misposasoft\"\nentity = \"doi-tuong\"\n",
        mappings.display()
    );
    Ok(std::fs::write(dir.join("gateway.toml"), text)?)
}

/// Runs a verb and tells its answer with the peak of its memory.
fn measured(dir: &Path, name: &str, verb: &[&str]) -> Result<()> {
    let config = dir.join("gateway.toml");
    let mut child = Command::new(PROGRAM)
        .args(["--json", "--config"])
        .arg(&config)
        .args(verb)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let started = std::time::Instant::now();
    let (status, mut peak) = (format!("/proc/{}/status", child.id()), String::new());
    while child.try_wait()?.is_none() {
        let told = std::fs::read_to_string(&status).unwrap_or_default();
        if let Some(line) = told.lines().find_map(|line| line.strip_prefix("VmHWM:")) {
            line.trim().clone_into(&mut peak);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let seconds = started.elapsed().as_secs_f64();
    let mut said = String::new();
    child.stdout.take().context("a pipe")?.read_to_string(&mut said)?;
    let said: Value = serde_json::from_str(&said)?;
    print(&json!({"name": name, "seconds": seconds, "peak": peak, "told": said}).to_string());
    Ok(())
}
