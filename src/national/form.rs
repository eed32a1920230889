//! How a profile tells the form of an answer: names of fields, and what codes and statuses mean.

use std::collections::BTreeMap;

use crate::model::text::bare;

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
    /// Taken, but nobody knows yet what becomes of it: the answer comes later, by another way.
    Pending,
    /// Refused for good, all or nothing: the message may name the record that stands in the way.
    Refused,
    /// Nothing was stored, since the system knows the record already; where its words do not say so, it is a refusal.
    Exists,
}

impl CodeMeaning {
    /// The words of the profile.
    pub const WORDS: [(&'static str, Self); 9] = [
        ("accepted", Self::Accepted),
        ("already-processed", Self::AlreadyProcessed),
        ("malformed", Self::Malformed),
        ("token-invalid", Self::TokenInvalid),
        ("busy", Self::Busy),
        ("never-seen", Self::NeverSeen),
        ("pending", Self::Pending),
        ("refused", Self::Refused),
        ("exists", Self::Exists),
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

/// What an answer to a write says, and of whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// A code for the batch, and results for each record.
    Results,
    /// A code that speaks for all records of the call; results are not looked at.
    Code,
    /// As `results`, in a SOAP envelope; or a fault.
    Soap,
}

impl AnswerKind {
    /// The words of the profile.
    pub const WORDS: [(&'static str, Self); 3] =
        [("results", Self::Results), ("code", Self::Code), ("soap", Self::Soap)];
}

/// What a SOAP fault means; one that the profile does not name leaves the outcome unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultMeaning {
    /// The batch was refused as a whole; one bad record can cause it.
    Malformed,
    /// Sent wrongly: nothing was stored.
    NotStored,
}

impl FaultMeaning {
    /// The words of the profile.
    pub const WORDS: [(&'static str, Self); 2] = [("malformed", Self::Malformed), ("not-stored", Self::NotStored)];
}

/// How the answer to a look-up is read. Its records stand where results do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundForm {
    /// In a record: our reference.
    pub reference: String,
    /// In a record: its present status; an answer without it is none.
    pub status: String,
    /// Codes that say that there is no such record.
    pub not_found: Vec<String>,
}

/// The code that stands for every other one.
const ANY_CODE: &str = "*";

/// How answers are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerForm {
    /// What an answer to a write says.
    pub kind: AnswerKind,
    /// How a look-up's answer is read, where the system can be asked so.
    pub found: Option<FoundForm>,
    /// The names of the fields.
    pub names: FieldNames,
    /// What the codes mean.
    pub codes: Vec<(String, CodeMeaning)>,
    /// Words of which one must stand in the message before a code that means `exists` is believed.
    pub exists_words: Vec<String>,
    /// What the codes of single records mean.
    pub results: Vec<(String, ResultMeaning)>,
    /// What SOAP faults mean, by the beginning of their code.
    pub faults: Vec<(String, FaultMeaning)>,
    /// A kept answer may speak of some records only: what it does not mention is still open.
    pub partial: bool,
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
        let meaning = |code: &str| self.codes.iter().find(|(named, _)| named == code).map(|(_, meaning)| *meaning);
        if code.is_empty() { None } else { meaning(code).or_else(|| meaning(ANY_CODE)) }
    }

    /// Whether a message says that the system knows the record: portals use the same codes for other refusals.
    pub fn says_exists(&self, message: &str) -> bool {
        let message = bare(message);
        self.exists_words.iter().any(|words| message.contains(&bare(words)))
    }

    /// The meaning of a fault's code: the longest beginning that the profile names.
    pub fn fault(&self, code: &str) -> Option<FaultMeaning> {
        let begins =
            |named: &str| code.strip_prefix(named).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        let known = self.faults.iter().filter(|(named, _)| begins(named));
        known.max_by_key(|(named, _)| named.len()).map(|(_, meaning)| *meaning)
    }

    /// The meaning of a status; one that the profile does not name leaves the outcome unknown.
    pub fn status(&self, status: u16) -> HttpMeaning {
        let named = self.http.get(&status).or_else(|| self.classes.get(&(status / 100)));
        named.copied().unwrap_or(HttpMeaning::Unknown)
    }
}
