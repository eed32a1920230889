//! Failure 35 with the real program: what is down does not stop what is not.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::net::TcpListener;
use std::path::Path;

use molisa_gateway::province::{Recipe, write_sqlite};

use super::program::{Sandbox, configure, json, run};

/// Puts another source, system and stream before those of the configuration.
pub(super) fn first_of_all(dir: &Path, query: &str, base: &str) {
    let file = dir.join("gateway.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let sections = format!(
        "[[source]]\nname = \"khac\"\nkind = \"sqlite\"\npath = \"local.db\"\nquery = \"{query}\"\n\
         [[system]]\nname = \"khac\"\nprofile = \"misposasoft\"\nbase = \"{base}\"\nid_file = \"id\"\nsecret_file = \"secret\"\n\
         retry = [\"200ms\"]\n\
         [[stream]]\nname = \"khac\"\nsource = \"khac\"\nsystem = \"khac\"\nentity = \"doi-tuong\"\npatience = \"1s\"\n"
    );
    let (before, after) = text.split_once("[[source]]").unwrap();
    std::fs::write(&file, format!("{before}{sections}[[source]]{after}")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn failure_35_a_system_that_is_down_stops_no_other_stream() {
    let dir = tempfile::tempdir().unwrap();
    write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 35, 300).await.unwrap();
    let sandbox = Sandbox::start(&[]);
    configure(dir.path(), &sandbox.address);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    first_of_all(dir.path(), "select * from doi_tuong", &format!("http://{nobody}"));
    let config = dir.path().join("gateway.toml");
    let output = run(&["--config", config.to_str().unwrap(), "sync", "--json"]);
    let shown = json(&output);
    assert_eq!(output.status.code(), Some(4), "{shown}");
    assert_eq!((&shown["runs"][0]["name"], &shown["runs"][0]["unreached"]), (&"khac".into(), &true.into()), "{shown}");
    let living = &shown["runs"][1];
    assert_eq!((&living["unreached"], &living["unknown"]), (&false.into(), &0.into()), "{shown}");
    assert_eq!(sandbox.report()["people"], living["confirmed"]);
    assert!(living["confirmed"].as_u64() > Some(250), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn failure_35_a_stream_whose_source_changed_its_shape_stops_no_other() {
    let dir = tempfile::tempdir().unwrap();
    write_sqlite(&dir.path().join("local.db"), &Recipe::built_in().unwrap(), 35, 300).await.unwrap();
    let sandbox = Sandbox::start(&[]);
    configure(dir.path(), &sandbox.address);
    first_of_all(dir.path(), "select ma_ho_so from doi_tuong", &format!("http://{}", sandbox.address));
    let config = dir.path().join("gateway.toml");
    let output = run(&["--config", config.to_str().unwrap(), "sync", "--json"]);
    let shown = json(&output);
    assert_eq!(output.status.code(), Some(2), "{shown}");
    let failed = &shown["failed"][0];
    assert!(failed["name"] == "khac" && failed["error"].as_str().unwrap().contains("ho_ten"), "{shown}");
    assert_eq!((&shown["runs"][0]["unknown"], &shown["runs"][1]), (&0.into(), &serde_json::Value::Null), "{shown}");
    assert_eq!(sandbox.report()["people"], shown["runs"][0]["confirmed"]);
}
