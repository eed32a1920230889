//! Dates as people write them, and how exactly they are known. A date is a date: it never passes a time zone.

use jiff::civil::Date;

/// Years that a date in these records can have; anything else is a slip of the keyboard.
const YEARS: std::ops::RangeInclusive<i16> = 1870..=2200;

/// A date known to the day, to the month or only to the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartialDate {
    /// Known to the day.
    Day(Date),
    /// Known to the month: its first day.
    Month(Date),
    /// Known by year only: its first day.
    Year(Date),
}

impl PartialDate {
    /// Reads `dd/MM/yyyy`, `MM/yyyy`, `yyyy`, `00/00/yyyy`, `00/MM/yyyy`, `yyyy-MM-dd`, `yyyy-MM`; `-` and `.` may stand for `/`,
    /// leading zeros may lack, and a midnight after the date is ignored (a database wrote a date as a time stamp).
    /// A time of day other than midnight is refused: such a value went through a time zone and may be off by a day.
    pub fn read(text: &str) -> Option<Self> {
        let text = without_midnight(text)?;
        let mut parts = [0i32; 3];
        let mut count = 0;
        let mut first_width = 0;
        for part in text.split(['/', '-', '.']) {
            if count == 3 || part.is_empty() || part.len() > 4 || !part.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            if count == 0 {
                first_width = part.len();
            }
            parts[count] = part.bytes().fold(0, |n, b| n * 10 + i32::from(b - b'0'));
            count += 1;
        }
        let year_first = first_width == 4;
        match (count, year_first) {
            (1, true) => Self::of(parts[0], 0, 0),
            (2, true) => Self::of(parts[0], parts[1], 0),
            (2, false) => Self::of(parts[1], parts[0], 0),
            (3, true) => Self::of(parts[0], parts[1], parts[2]),
            (3, false) => Self::of(parts[2], parts[1], parts[0]),
            _ => None,
        }
    }

    fn of(year: i32, month: i32, day: i32) -> Option<Self> {
        let year = i16::try_from(year).ok().filter(|y| YEARS.contains(y))?;
        let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
        match (month, day) {
            (0, 0) => Date::new(year, 1, 1).ok().map(Self::Year),
            (_, 0) => Date::new(year, month, 1).ok().map(Self::Month),
            _ => Date::new(year, month, day).ok().map(Self::Day),
        }
    }

    /// The first day it can mean.
    pub fn earliest(self) -> Date {
        match self {
            Self::Day(d) | Self::Month(d) | Self::Year(d) => d,
        }
    }

    /// The last day it can mean.
    pub fn latest(self) -> Date {
        match self {
            Self::Day(d) => d,
            Self::Month(d) => d.last_of_month(),
            Self::Year(d) => d.last_of_year(),
        }
    }

    /// The year, which is always known.
    pub fn year(self) -> i16 {
        self.earliest().year()
    }
}

impl std::fmt::Display for PartialDate {
    /// `dd/MM/yyyy`, `MM/yyyy` or `yyyy`, as exactly as it is known.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Day(d) => f.write_str(&day(*d)),
            Self::Month(d) => f.write_str(&month(*d)),
            Self::Year(d) => write!(f, "{:04}", d.year()),
        }
    }
}

/// `None` when a time of day other than midnight stands behind the date.
fn without_midnight(text: &str) -> Option<&str> {
    let Some(at) = text.find([' ', 'T']) else { return Some(text) };
    let time = &text[at + 1..];
    (time.starts_with('0') && time.bytes().all(|b| matches!(b, b'0' | b':' | b'.'))).then(|| &text[..at])
}

/// `dd/MM/yyyy`.
pub fn day(date: Date) -> String {
    let mut out = String::with_capacity(10);
    push_two(&mut out, date.day());
    out.push('/');
    push_month(&mut out, date);
    out
}

/// `MM/yyyy`.
pub fn month(date: Date) -> String {
    let mut out = String::with_capacity(7);
    push_month(&mut out, date);
    out
}

fn push_month(out: &mut String, date: Date) {
    push_two(out, date.month());
    out.push('/');
    push_two(out, i8::try_from(date.year() / 100).unwrap_or_default());
    push_two(out, i8::try_from(date.year() % 100).unwrap_or_default());
}

fn push_two(out: &mut String, n: i8) {
    let n = n.unsigned_abs();
    out.push(char::from(b'0' + n / 10 % 10));
    out.push(char::from(b'0' + n % 10));
}

/// The day on which somebody born on `birth` turns `years` old. Who was born on 29 February does so on 1 March of a common year.
/// `None` beyond the calendar.
pub fn birthday(birth: Date, years: i16) -> Option<Date> {
    let year = birth.year().checked_add(years)?;
    Date::new(year, birth.month(), birth.day()).or_else(|_| Date::new(year, 3, 1)).ok()
}

/// Full years between a birth and a day; negative before the birth.
pub fn age(birth: Date, on: Date) -> i16 {
    let before_birthday = (on.month(), on.day()) < (birth.month(), birth.day());
    on.year() - birth.year() - i16::from(before_birthday)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use jiff::civil::date;

    use super::*;

    #[test]
    fn every_shape_found_in_the_field() {
        let day = |y, m, d| Some(PartialDate::Day(date(y, m, d)));
        assert_eq!(PartialDate::read("05/03/1941"), day(1941, 3, 5));
        assert_eq!(PartialDate::read("5-3-1941"), day(1941, 3, 5));
        assert_eq!(PartialDate::read("1941-03-05"), day(1941, 3, 5));
        assert_eq!(PartialDate::read("1941-03-05 00:00:00"), day(1941, 3, 5));
        assert_eq!(PartialDate::read("1941-03-05T00:00:00.000"), day(1941, 3, 5));
        assert_eq!(PartialDate::read("03/1941"), Some(PartialDate::Month(date(1941, 3, 1))));
        assert_eq!(PartialDate::read("00/03/1941"), Some(PartialDate::Month(date(1941, 3, 1))));
        assert_eq!(PartialDate::read("1941"), Some(PartialDate::Year(date(1941, 1, 1))));
        assert_eq!(PartialDate::read("00/00/1941"), Some(PartialDate::Year(date(1941, 1, 1))));
        assert_eq!(PartialDate::read("29/02/2000"), day(2000, 2, 29));
        for bad in [
            "",
            "29/02/1900",
            "31/04/1950",
            "12/31/1950",
            "05/00/1950",
            "1/1/50",
            "0000",
            "1/1/1/1950",
            "abc",
            "1941-03-04T17:00:00Z",
            "5/3/19410",
            "//1941",
        ] {
            assert_eq!(PartialDate::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn age_and_birthday_agree_on_every_day() {
        for birth in [date(1944, 2, 29), date(1943, 12, 31), date(1944, 1, 1)] {
            for years in [0, 3, 4, 60, 80] {
                let on = birthday(birth, years).unwrap();
                assert_eq!(age(birth, on), years, "{birth} {years}");
                assert_eq!(age(birth, on - 1.day()), years - 1, "{birth} {years}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_reads_back(days in -30_000i64..80_000) {
            let d = date(1970, 1, 1) + days.days();
            proptest::prop_assert_eq!(PartialDate::read(&day(d)), Some(PartialDate::Day(d)));
            proptest::prop_assert_eq!(PartialDate::read(&month(d)), Some(PartialDate::Month(d.first_of_month())));
        }

        #[test]
        fn nothing_makes_it_panic(text in ".{0,20}|[0-9/. :T-]{0,20}") {
            let _ = PartialDate::read(&text);
        }
    }
}
