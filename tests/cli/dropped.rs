//! A drop folder with the real program: one `sync` takes all that waits, and says so.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::path::Path;

use molisa_gateway::province::{Recipe, Table, write_csv};

use super::program::{Sandbox, configure, json, run};

fn with_folder(dir: &Path) -> String {
    let file = dir.join("gateway.toml");
    let text = std::fs::read_to_string(&file).unwrap().replace(
        "kind = \"sqlite\"\npath = \"local.db\"\nquery = \"select * from doi_tuong\"\n",
        "kind = \"folder\"\nfile = \"csv\"\npath = \"vao\"\nsettle_seconds = 0\n",
    );
    assert!(text.contains("folder"));
    std::fs::write(&file, text).unwrap();
    std::fs::create_dir(dir.join("vao")).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_call_takes_all_that_waits() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&[]);
    configure(dir.path(), &sandbox.address);
    let config = with_folder(dir.path());
    let call = |verb: &[&str]| run(&[&["--config", &config], verb].concat());
    let idle = call(&["sync"]);
    assert_eq!(idle.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&idle.stdout).contains("no finished file waits"));

    let recipe = Recipe::built_in().unwrap();
    for (name, rows) in [("a.csv", 100), ("b.csv", 104)] {
        write_csv(&dir.path().join("vao").join(name), Table::DoiTuong, &recipe, 3, rows).unwrap();
    }
    let checked = String::from_utf8_lossy(&call(&["check"]).stdout).into_owned();
    assert!(checked.contains("a.csv: utf-8") && checked.contains("confidence"), "{checked}");
    let told = json(&call(&["sync", "--json"]));
    let runs = told["runs"].as_array().unwrap();
    let files: Vec<&str> = runs.iter().map(|r| r["file"].as_str().unwrap()).collect();
    assert_eq!((files.as_slice(), runs[1]["scanned"].as_u64()), (["a.csv", "b.csv"].as_slice(), Some(104)));
    assert_eq!(json(&call(&["sync", "--json"]))["runs"][0]["idle"], true);

    // Two streams cannot both move the files of one folder.
    let text = std::fs::read_to_string(&config).unwrap();
    let second = text[text.find("[[stream]]").unwrap()..].replace("name = \"doi-tuong\"", "name = \"hai\"");
    std::fs::write(&config, format!("{text}{second}")).unwrap();
    let refused = call(&["sync"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another stream reads this folder"));
}
