//! What the nation counted for itself, and what it holds.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::Serialize;

use super::answer::{key, pair};
use super::entity::{BENEFICIARIES, kind_of};
use super::faults::Operation;
use super::lookup::document;
use super::nation::Nation;
use super::portal::PortalReport;
use super::version::hex;

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Records of `doi-tuong` present and not stopped.
    pub people: u64,
    /// Records present, of every entity.
    pub records: u64,
    /// The same by entity.
    pub entities: BTreeMap<&'static str, Held>,
    /// Writes and stops that were applied.
    pub effects: u64,
    /// Those whose version was the current one already.
    pub effects_repeated: u64,
    /// Those that replaced a record of a later `ThoiGianGui`.
    pub effects_out_of_order: u64,
    /// Breaches of the contract.
    pub violations: u64,
    /// The same by kind.
    pub violations_by_kind: BTreeMap<&'static str, u64>,
    /// Texts of the first ones; they hold no personal data.
    pub violation_texts: Vec<String>,
    /// Requests by operation.
    pub requests: BTreeMap<Operation, u64>,
    /// Requests to addresses that there are not.
    pub other_requests: u64,
    /// Records that were `changed`, `removed` or `added` by the side door.
    pub tampered: BTreeMap<&'static str, u64>,
    /// Batches stored.
    pub batches: u64,
    /// Batches that came again after they were stored.
    pub batches_again: u64,
    /// Batches seen that were never answered with results or a refusal, as far as the nation knows.
    pub batches_unsettled: u64,
    /// Requests that met a fault.
    pub faults_played: u64,
    /// Requests that will still meet one.
    pub faults_left: u64,
    /// What the two portals counted; their breaches are among the violations above.
    pub portals: BTreeMap<&'static str, PortalReport>,
}

/// What is held of one entity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Records present.
    pub records: u64,
    /// Those of them that are stopped or withdrawn.
    pub stopped: u64,
}

/// A record as it is held, in the contract's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordView {
    /// `MaThamChieu`.
    pub reference: String,
    /// `MaDoiTuong`.
    pub national: String,
    /// `PhienBan`.
    pub version: String,
    /// `TrangThai`.
    pub state: String,
    /// `DoiTuong` as JSON.
    pub document: String,
}

impl Nation {
    /// What was counted so far.
    pub fn report(&self) -> Report {
        let entities: BTreeMap<_, _> = self.books.iter().map(|book| (book.kind.entity.name, book.held())).collect();
        let all = || std::iter::once(&self.breaches).chain(self.portal_breaches());
        let mut violations_by_kind = BTreeMap::new();
        for (kind, count) in all().flat_map(|breaches| &breaches.by_kind) {
            *violations_by_kind.entry(*kind).or_default() += count;
        }
        let people = entities.get(BENEFICIARIES).copied().unwrap_or_default();
        Report {
            people: people.records - people.stopped,
            records: entities.values().map(|held| held.records).sum(),
            entities,
            effects: self.tally.effects,
            effects_repeated: self.tally.repeated,
            effects_out_of_order: self.tally.out_of_order,
            violations: all().map(|breaches| breaches.count).sum(),
            violations_by_kind,
            violation_texts: all().flat_map(|breaches| breaches.texts.clone()).collect(),
            requests: self.tally.requests.clone(),
            other_requests: self.tally.other_requests,
            tampered: self.tally.tampered.clone(),
            batches: self.tally.batches,
            batches_again: self.tally.batches_again,
            batches_unsettled: self
                .books
                .iter()
                .flat_map(|book| &book.batches)
                .filter(|batch| batch.knowledge != super::book::Knowledge::Told)
                .count() as u64,
            faults_played: self.faults.played,
            faults_left: self.faults.left(),
            portals: self.portal_reports(),
        }
    }

    /// Records of `doi-tuong` after a reference, by reference, at most so many.
    pub fn records(&self, after: Option<&str>, limit: usize) -> Vec<RecordView> {
        self.records_of(BENEFICIARIES, after, limit).unwrap_or_default()
    }

    /// The same of any entity; `None` if there is no such one.
    pub fn records_of(&self, entity: &str, after: Option<&str>, limit: usize) -> Option<Vec<RecordView>> {
        let book = &self.books[kind_of(entity)?.number];
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let held = book
            .index
            .range::<str, _>((from, Bound::Unbounded))
            .filter_map(|(reference, &entry)| book.written(entry).map(|written| (reference, entry, written)));
        let names: Vec<&str> = book.kind.fields.iter().map(|field| field.name()).collect();
        let records = held.take(limit).map(|(reference, entry, written)| {
            let mut json = Vec::with_capacity(1_024);
            document(&mut json, book.kind, written, &names);
            RecordView {
                reference: reference.to_string(),
                national: book.national_number(entry),
                version: hex(&written.version),
                state: written.state(book.kind).to_owned(),
                document: String::from_utf8(json).unwrap_or_default(),
            }
        });
        Some(records.collect())
    }

    /// The same as JSON, one record a line.
    pub(super) fn records_as_lines(&self, entity: &str, after: Option<&str>, limit: usize) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for record in self.records_of(entity, after, limit.min(10_000))? {
            out.push(b'{');
            for (name, value) in [
                ("MaThamChieu", &record.reference),
                ("MaDoiTuong", &record.national),
                ("PhienBan", &record.version),
                ("TrangThai", &record.state),
            ] {
                pair(&mut out, name, value);
                out.push(b',');
            }
            key(&mut out, "DoiTuong");
            out.extend_from_slice(record.document.as_bytes());
            out.extend_from_slice(b"}\n");
        }
        Some(out)
    }
}
