//! TCVN3 (ABC) and VNI-Windows. Both put Vietnamese letters on bytes from A0 up; a byte that has no letter is wrong.

use unicode_normalization::UnicodeNormalization;

use super::Charset;

/// TCVN3: the first byte of a run, and the letters of the run. Capitals with a tone have no bytes of their own: a font
/// of capitals shows the small letter's.
const TCVN3: [(u8, &str); 9] = [
    (0xa1, "ĂÂÊÔƠƯĐăâêôơưđ"),
    (0xb5, "àảãáạ"),
    (0xbb, "ằẳẵắ"),
    (0xc6, "ặầẩẫấậè"),
    (0xce, "ẻẽéẹềểễếệìỉ"),
    (0xdc, "ĩíịò"),
    (0xe1, "ỏõóọồổỗốộờởỡớợù"),
    (0xf1, "ủũúụừửữứựỳỷỹýỵ"),
    (0xa0, "\u{a0}"),
];

/// VNI: letters with a byte of their own, small; the capital stands 20 below (hexadecimal).
const VNI_LETTERS: [(u8, char); 9] = [
    (0xf1, 'đ'),
    (0xf6, 'ư'),
    (0xf4, 'ơ'),
    (0xed, 'í'),
    (0xec, 'ì'),
    (0xe6, 'ỉ'),
    (0xf3, 'ĩ'),
    (0xf2, 'ị'),
    (0xee, 'ỵ'),
];

/// VNI: the byte behind a small letter and the marks that it puts on it; behind a capital it stands 20 below.
const VNI_MARKS: [(u8, &str); 17] = [
    (0xf9, "\u{301}"),
    (0xf8, "\u{300}"),
    (0xfb, "\u{309}"),
    (0xf5, "\u{303}"),
    (0xef, "\u{323}"),
    (0xea, "\u{306}"),
    (0xe9, "\u{306}\u{301}"),
    (0xe8, "\u{306}\u{300}"),
    (0xfa, "\u{306}\u{309}"),
    (0xfc, "\u{306}\u{303}"),
    (0xeb, "\u{306}\u{323}"),
    (0xe2, "\u{302}"),
    (0xe1, "\u{302}\u{301}"),
    (0xe0, "\u{302}\u{300}"),
    (0xe5, "\u{302}\u{309}"),
    (0xe3, "\u{302}\u{303}"),
    (0xe4, "\u{302}\u{323}"),
];

/// Signs that office programs put into texts whatever the font: they stand where windows-1252 has them.
const SIGNS: [(u8, char); 8] =
    [(0x85, '…'), (0x91, '‘'), (0x92, '’'), (0x93, '“'), (0x94, '”'), (0x96, '–'), (0x97, '—'), (0xa0, '\u{a0}')];

/// How far a step of decoding came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Empty,
    Full,
    /// The byte before is wrong.
    Wrong,
}

/// What a byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Byte {
    Letter(char),
    Mark(&'static str),
    Wrong,
}

/// Decodes one of the two.
pub(super) struct Old {
    bytes: [Byte; 256],
    /// VNI: a letter whose marks may follow.
    pending: Option<char>,
}

impl Old {
    pub fn new(charset: Charset) -> Self {
        let mut bytes = [Byte::Wrong; 256];
        for byte in (0x20..0x7f_u8).chain(*b"\t\n\r") {
            bytes[usize::from(byte)] = Byte::Letter(char::from(byte));
        }
        for (byte, sign) in SIGNS {
            bytes[usize::from(byte)] = Byte::Letter(sign);
        }
        if charset == Charset::Vni {
            for (byte, letter) in VNI_LETTERS {
                bytes[usize::from(byte)] = Byte::Letter(letter);
                let capital = letter.to_uppercase().next().unwrap_or(letter);
                bytes[usize::from(byte - 0x20)] = Byte::Letter(capital);
            }
            for (byte, marks) in VNI_MARKS {
                bytes[usize::from(byte)] = Byte::Mark(marks);
                bytes[usize::from(byte - 0x20)] = Byte::Mark(marks);
            }
        } else {
            for (first, letters) in TCVN3 {
                for (byte, letter) in (usize::from(first)..).zip(letters.chars()) {
                    bytes[byte] = Byte::Letter(letter);
                }
            }
        }
        Self { bytes, pending: None }
    }

    /// Decodes into `out` as far as it goes: what stopped it, bytes read, bytes written.
    pub fn decode(&mut self, source: &[u8], out: &mut [u8], last: bool) -> (Step, usize, usize) {
        let mut written = 0;
        for (read, byte) in source.iter().enumerate() {
            // A letter that waits, and this one.
            if out.len() - written < 8 {
                return (Step::Full, read, written);
            }
            match self.bytes[usize::from(*byte)] {
                Byte::Letter(letter) => {
                    self.flush(out, &mut written);
                    if carries_marks(letter) {
                        self.pending = Some(letter);
                    } else {
                        put(letter, out, &mut written);
                    }
                }
                Byte::Mark(marks) => match self.pending.take().and_then(|letter| marked(letter, marks)) {
                    Some(letter) => put(letter, out, &mut written),
                    None => return (Step::Wrong, read + 1, written),
                },
                Byte::Wrong => {
                    self.flush(out, &mut written);
                    return (Step::Wrong, read + 1, written);
                }
            }
        }
        if last {
            if out.len() - written < 4 {
                return (Step::Full, source.len(), written);
            }
            self.flush(out, &mut written);
        }
        (Step::Empty, source.len(), written)
    }

    fn flush(&mut self, out: &mut [u8], written: &mut usize) {
        if let Some(letter) = self.pending.take() {
            put(letter, out, written);
        }
    }
}

/// All of a text; what is wrong becomes U+FFFD.
pub(super) fn decode_all(charset: Charset, bytes: &[u8]) -> String {
    let (mut old, mut text, mut rest) = (Old::new(charset), String::with_capacity(bytes.len() * 2), bytes);
    let mut out = vec![0; 4096];
    loop {
        let (step, read, written) = old.decode(rest, &mut out, true);
        text.push_str(std::str::from_utf8(&out[..written]).unwrap_or_default());
        rest = &rest[read..];
        match step {
            Step::Empty => return text,
            Step::Full => {}
            Step::Wrong => text.push('\u{fffd}'),
        }
    }
}

/// A text typed in a font of an old charset: its letters are what windows-1252 shows of the bytes. A text that is
/// none stays as it is.
pub(in super::super) fn from_font(text: &str, charset: Charset) -> String {
    let (bytes, _, lost) = encoding_rs::WINDOWS_1252.encode(text);
    let read = decode_all(charset, &bytes);
    if lost || read.contains('\u{fffd}') {
        return text.nfc().collect();
    }
    if charset == Charset::Tcvn3 { super::restore(&read).into_owned() } else { read }
}

fn put(letter: char, out: &mut [u8], written: &mut usize) {
    *written += letter.encode_utf8(&mut out[*written..]).len();
}

fn carries_marks(letter: char) -> bool {
    matches!(letter, 'a' | 'e' | 'o' | 'u' | 'y' | 'ơ' | 'ư' | 'A' | 'E' | 'O' | 'U' | 'Y' | 'Ơ' | 'Ư')
}

/// The letter with its marks, where Vietnamese has it.
fn marked(letter: char, marks: &str) -> Option<char> {
    let mut whole = std::iter::once(letter).chain(marks.chars()).nfc();
    let one = whole.next()?;
    // ŭ and ŏ exist, but not here: only the letters of the alphabet may come out.
    let stays = whole.next().is_none() && crate::source::syllable::is_letter(one);
    stays.then_some(one)
}
