//! A programme that nobody thought of: files under `mappings/` and a stream, and the program as it is sends it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::mappings;
use crate::national::server::{Server, http};

/// Gifts at Tết.
const MAPPING: &str = r#"
[mapping]
entity = "qua-tet"
key = "ma"
unit = "MaXa"

[columns]
ma = "text"
ten = "text"
xa = "text"
suat = "text"
tien = "integer"
huy = "text"

[[field]]
name = "HoTen"
from = "ten"
required = true

[[field]]
name = "MaXa"
from = "xa"
code = { list = "units-2020", by = "code", at = "ever" }

[[field]]
name = "SuatQua"
from = "suat"
code = { list = "gifts" }

[[field]]
name = "SoTienQua"
from = "tien"
via = ["money"]

[[rule]]
name = "required-when"
with = { field = "SuatQua", is = "TIEN", need = "SoTienQua" }

[stop]
when = { filled = ["huy"] }
need = ["LyDoDung"]

[[stop.field]]
name = "LyDoDung"
from = "huy"

[[example]]
name = "một suất quà bằng tiền"
today = "2026-01-20"
row = { ma = "Q-1", ten = "Nguyễn Thị Ví Dụ", xa = "29869", suat = "Bằng tiền", tien = "500.000" }
record = { HoTen = "Nguyễn Thị Ví Dụ", MaXa = "29869", SuatQua = "TIEN", SoTienQua = "500000" }
"#;

const GIFTS: &str = "code,name,other_names,checked\nTIEN,Bằng tiền,Tiền mặt,source\nHIEN_VAT,Bằng hiện vật,,source\n";

const CALLS: &str = r#"
[entity.qua-tet.write]
method = "POST"
path = "/misposasoft/1.0/qua-tet/dong-bo"

[entity.qua-tet.ask]
method = "POST"
path = "/misposasoft/1.0/qua-tet/tra-cuu-goi-tin"

"#;

const ROWS: &str = "ma,ten,xa,suat,tien,huy\n\
                    Q-1,Nguyễn Thị Ví Dụ,29869,Tiền mặt,500000,\n\
                    Q-2,Trần Văn Ví Dụ,29872,Bằng hiện vật,,\n\
                    Q-3,Lê Ví Dụ,29872,Bằng tiền,,\n\
                    Q-4,Phạm Ví Dụ,29872,Kim cương,,\n\
                    Q-5,Võ Ví Dụ,29872,Bằng hiện vật,,ghi nhầm\n";

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|e| e.expect("an entry").path()) {
        let target = to.join(entry.file_name().expect("a name"));
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            std::fs::copy(&entry, &target).expect("copied");
        }
    }
}

/// A nation that has the eighth programme: it takes every record.
fn nation() -> Server {
    Server::plain(|request, wire| {
        let text = String::from_utf8_lossy(request);
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let answer = if text.starts_with("POST /token ") {
            json!({"access_token": "t", "expires_in": 3600})
        } else if text.starts_with("POST /misposasoft/1.0/qua-tet/dong-bo ") {
            let batch: Value = serde_json::from_str(body).expect("a batch");
            let taken = |item: &Value| json!({"MaThamChieu": item["MaThamChieu"], "KetQua": "0", "MaDoiTuong": "N"});
            let results: Vec<Value> = batch["DanhSach"].as_array().expect("a list").iter().map(taken).collect();
            json!({"error_code": "0", "message": "", "result": results})
        } else {
            return wire.write_all(&http("404 Not Found", "", b"")).is_ok();
        };
        wire.write_all(&http("200 OK", "Content-Type: application/json\r\n", answer.to_string().as_bytes())).is_ok()
    })
}

#[test]
fn an_eighth_programme_needs_files_under_mappings_only() {
    let dir = tempfile::tempdir().expect("a folder");
    copy(mappings(), &dir.path().join("mappings"));
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    let server = nation();
    write("id", "sandbox");
    write("secret", "sandbox");
    write("qua.csv", ROWS);
    write(
        "gateway.toml",
        &format!(
            "mappings = \"mappings\"\n[province]\ncode = \"87\"\n[store]\nkind = \"sqlite\"\npath = \"store.db\"\n\
             [[source]]\nname = \"qua\"\nkind = \"csv\"\npath = \"qua.csv\"\nheader = true\n\
             [[system]]\nname = \"misposasoft\"\nbase = \"{}\"\nid_file = \"id\"\nsecret_file = \"secret\"\n\
             [[stream]]\nname = \"qua-tet\"\nsource = \"qua\"\nsystem = \"misposasoft\"\nentity = \"qua-tet\"\n",
            server.base()
        ),
    );
    let config = dir.path().join("gateway.toml");
    let run = |args: &[&str]| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_molisa-gateway"));
        command.arg("--config").arg(&config).args(args).env_remove("RUST_LOG").output().expect("it runs")
    };
    assert!(!run(&["mapping", "check"]).status.success(), "nothing knows the programme yet");

    write("mappings/misposasoft/qua-tet.toml", MAPPING);
    write("mappings/codes/gifts.csv", GIFTS);
    let profile = std::fs::read_to_string(dir.path().join("mappings/misposasoft/system.toml")).expect("the profile");
    write("mappings/misposasoft/system.toml", &profile.replacen("\n[envelope]\n", &format!("{CALLS}[envelope]\n"), 1));

    for verb in ["check", "test"] {
        let output = run(&["mapping", verb]);
        assert!(output.status.success(), "{verb}: {output:?}");
    }
    let output = run(&["--json", "sync"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    let outcome = &told["runs"][0];
    assert_eq!((&outcome["scanned"], &outcome["confirmed"]), (&json!(5), &json!(2)), "{outcome}");
    assert_eq!(outcome["held"], json!({"missing": 1, "unknown-code": 1}), "{outcome}");

    let seen = server.requests();
    let batches: Vec<Value> = seen
        .iter()
        .filter(|r| r.starts_with("POST /misposasoft/1.0/qua-tet/dong-bo "))
        .filter_map(|r| serde_json::from_str(r.split_once("\r\n\r\n")?.1).ok())
        .collect();
    let records: Vec<&Value> = batches.iter().flat_map(|b| b["DanhSach"].as_array().expect("a list")).collect();
    let sent: Vec<(&Value, &Value, &Value)> =
        records.iter().map(|r| (&r["MaThamChieu"], &r["ThaoTac"], &r["DoiTuong"])).collect();
    let money = json!({"HoTen": "Nguyễn Thị Ví Dụ", "MaXa": "29869", "SuatQua": "TIEN", "SoTienQua": "500000"});
    let goods = json!({"HoTen": "Trần Văn Ví Dụ", "MaXa": "29872", "SuatQua": "HIEN_VAT", "SoTienQua": ""});
    let (write, first, second) = (json!("GHI"), json!("Q-1"), json!("Q-2"));
    assert_eq!(sent, [(&first, &write, &money), (&second, &write, &goods)]);
}
