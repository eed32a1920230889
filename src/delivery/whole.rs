//! Answers whose code speaks for the whole call: all stored, or nothing, and then because of one record.

use super::jobs::Desk;
use super::landing::Landing;
use super::settle::known_only;
use super::{Delivered, DeliveryError};
use crate::model::Timestamp;
use crate::national::{Exists, RecordResult, ResultOutcome, Whole};
use crate::store::batch::State;
use crate::store::{Tx, ledger, outbox};

impl Landing<'_> {
    /// Settles a call by its code. `Some` message where nothing was stored and nobody knows because of which record.
    pub(super) async fn whole(
        &mut self,
        tx: &mut Tx,
        desk: &Desk<'_>,
        now: Timestamp,
        whole: Whole,
        delivered: &mut Delivered,
    ) -> Result<Option<String>, DeliveryError> {
        let (exists, code, message) = match whole {
            Whole::Stored => {
                let open = outbox::rows_of_batch(tx, self.batch.id, false).await?;
                let accepted = |item: outbox::Item| RecordResult {
                    reference: item.key,
                    outcome: ResultOutcome::Accepted { national_id: None },
                };
                self.settle(tx, now, open.into_iter().map(accepted).collect(), true, delivered).await?;
                self.set(tx, State::Settled, now, "stored").await?;
                return Ok(None);
            }
            Whole::Refused { code, message } => (false, code, message),
            Whole::Exists { code, message } => (true, code, message),
        };
        let items = outbox::of_batch(tx, self.batch.id).await?;
        let named: Vec<&outbox::Item> = match items.as_slice() {
            [alone] => vec![alone],
            all => all.iter().filter(|item| names(&message, &desk.reference(item))).collect(),
        };
        // Several records may go by one name, as the steps of a dossier do: then that is not known either.
        let [first] = named[..] else { return Ok(Some(message)) };
        let others: Vec<&outbox::Item> = items.iter().filter(|item| item.id != first.id).collect();
        self.outcome_known(tx, now, &others).await?;
        for item in &others {
            outbox::put_back(tx, self.stream, item, now).await?;
        }
        self.in_the_way(tx, desk, now, (first, exists, code, message), delivered).await?;
        self.set(tx, State::Settled, now, if exists { "exists" } else { "refused" }).await?;
        Ok(None)
    }

    /// The one record because of which nothing was stored.
    async fn in_the_way(
        &mut self,
        tx: &mut Tx,
        desk: &Desk<'_>,
        now: Timestamp,
        (item, exists, code, message): (&outbox::Item, bool, String, String),
        delivered: &mut Delivered,
    ) -> Result<(), DeliveryError> {
        let policy = if exists { desk.exists() } else { Exists::Refused };
        match policy {
            Exists::Accepted => {
                let result = RecordResult { reference: item.key.clone(), outcome: ResultOutcome::Exists };
                self.settle(tx, now, vec![result], true, delivered).await?;
            }
            // One that was sent as an update and exists all the same is not helped by sending it so again.
            Exists::RepeatAsUpdate if !desk.is_known(tx, item).await? => {
                self.is_known(tx, now, item).await?;
                self.outcome_known(tx, now, &[item]).await?;
                outbox::put_back(tx, self.stream, item, now).await?;
            }
            Exists::RepeatAsUpdate | Exists::Refused => {
                self.refuse(tx, now, &[(item, code, message)], delivered).await?;
            }
        }
        Ok(())
    }

    /// Writes down that the system knows a record, so that it goes as an update; with what content nobody knows.
    pub(super) async fn is_known(&self, tx: &mut Tx, now: Timestamp, item: &outbox::Item) -> Result<(), DeliveryError> {
        Ok(ledger::confirm(tx, self.stream, &self.batch.key, now, &[known_only(&item.key)]).await?)
    }
}

/// Whether a message names this reference: as a word of its own, not as the beginning of a longer number.
fn names(message: &str, reference: &str) -> bool {
    let reference = reference.trim();
    !reference.is_empty()
        && message.match_indices(reference).any(|(at, found)| {
            let (before, after) = (&message[..at], &message[at + found.len()..]);
            !joins(before.chars().rev()) && !joins(after.chars())
        })
}

/// Whether what stands there goes on with the number: a letter or digit, at once or after a sign that numbers have.
fn joins(mut signs: impl Iterator<Item = char>) -> bool {
    match signs.next() {
        Some(sign) if sign.is_alphanumeric() => true,
        Some('-' | '.' | '/' | '_') => signs.next().is_some_and(char::is_alphanumeric),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_number_is_named_only_as_a_whole() {
        let number = "H20.14-240703-0002";
        for message in [
            "Hồ sơ H20.14-240703-0002 đã tồn tại",
            "đã tồn tại: H20.14-240703-0002.",
            "\"H20.14-240703-0002\"",
            "H20.14-240703-00021, H20.14-240703-0002",
        ] {
            assert!(names(message, number), "{message}");
        }
        for message in ["", "H20.14-240703-00021", "000.H20.14-240703-0002", "H20.14-240703-0002-1", "240703-0002"] {
            assert!(!names(message, number), "{message}");
        }
        assert!(!names("bất kỳ", ""));
    }
}
