//! Working days: neither a weekend nor a holiday, besides the weekends on which work is made up for. Pure.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};

/// A span without a single working day in so many calendar days comes of a mistake in the list of holidays.
const DROUGHT: usize = 60;

/// Which days are worked on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkingDays {
    /// Days off besides Saturdays and Sundays.
    pub off: BTreeSet<Date>,
    /// Saturdays and Sundays on which work is done.
    pub working: BTreeSet<Date>,
}

impl WorkingDays {
    /// Whether work is done on this day.
    pub fn is_working(&self, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        self.working.contains(&day) || !(weekend || self.off.contains(&day))
    }

    /// The working days after a day, in order. It ends with the calendar, or after two months without any.
    pub fn after(&self, day: Date) -> impl Iterator<Item = Date> {
        let mut dry = 0;
        std::iter::successors(day.tomorrow().ok(), |day| day.tomorrow().ok())
            .take_while(move |day| {
                dry = if self.is_working(*day) { 0 } else { dry + 1 };
                dry <= DROUGHT
            })
            .filter(|day| self.is_working(*day))
    }

    /// How many working days there are after one day, up to and with another; none where the other is not later.
    pub fn between(&self, from: Date, to: Date) -> u32 {
        self.after(from).take_while(|day| *day <= to).fold(0, |count, _| count + 1)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn weekends_and_holidays_do_not_count_and_days_made_up_for_do() {
        let mut days = WorkingDays::default();
        // Friday 1 September 2023; the 2nd and 3rd are a weekend, the 4th a day off instead.
        days.off.extend([date(2023, 9, 1), date(2023, 9, 2), date(2023, 9, 4)]);
        let next: Vec<Date> = days.after(date(2023, 8, 31)).take(2).collect();
        assert_eq!(next, [date(2023, 9, 5), date(2023, 9, 6)]);
        days.working.insert(date(2023, 9, 9));
        assert_eq!(days.between(date(2023, 8, 31), date(2023, 9, 10)), 5);
        assert_eq!(days.between(date(2023, 9, 10), date(2023, 8, 31)), 0);
    }

    #[test]
    fn a_list_without_any_working_day_ends_no_loop() {
        let mut days = WorkingDays::default();
        days.off.extend(std::iter::successors(Some(date(2026, 1, 1)), |day| day.tomorrow().ok()).take(400));
        assert_eq!(days.after(date(2026, 1, 1)).count(), 0);
        assert_eq!(WorkingDays::default().after(Date::MAX).count(), 0);
    }
}
