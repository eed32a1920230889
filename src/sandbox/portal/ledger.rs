//! What a portal counted, what it holds, and the dossiers that others put there.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::{Deserialize, Serialize};

use super::json::Json;
use super::{Portal, moves};
use crate::sandbox::answer::{key, pair, text};
use crate::sandbox::breach::Breaches;
use crate::sandbox::control::Rule;
use crate::sandbox::faults::{Operation, System};
use crate::sandbox::nation::Nation;

/// What was counted beside effects.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub requests: BTreeMap<Operation, u64>,
    pub existed: u64,
    pub unknown_numbers: u64,
    pub status_backs: u64,
    pub pulls: u64,
}

/// What one portal counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PortalReport {
    /// Dossiers known.
    pub dossiers: u64,
    /// Those of them that somebody else put there.
    pub seeded: u64,
    /// Steps taken in.
    pub steps: u64,
    /// Dossiers by their present status.
    pub statuses: BTreeMap<u8, u64>,
    /// Dossiers and steps that changed something.
    pub effects: u64,
    /// Equal ones that came again although their sender had been told.
    pub effects_repeated: u64,
    /// Equal ones that came again after an unknown outcome, as they should.
    pub sent_again: u64,
    /// The next two together.
    pub effects_out_of_order: u64,
    /// Steps older than a newer one of the same dossier, taken in all the same.
    pub late_steps: u64,
    /// Steps back, refused.
    pub status_backs: u64,
    /// Creates of a number that was known, refused.
    pub existed: u64,
    /// Steps or updates of a number that was not known, refused.
    pub unknown_numbers: u64,
    /// Breaches of the contract.
    pub violations: u64,
    /// The same by rule.
    pub violations_by_kind: BTreeMap<&'static str, u64>,
    /// Requests by operation.
    pub requests: BTreeMap<Operation, u64>,
    /// Applications that citizens filed.
    pub applications: u64,
    /// Different bodies of them.
    pub application_versions: u64,
    /// Those of these that stood in an answer that arrived.
    pub application_versions_given: u64,
    /// Pulls that were processed.
    pub pulls: u64,
    /// Their attachments.
    pub attachments: AttachmentsReport,
}

/// What was fetched of attachments.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct AttachmentsReport {
    /// Requests.
    pub requests: u64,
    /// Different addresses of which something was given.
    pub paths: u64,
    /// Parts given from a byte on.
    pub resumed: u64,
    /// Bytes given.
    pub bytes: u64,
    /// Those of them that had been given to the end before.
    pub repeated: u64,
}

/// A step as it was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepView {
    /// When it was, `yyyyMMddHHmmss`.
    pub at: String,
    /// Its status.
    pub status: u8,
}

/// A dossier as a portal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DossierView {
    /// `MaHoSo`.
    pub number: String,
    /// Its present status.
    pub status: u8,
    /// Whether somebody else put it there.
    pub seeded: bool,
    /// Its steps in the order in which they came.
    pub steps: Vec<StepView>,
}

/// Dossiers that a portal had before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::sandbox) struct Seed {
    pub system: System,
    #[serde(rename = "MaHoSo")]
    number: String,
    #[serde(rename = "TrangThai")]
    status: String,
    /// Other values.
    #[serde(default, rename = "HoSo")]
    fields: BTreeMap<String, String>,
}

impl Portal {
    fn report(&self) -> PortalReport {
        let dossiers = || self.files.all.values();
        let versions = || self.applications.after(None, usize::MAX).map(|(_, one)| one.counts());
        let mut statuses = BTreeMap::new();
        for dossier in dossiers() {
            *statuses.entry(dossier.status).or_default() += 1;
        }
        let (effects, tally) = (self.files.effects, &self.tally);
        PortalReport {
            dossiers: self.files.all.len() as u64,
            seeded: dossiers().filter(|dossier| dossier.seeded).count() as u64,
            steps: dossiers().map(|dossier| dossier.steps.len() as u64).sum(),
            statuses,
            effects: effects.all,
            effects_repeated: effects.repeated,
            sent_again: effects.again,
            effects_out_of_order: effects.late + tally.status_backs,
            late_steps: effects.late,
            status_backs: tally.status_backs,
            existed: tally.existed,
            unknown_numbers: tally.unknown_numbers,
            violations: self.breaches.count,
            violations_by_kind: self.breaches.by_kind.clone(),
            requests: tally.requests.clone(),
            applications: self.applications.len(),
            application_versions: versions().map(|(all, ..)| all).sum(),
            application_versions_given: versions().map(|(_, given, _)| given).sum(),
            pulls: tally.pulls,
            attachments: AttachmentsReport {
                requests: self.attachments.requests,
                paths: self.attachments.paths(),
                resumed: self.attachments.resumed,
                bytes: self.attachments.bytes,
                repeated: self.attachments.repeated,
            },
        }
    }

