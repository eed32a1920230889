//! How each national system is spoken to, all from its profile `mappings/<system>/system.toml`.
//!
//! No name, path, code or word of a national system stands in Rust: a ministry changes them by letter, and the
//! operator follows by editing the profile. The way through the room:
//!
//! 1. [`profile`] reads the file (by [`document`], [`settings`], [`settings_entity`]) into a checked [`Profile`] of
//!    [`entity`]s; every mistake is shown with its line.
//! 2. [`encode`] turns items into the exact bytes of a [`body`] by the entity's [`envelope`], as a [`WireRequest`] ([`wire`]).
//! 3. [`auth`] says what proves who we are; [`session`] keeps the token and asks for a new one once; [`filled`] puts
//!    credentials into headers and bodies when an attempt goes out, never before.
//! 4. [`http`] puts a request on the wire within bounds; [`tls`] names what went wrong before anything was sent,
//!    [`certificate`] until when one is valid; `client` is built anew when a file behind it changes.
//! 5. [`answer`] reads what came back by the names of [`form`], [`judge`] says what it means, [`matching`] lays it against what was sent;
//!    [`lookup`] asks for one record and compares it; [`wait`] reads how long to be silent.
//! 6. [`pull`] asks for applications and reads them; [`listing`] asks how many records there are, and which; [`download`] hands a file on as it comes.
//!
//! The room keeps no state but connections and the token. Pace, log and retries belong to the caller, who sees
//! every request that goes out, tokens included.

pub mod answer;
pub mod auth;
pub mod body;
pub mod certificate;
mod client;
pub mod download;
pub mod encode;
pub mod entity;
pub mod envelope;
pub mod files;
pub mod filled;
pub mod form;
pub mod http;
pub mod judge;
pub mod listing;
pub mod lookup;
pub mod matching;
pub mod profile;
pub mod pull;
pub mod session;
pub mod settings;
pub mod settings_entity;
mod settings_form;
pub mod soap;
pub mod soap_answer;
pub mod tls;
pub mod wait;
pub mod wire;

pub use crate::model::document;
pub use body::Body;
pub use download::{ContentRange, Declined, Head, Sink};
pub use encode::{Encoder, Frame, Item};
pub use entity::{Call, Entity, Exists};
pub use files::FolderTransport;
pub use filled::Credentials;
pub use http::{HttpTransport, Identity, TransportOptions};
pub use judge::{Verdict, Whole};
pub use listing::{CountForm, Counted, ListForm, ListPage, ListedRecord};
pub use lookup::Found;
pub use matching::{Matched, RecordResult, ResultOutcome, match_results};
pub use profile::{Limits, Operation, Profile, Settle};
pub use pull::{Named, Outside, Pages, Pull, PullVerdict, Pulled, Strange, Window};
pub use session::{Pass, Session, SessionError, TokenVerdict};
pub use wait::Wait;
pub use wire::{Cause, Exchange, Purpose, Reply, Transport, WireError, WireRequest};
