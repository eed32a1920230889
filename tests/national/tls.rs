//! Certificates: whose we trust, which one we show, and what is said when they do not fit.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use jiff::tz::TimeZone;
use molisa_gateway::model::Timestamp;
use molisa_gateway::national::certificate as ends;
use molisa_gateway::national::{Cause, HttpTransport, Identity, Reply, Transport, TransportOptions, WireError};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::server::WebPkiClientVerifier;
use tempfile::TempDir;

use super::server::{Server, http, request};

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn issuer(name: &str) -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).expect("params");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a CA")
}

/// A certificate and its key for `name`, valid until the first of January of `year`.
fn certificate(issuer: &Issuer, name: &str, year: i32) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![name.to_owned()]).expect("params");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(year, 1, 1);
    (params.signed_by(&key, issuer).expect("a certificate"), key)
}

fn server(issuer: &Issuer, name: &str, year: i32, clients: Option<&Issuer>) -> Server {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("versions");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(root(clients)).expect("a root");
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().expect("a verifier");
            builder.with_client_cert_verifier(verifier)
        }
    };
    let (certificate, key) = certificate(issuer, name, year);
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("the key as DER");
    let config = builder.with_single_cert(vec![certificate.der().clone()], key).expect("a TLS server");
    let answer = http("200 OK", "", b"{}");
    Server::start(Some(Arc::new(config)), Arc::new(move |_, wire| wire.write_all(&answer).is_ok()))
}

fn root(issuer: &Issuer) -> CertificateDer<'static> {
    AsRef::<rcgen::Certificate>::as_ref(issuer).der().clone()
}

fn options(server: &Server, host: &str, dir: &TempDir, trusted: Option<&Issuer>) -> TransportOptions {
    let mut options =
        TransportOptions::new(format!("https://{host}:{}", server.address.port()), Duration::from_secs(5));
    if let Some(issuer) = trusted {
        let file = dir.path().join("ca.pem");
        std::fs::write(&file, AsRef::<rcgen::Certificate>::as_ref(issuer).pem()).expect("a file");
        options.extra_ca = Some(file);
    }
    options
}

async fn exchange(options: &TransportOptions) -> Result<Reply, WireError> {
    HttpTransport::open(options).expect("a client").exchange(request()).await
}

fn not_sent(result: Result<Reply, WireError>) -> String {
    match result {
        Err(WireError::NotSent { cause: Cause::Tls, why }) => why,
        other => panic!("surely not sent, because of TLS; not {other:?}"),
    }
}

#[tokio::test]
async fn a_private_issuer_is_trusted_only_when_configured() {
    let (dir, issuer, stranger) = (TempDir::new().expect("a folder"), issuer("CA thử"), issuer("CA khác"));
    let server = server(&issuer, "localhost", 2030, None);
    let reply = exchange(&options(&server, "localhost", &dir, Some(&issuer))).await.expect("an answer");
    let until = TimeZone::UTC.to_timestamp(date(2030, 1, 1).at(0, 0, 0, 0)).expect("a time");
    assert_eq!(reply.certificate_until.map(|t| t.0), Some(until.as_millisecond()));

    let why = not_sent(exchange(&options(&server, "localhost", &dir, Some(&stranger))).await);
    assert!(why.contains("thêm tệp CA"), "{why}");
    let renewed = self::issuer("CA thử");
    let why = not_sent(exchange(&options(&server, "localhost", &dir, Some(&renewed))).await);
    assert!(why.contains("đổi khóa"), "{why}");
    assert_eq!(server.requests().len(), 1, "nothing was said to a server that is not trusted");
}

#[tokio::test]
async fn expired_and_foreign_certificates_are_named() {
    let (dir, issuer) = (TempDir::new().expect("a folder"), issuer("CA thử"));
    let expired = server(&issuer, "localhost", 2021, None);
    let why = not_sent(exchange(&options(&expired, "localhost", &dir, Some(&issuer))).await);
    assert!(why.contains("hết hạn"), "{why}");
    let foreign = server(&issuer, "noi-khac.example", 2030, None);
    let why = not_sent(exchange(&options(&foreign, "localhost", &dir, Some(&issuer))).await);
    assert!(why.contains("tên khác"), "{why}");
    // Plain HTTP behind a TLS address.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mut plain = options(&expired, "localhost", &dir, Some(&issuer));
    plain.base = format!("https://localhost:{}", listener.local_addr().expect("its address").port());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").expect("it listens");
        drop(std::io::copy(&mut stream, &mut std::io::sink()));
    });
    not_sent(exchange(&plain).await);
}

