//! Stories of the core, without a network.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::*;

mod answers;
mod apart;
mod applications;
mod attachments;

mod btxh;
mod forms;
mod order;
mod payments;
mod portals;
mod programmes;
mod questions;
mod soap;

const NOW: i64 = 1_795_000_000_000; // 2026-11-18 in Viet Nam
const SEND: &str = "/misposasoft/1.0/doi-tuong/dong-bo";
const ASK: &str = "/misposasoft/1.0/doi-tuong/tra-cuu-goi-tin";

/// The contract's hash, computed here once more, from a JSON value.
fn version(action: &str, record: &Value) -> String {
    fn canonical(value: &Value, out: &mut String) {
        match value {
            Value::Object(map) => {
                let mut keys: Vec<_> = map.keys().collect();
                keys.sort();
                out.push('{');
                for (at, key) in keys.into_iter().enumerate() {
                    out.push_str(if at > 0 { ",\"" } else { "\"" });
                    out.push_str(key);
                    out.push_str("\":");
                    canonical(&map[key], out);
                }
                out.push('}');
            }
            Value::Array(list) => {
                out.push('[');
                for (at, value) in list.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    canonical(value, out);
                }
                out.push(']');
            }
            Value::String(text) => {
                out.push('"');
                out.push_str(&text.replace('\\', "\\\\").replace('"', "\\\""));
                out.push('"');
            }
            other => out.push_str(&other.to_string()),
        }
    }
    let mut text = format!("{action}|");
    canonical(record, &mut text);
    hex(&Sha256::digest(text.as_bytes()))
}

/// Lower-case hexadecimal digits, not by the code under test.
fn hex(bytes: &[u8]) -> String {
    let digits = b"0123456789abcdef";
    let both = |byte: &u8| [digits[usize::from(byte >> 4)] as char, digits[usize::from(byte & 15)] as char];
    bytes.iter().flat_map(both).collect()
}

fn person(name: &str) -> Value {
    json!({"HoTen": name, "NgaySinh": "", "NamSinh": "1941", "DoChinhXacNgaySinh": "NAM", "GioiTinh": "2",
        "DanToc": "01", "LoaiGiayTo": "CCCD", "SoGiayTo": "087141000123", "MaDinhDanhCu": "", "MaTinh": "87",
        "MaHuyen": "866", "MaXa": "29869", "DanhMucDVHC": "2020", "DiaChi": "ấp 1", "ThonTo": "",
        "NhomDoiTuong": "5.5c", "HeSo": "1.5", "MucChuan": "360000", "MucHuong": "540000", "ChinhSach": "20/2021",
        "SoQuyetDinh": "12/QĐ-UBND", "NgayQuyetDinh": "18/12/2021", "CoQuanQuyetDinh": "UBND huyện",
        "TuThang": "01/2022", "DenThang": "", "TrangThai": "DANG_HUONG", "LyDoDung": "", "DangTat": ["NHIN"],
        "MucDoKhuyetTat": "NANG", "SoGiayXNKT": "", "HinhThucChiTra": "TIEN_MAT", "SoTaiKhoan": "",
        "MaNganHang": "", "ChuTaiKhoan": "", "NguoiNhanThay": "", "QuanHe": "", "SoTheBHYT": "", "HoNgheo": "0",
        "CoSoTroGiup": ""})
}

fn stop() -> Value {
    json!({"NgayDung": "18/12/2023", "SoQuyetDinh": "99/QĐ \"B\"", "LyDoDung": "a"})
}

fn item(reference: &str, action: &str, record: &Value) -> Value {
    json!({"MaThamChieu": reference, "PhienBan": version(action, record), "ThaoTac": action, "DoiTuong": record})
}

fn batch(key: &str, formed: &str, items: &[Value]) -> Vec<u8> {
    json!({"MaTinh": "87", "MaGoiTin": key, "ThoiGianGui": formed, "DanhSach": items}).to_string().into_bytes()
}

struct Boxed {
    nation: Nation,
    token: String,
    now: i64,
}

impl Boxed {
    fn new() -> Self {
        Self::with(Settings::default(), Words::default())
    }

    fn with(settings: Settings, words: Words) -> Self {
        let mut one = Self { nation: Nation::new(settings, words), token: String::new(), now: NOW };
        one.token = one.fresh_token();
        one
    }

    fn fresh_token(&mut self) -> String {
        let request = Request {
            method: "POST".to_owned(),
            path: self.nation.words.paths.token.clone(),
            headers: vec![("Authorization".to_owned(), "Basic c2FuZGJveDpzYW5kYm94".to_owned())],
            body: b"grant_type=client_credentials".to_vec(),
            ..Request::default()
        };
        let reply = self.nation.handle(&request, self.now);
        assert_eq!(reply.status, 200);
        serde_json::from_slice::<Value>(&reply.bytes(10_000)).unwrap()["access_token"].as_str().unwrap().to_owned()
    }

    fn reply(&mut self, path: &str, body: Vec<u8>) -> Reply {
        self.nation.handle(&Request::post(path, &self.token, body), self.now)
    }

    fn send(&mut self, key: &str, items: &[Value]) -> Value {
        let reply = self.reply(SEND, batch(key, "20261118083000", items));
        assert_eq!(reply.status, 200, "{reply:?}");
        serde_json::from_slice(&reply.bytes(10_000_000)).unwrap()
    }

    fn send_to(&mut self, entity: &str, key: &str, items: &[Value]) -> Value {
        let path = SEND.replace("doi-tuong", entity);
        let body = batch(key, "20261118083000", items);
        serde_json::from_slice(&self.reply(&path, body).bytes(10_000_000)).unwrap()
    }

    fn post(&mut self, path: &str, body: &Value) -> Value {
        let reply = self.reply(path, body.to_string().into_bytes());
        serde_json::from_slice(&reply.bytes(10_000_000)).unwrap()
    }

    fn ask(&mut self, key: &str) -> Value {
        self.post(ASK, &json!({ "MaGoiTin": key }))
    }

    fn fault(&mut self, fault: Fault) {
        self.nation.add_fault(fault).unwrap();
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.nation.report().violations_by_kind.into_keys().collect()
    }
}

fn send_fault(kind: FaultKind) -> Fault {
    Fault::new(Operation::Send, kind)
}

fn results(answer: &Value) -> Vec<(&str, &str)> {
    let list = answer["result"].as_array().unwrap();
    list.iter().map(|line| (line["MaThamChieu"].as_str().unwrap(), line["KetQua"].as_str().unwrap())).collect()
}
