//! HTTP as bare as it goes: one kept-alive connection, no time-outs, no retries.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, bail, ensure};
use molisa_gateway::model::{Clock, ContentHash, SystemClock};
use serde::Deserialize;
use serde_json::Value;

/// One record to send.
pub struct Item {
    pub key: String,
    pub number: u64,
    pub hash: ContentHash,
    pub operation: &'static str,
    pub json: String,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
struct Answer {
    error_code: Value,
    #[serde(default)]
    message: String,
    result: Option<Vec<Line>>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "MaThamChieu")]
    key: String,
    #[serde(rename = "KetQua")]
    outcome: Value,
}

/// `0` as text or number, blanks around it.
fn is_zero(value: &Value) -> bool {
    value.as_str().map(str::trim) == Some("0") || value.as_u64() == Some(0)
}

/// Fetches a token for `key:secret`.
pub fn token(address: &str, login: &str) -> Result<String> {
    let mut connection = Connection::open(address)?;
    let basic = format!("Basic {}", base64(login.as_bytes()));
    let form = "application/x-www-form-urlencoded";
    let body = connection.post("/token", &basic, form, b"grant_type=client_credentials")?;
    let token: Token = serde_json::from_slice(body).context("no token")?;
    Ok(format!("Bearer {}", token.access_token))
}

pub struct Connection {
    host: String,
    stream: BufReader<TcpStream>,
    head: String,
    request: String,
    body: Vec<u8>,
}

impl Connection {
    pub fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| address.to_owned())?;
        stream.set_nodelay(true)?;
        let stream = BufReader::with_capacity(1 << 16, stream);
        Ok(Self { host: address.to_owned(), stream, head: String::new(), request: String::new(), body: Vec::new() })
    }

    /// Sends a batch; the keys that were accepted.
    pub fn send(&mut self, token: &str, batch: &[Item]) -> Result<HashSet<String>> {
        let mut text = std::mem::take(&mut self.request);
        text.clear();
        let now = SystemClock::new().now().wire();
        let id = uuid::Uuid::now_v7();
        write!(text, r#"{{"MaTinh":"87","MaGoiTin":"{id}","ThoiGianGui":"{now}","DanhSach":["#)?;
        for (i, item) in batch.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            let Item { key, hash, operation, json, .. } = item;
            write!(
                text,
                r#"{comma}{{"MaThamChieu":"{key}","PhienBan":"{hash}","ThaoTac":"{operation}","DoiTuong":{json}}}"#
            )?;
        }
        text.push_str("]}");
        let path = "/misposasoft/1.0/doi-tuong/dong-bo";
        let answer: Answer = serde_json::from_slice(self.post(path, token, "application/json", text.as_bytes())?)?;
        self.request = text;
        ensure!(is_zero(&answer.error_code), "batch refused: {} {}", answer.error_code, answer.message);
        let lines = answer.result.unwrap_or_default();
        Ok(lines.into_iter().filter(|l| is_zero(&l.outcome)).map(|l| l.key).collect())
    }

    fn post(&mut self, path: &str, authorization: &str, kind: &str, body: &[u8]) -> Result<&[u8]> {
        let Self { host, head, .. } = self;
        head.clear();
        write!(
            head,
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )?;
        self.stream.get_mut().write_all(head.as_bytes())?;
        self.stream.get_mut().write_all(body)?;
        let mut length = None;
        let mut status = String::new();
        self.stream.read_line(&mut status)?;
        loop {
            head.clear();
            self.stream.read_line(head)?;
            let line = head.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        let Some(length) = length else { bail!("an answer without a length to {path}") };
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body)?;
        ensure!(status.contains(" 200 "), "{path}: {}", status.trim());
        Ok(&self.body)
    }
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0_u32, |w, b| (w << 8) | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..4 {
            let six = (word >> (18 - 6 * i)) & 63;
            out.push(if i <= three.len() { char::from(LETTERS[six as usize]) } else { '=' });
        }
    }
    out
}
