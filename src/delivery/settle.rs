//! What the nation said of each record of a batch, written down.

use super::Delivered;
use super::landing::Landing;
use crate::model::{Action, ContentHash, Kind, Timestamp};
use crate::national::{RecordResult, match_results};
use crate::store::mismatch::Draft;
use crate::store::{StoreError, Tx, lanes, ledger, mismatch, outbox, verdicts};

/// After so many questions without an answer that settles all, a person is told.
const TELL_AFTER_ASKS: i64 = 5;

/// The kinds of mismatch that an accepted record closes.
pub(super) const CLOSED_BY_ACCEPTANCE: [Kind; 2] = [Kind::RefusedThere, Kind::UnknownOutcome];

/// A record that the system knows with whatever content: a version that nothing ever equals.
pub(super) fn known_only(key: &str) -> ledger::Confirmed {
    let content = (Action::Write, ContentHash([0; 32]));
    ledger::Confirmed { key: key.to_owned(), content, national_id: String::new() }
}

impl Landing<'_> {
    /// Settles the records of a stored batch. True where all of them are settled or back in the queue.
    ///
    /// `kept` says that this is the answer as the nation keeps it: what it does not mention was not stored.
    pub(super) async fn settle(
        &mut self,
        tx: &mut Tx,
        now: Timestamp,
        results: Vec<RecordResult>,
        kept: bool,
        delivered: &mut Delivered,
    ) -> Result<bool, StoreError> {
        // All rows are laid against the answer, so that those settled before do not look like strangers.
        let open = outbox::rows_of_batch(tx, self.batch.id, false).await?;
        let all = if open.len() == usize::try_from(self.batch.records).unwrap_or(0) {
            open.iter().map(|i| i.key.clone()).collect()
        } else {
            outbox::rows_of_batch(tx, self.batch.id, true).await?.into_iter().map(|i| i.key).collect::<Vec<_>>()
        };
        let sent: Vec<&str> = all.iter().map(String::as_str).collect();
        let matched = match_results(&sent, results);
        self.strangers = matched.extra;
        if matched.extra > 0 || matched.repeated > 0 {
            tracing::warn!(batch = %self.batch.key, extra = matched.extra, repeated = matched.repeated,
                "kết quả thừa hoặc lặp trong câu trả lời / the answer has results for records not sent, or twice");
        }
        let by_key: std::collections::HashMap<&str, &outbox::Item> = open.iter().map(|i| (i.key.as_str(), i)).collect();
        let item = |at: usize| sent.get(at).and_then(|key| by_key.get(key)).copied();

        let mut confirmed = Vec::new();
        let mut accepted = Vec::new();
        for (at, national_id) in matched.accepted {
            if let Some(item) = item(at) {
                accepted.push(item.id);
                let content = (item.action, item.version);
                let national_id = national_id.unwrap_or_default();
                confirmed.push(ledger::Confirmed { key: item.key.clone(), content, national_id });
            }
        }
        let mut there = Vec::new();
        for at in matched.exists {
            if let Some(item) = item(at) {
                there.push(item.id);
                confirmed.push(known_only(&item.key));
            }
        }
        ledger::confirm(tx, self.stream, &self.batch.key, now, &confirmed).await?;
        if let Some(system) = self.lanes_of {
            lanes::confirm(tx, system, &accepted).await?;
            lanes::known_there(tx, system, &there).await?;
        }
        accepted.append(&mut there);
        outbox::settle(tx, &accepted, "accepted").await?;
        if self.mismatches_there {
            let keys: Vec<&str> = confirmed.iter().map(|c| c.key.as_str()).collect();
            for kind in CLOSED_BY_ACCEPTANCE {
                mismatch::close(tx, self.stream, kind, &keys, now).await?;
            }
        }
        delivered.confirmed += confirmed.len() as u64;

        let refused: Vec<(&outbox::Item, String, String)> =
            matched.refused.into_iter().filter_map(|(at, code, text)| item(at).map(|i| (i, code, text))).collect();
        self.refuse(tx, now, &refused, delivered).await?;

        let mut back = Vec::new();
        for (at, code, _) in matched.later {
            if let Some(item) = item(at) {
                back.push(item);
                let wait = self.retry.wait_ms(u64::try_from(item.attempts).unwrap_or(0), &item.key);
                outbox::put_back(tx, self.stream, item, now.plus(wait)).await?;
                tracing::debug!(batch = %self.batch.key, code, "một bản ghi được hẹn gửi lại / a record was put off");
            }
        }
        let mut unsettled: Vec<usize> = matched.contradicting;
        unsettled.extend(matched.unclear.into_iter().map(|(at, _)| at));
        // Where the rest is only waited for, what is at odds would never be told.
        if self.in_parts {
            let at_odds: Vec<&outbox::Item> = unsettled.iter().copied().filter_map(item).collect();
            self.tell_unknown(tx, now, &at_odds).await?;
        }
        for at in matched.missing {
            match item(at) {
                // The nation's own copy of its answer does not mention it: it was not stored.
                Some(item) if kept => {
                    back.push(item);
                    let wait = self.retry.wait_ms(u64::try_from(item.attempts).unwrap_or(0), &item.key);
                    outbox::put_back(tx, self.stream, item, now.plus(wait)).await?;
                }
                _ => unsettled.push(at),
            }
        }
        self.outcome_known(tx, now, &back).await?;
        let unsettled: Vec<&outbox::Item> = unsettled.into_iter().filter_map(item).collect();
        if kept && self.batch.asks >= TELL_AFTER_ASKS {
            self.tell_unknown(tx, now, &unsettled).await?;
        }
        Ok(unsettled.is_empty())
    }

    /// Parks records that the nation refused for good, with its code and words, in front of a person.
    pub(super) async fn refuse(
        &mut self,
        tx: &mut Tx,
        now: Timestamp,
        refused: &[(&outbox::Item, String, String)],
        delivered: &mut Delivered,
    ) -> Result<(), StoreError> {
        self.outcome_known(tx, now, &refused.iter().map(|(item, ..)| *item).collect::<Vec<_>>()).await?;
        let ids: Vec<i64> = refused.iter().map(|(item, ..)| item.id).collect();
        let mut drafts = Vec::with_capacity(refused.len());
        for (item, code, text) in refused {
            ledger::refuse(tx, self.stream, &item.key, (item.action, item.version)).await?;
            *delivered.refused.entry(code.clone()).or_default() += 1;
            let told = Draft::new(&item.key, Kind::RefusedThere, code);
            drafts.push(Draft { detail: text.clone(), ..told });
        }
        outbox::settle(tx, &ids, "refused").await?;
        if self.mismatches_there {
            let keys: Vec<&str> = refused.iter().map(|(item, ..)| item.key.as_str()).collect();
            verdicts::refused_again(tx, self.stream, now, &keys).await?;
        }
        mismatch::open(tx, self.stream, self.run, now, &drafts).await?;
        self.mismatches_there |= !drafts.is_empty();
        Ok(())
    }

    /// Nobody has to find out any more what became of these: they were refused, or surely not stored.
    pub(super) async fn outcome_known(
        &self,
        tx: &mut Tx,
        now: Timestamp,
        items: &[&outbox::Item],
    ) -> Result<(), StoreError> {
        if !self.mismatches_there {
            return Ok(());
        }
        let keys: Vec<&str> = items.iter().map(|item| item.key.as_str()).collect();
        mismatch::close(tx, self.stream, Kind::UnknownOutcome, &keys, now).await
    }

    /// Puts records of unknown outcome in front of a person; we go on asking.
    pub(super) async fn tell_unknown(
        &mut self,
        tx: &mut Tx,
        now: Timestamp,
        items: &[&outbox::Item],
    ) -> Result<(), StoreError> {
        let drafts: Vec<Draft> = items
            .iter()
            .map(|item| Draft {
                detail: self.batch.key.clone(),
                ..Draft::new(&item.key, Kind::UnknownOutcome, Kind::UnknownOutcome.word())
            })
            .collect();
        mismatch::open(tx, self.stream, self.run, now, &drafts).await?;
        self.mismatches_there |= !drafts.is_empty();
        Ok(())
    }
}
