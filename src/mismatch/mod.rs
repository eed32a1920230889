//! Where the two sides differ, who is right, and how it is settled.
//!
//! [`authority`] is the file that says for each field how it compares, who is right and by what law; [`compare`] lays two
//! national records against each other by it; [`settle`] opens what a comparison found, closes what agrees, and does what
//! was decided. [`rules`] says what may be decided about which kind, [`mod@decide`] is what people do, [`grouped`] what would
//! close many at once. A mismatch is one row for ever (see [`crate::store::mismatch`]): it opens, a person takes it, a decision is
//! made, it takes effect, the next comparison verifies it, it closes; and it opens again with its history.
//! Comparing and deciding are pure; [`settle`] and the outermost of [`mod@decide`] await.

pub mod authority;
mod authority_file;
pub mod compare;
pub mod decide;
pub mod grouped;
mod refusal;
pub mod rules;
pub mod settle;

pub use authority::{Authority, PersonOf, Right};
pub use compare::Difference;
pub use decide::{Asked, Step, choices, decide, would};
pub use refusal::{Failed, No};
pub use rules::{Decision, DecisionRules};
pub use settle::{Applied, agree, alone, apply, found, take_effect};
