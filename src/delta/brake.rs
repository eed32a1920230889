//! The brake: more stops or changes than usual are sent only when a person has said why.

use rust_decimal::Decimal;

use crate::model::Action;

/// What the brake counts apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// A record that the nation never confirmed.
    New,
    /// A changed row of a confirmed record.
    Changed,
    /// The same row, judged otherwise because a mapping, code list, rate or rule changed.
    Remapped,
    /// A stop.
    Stopped,
}

impl Class {
    /// All classes.
    pub const ALL: [Self; 4] = [Self::New, Self::Changed, Self::Remapped, Self::Stopped];

    /// The class of a queued content.
    pub fn of(action: Action, confirmed: bool, same_row: bool) -> Self {
        match (action, confirmed, same_row) {
            (Action::Stop, ..) => Self::Stopped,
            (_, false, _) => Self::New,
            (_, true, true) => Self::Remapped,
            (_, true, false) => Self::Changed,
        }
    }

    /// The word in store and output.
    pub fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Remapped => "remapped",
            Self::Stopped => "stopped",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.word() == word)
    }
}

/// How much of each class goes out without a person: a share of the confirmed records in percent, or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Percent of the records that the nation has confirmed and not stopped.
    pub percent: Option<Decimal>,
    /// A number of records.
    pub number: Option<u64>,
}

impl Limit {
    /// A share in percent.
    pub fn percent(percent: u32) -> Self {
        Self { percent: Some(Decimal::from(percent)), number: None }
    }

    /// Whether `count` of `confirmed` is too much. Where both are set, the smaller holds.
    pub fn exceeded(&self, count: u64, confirmed: u64) -> bool {
        if count == 0 {
            return false;
        }
        let by_share =
            self.percent.is_some_and(|p| Decimal::from(count) * Decimal::from(100) > p * Decimal::from(confirmed));
        by_share || self.number.is_some_and(|n| count > n)
    }
}

/// The limits of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brake {
    /// For new records after the first push (default 5 %).
    pub new: Limit,
    /// For changes (default 20 %).
    pub changed: Limit,
    /// For changes that come of a mapping (default none without a person).
    pub remapped: Limit,
    /// For stops (default 2 %).
    pub stopped: Limit,
}

impl Default for Brake {
    fn default() -> Self {
        Self {
            new: Limit::percent(5),
            changed: Limit::percent(20),
            remapped: Limit::percent(0),
            stopped: Limit::percent(2),
        }
    }
}

/// How many staged records there are of each class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Tally {
    /// New records.
    pub new: u64,
    /// Changed records.
    pub changed: u64,
    /// Records changed by a mapping.
    pub remapped: u64,
    /// Stops.
    pub stopped: u64,
}

impl Tally {
    /// The count of a class.
    pub fn of(&self, class: Class) -> u64 {
        match class {
            Class::New => self.new,
            Class::Changed => self.changed,
            Class::Remapped => self.remapped,
            Class::Stopped => self.stopped,
        }
    }

    /// The count of a class, to be added to.
    pub fn of_mut(&mut self, class: Class) -> &mut u64 {
        match class {
            Class::New => &mut self.new,
            Class::Changed => &mut self.changed,
            Class::Remapped => &mut self.remapped,
            Class::Stopped => &mut self.stopped,
        }
    }
}

impl Brake {
    /// The classes that are held: none of such a class is sent. A first push is exempt; it has nothing to compare with.
    pub fn holds(&self, staged: &Tally, confirmed: u64, first: bool) -> Vec<Class> {
        if first {
            return Vec::new();
        }
        let limit = |class| match class {
            Class::New => &self.new,
            Class::Changed => &self.changed,
            Class::Remapped => &self.remapped,
            Class::Stopped => &self.stopped,
        };
        Class::ALL.into_iter().filter(|class| limit(*class).exceeded(staged.of(*class), confirmed)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_percent_of_stops_go_and_one_more_does_not() {
        let brake = Brake::default();
        assert!(brake.holds(&Tally { stopped: 2, ..Tally::default() }, 100, false).is_empty());
        assert_eq!(brake.holds(&Tally { stopped: 3, changed: 20, ..Tally::default() }, 100, false), [Class::Stopped]);
    }

    #[test]
    fn a_mapping_change_waits_and_a_first_push_does_not() {
        let brake = Brake::default();
        assert_eq!(brake.holds(&Tally { remapped: 1, ..Tally::default() }, 100, false), [Class::Remapped]);
        assert!(brake.holds(&Tally { new: 100, ..Tally::default() }, 0, true).is_empty());
    }
}
