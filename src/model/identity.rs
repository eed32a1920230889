//! What a twelve-digit identity number says of its holder (national-systems, section 4). There is no check digit.

/// The parts of a twelve-digit number: province of birth registration, century and sex, year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdentityNumber<'a> {
    /// Three digits of the old province numbering.
    pub province: &'a str,
    /// The year of birth.
    pub birth_year: i16,
    /// Whether the number was given to a man.
    pub male: bool,
}

impl<'a> IdentityNumber<'a> {
    /// Takes a number apart; `None` unless it is twelve digits.
    pub fn read(text: &'a str) -> Option<Self> {
        let digits = text.as_bytes();
        if digits.len() != 12 || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let n = |i: usize| i16::from(digits[i] - b'0');
        Some(Self { province: &text[..3], birth_year: 1900 + n(3) / 2 * 100 + n(4) * 10 + n(5), male: n(3) % 2 == 0 })
    }
}

/// Whether a number only fills the form: all digits alike, zeros before one last digit, or digits counting up or down.
pub fn is_filler(number: &str) -> bool {
    let digits = number.as_bytes();
    if digits.len() < 4 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let steps = |by: u8| digits.windows(2).all(|w| (w[0] - b'0' + by) % 10 == w[1] - b'0');
    let zeros_then_one = digits[..digits.len() - 1].iter().all(|d| *d == b'0');
    steps(0) || steps(1) || steps(9) || zeros_then_one
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_tells_province_year_and_sex() {
        let male = IdentityNumber::read("087041012345").unwrap();
        assert_eq!((male.province, male.birth_year, male.male), ("087", 1941, true));
        let girl = IdentityNumber::read("082315000001").unwrap();
        assert_eq!((girl.birth_year, girl.male), (2015, false));
        assert_eq!(IdentityNumber::read("87041012345"), None);
        assert_eq!(IdentityNumber::read("08704101234a"), None);
    }

    #[test]
    fn fillers_are_told_from_numbers() {
        for filler in [
            "000000001",
            "000000000001",
            "123456789",
            "123456789012",
            "012345678",
            "987654321",
            "111111111",
            "999999999999",
        ] {
            assert!(is_filler(filler), "{filler}");
        }
        for number in ["087041012345", "340123456", "100000000", "", "0", "12a"] {
            assert!(!is_filler(number), "{number}");
        }
    }
}
