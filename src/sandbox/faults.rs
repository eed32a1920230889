//! Faults by name, queued per operation, each for so many requests.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// The national systems that are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum System {
    /// The database of beneficiaries.
    #[default]
    Misposasoft,
    /// The National Public Service Portal.
    Dvcqg,
    /// The online public service for social assistance.
    Dvcbtxh,
}

/// What can be asked of the nation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Getting a token.
    Token,
    /// Sending a batch.
    Send,
    /// Asking what became of a batch.
    Ask,
    /// Counting.
    Count,
    /// Listing.
    List,
    /// Pulling applications (dvcbtxh).
    Pull,
    /// Fetching an attachment (dvcbtxh).
    Fetch,
}

/// The faults. *Stored* says whether a batch is processed although the answer is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// Stored, then nothing is ever said.
    StoredThenSilent,
    /// Stored, then the connection is cut before the answer.
    StoredThenCut,
    /// Stored, then cut after the head of the answer.
    CutAfterHeaders,
    /// The connection is cut, nothing stored.
    CutBefore,
    /// HTTP 500, not stored.
    #[serde(rename = "error-500-before")]
    Error500Before,
    /// HTTP 500, stored.
    #[serde(rename = "error-500-after")]
    Error500After,
    /// HTTP 502; not stored unless told.
    #[serde(rename = "error-502")]
    Error502,
    /// HTTP 504; stored unless told otherwise.
    #[serde(rename = "error-504")]
    Error504,
    /// `9`, busy.
    #[serde(rename = "busy-9")]
    Busy9,
    /// HTTP 429 with a `Retry-After`.
    #[serde(rename = "too-many-429")]
    TooMany429,
    /// HTTP 503 with a `Retry-After`.
    #[serde(rename = "unavailable-503")]
    Unavailable503,
    /// All tokens end now, and this request is told so.
    TokenDies,
    /// The token endpoint refuses, or this request's token is refused though it lives.
    TokenRefused,
    /// The record in the middle, or those of `references`, are poison from now on.
    Poison,
    /// `-1` for the whole batch.
    MinusOne,
    /// Every third record is *later*.
    Partial,
    /// Results in another order.
    Shuffled,
    /// Every third result is not in this answer, though stored.
    Missing,
    /// Every third record is not stored, and in no answer.
    MissingNotStored,
    /// Every third result, or application, comes twice.
    Doubled,
    /// Every third result comes twice, and the two disagree.
    Contradicting,
    /// A result for a reference that was never sent.
    Extra,
    /// The answer waits for `delay_ms` (3000).
    Slow,
    /// The answer comes a few bytes at a time, `delay_ms` (200) between them.
    Trickle,
    /// An answer of `bytes` (1 GiB), stored.
    Huge,
    /// JSON nested `bytes` (100 000) deep, stored.
    Deep,
    /// Not JSON though it begins so, stored.
    Malformed,
    /// The true length, half the body, then the end; stored.
    Truncated,
    /// HTML with 200; not stored unless told.
    #[serde(rename = "html-200")]
    Html200,
    /// Byte order mark and a wrong content type: still readable.
    Bom,
    /// Codes as numbers, or as text with blanks around: still readable.
    Numbers,
    /// HTTP 302, not stored.
    Redirect,
    /// Compressed to a hundredth of `bytes` (512 MiB), where gzip was asked for; else `huge`. Stored.
    GzipBomb,
    /// HTTP `status` (404); not stored unless told.
    #[serde(rename = "other-4xx")]
    Other4xx,
    /// A SOAP fault `Server.…` with HTTP 500; not stored unless told.
    ServerFault,
    /// A create finds that somebody else created its first dossier before (dvcqg).
    ExistsElsewhere,
    /// Every third application is not in this answer (dvcbtxh).
    Omit,
    /// Names, and those of the XML, in odd letter case, and in another order.
    MisCased,
    /// Earlier bodies of each application again beside the newest.
    OlderBodies,
    /// Two items more: one without a number, and one that is no object.
    Strange,
    /// The last third of the page is not there.
    ShortPage,
    /// The page has no records.
    EmptyPage,
    /// `TongSo` is `bytes` (1000 more than there are).
    WrongTotal,
    /// The page begins one record later, as if one before it had gone meanwhile.
    ShiftedPage,
    /// *Exists* is said as `-3` (dvcqg).
    #[serde(rename = "exists-minus-3")]
    ExistsMinus3,
}

/// The forms of `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetryAfter {
    /// So many `seconds`.
    #[default]
    Seconds,
    /// A date, `seconds` after the answer's own `Date`, which is off by `skew_seconds`.
    Date,
    /// Ten years.
    Absurd,
    /// Minus `seconds`.
    Negative,
    /// Neither number nor date.
    Garbage,
    /// Not there.
    Missing,
}

