//! When two spellings of a Vietnamese name are the same name.
//!
//! A syllable has one tone, and where its mark stands (`hòa`, `hoà`) is a habit of the keyboard. So each tone mark is taken
//! off its vowel and written behind the syllable: two spellings that differ in placement only become equal, and no two
//! syllables with different tones do.

use crate::model::text::nfc;

/// Each toned vowel: the vowel without tone, then huyền, sắc, hỏi, ngã, nặng. Lower case; `fold` lowers first.
const TONED: [(char, [char; 5]); 12] = [
    ('a', ['à', 'á', 'ả', 'ã', 'ạ']),
    ('ă', ['ằ', 'ắ', 'ẳ', 'ẵ', 'ặ']),
    ('â', ['ầ', 'ấ', 'ẩ', 'ẫ', 'ậ']),
    ('e', ['è', 'é', 'ẻ', 'ẽ', 'ẹ']),
    ('ê', ['ề', 'ế', 'ể', 'ễ', 'ệ']),
    ('i', ['ì', 'í', 'ỉ', 'ĩ', 'ị']),
    ('o', ['ò', 'ó', 'ỏ', 'õ', 'ọ']),
    ('ô', ['ồ', 'ố', 'ổ', 'ỗ', 'ộ']),
    ('ơ', ['ờ', 'ớ', 'ở', 'ỡ', 'ợ']),
    ('u', ['ù', 'ú', 'ủ', 'ũ', 'ụ']),
    ('ư', ['ừ', 'ứ', 'ử', 'ữ', 'ự']),
    ('y', ['ỳ', 'ý', 'ỷ', 'ỹ', 'ỵ']),
];

/// What stands behind a syllable for its tone: huyền, sắc, hỏi, ngã, nặng.
const TONES: [char; 5] = ['\u{300}', '\u{301}', '\u{309}', '\u{303}', '\u{323}'];

/// The form in which names are compared: NFC, lower case, blanks collapsed, tones at the end of their syllables.
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut tones = [' '; 4];
    let mut waiting = 0;
    for c in nfc(text).chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            let (bare, tone) = take_tone(c);
            out.push(bare);
            if let Some(tone) = tone
                && waiting < tones.len()
            {
                tones[waiting] = tone;
                waiting += 1;
            }
            continue;
        }
        out.extend(&tones[..waiting]);
        waiting = 0;
        if !c.is_whitespace() {
            out.push(c);
        } else if !out.is_empty() && !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out.extend(&tones[..waiting]);
    out.truncate(out.trim_end().len());
    out
}

fn take_tone(c: char) -> (char, Option<char>) {
    if c.is_ascii() {
        return (c, None);
    }
    for (bare, toned) in TONED {
        if let Some(at) = toned.iter().position(|t| *t == c) {
            return (bare, Some(TONES[at]));
        }
    }
    (c, None)
}

#[cfg(test)]
mod tests {
    use unicode_normalization::UnicodeNormalization;

    use super::*;

    /// Every letter of the alphabet with every tone: the table has all 60, in both cases, composed or not.
    #[test]
    fn the_whole_alphabet_folds() {
        let combining = ["\u{300}", "\u{301}", "\u{309}", "\u{303}", "\u{323}"];
        let vowels = ["a", "ă", "â", "e", "ê", "i", "o", "ô", "ơ", "u", "ư", "y"];
        let mut seen = std::collections::BTreeSet::new();
        for vowel in vowels {
            for (tone, mark) in combining.iter().zip(TONES) {
                let composed: String = format!("{vowel}{tone}").nfc().collect();
                assert_eq!(composed.chars().count(), 1, "{vowel} {tone:?}");
                let wanted = format!("{vowel}{mark}");
                let upper = composed.to_uppercase();
                let apart: String = composed.nfd().collect();
                for spelling in [&composed, &upper, &apart] {
                    assert_eq!(fold(spelling), wanted, "{spelling}");
                }
                assert!(seen.insert(fold(&composed)));
            }
            assert_eq!(fold(&vowel.to_uppercase()), vowel);
            assert!(seen.insert(fold(vowel)));
        }
        assert_eq!(seen.len(), 72);
        for consonant in "bcdđghklmnpqrstvx".chars() {
            assert_eq!(fold(&consonant.to_uppercase().to_string()), consonant.to_string());
        }
    }

    #[test]
    fn placement_does_not_count_and_tone_does() {
        for (one, other) in
            [("Hòa Bình", "Hoà Bình"), ("THỦY", "thuỷ"), ("khoẻ", "khỏe"), ("Quý", "Qúy"), ("  Tân   Hòa ", "tân hoà")]
        {
            assert_eq!(fold(one), fold(other), "{one} {other}");
        }
        for (one, other) in
            [("Hòa", "Hóa"), ("Hoa", "Hòa"), ("Hòa Binh", "Hoa Bình"), ("Ô", "Ơ"), ("Đa", "Da"), ("mười", "mươi")]
        {
            assert_ne!(fold(one), fold(other), "{one} {other}");
        }
    }

    proptest::proptest! {
        #[test]
        fn folding_twice_is_folding_once_for_plain_words(text in "[a-z0-9 -]{0,20}") {
            proptest::prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }

        #[test]
        fn composed_and_decomposed_are_the_same_name(text in "[A-Za-zÀ-ỹ ]{0,20}") {
            let apart: String = text.nfd().collect();
            proptest::prop_assert_eq!(fold(&apart), fold(&text));
        }
    }
}
