//! A batch: its envelope judged, its key and its records followed, its records judged and stored.

use std::collections::HashSet;

use jiff::civil::Date;
use xxhash_rust::xxh3::xxh3_128;

use super::answer::{Answer, Code};
use super::book::{Knowledge, Mark, Verdict};
use super::control::Rule;
use super::dates;
use super::faults::{Fault, FaultKind};
use super::form;
use super::nation::Nation;
use super::parse::{self, Envelope, Item, Value};
use super::record::{Field, by_name};
use super::stop;
use super::version;

/// Bytes of one batch.
const MOST_BYTES: usize = 5_000_000;
/// Records of one batch.
const MOST_RECORDS: usize = 500;

/// A batch as it came.
pub(super) struct Sent<'a> {
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

fn text<'v>(value: Option<&'v Value<'_>>) -> Option<&'v str> {
    value.and_then(Value::text)
}

/// The first thing that is wrong with an envelope; what is in it is never quoted.
fn wrong(envelope: &Envelope<'_>, bytes: usize, actions: [&str; 2]) -> Option<String> {
    let tidy = |value: &str, most: usize| {
        let count = value.chars().count();
        count > 0 && count <= most && form::untidy(value).is_none()
    };
    let Some(items) = &envelope.items else { return Some("DanhSach is not there".to_owned()) };
    let first = if envelope.odd_keys > 0 {
        "a key that the envelope does not have, or a key twice"
    } else if !text(envelope.province.as_ref()).is_some_and(|province| form::digits(province, 2)) {
        "MaTinh is not two digits"
    } else if !text(envelope.key.as_ref()).is_some_and(|key| key.chars().count() >= 8 && tidy(key, 100)) {
        "MaGoiTin is not a text of 8 to 100 characters"
    } else if text(envelope.formed.as_ref()).and_then(dates::moment).is_none() {
        "ThoiGianGui is not yyyyMMddHHmmss"
    } else if items.is_empty() {
        "DanhSach is empty"
    } else if items.len() > MOST_RECORDS {
        "more than 500 records"
    } else if bytes > MOST_BYTES {
        "more than 5,000,000 bytes"
    } else {
        ""
    };
    if !first.is_empty() {
        return Some(first.to_owned());
    }
    items.iter().zip(1..).find_map(|(item, number)| {
        let what = if item.odd_keys > 0 {
            "a key that an item does not have, or a key twice"
        } else if !text(item.reference.as_ref()).is_some_and(|reference| tidy(reference, 100)) {
            "MaThamChieu is not a text of 1 to 100 characters"
        } else if text(item.version.as_ref()).is_none() {
            "PhienBan is not there"
        } else if !text(item.action.as_ref()).is_some_and(|action| actions.contains(&action)) {
            "ThaoTac is neither GHI nor DUNG"
        } else if item.values.is_none() {
            "DoiTuong is not there"
        } else {
            return None;
        };
        Some(format!("item {number}: {what}"))
    })
}