/// A fault for the next requests of one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Of which system.
    #[serde(default)]
    pub system: System,
    /// Whose requests.
    pub operation: Operation,
    /// At which entity's addresses; where not told, at all of them. A portal's are its dossiers and its steps.
    #[serde(default)]
    pub entity: Option<String>,
    /// What happens.
    pub fault: FaultKind,
    /// To how many requests.
    #[serde(default = "one")]
    pub times: u32,
    /// After so many that pass.
    #[serde(default)]
    pub skip: u32,
    /// Form of `Retry-After`, for 429 and 503.
    #[serde(default)]
    pub retry_after: RetryAfter,
    /// Seconds of `Retry-After`.
    #[serde(default = "one_second")]
    pub seconds: i64,
    /// By how much the answer's `Date` is off, in seconds.
    #[serde(default)]
    pub skew_seconds: i64,
    /// Milliseconds, for `slow` and `trickle`.
    #[serde(default)]
    pub delay_ms: Option<u64>,
    /// Size, for `huge` and `gzip-bomb`; depth, for `deep`.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// HTTP status, for `other-4xx`.
    #[serde(default)]
    pub status: Option<u16>,
    /// Whether the batch is stored, where the outcome is unknown anyway.
    #[serde(default)]
    pub stored: Option<bool>,
    /// References, for `poison`.
    #[serde(default)]
    pub references: Vec<String>,
}

fn one() -> u32 {
    1
}

fn one_second() -> i64 {
    1
}

impl Fault {
    /// A fault for one request, all else by default.
    pub fn new(operation: Operation, fault: FaultKind) -> Self {
        Self {
            system: System::Misposasoft,
            operation,
            entity: None,
            fault,
            times: one(),
            skip: 0,
            retry_after: RetryAfter::default(),
            seconds: one_second(),
            skew_seconds: 0,
            delay_ms: None,
            bytes: None,
            status: None,
            stored: None,
            references: Vec::new(),
        }
    }

    /// The same for so many requests.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// The same at one entity's addresses only.
    #[must_use]
    pub fn at(mut self, entity: &str) -> Self {
        self.entity = Some(entity.to_owned());
        self
    }

    /// The same of another system.
    #[must_use]
    pub fn of(mut self, system: System) -> Self {
        self.system = system;
        self
    }

    /// Whether the request is processed although this happens.
    pub(super) fn processes(&self) -> bool {
        use FaultKind as K;
        match self.fault {
            K::CutBefore
            | K::Error500Before
            | K::Busy9
            | K::TooMany429
            | K::Unavailable503
            | K::TokenDies
            | K::TokenRefused
            | K::Redirect => false,
            K::Error502 | K::Html200 | K::Other4xx | K::ServerFault => self.stored.unwrap_or(false),
            K::Error504 | K::Huge | K::Deep | K::Malformed | K::Truncated | K::GzipBomb | K::CutAfterHeaders => {
                self.stored.unwrap_or(true)
            }
            _ => true,
        }
    }

    /// Whether the one who asked knows the outcome from the answer.
    pub(super) fn tells(&self) -> bool {
        use FaultKind as K;
        !matches!(
            self.fault,
            K::StoredThenSilent
                | K::StoredThenCut
                | K::CutAfterHeaders
                | K::CutBefore
                | K::Error500Before
                | K::Error500After
                | K::Error502
                | K::Error504
                | K::Huge
                | K::Deep
                | K::Malformed
                | K::Truncated
                | K::Html200
                | K::GzipBomb
                | K::Other4xx
                | K::ServerFault
        )
    }
}

/// The faults that wait.
#[derive(Debug, Default)]
pub(super) struct Faults {
    waiting: VecDeque<Fault>,
    pub played: u64,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.waiting.push_back(fault);
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Requests that will still meet a fault.
    pub(super) fn left(&self) -> u64 {
        self.waiting.iter().map(|fault| u64::from(fault.times)).sum()
    }

    /// The fault that the next request of this operation, at this entity's address, meets.
    pub(super) fn next(&mut self, system: System, operation: Operation, entity: &str) -> Option<Fault> {
        let fits = |fault: &Fault| {
            fault.system == system
                && fault.operation == operation
                && fault.entity.as_ref().is_none_or(|told| told == entity)
        };
        let at = self.waiting.iter().position(fits)?;
        let fault = self.waiting.get_mut(at)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.times -= 1;
        self.played += 1;
        let fault = fault.clone();
        if fault.times == 0 {
            self.waiting.remove(at);
        }
        Some(fault)
    }
}
