//! `serve` as a service: it runs on schedule, says how it is, and ends at SIGTERM when nothing is left to wait for.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use molisa_gateway::province::{Recipe, write_sqlite};

use super::program::{Sandbox, configure, program, until};

/// What a path of the listener answers; empty while nobody listens.
fn get(address: &str, path: &str) -> String {
    let mut answer = String::new();
    if let Ok(mut wire) = TcpStream::connect(address) {
        write!(wire, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        wire.read_to_string(&mut answer).unwrap();
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_runs_on_schedule_tells_how_it_is_and_ends_when_asked() {
    let dir = tempfile::tempdir().unwrap();
    write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 9, 300).await.unwrap();
    let sandbox = Sandbox::start(&[]);
    configure(dir.path(), &sandbox.address);
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let file = dir.path().join("gateway.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    // Six fields: every second.
    let text = format!("{text}schedule = \"* * * * * *\"\n[metrics]\nlisten = \"{listen}\"\n");
    std::fs::write(&file, text).unwrap();
    let mut service = program(&["--config", file.to_str().unwrap(), "serve", "--drain-seconds", "3600"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("health", || get(&listen, "/health").starts_with("HTTP/1.1 200"));
    until("a run to be counted", || get(&listen, "/metrics").contains("gateway_records_total"));
    assert!(sandbox.report()["people"].as_u64().unwrap() > 250);
    assert!(Command::new("kill").args(["-TERM", &service.id().to_string()]).status().unwrap().success());
    let mut code = None;
    until("the service to end well before its limit", || {
        code = service.try_wait().unwrap();
        code.is_some()
    });
    assert_eq!(code.unwrap().code(), Some(0));
}
