//! A fourth national system, with a programme that no other has: files under `mappings/` and a section of
//! gateway.toml, and the program as it is takes tokens from it, sends to it and understands its answers.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use super::mappings;
use crate::national::server::{Server, http};
use crate::support::world::copy;

/// Loans for poor pupils: a token for form fields, bare records in a list, and words of its own everywhere.
const SYSTEM: &str = r#"
[system]
name = "Quỹ cho vay học tập"
time = "yyyy-MM-ddTHH:mm:ss"

[auth]
kind = "form-client"
path = "/oauth2/cap-ve"
id-field = "ung_dung"
secret-field = "khoa"

[auth.form]
pham_vi = "ghi doc"

[auth.answer]
token = "ve"
expires = "con_lai"
life-seconds = 300
early-seconds = 30

[auth.headers]
X-Ve = "Ve {token}"

[words.contract]
write = "GHI"

[limits]
records = 2
batch-bytes = 100_000
answer-bytes = 100_000
answer-depth = 8
connect-seconds = 10
answer-seconds = 60

[headers]
Content-Type = "application/json"
Accept = "application/json"

[envelope]
form = "list"
list = "cacKhoanVay"

[envelope.fields]
donVi = "{credential:don-vi}"
phienBan = "3"

[entity.khoan-vay]
reference = "SoHopDong"

[entity.khoan-vay.write]
method = "PUT"
path = "/quy/v3/khoan-vay"

[entity.khoan-vay.write.headers]
X-Nghiep-Vu = "ghi-no"

[record.rename]
SoTienVay = "so-tien"

[answer.field]
code = "ma"
message = "loi_nhan"
results = "tung_khoan"
reference = "hop_dong"
result = "tinh_trang"
national-id = "so_quoc_gia"
error-code = "ma_loi"
error-text = "vi_sao"

[answer.codes]
"XONG" = "accepted"
"SAI" = "malformed"
"HET_VE" = "token-invalid"
"BAN" = "busy"

[answer.results]
"DUOC" = "accepted"
"KHONG" = "refused"
"SAU" = "later"

[answer.http]
"2xx" = "read"
"3xx" = "not-stored"
"401" = "token"
"429" = "wait"

[settle]
write = "repeat"
"#;

const MAPPING: &str = r#"
[mapping]
entity = "khoan-vay"
key = "so_hd"
unit = "XaNoiVay"

[columns]
so_hd = "text"
nguoi_vay = "text"
xa = "text"
ky_han = "text"
tien = "integer"
giai_ngan = "date"

[[field]]
name = "SoHopDong"
from = "so_hd"
required = true

[[field]]
name = "NguoiVay"
from = "nguoi_vay"
required = true

[[field]]
name = "XaNoiVay"
from = "xa"
code = { list = "units-2020", by = "code", at = "ever" }

[[field]]
name = "KyHan"
from = "ky_han"
code = { list = "loan-terms" }
required = true

[[field]]
name = "SoTienVay"
from = "tien"
via = ["money"]
required = true

[[field]]
name = "NgayGiaiNgan"
from = "giai_ngan"
via = ["date"]

[[example]]
name = "một khoản vay ngắn hạn"
today = "2026-01-20"
row = { so_hd = "HD-1", nguoi_vay = "Nguyễn Thị Ví Dụ", xa = "29869", ky_han = "Ngắn hạn", tien = "5.000.000" }
record = { SoHopDong = "HD-1", NguoiVay = "Nguyễn Thị Ví Dụ", XaNoiVay = "29869", KyHan = "N12", SoTienVay = "5000000" }
"#;

const TERMS: &str = "code,name,other_names,checked\nN12,Ngắn hạn,12 tháng,source\nT60,Trung hạn,60 tháng,source\n";

const HEADING: &str = "so_hd,nguoi_vay,xa,ky_han,tien,giai_ngan\n";
const FIRST: &str = "HD-1,Nguyễn Thị Ví Dụ,29869,12 tháng,5000000,2026-01-05\n\
                     HD-2,Trần Văn Ví Dụ,29872,Trung hạn,20000000,\n\
                     HD-3,Lê Ví Dụ,29872,Trung hạn,90000000,\n\
                     HD-4,Phạm Ví Dụ,29872,Vô hạn,1000000,\n";
/// One loan grew; the one that was too large is smaller.
const SECOND: &str = "HD-1,Nguyễn Thị Ví Dụ,29869,12 tháng,6000000,2026-01-05\n\
                      HD-2,Trần Văn Ví Dụ,29872,Trung hạn,20000000,\n\
                      HD-3,Lê Ví Dụ,29872,Trung hạn,40000000,\n\
                      HD-4,Phạm Ví Dụ,29872,Vô hạn,1000000,\n";

