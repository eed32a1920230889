//! How each national system is spoken to, all from its profile `mappings/<system>/system.toml`.
//!
//! No name, path, code or word of a national system stands in Rust: a ministry changes them by letter, and the
//! operator follows by editing the profile. The way through the room:
//!
//! 1. [`profile`] reads the file (by [`document`] and [`settings`]) into a checked [`Profile`]; every mistake is shown with its line.
//! 2. [`encode`] turns items into the exact bytes of a batch or of a question, as a [`WireRequest`] ([`wire`]).
//! 3. [`auth`] says which headers prove who we are; [`session`] keeps the token and asks for a new one once.
//! 4. [`http`] puts a request on the wire within bounds; [`tls`] names what went wrong before anything was sent,
//!    [`certificate`] until when the server's is valid.
//! 5. [`answer`] reads what came back by the names of [`form`], [`judge`] says what it means, [`matching`] lays it against what was sent;
//!    [`wait`] reads how long to be silent.
//!
//! The room keeps no state but connections and the token. Pace, log and retries belong to the caller, who sees
//! every request that goes out, tokens included.

pub mod answer;
pub mod auth;
pub mod certificate;
pub mod document;
pub mod encode;
pub mod form;
pub mod http;
pub mod judge;
pub mod matching;
pub mod profile;
pub mod session;
pub mod settings;
pub mod tls;
pub mod wait;
pub mod wire;

pub use encode::Item;
pub use http::{HttpTransport, Identity, TransportOptions};
pub use judge::Verdict;
pub use matching::{Matched, RecordResult, ResultOutcome, match_results};
pub use profile::{Limits, Operation, Profile, Settle};
pub use session::{Credentials, Pass, Session, SessionError, TokenVerdict};
pub use wait::Wait;
pub use wire::{Cause, Exchange, Purpose, Reply, Transport, WireError, WireRequest};
