//! A file comes off the wire in pieces; what comes in its place does not reach the one who wanted a file.

use molisa_gateway::national::{ContentRange, Declined, Head, Reply, Sink, Transport as _, WireError, WireRequest};

use super::server::{Server, http, open, request};

/// Keeps what it is given.
#[derive(Default)]
struct Kept {
    heads: Vec<Head>,
    bytes: Vec<u8>,
    no_more_than: Option<usize>,
}

impl Sink for Kept {
    fn begin(&mut self, head: &Head) -> Result<(), Declined> {
        self.heads.push(head.clone());
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Declined> {
        self.bytes.extend_from_slice(bytes);
        let full = self.no_more_than.is_some_and(|most| self.bytes.len() > most);
        if full { Err(Declined { why: "đủ rồi".into() }) } else { Ok(()) }
    }
}

fn wanted() -> WireRequest {
    WireRequest { method: "GET".into(), path: "/tep/a.pdf".into(), body: Vec::new(), ..request() }
}

async fn download(server: &Server, request: WireRequest, sink: &mut Kept) -> Result<Reply, WireError> {
    let transport = open(&format!("{}/goc", server.base()));
    let fetched = transport.download(request, sink);
    tokio::time::timeout(std::time::Duration::from_secs(15), fetched).await.expect("an end by itself")
}

#[tokio::test]
async fn the_bytes_go_to_the_sink_and_not_into_the_reply() {
    let headers = "Content-Type: application/pdf\r\nETag: \"v1\"\r\nContent-Range: bytes 100-104/105\r\n";
    let server = Server::says(http("206 Partial", headers, b"%PDF-"));
    let mut kept = Kept::default();
    let reply = download(&server, wanted(), &mut kept).await.expect("a file");
    assert_eq!((reply.status, reply.body.len(), kept.bytes.as_slice()), (206, 0, &b"%PDF-"[..]));
    let head = &kept.heads[0];
    assert_eq!(head.range, Some(ContentRange { from: 100, to: 104, total: Some(105) }));
    assert_eq!((head.length, head.etag.as_deref()), (Some(5), Some("\"v1\"")));
    assert!(server.requests()[0].starts_with("GET /goc/tep/a.pdf "), "below the base");
    let from_host = WireRequest { from_host: true, ..wanted() };
    download(&server, from_host, &mut kept).await.expect("a file");
    assert!(server.requests()[1].starts_with("GET /tep/a.pdf "), "from the host");
}

#[tokio::test]
async fn an_answer_in_the_place_of_a_file_is_a_reply() {
    let json = "Content-Type: Application/JSON; charset=utf-8\r\n";
    for (status, headers, body) in [
        ("404 Not Found", "", "<html>"),
        ("401 No", "", ""),
        ("302 Found", "Location: /x\r\n", ""),
        ("200 OK", json, "{}"),
        ("200 OK", "Content-Type: text/html; charset=utf-8\r\n", "<html>"),
    ] {
        let server = Server::says(http(status, headers, body.as_bytes()));
        let mut kept = Kept::default();
        let reply = download(&server, wanted(), &mut kept).await.expect("a reply");
        assert!(!reply.is_content() && kept.heads.is_empty(), "{status}");
        assert_eq!(reply.body, body.as_bytes(), "{status}");
    }
    let server = Server::says(http("500 Oh", "", &vec![b'x'; 200_000]));
    let told = download(&server, WireRequest { answer_limit: usize::MAX, ..wanted() }, &mut Kept::default()).await;
    let told = told.expect("a reply");
    assert_eq!((told.status, told.body.len()), (500, 64 * 1024), "its words are cut, and its status stays");
}

#[tokio::test]
async fn a_file_is_given_up_at_its_limit_and_when_the_sink_has_enough() {
    // Endless, so that only giving up ends it.
    let server = Server::plain(|_, wire| {
        drop(wire.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
        while wire.write_all(b"400\r\n").is_ok()
            && wire.write_all(&[b'x'; 0x400]).is_ok()
            && wire.write_all(b"\r\n").is_ok()
        {}
        false
    });
    let mut kept = Kept::default();
    let told = download(&server, wanted(), &mut kept).await;
    assert!(matches!(told, Err(WireError::TooLarge { status: 200, limit: 100_000 })), "{told:?}");
    assert!(kept.bytes.len() <= 100_000);
    let mut full = Kept { no_more_than: Some(10_000), ..Kept::default() };
    let told = download(&server, wanted(), &mut full).await;
    assert!(matches!(&told, Err(WireError::Declined { why }) if why == "đủ rồi"), "{told:?}");
}

#[tokio::test]
async fn a_file_cut_in_the_middle_leaves_what_came() {
    let server = Server::plain(|_, wire| {
        drop(wire.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789"));
        false
    });
    let mut kept = Kept::default();
    let told = download(&server, wanted(), &mut kept).await;
    assert!(matches!(told, Err(WireError::Unknown { .. })), "{told:?}");
    assert_eq!(kept.bytes, b"0123456789");
}
