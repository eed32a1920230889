//! The day before which a stream must be through each month, and who goes first when it is near. Pure.

use jiff::civil::Date;

use crate::model::WorkingDays;

/// Every month has these days.
pub const DAYS: std::ops::RangeInclusive<i8> = 1..=28;
/// A lead of a month or more would put the stream first for ever.
pub const LEADS: std::ops::RangeInclusive<i8> = 1..=27;

/// A monthly deadline, and for how many calendar days before it the stream goes first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deadline {
    /// The day of the month.
    pub day: i8,
    /// Calendar days before it.
    pub lead_days: i8,
    /// Which days are worked on.
    pub days: WorkingDays,
}

impl Deadline {
    /// The deadline that comes next, today included. On a day off nobody could still mend anything: it then stands on
    /// the last working day before.
    pub fn due(&self, today: Date) -> Date {
        let mut month = today.first_of_month();
        loop {
            let due = self.of_month(month);
            // Past the end of the calendar there is no next month; today is as good as any day.
            let Ok(next) = month.last_of_month().tomorrow() else { return today };
            if due >= today {
                return due;
            }
            month = next;
        }
    }

    /// The first day on which the stream goes before the others.
    pub fn from(&self, today: Date) -> Date {
        let due = self.due(today);
        due.checked_sub(jiff::Span::new().days(self.lead_days)).unwrap_or(due)
    }

    /// Whether the stream goes before the others today: from so many days before the deadline until that day's end.
    pub fn is_near(&self, today: Date) -> bool {
        self.from(today) <= today
    }

    fn of_month(&self, first: Date) -> Date {
        let named = first.with().day(self.day.clamp(*DAYS.start(), *DAYS.end())).build().unwrap_or(first);
        let mut day = named;
        while !self.days.is_working(day) {
            match day.yesterday() {
                // Two weeks without a working day are a mistake in the list.
                Ok(before) if named.since(before).is_ok_and(|gone| gone.get_days() <= 14) => day = before,
                _ => return named,
            }
        }
        day
    }
}

/// A stream with a deadline, among those of its system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Precedence {
    /// The stream's name.
    pub stream: String,
    /// Its deadline.
    pub deadline: Deadline,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn deadline() -> Deadline {
        Deadline { day: 25, lead_days: 5, ..Deadline::default() }
    }

    #[test]
    fn the_stream_goes_first_from_so_many_days_before_until_the_day_itself() {
        let near = |day: i8| deadline().is_near(date(2026, 11, day));
        // 25 November 2026 is a Wednesday.
        assert_eq!([19, 20, 24, 25, 26].map(near), [false, true, true, true, false]);
        assert_eq!(deadline().due(date(2026, 11, 26)), date(2026, 12, 25));
    }

    #[test]
    fn a_deadline_on_a_day_off_stands_on_the_last_working_day_before() {
        // 25 October 2026 is a Sunday, and here the Friday before is a holiday.
        let mut one = deadline();
        assert_eq!(one.due(date(2026, 10, 1)), date(2026, 10, 23));
        one.days.off.insert(date(2026, 10, 23));
        assert_eq!(one.due(date(2026, 10, 1)), date(2026, 10, 22));
        assert_eq!((one.from(date(2026, 10, 1)), one.is_near(date(2026, 10, 17))), (date(2026, 10, 17), true));
        one.days.working.insert(date(2026, 10, 24));
        assert_eq!(one.due(date(2026, 10, 1)), date(2026, 10, 24));
        // The Friday is over: the next one is in November.
        assert_eq!(deadline().due(date(2026, 10, 24)), date(2026, 11, 25));
    }

    #[test]
    fn a_lead_reaches_into_the_month_before_and_a_bad_list_ends_no_loop() {
        let mut early = Deadline { day: 2, lead_days: 5, ..Deadline::default() };
        assert!(early.is_near(date(2026, 11, 28)) && !early.is_near(date(2026, 11, 26)));
        let days = std::iter::successors(Some(date(2026, 11, 1)), |day| day.tomorrow().ok());
        early.days.off = days.take(60).collect();
        assert_eq!(early.due(date(2026, 12, 1)), date(2026, 12, 2));
    }
}
