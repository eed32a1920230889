//! kill -9 in the middle of a batch, with real processes: nothing is lost, nothing has its effect twice.

use std::process::Stdio;

use molisa_gateway::province::{Recipe, write_sqlite};

use super::program::{Sandbox, configure, json, program, run, until};

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle_of_a_batch_loses_and_repeats_nothing() {
    let dir = tempfile::tempdir().unwrap();
    write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 5, 12_000).await.unwrap();
    let sandbox = Sandbox::start(&[]);
    configure(dir.path(), &sandbox.address);
    let config = dir.path().join("gateway.toml");
    let config = config.to_str().unwrap();
    let sent = || sandbox.report()["batches"].as_u64().unwrap();

    for round in 0..3u64 {
        // The nation stores the next batches and never answers: the kill falls between its storing and our knowing.
        sandbox.say(
            "POST",
            "/_sandbox/faults",
            r#"{"operation":"send","fault":"stored-then-silent","times":100,"skip":1}"#,
        );
        let before = sent();
        let mut gateway = program(&["--config", config, "sync", "--json"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        until("a batch to be stored without an answer", || sent() >= before + 2);
        if round == 0 {
            // A verb beside the running one is a clear no-op.
            let beside = json(&run(&["--config", config, "sync", "--json"]));
            assert!(beside["runs"][0]["taken"].is_string() && beside["runs"][0]["scanned"] == 0, "{beside}");
        }
        gateway.kill().unwrap();
        gateway.wait().unwrap();
        sandbox.say("DELETE", "/_sandbox/faults", "");
    }
    let last = run(&["--config", config, "sync", "--json"]);
    let last = json(&last);
    let held: u64 = last["runs"][0]["held"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    let again = json(&run(&["--config", config, "sync", "--json"]));
    assert_eq!(again["runs"][0]["sent"], 0, "{again}");
    let status = json(&run(&["--config", config, "status", "--json"]));
    let waiting: u64 = status["streams"][0]["waits_for_a_person"]
        .as_array()
        .unwrap()
        .iter()
        // Of two people who may be one both are there.
        .filter(|w| w["kind"] != "same-person")
        .map(|w| w["count"].as_u64().unwrap())
        .sum();
    assert!(held <= waiting);
    let report = sandbox.report();
    assert_eq!(report["people"].as_u64().unwrap() + waiting, 12_000, "{report} {status}");
    for key in ["effects_repeated", "effects_out_of_order", "violations"] {
        assert_eq!(report[key], 0, "{report}");
    }
}
