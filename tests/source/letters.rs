//! Encoders for the old charsets, written apart from the gateway's tables: what it decodes, these made.

use unicode_normalization::UnicodeNormalization as _;

/// The vowels as the alphabet has them, each in its six tones.
pub const VOWELS: [&str; 12] = [
    "aàảãáạ",
    "ăằẳẵắặ",
    "âầẩẫấậ",
    "eèẻẽéẹ",
    "êềểễếệ",
    "iìỉĩíị",
    "oòỏõóọ",
    "ôồổỗốộ",
    "ơờởỡớợ",
    "uùủũúụ",
    "ưừửữứự",
    "yỳỷỹýỵ",
];

/// TCVN3, small letters: letter by letter, as the tables of the standard have them.
const TCVN3: [(&str, &[u8]); 13] = [
    ("aàảãáạ", &[0x61, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9]),
    ("ăằẳẵắặ", &[0xa8, 0xbb, 0xbc, 0xbd, 0xbe, 0xc6]),
    ("âầẩẫấậ", &[0xa9, 0xc7, 0xc8, 0xc9, 0xca, 0xcb]),
    ("eèẻẽéẹ", &[0x65, 0xcc, 0xce, 0xcf, 0xd0, 0xd1]),
    ("êềểễếệ", &[0xaa, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6]),
    ("iìỉĩíị", &[0x69, 0xd7, 0xd8, 0xdc, 0xdd, 0xde]),
    ("oòỏõóọ", &[0x6f, 0xdf, 0xe1, 0xe2, 0xe3, 0xe4]),
    ("ôồổỗốộ", &[0xab, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9]),
    ("ơờởỡớợ", &[0xac, 0xea, 0xeb, 0xec, 0xed, 0xee]),
    ("uùủũúụ", &[0x75, 0xef, 0xf1, 0xf2, 0xf3, 0xf4]),
    ("ưừửữứự", &[0xad, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9]),
    ("yỳỷỹýỵ", &[0x79, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe]),
    ("đĐĂÂÊÔƠƯ", &[0xae, 0xa7, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6]),
];

/// Capitals with a tone are the small letters' bytes: the font of capitals is lost.
pub fn tcvn3(text: &str) -> Vec<u8> {
    let find = |letter: char| {
        TCVN3.iter().find_map(|(letters, bytes)| letters.chars().position(|l| l == letter).map(|at| bytes[at]))
    };
    let small = |letter: char| letter.to_lowercase().next().unwrap_or(letter);
    text.chars()
        .map(|c| if c.is_ascii() { c as u8 } else { find(c).or_else(|| find(small(c))).expect("a letter of TCVN3") })
        .collect()
}

/// VNI-Windows, as people typed it: `Vieät`, `Nguyeãn`.
pub fn vni(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter as u8);
            continue;
        }
        let own = match letter {
            'đ' => "ñ",
            'Đ' => "Ñ",
            'ư' => "ö",
            'Ư' => "Ö",
            'ơ' => "ô",
            'Ơ' => "Ô",
            'í' => "í",
            'ì' => "ì",
            'ỉ' => "æ",
            'ĩ' => "ó",
            'ị' => "ò",
            'Í' => "Í",
            'Ì' => "Ì",
            'Ỉ' => "Æ",
            'Ĩ' => "Ó",
            'Ị' => "Ò",
            'ỵ' => "î",
            'Ỵ' => "Î",
            _ => "",
        };
        if !own.is_empty() {
            out.extend(own.chars().map(|c| c as u8));
            continue;
        }
        let parts: Vec<char> = letter.to_string().nfd().collect();
        let (base, marks) = (parts[0], &parts[1..]);
        let horned = marks.contains(&'\u{31b}');
        let (first, rest): (u8, Vec<char>) = match (base, horned) {
            ('o', true) => (b'\xf4', marks.iter().copied().filter(|m| *m != '\u{31b}').collect()),
            ('O', true) => (b'\xd4', marks.iter().copied().filter(|m| *m != '\u{31b}').collect()),
            ('u', true) => (b'\xf6', marks.iter().copied().filter(|m| *m != '\u{31b}').collect()),
            ('U', true) => (b'\xd6', marks.iter().copied().filter(|m| *m != '\u{31b}').collect()),
            _ => (base as u8, marks.to_vec()),
        };
        let hat = rest.contains(&'\u{302}');
        let bow = rest.contains(&'\u{306}');
        let tone = rest.iter().find(|m| !matches!(m, '\u{302}' | '\u{306}'));
        // The sign of VNI's fonts that stood for the marks, by what windows-1252 shows of it.
        let sign = match (hat, bow, tone) {
            (true, _, None) => 'â',
            (true, _, Some('\u{301}')) => 'á',
            (true, _, Some('\u{300}')) => 'à',
            (true, _, Some('\u{309}')) => 'å',
            (true, _, Some('\u{303}')) => 'ã',
            (true, _, Some('\u{323}')) => 'ä',
            (_, true, None) => 'ê',
            (_, true, Some('\u{301}')) => 'é',
            (_, true, Some('\u{300}')) => 'è',
            (_, true, Some('\u{309}')) => 'ú',
            (_, true, Some('\u{303}')) => 'ü',
            (_, true, Some('\u{323}')) => 'ë',
            (_, _, Some('\u{301}')) => 'ù',
            (_, _, Some('\u{300}')) => 'ø',
            (_, _, Some('\u{309}')) => 'û',
            (_, _, Some('\u{303}')) => 'õ',
            (_, _, Some('\u{323}')) => 'ï',
            other => panic!("{letter}: {other:?}"),
        };
        out.push(first);
        out.push(if letter.is_uppercase() { sign as u8 - 0x20 } else { sign as u8 });
    }
    out
}

/// windows-1258: the letter with its hat, bow or horn, then the tone as a byte of its own.
pub fn windows_1258(text: &str) -> Vec<u8> {
    let mut out = String::new();
    for letter in text.chars() {
        let is_tone = |c: &char| matches!(c, '\u{300}' | '\u{301}' | '\u{303}' | '\u{309}' | '\u{323}');
        let parts: Vec<char> = letter.to_string().nfd().collect();
        let base: String = parts.iter().filter(|c| !is_tone(c)).collect::<String>().nfc().collect();
        out.push_str(&base);
        out.extend(parts.iter().filter(|c| is_tone(c)));
    }
    let (bytes, _, lost) = encoding_rs::WINDOWS_1258.encode(&out);
    assert!(!lost);
    bytes.into_owned()
}

/// UTF-16 without a byte order mark.
pub fn utf_16le(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The same, the other way round.
pub fn utf_16be(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// Letters and marks apart.
pub fn utf_8_nfd(text: &str) -> Vec<u8> {
    text.nfd().collect::<String>().into_bytes()
}

/// As it is.
pub fn utf_8(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// A name in the settings, and who writes it.
pub type Encoder = (&'static str, fn(&str) -> Vec<u8>);

/// Every charset.
pub const ENCODERS: [Encoder; 7] = [
    ("utf-8", utf_8),
    ("utf-8", utf_8_nfd),
    ("utf-16le", utf_16le),
    ("utf-16be", utf_16be),
    ("windows-1258", windows_1258),
    ("tcvn3", tcvn3),
    ("vni", vni),
];
