//! What can happen to one exchange, and what may be concluded from it.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use molisa_gateway::national::{Cause, HttpTransport, Reply, Transport, TransportOptions, WireError};
use secrecy::SecretString;

use super::server::{Server, http, open, request};

fn unknown(result: Result<Reply, WireError>) -> String {
    match result {
        Err(WireError::Unknown { why }) => why,
        Err(error @ WireError::TooLarge { .. }) => error.to_string(),
        other => panic!("the outcome must be unknown, not {other:?}"),
    }
}

/// Fails, rather than hangs, where a time limit does not work.
async fn in_time<T>(exchange: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(15), exchange).await.expect("an end by itself")
}

#[tokio::test]
async fn an_exchange_carries_bytes_headers_and_answer() {
    let server = Server::says(http(
        "429 Too Many",
        "Retry-After: -5\r\nDate: Tue, 24 Nov 2026 08:00:00 GMT\r\nContent-Type: text/plain\r\n",
        b"{\"a\":1}",
    ));
    let mut request = request();
    request.body = "{\"Tên\":\"Đặng\"}".into();
    request.credentials.push(("Authorization".into(), SecretString::from("Bearer abc")));
    let transport = open(&format!("{}/tien-to/", server.base()));
    let reply = transport.exchange(request).await.expect("an answer");
    assert_eq!(reply.status, 429);
    assert_eq!(reply.retry_after.as_deref(), Some("-5"));
    assert_eq!(reply.date.as_deref(), Some("Tue, 24 Nov 2026 08:00:00 GMT"));
    assert_eq!(reply.server_time().map(molisa_gateway::model::Timestamp::wire).as_deref(), Some("20261124150000"));
    assert_eq!(reply.content_type.as_deref(), Some("text/plain"));
    assert_eq!(reply.body, b"{\"a\":1}");
    assert_eq!(reply.certificate_until, None);
    let seen = server.requests().remove(0);
    assert!(seen.starts_with("POST /tien-to/ghi HTTP/1.1\r\n"), "{seen}");
    assert!(seen.ends_with("\r\n\r\n{\"Tên\":\"Đặng\"}"), "{seen}");
    for header in ["authorization: Bearer abc", "content-type: application/json", "user-agent: molisa-gateway/"] {
        assert!(seen.contains(header), "{seen}");
    }
    assert!(!transport.is_encrypted());
}

#[tokio::test]
async fn a_redirect_is_shown_and_not_followed() {
    let server = Server::says(http("307 Elsewhere", "Location: /khac\r\n", b""));
    let reply = server.exchange(request()).await.expect("an answer");
    assert_eq!(reply.status, 307);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn refused_and_unknown_hosts_are_surely_not_sent() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let refused = open(&format!("http://{free}")).exchange(request()).await;
    assert!(
        matches!(&refused, Err(WireError::NotSent { cause: Cause::Connect, why }) if why.contains("từ chối")),
        "{refused:?}"
    );
    let nowhere = open("http://khong-co.invalid").exchange(request()).await;
    assert!(matches!(&nowhere, Err(WireError::NotSent { cause: Cause::Name, .. })), "{nowhere:?}");
}

#[tokio::test]
async fn no_answer_in_time_is_unknown() {
    let server = Server::plain(|_, wire| {
        // Silent until the client hangs up.
        drop(std::io::copy(&mut &mut *wire, &mut std::io::sink()));
        false
    });
    let mut request = request();
    request.time_limit = Duration::from_millis(300);
    assert!(unknown(in_time(server.exchange(request)).await).contains("thời hạn"));
}

#[tokio::test]
async fn a_body_that_trickles_for_ever_ends_at_the_time_limit() {
    let server = Server::plain(|_, wire| {
        let mut more = wire.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_ok();
        while more {
            std::thread::sleep(Duration::from_millis(20));
            more = wire.write_all(b"1\r\n \r\n").and_then(|()| wire.flush()).is_ok();
        }
        false
    });
    let mut request = request();
    request.time_limit = Duration::from_millis(400);
    assert!(unknown(in_time(server.exchange(request)).await).contains("thời hạn"));
}

#[tokio::test]
async fn broken_connections_are_unknown() {
    let whole = http("200 OK", "", b"{\"error_code\":\"0\"}");
    for cut in [0, 5, 20, whole.len() - 3] {
        let part = whole[..cut].to_vec();
        let server = Server::plain(move |_, wire| {
            drop(wire.write_all(&part));
            false
        });
        let why = unknown(server.exchange(request()).await);
        assert!(why.contains("chưa rõ"), "cut at {cut}: {why}");
        assert_eq!(server.requests().len(), 1, "nothing is repeated by itself");
    }
    let garbage = Server::says("xin chào\r\n\r\n");
    unknown(garbage.exchange(request()).await);
}

