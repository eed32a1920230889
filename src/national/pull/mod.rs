//! Applications asked for by window: what is asked, what came, and the files that they name. All from the profile's `[pull]`.
//!
//! * `settings` reads `[pull]`; [`Pull::request`] writes one question.
//! * `read` finds code and list in the answer and lays each item, by `tree` and `xml`, into an
//!   [`Application`], in which letter case, numbers against texts and lists of one make no difference.
//! * `fetch` asks for one file that an application names, at the system's own host only.
//!
//! Nothing of an answer is dropped: what is no application is told as [`Strange`].

mod fetch;
mod read;
mod settings;
mod tree;
mod xml;

use std::time::Duration;

pub use fetch::{Named, Outside};
pub(super) use settings::read as settings;
pub(super) use tree::{Members, Node, json};

use super::body::{Field, Writer};
use super::filled::{Filled, Part};
use super::profile::{Operation, Profile};
use super::wait::Wait;
use super::wire::{Purpose, WireRequest};
use crate::model::{Application, Timestamp};

/// What is filled into a question when it is written: no secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The window's first second.
    From,
    /// The window's last second.
    To,
    /// The province's code.
    Province,
    /// The page.
    Page,
    /// How many a page holds.
    Size,
}

impl Slot {
    /// The words of the profile.
    pub(super) const WORDS: [(&'static str, Self); 5] = [
        ("from", Self::From),
        ("to", Self::To),
        ("province", Self::Province),
        ("page", Self::Page),
        ("size", Self::Size),
    ];

    /// As the profile writes it.
    pub(super) fn written(self) -> String {
        let word = Self::WORDS.iter().find(|(_, slot)| *slot == self).map_or("", |(word, _)| word);
        format!("{{{word}}}")
    }
}

/// A span of time that is asked for, both ends included. The wire knows whole seconds: fractions are cut off, so that
/// the last second belongs to the next window too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Begins.
    pub from: Timestamp,
    /// Ends.
    pub to: Timestamp,
}

/// Pages of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pages {
    /// The number of the first one.
    pub first: u32,
    /// How many applications a full one has.
    pub size: u32,
}

/// Where applications name files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AttachmentForm {
    pub list: String,
    pub address: String,
    pub name: String,
}

/// How applications are asked for. Made by [`Profile::load`] only.
#[derive(Debug, Clone)]
pub struct Pull {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    /// Headers of its own, which may hold credentials.
    pub(super) proofs: Vec<(String, Filled)>,
    pub(super) fields: Vec<Field>,
    pub(super) time: String,
    pub(super) page: Option<Pages>,
    /// Where code, message and list may stand, each as names from the outside in.
    pub(super) code: Vec<Vec<String>>,
    pub(super) message: Vec<Vec<String>>,
    pub(super) list: Vec<Vec<String>>,
    pub(super) number: String,
    pub(super) status: String,
    pub(super) echo: Vec<String>,
    pub(super) xml: Vec<String>,
    /// Paths of lists, in lower case: there a single node is a list of one.
    pub(super) lists: Vec<String>,
    pub(super) attachments: Vec<AttachmentForm>,
    pub(super) fetch_proofs: Vec<(String, Filled)>,
    pub(super) fetch_time: Duration,
    pub(super) time_limit: Duration,
    pub(super) answer_limit: usize,
    pub(super) depth: usize,
}

/// What one question brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pulled {
    /// The applications, in the answer's order.
    pub applications: Vec<Application>,
    /// What stood among them and is none.
    pub strange: Vec<Strange>,
    /// Whether this was surely the last page: an empty one, or all of it where there are no pages. One that is not full
    /// may be as much as the portal gives at once.
    pub last: bool,
    /// Whether it holds as many as were asked for.
    pub full: bool,
}

/// An item that is no application. It is personal data, like an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strange {
    /// The item as it came.
    pub raw: String,
    /// What is wrong with it, without personal data.
    pub why: String,
}

/// Why an answer brought nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullVerdict {
    /// The token is not valid.
    Token,
    /// Too busy, by its code.
    Busy,
    /// Too busy, by its status; how long to be silent, where it was told.
    Wait(Option<Wait>),
    /// Refused for good.
    Refused {
        /// The system's code.
        code: String,
        /// Its words; may be personal data.
        message: String,
    },
    /// Nobody knows what it says: a page instead of an answer, a broken one, a status that the profile does not name.
    Unreadable {
        /// What came, without personal data.
        why: String,
    },
}

impl Pull {
    /// The question for one page of a window, the first page being 0; still without credentials.
    pub fn request(&self, province: &str, window: Window, page: u32) -> WireRequest {
        let mut w = Writer::default();
        w.out.push('{');
        for field in &self.fields {
            let filled = |part: &Part| match part {
                Part::Pull(slot) => Part::Literal(self.slot(*slot, province, window, page)),
                part => part.clone(),
            };
            let value = field.value.iter().map(filled).collect();
            w.field(&Field { key: field.key.clone(), value }, "");
        }
        w.out.push('}');
        let body = w.finish();
        WireRequest {
            purpose: Purpose::Operation(Operation::Pull),
            method: self.method.clone(),
            path: self.path.clone(),
            from_host: false,
            headers: self.headers.clone(),
            proofs: self.proofs.clone(),
            credentials: Vec::new(),
            body: body.bytes,
            blanks: body.blanks,
            time_limit: self.time_limit,
            answer_limit: self.answer_limit,
        }
    }

    fn slot(&self, slot: Slot, province: &str, window: Window, page: u32) -> String {
        let time = |at: Timestamp| at.in_vietnam().strftime(&self.time).to_string();
        let pages = self.page.unwrap_or(Pages { first: 1, size: 0 });
        match slot {
            Slot::From => time(window.from),
            Slot::To => time(window.to),
            Slot::Province => province.to_owned(),
            Slot::Page => pages.first.saturating_add(page).to_string(),
            Slot::Size => pages.size.to_string(),
        }
    }

    /// The pages of an answer, where there are some.
    pub fn pages(&self) -> Option<Pages> {
        self.page
    }

    /// An application's number.
    pub fn number_of<'a>(&self, application: &'a Application) -> &'a str {
        application.text(&self.number)
    }

    /// An application's status.
    pub fn status_of<'a>(&self, application: &'a Application) -> &'a str {
        application.text(&self.status)
    }

    /// The fields that the system takes over from what we send: for [`Application::hash_without`].
    pub fn echo(&self) -> &[String] {
        &self.echo
    }

    /// All pieces that are filled with credentials.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Part> {
        let headers = self.proofs.iter().chain(&self.fetch_proofs).flat_map(|(_, filled)| filled.parts());
        headers.chain(self.fields.iter().flat_map(|field| &field.value))
    }
}

impl Profile {
    /// How applications are asked for; `None` where the system has none to give.
    pub fn pull(&self) -> Option<&Pull> {
        self.pull.as_ref()
    }
}
