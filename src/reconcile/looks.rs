//! What is done with a page: the first look notes what seems to differ, the second opens what still does.

use std::collections::{HashMap, HashSet};

use super::missing::Coverage;
use super::sides::{Says, Sides, not_there, there};
use super::{ReconcileError, Round};
use crate::mismatch::{self, Right};
use crate::model::{Action, ContentHash};
use crate::national::{ListPage, ListedRecord};
use crate::store::believed::{self, Known};
use crate::store::listed::{self, Suspect};
use crate::store::mismatch::Draft;
use crate::store::{StoreError, Tx, outbox};

/// The first look.
pub(super) const FIRST: i64 = 1;
/// The second.
pub(super) const SECOND: i64 = 2;

/// What a suspect was, in the store.
pub(super) const DIFFERS: &str = "differs";
pub(super) const MISSING_THERE: &str = "missing-there";
const MISSING_HERE: &str = "missing-here";

/// What is known of the records of a page.
struct Background {
    known: HashMap<String, Known>,
    moving: HashSet<String>,
    /// Of those that were put right for a decision: what of them is unsent.
    waits: HashSet<String>,
    accepted: HashMap<(String, Action), String>,
}

impl Round<'_> {
    pub(super) fn sides(&self) -> Sides<'_> {
        Sides {
            profile: &self.subject.system.profile,
            authority: &self.subject.authority,
            decisions: &self.subject.decisions,
            entity: &self.subject.entity,
            today: self.clock.now().day(),
        }
    }

    /// One page in one transaction.
    pub(super) async fn met(&mut self, tx: &mut Tx, look: i64, page: &ListPage) -> Result<(), ReconcileError> {
        // A record that is on a page twice counts once.
        let mut once = HashSet::new();
        let records: Vec<&ListedRecord> =
            page.records.iter().filter(|record| once.insert(record.reference.as_str())).collect();
        for part in records.chunks(500) {
            if look == FIRST { self.first(tx, part).await? } else { self.second(tx, part).await? }
        }
        Ok(())
    }

    async fn background(&self, tx: &mut Tx, records: &[&ListedRecord]) -> Result<Background, StoreError> {
        let keys: Vec<&str> = records.iter().map(|record| record.reference.as_str()).collect();
        let known = believed::known(tx, self.stream, &keys).await?;
        let moving = believed::moving(tx, self.stream, &keys).await?;
        let put_right: Vec<&str> = known
            .iter()
            .filter(|(_, known)| known.confirmed.is_some() && known.receipt.is_empty())
            .map(|(key, _)| key.as_str())
            .collect();
        let waits = outbox::waits(tx, self.stream, &put_right).await?.into_keys().collect();
        let sides = self.sides();
        let unclear: Vec<&str> = records
            .iter()
            .filter(|record| known.get(&record.reference).is_some_and(|known| !sides.is_plain(record, known)))
            .map(|record| record.reference.as_str())
            .collect();
        let accepted = believed::accepted(tx, self.stream, &unclear).await?;
        Ok(Background { known, moving, waits, accepted })
    }

    async fn first(&mut self, tx: &mut Tx, records: &[&ListedRecord]) -> Result<(), ReconcileError> {
        let keys: Vec<&str> = records.iter().map(|record| record.reference.as_str()).collect();
        // Rows shift between pages while records come and go.
        let seen = listed::seen(tx, self.stream, self.id, &keys).await?;
        let records: Vec<&ListedRecord> =
            records.iter().filter(|record| !seen.contains(&record.reference)).copied().collect();
        let back = self.background(tx, &records).await?;
        let (mut rows, mut agree, mut suspects) = (Vec::new(), Vec::new(), Vec::new());
        let (mut found, sides) = (self.found.clone(), self.sides());
        for record in records {
            rows.push(self.row(record));
            let key = record.reference.as_str();
            let known = back.known.get(key);
            // Without a receipt the ledger was put right for a decision: ours goes again with the next scan, or once it is no
            // longer held, unless that scan found nothing to send.
            let put_right = |known: &&Known| known.confirmed.is_some() && known.receipt.is_empty();
            let goes = |known: &Known| known.is_due() || back.waits.contains(key);
            let goes_again = known.filter(put_right).is_some_and(goes);
            if goes_again || back.moving.contains(key) {
                found.moving += 1;
                continue;
            }
            found.compared += 1;
            let suspect = |what: &str, known: Option<&Known>| Suspect {
                key: key.to_owned(),
                what: what.to_owned(),
                receipt: known.map(|known| known.receipt.clone()).unwrap_or_default(),
                unit: known.map(|known| known.unit.clone()).unwrap_or_default(),
                unit_there: record.unit.clone(),
            };
            let Some(ours) = known.filter(|known| known.confirmed.is_some()) else {
                suspects.push(suspect(MISSING_HERE, known));
                continue;
            };
            match sides.lay(record, ours, &back.accepted) {
                says @ (Says::Agree | Says::AgreeOtherwise | Says::AgreeProbably) => {
                    found.agree += 1;
                    found.agree_otherwise += u64::from(says == Says::AgreeOtherwise);
                    found.agree_probably += u64::from(says == Says::AgreeProbably);
                    agree.push(key);
                }
                Says::Differ(_) => suspects.push(suspect(DIFFERS, known)),
                Says::NoContent => found.cannot_compare += 1,
            }
        }
        self.found = found;
        listed::keep(tx, self.stream, self.id, &rows).await?;
        listed::suspect(tx, self.stream, self.id, &suspects).await?;
        self.agree(tx, &agree).await?;
        Ok(())
    }

    async fn second(&mut self, tx: &mut Tx, records: &[&ListedRecord]) -> Result<(), ReconcileError> {
        let keys: Vec<&str> = records.iter().map(|record| record.reference.as_str()).collect();
        let suspects = listed::suspects_of(tx, self.stream, self.id, &keys).await?;
        if suspects.is_empty() {
            return Ok(());
        }
        let suspects: HashMap<&str, &Suspect> = suspects.iter().map(|one| (one.key.as_str(), one)).collect();
        let records: Vec<&ListedRecord> =
            records.iter().filter(|record| suspects.contains_key(record.reference.as_str())).copied().collect();
        let back = self.background(tx, &records).await?;
        let keys: Vec<&str> = records.iter().map(|record| record.reference.as_str()).collect();
        let waits = outbox::waits(tx, self.stream, &keys).await?;
        let (mut drafts, mut agree) = (Vec::new(), Vec::new());
        let (mut found, sides) = (self.found.clone(), self.sides());
        for record in records {
            let key = record.reference.as_str();
            let (known, suspect) = (back.known.get(key), suspects[key]);
            let receipt = known.map(|known| known.receipt.as_str()).unwrap_or_default();
            if back.moving.contains(key) || receipt != suspect.receipt {
                found.moving += 1;
                continue;
            }
            let Some(ours) = known.filter(|known| known.confirmed.is_some()) else {
                drafts.push(sides.not_ours(record, known, waits.contains_key(key)));
                continue;
            };
            match sides.lay(record, ours, &back.accepted) {
                Says::Agree | Says::AgreeOtherwise | Says::AgreeProbably => {
                    found.agree += 1;
                    found.compared += u64::from(suspect.what == MISSING_THERE);
                    agree.push(key);
                }
                // It was not on the page where it should have been, so this is the first look at it.
                Says::Differ(_) if suspect.what == MISSING_THERE => found.moving += 1,
                Says::Differ(told) => {
                    let unit = if ours.unit.is_empty() { &record.unit } else { &ours.unit };
                    drafts.extend(told.into_iter().map(|one| one.draft(key, unit, there(record, known))));
                }
                Says::NoContent => found.cannot_compare += 1,
            }
        }
        self.found = found;
        listed::tick(tx, self.stream, &keys).await?;
        self.open(tx, drafts).await?;
        self.agree(tx, &agree).await?;
        Ok(())
    }

    fn row(&self, record: &ListedRecord) -> listed::Row {
        let person = self.subject.authority.person(&self.subject.entity, &record.content);
        let stopped = record.stopped || person.as_ref().is_some_and(|person| !person.runs);
        let person = person.unwrap_or_default();
        listed::Row {
            key: record.reference.clone(),
            version: record.version.unwrap_or(ContentHash([0; 32])),
            unit: record.unit.clone(),
            stopped,
            national_id: record.national_id.clone(),
            person: person.person,
            earlier: person.earlier,
            group: Some(person.group),
        }
    }

    /// Opens what was found, all of a key at once.
    pub(super) async fn open(&mut self, tx: &mut Tx, drafts: Vec<(Draft, Right)>) -> Result<(), StoreError> {
        let records: HashSet<&str> = drafts.iter().map(|(draft, _)| draft.key.as_str()).collect();
        self.found.records_differing += u64::try_from(records.len()).unwrap_or(0);
        for (draft, _) in &drafts {
            self.found.differs(draft.kind);
        }
        if self.wanted.dry_run || drafts.is_empty() {
            return Ok(());
        }
        mismatch::found(tx, self.stream, self.id, self.clock.now(), &drafts).await
    }

    /// Closes what is over.
    pub(super) async fn agree(&self, tx: &mut Tx, keys: &[&str]) -> Result<(), StoreError> {
        if self.wanted.dry_run || keys.is_empty() {
            return Ok(());
        }
        mismatch::agree(tx, self.stream, self.clock.now(), keys).await
    }

    /// Suspects that the second look did not meet: what is still missing is a mismatch, the rest has moved.
    pub(super) async fn not_met(
        &mut self,
        tx: &mut Tx,
        left: &[Suspect],
        again: &Coverage,
    ) -> Result<(), ReconcileError> {
        let keys: Vec<&str> = left.iter().map(|suspect| suspect.key.as_str()).collect();
        let known = believed::known(tx, self.stream, &keys).await?;
        let moving = believed::moving(tx, self.stream, &keys).await?;
        let mut drafts = Vec::new();
        for suspect in left {
            let ours = known.get(&suspect.key).filter(|known| known.confirmed.is_some());
            match ours {
                Some(ours)
                    if suspect.what == MISSING_THERE
                        && ours.receipt == suspect.receipt
                        && !moving.contains(&suspect.key) =>
                {
                    // Of an incomplete listing nothing is concluded; it has its alarm.
                    if again.is_complete(&suspect.unit) {
                        drafts.push(not_there(&self.subject.decisions, &suspect.key, ours));
                    }
                }
                _ => self.found.moving += 1,
            }
        }
        self.found.compared += u64::try_from(drafts.len()).unwrap_or(0);
        listed::tick(tx, self.stream, &keys).await?;
        self.open(tx, drafts).await?;
        Ok(())
    }
}
