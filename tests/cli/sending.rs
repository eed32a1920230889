//! A gateway in the middle of its first push: some batches confirmed, some on the wire, some still to go.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use molisa_gateway::province::{Recipe, write_sqlite};
use serde_json::Value;

use super::program::{Sandbox, configure, json, program, run, until};

/// Six batches.
pub const ROWS: u64 = 3000;
/// So many are confirmed, and so many stand on the wire, when [`Sending::under_way`] returns.
const CONFIRMED: u64 = 3;
const ON_THE_WIRE: u64 = 2;
pub const SENT: u64 = CONFIRMED + ON_THE_WIRE;

pub struct Sending {
    pub dir: tempfile::TempDir,
    pub sandbox: Sandbox,
}

impl Sending {
    /// A folder with a province; `store` takes the place of the store's settings.
    pub async fn new(store: Option<&str>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 24, ROWS).await.unwrap();
        let sandbox = Sandbox::start(&[]);
        configure(dir.path(), &sandbox.address);
        let file = dir.path().join("gateway.toml");
        let mut text = std::fs::read_to_string(&file).unwrap();
        let own = "kind = \"sqlite\"\npath = \"store.db\"";
        assert!(text.contains(own) && text.contains("per_minute"));
        text = text.replace("per_minute", &format!("parallel = {ON_THE_WIRE}\nper_minute"));
        if let Some(store) = store {
            text = text.replace(own, store);
        }
        // Only `serve` looks at it: every second.
        text.push_str("schedule = \"* * * * * *\"\n");
        std::fs::write(&file, text).unwrap();
        Self { dir, sandbox }
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("gateway.toml")
    }

    /// Batches after the first ones meet this fault.
    pub fn fault(&self, fault: &str) {
        let fault = format!(r#"{{"operation":"send","times":100,"skip":{CONFIRMED},"fault":{fault}}}"#);
        let said = self.sandbox.say("POST", "/_sandbox/faults", &fault);
        assert!(said.contains("left"), "{said}");
    }

    /// Starts a verb by way of a shell's line that ends in `exec "$@"`; what it says goes to a file.
    pub fn start_by(&self, shell: &str, verb: &[&str]) -> Child {
        let file = self.config();
        let args = [&["--config", file.to_str().unwrap()], verb].concat();
        let mut command = Command::new("sh");
        command.args(["-c", shell, "sh", env!("CARGO_BIN_EXE_molisa-gateway")]).args(args).env_remove("RUST_LOG");
        let said = File::create(self.dir.path().join("said")).unwrap();
        command.stdout(said.try_clone().unwrap()).stderr(said).stdin(Stdio::null()).spawn().unwrap()
    }

    pub fn start(&self, verb: &[&str]) -> Child {
        let file = self.config();
        let args = [&["--config", file.to_str().unwrap()], verb].concat();
        let said = File::create(self.dir.path().join("said")).unwrap();
        program(&args).stdout(said.try_clone().unwrap()).stderr(said).stdin(Stdio::null()).spawn().unwrap()
    }

    /// What the gateway said so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("said")).unwrap()
    }

    /// Requests of an operation that reached the nation.
    pub fn requests(&self, operation: &str) -> u64 {
        self.sandbox.report()["requests"][operation].as_u64().unwrap_or(0)
    }

    /// Waits until the first batches are through and the next ones wait for their answers. No more can follow until
    /// one of these is answered.
    pub fn under_way(&self) {
        until("batches on the wire", || self.requests("send") == SENT);
    }

    pub fn call(&self, verb: &[&str]) -> Value {
        let file = self.config();
        json(&run(&[&["--config", file.to_str().unwrap()], verb, &["--json"]].concat()))
    }

    /// The next run, with nothing in its way: everybody arrived, nobody twice, and what was on the wire was not sent
    /// again.
    pub fn arrives_whole(&self) {
        self.sandbox.say("DELETE", "/_sandbox/faults", "");
        let last = self.call(&["sync"]);
        assert_eq!((&last["runs"][0]["unknown"], &last["runs"][0]["unreached"]), (&0.into(), &false.into()), "{last}");
        let again = self.call(&["sync"]);
        assert_eq!(again["runs"][0]["sent"], 0, "{again}");
        let status = self.call(&["status"]);
        let waits = status["streams"][0]["waits_for_a_person"].as_array().unwrap();
        let waiting: u64 = waits.iter().map(|w| w["count"].as_u64().unwrap()).sum();
        let report = self.sandbox.report();
        assert_eq!(report["people"].as_u64().unwrap() + waiting, ROWS, "{report} {status}");
        for figure in ["effects_repeated", "effects_out_of_order", "violations", "batches_again"] {
            assert_eq!(report[figure], 0, "{report}");
        }
    }
}

/// Waits for its end.
pub fn ended(child: &mut Child) -> ExitStatus {
    let mut status = None;
    until("the gateway to end", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap()
}

pub fn tell(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}
