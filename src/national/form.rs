//! How a profile tells the form of an answer: names of fields, and what codes and statuses mean.

use std::collections::BTreeMap;

/// What a code for a whole batch means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeMeaning {
    /// The batch is stored; the results say what became of each record.
    Accepted,
    /// The key was processed before; the results are those of then.
    AlreadyProcessed,
    /// The batch was refused as a whole; one bad record can cause it.
    Malformed,
    /// The token is not valid; nothing was stored.
    TokenInvalid,
    /// Too busy; nothing was stored.
    Busy,
    /// The key was never seen.
    NeverSeen,
}

impl CodeMeaning {
    /// The words of the profile.
    pub const WORDS: [(&'static str, Self); 6] = [
        ("accepted", Self::Accepted),
        ("already-processed", Self::AlreadyProcessed),
        ("malformed", Self::Malformed),
        ("token-invalid", Self::TokenInvalid),
        ("busy", Self::Busy),
        ("never-seen", Self::NeverSeen),
    ];
}

/// What a code for one record means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultMeaning {
    /// Stored.
    Accepted,
    /// Refused for good.
    Refused,
    /// To be sent again later.
    Later,
}

impl ResultMeaning {
    /// The words of the profile.
    pub const WORDS: [(&'static str, Self); 3] =
        [("accepted", Self::Accepted), ("refused", Self::Refused), ("later", Self::Later)];
}

/// What an HTTP status means before the body is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMeaning {
    /// The body says it.
    Read,
    /// The token is not valid; nothing was stored.
    Token,
    /// Too busy; nothing was stored.
    Wait,
    /// Nothing was stored.
    NotStored,
    /// Nobody knows.
    Unknown,
}

impl HttpMeaning {
    /// The words of the profile.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("read", Self::Read),
        ("token", Self::Token),
        ("wait", Self::Wait),
        ("not-stored", Self::NotStored),
        ("unknown", Self::Unknown),
    ];
}

/// The names of the fields of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldNames {
    /// The code for the whole batch.
    pub code: String,
    /// What it says in words.
    pub message: String,
    /// The list of results.
    pub results: String,
    /// In a result: our reference.
    pub reference: String,
    /// In a result: its code.
    pub result: String,
    /// In a result: the nation's id of the record.
    pub national_id: String,
    /// In a result: why it was refused, as a code.
    pub error_code: String,
    /// In a result: why it was refused, in words.
    pub error_text: String,
}

/// How answers are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerForm {
    /// The names of the fields.
    pub names: FieldNames,
    /// What the codes mean.
    pub codes: Vec<(String, CodeMeaning)>,
    /// What the codes of single records mean.
    pub results: Vec<(String, ResultMeaning)>,
    /// Statuses with a meaning of their own.
    pub http: BTreeMap<u16, HttpMeaning>,
    /// Statuses by their first digit.
    pub classes: BTreeMap<u16, HttpMeaning>,
    /// The deepest nesting.
    pub depth: usize,
    /// The most results.
    pub results_limit: usize,
}

impl AnswerForm {
    /// The meaning of a code for a whole batch; `None` for one that the profile does not name.
    pub fn code(&self, code: &str) -> Option<CodeMeaning> {
        self.codes.iter().find(|(named, _)| named == code).map(|(_, meaning)| *meaning)
    }

    /// The meaning of a status; one that the profile does not name leaves the outcome unknown.
    pub fn status(&self, status: u16) -> HttpMeaning {
        let named = self.http.get(&status).or_else(|| self.classes.get(&(status / 100)));
        named.copied().unwrap_or(HttpMeaning::Unknown)
    }
}
