//! What a file is, by its first bytes; what it is called and what the portal says of it count for nothing.

/// How many of a file's first bytes tell what it is.
pub const HEAD: usize = 64;

/// Type, first bytes, usual ending.
const KNOWN: &[(&str, &[u8], &str)] = &[
    ("application/pdf", b"%PDF-", "pdf"),
    ("image/jpeg", &[0xff, 0xd8, 0xff], "jpg"),
    ("image/png", &[0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a], "png"),
    ("image/gif", b"GIF8", "gif"),
    ("image/tiff", &[b'I', b'I', 0x2a, 0], "tif"),
    ("image/tiff", &[b'M', b'M', 0, 0x2a], "tif"),
    // Documents and workbooks of today are such packages.
    ("application/zip", b"PK\x03\x04", "zip"),
    ("application/msword", &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], "doc"),
];

/// A page for people, which is no citizen's file: to log in, or to be patient. It is never kept.
pub const PAGE: &str = "text/html";

/// What is none of them.
pub const UNKNOWN: &str = "application/octet-stream";

/// Tells a file's type.
pub fn of(head: &[u8]) -> &'static str {
    let text = head.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(head).trim_ascii_start();
    let begins = |with: &[u8]| text.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with));
    if begins(b"<!doctype html") || begins(b"<html") {
        return PAGE;
    }
    KNOWN.iter().find(|(_, first, _)| head.starts_with(first)).map_or(UNKNOWN, |known| known.0)
}

/// The types that can be told apart.
pub fn known() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|known| known.0)
}

/// The usual ending of a type's files.
pub fn ending(media: &str) -> &'static str {
    KNOWN.iter().find(|known| known.0 == media).map_or("bin", |known| known.2)
}
