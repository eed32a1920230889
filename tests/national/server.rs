//! A server on loopback that answers with exactly the bytes it is told, with or without TLS.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use molisa_gateway::national::{
    HttpTransport, Operation, Purpose, Reply, Transport, TransportOptions, WireError, WireRequest,
};

/// Both directions of a connection.
pub trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

/// What a connection does with each request; `false` closes it.
pub type Answerer = dyn Fn(&[u8], &mut dyn Wire) -> bool + Send + Sync;

/// A server that runs until the test ends.
pub struct Server {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Server {
    pub fn plain(answer: impl Fn(&[u8], &mut dyn Wire) -> bool + Send + Sync + 'static) -> Self {
        Self::start(None, Arc::new(answer))
    }

    /// Answers every request with the same bytes.
    pub fn says(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::plain(move |_, wire| wire.write_all(&bytes).is_ok())
    }

    pub fn start(tls: Option<Arc<rustls::ServerConfig>>, answer: Arc<Answerer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = listener.local_addr().expect("its address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = requests.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, answer, seen) = (tls.clone(), answer.clone(), seen.clone());
                thread::spawn(move || match tls {
                    None => serve(&mut { stream }, &*answer, &seen),
                    Some(config) => {
                        let mut connection = rustls::ServerConnection::new(config).expect("a TLS server");
                        let mut stream = stream;
                        while connection.is_handshaking() {
                            if connection.complete_io(&mut stream).is_err() {
                                // Say why, and read what the client still sends, so that it can read why.
                                drop(connection.write_tls(&mut stream));
                                drop(stream.shutdown(std::net::Shutdown::Write));
                                drop(std::io::copy(&mut stream, &mut std::io::sink()));
                                return;
                            }
                        }
                        serve(&mut rustls::Stream::new(&mut connection, &mut stream), &*answer, &seen);
                    }
                });
            }
        });
        Self { address, requests }
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far, heads and bodies as they came.
    pub fn requests(&self) -> Vec<String> {
        let requests = self.requests.lock().expect("no test panicked with it");
        requests.iter().map(|r| String::from_utf8_lossy(r).into_owned()).collect()
    }

    pub async fn exchange(&self, request: WireRequest) -> Result<Reply, WireError> {
        open(&self.base()).exchange(request).await
    }
}

fn serve(wire: &mut dyn Wire, answer: &Answerer, seen: &Mutex<Vec<Vec<u8>>>) {
    while let Some(request) = read_request(wire) {
        seen.lock().expect("no test panicked with it").push(request.clone());
        if !answer(&request, wire) || wire.flush().is_err() {
            return;
        }
    }
}

fn read_request(wire: &mut dyn Wire) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        if let Some(end) = request.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
            let length = head.split("content-length:").nth(1).and_then(|l| l.lines().next()?.trim().parse().ok());
            if request.len() >= end + 4 + length.unwrap_or(0usize) {
                return Some(request);
            }
        }
        match wire.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(n) => request.extend_from_slice(&buffer[..n]),
        }
    }
}

/// An answer with a body.
pub fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

pub fn open(base: &str) -> HttpTransport {
    HttpTransport::open(&TransportOptions::new(base, Duration::from_secs(5))).expect("a client")
}

pub fn request() -> WireRequest {
    WireRequest {
        purpose: Purpose::Operation(Operation::Write),
        method: "POST".into(),
        path: "/ghi".into(),
        from_host: false,
        proofs: Vec::new(),
        headers: vec![("Content-Type".into(), "application/json".into())],
        credentials: Vec::new(),
        body: b"{}".to_vec(),
        blanks: Vec::new(),
        time_limit: Duration::from_secs(20),
        answer_limit: 100_000,
    }
}
