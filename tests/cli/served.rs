//! `serve` as a service: it runs on schedule, says how it is, and ends at SIGTERM when nothing is left to wait for.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use molisa_gateway::province::{Recipe, write_sqlite};

use super::apart::first_of_all;
use super::program::{Sandbox, configure, program, until};

/// What a path of the listener answers; empty while nobody listens.
pub fn get(address: &str, path: &str) -> String {
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

/// One target takes a connection and never answers, one is down: the third is served on its schedule all the same.
#[tokio::test(flavor = "multi_thread")]
async fn failure_35_the_service_runs_a_stream_while_the_targets_of_others_are_slow_or_down() {
    let dir = tempfile::tempdir().unwrap();
    write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 36, 300).await.unwrap();
    let sandbox = Sandbox::start(&[]);
    configure(dir.path(), &sandbox.address);
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let file = dir.path().join("gateway.toml");
    first_of_all(dir.path(), "select * from doi_tuong", &format!("http://{nobody}"));
    let text = std::fs::read_to_string(&file).unwrap().replace("\"khac\"", "\"tat\"");
    std::fs::write(&file, text).unwrap();
    first_of_all(dir.path(), "select * from doi_tuong", &format!("http://{}", mute.local_addr().unwrap()));
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text.replace("entity = \"doi-tuong\"\n", "entity = \"doi-tuong\"\nschedule = \"* * * * * *\"\n");
    let text = text.replace("patience = \"1s\"\n", "patience = \"1h\"\n");
    std::fs::write(&file, format!("{text}[metrics]\nlisten = \"{listen}\"\n")).unwrap();
    let mut service = program(&["--config", file.to_str().unwrap(), "serve", "--drain-seconds", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Run after run of the living one ends, while the others are still in their first.
    let counted = || {
        let metrics = get(&listen, "/metrics");
        let line =
            metrics.lines().find(|l| l.contains("gateway_records_total") && l.contains("\"scanned\"")).unwrap_or("");
        (metrics.contains("\"khac\"") || metrics.contains("\"tat\""), line.rsplit(' ').next().unwrap_or("").to_owned())
    };
    until("runs of the living one", || counted().1.parse::<f64>().is_ok_and(|n| n > 800.0));
    assert!(!counted().0, "the dead ones have ended a run: this story proves nothing");
    assert!(sandbox.report()["people"].as_u64().unwrap() > 250);
    let store = rusqlite::Connection::open(dir.path().join("store.db")).unwrap();
    let running: i64 =
        store.query_row("select count(*) from run where finished_ms is null", [], |row| row.get(0)).unwrap();
    assert!(running >= 2, "both others are at it: {running}");
    assert!(Command::new("kill").args(["-TERM", &service.id().to_string()]).status().unwrap().success());
    until("the service to end", || service.try_wait().unwrap().is_some());
}
