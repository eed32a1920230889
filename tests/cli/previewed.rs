//! `mapping preview --wire` of every kind of record, against the documents of the contract in `fixtures/`.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read has failed")]

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::program::{json, run};
use crate::support::xml;

/// A folder of fixtures, the system and the entity that it is of.
const KINDS: [(&str, &str, &str); 13] = [
    ("doi-tuong", "misposasoft", "doi-tuong"),
    ("mai-tang-phi", "misposasoft", "mai-tang-phi"),
    ("tro-giup-dot-xuat", "misposasoft", "tro-giup-dot-xuat"),
    ("cham-soc-khan-cap", "misposasoft", "cham-soc-khan-cap"),
    ("co-so-tro-giup", "misposasoft", "co-so-tro-giup"),
    ("chi-tra", "misposasoft", "chi-tra"),
    ("chuc-tho", "misposasoft", "chuc-tho"),
    ("dvcbtxh-mo-ho-so", "dvcbtxh", "mo-ho-so"),
    ("dvcbtxh-buoc-xu-ly", "dvcbtxh", "buoc-xu-ly"),
    ("dvcbtxh-ho-so", "dvcbtxh", "ho-so"),
    ("dvcqg-mo-ho-so", "dvcqg", "mo-ho-so"),
    ("dvcqg-tien-do", "dvcqg", "tien-do"),
    ("dvcqg-ho-so", "dvcqg", "ho-so"),
];

fn fixture(folder: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder).join(file)
}

/// A configuration with one stream, from the fixture's rows.
fn configure(dir: &Path, (folder, system, entity): (&str, &str, &str), more: &str) -> String {
    std::fs::write(dir.join("secret"), "bi-mat\n").unwrap();
    let (rows, file) = (fixture(folder, "rows.csv"), dir.join("gateway.toml"));
    let mappings = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    let config = format!(
        "mappings = \"{}\"\n[province]\ncode = \"87\"\n[store]\nkind = \"sqlite\"\npath = \"store.db\"\n\
         [[source]]\nname = \"tep\"\nkind = \"csv\"\npath = \"{}\"\ncharset = \"utf-8\"\n\
         [[system]]\nname = \"{system}\"\nbase = \"http://127.0.0.1:1\"\n{more}\n\
         [[stream]]\nname = \"luong\"\nsource = \"tep\"\nsystem = \"{system}\"\nentity = \"{entity}\"\n",
        mappings.display(),
        rows.display(),
    );
    std::fs::write(&file, config).unwrap();
    file.to_str().unwrap().to_owned()
}

fn credentials(system: &str) -> &'static str {
    match system {
        "dvcbtxh" => "credential_files = { accept-key = \"secret\" }",
        "dvcqg" => {
            "id_file = \"secret\"\nsecret_file = \"secret\"\ncredential_files = { agency = \"secret\", unit = \"secret\" }"
        }
        _ => "id_file = \"secret\"\nsecret_file = \"secret\"",
    }
}

/// The documents that a fixture expects to go out.
fn documents(folder: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(fixture(folder, "expected.json")).unwrap();
    let all: Value = serde_json::from_str(&text).unwrap();
    all["documents"].as_array().unwrap().iter().filter(|d| d.get("DoiTuong").is_some()).cloned().collect()
}

fn preview(config: &str, key: &str) -> String {
    let output = run(&["--config", config, "--json", "mapping", "preview", "--key", key, "--wire"]);
    let shown = json(&output);
    assert_eq!(output.status.code(), Some(0), "{key}: {shown}");
    shown["wire"].as_str().unwrap().to_owned()
}

/// The one record in a body, in the form of its system; a key that the profile puts in beside it is no part of it.
fn record(system: &str, body: &str) -> Value {
    let mut body: Value = serde_json::from_str(body).unwrap();
    match system {
        "misposasoft" => body["DanhSach"][0].take(),
        "dvcqg" => body["data"][0].take(),
        _ => {
            assert_eq!(body.as_object_mut().unwrap().remove("AcceptKey").unwrap(), "{credential:accept-key}");
            body
        }
    }
}

#[test]
fn a_record_of_each_kind_is_shown_as_the_contract_has_it() {
    for kind in KINDS {
        let (folder, system, _) = kind;
        let dir = tempfile::tempdir().unwrap();
        let config = configure(dir.path(), kind, credentials(system));
        let expected = documents(folder);
        assert!(!expected.is_empty(), "{folder}");
        for document in expected {
            let key = document["MaThamChieu"].as_str().unwrap();
            let got = record(system, &preview(&config, key));
            if system == "misposasoft" {
                for field in ["MaThamChieu", "PhienBan", "ThaoTac", "DoiTuong"] {
                    assert_eq!(got[field], document[field], "{folder} {key} {field}");
                }
            } else {
                assert_eq!(got, document["DoiTuong"], "{folder} {key}");
            }
        }
    }
}

#[test]
fn the_same_records_are_shown_as_xml_element_by_element() {
    let dir = tempfile::tempdir().unwrap();
    let more = "wire = \"xroad\"\ncredential_files = { xroad-client = \"secret\", xroad-user = \"secret\", xroad-issue = \"secret\" }";
    let config = configure(dir.path(), KINDS[0], more);
    let expected = xml::parse(&std::fs::read_to_string(fixture("doi-tuong", "expected.xml")).unwrap());
    let items = |root: &xml::Node| root.child("Body").child("DongBoDoiTuong").child("DanhSach").children.clone();
    let wanted = items(&expected);
    assert_eq!(wanted.len(), documents("doi-tuong").len());
    for item in wanted {
        let shown = xml::parse(&preview(&config, &item.child("MaThamChieu").text));
        assert_eq!(items(&shown), [item]);
    }
}
