//! What has to be said to the nation: what the province has now against what the nation last *confirmed*. Pure.
//!
//! [`delta`] decides for one record, [`brake`] for a whole scan, [`Seen`] tells which records are gone from it.

pub mod brake;
mod seen;

pub use brake::{Brake, Class, Tally};
pub use seen::Seen;

use crate::model::{Action, ContentHash};

/// An action with the content it carries.
pub type Content = (Action, ContentHash);

/// What the store knows of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// What the nation last confirmed.
    pub confirmed: Option<Content>,
    /// What the nation refused for good; not said again until the content changes.
    pub refused: Option<Content>,
    /// What is on its way or of unknown outcome: it is settled first, never superseded.
    pub in_flight: Option<Content>,
    /// What waits unsent, with its place in the outbox.
    pub queued: Option<(i64, Content)>,
    /// What waits unsent is there because a mapping changed, and the brake has not let it go.
    pub remapped: bool,
}

/// What to do for a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing; what is queued (if anything) is already right.
    Nothing,
    /// Take back what is queued: the nation has, or will have, what it should.
    Withdraw(i64),
    /// Queue the new content, superseding what was queued.
    Queue {
        /// The queued row that it replaces.
        replaces: Option<i64>,
    },
}

/// Compares a record's new content with what the nation confirmed and with what is on its way.
///
/// Equal to confirmed is *nothing* only if nothing of the record is unsettled: a record that goes A → B → A while B is
/// in flight must arrive as A again. A stop of a record that the nation never had is nothing.
pub fn delta(new: Content, known: &Known) -> Step {
    let stop_of_nothing = new.0 == Action::Stop && known.confirmed.is_none() && known.in_flight.is_none();
    // What the nation will have when all that is on the wire arrives; refused content counts as said.
    let settled =
        known.in_flight.is_none() && (known.confirmed == Some(new) || known.refused == Some(new) || stop_of_nothing);
    let underway = known.in_flight == Some(new);
    match known.queued {
        Some((_, queued)) if queued == new => Step::Nothing,
        Some((id, _)) if settled || underway => Step::Withdraw(id),
        Some((id, _)) => Step::Queue { replaces: Some(id) },
        None if settled || underway => Step::Nothing,
        None => Step::Queue { replaces: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(n: u8) -> Content {
        (Action::Write, ContentHash([n; 32]))
    }

    #[test]
    fn back_to_a_while_b_is_in_flight_is_queued() {
        let known = Known { confirmed: Some(content(1)), in_flight: Some(content(2)), ..Known::default() };
        assert_eq!(delta(content(1), &known), Step::Queue { replaces: None });
    }

    #[test]
    fn back_to_a_while_b_is_unsent_withdraws_b() {
        let known = Known { confirmed: Some(content(1)), queued: Some((7, content(2))), ..Known::default() };
        assert_eq!(delta(content(1), &known), Step::Withdraw(7));
    }

    #[test]
    fn newer_supersedes_unsent_older() {
        let known = Known { confirmed: Some(content(1)), queued: Some((7, content(2))), ..Known::default() };
        assert_eq!(delta(content(3), &known), Step::Queue { replaces: Some(7) });
    }

    #[test]
    fn refused_content_is_not_said_again_but_other_content_is() {
        let known = Known { refused: Some(content(1)), ..Known::default() };
        assert_eq!(delta(content(1), &known), Step::Nothing);
        assert_eq!(delta(content(2), &known), Step::Queue { replaces: None });
    }

    #[test]
    fn a_stop_of_what_was_never_there_is_nothing() {
        let stop = (Action::Stop, ContentHash([9; 32]));
        assert_eq!(delta(stop, &Known::default()), Step::Nothing);
        assert_eq!(delta(stop, &Known { queued: Some((3, content(1))), ..Known::default() }), Step::Withdraw(3));
        assert_eq!(
            delta(stop, &Known { in_flight: Some(content(1)), ..Known::default() }),
            Step::Queue { replaces: None }
        );
    }
}
