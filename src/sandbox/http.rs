//! HTTP/1.1 read and written by hand, because a server library will not cut a connection where a fault wants it cut.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use super::server::Clock;
use super::wire::{Play, Reply, ReplyBody, Request};

/// Bytes of a request's head.
const MOST_HEAD: usize = 64 << 10;
/// Bytes of a request's body: a little over what the contract lets a batch have, so that the excess can be told.
const MOST_BODY: usize = 5_200_000;
/// Bytes of an oversized body that are swallowed, so that the refusal can be read.
const MOST_SWALLOWED: u64 = 64 << 20;
/// A connection that says nothing for so long is closed.
const IDLE: Duration = Duration::from_mins(10);

/// What came over a connection.
pub(super) enum Incoming {
    /// A request.
    Whole(Request),
    /// Its body was too large; the path.
    Oversized(String),
    /// It was not HTTP.
    Unreadable,
    /// The other side is done.
    Closed,
}

/// One connection, with the bytes that were read too far.
pub(super) struct Wire {
    stream: TcpStream,
    ahead: Vec<u8>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, ahead: Vec::new() }
    }

    async fn more(&mut self) -> io::Result<usize> {
        self.ahead.reserve(16 << 10);
        timeout(IDLE, self.stream.read_buf(&mut self.ahead)).await.unwrap_or(Ok(0))
    }

    /// Reads the next request.
    pub(super) async fn read(&mut self, clock: &Clock) -> io::Result<Incoming> {
        let mut arrived = None;
        let end = loop {
            if arrived.is_none() && !self.ahead.is_empty() {
                arrived = Some(clock());
            }
            if let Some(at) = find(&self.ahead, b"\r\n\r\n") {
                break at;
            }
            if self.ahead.len() > MOST_HEAD {
                return Ok(Incoming::Unreadable);
            }
            if self.more().await? == 0 {
                return Ok(if self.ahead.is_empty() { Incoming::Closed } else { Incoming::Unreadable });
            }
        };
        let head = String::from_utf8_lossy(&self.ahead[..end]).into_owned();
        self.ahead.drain(..end + 4);
        let Some(mut request) = read_head(&head) else { return Ok(Incoming::Unreadable) };
        request.arrived_ms = arrived;
        if request.header("expect").is_some_and(|expect| expect.eq_ignore_ascii_case("100-continue")) {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let chunked = request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
        let length = request.header("content-length").map(str::parse::<u64>);
        let body = match (chunked, length) {
            (true, _) => self.chunks().await?,
            (false, None) => Some(Vec::new()),
            (false, Some(Ok(length))) => self.exactly(length).await?,
            (false, Some(Err(_))) => return Ok(Incoming::Unreadable),
        };
        Ok(match body {
            Some(body) => {
                request.body = body;
                Incoming::Whole(request)
            }
            None => Incoming::Oversized(request.path),
        })
    }

    /// A body of known length; none if it is too large, after it was swallowed as far as is decent.
    async fn exactly(&mut self, length: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(length) = usize::try_from(length).ok().filter(|length| *length <= MOST_BODY) else {
            let mut left = length.min(MOST_SWALLOWED).saturating_sub(self.ahead.len() as u64);
            self.ahead.clear();
            while left > 0 {
                let count = self.more().await?;
                if count == 0 {
                    break;
                }
                self.ahead.clear();
                left = left.saturating_sub(count as u64);
            }
            return Ok(None);
        };
        self.ahead.reserve(length.saturating_sub(self.ahead.len()));
        while self.ahead.len() < length {
            if self.more().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let rest = self.ahead.split_off(length);
        Ok(Some(std::mem::replace(&mut self.ahead, rest)))
    }

    /// A body in chunks.
    async fn chunks(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            if size == 0 {
                while !self.line().await?.is_empty() {}
                return Ok(Some(body));
            }
            if size > MOST_BODY || body.len() + size > MOST_BODY {
                return Ok(None);
            }
            while self.ahead.len() < size + 2 {
                if self.more().await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            body.extend_from_slice(&self.ahead[..size]);
            self.ahead.drain(..size + 2);
        }
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            if let Some(at) = find(&self.ahead, b"\r\n") {
                let line = String::from_utf8_lossy(&self.ahead[..at]).into_owned();
                self.ahead.drain(..at + 2);
                return Ok(line);
            }
            if self.ahead.len() > MOST_HEAD || self.more().await? == 0 {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }

    /// Writes an answer as its play has it; false when the connection is to end.
    pub(super) async fn write(&mut self, reply: &Reply, keep: bool) -> io::Result<bool> {
        if reply.delay_ms > 0 {
            sleep(Duration::from_millis(reply.delay_ms)).await;
        }
        match reply.play {
            Play::CutBeforeHeaders => return Ok(false),
            Play::Silent => {
                // Until the other side gives up; whatever it still says is not heard.
                let mut scrap = [0; 1 << 10];
                while self.stream.read(&mut scrap).await? > 0 {}
                return Ok(false);
            }
            Play::Whole | Play::CutAfterHeaders | Play::CutInBody(_) => {}
        }
        let mut head = format!("HTTP/1.1 {} {}\r\n", reply.status, phrase(reply.status));
        for (name, value) in &reply.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        let connection = if keep { "keep-alive" } else { "close" };
        let _ = write!(head, "content-length: {}\r\nconnection: {connection}\r\n\r\n", reply.length());
        let mut first = head.into_bytes();
        match (&reply.body, reply.play) {
            (_, Play::CutAfterHeaders) => {
                self.stream.write_all(&first).await?;
                return Ok(false);
            }
            (ReplyBody::Bytes(bytes), Play::CutInBody(count)) => {
                first.extend_from_slice(bytes.get(..count).unwrap_or(bytes));
                self.stream.write_all(&first).await?;
                self.stream.flush().await?;
                return Ok(false);
            }
            (ReplyBody::Bytes(bytes), _) => {
                first.extend_from_slice(bytes);
                self.stream.write_all(&first).await?;
            }
            (ReplyBody::Trickle { bytes, step, pause_ms }, _) => {
                self.stream.write_all(&first).await?;
                for part in bytes.chunks((*step).max(1)) {
                    sleep(Duration::from_millis(*pause_ms)).await;
                    self.stream.write_all(part).await?;
                    self.stream.flush().await?;
                }
            }
            (ReplyBody::Repeated { head, unit, times, tail }, _) => {
                first.extend_from_slice(head);
                self.stream.write_all(&first).await?;
                let at_once = (16_384 / unit.len().max(1)).max(1) as u64;
                let block = unit.repeat(usize::try_from(at_once).unwrap_or(1));
                for _ in 0..times / at_once {
                    self.stream.write_all(&block).await?;
                }
                for _ in 0..times % at_once {
                    self.stream.write_all(unit).await?;
                }
                self.stream.write_all(tail).await?;
            }
        }
        self.stream.flush().await?;
        Ok(keep)
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn read_head(head: &str) -> Option<Request> {
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path, protocol) = (first.next()?, first.next()?, first.next()?);
    if !protocol.starts_with("HTTP/1.") || !path.starts_with('/') {
        return None;
    }
    let headers = lines
        .map(|line| line.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned())))
        .collect::<Option<Vec<_>>>()?;
    Some(Request { method: method.to_owned(), path: path.to_owned(), headers, ..Request::default() })
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        416 => "Range Not Satisfiable",
        413 => "Content Too Large",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