#[tokio::test]
async fn a_huge_body_is_given_up_at_the_limit() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let blanks = vec![b' '; 65536];
    let server = Server::plain(move |_, wire| {
        let mut more = wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\n").is_ok();
        while more && count.load(Ordering::SeqCst) < 1 << 30 {
            more = wire.write_all(&blanks).is_ok();
            count.fetch_add(65536, Ordering::SeqCst);
        }
        false
    });
    let transport = open(&server.base());
    assert!(unknown(transport.exchange(request()).await).contains("100000 byte"));
    // What stood in the buffers of two sockets at most: the rest was never taken in.
    assert!(sent.load(Ordering::SeqCst) < 64 << 20, "{} bytes were taken in", sent.load(Ordering::SeqCst));
}

#[tokio::test]
async fn compression_is_read_and_a_bomb_is_bounded() {
    let small = Server::says(http("200 OK", "Content-Encoding: gzip\r\n", &gzip_of_zeros(50_000)));
    let reply = small.exchange(request()).await.expect("within the limit");
    assert_eq!(reply.body, vec![0; 50_000]);
    assert!(small.requests()[0].contains("accept-encoding: gzip"));

    let bomb = gzip_of_zeros(300 << 20);
    assert!(bomb.len() < 3 << 20, "small on the wire");
    let server = Server::says(http("200 OK", "Content-Encoding: gzip\r\n", &bomb));
    assert!(unknown(server.exchange(request()).await).contains("100000 byte"));

    let mut broken = gzip_of_zeros(50_000);
    broken.truncate(broken.len() / 2);
    let server = Server::says(http("200 OK", "Content-Encoding: gzip\r\n", &broken));
    unknown(server.exchange(request()).await);
}

#[tokio::test]
async fn what_http_does_not_allow_is_not_sent_and_not_told() {
    let server = Server::says(http("200 OK", "", b""));
    let mut request = request();
    request.credentials.push(("Authorization".into(), SecretString::from("bi\nmat")));
    let Err(WireError::NotSent { cause: Cause::Request, why }) = server.exchange(request.clone()).await else {
        panic!("a header with a line break must not go out");
    };
    assert!(!why.contains("mat"), "{why}");
    assert!(!format!("{request:?}").contains("mat"));
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_base_address_is_checked() {
    for (base, word) in [
        ("misposasoft.example", "không phải địa chỉ"),
        ("ftp://a.example", "https://"),
        ("https://ten:matkhau@a.example", "mật khẩu"),
        ("https://a.example/?x=1", "?"),
    ] {
        let error =
            HttpTransport::open(&TransportOptions::new(base, Duration::from_secs(1))).expect_err(base).to_string();
        assert!(error.contains(word), "{error}");
        assert!(!error.contains("matkhau"), "{error}");
    }
}

/// A gzip file of so many zero bytes: one zero, then copies of 258 at distance 1, in fixed Huffman codes
/// (RFC 1951, 3.2.6), and single zeros for what is left.
fn gzip_of_zeros(count: usize) -> Vec<u8> {
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let (mut bits, mut have) = (0u32, 0);
    let mut push = |code: u32, length: u32, most_first: bool| {
        let code = if most_first { code.reverse_bits() >> (32 - length) } else { code };
        bits |= code << have;
        have += length;
        while have >= 8 {
            out.push((bits & 0xff) as u8);
            bits >>= 8;
            have -= 8;
        }
    };
    push(0b011, 3, false); // last block, fixed codes
    let zero = 0b0011_0000;
    push(zero, 8, true);
    for _ in 0..(count - 1) / 258 {
        push(0b1100_0101, 8, true); // length 258
        push(0, 5, true); // distance 1
    }
    for _ in 0..(count - 1) % 258 {
        push(zero, 8, true);
    }
    push(0, 7, true); // end of block
    push(0, 7, false); // to the next whole byte
    let mut table = [0u32; 256];
    for (i, slot) in (0u32..).zip(&mut table) {
        *slot = (0..8).fold(i, |c, _| if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 });
    }
    let crc = !(0..count).fold(u32::MAX, |c, _| table[(c & 0xff) as usize] ^ (c >> 8));
    out.extend(crc.to_le_bytes());
    out.extend(u32::try_from(count).expect("less than 4 GiB").to_le_bytes());
    out
}
