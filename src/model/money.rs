//! Money in whole đồng and coefficients as exact decimals: no floats anywhere.

use std::borrow::Cow;

use rust_decimal::{Decimal, RoundingStrategy};

/// Whole đồng, never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(pub i64);

/// A thousand billion đồng: above it a sum is a slip of the keyboard.
const LIMIT: i64 = 1_000_000_000_000_000;

impl Money {
    /// Reads `540000`, `540.000`, `540,000`, `540 000`, `540000.00`, each also with `đ`, `đồng` or `VND` behind it.
    pub fn read(text: &str) -> Option<Self> {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return text.parse().ok().filter(|n| *n <= LIMIT).map(Self);
        }
        let digits = ["đồng", "VNĐ", "VND", "đ"].iter().find_map(|u| text.strip_suffix(u)).unwrap_or(text).trim_end();
        if digits.is_empty() || !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let groups: Vec<&str> = digits.split(['.', ',', ' ']).collect();
        let grouped = groups.len() > 1 && groups[0].len() <= 3 && groups[1..].iter().all(|g| g.len() == 3);
        let whole = if grouped {
            groups.concat()
        } else if groups.len() == 2
            && groups[1].len() <= 2
            && !digits.contains(' ')
            && groups[1].bytes().all(|b| b == b'0')
        {
            groups[0].to_owned()
        } else if groups.len() == 1 {
            digits.to_owned()
        } else {
            return None;
        };
        if !whole.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        whole.parse().ok().filter(|n| *n <= LIMIT).map(Self)
    }

    /// A coefficient of a rate, half up to the đồng (national-systems, section 1).
    pub fn times(self, coefficient: Coefficient) -> Option<Self> {
        let product = Decimal::from(self.0).checked_mul(coefficient.0)?;
        let rounded = product.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
        i64::try_from(rounded).ok().map(Self)
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A coefficient of the law, such as 1.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coefficient(pub Decimal);

impl Coefficient {
    /// Reads `1.5` or `1,5`; never negative, at most 9 digits before and 6 after the point.
    pub fn read(text: &str) -> Option<Self> {
        let canonical = decimal(text)?;
        canonical.parse().ok().map(Self)
    }
}

/// A decimal as the nation writes it: a point, no grouping, no leading or trailing zeros; borrowed where it already is so.
pub fn decimal(text: &str) -> Option<Cow<'_, str>> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let bare_point = fraction.is_empty() && text.len() > whole.len();
    if whole.is_empty() || whole.len() > 9 || fraction.len() > 6 || !digits(whole) || !digits(fraction) || bare_point {
        return None;
    }
    let short_whole = match whole.trim_start_matches('0') {
        "" => "0",
        w => w,
    };
    let short_fraction = fraction.trim_end_matches('0');
    if short_fraction.is_empty() {
        return Some(Cow::Borrowed(if short_whole == "0" { "0" } else { short_whole }));
    }
    if short_whole.len() == whole.len()
        && short_fraction.len() == fraction.len()
        && text.as_bytes()[whole.len()] == b'.'
    {
        return Some(Cow::Borrowed(text));
    }
    Some(Cow::Owned(format!("{short_whole}.{short_fraction}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_whole_and_not_negative() {
        for good in ["540000", "540.000", "540,000", "540 000", "540000.00", "540.000đ", "540.000 đồng", "0540000"]
        {
            assert_eq!(Money::read(good), Some(Money(540_000)), "{good}");
        }
        for bad in [
            "",
            "-540000",
            "540000.5",
            "54.0000",
            "5400.000",
            "1e6",
            "540.00.000",
            "đ",
            "99999999999999999999",
            "540..000",
        ] {
            assert_eq!(Money::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn half_goes_up() {
        let c = |t| Coefficient::read(t).unwrap();
        assert_eq!(Money(360_000).times(c("1.5")), Some(Money(540_000)));
        assert_eq!(Money(1).times(c("0.5")), Some(Money(1)));
        assert_eq!(Money(1).times(c("2.5")), Some(Money(3)));
        assert_eq!(Money(3).times(c("0.1")), Some(Money(0)));
    }

    #[test]
    fn decimals_are_canonical() {
        for (text, wanted) in
            [("1,5", "1.5"), ("1.50", "1.5"), ("2.0", "2"), ("02", "2"), ("0", "0"), ("0.50", "0.5"), ("00.0", "0")]
        {
            assert_eq!(decimal(text).as_deref(), Some(wanted), "{text}");
        }
        for bad in ["", "-1", "1.", ".5", "1.2.3", "a", "1 5", "1234567890", "0.1234567"] {
            assert_eq!(decimal(bad), None, "{bad}");
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_them_panic(text in ".{0,24}|[0-9., đ-]{0,24}") {
            let _ = (Money::read(&text), Coefficient::read(&text));
        }
    }
}
