//! The order within one dossier, at the moment of sending: of a lane one record at a time, the earliest first; what came
//! late or is a step back is held in front of a person.

use super::DeliveryError;
use super::jobs::Desk;
use crate::model::{Moves, Reason, Timestamp};
use crate::store::lanes::{self, Head};
use crate::store::mismatch::Draft;
use crate::store::{StoreError, Tx, ledger, mismatch, outbox};

/// The most heads of lanes that are read at once: a run of late ones shall not cost a question each.
const PAGE: usize = 500;

/// In which order a stream's records go.
#[derive(Debug, Clone, Default)]
pub struct Order<'a> {
    /// What the nation confirmed once is never written again.
    pub once: bool,
    /// The lanes, for a stream that has them.
    pub lanes: Option<Lanes<'a>>,
}

/// The lanes of a stream.
#[derive(Debug, Clone)]
pub struct Lanes<'a> {
    /// The moves that are a step back.
    pub moves: &'a Moves,
    /// The streams that go before this one.
    pub before: Vec<i64>,
    /// The field with a step's time, for people.
    pub at_field: &'a str,
    /// The field with the status, for people.
    pub status_field: &'a str,
}

impl Lanes<'_> {
    /// Why the head of a lane must not go, against what the nation confirmed of it and what its portal showed: a dossier
    /// that the citizen withdrew there is over, whatever was confirmed to us.
    fn held(&self, head: &Head) -> Option<Draft> {
        let (status, at) = (&head.there.0, &head.there.1);
        let draft = |reason: Reason, field: &str, from: &str, to: &str| Draft {
            field: field.to_owned(),
            value: format!("{from} → {to}"),
            detail: head.lane.name.clone(),
            ..Draft::held(&head.item.key, reason)
        };
        if !head.lane.at.is_empty() && head.lane.at < *at {
            return Some(draft(Reason::Late, self.at_field, at, &head.lane.at));
        }
        let known = std::iter::once(status).chain(&head.shown);
        let over = known.filter(|from| self.moves.is_back(from, &head.lane.status));
        // Told is the furthest of them: from there the others are a step back too.
        let from = over.reduce(|one, other| if self.moves.is_back(other, one) { other } else { one })?;
        Some(draft(Reason::StepBack, self.status_field, from, &head.lane.status))
    }
}

impl Desk<'_> {
    /// What may go now of a stream with lanes, after all that must not go was taken out of the way.
    pub(super) async fn lane_items(
        &self,
        tx: &mut Tx,
        lanes: &Lanes<'_>,
        now: Timestamp,
        want: usize,
    ) -> Result<Vec<outbox::Item>, DeliveryError> {
        let mut limit = want;
        loop {
            let at = (self.stream, self.system.name.as_str());
            let heads = lanes::next(tx, at, &lanes.before, now, i64::try_from(limit).unwrap_or(i64::MAX)).await?;
            let (mut items, mut needless, mut held) = (Vec::new(), Vec::new(), Vec::new());
            for head in heads {
                let what = (head.item.action, head.item.version);
                if outbox::is_needless(what, head.confirmed, self.order.once) {
                    needless.push((head.item.id, head.item.key));
                } else if let Some(draft) = lanes.held(&head) {
                    held.push((head.item.id, draft));
                } else {
                    items.push(head.item);
                }
            }
            // Each that is out of the way may uncover the next of its lane.
            let settled = needless.is_empty() && held.is_empty();
            self.withdraw(tx, now, &needless).await?;
            self.hold(tx, now, held).await?;
            // Where many are out of the way, more are looked at next time.
            limit = (limit * 4).clamp(want, PAGE.max(want));
            if settled || items.len() >= want {
                items.truncate(want);
                return Ok(items);
            }
        }
    }

    /// Takes records out of the queue that must not go until their rows change.
    async fn hold(&self, tx: &mut Tx, now: Timestamp, held: Vec<(i64, Draft)>) -> Result<(), StoreError> {
        if held.is_empty() {
            return Ok(());
        }
        for reason in [Reason::Late, Reason::StepBack] {
            let ids: Vec<i64> = held.iter().filter(|(_, d)| d.reason == reason.word()).map(|(id, _)| *id).collect();
            outbox::retire(tx, &ids, reason.word()).await?;
        }
        let drafts: Vec<Draft> = held.into_iter().map(|(_, draft)| draft).collect();
        let keys: Vec<&str> = drafts.iter().map(|d| d.key.as_str()).collect();
        ledger::hold(tx, self.stream, &keys).await?;
        mismatch::open(tx, self.stream, self.run, now, &drafts).await
    }
}
