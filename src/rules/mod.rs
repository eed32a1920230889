//! What a correct record is.
//!
//! A rule is a named Rust function; which fields it looks at, which codes count and which lists it asks are the mapping's
//! (`[[rule]] name = …, with = { … }`). [`REGISTRY`] is the list of all of them; [`compile`] turns a name and
//! its parameters into a [`Rule`] or into faults. A rule sees the finished fields as [`Facts`] and writes [`Findings`]:
//! complaints, and the first day on which it could speak otherwise. A field that itself could not be read is not judged again.
//! [`cross`] compares records of one person across programmes.

mod account;
mod age;
mod amount;
pub mod cross;
mod dates;
pub mod facts;
mod form;
mod identity;
mod least;
pub mod params;
mod plain;
mod policy;
pub mod registry;
pub mod suspects;
mod unit;

pub use cross::CrossRules;
pub use facts::{Facts, Findings, Rule, Slot};
pub use params::{Given, Param, Params};
pub use registry::{REGISTRY, RuleKind, compile};
