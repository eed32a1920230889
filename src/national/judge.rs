//! What an answer means. Only what is surely known is said; everything else is *unknown* and settled by asking.

use super::answer::{self, RawAnswer, RawResult};
use super::form::{AnswerKind, CodeMeaning, FaultMeaning, HttpMeaning, ResultMeaning};
use super::lookup::Found;
use super::matching::{RecordResult, ResultOutcome};
use super::profile::{Operation, Profile};
use super::soap_answer::{self, Soap};
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
    /// A code that speaks for the whole call.
    Whole(Whole),
    /// What a look-up of one record found.
    LookedUp(Found),
    /// The nation never saw the batch: the same bytes may go again. Only to a question.
    NeverSeen,
    /// Taken; what becomes of it is said later, by another way.
    Pending {
        /// What there is to tell of it, without personal data.
        message: String,
    },
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
    /// A readable answer with a code that the profile does not list: nobody knows what became of it, nor whether it is the
    /// records' fault or the system's.
    Unlisted {
        /// What came, without personal data.
        why: String,
    },
    /// Nobody knows what became of it.
    Unknown {
        /// What came, without personal data.
        why: String,
    },
}

/// What a code says of all records of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whole {
    /// All of them are stored.
    Stored,
    /// Nothing was stored; the message may name the record that stands in the way, so it is personal data.
    Refused {
        /// The nation's code.
        code: String,
        /// Its words.
        message: String,
    },
    /// Nothing was stored, since the system knows a record already, which the message may name.
    Exists {
        /// The nation's code.
        code: String,
        /// Its words.
        message: String,
    },
}

impl Verdict {
    /// The fixed word in exchange log and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Stored { .. } | Self::Whole(Whole::Stored) => "stored",
            Self::Whole(Whole::Refused { .. }) => "refused",
            Self::Whole(Whole::Exists { .. }) => "exists",
            Self::LookedUp(Found::Same) => "found",
            Self::LookedUp(Found::Different) => "found-different",
            Self::LookedUp(Found::Nothing) => "not-found",
            Self::NeverSeen => "never-seen",
            Self::Pending { .. } => "pending",
            Self::Malformed { .. } => "malformed",
            Self::TokenInvalid => "token-invalid",
            Self::Busy { .. } => "busy",
            Self::NotStored { .. } => "not-stored",
            Self::Unlisted { .. } => "unlisted",
            Self::Unknown { .. } => "unknown",
        }
    }
}

impl Profile {
    /// Judges an answer to `operation`; for a look-up see [`Profile::judge_look_up`].
    pub fn judge(&self, operation: Operation, reply: &Reply) -> Verdict {
        self.judge_status(reply).unwrap_or_else(|| self.judge_body(operation, reply))
    }

    /// What the HTTP status says; `None` where the body does.
    pub(super) fn judge_status(&self, reply: &Reply) -> Option<Verdict> {
        Some(match self.answer.status(reply.status) {
            HttpMeaning::Read => return None,
            HttpMeaning::Token => Verdict::TokenInvalid,
            HttpMeaning::Wait => Verdict::Busy { wait: Wait::of(reply) },
            HttpMeaning::NotStored => Verdict::NotStored { why: format!("HTTP {}", reply.status) },
            HttpMeaning::Unknown => Verdict::Unknown { why: format!("HTTP {}", reply.status) },
        })
    }

    /// A fault is a whole-batch failure (SOAP 1.1, 4.4; national-systems, section 1).
    fn judge_fault(&self, operation: Operation, code: &str, message: String, status: u16) -> Verdict {
        let why = format!("HTTP {status}: SOAP fault {}", short(code));
        match (self.answer.fault(code), operation.asks()) {
            (Some(FaultMeaning::Malformed), false) => Verdict::Malformed { message },
            (Some(FaultMeaning::NotStored), false) => Verdict::NotStored { why },
            _ => Verdict::Unknown { why },
        }
    }

    fn judge_body(&self, operation: Operation, reply: &Reply) -> Verdict {
        let unknown = |why: String| Verdict::Unknown { why: format!("HTTP {}: {why}", reply.status) };
        let answer = if self.answer.kind == AnswerKind::Soap {
            match soap_answer::read(&self.answer, &reply.body) {
                Ok(Soap::Answer(answer)) => answer,
                Ok(Soap::Fault { code, message }) => return self.judge_fault(operation, &code, message, reply.status),
                Err(e) => return unknown(e.to_string()),
            }
        } else {
            match answer::read(&self.answer, &reply.body) {
                Ok(answer) => answer,
                Err(e) => return unknown(e.to_string()),
            }
        };
        let Some(code) = answer.code.as_deref().filter(|code| !code.is_empty()) else {
            return unknown("câu trả lời không có mã kết quả / the answer has no code".into());
        };
        let meaning = self.answer.code(code);
        // An update is a write by another call.
        let operation = if operation == Operation::Update { Operation::Write } else { operation };
        match (meaning, operation) {
            (Some(CodeMeaning::TokenInvalid), _) => Verdict::TokenInvalid,
            (Some(CodeMeaning::Busy), _) => Verdict::Busy { wait: Wait::of(reply) },
            (Some(CodeMeaning::NeverSeen), Operation::Ask) => Verdict::NeverSeen,
            (Some(CodeMeaning::Pending), Operation::Write | Operation::Ask) => {
                Verdict::Pending { message: answer.message }
            }
            (Some(CodeMeaning::Malformed), Operation::Write) => Verdict::Malformed { message: answer.message },
            (Some(CodeMeaning::Refused), Operation::Write) => {
                Verdict::Whole(Whole::Refused { code: short(code), message: answer.message })
            }
            // The same codes say other things too: what only the code says is shown to a person, not believed.
            (Some(CodeMeaning::Exists), Operation::Write) if !self.answer.says_exists(&answer.message) => {
                Verdict::Whole(Whole::Refused { code: short(code), message: answer.message })
            }
            (Some(CodeMeaning::Exists), Operation::Write) => {
                Verdict::Whole(Whole::Exists { code: short(code), message: answer.message })
            }
            (Some(CodeMeaning::Accepted | CodeMeaning::AlreadyProcessed), Operation::Write)
                if self.answer.kind == AnswerKind::Code =>
            {
                Verdict::Whole(Whole::Stored)
            }
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
            | (Some(CodeMeaning::AlreadyProcessed), Operation::Write | Operation::Ask) => {
                self.stored(answer, !self.answer.partial)
            }
            // A code that has no place in an answer to this operation, or that the profile does not name.
            (Some(_), _) => unknown(format!(
                "mã {code:?} không hợp với thao tác {word} / code {code:?} does not fit {word}",
                word = operation.word(),
                code = short(code)
            )),
            (None, _) => Verdict::Unlisted { why: unlisted(reply.status, code) },
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

/// What is told of a code that the profile does not list.
pub(super) fn unlisted(status: u16, code: &str) -> String {
    let code = short(code);
    format!("HTTP {status}: mã {code:?} không có trong hồ sơ hệ thống / the profile has no code {code:?}")
}

/// A code as it may stand in a log: a few harmless characters.
pub(super) fn short(code: &str) -> String {
    code.chars().filter(char::is_ascii_graphic).take(12).collect()
}
