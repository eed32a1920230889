//! Failures 26 and 27 with the real program: answers of a gigabyte, and small ones that unpack to half of one.

use std::process::Stdio;

use molisa_gateway::province::{Recipe, write_sqlite};

use super::program::{Sandbox, configure, program, until};

/// The most memory that a process had so far, in MiB; `None` when it has ended.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<u64>().ok().map(|kib| kib / 1024)
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_26_and_27_a_run_outlives_answers_that_would_fill_the_memory() {
    let dir = tempfile::tempdir().unwrap();
    write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 26, 2_000).await.unwrap();
    let sandbox = Sandbox::start(&[]);
    configure(dir.path(), &sandbox.address);
    for (operation, fault) in [
        ("send", "huge"),
        ("send", "gzip-bomb"),
        ("send", "deep"),
        ("ask", "huge"),
        ("ask", "gzip-bomb"),
        ("token", "huge"),
    ] {
        let body = format!(r#"{{"operation":"{operation}","fault":"{fault}"}}"#);
        sandbox.say("POST", "/_sandbox/faults", &body);
    }
    let config = dir.path().join("gateway.toml");
    let mut gateway = program(&["--config", config.to_str().unwrap(), "sync", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut most, mut ended) = (0, None);
    until("the run's end", || {
        most = peak(gateway.id()).unwrap_or(0).max(most);
        ended = gateway.try_wait().unwrap();
        ended.is_some()
    });
    let output = gateway.wait_with_output().unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let run = &shown["runs"][0];
    assert_eq!((run["scanned"].as_u64(), run["unknown"].as_u64()), (Some(2_000), Some(0)), "{run}");
    let held: u64 = run["held"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    let report = sandbox.report();
    assert_eq!(report["people"].as_u64().unwrap() + held, 2_000, "{report}");
    for key in ["faults_left", "batches_again", "effects_repeated", "effects_out_of_order", "violations"] {
        assert_eq!(report[key], 0, "{report}");
    }
    // Some answers of 8 MB at the same time are allowed for; not one of those above.
    assert!((1..200).contains(&most), "{most} MiB");
}
