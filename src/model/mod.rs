//! The nouns that every room may know. No input or output happens here.
//!
//! * [`row`]: a source row as text, in the province's words.
//! * [`record`]: the national record in its canonical form, and the hash that is its identity.
//! * [`judgement`]: what mapping and rules said of one row: a record to write, a stop, or complaints.
//! * [`messages`]: what is said to people, in both languages, by id.
//! * [`reason`]: the fixed words for why something is held or refused.
//! * [`fault`]: a mistake in a file that people write, with its place.
//! * [`text`], [`calendar`], [`money`], [`identity`]: single values as people write them and as they are understood.
//! * [`suggest`]: the word that was meant, for messages.
//! * [`clock`]: time as a value; Vietnam time; the one seam through which the clock is asked.

pub mod calendar;
pub mod clock;
pub mod fault;
pub mod identity;
pub mod judgement;
pub mod messages;
pub mod money;
pub mod reason;
pub mod record;
pub mod row;
pub mod suggest;
pub mod text;

pub use clock::{Clock, SystemClock, Timestamp};
pub use fault::{Fault, Faults};
pub use judgement::{Action, Complaint, Judgement, Severity};
pub use messages::Message;
pub use reason::Reason;
pub use record::{ContentHash, FieldValue, Layout, Record, ValueRef};
pub use row::{Column, ColumnKind, RawRow};
