//! Stories of the sandbox room, told from outside: over real connections.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Parser;
use futures_util::StreamExt;
use molisa_gateway::sandbox::{
    Fault, FaultKind, Nation, Operation, SandboxArgs, Settings, Words, run, serve, system_clock,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

mod portals;

const SEND: &str = "/misposasoft/1.0/doi-tuong/dong-bo";
const FIELDS: &str = "HoTen NgaySinh NamSinh DoChinhXacNgaySinh GioiTinh DanToc LoaiGiayTo SoGiayTo MaDinhDanhCu MaTinh \
    MaHuyen MaXa DanhMucDVHC DiaChi ThonTo NhomDoiTuong HeSo MucChuan MucHuong ChinhSach SoQuyetDinh NgayQuyetDinh \
    CoQuanQuyetDinh TuThang DenThang TrangThai LyDoDung DangTat MucDoKhuyetTat SoGiayXNKT HinhThucChiTra SoTaiKhoan \
    MaNganHang ChuTaiKhoan NguoiNhanThay QuanHe SoTheBHYT HoNgheo CoSoTroGiup";

/// A batch of so many records that nothing is wrong with.
fn batch(key: &str, records: usize) -> String {
    let mut names: Vec<&str> = FIELDS.split_whitespace().collect();
    names.sort_unstable();
    let filled = [
        ("HoTen", "Trần Thị Một"),
        ("NamSinh", "1940"),
        ("DoChinhXacNgaySinh", "NAM"),
        ("GioiTinh", "2"),
        ("LoaiGiayTo", "KHONG"),
        ("TrangThai", "DANG_HUONG"),
    ];
    let fields: Vec<String> = names
        .iter()
        .map(|&name| match filled.iter().find(|(field, _)| *field == name) {
            Some((_, value)) => format!("\"{name}\":\"{value}\""),
            None if name == "DangTat" => "\"DangTat\":[]".to_owned(),
            None => format!("\"{name}\":\"\""),
        })
        .collect();
    let record = format!("{{{}}}", fields.join(","));
    let digits = b"0123456789abcdef";
    let both = |byte: &u8| [digits[usize::from(byte >> 4)] as char, digits[usize::from(byte & 15)] as char];
    let version: String = Sha256::digest(format!("GHI|{record}").as_bytes()).iter().flat_map(both).collect();
    let items: Vec<String> = (0..records)
        .map(|at| {
            format!(r#"{{"MaThamChieu":"{key}-{at}","PhienBan":"{version}","ThaoTac":"GHI","DoiTuong":{record}}}"#)
        })
        .collect();
    let items = items.join(",");
    format!(r#"{{"MaTinh":"87","MaGoiTin":"{key}","ThoiGianGui":"20231218083000","DanhSach":[{items}]}}"#)
}

struct Server {
    address: String,
    nation: Arc<Mutex<Nation>>,
    client: reqwest::Client,
    token: String,
    stop: CancellationToken,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Server {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let nation = Arc::new(Mutex::new(Nation::new(Settings::default(), Words::default())));
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, nation.clone(), system_clock(), stop.clone()));
        let client = client();
        let token = token(&client, &format!("http://{address}")).await;
        Self { address, nation, client, token, stop }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn send(&self, body: String) -> reqwest::Result<reqwest::Response> {
        self.client.post(self.url(SEND)).bearer_auth(&self.token).body(body).send().await
    }

    /// Sends a batch into a fault and gives back every byte that came before the connection ended.
    async fn raw(&self, fault: Fault, key: &str, wait: Duration) -> Option<Vec<u8>> {
        self.nation.lock().unwrap().add_fault(fault).unwrap();
        let body = batch(key, 3);
        let head = format!(
            "POST {SEND} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\naccept-encoding: gzip\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            self.token,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        tokio::time::timeout(wait, stream.read_to_end(&mut all)).await.ok()?.unwrap();
        Some(all)
    }

    fn effects(&self) -> u64 {
        self.nation.lock().unwrap().report().effects
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn token(client: &reqwest::Client, base: &str) -> String {
    let request = client.post(format!("{base}/token")).basic_auth("sandbox", Some("sandbox"));
    let answer = request.body("grant_type=client_credentials").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let answer: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

fn fault(kind: FaultKind) -> Fault {
    Fault::new(Operation::Send, kind)
}

async fn json(response: reqwest::Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_batch_goes_in_and_the_report_and_records_come_out() {
    let server = Server::start().await;
    let answer = json(server.send(batch("batch-0001", 500)).await.unwrap()).await;
    assert_eq!((answer["error_code"].as_str(), answer["result"].as_array().unwrap().len()), (Some("0"), 500));
    let report = json(server.client.get(server.url("/_sandbox/report")).send().await.unwrap()).await;
    assert_eq!((&report["people"], &report["violations"]), (&json!(500), &json!(0)), "{report}");
    assert_eq!(report["requests"], json!({"token": 1, "send": 1}));
    let records = server.client.get(server.url("/_sandbox/records?after=batch-0001-497&limit=2")).send().await.unwrap();
    let records = records.text().await.unwrap();
    let names: Vec<_> =
        records.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["MaThamChieu"].clone()).collect();
    assert_eq!(names, ["batch-0001-498", "batch-0001-499"]);
}

#[tokio::test]
async fn connections_are_cut_where_the_fault_says() {
    let server = Server::start().await;
    assert_eq!(server.raw(fault(FaultKind::CutBefore), "batch-0001", LONG).await, Some(Vec::new()));
    assert_eq!(server.effects(), 0);
    assert_eq!(server.raw(fault(FaultKind::StoredThenCut), "batch-0002", LONG).await, Some(Vec::new()));
    assert_eq!(server.effects(), 3);
    let parts = |bytes: &[u8]| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        (length.parse::<usize>().unwrap(), body.len())
    };
    let whole = server.raw(fault(FaultKind::Shuffled), "batch-0003", LONG).await.unwrap();
    let (length, body) = parts(&whole);
    assert_eq!(length, body);
    let cut = server.raw(fault(FaultKind::CutAfterHeaders), "batch-0004", LONG).await.unwrap();
    assert_eq!(parts(&cut), (length, 0));
    let cut = server.raw(fault(FaultKind::Truncated), "batch-0005", LONG).await.unwrap();
    assert_eq!(parts(&cut), (length, length / 2));
    let silent = server.raw(fault(FaultKind::StoredThenSilent), "batch-0006", Duration::from_millis(300)).await;
    assert_eq!((silent, server.effects()), (None, 15));
}

#[tokio::test]
async fn answers_are_huge_deep_slow_and_strange() {
    let server = Server::start().await;
    let queue = |fault: Fault| server.nation.lock().unwrap().add_fault(fault).unwrap();
    queue(Fault { bytes: Some(64 << 20), ..fault(FaultKind::Huge) });
    let huge = server.send(batch("batch-0001", 1)).await.unwrap();
    assert!(huge.content_length().unwrap() > 64 << 20);
    assert!(huge.bytes().await.unwrap().len() > 64 << 20);
    queue(Fault { bytes: Some(200 << 20), ..fault(FaultKind::GzipBomb) });
    let bomb = server.send(batch("batch-0002", 1)).await.unwrap();
    let (mut stream, mut expanded) = (bomb.bytes_stream(), 0);
    while expanded < 100 << 20 {
        expanded += stream.next().await.unwrap().unwrap().len();
    }
    drop(stream);
    let packed = server.raw(Fault { bytes: Some(200 << 20), ..fault(FaultKind::GzipBomb) }, "batch-0003", LONG).await;
    assert!(packed.unwrap().len() < 2 << 20, "small on the wire");
    queue(fault(FaultKind::Deep));
    let deep = server.send(batch("batch-0004", 1)).await.unwrap().bytes().await.unwrap();
    assert_eq!(deep.iter().skip_while(|byte| **byte != b'[').take_while(|byte| **byte == b'[').count(), 100_000);
    queue(Fault { delay_ms: Some(200), ..fault(FaultKind::Slow) });
    let start = Instant::now();
    assert_eq!(json(server.send(batch("batch-0005", 1)).await.unwrap()).await["error_code"], "0");
    assert!(start.elapsed() >= Duration::from_millis(200));
    queue(Fault { delay_ms: Some(10), ..fault(FaultKind::Trickle) });
    let start = Instant::now();
    assert_eq!(json(server.send(batch("batch-0006", 1)).await.unwrap()).await["error_code"], "0");
    assert!(start.elapsed() >= Duration::from_millis(160));
    queue(fault(FaultKind::Bom));
    let bom = server.send(batch("batch-0007", 1)).await.unwrap();
    assert_eq!(bom.headers()["content-type"], "text/plain");
    let bytes = bom.bytes().await.unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap()).unwrap()["error_code"],
        "0"
    );
    for (kind, status) in [
        (FaultKind::Redirect, 302),
        (FaultKind::Html200, 200),
        (FaultKind::Error502, 502),
        (FaultKind::Error504, 504),
        (FaultKind::Other4xx, 404),
    ] {
        queue(fault(kind));
        let page = server.send(batch(&format!("batch-{kind:?}"), 1)).await.unwrap();
        assert_eq!(page.status(), status);
        assert!(page.text().await.unwrap().starts_with("<!DOCTYPE html>"));
    }
    queue(fault(FaultKind::Malformed));
    let malformed = server.send(batch("batch-0008", 1)).await.unwrap().bytes().await.unwrap();
    assert!(malformed.starts_with(b"{\"error_code\":\"0\"") && serde_json::from_slice::<Value>(&malformed).is_err());
}

#[tokio::test]
async fn bodies_are_bounded_and_may_come_in_chunks() {
    let server = Server::start().await;
    let too_large = json(server.send(" ".repeat(5_000_001)).await.unwrap()).await;
    assert_eq!(too_large["error_code"], "-1");
    let far_too_large = server.send(" ".repeat(6_000_000)).await.unwrap();
    assert_eq!(far_too_large.status(), 413);
    let body = batch("batch-0001", 3);
    let parts: Vec<Result<String, std::io::Error>> =
        body.as_bytes().chunks(1_000).map(|part| Ok(String::from_utf8_lossy(part).into_owned())).collect();
    assert!(parts.iter().all(|part| !part.as_ref().unwrap().contains('\u{fffd}')), "cut between letters");
    let sent = server.client.post(server.url(SEND)).bearer_auth(&server.token);
    let answer = sent.body(reqwest::Body::wrap_stream(futures_util::stream::iter(parts))).send().await.unwrap();
    assert_eq!(json(answer).await["error_code"], "0");
    // Faults and mistakes at the side door.
    let wrong = server.client.post(server.url("/_sandbox/faults")).body(r#"{"operation":"send","fault":"explode"}"#);
    let wrong = wrong.send().await.unwrap();
    assert_eq!(wrong.status(), 400);
    assert!(wrong.text().await.unwrap().contains("stored-then-silent"));
    let right = server.client.post(server.url("/_sandbox/faults")).body(r#"[{"operation":"send","fault":"busy-9"}]"#);
    assert_eq!(right.send().await.unwrap().status(), 200);
    assert_eq!(json(server.send(batch("batch-0002", 1)).await.unwrap()).await["error_code"], "9");
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    sandbox: SandboxArgs,
}

#[tokio::test]
async fn the_verb_says_where_it_listens_and_takes_other_words() {
    let folder = tempfile::tempdir().unwrap();
    let words = folder.path().join("words.toml");
    std::fs::write(&words, "[paths]\nsend = '/push'\n[envelope]\nMaGoiTin = 'Key'\n").unwrap();
    let line = Line::parse_from(["x", "--words", words.to_str().unwrap(), "--budget", "3"]);
    let (ready, listening) = tokio::sync::oneshot::channel();
    let running = tokio::spawn(run(line.sandbox, move |line| ready.send(line.to_owned()).unwrap()));
    let line: Value = serde_json::from_str(&listening.await.unwrap()).unwrap();
    let base = line["listening"].as_str().unwrap();
    let client = client();
    let token = token(&client, base).await;
    let push = || client.post(format!("{base}/push")).bearer_auth(&token);
    let sent = push().body(batch("batch-0001", 1).replace("MaGoiTin", "Key")).send().await.unwrap();
    assert_eq!(json(sent).await["error_code"], "0");
    assert_eq!(json(push().body(batch("batch-0002", 1)).send().await.unwrap()).await["error_code"], "-1");
    let over = push().body(batch("batch-0003", 1).replace("MaGoiTin", "Key")).send().await.unwrap();
    assert_eq!((over.status().as_u16(), over.headers().contains_key("retry-after")), (429, true));
    running.abort();
    std::fs::write(&words, "[paths]\npush = '/push'\n").unwrap();
    let line = Line::parse_from(["x", "--words", words.to_str().unwrap()]);
    let error = run(line.sandbox, |_| panic!("it must not get ready")).await.unwrap_err();
    assert!(error.to_string().contains("words.toml"), "{error}");
}
