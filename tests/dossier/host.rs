//! A host of files on loopback: it knows ranges, breaks off where it is told, and writes down what it was asked for.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A file as it is served.
#[derive(Clone, Default)]
pub struct Served {
    pub content: Vec<u8>,
    pub etag: String,
    /// The status, where it is no file.
    pub status: Option<u16>,
    /// What it says of its type; nothing in particular where it is empty.
    pub kind: String,
    /// Breaks off after so many bytes, the next times: the first first.
    pub cuts: Vec<usize>,
    /// Answers a range with this ETag and the bytes from here on, whatever was asked.
    pub lies: Option<(String, usize)>,
}

impl Served {
    pub fn of(content: &[u8]) -> Self {
        Self { content: content.to_vec(), etag: "\"v1\"".into(), ..Self::default() }
    }
}

/// What was asked for: path, first byte, `If-Range`.
pub type Asked = (String, Option<u64>, Option<String>);

#[derive(Default)]
pub struct Book {
    pub files: HashMap<String, Served>,
    pub asked: Vec<Asked>,
    /// How many requests had no right credentials.
    pub strangers: u32,
}

pub struct Host {
    pub base: String,
    pub book: Arc<Mutex<Book>>,
}

impl Host {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (base, book) = (format!("http://{}", listener.local_addr().unwrap()), Arc::<Mutex<Book>>::default());
        let seen = Arc::clone(&book);
        std::thread::spawn(move || {
            for mut wire in listener.incoming().flatten() {
                let book = Arc::clone(&seen);
                std::thread::spawn(move || while serve(&mut wire, &book) {});
            }
        });
        Self { base, book }
    }

    pub fn put(&self, path: &str, file: Served) {
        self.book.lock().unwrap().files.insert(path.to_owned(), file);
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.book.lock().unwrap().asked.clone()
    }
}

/// One request; whether the connection lives on.
fn serve(wire: &mut TcpStream, book: &Mutex<Book>) -> bool {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        if wire.read(&mut byte).unwrap_or(0) == 0 {
            return false;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
        line.map(|line| line.split_once(':').unwrap().1.trim().to_owned())
    };
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let from = header("range").map(|r| r.trim_start_matches("bytes=").trim_end_matches('-').parse::<u64>().unwrap());
    let if_range = header("if-range");
    let (file, cut) = {
        let mut book = book.lock().unwrap();
        book.asked.push((path.clone(), from, if_range.clone()));
        book.strangers += u32::from(header("authorization").as_deref() != Some("Bearer khoa"));
        let Some(file) = book.files.get_mut(&path) else {
            return wire.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").is_ok();
        };
        let cut = (!file.cuts.is_empty()).then(|| file.cuts.remove(0));
        (file.clone(), cut)
    };
    if let Some(status) = file.status {
        let (kind, length) = (&file.kind, file.content.len());
        let head = format!("HTTP/1.1 {status} No\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n");
        return wire.write_all(head.as_bytes()).is_ok() && wire.write_all(&file.content).is_ok();
    }
    let (etag, from) = match (&file.lies, from) {
        (Some((etag, at)), Some(_)) => (etag.clone(), Some(*at)),
        (_, Some(from)) if if_range.as_ref() == Some(&file.etag) => (file.etag.clone(), usize::try_from(from).ok()),
        _ => (file.etag.clone(), None),
    };
    let (total, rest) = (file.content.len(), &file.content[from.unwrap_or(0)..]);
    let status = from.map_or_else(
        || "200 OK\r\n".to_owned(),
        |from| format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{total}\r\n", total - 1),
    );
    let kind = if file.kind.is_empty() { "application/octet-stream" } else { &file.kind };
    let head =
        format!("HTTP/1.1 {status}ETag: {etag}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", rest.len());
    let sent = cut.map_or(rest, |cut| &rest[..cut.min(rest.len())]);
    wire.write_all(head.as_bytes()).is_ok() && wire.write_all(sent).is_ok() && cut.is_none()
}
