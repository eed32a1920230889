//! Whether words are Vietnamese, by their build: onset, rime, one tone. A text that was read in the wrong charset
//! is not, and shows it in nearly every word that has more than ASCII letters.

use std::collections::HashSet;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// The vowels, each without a tone and then with the five.
const VOWELS: [[char; 6]; 12] = [
    ['a', 'à', 'ả', 'ã', 'á', 'ạ'],
    ['ă', 'ằ', 'ẳ', 'ẵ', 'ắ', 'ặ'],
    ['â', 'ầ', 'ẩ', 'ẫ', 'ấ', 'ậ'],
    ['e', 'è', 'ẻ', 'ẽ', 'é', 'ẹ'],
    ['ê', 'ề', 'ể', 'ễ', 'ế', 'ệ'],
    ['i', 'ì', 'ỉ', 'ĩ', 'í', 'ị'],
    ['o', 'ò', 'ỏ', 'õ', 'ó', 'ọ'],
    ['ô', 'ồ', 'ổ', 'ỗ', 'ố', 'ộ'],
    ['ơ', 'ờ', 'ở', 'ỡ', 'ớ', 'ợ'],
    ['u', 'ù', 'ủ', 'ũ', 'ú', 'ụ'],
    ['ư', 'ừ', 'ử', 'ữ', 'ứ', 'ự'],
    ['y', 'ỳ', 'ỷ', 'ỹ', 'ý', 'ỵ'],
];

const ONSETS: [&str; 28] = [
    "", "b", "c", "d", "đ", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "x", "ch", "gh", "gi", "kh", "ng",
    "nh", "ph", "qu", "th", "tr", "ngh",
];

/// Rimes without a tone, by their first letter.
const RIMES: [&str; 12] = [
    "a ac ach ai am an ang anh ao ap at au ay",
    "ăc ăm ăn ăng ăp ăt",
    "âc âm ân âng âp ât âu ây",
    "e ec em en eng eo ep et",
    "ê êch êm ên êng ênh êp êt êu",
    "i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu",
    "o oc oi om on ong op ot oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oe oen oeo oet ooc oong",
    "ô ôc ôi ôm ôn ông ôp ôt",
    "ơ ơi ơm ơn ơp ơt",
    "u ua uc ui um un ung up ut uân uâng uât uây uê uêch uên uênh uơ uôc uôi uôm uôn uông uôt uy uya uych uyn uynh uyp uyt uyu uyên uyêt",
    "ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu",
    "y ych ym yn ynh yp yt yu yêm yên yêng yêt yêu",
];

/// Whether the letter is one of the Vietnamese alphabet, with or without a tone.
pub(super) fn is_letter(letter: char) -> bool {
    matches!(letter, 'đ' | 'Đ') || letter.is_ascii_alphabetic() || letter.to_lowercase().all(|c| vowel(c).is_some())
}

/// The vowel without its tone, and the tone's number.
fn vowel(letter: char) -> Option<(char, usize)> {
    if letter.is_ascii() {
        return "aeiouy".contains(letter).then_some((letter, 0));
    }
    VOWELS.iter().find_map(|tones| tones.iter().position(|t| *t == letter).map(|tone| (tones[0], tone)))
}

/// What a word says: `Some` whether it is a Vietnamese syllable; `None` where it says nothing (ASCII only, with digits,
/// an abbreviation without a vowel, letters of another script).
fn judge(word: &str) -> Option<bool> {
    if word.is_ascii() || word.chars().any(|c| c.is_ascii_digit()) {
        return None;
    }
    let latin =
        |c: char| (c as u32) < 0x250 || ('\u{300}'..='\u{36f}').contains(&c) || ('\u{1e00}'..='\u{1eff}').contains(&c);
    if !word.chars().all(latin) {
        return None;
    }
    let (mut bare, mut tone, mut vowels) = (String::with_capacity(word.len()), 0, 0);
    for letter in word.chars().flat_map(char::to_lowercase) {
        if let Some((base, its)) = vowel(letter) {
            if its > 0 && tone > 0 {
                return Some(false);
            }
            tone = tone.max(its);
            vowels += 1;
            bare.push(base);
        } else if letter == 'đ' || letter.is_ascii_alphabetic() {
            bare.push(letter);
        } else {
            return Some(false);
        }
    }
    if vowels == 0 {
        return None;
    }
    let closed = bare.ends_with(['c', 'p', 't']) || bare.ends_with("ch");
    // A syllable that ends so has the tone of á or ạ.
    if closed && !matches!(tone, 4 | 5) {
        return Some(false);
    }
    Some(ONSETS.iter().any(|onset| bare.strip_prefix(onset).is_some_and(is_rime)))
}

