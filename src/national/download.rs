//! A file as it comes off the wire: handed on in pieces, never kept whole.

use super::wire::{Reply, WireError};

/// The most bytes kept of an answer that came in the place of a file.
pub(super) const MOST_WORDS: usize = 64 * 1024;

/// What is known of a file before its bytes come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// 200 for the whole file, 206 for a part of it.
    pub status: u16,
    /// Which part, where it was told.
    pub range: Option<ContentRange>,
    /// How many bytes come, where it was told; a hint, no promise.
    pub length: Option<u64>,
    /// The file's ETag as it was told.
    pub etag: Option<String>,
    /// Its type as it was told; the content says what it is.
    pub content_type: Option<String>,
}

/// `Content-Range: bytes FROM-TO/TOTAL` (RFC 9110, 14.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// The first byte.
    pub from: u64,
    /// The last byte.
    pub to: u64,
    /// The file's bytes, where known.
    pub total: Option<u64>,
}

impl ContentRange {
    /// Reads the header; `None` for anything else.
    pub fn read(header: &str) -> Option<Self> {
        let (span, total) = header.trim().strip_prefix("bytes")?.trim_start().split_once('/')?;
        let (from, to) = span.split_once('-')?;
        let total = if total.trim() == "*" { None } else { Some(total.trim().parse().ok()?) };
        let range = Self { from: from.trim().parse().ok()?, to: to.trim().parse().ok()?, total };
        (range.from <= range.to && range.total.is_none_or(|total| range.to < total)).then_some(range)
    }
}

/// The bytes are not taken, and nothing more of them is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declined {
    /// Why, without personal data.
    pub why: String,
}

impl From<Declined> for WireError {
    fn from(declined: Declined) -> Self {
        Self::Declined { why: declined.why }
    }
}

/// Where the bytes of a file go.
pub trait Sink: Send {
    /// Before the first byte: what comes. A sink that asked for a part looks at `range` here, since the other end may
    /// send the whole file instead.
    fn begin(&mut self, head: &Head) -> Result<(), Declined>;

    /// The next bytes.
    fn take(&mut self, bytes: &[u8]) -> Result<(), Declined>;
}

impl Head {
    pub(super) fn of(reply: &Reply, length: Option<u64>) -> Self {
        Self {
            status: reply.status,
            range: reply.content_range.as_deref().and_then(ContentRange::read),
            length,
            etag: reply.etag.clone(),
            content_type: reply.content_type.clone(),
        }
    }
}

impl Reply {
    /// Whether it is the answer to a download and brings a file: JSON in its place is the system's word on why not, and a
    /// page is one for people, to log in or to be patient.
    pub fn is_content(&self) -> bool {
        let words = |told: &String| ["json", "html"].iter().any(|kind| told.to_ascii_lowercase().contains(kind));
        matches!(self.status, 200 | 206) && !self.content_type.as_ref().is_some_and(words)
    }
}

/// Hands the content of a whole reply to a sink, where it is a file.
pub(super) fn deliver(mut reply: Reply, sink: &mut dyn Sink) -> Result<Reply, WireError> {
    if reply.is_content() {
        let body = std::mem::take(&mut reply.body);
        sink.begin(&Head::of(&reply, u64::try_from(body.len()).ok()))?;
        sink.take(&body)?;
    }
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_or_is_none() {
        let read = |text| ContentRange::read(text).map(|r| (r.from, r.to, r.total));
        assert_eq!(read("bytes 100-199/200"), Some((100, 199, Some(200))));
        assert_eq!(read("bytes 0-0/*"), Some((0, 0, None)));
        for odd in ["", "bytes */200", "bytes 9-3/20", "bytes 5-20/20", "items 0-1/2", "bytes -5-9/20"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
