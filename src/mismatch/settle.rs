//! What a comparison found is opened, what it found to agree is closed, what was decided takes effect.

use super::{Decision, Right};
use crate::model::{Clock, Kind, Message, Timestamp};
use crate::store::effects::{self, Due};
use crate::store::leases::{self, Taken};
use crate::store::mismatch::Draft;
use crate::store::{Store, StoreError, Tx, alias, facts, mismatch, runs, verdicts};

/// What effect decisions had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Goes to the nation again with the next scan.
    pub again: u64,
    /// Lines on the list of corrections.
    pub corrections: u64,
    /// Numbers merged.
    pub merged: u64,
    /// Closed because a person said so: accepted, not the same person.
    pub closed: u64,
    /// Accepted differences whose day has come: open again.
    pub ended: u64,
    /// More are due: call again in another transaction.
    pub more: bool,
}

impl Applied {
    /// Together with the next page.
    #[must_use]
    pub fn with(self, next: Self) -> Self {
        Self {
            again: self.again + next.again,
            corrections: self.corrections + next.corrections,
            merged: self.merged + next.merged,
            closed: self.closed + next.closed,
            ended: self.ended + next.ended,
            more: next.more,
        }
    }
}

/// Opens what a comparison found: all that it found of a key in one call, for what is not found of it any more closes. Where the authority file decides, the decision is written down in its name; never over
/// a person's, and after two relapses a person must decide.
pub async fn found(
    tx: &mut Tx,
    stream: i64,
    round: i64,
    now: Timestamp,
    drafts: &[(Draft, Right)],
) -> Result<(), StoreError> {
    verdicts::end_accepted(tx, stream, now).await?;
    let all: Vec<Draft> = drafts.iter().map(|(draft, _)| draft.clone()).collect();
    mismatch::open(tx, stream, round, now, &all).await?;
    // Two records of one person are found in another pass than what a record itself says.
    let mut whole: Vec<&Draft> = all.iter().filter(|draft| draft.kind != Kind::TwoThere).collect();
    whole.sort_by(|a, b| a.key.cmp(&b.key));
    let of_keys: Vec<&[&Draft]> = whole.chunk_by(|a, b| a.key == b.key).collect();
    for part in of_keys.chunks(200) {
        verdicts::no_longer(tx, stream, now, &part.concat()).await?;
    }
    verdicts::relapsed(tx, stream, now, &all).await?;
    for right in [Right::Province, Right::Nation] {
        let mine: Vec<&Draft> = drafts.iter().filter(|(_, r)| *r == right).map(|(draft, _)| draft).collect();
        verdicts::by_authority(tx, stream, now, &mine, right.decides().unwrap_or_default()).await?;
    }
    Ok(())
}

/// Closes what a comparison no longer finds: of these keys, which were compared and agree.
pub async fn agree(tx: &mut Tx, stream: i64, now: Timestamp, keys: &[&str]) -> Result<(), StoreError> {
    verdicts::agree(tx, stream, now, keys).await
}

/// Closes `two-there` of these keys: a complete listing has one record of their person only.
pub async fn alone(tx: &mut Tx, stream: i64, now: Timestamp, keys: &[&str]) -> Result<(), StoreError> {
    for part in keys.chunks(500) {
        mismatch::close(tx, stream, Kind::TwoThere, part, now).await?;
    }
    Ok(())
}

/// Does what was decided and is due; bounded, see [`Applied::more`]. Called under the stream's lease.
pub async fn apply(tx: &mut Tx, stream: i64, now: Timestamp) -> Result<Applied, StoreError> {
    let ended = verdicts::end_accepted(tx, stream, now).await?;
    let (due, more) = effects::due(tx, stream).await?;
    let mut told = Applied { ended, more, ..Applied::default() };
    let of = |decisions: &[Decision]| -> Vec<Due> {
        due.iter().filter(|due| decisions.iter().any(|d| d.word() == due.decision)).cloned().collect()
    };
    let again = of(&[Decision::KeepOurs]);
    effects::say_again(tx, stream, now, &again).await?;
    effects::applied(tx, now, &again, false).await?;
    told.again = again.len() as u64;
    let listed = of(&[Decision::TakeTheirs, Decision::CorrectAtSource]);
    let ids: Vec<i64> = listed.iter().map(|due| due.id).collect();
    effects::list(tx, now, &ids).await?;
    effects::applied(tx, now, &listed, false).await?;
    told.corrections = listed.len() as u64;
    for due in of(&[Decision::MergeNumbers]) {
        // Two links from one number, or a ring of numbers, would leave nobody knowing who is meant.
        let ring = alias::root(tx, &due.person).await? == due.other;
        if !ring && effects::link(tx, now, &due).await? {
            effects::applied(tx, now, std::slice::from_ref(&due), true).await?;
            // One person now, who may not draw what the two of them might.
            facts::touch(tx, &[&due.person, &due.other], &[]).await?;
            told.merged += 1;
        } else {
            effects::back(tx, now, due.id, &Message::LinkStands.both()).await?;
        }
    }
    let done = of(&[Decision::NotSamePerson, Decision::AcceptUntil]);
    effects::applied(tx, now, &done, true).await?;
    told.closed = done.len() as u64;
    Ok(told)
}

/// Does all that was decided about a stream's mismatches and is due, page by page, each under the lease that whoever
/// changes the stream's rows must hold. `None`: somebody has it, and does not wait for us; the next call does it.
pub async fn take_effect(
    store: &Store,
    stream: &str,
    lease: &str,
    clock: &dyn Clock,
) -> Result<Option<Applied>, StoreError> {
    let mut all = Applied::default();
    loop {
        let now = clock.now();
        let mut tx = store.write().await?;
        let Some((id, _)) = runs::find_stream(&mut tx, stream).await? else { return Ok(Some(all)) };
        let Taken::Ours(held) = leases::take(&mut tx, lease, &leases::holder(), now).await? else {
            return Ok(None);
        };
        let page = apply(&mut tx, id, now).await?;
        leases::free(&mut tx, &held).await?;
        tx.commit().await?;
        let more = page.more;
        all = all.with(page);
        if !more {
            return Ok(Some(all));
        }
    }
}