fn is_rime(text: &str) -> bool {
    !text.is_empty() && RIMES.iter().any(|row| row.split(' ').any(|rime| rime == text))
}

/// Whether a sign belongs to a word: letters and digits, marks, and what a wrong charset makes of letters.
fn in_word(sign: char) -> bool {
    sign.is_alphanumeric()
        || ('\u{300}'..='\u{36f}').contains(&sign)
        || (('\u{a1}'..='\u{bf}').contains(&sign) && !"«»·°²³½".contains(sign))
        || matches!(sign, '\u{d7}' | '\u{f7}' | '\u{80}'..='\u{9f}' | '\u{fffd}')
}

/// Words that were looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Spelling {
    /// Vietnamese syllables with more than ASCII letters.
    pub good: u64,
    /// Words with more than ASCII letters that no Vietnamese word can be.
    pub bad: u64,
    /// The row in which the first impossible word stands.
    pub first_bad: Option<u64>,
    /// Different good ones, by their hash; only while a charset is being guessed.
    distinct: Option<HashSet<u64>>,
}

impl Spelling {
    /// One that also counts how many different words there are.
    pub fn distinct() -> Self {
        Self { distinct: Some(HashSet::new()), ..Self::default() }
    }

    /// Looks at the words of a text that stands in this row.
    pub fn see(&mut self, text: &str, row: u64) {
        if text.is_ascii() {
            return;
        }
        if is_nfc_quick(text.chars()) == IsNormalized::Yes {
            self.words(text, row);
        } else {
            self.words(&text.nfc().collect::<String>(), row);
        }
    }

    fn words(&mut self, text: &str, row: u64) {
        for word in text.split(|c| !in_word(c)) {
            match judge(word) {
                Some(true) => {
                    self.good += 1;
                    if let Some(distinct) = &mut self.distinct {
                        distinct.insert(xxhash_rust::xxh3::xxh3_64(word.as_bytes()));
                    }
                }
                Some(false) => {
                    self.bad += 1;
                    self.first_bad.get_or_insert(row);
                }
                None => {}
            }
        }
    }

    /// How many different good words were seen; 0 where nobody counted.
    pub fn different(&self) -> usize {
        self.distinct.as_ref().map_or(0, HashSet::len)
    }

    /// So many of a hundred words are impossible.
    pub fn percent_bad(&self) -> u64 {
        (self.bad * 100).checked_div(self.good + self.bad).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_is_told_from_what_a_wrong_charset_makes_of_it() {
        for good in [
            "Nguyễn",
            "Thị",
            "Đặng",
            "Huỳnh",
            "Quốc",
            "quýt",
            "giếng",
            "gì",
            "khuỷu",
            "nghiêng",
            "hoà",
            "hòa",
            "thuở",
            "Ý",
            "ƯỚC",
            "yến",
            "quỳnh",
            "Đồng",
            "Tháp",
            "xã",
            "được",
            "luật",
            "Mỹ",
            "Nguye\u{302}\u{303}n",
        ] {
            let mut seen = Spelling::default();
            seen.see(good, 1);
            assert_eq!((seen.good, seen.bad), (1, 0), "{good}");
        }
        for bad in
            ["NguyÔn", "ThÞ", "§Æng", "Nguyeãn", "Thò\u{323}", "Huyønh", "Lª", "V¨n", "câp", "ếế", "Ñaëng", "Ä\u{90}"]
        {
            let mut seen = Spelling::default();
            seen.see(bad, 7);
            assert_eq!((seen.good, seen.bad, seen.first_bad), (0, 1, Some(7)), "{bad}");
        }
        for says_nothing in ["Mai", "QĐ-UBND", "§1 a", "Лев", "Đ3", "漢字", "12,5 °C"] {
            let mut seen = Spelling::default();
            seen.see(says_nothing, 1);
            assert_eq!(seen.good, 0, "{says_nothing}");
        }
    }
}
