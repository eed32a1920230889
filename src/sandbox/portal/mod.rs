//! The two portals that want to know about dossiers (national-systems.md, sections 2, 3 and 6): `dvcqg`, the National
//! Public Service Portal, and `dvcbtxh`, the online service for social assistance. Strict by the contract, with faults.
//!
//! A request goes [`Door`] → `dvcqg` or `dvcbtxh` (what is asked, judged by a `table`; `extent` for the XML inside a
//! text) → `visit` (waiting, budget, session, faults) → `files` (the dossiers; `moves` says what a step back is) →
//! `said`. The two share everything but their envelopes, tables and codes. `ledger` tells what was counted.
//!
//! A *violation* is what a gateway must never send: it is counted and the call refused. A number that is known already,
//! one that is not, a step back: those are refused with their codes and counted apart, for a portal may know more than
//! the gateway.
//!
//! Citizens' `applications` at dvcbtxh come in by the side door (`filing`), are given by `pull`, and their `attachments` one
//! by one. An application is a dossier that dvcbtxh knows; the status of what it accepts from us it takes over.

mod applications;
mod attachments;
mod catalogue;
mod dvcbtxh;
mod dvcqg;
mod extent;
mod files;
mod filing;
mod json;
mod ledger;
mod moves;
mod pull;
mod said;
mod table;
mod visit;

use std::collections::HashMap;

use super::breach::Breaches;
use super::control::Rule;
use super::faults::{Operation, System};
use super::pace::Pace;
use super::token::Tokens;
use applications::Applications;
use attachments::Attachments;
use files::{Entry, Files, Mode};

pub use filing::ApplicationView;
pub(super) use filing::Filing;
pub(super) use ledger::Seed;

pub use ledger::{AttachmentsReport, DossierView, PortalReport, StepView};

/// An address of a portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    /// dvcqg: where a session is given.
    Login,
    /// dvcqg: everything else.
    Integration,
    /// dvcbtxh: a dossier.
    Dossier,
    /// dvcbtxh: a step.
    Step,
    /// dvcbtxh: where a token for the pull is given.
    Token,
    /// dvcbtxh: applications.
    Pull,
    /// dvcbtxh: an attachment of one.
    Attachment,
}

impl Door {
    /// The door at a path.
    pub(super) fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/dvcqg/mapi/login" => Self::Login,
            "/dvcqg/mapi/g" => Self::Integration,
            "/apiBTXH/DongBoDVC" => Self::Dossier,
            "/apiBTXH/XuLyHoSo" => Self::Step,
            "/apiBTXH/LayToken" => Self::Token,
            "/apiBTXH/LayDanhSachHoSo" => Self::Pull,
            path if path.starts_with(attachments::ROOT) => Self::Attachment,
            _ => return None,
        })
    }

    pub(super) fn system(self) -> System {
        match self {
            Self::Login | Self::Integration => System::Dvcqg,
            Self::Dossier | Self::Step | Self::Token | Self::Pull | Self::Attachment => System::Dvcbtxh,
        }
    }
}

/// The words of dossiers and steps in faults.
pub(super) fn entities(system: System) -> [&'static str; 2] {
    match system {
        System::Misposasoft => ["", ""],
        System::Dvcqg => [DOSSIERS, "tien-do"],
        System::Dvcbtxh => [DOSSIERS, "buoc-xu-ly"],
    }
}

const DOSSIERS: &str = "ho-so";

/// What is wanted of a portal.
#[derive(Debug)]
enum Ask {
    /// A session or token; whether user and password fit.
    Enter(bool),
    Dossiers(Mode, Vec<Entry>),
    Steps(Vec<Entry>),
    LookUp(String),
    Pull(pull::Span, pull::Units),
    Catalogue(&'static [&'static [&'static str]]),
    /// It could not be read: why, and the number that stands in the way.
    Nothing(String),
}

/// A request, read and judged.
#[derive(Debug)]
struct Call {
    operation: Operation,
    entity: &'static str,
    /// Whether session or key fit.
    authorised: bool,
    ask: Ask,
}

impl Call {
    /// Dossiers or steps.
    fn entries(&self) -> &[Entry] {
        match &self.ask {
            Ask::Dossiers(_, entries) | Ask::Steps(entries) => entries,
            _ => &[],
        }
    }
}

/// One portal.
#[derive(Debug)]
pub(super) struct Portal {
    system: System,
    files: Files,
    applications: Applications,
    attachments: Attachments,
    breaches: Breaches,
    tokens: Tokens,
    pace: Pace,
    tally: ledger::Tally,
    /// Numbers whose last call has an unknown outcome, with what was sent: by entity.
    open: HashMap<(&'static str, String), u128>,
    /// What is said of single numbers.
    rules: HashMap<String, Rule>,
    /// Answers said, so that codes take turns between number and text.
    said: u64,
}

impl Portal {
    fn new(system: System) -> Self {
        Self {
            system,
            files: Files::default(),
            applications: Applications::default(),
            attachments: Attachments::default(),
            breaches: Breaches::default(),
            tokens: Tokens::default(),
            pace: Pace::default(),
            tally: ledger::Tally::default(),
            open: HashMap::new(),
            rules: HashMap::new(),
            said: 0,
        }
    }
}

/// Both.
#[derive(Debug)]
pub(super) struct Portals {
    dvcqg: Portal,
    dvcbtxh: Portal,
}

impl Default for Portals {
    fn default() -> Self {
        Self { dvcqg: Portal::new(System::Dvcqg), dvcbtxh: Portal::new(System::Dvcbtxh) }
    }
}

impl Portals {
    /// A portal; misposasoft is none.
    pub(super) fn of(&mut self, system: System) -> Option<&mut Portal> {
        match system {
            System::Misposasoft => None,
            System::Dvcqg => Some(&mut self.dvcqg),
            System::Dvcbtxh => Some(&mut self.dvcbtxh),
        }
    }

    pub(super) fn all(&self) -> [&Portal; 2] {
        [&self.dvcqg, &self.dvcbtxh]
    }
}
