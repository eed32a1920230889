//! The shares of dirt, oddities and changes in a recipe. All are rows in 100,000 unless said.

use jiff::civil::Date;
use serde::Deserialize;

use super::random::Choice;

/// What a row was damaged with, so that it must be held. Told by the generator, never written to the table:
/// a test compares it with what the gateway found for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Damage {
    /// No name.
    MissingName,
    /// A 12-digit number that lost its leading zero.
    LongNumberLostZero,
    /// A 9-digit number that lost its leading zero.
    ShortNumberLostZero,
    /// `000000001`, all digits alike and the like.
    Filler,
    /// A birth date that no calendar has.
    ImpossibleBirth,
    /// A bank that no list has.
    UnknownBank,
    /// An ethnic group spelt as no list has it.
    UnknownEthnic,
    /// A commune's code that no catalogue has.
    UnknownCommune,
    /// An amount that is not coefficient × rate.
    WrongAmount,
    /// Paid through an account, but no bank is named.
    AccountWithoutBank,
    /// The row has no key.
    NoKey,
    /// The key stands on two rows; both are damaged.
    KeyTwice,
}

impl Damage {
    /// All kinds, in the order of a recipe.
    pub const ALL: [Self; 12] = [
        Self::MissingName,
        Self::LongNumberLostZero,
        Self::ShortNumberLostZero,
        Self::Filler,
        Self::ImpossibleBirth,
        Self::UnknownBank,
        Self::UnknownEthnic,
        Self::UnknownCommune,
        Self::WrongAmount,
        Self::AccountWithoutBank,
        Self::NoKey,
        Self::KeyTwice,
    ];

    /// The fixed word under which the row must be held (national-systems, section 7). It is written down here
    /// once more on purpose: this room must not learn it from the rules that it tests.
    pub fn held_for(self) -> &'static str {
        match self {
            Self::MissingName => "missing",
            Self::LongNumberLostZero | Self::ShortNumberLostZero => "identity-length",
            Self::Filler => "identity-filler",
            Self::ImpossibleBirth => "bad-value",
            Self::UnknownBank | Self::UnknownEthnic | Self::UnknownCommune => "unknown-code",
            Self::WrongAmount => "amount",
            Self::AccountWithoutBank => "account",
            Self::NoKey => "key-missing",
            Self::KeyTwice => "key-twice",
        }
    }

    /// Only a row paid through an account can have it.
    pub(super) fn needs_payment(self) -> bool {
        matches!(self, Self::UnknownBank | Self::AccountWithoutBank)
    }
}

/// Shares of rows that must be held, and the words that spoil them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Held {
    missing_name: u32,
    long_number_lost_zero: u32,
    short_number_lost_zero: u32,
    filler: u32,
    impossible_birth: u32,
    unknown_bank: u32,
    unknown_ethnic: u32,
    unknown_commune: u32,
    wrong_amount: u32,
    account_without_bank: u32,
    no_key: u32,
    key_twice: u32,
    pub fillers: Choice,
    pub births: Choice,
    pub banks: Choice,
    pub ethnics: Choice,
    pub communes: Choice,
}

impl Held {
    /// Rows in 100,000 (pairs of rows for [`Damage::KeyTwice`]).
    pub fn share(&self, damage: Damage) -> u32 {
        match damage {
            Damage::MissingName => self.missing_name,
            Damage::LongNumberLostZero => self.long_number_lost_zero,
            Damage::ShortNumberLostZero => self.short_number_lost_zero,
            Damage::Filler => self.filler,
            Damage::ImpossibleBirth => self.impossible_birth,
            Damage::UnknownBank => self.unknown_bank,
            Damage::UnknownEthnic => self.unknown_ethnic,
            Damage::UnknownCommune => self.unknown_commune,
            Damage::WrongAmount => self.wrong_amount,
            Damage::AccountWithoutBank => self.account_without_bank,
            Damage::NoKey => self.no_key,
            Damage::KeyTwice => self.key_twice,
        }
    }
}

/// Shares of rows that are odd and are sent all the same.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    pub no_paper_word: u32,
    pub no_paper_blank: u32,
    pub year_only: u32,
    pub month_only: u32,
    pub iso_birth: u32,
    pub decomposed_name: u32,
    pub upper_case_name: u32,
    pub blanks_around_name: u32,
    pub sex_digit: u32,
    pub sex_empty: u32,
    pub sex_against_number: u32,
}

/// How rows change; in 100 changes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    pub day: Date,
    pub added: u32,
    pub stopped: u32,
    pub vanished: u32,
    pub updates: Choice,
    pub reasons: Choice,
    pub withdrawn: u32,
    pub errors: Choice,
}
