//! Text as all three national systems want it: NFC, no blanks around, no control characters, a line break becomes a blank
//! (national-systems, section 6).

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// A control character that is no line break and no tab, or one that XML cannot carry: the value cannot be sent as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlCharacter;

/// Brings a value into the nation's form. Borrows wherever nothing has to change.
pub fn clean(text: &str) -> Result<Cow<'_, str>, ControlCharacter> {
    let mut plain = true;
    for byte in text.bytes() {
        if !(0x20..0x7f).contains(&byte) {
            plain = false;
            break;
        }
    }
    if plain {
        return Ok(Cow::Borrowed(text.trim_matches(' ')));
    }
    let text = text.trim_matches(is_edge);
    if !text.chars().any(|c| c.is_control() || is_line_break(c) || is_never_sent(c)) {
        return Ok(nfc(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut previous = ' ';
    for c in nfc(text).chars() {
        match c {
            '\n' if previous == '\r' => {}
            '\t' => out.push(' '),
            c if is_line_break(c) => out.push(' '),
            c if c.is_control() || is_never_sent(c) => return Err(ControlCharacter),
            c => out.push(c),
        }
        previous = c;
    }
    Ok(Cow::Owned(out))
}

/// NFC; borrows what already is.
pub fn nfc(text: &str) -> Cow<'_, str> {
    // All of Latin up to U+02FF and the precomposed Vietnamese letters are NFC by themselves.
    if text.chars().all(|c| c < '\u{300}' || ('\u{1ea0}'..='\u{1ef9}').contains(&c)) {
        return Cow::Borrowed(text);
    }
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfc().collect()),
    }
}

/// Small letters without marks, blanks as one: for words that are looked for in what a system says, however it writes them.
pub fn bare(text: &str) -> String {
    let letters = text.nfd().flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c));
    let letters: String = letters.map(|c| if c == 'đ' { 'd' } else { c }).collect();
    letters.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{0b}' | '\u{0c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// The two that no XML document may have (XML 1.0, 2.2).
fn is_never_sent(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Blanks, and the invisible characters that copying from documents leaves at the ends.
fn is_edge(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composes_trims_and_breaks_lines_into_blanks() {
        assert_eq!(clean("  Nguyễn \u{a0}").unwrap(), "Nguyễn");
        assert_eq!(clean("Nguye\u{302}\u{303}n").unwrap(), "Nguyễn");
        assert_eq!(clean("Nguye\u{303}\u{302}n").unwrap(), "Nguye\u{303}\u{302}n".nfc().collect::<String>());
        assert_eq!(clean("Ấp 1\r\nXã\nHuyện\tTỉnh").unwrap(), "Ấp 1 Xã Huyện Tỉnh");
        assert_eq!(clean("a  b").unwrap(), "a  b");
        assert_eq!(clean("a\u{7}b"), Err(ControlCharacter));
        assert_eq!(clean("\u{7f}"), Err(ControlCharacter));
        assert_eq!(clean("a\u{ffff}"), Err(ControlCharacter));
        assert!(matches!(clean("Trần"), Ok(Cow::Borrowed(_))));
    }

    proptest::proptest! {
        #[test]
        fn cleaned_text_is_what_the_contract_says(text in "\\PC{0,12}|.{0,12}|[aơ\u{300}\u{31b} \n\t\u{200b}]{0,9}") {
            if let Ok(clean) = clean(&text) {
                proptest::prop_assert!(!clean.chars().any(char::is_control));
                proptest::prop_assert_eq!(clean.trim(), &*clean);
                proptest::prop_assert_eq!(clean.nfc().collect::<String>(), &*clean);
                proptest::prop_assert_eq!(super::clean(&clean).unwrap(), clean.clone());
            }
        }
    }
}
