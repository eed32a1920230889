//! `mapping diff` with the real program: what it says comes true when the new mapping is used.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::path::{Path, PathBuf};

use molisa_gateway::province::{Recipe, write_sqlite};
use serde_json::Value;

use super::program::{Sandbox, configure, json, run};
use crate::support::world::{copy, mappings};

/// A configured house, and a copy of the mappings beside it.
async fn house(dir: &Path, sandbox: &Sandbox) -> PathBuf {
    write_sqlite(&dir.join("local.db"), &Recipe::built_in().unwrap(), 4, 300).await.unwrap();
    configure(dir, &sandbox.address);
    let new = dir.join("new");
    copy(&mappings(), &new);
    new
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{} is laid out as this story expects: {from}", file.display());
    std::fs::write(file, text.replacen(from, to, 1)).unwrap();
}

fn diff(dir: &Path, more: &[&str]) -> (Value, i32) {
    let config = dir.join("gateway.toml");
    let output = run(&[&["--config", config.to_str().unwrap(), "mapping", "diff", "--json"], more].concat());
    (json(&output), output.status.code().unwrap())
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn sum(counts: &Value) -> u64 {
    counts.as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_diff_says_is_what_the_plan_says_once_the_mapping_is_used() {
    let (dir, sandbox) = (tempfile::tempdir().unwrap(), Sandbox::start(&[]));
    let (dir, new) = (dir.path(), house(dir.path(), &sandbox).await);
    let config = dir.join("gateway.toml");
    let local = rusqlite::Connection::open(dir.join("local.db")).unwrap();
    local.execute("update doi_tuong set dia_chi = null where rowid in (3, 5, 8)", []).unwrap();
    local.execute("update doi_tuong set dia_chi = 'SỐ 1' where rowid in (11, 12)", []).unwrap();
    let old = mappings();

    let (nothing, code) = diff(dir, &[text(&old), text(&new)]);
    let one = &nothing["diffs"][0];
    assert_eq!((code, &one["changed"], &one["fields"]), (0, &0.into(), &serde_json::json!({})), "{nothing}");
    assert_eq!(one["sends"], Value::Null, "nothing ran yet: {nothing}");
    assert_eq!(run(&["--config", text(&config), "sync"]).status.code(), Some(3));

    // The address in capitals and never empty.
    let address = "name = \"DiaChi\"\nfrom = \"dia_chi\"";
    edit(&new.join("misposasoft/doi-tuong.toml"), address, &format!("{address}\nvia = [\"upper\"]\nrequired = true"));
    let (told, code) = diff(dir, &[text(&old), text(&new)]);
    let one = &told["diffs"][0];
    assert_eq!(code, 3);
    let number = |key: &str| one[key].as_u64().unwrap();
    assert_eq!(one["fields"], serde_json::json!({ "DiaChi": number("changed") }), "internal fields are no content");
    assert!(number("changed") > 200 && number("same") >= 2, "{one}");
    let held = sum(&one["held"]);
    assert!((1..=3).contains(&held) && one["held"]["missing"] == held, "{one}");
    assert_eq!(number("scanned"), number("same") + number("changed") + held + number("stay_held"));
    assert_eq!(one["sends"], serde_json::json!({ "new": 0, "changed": number("changed"), "stopped": 0 }));
    let examples = one["examples"].as_array().unwrap();
    let changed: Vec<&Value> = examples.iter().filter(|e| e["kind"] == "changed").collect();
    assert_eq!(changed.len(), 3);
    for example in changed {
        let (was, is) = (&example["fields"][0]["old"], &example["fields"][0]["new"]);
        assert_eq!(was.as_str().unwrap().to_uppercase(), is.as_str().unwrap());
    }
    // Back again, the same people become free.
    let (back, code) = diff(dir, &[text(&new), text(&old), "--examples", "0"]);
    let back = &back["diffs"][0];
    assert_eq!((code, &back["freed"], sum(&back["held"])), (3, &one["held"], 0));
    assert_eq!((&back["changed"], back["examples"].as_array().unwrap().len()), (&one["changed"], 0));
    assert_eq!(back["sends"], serde_json::json!({ "new": 0, "changed": 0, "stopped": 0 }), "the nation has it: {back}");

    // It comes true.
    edit(&config, text(&old), text(&new));
    let plan = json(&run(&["--config", text(&config), "plan", "--json"]));
    assert_eq!(plan["plans"][0]["sends"]["remapped"], number("changed"), "{plan}");
    let run = run(&["--config", text(&config), "sync"]);
    let said = String::from_utf8(run.stdout).unwrap();
    let wanted = format!("{} changed, mapping changed since run 1", number("changed"));
    assert!(said.contains(&wanted) && said.contains("doi-tuong.toml"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_list_is_part_of_a_mapping_and_people_read_a_table() {
    let (dir, sandbox) = (tempfile::tempdir().unwrap(), Sandbox::start(&[]));
    let (dir, new) = (dir.path(), house(dir.path(), &sandbox).await);
    let (file, list) = (new.join("misposasoft/doi-tuong.toml"), new.join("codes/gender.csv"));
    let rows = std::fs::read_to_string(&list).unwrap();
    // The row of women stays, by a name that the source does not use.
    let women = |line: &&str| line.starts_with("2,");
    assert_eq!(rows.lines().filter(women).count(), 1, "one row is of women: {rows}");
    let other = |line| if women(&line) { "2,Tên khác,,source" } else { line };
    let women: Vec<&str> = rows.lines().map(other).collect();
    std::fs::write(&list, women.join("\n")).unwrap();
    let old = mappings().join("misposasoft/doi-tuong.toml");
    let (told, code) = diff(dir, &[text(&old), text(&file), "--stream", "doi-tuong", "--source", "tinh"]);
    assert_eq!((code, told["diffs"][0]["held"]["unknown-code"].as_u64() > Some(50)), (3, true), "{told}");

    let config = dir.join("gateway.toml");
    let output = run(&["--config", text(&config), "mapping", "diff", text(&old), text(&file)]);
    let shown = String::from_utf8(output.stdout).unwrap();
    for wanted in ["Thành bị giữ / become held", "unknown-code", "GioiTinh", "chưa chạy lần nào"] {
        assert!(shown.contains(wanted), "{wanted}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_is_wrong_is_told_and_nothing_is_compared() {
    let (dir, sandbox) = (tempfile::tempdir().unwrap(), Sandbox::start(&[]));
    let (dir, new) = (dir.path(), house(dir.path(), &sandbox).await);
    let (old, file) = (mappings(), new.join("misposasoft/doi-tuong.toml"));
    let good = std::fs::read_to_string(&file).unwrap();
    for (from, to, said) in [
        ("from = \"dia_chi\"", "from = \"dia_chii\"", "dia_chii"),
        ("dia_chi = \"text\"", "dia_chi = \"text\"\nso_nha = \"text\"", "so_nha"),
        ("entity = \"doi-tuong\"", "entity = \"chi-tra\"", "chi-tra"),
    ] {
        std::fs::write(&file, good.replacen(from, to, 1)).unwrap();
        let (told, code) = diff(dir, &[text(&old), text(&new)]);
        assert_eq!((code, told["error"].as_str().unwrap().contains(said)), (2, true), "{from}: {told}");
    }
    // Another key: every record would be another one.
    let other = good.replacen("key = \"ma_ho_so\"", "key = \"thon_to\"", 1);
    std::fs::write(&file, other.replacen("from = \"thon_to\"", "from = \"ma_ho_so\"", 1)).unwrap();
    let (told, code) = diff(dir, &[text(&old), text(&new)]);
    assert_eq!((code, told["error"].as_str().unwrap().contains("'ma_ho_so' sang 'thon_to'")), (2, true), "{told}");
    // A column that the source does not have.
    let more = good.replacen("from = \"dia_chi\"", "from = \"so_nha\"", 1).replacen(
        "dia_chi = \"text\"",
        "so_nha = \"text\"",
        1,
    );
    std::fs::write(&file, more.replace("\ndia_chi = \"", "\nso_nha = \"")).unwrap();
    let (told, code) = diff(dir, &[text(&old), text(&new)]);
    assert_eq!((code, told["error"].as_str().unwrap().contains("so_nha")), (2, true), "{told}");
    for wrong in [&["--stream", "không"][..], &["--source", "khác"]] {
        let both = [text(&old), text(&old)];
        assert_eq!(diff(dir, &[&both, wrong].concat()).1, 2);
    }
}
