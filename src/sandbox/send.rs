//! A batch: its key and its records followed, its records stored as they were judged.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_128;

use super::answer::{Answer, Code};
use super::book::{Book, Knowledge, Verdict};
use super::breach::Breaches;
use super::control::Rule;
use super::dates;
use super::faults::{Fault, FaultKind};
use super::form::Read;
use super::judge::{Case, judge, text, told_to, wrong};
use super::nation::{Nation, Tally};
use super::parse::{self, Envelope, Item};
use super::version;
use super::written::Mark;

/// A batch as it came.
pub(super) struct Sent<'a> {
    /// The entity to whose address it came.
    pub(super) kind: usize,
    envelope: Envelope<'a>,
    /// What makes it malformed.
    malformed: Option<String>,
    formed: u64,
    /// Known once key and references could be read.
    pub(super) batch: Option<u32>,
    /// Entries of the items, in their order.
    entries: Vec<u32>,
    /// Whether the key came with the same bytes before, or never.
    pub(super) same_bytes: bool,
}

impl Nation {
    /// Reads a batch and follows its key and its records, whatever becomes of it. `soap` are the bytes that came, where
    /// the body was made of them.
    pub(super) fn receive<'a>(&mut self, kind: usize, body: &'a [u8], soap: Option<&[u8]>) -> Sent<'a> {
        let came = soap.unwrap_or(body);
        let mut sent = Sent {
            kind,
            envelope: Envelope::default(),
            malformed: None,
            formed: 0,
            batch: None,
            entries: Vec::new(),
            same_bytes: true,
        };
        let actions = [self.words.actions.write.as_str(), self.words.actions.stop.as_str()];
        match parse::envelope(body, &self.words, &self.lookups[kind]) {
            Ok(envelope) => {
                sent.malformed = wrong(&envelope, came.len(), actions);
                sent.envelope = envelope;
            }
            Err(what) => sent.malformed = Some(what),
        }
        if sent.malformed.is_none() {
            self.follow(&mut sent, came);
        }
        if let Some(what) = &sent.malformed {
            self.breaches.add("envelope", || what.clone());
        }
        sent
    }

    fn follow(&mut self, sent: &mut Sent<'_>, body: &[u8]) {
        let key = text(sent.envelope.key.as_ref()).unwrap_or_default();
        sent.formed = text(sent.envelope.formed.as_ref()).and_then(dates::moment).unwrap_or_default();
        let items = sent.envelope.items.as_deref().unwrap_or_default();
        let elsewhere = self.is_elsewhere(sent.kind, key);
        let mut seen = HashSet::with_capacity(items.len());
        let book = &mut self.books[sent.kind];
        for (item, number) in items.iter().zip(1..) {
            let entry = book.entry(text(item.reference.as_ref()).unwrap_or_default());
            if !seen.insert(entry) && sent.malformed.is_none() {
                sent.malformed = Some(format!("item {number}: a reference twice in one batch"));
            }
            sent.entries.push(entry);
        }
        let bytes = xxh3_128(body);
        let batch = if let Some(&batch) = book.keys.get(key) {
            let known = book.batch(batch);
            sent.same_bytes = known.bytes == bytes;
            let asked = known.knowledge != Knowledge::Unknown;
            if !sent.same_bytes {
                self.breaches.add("key", || format!("batch {key}: the same key with other bytes"));
            } else if !asked {
                self.breaches.add("not-asked", || format!("batch {key}: sent again, not asked about before"));
            }
            batch
        } else {
            if elsewhere {
                self.breaches.add("key", || format!("batch {key}: the same key for two entities"));
            }
            let back = dates::seconds_between(sent.formed, self.newest);
            if back > self.settings.overtaking_seconds {
                self.breaches.add("time", || format!("batch {key}: ThoiGianGui went back by {back} seconds"));
            }
            book.add_batch(key, bytes)
        };
        sent.batch = Some(batch);
        if sent.same_bytes && book.batch(batch).knowledge != Knowledge::Told {
            let elsewhere = sent
                .entries
                .iter()
                .filter_map(|&entry| book.open.insert(entry, batch))
                .filter(|&other| other != batch)
                .count();
            if elsewhere > 0 {
                self.breaches.add("unsettled", || {
                    format!("batch {key}: {elsewhere} of its records stand in another batch that is not settled")
                });
            }
        }
    }

    /// Whether this batch was stored before.
    pub(super) fn is_stored(&self, sent: &Sent<'_>) -> bool {
        sent.batch.is_some_and(|batch| self.books[sent.kind].batches[batch as usize].verdicts.is_some())
    }

    /// Stores a batch and says so, or what it said before.
    pub(super) fn store(&mut self, sent: &Sent<'_>, fault: Option<&Fault>, now_ms: i64) -> Answer {
        if let Some(what) = &sent.malformed {
            return Answer::bare(Code::Malformed, format!("Gói tin không hợp lệ: {what}"));
        }
        let (Some(batch), Some(items)) = (sent.batch, &sent.envelope.items) else {
            return Answer::bare(Code::Malformed, "Gói tin không hợp lệ");
        };
        if let Some(verdicts) = &self.books[sent.kind].batches[batch as usize].verdicts {
            self.tally.batches_again += 1;
            return Answer::of_batch(Code::Already, verdicts);
        }
        if !sent.same_bytes {
            return Answer::bare(Code::Malformed, "MaGoiTin đã dùng cho nội dung khác");
        }
        if let Some(answer) = self.poison(sent.kind, items, fault) {
            return answer;
        }
        let key = text(sent.envelope.key.as_ref()).unwrap_or_default();
        let today = dates::today(now_ms);
        let latest = today.tomorrow().unwrap_or(today);
        let book = &mut self.books[sent.kind];
        let kind = book.kind;
        let mut canonical = String::with_capacity(2_048);
        let mut verdicts = Vec::with_capacity(items.len());
        for (at, (item, &entry)) in items.iter().zip(&sent.entries).enumerate() {
            let Some(values) = &item.values else { continue };
            let write = text(item.action.as_ref()) == Some(&self.words.actions.write);
            let computed = version::of(if write { "GHI" } else { "DUNG" }, kind, values, &mut canonical);
            let case = Case { item, read: Read { kind, values }, write, entry, version: &computed, latest };
            let place = || format!("batch {key} item {}", at + 1);
            let verdict = if let Some(reason) = judge(&case, book, &mut self.breaches, place) {
                Verdict::Refused(reason)
            } else if let Some(verdict) = told_to(book, item, fault, at) {
                verdict
            } else {
                let mark = Mark { version: computed, formed: sent.formed, at_ms: now_ms };
                apply(sent, &case, &mark, book, &mut self.tally, &mut self.breaches);
                Verdict::Accepted
            };
            verdicts.push((entry, verdict));
        }
        self.tally.batches += 1;
        self.newest = self.newest.max(sent.formed);
        let answer = Answer::of_batch(Code::Done, &verdicts);
        book.batch(batch).verdicts = Some(verdicts.into());
        answer
    }

    /// `-1` if a record of the batch is poison; at times the message names it.
    fn poison(&mut self, kind: usize, items: &[Item<'_>], fault: Option<&Fault>) -> Option<Answer> {
        let rules = &mut self.books[kind].rules;
        if let Some(fault) = fault.filter(|fault| fault.fault == FaultKind::Poison) {
            let middle = items.get(items.len() / 2).and_then(|item| text(item.reference.as_ref()));
            let named = fault.references.iter().map(String::as_str);
            let all: Vec<&str> =
                if fault.references.is_empty() { middle.into_iter().collect() } else { named.collect() };
            rules.extend(all.into_iter().map(|reference| (reference.to_owned(), Rule::Poison)));
        }
        if rules.is_empty() {
            return None;
        }
        let mut references = items.iter().filter_map(|item| text(item.reference.as_ref()));
        let found = references.find(|&reference| matches!(rules.get(reference), Some(Rule::Poison)))?;
        self.tally.poisoned += 1;
        let message = if self.tally.poisoned.is_multiple_of(2) {
            format!("Gói tin không hợp lệ: bản ghi {found}")
        } else {
            "Gói tin không hợp lệ".to_owned()
        };
        Some(Answer::bare(Code::Malformed, message))
    }

    /// Notes what the sender can know after this answer.
    pub(super) fn settle_sent(&mut self, sent: &Sent<'_>, answer: &Answer, tells: bool, mut dark: HashSet<u32>) {
        let Some(batch) = sent.batch.filter(|_| sent.same_bytes) else { return };
        if !tells {
            self.leave_unknown(sent);
            return;
        }
        if answer.code == Code::Done
            && let Some(verdicts) = &self.books[sent.kind].batches[batch as usize].verdicts
        {
            let unsaid = verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Unmentioned);
            dark.extend(unsaid.map(|(entry, _)| *entry));
        }
        self.books[sent.kind].settle(batch, sent.entries.iter().copied(), &dark);
    }
}

/// Lets a record that is in order take effect.
fn apply(
    sent: &Sent<'_>,
    case: &Case<'_, '_>,
    mark: &Mark,
    book: &mut Book,
    tally: &mut Tally,
    breaches: &mut Breaches,
) {
    tally.effects += 1;
    if let Some(old) = book.written(case.entry) {
        tally.repeated += u64::from(old.version == mark.version && !old.edited);
        if mark.formed < old.formed {
            // It stood in one batch at a time, so this one was formed later.
            tally.out_of_order += 1;
            let key = text(sent.envelope.key.as_ref()).unwrap_or_default();
            breaches.add("time", || format!("batch {key}: ThoiGianGui before that of a record it replaces"));
        }
    }
    let province = text(sent.envelope.province.as_ref()).unwrap_or_default();
    if case.write {
        book.write(case.entry, province, &case.read, mark);
    } else {
        book.stop(case.entry, province, &case.read, mark);
    }
}