    pub(in crate::sandbox) fn rule(&mut self, number: &str, rule: Option<Rule>) {
        match rule {
            Some(rule) => self.rules.insert(number.to_owned(), rule),
            None => self.rules.remove(number),
        };
    }

    pub(in crate::sandbox) fn rules(&self) -> usize {
        self.rules.len()
    }

    pub(in crate::sandbox) fn oversized(&mut self) {
        let name = self.name();
        self.breaches.add("envelope", || format!("{name} a body far beyond 5,000,000 bytes"));
    }

    fn dossiers(&self, after: Option<&str>, limit: usize) -> Vec<DossierView> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let held = self.files.all.range::<str, _>((from, Bound::Unbounded)).take(limit);
        held.map(|(number, dossier)| DossierView {
            number: number.clone(),
            status: dossier.status,
            seeded: dossier.seeded,
            steps: dossier
                .steps
                .iter()
                .map(|step| StepView { at: format!("{:014}", step.at), status: step.status })
                .collect(),
        })
        .collect()
    }
}

impl Nation {
    pub(in crate::sandbox) fn portal_reports(&self) -> BTreeMap<&'static str, PortalReport> {
        self.portals.all().into_iter().map(|portal| (portal.name(), portal.report())).collect()
    }

    pub(in crate::sandbox) fn portal_breaches(&self) -> [&Breaches; 2] {
        self.portals.all().map(|portal| &portal.breaches)
    }

    /// Dossiers of a portal after a number, by number, at most so many; `None` if the system is no portal.
    pub fn dossiers(&self, system: System, after: Option<&str>, limit: usize) -> Option<Vec<DossierView>> {
        let portal = self.portals.all().into_iter().find(|portal| portal.system == system)?;
        Some(portal.dossiers(after, limit))
    }

    /// The same as JSON, one dossier a line.
    pub(in crate::sandbox) fn dossiers_as_lines(
        &self,
        system: System,
        after: Option<&str>,
        limit: usize,
    ) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for dossier in self.dossiers(system, after, limit.min(10_000))? {
            out.push(b'{');
            pair(&mut out, "MaHoSo", &dossier.number);
            out.push(b',');
            pair(&mut out, "TrangThai", &dossier.status.to_string());
            out.extend_from_slice(if dossier.seeded { b",\"seeded\":true," } else { b",\"seeded\":false," });
            key(&mut out, "steps");
            out.push(b'[');
            for (at, step) in dossier.steps.iter().enumerate() {
                out.extend_from_slice(if at > 0 { b",[" } else { b"[" });
                text(&mut out, &step.at);
                out.push(b',');
                text(&mut out, &step.status.to_string());
                out.push(b']');
            }
            out.extend_from_slice(b"]}\n");
        }
        Some(out)
    }

    /// Puts a dossier into a portal that is not ours: with its number and status, and other values.
    pub fn seed(
        &mut self,
        system: System,
        number: &str,
        status: u8,
        fields: &[(&str, &str)],
    ) -> Result<(), &'static str> {
        let seed = Seed {
            system,
            number: number.to_owned(),
            status: status.to_string(),
            fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        };
        self.plant(seed)
    }

    pub(in crate::sandbox) fn plant(&mut self, seed: Seed) -> Result<(), &'static str> {
        let Seed { system, number, status, fields } = seed;
        let portal = self.portals.of(system).ok_or("no such portal")?;
        let status = moves::status(&status).filter(|_| !number.is_empty()).ok_or("no number, or not a status")?;
        let record = fields.into_iter().map(|(name, value)| (name, Json::Text(value))).collect();
        portal.files.seed(&number, status, Json::Object(record));
        Ok(())
    }
}
