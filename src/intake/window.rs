//! Which windows of time are asked for, and how far a pull has come. Pure.
//!
//! Windows that follow each other share a second: a portal that keeps parts of a second loses nothing between them.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::model::Timestamp;
use crate::national::Window;

/// A window is not made shorter than this.
pub const SHORTEST_MS: i64 = 1000;

/// How windows are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// The first day that is ever asked for by itself.
    pub start: Date,
    /// So much of what was read before is read again.
    pub overlap_ms: i64,
    /// Once a day so many days are read again; none for 0.
    pub reread_days: u16,
    /// The longest window.
    pub longest_ms: i64,
}

/// How far a pull has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Everything filed or changed before was read and stored.
    pub upto: Timestamp,
    /// When the last days were read again to their end.
    pub reread: Timestamp,
}

/// One window of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The span, both ends included.
    pub window: Window,
    /// Whether the cursor moves to its end once it is stored.
    pub moves: bool,
}

/// What is still to be asked for: what is new first, then what is read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The next is the last.
    left: Vec<Step>,
    longest_ms: i64,
    /// Whether the last days are read again to the end.
    pub rereads: bool,
}

/// Milliseconds to the second below.
fn second(at: Timestamp) -> Timestamp {
    Timestamp(at.0.div_euclid(1000) * 1000)
}

/// The first moment of a day in Viet Nam.
pub fn first_moment(day: Date) -> Timestamp {
    Timestamp::from_vietnam(day.at(0, 0, 0, 0)).unwrap_or_default()
}

impl Plan {
    /// What is due by itself. A cursor that lies ahead was written under a clock that ran ahead: it counts as now, and
    /// the last days are read again.
    pub fn due(rhythm: &Rhythm, cursor: Option<Cursor>, now: Timestamp) -> Self {
        let (start, to) = (first_moment(rhythm.start), second(now));
        let from = cursor.map_or(start, |c| second(c.upto.min(now)).plus(-rhythm.overlap_ms).max(start));
        let mut left = Vec::new();
        let rereads = match cursor {
            // All of it is read now.
            None => true,
            Some(cursor) => rhythm.reread_days > 0 && (cursor.reread.day() < now.day() || cursor.upto > now),
        };
        if rereads && cursor.is_some() {
            let days = i64::from(rhythm.reread_days).days();
            let again = first_moment(now.day().saturating_sub(days)).max(start);
            if again < from {
                left.push(Step { window: Window { from: again, to: from }, moves: false });
            }
        }
        if from <= to {
            left.push(Step { window: Window { from, to }, moves: true });
        }
        Self { left, longest_ms: rhythm.longest_ms.max(SHORTEST_MS), rereads }
    }

    /// A span that a person asks for; it moves no cursor.
    pub fn of(rhythm: &Rhythm, span: Window, now: Timestamp) -> Self {
        let window = Window { from: second(span.from), to: second(span.to.min(now)) };
        let left = if window.from <= window.to { vec![Step { window, moves: false }] } else { Vec::new() };
        Self { left, longest_ms: rhythm.longest_ms.max(SHORTEST_MS), rereads: false }
    }

    /// The next window, no longer than the longest.
    pub fn step(&mut self) -> Option<Step> {
        let Step { window, moves } = self.left.pop()?;
        let to = window.from.plus(self.longest_ms);
        if window.to <= to {
            return Some(Step { window, moves });
        }
        self.left.push(Step { window: Window { from: to, to: window.to }, moves });
        Some(Step { window: Window { from: window.from, to }, moves })
    }

    /// The answer to this window was too large: its halves are next. `false` where it cannot be shorter.
    pub fn halve(&mut self, step: Step) -> bool {
        let length = step.window.to.0 - step.window.from.0;
        if length <= SHORTEST_MS {
            return false;
        }
        let middle = second(step.window.from.plus(length / 2)).max(step.window.from.plus(SHORTEST_MS));
        for (from, to) in [(middle, step.window.to), (step.window.from, middle)] {
            self.left.push(Step { window: Window { from, to }, moves: step.moves });
        }
        true
    }
}