impl Nation {
    /// Reads a batch and follows its key and its records, whatever becomes of it.
    pub(super) fn receive<'a>(&mut self, body: &'a [u8]) -> Sent<'a> {
        let mut sent = Sent {
            envelope: Envelope::default(),
            malformed: None,
            formed: 0,
            batch: None,
            entries: Vec::new(),
            same_bytes: true,
        };
        let actions = [self.words.actions.write.as_str(), self.words.actions.stop.as_str()];
        match parse::envelope(body, &self.words, &self.lookup) {
            Ok(envelope) => {
                sent.malformed = wrong(&envelope, body.len(), actions);
                sent.envelope = envelope;
            }
            Err(what) => sent.malformed = Some(what),
        }
        if sent.malformed.is_none() {
            self.follow(&mut sent, body);
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
        let mut seen = HashSet::with_capacity(items.len());
        for (item, number) in items.iter().zip(1..) {
            let entry = self.book.entry(text(item.reference.as_ref()).unwrap_or_default());
            if !seen.insert(entry) && sent.malformed.is_none() {
                sent.malformed = Some(format!("item {number}: a reference twice in one batch"));
            }
            sent.entries.push(entry);
        }
        let bytes = xxh3_128(body);
        let batch = if let Some(&batch) = self.book.keys.get(key) {
            let known = self.book.batch(batch);
            sent.same_bytes = known.bytes == bytes;
            let asked = known.knowledge != Knowledge::Unknown;
            if !sent.same_bytes {
                self.breaches.add("key", || format!("batch {key}: the same key with other bytes"));
            } else if !asked {
                self.breaches.add("not-asked", || format!("batch {key}: sent again, not asked about before"));
            }
            batch
        } else {
            let back = dates::seconds_between(sent.formed, self.book.newest);
            if back > self.settings.overtaking_seconds {
                self.breaches.add("time", || format!("batch {key}: ThoiGianGui went back by {back} seconds"));
            }
            self.book.add_batch(key, bytes)
        };
        sent.batch = Some(batch);
        if sent.same_bytes && self.book.batch(batch).knowledge != Knowledge::Told {
            let elsewhere = sent
                .entries
                .iter()
                .filter_map(|&entry| self.book.open.insert(entry, batch))
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
        sent.batch.is_some_and(|batch| self.book.batches[batch as usize].verdicts.is_some())
    }

    /// Stores a batch and says so, or what it said before.
    pub(super) fn store(&mut self, sent: &Sent<'_>, fault: Option<&Fault>, now_ms: i64) -> Answer {
        if let Some(what) = &sent.malformed {
            return Answer::bare(Code::Malformed, format!("Gói tin không hợp lệ: {what}"));
        }
        let (Some(batch), Some(items)) = (sent.batch, &sent.envelope.items) else {
            return Answer::bare(Code::Malformed, "Gói tin không hợp lệ");
        };
        if let Some(verdicts) = &self.book.batches[batch as usize].verdicts {
            self.tally.batches_again += 1;
            return Answer::of_batch(Code::Already, verdicts);
        }
        if !sent.same_bytes {
            return Answer::bare(Code::Malformed, "MaGoiTin đã dùng cho nội dung khác");
        }
        if let Some(answer) = self.poison(items, fault) {
            return answer;
        }
        let today = dates::today(now_ms);
        let order = by_name();
        let mut canonical = String::with_capacity(2_048);
        let mut verdicts = Vec::with_capacity(items.len());
        for (at, (item, &entry)) in items.iter().zip(&sent.entries).enumerate() {
            let place = || format!("batch {} item {}", text(sent.envelope.key.as_ref()).unwrap_or_default(), at + 1);
            let action = if text(item.action.as_ref()) == Some(&self.words.actions.write) { "GHI" } else { "DUNG" };
            let Some(values) = &item.values else { continue };
            let computed = version::of(action, values, &order, &mut canonical);
            let verdict = if let Some(reason) = self.judge(item, action, entry, &computed, today, place) {
                Verdict::Refused(reason)
            } else if let Some(verdict) = self.told_to(item, fault, at) {
                verdict
            } else {
                let mark = Mark { version: computed, formed: sent.formed, at_ms: now_ms };
                self.apply(sent, entry, action, values, &mark);
                Verdict::Accepted
            };
            verdicts.push((entry, verdict));
        }
        self.tally.batches += 1;
        self.book.newest = self.book.newest.max(sent.formed);
        let answer = Answer::of_batch(Code::Done, &verdicts);
        self.book.batch(batch).verdicts = Some(verdicts.into());
        answer
    }

    /// `-1` if a record of the batch is poison; at times the message names it.
    fn poison(&mut self, items: &[Item<'_>], fault: Option<&Fault>) -> Option<Answer> {
        if let Some(fault) = fault.filter(|fault| fault.fault == FaultKind::Poison) {
            let middle = items.get(items.len() / 2).and_then(|item| text(item.reference.as_ref()));
            let named = fault.references.iter().map(String::as_str);
            let all: Vec<&str> =
                if fault.references.is_empty() { middle.into_iter().collect() } else { named.collect() };
            self.rules.extend(all.into_iter().map(|reference| (reference.to_owned(), Rule::Poison)));
        }
        if self.rules.is_empty() {
            return None;
        }
        let mut references = items.iter().filter_map(|item| text(item.reference.as_ref()));
        let found = references.find(|&reference| matches!(self.rules.get(reference), Some(Rule::Poison)))?;
        self.tally.poisoned += 1;
        let message = if self.tally.poisoned.is_multiple_of(2) {
            format!("Gói tin không hợp lệ: bản ghi {found}")
        } else {
            "Gói tin không hợp lệ".to_owned()
        };
        Some(Answer::bare(Code::Malformed, message))
    }

    /// Breaches of one record, counted; the reason of its refusal if there is any.
    fn judge(
        &mut self,
        item: &Item<'_>,
        action: &str,
        entry: u32,
        computed: &[u8; 32],
        today: Date,
        place: impl Fn() -> String,
    ) -> Option<u16> {
        let values = item.values.as_ref()?;
        let written = self.book.written(entry);
        let known = written.is_some();
        let mut findings = Vec::new();
        if action == "GHI" {
            form::written(values, today, &mut findings);
        } else {
            let starts = written.and_then(|written| written.standing()[Field::TuThang as usize].and_then(dates::month));
            stop::stopped(values, today, starts, &mut findings);
        }
        for form::Finding(field, what) in &findings {
            self.breaches.add("record", || format!("{}: {field}: {what}", place()));
        }
        let reference = text(item.reference.as_ref()).unwrap_or_default();
        let read = form::Read(values);
        let is_number = [Field::SoGiayTo, Field::MaDinhDanhCu].iter().any(|&field| read.text(field) == reference);
        let given = text(item.version.as_ref()).unwrap_or_default();
        let others = [
            (item.odd_fields > 0, "record", "SAI_DANG", "a key that the record does not have, or a key twice"),
            (
                !version::is_hex_of(given, computed),
                "version",
                "SAI_PHIEN_BAN",
                "PhienBan is not the hash of the record",
            ),
            (is_number, "reference", "SAI_DANG", "MaThamChieu is an identity number"),
            (action == "DUNG" && !known, "stop", "CHUA_CO", "a stop of a record that was never written"),
        ];
        let mut reason = findings.first().map(|form::Finding(field, what)| {
            let text = format!("{field}: {what}");
            self.book.reason("SAI_DANG", &text)
        });
        for (holds, kind, code, what) in others {
            if holds {
                self.breaches.add(kind, || format!("{}: {what}", place()));
                reason = reason.or_else(|| Some(self.book.reason(code, what)));
            }
        }
        reason
    }

    /// What was told to be said of a record.
    fn told_to(&mut self, item: &Item<'_>, fault: Option<&Fault>, at: usize) -> Option<Verdict> {
        let reference = text(item.reference.as_ref()).unwrap_or_default();
        match self.rules.get_mut(reference) {
            Some(Rule::Refused { code, text }) => return Some(Verdict::Refused(self.book.reason(code, text))),
            Some(Rule::Later { times }) => {
                *times = times.saturating_sub(1);
                if *times == 0 {
                    self.rules.remove(reference);
                }
                return Some(Verdict::Later(self.book.reason("THU_LAI", "Đề nghị gửi lại sau")));
            }
            _ => {}
        }
        match fault.map(|fault| fault.fault) {
            Some(FaultKind::Partial) if at.is_multiple_of(3) => {
                Some(Verdict::Later(self.book.reason("THU_LAI", "Đề nghị gửi lại sau")))
            }
            Some(FaultKind::MissingNotStored) if at.is_multiple_of(3) => Some(Verdict::Unmentioned),
            _ => None,
        }
    }

    fn apply(&mut self, sent: &Sent<'_>, entry: u32, action: &str, values: &parse::Values<'_>, mark: &Mark) {
        self.tally.effects += 1;
        if let Some(old) = self.book.written(entry) {
            self.tally.repeated += u64::from(old.version == mark.version);
            if mark.formed < old.formed {
                // It stood in one batch at a time, so this one was formed later.
                self.tally.out_of_order += 1;
                let key = text(sent.envelope.key.as_ref()).unwrap_or_default();
                self.breaches.add("time", || format!("batch {key}: ThoiGianGui before that of a record it replaces"));
            }
        }
        let province = text(sent.envelope.province.as_ref()).unwrap_or_default();
        if action == "GHI" {
            self.book.write(entry, province, values, mark);
        } else {
            self.book.stop(entry, province, values, mark);
        }
    }

    /// Notes what the sender can know after this answer.
    pub(super) fn settle_sent(&mut self, sent: &Sent<'_>, answer: &Answer, tells: bool, mut dark: HashSet<u32>) {
        let Some(batch) = sent.batch.filter(|_| sent.same_bytes) else { return };
        if !tells {
            self.leave_unknown(sent);
            return;
        }
        if answer.code == Code::Done
            && let Some(verdicts) = &self.book.batches[batch as usize].verdicts
        {
            let unsaid = verdicts.iter().filter(|(_, verdict)| *verdict == Verdict::Unmentioned);
            dark.extend(unsaid.map(|(entry, _)| *entry));
        }
        self.book.settle(batch, sent.entries.iter().copied(), &dark);
    }
}
