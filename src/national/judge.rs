//! What an answer means. Only what is surely known is said; everything else is *unknown* and settled by asking.

use super::answer::{self, RawAnswer, RawResult};
use super::form::{CodeMeaning, HttpMeaning, ResultMeaning};
use super::matching::{RecordResult, ResultOutcome};
use super::profile::{Operation, Profile};
use super::wait::Wait;
use super::wire::Reply;

/// The meaning of an answer (national-systems, section 6, "What is known, and what is not").
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A readable answer: the batch is stored.
    Stored {
        /// What was said of each record, in the answer's order: match by reference, see
        /// [`match_results`](super::match_results).
        results: Vec<RecordResult>,
        /// This is the answer as the nation keeps it: a record that it does not mention was not stored.
        /// Where it is false, such a record is unknown.
        kept: bool,
    },
    /// The nation never saw the batch: the same bytes may go again. Only to a question.
    NeverSeen,
    /// The batch was refused as a whole and nothing of it was stored.
    Malformed {
        /// What the nation says; may name the record, so it is personal data.
        message: String,
    },
    /// The token is not valid; nothing was stored.
    TokenInvalid,
    /// Too busy; nothing was stored.
    Busy {
        /// How long to be silent, where it was told.
        wait: Option<Wait>,
    },
    /// Surely not stored: a redirect, which is never followed.
    NotStored {
        /// What came, without personal data.
        why: String,
    },
    /// Nobody knows what became of it.
    Unknown {
        /// What came, without personal data.
        why: String,
    },
}

impl Verdict {
    /// The fixed word in exchange log and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Stored { .. } => "stored",
            Self::NeverSeen => "never-seen",
            Self::Malformed { .. } => "malformed",
            Self::TokenInvalid => "token-invalid",
            Self::Busy { .. } => "busy",
            Self::NotStored { .. } => "not-stored",
            Self::Unknown { .. } => "unknown",
        }
    }
}

impl Profile {
    /// Judges an answer to `operation`.
    pub fn judge(&self, operation: Operation, reply: &Reply) -> Verdict {
        match self.answer.status(reply.status) {
            HttpMeaning::Read => self.judge_body(operation, reply),
            HttpMeaning::Token => Verdict::TokenInvalid,
            HttpMeaning::Wait => Verdict::Busy { wait: Wait::of(reply) },
            HttpMeaning::NotStored => Verdict::NotStored { why: format!("HTTP {}", reply.status) },
            HttpMeaning::Unknown => Verdict::Unknown { why: format!("HTTP {}", reply.status) },
        }
    }

    fn judge_body(&self, operation: Operation, reply: &Reply) -> Verdict {
        let unknown = |why: String| Verdict::Unknown { why: format!("HTTP {}: {why}", reply.status) };
        let answer = match answer::read(&self.answer, &reply.body) {
            Ok(answer) => answer,
            Err(e) => return unknown(e.to_string()),
        };
        let Some(code) = answer.code.as_deref() else {
            return unknown("câu trả lời không có mã kết quả / the answer has no code".into());
        };
        let meaning = self.answer.code(code);
        match (meaning, operation) {
            (Some(CodeMeaning::TokenInvalid), _) => Verdict::TokenInvalid,
            (Some(CodeMeaning::Busy), _) => Verdict::Busy { wait: Wait::of(reply) },
            (Some(CodeMeaning::NeverSeen), Operation::Ask) => Verdict::NeverSeen,
            (Some(CodeMeaning::Malformed), Operation::Write) => Verdict::Malformed { message: answer.message },
            (Some(CodeMeaning::Accepted | CodeMeaning::AlreadyProcessed), _) if answer.odd_results => {
                unknown("kết quả không phải danh sách / the results are not a list".into())
            }
            (Some(CodeMeaning::Accepted), Operation::Write) => self.stored(answer, false),
            // What a kept answer does not mention was not stored, and goes again: that may only be concluded from results
            // that are there and name their records, not from names that the profile has wrong.
            (Some(CodeMeaning::Accepted | CodeMeaning::AlreadyProcessed), _) if !answer.says_of_whom() => {
                unknown("kết quả thiếu hoặc không có mã tham chiếu / results missing, or without our reference".into())
            }
            (Some(CodeMeaning::Accepted), _)
            | (Some(CodeMeaning::AlreadyProcessed), Operation::Write | Operation::Ask) => self.stored(answer, true),
            // A code that has no place in an answer to this operation, or that the profile does not name.
            (Some(_), _) => unknown(format!(
                "mã {code:?} không hợp với thao tác {word} / code {code:?} does not fit {word}",
                word = operation.word(),
                code = short(code)
            )),
            (None, _) => unknown(format!(
                "mã {code:?} không có trong hồ sơ hệ thống / the profile has no code {code:?}",
                code = short(code)
            )),
        }
    }

    fn stored(&self, answer: RawAnswer, kept: bool) -> Verdict {
        Verdict::Stored { results: answer.results.into_iter().filter_map(|r| self.result(r)).collect(), kept }
    }

    /// `None` for a result that says of nobody what became of them: those records count as not mentioned.
    fn result(&self, raw: RawResult) -> Option<RecordResult> {
        let reference = raw.reference.filter(|r| !r.is_empty())?;
        let code = raw.result.unwrap_or_default();
        let meaning = self.answer.results.iter().find(|(c, _)| *c == code).map(|(_, meaning)| *meaning);
        let message = raw.error_text.unwrap_or_default();
        let outcome = match meaning {
            Some(ResultMeaning::Accepted) => {
                ResultOutcome::Accepted { national_id: raw.national_id.filter(|id| !id.is_empty()) }
            }
            Some(ResultMeaning::Refused) => {
                ResultOutcome::Refused { code: raw.error_code.unwrap_or_default(), message }
            }
            Some(ResultMeaning::Later) => ResultOutcome::Later { code: raw.error_code.unwrap_or_default(), message },
            None => ResultOutcome::Unclear { code: short(&code) },
        };
        Some(RecordResult { reference, outcome })
    }
}

impl RawAnswer {
    fn says_of_whom(&self) -> bool {
        self.has_results && self.results.iter().all(|r| r.reference.as_ref().is_some_and(|text| !text.is_empty()))
    }
}

/// A code as it may stand in a log: a few harmless characters.
fn short(code: &str) -> String {
    code.chars().filter(char::is_ascii_graphic).take(12).collect()
}
