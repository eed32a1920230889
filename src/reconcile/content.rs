//! Contents as JSON objects under the contract's names, and their identity.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::model::ContentHash;

/// The version that a content has by the contract, whatever stands beside it.
pub(super) fn version(word: &str, content: &Map<String, Value>) -> ContentHash {
    let mut canonical = String::with_capacity(1280);
    object(&mut canonical, content);
    ContentHash::of(word, &canonical)
}

/// Keys sorted by bytes, no blanks, only `"` and `\` escaped.
fn object(out: &mut String, content: &Map<String, Value>) {
    let mut sorted: Vec<(&String, &Value)> = content.iter().collect();
    sorted.sort_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    out.push('{');
    for (nth, (name, value)) in sorted.into_iter().enumerate() {
        if nth > 0 {
            out.push(',');
        }
        text(out, name);
        out.push(':');
        any(out, value);
    }
    out.push('}');
}

fn any(out: &mut String, value: &Value) {
    match value {
        Value::String(told) => text(out, told),
        Value::Array(items) => {
            out.push('[');
            for (nth, item) in items.iter().enumerate() {
                if nth > 0 {
                    out.push(',');
                }
                any(out, item);
            }
            out.push(']');
        }
        Value::Object(content) => object(out, content),
        other => out.push_str(&other.to_string()),
    }
}

fn text(out: &mut String, told: &str) {
    out.push('"');
    for c in told.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// What one record adds to its commune's digest: the first 8 bytes of SHA-256 of reference, `|` and version.
pub(super) fn digest(reference: &str, version: &ContentHash) -> u64 {
    let mut hash = Sha256::new();
    hash.update(reference.as_bytes());
    hash.update(b"|");
    hash.update(version.to_string().as_bytes());
    hash.finalize().iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// The values of these fields only, not known ones empty: what a system adds of its own is no difference.
pub(super) fn of_fields(theirs: &Map<String, Value>, ours: &Map<String, Value>) -> Map<String, Value> {
    let value = |name: &String, own: &Value| match (theirs.get(name), own) {
        (Some(value), _) => value.clone(),
        (None, Value::Array(_)) => Value::Array(Vec::new()),
        (None, _) => Value::String(String::new()),
    };
    ours.iter().map(|(name, own)| (name.clone(), value(name, own))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vector of national-systems, section 6, its keys in another order.
    #[test]
    fn the_version_is_the_contracts() {
        let content: Map<String, Value> =
            serde_json::from_str(r#"{"NgayDung":"18/12/2023","SoQuyetDinh":"12/QĐ-UBND \"A\"","LyDoDung":"a"}"#)
                .unwrap();
        assert_eq!(
            version("DUNG", &content).to_string(),
            "cb557ffd5e67b9d4079f54e38e63b762f4a69adc715b064b1543685a9ac99fad"
        );
    }

    /// Reckoned by hand with another program: sha256("A1|" + 64 zeros).
    #[test]
    fn what_a_record_adds_is_of_reference_and_version() {
        let one = digest("A1", &ContentHash([0; 32]));
        let whole = Sha256::digest(format!("A1|{}", "0".repeat(64)).as_bytes());
        assert_eq!(one.to_be_bytes(), whole[..8]);
    }
}