/// Head and body of a request.
fn parts(request: &str) -> (&str, &str) {
    request.split_once("\r\n\r\n").unwrap()
}

/// What a header says; no request has one twice.
fn header<'r>(request: &'r str, name: &str) -> Option<&'r str> {
    let mut lines = parts(request).0.lines().skip(1).filter_map(|line| line.split_once(':'));
    lines.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The fund: the second token, the first of a run, ends at once; it lends 50 million at most, and answers in an order of its own.
fn fund() -> Server {
    let tokens = std::sync::atomic::AtomicU32::new(0);
    Server::plain(move |request, wire| {
        let text = String::from_utf8_lossy(request);
        let mut say = |status: &str, answer: Value| {
            let said = answer.to_string();
            wire.write_all(&http(status, "Content-Type: application/json\r\n", said.as_bytes())).is_ok()
        };
        if text.starts_with("POST /oauth2/cap-ve ") {
            let nth = tokens.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            return say("200 OK", json!({"ve": format!("v{nth}"), "con_lai": 3600}));
        }
        if !text.starts_with("PUT /quy/v3/khoan-vay ") {
            return say("404 Not Found", json!({}));
        }
        if header(&text, "X-Ve") == Some("Ve v2") {
            return say("200 OK", json!({"ma": "HET_VE", "loi_nhan": "vé hết hạn"}));
        }
        let batch: Value = serde_json::from_str(parts(&text).1).unwrap();
        let one = |record: &Value| {
            let (number, sum) = (&record["SoHopDong"], record["so-tien"].as_str().unwrap().parse::<u64>().unwrap());
            if sum > 50_000_000 {
                json!({"hop_dong": number, "tinh_trang": "KHONG", "ma_loi": "VUOT_HAN", "vi_sao": "quá 50 triệu"})
            } else {
                json!({"hop_dong": number, "tinh_trang": "DUOC", "so_quoc_gia": "Q"})
            }
        };
        let results: Vec<Value> = batch["cacKhoanVay"].as_array().unwrap().iter().rev().map(one).collect();
        say("200 OK", json!({"ma": "XONG", "loi_nhan": "", "tung_khoan": results}))
    })
}

/// The operator's folder.
struct House {
    dir: tempfile::TempDir,
    fund: Server,
}

