//! Tokens (NGSP, client credentials). A new one does not end the life of the older ones.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::version::hex;

/// Tokens kept at once; the ones that end first go first.
const KEPT: usize = 1_000;

/// The tokens in life.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    made: u64,
    until: HashMap<String, i64>,
}

impl Tokens {
    /// Makes a token that lives until then.
    pub(super) fn make(&mut self, now_ms: i64, until_ms: i64) -> String {
        self.until.retain(|_, until| *until > now_ms);
        if self.until.len() >= KEPT
            && let Some(first) = self.until.iter().min_by_key(|(_, until)| **until).map(|(token, _)| token.clone())
        {
            self.until.remove(&first);
        }
        self.made += 1;
        let token = hex(&Sha256::digest(format!("sandbox token {}", self.made).as_bytes())[..16]);
        self.until.insert(token.clone(), until_ms);
        token
    }

    /// Whether a token lives.
    pub(super) fn lives(&self, token: &str, now_ms: i64) -> bool {
        self.until.get(token).is_some_and(|until| now_ms < *until)
    }

    /// Ends all.
    pub(super) fn kill(&mut self) {
        self.until.clear();
    }
}

/// `base64` of a `key:secret` pair in a Basic header, decoded.
pub(super) fn basic(header: &str) -> Option<String> {
    let (scheme, text) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.trim().trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = (held << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).unwrap_or_default());
        }
    }
    String::from_utf8(bytes).ok()
}
