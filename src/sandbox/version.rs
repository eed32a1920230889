//! `PhienBan` and `MaKiemTra`, recomputed from what came (section 6).

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::entity::Kind;
use super::parse::{Value, Values};

/// The content's identity: SHA-256 of the action (the contract's word), `|` and the record as JSON with the contract's
/// keys sorted by bytes, no blanks, only `"` and `\` escaped. `canonical` is a buffer that is used again and again.
pub(super) fn of(action: &str, kind: &Kind, values: &Values<'_>, canonical: &mut String) -> [u8; 32] {
    canonical.clear();
    canonical.push_str(action);
    canonical.push_str("|{");
    let mut first = true;
    for &place in &kind.order {
        let Some(value) = &values[place] else { continue };
        if !first {
            canonical.push(',');
        }
        first = false;
        quoted(canonical, kind.fields[place].name());
        canonical.push(':');
        match value {
            Value::Text(text) => quoted(canonical, text),
            Value::List(texts) => {
                canonical.push('[');
                for (at, text) in texts.iter().enumerate() {
                    if at > 0 {
                        canonical.push(',');
                    }
                    quoted(canonical, text);
                }
                canonical.push(']');
            }
            Value::Number(_) | Value::Wrong(_) => canonical.push_str("null"),
        }
    }
    canonical.push('}');
    Sha256::digest(canonical.as_bytes()).into()
}

fn quoted(out: &mut String, text: &str) {
    out.push('"');
    if text.bytes().any(|byte| byte == b'"' || byte == b'\\') {
        for character in text.chars() {
            if matches!(character, '"' | '\\') {
                out.push('\\');
            }
            out.push(character);
        }
    } else {
        out.push_str(text);
    }
    out.push('"');
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Whether `text` is these bytes in lower-case hexadecimal digits.
pub(super) fn is_hex_of(text: &str, bytes: &[u8]) -> bool {
    let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
    text.len() == bytes.len() * 2 && text.bytes().eq(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]))
}

/// What one record adds to its commune's `MaKiemTra`: first 8 bytes of SHA-256 of reference, `|` and version.
pub(super) fn check(reference: &str, version: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(reference.as_bytes());
    hash.update(b"|");
    hash.update(version.as_bytes());
    hash.finalize().iter().take(8).fold(0, |sum, &byte| (sum << 8) | u64::from(byte))
}
