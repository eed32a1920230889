//! TCVN3 has no bytes for capitals with a tone: the small letter's stands in the file, and a font of capitals showed
//! it as one. The font is lost; the words around tell what it was.

use std::borrow::Cow;

/// What a word of a field shows of its case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    /// Two or more capitals and no small letter that has a capital: `NGUYễN`.
    Capitals,
    /// One capital and no such small letter: `Hà`, or `HÀ`.
    Either,
    /// Begins with a capital, goes on small.
    Title,
    /// Begins with a letter of which TCVN3 has no capital: `ánh`, or `Ánh`.
    NoCapital,
    /// Begins small.
    Small,
}

/// Whether TCVN3 has no capital of this small letter.
fn has_no_capital(letter: char) -> bool {
    !letter.is_ascii() && letter.is_lowercase() && !"ăâêôơưđ".contains(letter)
}

fn case_of(word: &str) -> Case {
    let capitals = word.chars().filter(|c| c.is_uppercase()).count();
    let small = word.chars().any(|c| c.is_lowercase() && !has_no_capital(c));
    match word.chars().next() {
        _ if capitals >= 2 && !small => Case::Capitals,
        Some(first) if first.is_uppercase() && !small => Case::Either,
        Some(first) if first.is_uppercase() => Case::Title,
        Some(first) if has_no_capital(first) => Case::NoCapital,
        _ => Case::Small,
    }
}

/// A field with its capitals restored: in words that are capitals otherwise, and at the beginning of a word where all
/// others begin with one (two at least, or the word is the first of its part).
pub(in super::super) fn restore(field: &str) -> Cow<'_, str> {
    if !field.chars().any(has_no_capital) {
        return Cow::Borrowed(field);
    }
    Cow::Owned(field.split_inclusive([',', ';']).map(restore_part).collect())
}

/// The same of what stands between two commas: `Số 630, Ấp 5, Thành phố Cao Lãnh` has three such parts.
fn restore_part(part: &str) -> String {
    let words: Vec<&str> = part.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
    let cases: Vec<Case> = words.iter().map(|w| case_of(w)).collect();
    let all_capitals = cases.contains(&Case::Capitals) && !cases.iter().any(|c| matches!(c, Case::Title | Case::Small));
    let titles = cases.iter().filter(|c| **c != Case::NoCapital).count();
    let no_small = !cases.contains(&Case::Small);
    let (mut out, mut rest) = (String::with_capacity(part.len()), part);
    for (nth, (word, case)) in words.iter().zip(cases).enumerate() {
        let at = rest.find(word).unwrap_or(0);
        out.push_str(&rest[..at]);
        rest = &rest[at + word.len()..];
        match case {
            Case::Capitals => out.push_str(&word.to_uppercase()),
            Case::Either | Case::NoCapital if all_capitals => out.push_str(&word.to_uppercase()),
            Case::NoCapital if no_small && (titles >= 2 || nth == 0) => {
                let mut letters = word.chars();
                out.extend(letters.next().into_iter().flat_map(char::to_uppercase));
                out.push_str(letters.as_str());
            }
            _ => out.push_str(word),
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_come_back_where_the_words_around_tell() {
        for (read, wanted) in [
            ("NGUYễN THị MAI", "NGUYỄN THỊ MAI"),
            ("Lê THị HồNG", "Lê THỊ HỒNG"),
            ("Võ THị HồNG", "VÕ THỊ HỒNG"),
            ("LÊ THị Hà", "LÊ THỊ HÀ"),
            ("Lê Thị ánh", "Lê Thị Ánh"),
            ("ấp 3", "Ấp 3"),
            ("Lý", "Lý"),
            ("Võ Hà", "Võ Hà"),
            ("ấp ở xã Mỹ Thọ", "ấp ở xã Mỹ Thọ"),
            ("Số 6, ấp 5, Thành phố Út", "Số 6, Ấp 5, Thành phố Út"),
            ("ý kiến của Bà", "ý kiến của Bà"),
            ("12/QĐ-UBND", "12/QĐ-UBND"),
        ] {
            assert_eq!(restore(read), wanted, "{read}");
        }
    }
}
