//! The nouns that every room may know. No input or output happens here.
//!
//! * [`row`]: a source row as text, in the province's words.
//! * [`application`]: what a citizen filed at a portal, so that spelling makes no difference.
//! * [`record`]: the national record in its canonical form, and the hash that is its identity.
//! * [`fact`]: what a record says that the rules between programmes must know.
//! * [`likeness`]: by what a person is recognised where no number tells.
//! * [`judgement`]: what mapping and rules said of one row: a record to write, a stop, or complaints.
//! * [`lane`]: the order within one dossier.
//! * [`messages`]: what is said to people, in both languages, by id.
//! * [`reason`]: the fixed words for why something is held or refused.
//! * [`document`]: a TOML file read key by key, so that all its mistakes are told.
//! * [`kind`]: the fixed words for the kinds of mismatches.
//! * [`fault`]: a mistake in a file that people write, with its place.
//! * [`place`]: an address in a unit that was split, and what people decided about it.
//! * [`text`], [`calendar`], [`money`], [`identity`]: single values as people write them and as they are understood.
//! * [`working_days`]: which days are worked on.
//! * [`suggest`]: the word that was meant, for messages.
//! * [`clock`]: time as a value; Vietnam time; the one seam through which the clock is asked.

pub mod application;
pub mod calendar;
pub mod clock;
pub mod document;
pub mod fact;
pub mod fault;
pub mod identity;
pub mod judgement;
pub mod kind;
pub mod lane;
pub mod likeness;
pub mod messages;
pub mod money;
pub mod place;
pub mod reason;
pub mod record;
pub mod row;
pub mod suggest;
pub mod text;
pub mod working_days;

pub use application::{Application, Difference, Given};
pub use clock::{Clock, SystemClock, Timestamp};
pub use fact::{Fact, Said, number_digest, scoped};
pub use fault::{Fault, Faults};
pub use judgement::{Action, Complaint, Judgement, Severity};
pub use kind::{Gravity, Kind};
pub use lane::{Lane, Moves};
pub use likeness::{Likeness, Says};
pub use messages::Message;
pub use place::{Asked, Decisions, Place};
pub use reason::Reason;
pub use record::{ContentHash, FieldValue, Layout, Record, ValueRef};
pub use row::{Column, ColumnKind, RawRow};
pub use working_days::WorkingDays;