impl House {
    fn new() -> Self {
        let house = Self { dir: tempfile::tempdir().unwrap(), fund: fund() };
        copy(mappings(), &house.path("mappings"));
        for (name, secret) in [("id", "tinh-87"), ("secret", "a&b=c d"), ("don-vi", "87-\"LDTBXH\"")] {
            house.write(name, secret);
            std::fs::set_permissions(house.path(name), std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        let base = house.fund.base();
        let text = format!(
            "mappings = \"mappings\"\n[province]\ncode = \"87\"\n[store]\nkind = \"sqlite\"\npath = \"store.db\"\n\
             [[source]]\nname = \"vay\"\nkind = \"csv\"\npath = \"vay.csv\"\nheader = true\n\
             [[system]]\nname = \"he-thong-tu\"\nbase = \"{base}\"\nid_file = \"id\"\nsecret_file = \"secret\"\n\
             credential_files = {{ don-vi = \"don-vi\" }}\nper_minute = 60000\nretry = [\"200ms\"]\n\
             [[stream]]\nname = \"khoan-vay\"\nsource = \"vay\"\nsystem = \"he-thong-tu\"\nentity = \"khoan-vay\"\n\
             patience = \"1m\"\nbrake = {{ new = \"20\", changed = \"20\", stopped = \"20\" }}\n"
        );
        house.write("gateway.toml", &text);
        house
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap_or_else(|| Path::new("/"))).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_molisa-gateway"));
        command.arg("--config").arg(self.path("gateway.toml")).args(args).env_remove("RUST_LOG").output().unwrap()
    }

    /// Sends these rows: what the run tells, and what the fund got meanwhile.
    fn sync(&self, rows: &str) -> (Value, Vec<String>) {
        self.write("vay.csv", &format!("{HEADING}{rows}"));
        let before = self.fund.requests().len();
        let output = self.run(&["--json", "sync"]);
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"));
        (told["runs"][0].clone(), self.fund.requests().split_off(before))
    }
}

/// The records of all batches that this token brought, by number; every batch is as the profile tells it.
fn records(requests: &[String], token: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for request in requests.iter().filter(|r| header(r, "X-Ve") == Some(token)) {
        assert!(request.starts_with("PUT /quy/v3/khoan-vay HTTP/1.1\r\n"), "{request}");
        assert_eq!(header(request, "X-Nghiep-Vu"), Some("ghi-no"));
        assert_eq!(
            (header(request, "Content-Type"), header(request, "Authorization")),
            (Some("application/json"), None)
        );
        let batch: Value = serde_json::from_str(parts(request).1).unwrap();
        let list = batch["cacKhoanVay"].as_array().unwrap().clone();
        assert_eq!(batch, json!({"donVi": "87-\"LDTBXH\"", "phienBan": "3", "cacKhoanVay": list}), "nothing else");
        assert!((1..=2).contains(&list.len()), "{batch}");
        all.extend(list);
    }
    all.sort_by_key(|record| record["SoHopDong"].as_str().unwrap().to_owned());
    all
}

fn loan(number: &str, name: &str, unit: &str, term: &str, sum: &str, paid: &str) -> Value {
    json!({"SoHopDong": number, "NguoiVay": name, "XaNoiVay": unit, "KyHan": term, "so-tien": sum, "NgayGiaiNgan": paid})
}

#[test]
fn a_fourth_system_needs_files_under_mappings_only() {
    let house = House::new();
    assert!(!house.run(&["mapping", "check"]).status.success(), "nothing knows the system yet");
    house.write("mappings/he-thong-tu/system.toml", SYSTEM);
    house.write("mappings/he-thong-tu/khoan-vay.toml", MAPPING);
    house.write("mappings/codes/loan-terms.csv", TERMS);
    house.write("vay.csv", HEADING);
    for verb in [&["mapping", "check"][..], &["mapping", "test"], &["check"]] {
        let output = house.run(verb);
        assert!(output.status.success(), "{verb:?}: {output:?}");
    }

    // All at first: one too large for the fund, one that is held.
    let (told, seen) = house.sync(FIRST);
    assert_eq!((&told["scanned"], &told["confirmed"]), (&json!(4), &json!(2)), "{told}");
    assert_eq!((&told["refused"], &told["held"]), (&json!({"VUOT_HAN": 1}), &json!({"unknown-code": 1})), "{told}");
    let tokens: Vec<&String> = seen.iter().filter(|r| r.starts_with("POST ")).collect();
    assert_eq!(tokens.len(), 2, "one more when the first was no longer taken: {seen:?}");
    for request in tokens {
        assert!(request.starts_with("POST /oauth2/cap-ve HTTP/1.1\r\n"), "{request}");
        assert_eq!(header(request, "Content-Type"), Some("application/x-www-form-urlencoded"));
        assert_eq!((header(request, "Authorization"), header(request, "X-Ve")), (None, None));
        let mut fields: Vec<String> = parts(request).1.split('&').map(|pair| pair.replace("%20", "+")).collect();
        fields.sort();
        assert_eq!(fields, ["khoa=a%26b%3Dc+d", "pham_vi=ghi+doc", "ung_dung=tinh-87"]);
    }
    let second = loan("HD-2", "Trần Văn Ví Dụ", "29872", "T60", "20000000", "");
    let expected = [
        loan("HD-1", "Nguyễn Thị Ví Dụ", "29869", "N12", "5000000", "05/01/2026"),
        second,
        loan("HD-3", "Lê Ví Dụ", "29872", "T60", "90000000", ""),
    ];
    assert_eq!(records(&seen, "Ve v3"), expected);
    let output = house.run(&["--json", "queue", "list"]);
    let listed: Value = serde_json::from_slice(&output.stdout).unwrap();
    let waiting = listed["waiting"].as_array().unwrap();
    let waiting: Vec<(&Value, &Value)> = waiting.iter().map(|row| (&row["key"], &row["reason"])).collect();
    let (refused, held) = ((&json!("HD-3"), &json!("VUOT_HAN")), (&json!("HD-4"), &json!("unknown-code")));
    assert!(waiting.len() == 2 && waiting.contains(&refused) && waiting.contains(&held), "for a person: {listed}");

    // Only what changed goes, and what was refused is right now.
    let (told, seen) = house.sync(SECOND);
    assert_eq!((&told["sent"], &told["confirmed"], &told["refused"]), (&json!(2), &json!(2), &json!({})), "{told}");
    let expected = [
        loan("HD-1", "Nguyễn Thị Ví Dụ", "29869", "N12", "6000000", "05/01/2026"),
        loan("HD-3", "Lê Ví Dụ", "29872", "T60", "40000000", ""),
    ];
    assert_eq!(records(&seen, "Ve v4"), expected);

    let (told, seen) = house.sync(SECOND);
    assert_eq!((&told["sent"], records(&seen, "Ve v5").len()), (&json!(0), 0), "{told} {seen:?}");
    assert!(!seen.iter().any(|request| request.starts_with("PUT ")), "nothing goes twice: {seen:?}");
}