/// Where the cursor stands once everything up to a moment is stored. It only goes back from the future.
pub fn moved(upto: Option<Timestamp>, to: Timestamp, now: Timestamp) -> Timestamp {
    match upto {
        Some(upto) if upto <= now => upto.max(to),
        _ => to,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const HOUR: i64 = 3_600_000;

    fn rhythm() -> Rhythm {
        Rhythm { start: date(2026, 11, 20), overlap_ms: 2 * HOUR, reread_days: 2, longest_ms: 24 * HOUR }
    }

    fn at(day: i8, hour: i8) -> Timestamp {
        Timestamp::from_vietnam(date(2026, 11, day).at(hour, 0, 0, 0)).unwrap()
    }

    fn all(mut plan: Plan) -> Vec<(Timestamp, Timestamp, bool)> {
        std::iter::from_fn(|| plan.step()).map(|s| (s.window.from, s.window.to, s.moves)).collect()
    }

    #[test]
    fn the_first_pull_begins_with_the_first_day() {
        let plan = Plan::due(&rhythm(), None, at(22, 9).plus(1));
        let told = [(at(20, 0), at(21, 0), true), (at(21, 0), at(22, 0), true), (at(22, 0), at(22, 9), true)];
        assert_eq!(all(plan), told);
    }

    #[test]
    fn later_ones_overlap_and_once_a_day_the_last_days_come_again() {
        let today = Cursor { upto: at(24, 9), reread: at(24, 1) };
        assert_eq!(all(Plan::due(&rhythm(), Some(today), at(24, 10))), [(at(24, 7), at(24, 10), true)]);
        let yesterday = Cursor { upto: at(24, 9), reread: at(23, 23) };
        let plan = Plan::due(&rhythm(), Some(yesterday), at(24, 10));
        assert!(plan.rereads);
        let told = [
            // What is new comes first.
            (at(24, 7), at(24, 10), true),
            (at(22, 0), at(23, 0), false),
            (at(23, 0), at(24, 0), false),
            (at(24, 0), at(24, 7), false),
        ];
        assert_eq!(all(plan), told);
    }

    #[test]
    fn a_cursor_from_the_future_counts_as_now() {
        let ahead = Cursor { upto: at(30, 0), reread: at(30, 0) };
        let windows = all(Plan::due(&rhythm(), Some(ahead), at(24, 10)));
        assert_eq!(windows[0], (at(24, 8), at(24, 10), true));
        assert_eq!(windows[1].0, at(22, 0), "and the last days are read again");
        assert_eq!(moved(Some(at(30, 0)), at(24, 10), at(24, 10)), at(24, 10));
        assert_eq!(moved(Some(at(24, 9)), at(24, 8), at(24, 10)), at(24, 9), "never back otherwise");
    }

    #[test]
    fn a_span_by_hand_moves_nothing_and_ends_now() {
        let plan = Plan::of(&rhythm(), Window { from: at(20, 0), to: at(28, 0) }, at(20, 5));
        assert_eq!(all(plan), [(at(20, 0), at(20, 5), false)]);
        assert_eq!(all(Plan::of(&rhythm(), Window { from: at(22, 0), to: at(28, 0) }, at(20, 5))), []);
    }

    proptest::proptest! {
        /// Whatever is halved, every second is in a window of the plan, and it ends.
        #[test]
        fn nothing_falls_between_windows(
            hours in 0_i64..200, longest in 1_i64..100_000_000, dense in proptest::collection::vec(proptest::bool::ANY, 0..60),
        ) {
            let rhythm = Rhythm { longest_ms: longest, ..rhythm() };
            let now = at(20, 0).plus(hours * HOUR / 7);
            let mut plan = Plan::due(&rhythm, None, now);
            let (mut reached, mut dense) = (at(20, 0), dense.into_iter());
            let mut steps = 0;
            while let Some(step) = plan.step() {
                proptest::prop_assert!(step.window.from <= reached && step.window.from <= step.window.to);
                proptest::prop_assert!(step.window.to.0 - step.window.from.0 <= longest.max(SHORTEST_MS));
                if dense.next() == Some(true) && plan.halve(step) {
                    continue;
                }
                reached = reached.max(step.window.to);
                steps += 1;
                if steps > 2000 {
                    return Ok(());
                }
            }
            proptest::prop_assert_eq!(reached, Timestamp(now.0 / 1000 * 1000));
        }
    }
}
