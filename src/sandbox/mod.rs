//! The national side in a box: `misposasoft`, JSON and SOAP, and the two portals for dossiers (`portal`), strictly by the
//! contract (national-systems.md, sections 1 to 3, 6 and 7), with named faults. For training, the demo and the tests. Of
//! misposasoft it knows seven entities, each at its own addresses and with
//! its own records; what an entity is stands in one table entry (`entity`), and only `beneficiary` and `programmes` hold
//! such entries and the checks that no other entity has.
//!
//! It shares no code with the other rooms, not even the nouns of `model`: it is the second, independent reading of the
//! contract, so that one misreading cannot hide on both sides of the wire.
//!
//! The way through: [`serve`] (HTTP/1.1, plays what only a network can do) hands a [`Request`] to [`Nation::handle`]
//! (synchronous, no clock, no randomness) → `pace` (Retry-After, budget) → `token` → `faults` → `parse` (one pass over
//! the body, borrowed) → `send` with `judge`, `form`, `checks` and `version` → `book` (what is kept, one an entity) →
//! `answer` (how it is said) → [`Reply`]. `lookup` answers questions, `control` is the side door under `/_sandbox/`,
//! `tamper` what happens
//! there without us, `report` what was counted.
//! SOAP (`soap`, read by `xml`) is turned into the same JSON before and back after. What goes to a portal goes its own
//! way and shares the faults and what the network does.
//! *Violations* are breaches of the contract that a gateway must never make; *refusals* that a nation may say at any
//! time are made only where [`Rule`]s told so.

mod answer;
mod args;
mod beneficiary;
mod book;
mod breach;
mod checks;
mod control;
mod dates;
mod entity;
mod faults;
mod form;
mod http;
mod judge;
mod lookup;
mod nation;
mod nonsense;
mod pace;
mod parse;
mod play;
mod portal;
mod programmes;
mod record;
mod report;
mod send;
mod server;
mod soap;
mod tamper;
mod token;
mod version;
mod wire;
mod words;
mod written;
mod xml;

#[cfg(test)]
mod tests;

pub use args::{SandboxArgs, SandboxError, run};
pub use control::Rule;
pub use faults::{Fault, FaultKind, Operation, RetryAfter, System};
pub use nation::{Nation, Settings};
pub use portal::{ApplicationView, AttachmentsReport, DossierView, PortalReport, StepView};
pub use report::{Held, RecordView, Report};
pub use server::{Clock, serve, system_clock};
pub use tamper::Tamper;
pub use wire::{Play, Reply, ReplyBody, Request};
pub use words::{Words, WordsError};