#[tokio::test]
async fn a_client_certificate_is_shown_when_configured() {
    let (dir, issuer, clients) = (TempDir::new().expect("a folder"), issuer("CA thử"), issuer("CA cổng"));
    let server = server(&issuer, "localhost", 2030, Some(&clients));
    let mut options = options(&server, "localhost", &dir, Some(&issuer));
    let why = not_sent(exchange(&options).await);
    assert!(why.contains("chứng thư của cổng này"), "{why}");

    let (certificate, key) = certificate(&clients, "tinh-87", 2030);
    let files = Identity { certificate: dir.path().join("cong.pem"), key: dir.path().join("cong.key") };
    std::fs::write(&files.certificate, certificate.pem().trim_end()).expect("a file");
    std::fs::write(&files.key, key.serialize_pem()).expect("a file");
    options.identity = Some(files);
    assert_eq!(exchange(&options).await.expect("an answer").status, 200);
}

#[tokio::test]
async fn failure_23_a_certificate_that_is_renewed_on_disk_is_shown_without_a_restart() {
    let (dir, issuer, clients) = (TempDir::new().expect("a folder"), issuer("CA thử"), issuer("CA cổng"));
    let server = server(&issuer, "localhost", 2030, Some(&clients));
    let mut options = options(&server, "localhost", &dir, Some(&issuer));
    let files = Identity { certificate: dir.path().join("cong.pem"), key: dir.path().join("cong.key") };
    let put = |year| {
        let (certificate, key) = certificate(&clients, "tinh-87", year);
        std::fs::write(&files.key, key.serialize_pem()).expect("a file");
        std::fs::write(&files.certificate, certificate.pem()).expect("a file");
    };
    put(2021);
    options.identity = Some(files.clone());
    let gateway = HttpTransport::open(&options).expect("a client");
    assert_eq!(gateway.certificate_until(), None, "nothing was seen yet");
    let why = not_sent(gateway.exchange(request()).await);
    assert!(why.contains("chứng thư của cổng này") && why.contains("CertificateExpired"), "{why}");

    // Half written: the one before stays in use, and is refused as before.
    std::fs::write(&files.certificate, "-----BEGIN CERT").expect("a file");
    let why = not_sent(gateway.exchange(request()).await);
    assert!(why.contains("chứng thư của cổng này"), "{why}");
    put(2031);
    assert_eq!(gateway.exchange(request()).await.expect("an answer").status, 200);
    let until = TimeZone::UTC.to_timestamp(date(2030, 1, 1).at(0, 0, 0, 0)).expect("a time");
    assert_eq!(gateway.certificate_until().map(|t| t.0), Some(until.as_millisecond()));
    let ours = ends::pem_valid_until(&std::fs::read(&files.certificate).expect("a file")).expect("a certificate");
    assert_eq!(ours.day().to_string(), "2031-01-01");
}

#[test]
fn failure_23_the_end_is_told_30_14_7_and_1_day_ahead() {
    let (now, day) = (Timestamp(1_795_485_600_000), 86_400_000);
    let after = |days: i64| ends::warning(now.plus(days * day), now);
    let told: Vec<_> = [400, 31, 30, 15, 14, 8, 7, 2, 1, 0, -1, -400].map(after).into();
    let expected =
        [None, None, Some(30), Some(30), Some(14), Some(14), Some(7), Some(7), Some(1), Some(0), Some(0), Some(0)];
    assert_eq!(told, expected);
    assert_eq!(ends::days_left(now.plus(day - 1), now), 0, "less than a day is none");
}

#[test]
fn files_that_are_not_certificates_are_named() {
    let dir = TempDir::new().expect("a folder");
    let mut options = TransportOptions::new("https://localhost", Duration::from_secs(1));
    options.extra_ca = Some(dir.path().join("khong-co.pem"));
    let gone = HttpTransport::open(&options).expect_err("no such file").to_string();
    assert!(gone.contains("khong-co.pem"), "{gone}");
    let file = dir.path().join("rong.pem");
    std::fs::write(&file, "không phải PEM").expect("a file");
    options.extra_ca = Some(file.clone());
    let empty = HttpTransport::open(&options).expect_err("no PEM").to_string();
    assert!(empty.contains("rong.pem"), "{empty}");
    options.extra_ca = None;
    options.identity = Some(Identity { certificate: file.clone(), key: file });
    let wrong = HttpTransport::open(&options).expect_err("no PEM").to_string();
    assert!(wrong.contains("rong.pem"), "{wrong}");
}
