//! By what a person is recognised where no number tells, and what a record says to whoever looks for them.

use serde::{Deserialize, Serialize};

/// What a record says of its person: a word of the mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Says {
    /// None of these.
    #[default]
    Nothing,
    /// Draws a benefit.
    Draws,
    /// Has died.
    Dead,
    /// Is cared for in a facility.
    Facility,
}

impl Says {
    /// All, with the words of mappings and store.
    pub const WORDS: [(&'static str, Self); 4] =
        [("", Self::Nothing), ("draws", Self::Draws), ("dead", Self::Dead), ("facility", Self::Facility)];

    /// The word in the store.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, says)| *says == self).map_or("", |(word, _)| *word)
    }

    /// Reads [`Says::word`]; any other word says nothing.
    pub fn of(word: &str) -> Self {
        Self::WORDS.iter().find(|(known, _)| *known == word).map_or(Self::Nothing, |(_, says)| *says)
    }
}

/// A person by name, birth, sex, commune and account; of name, birth and account only digests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Likeness {
    /// Of name and year of birth; `None` where one of them is not known.
    pub alike: Option<String>,
    /// Of name and day of birth.
    pub born: Option<String>,
    /// The code of the sex; empty where not known.
    pub sex: String,
    /// Catalogue and code of the commune (`2020/29869`): a code alone means different places. Empty where not known.
    pub unit: String,
    /// What the record says.
    pub says: Says,
    /// The facility's code.
    pub place: String,
    /// Of bank and account; `None` where not known, or where somebody else receives on the person's behalf.
    pub account: Option<String>,
}
