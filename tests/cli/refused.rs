//! Wrong calls and wrong configuration: one clear message with the place, exit code 2, nothing done.

use super::program::{configure, run};
use crate::support::world::copy;

#[test]
fn unknown_verbs_are_wrong_usage() {
    assert_eq!(run(&["abracadabra"]).status.code(), Some(2));
}

#[test]
fn a_wrong_configuration_names_file_line_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "127.0.0.1:1");
    let file = dir.path().join("gateway.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    for (from, to, line, says) in [
        ("kind = \"sqlite\"\npath = \"store.db\"", "kind = \"sqlite\"\npaht = \"store.db\"", "gateway.toml:", "paht"),
        ("source = \"tinh\"", "source = \"tỉnh\"", "gateway.toml:", "tinh"),
        ("base = \"http", "base = \"ftp", "gateway.toml:", "https://"),
        ("\"200ms\"", "\"soon\"", "gateway.toml:", "soon"),
        ("id_file = \"id\"", "id_file = \"nowhere\"", "nowhere", "bí mật"),
    ] {
        assert!(good.contains(from), "{from}");
        std::fs::write(&file, good.replace(from, to)).unwrap();
        let output = run(&["--config", file.to_str().unwrap(), "sync"]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{to}: {text}");
        assert!(text.contains(line) && text.contains(says), "{to}: {text}");
        assert!(!dir.path().join("store.db").exists(), "nothing is made before all is right");
    }
}

#[test]
fn what_init_writes_passes_the_check_of_mappings_and_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, file) = (dir.path().to_str().unwrap(), dir.path().join("gateway.toml"));
    assert!(run(&["init", folder]).status.success());
    let output = run(&["--config", file.to_str().unwrap(), "mapping", "check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(run(&["init", folder]).status.code(), Some(2));
}

#[test]
fn mistakes_of_different_files_are_told_together() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "127.0.0.1:1");
    let file = dir.path().join("gateway.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    let bad = good.replace("id_file = \"id\"", "id_file = \"gone-id\"").replace("\"secret\"", "\"gone-secret\"");
    std::fs::write(&file, bad.replace("entity = \"doi-tuong\"", "entity = \"doi-tuogn\"")).unwrap();
    let output = run(&["--config", file.to_str().unwrap(), "sync", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let told = super::program::json(&output)["error"].as_str().unwrap().to_owned();
    for place in ["gone-id", "gone-secret", "doi-tuogn.toml"] {
        assert!(told.contains(place), "{place}: {told}");
    }
}

#[test]
fn what_profile_and_mapping_say_against_each_other_is_told_before_anything_goes() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "127.0.0.1:1");
    let (file, mappings) = (dir.path().join("gateway.toml"), dir.path().join("mappings"));
    copy(&crate::support::world::mappings(), &mappings);
    // A mapping with stops, for portals that know none; and a field that the profile puts in as well.
    let mapping = std::fs::read_to_string(mappings.join("misposasoft/doi-tuong.toml")).unwrap();
    let mapping = mapping.replace("entity = \"doi-tuong\"", "entity = \"ho-so\"");
    for portal in ["dvcqg", "dvcbtxh"] {
        std::fs::write(mappings.join(portal).join("ho-so.toml"), &mapping).unwrap();
    }
    let profile = mappings.join("dvcbtxh/system.toml");
    let text = std::fs::read_to_string(&profile).unwrap();
    assert!(text.contains("AcceptKey = "));
    std::fs::write(&profile, text.replace("AcceptKey = ", "HoTen = ")).unwrap();
    let config = std::fs::read_to_string(&file).unwrap();
    let (_, rest) = config.split_once('\n').unwrap();
    let portals = ["dvcqg", "dvcbtxh"].map(|portal| {
        format!(
            "[[system]]\nname = \"{portal}\"\nbase = \"http://127.0.0.1:1\"\nid_file = \"id\"\nsecret_file = \"secret\"\n\
             credential_files = {{ agency = \"id\", unit = \"id\", accept-key = \"secret\" }}\n\
             [[stream]]\nname = \"{portal}-ho-so\"\nsource = \"tinh\"\nsystem = \"{portal}\"\nentity = \"ho-so\"\n"
        )
    });
    let config = format!("mappings = \"mappings\"\n{rest}{}", portals.concat());
    std::fs::write(&file, config).unwrap();
    let output = run(&["--config", file.to_str().unwrap(), "sync", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let told = super::program::json(&output)["error"].as_str().unwrap().to_owned();
    for says in ["'dvcqg-ho-so': hệ thống không có thao tác dừng", "'dvcbtxh-ho-so': trường 'HoTen'"] {
        assert!(told.contains(says), "{says}: {told}");
    }
}

#[test]
fn logs_are_json_where_the_configuration_says_so() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "127.0.0.1:1");
    let file = dir.path().join("gateway.toml");
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(dir.path().join("local.db"), "").unwrap();
    std::fs::write(&file, format!("{good}[log]\nlevel = \"trace\"\nformat = \"json\"\n")).unwrap();
    let output = run(&["--config", file.to_str().unwrap(), "status", "--json"]);
    assert!(output.status.success());
    let logs = String::from_utf8(output.stderr).unwrap();
    assert!(!logs.is_empty());
    for line in logs.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok_and(|v| v["level"].is_string()), "{line}");
    }
}

/// Streams of dossiers go in the order of the file, whatever the day.
#[test]
fn a_deadline_of_a_stream_of_dossiers_is_told_before_anything_goes() {
    let dir = tempfile::tempdir().unwrap();
    configure(dir.path(), "127.0.0.1:1");
    let file = dir.path().join("gateway.toml");
    let mut config = std::fs::read_to_string(&file).unwrap();
    config.push_str(
        "[[system]]\nname = \"dvcbtxh\"\nbase = \"http://127.0.0.1:1\"\ncredential_files = { accept-key = \"secret\" }\n\
         [[stream]]\nname = \"buoc\"\nsource = \"tinh\"\nsystem = \"dvcbtxh\"\nentity = \"buoc-xu-ly\"\n\
         deadline = { day = 25, lead_days = 5 }\n",
    );
    std::fs::write(&file, config).unwrap();
    let output = run(&["--config", file.to_str().unwrap(), "sync", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let told = super::program::json(&output)["error"].as_str().unwrap().to_owned();
    assert!(told.contains("luồng 'buoc': deadline"), "{told}");
}
