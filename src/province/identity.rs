//! Names and numbers of invented people.

use unicode_normalization::UnicodeNormalization;

use super::random::Random;
use super::recipe::{Identity, Names};

/// A name in NFC with the usual placement of the tone marks: `Nguyễn Thị Hòa`.
pub(super) fn name(names: &Names, female: bool, random: &mut Random) -> String {
    let parts = if female { &names.female } else { &names.male };
    let mut name = names.family.pick(random).to_owned();
    for part in [parts.middle.pick(random), parts.given.pick(random)] {
        if !part.is_empty() {
            name.push(' ');
            name.push_str(part);
        }
    }
    name
}

/// The other placement of the tone marks; `None` where the name has none that can move.
pub(super) fn tones_moved(names: &Names, name: &str) -> Option<String> {
    let mut moved = name.to_owned();
    for [from, to] in &names.tones {
        if moved.contains(from.as_str()) {
            moved = moved.replace(from.as_str(), to);
        }
    }
    (moved != name).then_some(moved)
}

/// Letters and marks apart, as some keyboards and one large vendor's systems store them.
pub(super) fn decomposed(name: &str) -> String {
    name.nfd().collect()
}

/// The 12-digit number of a person: province, century and sex, year, and six digits that no other person of the
/// same beginning has. Beyond a million the provinces tell them apart: half of `others` and all of `further`, each
/// for a million, so that a recipe with ten of them has unique numbers below eleven million.
pub(super) fn long_number(identity: &Identity, index: u64, female: bool, year: i16, random: &mut Random) -> String {
    let block = usize::try_from(index / 1_000_000).unwrap_or(usize::MAX);
    let half = identity.others.len() / 2;
    // The first half of the other provinces is for those born elsewhere, the second half for the blocks.
    let province = if block > 0 && half > 0 {
        let count = identity.others.len() - half + identity.further.len();
        identity.others[half..].iter().chain(&identity.further).nth((block - 1) % count).unwrap_or(&identity.own)
    } else if half > 0 && random.chance(identity.elsewhere) {
        &identity.others[usize::try_from(random.below(half as u64)).unwrap_or(0)]
    } else {
        &identity.own
    };
    let century = if year < 2000 { 0 } else { 2 } + i32::from(female);
    // 700,001 shares no factor with a million: each remainder occurs once.
    let tail = (index % 1_000_000 * 700_001 + 271_828) % 1_000_000;
    format!("{province}{century}{:02}{tail:06}", year % 100)
}

/// The 9-digit number of the same person before 2021, unique below ten million.
pub(super) fn short_number(prefix: &str, index: u64) -> String {
    format!("{prefix}{:07}", (index % 10_000_000 * 7_000_003 + 3_141_592) % 10_000_000)
}

/// An account number of 10 to 14 digits, the shape depending on the person; unique below a thousand million.
pub(super) fn account(index: u64, random: &mut Random) -> String {
    let prefix = ["6", "65", "6504", "070", "10250"][usize::try_from(random.below(5)).unwrap_or(0)];
    format!("{prefix}{:09}", (index % 1_000_000_000 * 700_000_001 + 31_415_926) % 1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::province::Recipe;

    #[test]
    fn tone_marks_move_only_in_open_syllables() {
        let names = &Recipe::built_in().unwrap().body.names;
        assert_eq!(tones_moved(names, "Trần Văn Hòa").as_deref(), Some("Trần Văn Hoà"));
        assert_eq!(tones_moved(names, "Lê Thị Thúy").as_deref(), Some("Lê Thị Thuý"));
        assert_eq!(tones_moved(names, "Huỳnh Văn Toàn"), None);
    }

    #[test]
    fn a_number_says_sex_century_and_year() {
        let identity = &Recipe::built_in().unwrap().body.identity;
        let mut random = Random::new(1, 1);
        let old = long_number(identity, 7, true, 1938, &mut random);
        assert_eq!((old.len(), &old[3..6]), (12, "138"));
        assert_eq!(&long_number(identity, 7, false, 2011, &mut random)[3..6], "211");
        assert_eq!(&long_number(identity, 3_000_000, false, 2011, &mut random)[..3], "091");
    }

    #[test]
    fn short_numbers_and_accounts_do_not_repeat() {
        let mut random = Random::new(1, 1);
        let mut seen = std::collections::HashSet::new();
        for index in 0..200_000 {
            assert!(seen.insert(short_number("34", index)));
            assert!(seen.insert(account(index, &mut random)));
        }
    }
}
