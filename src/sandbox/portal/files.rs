//! The dossiers that a portal knows, and what a call does to them: all of it or nothing.

use std::collections::{BTreeMap, HashMap};

use super::json::Json;
use super::moves::is_back;

/// How dossiers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Only what is not known yet.
    Create,
    /// Only what is known.
    Update,
    /// Whichever it is.
    Replace,
}

/// One record of a call, well-formed.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub number: String,
    pub status: u8,
    /// When the step was; of a dossier 0.
    pub at: u64,
    /// Of the values by their names: the same content, the same number.
    pub print: u128,
    pub record: Json,
}

/// What stands in the way of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    Exists,
    Unknown,
    Back,
}

/// A step that was taken in.
#[derive(Debug)]
pub(super) struct Step {
    pub at: u64,
    pub status: u8,
    print: u128,
    /// Whether the one who sent it was told.
    told: bool,
}

/// A dossier.
#[derive(Debug)]
pub(super) struct Dossier {
    pub status: u8,
    pub steps: Vec<Step>,
    /// Not ours: the portal had it of somebody else.
    pub seeded: bool,
    pub record: Json,
    print: u128,
    newest: u64,
    writes: u32,
    stepped: bool,
    told: bool,
}

/// What was counted of effects.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Effects {
    pub all: u64,
    /// Came again, equal, though its sender had been told.
    pub repeated: u64,
    /// Came again, equal, after an outcome that its sender could not know: no breach.
    pub again: u64,
    /// Steps older than a newer one of the same dossier.
    pub late: u64,
}

#[derive(Debug, Default)]
pub(super) struct Files {
    pub all: BTreeMap<String, Dossier>,
    pub effects: Effects,
}

impl Files {
    /// Puts in a dossier that is not ours.
    pub(super) fn seed(&mut self, number: &str, status: u8, record: Json) {
        let seeded = Dossier {
            status,
            steps: Vec::new(),
            seeded: true,
            record,
            print: 0,
            newest: 0,
            writes: 0,
            stepped: false,
            told: true,
        };
        self.all.entry(number.to_owned()).or_insert(seeded);
    }

    /// The first thing that stands in the way of these dossiers.
    pub(super) fn against_dossiers<'e>(&self, mode: Mode, entries: &'e [Entry]) -> Option<(Obstacle, &'e str)> {
        let mut within: HashMap<&str, u8> = HashMap::new();
        entries.iter().find_map(|entry| {
            let known = self.all.get(&entry.number);
            let status = within.get(entry.number.as_str()).copied().or(known.map(|dossier| dossier.status));
            let obstacle = match (mode, status) {
                (Mode::Create, Some(_)) => Some(Obstacle::Exists),
                (Mode::Update, None) => Some(Obstacle::Unknown),
                (_, Some(status)) if is_back(status, entry.status) => Some(Obstacle::Back),
                _ => None,
            };
            within.insert(&entry.number, entry.status);
            obstacle.map(|obstacle| (obstacle, entry.number.as_str()))
        })
    }

    /// The first thing that stands in the way of these steps. An equal one never does.
    pub(super) fn against_steps<'e>(&self, entries: &'e [Entry]) -> Option<(Obstacle, &'e str)> {
        let mut within: HashMap<&str, u8> = HashMap::new();
        entries.iter().find_map(|entry| {
            let Some(dossier) = self.all.get(&entry.number) else {
                return Some((Obstacle::Unknown, entry.number.as_str()));
            };
            if dossier.steps.iter().any(|step| step.print == entry.print) {
                return None;
            }
            let status = within.insert(&entry.number, entry.status).unwrap_or(dossier.status);
            is_back(status, entry.status).then_some((Obstacle::Back, entry.number.as_str()))
        })
    }

    /// Writes dossiers against which nothing stands.
    pub(super) fn write(&mut self, entries: &[Entry], tells: bool) {
        for entry in entries {
            let Entry { number, status, print, record, .. } = entry;
            let effects = &mut self.effects;
            let Some(dossier) = self.all.get_mut(number) else {
                effects.all += 1;
                let (record, steps) = (record.clone(), Vec::new());
                let (status, print) = (*status, *print);
                let new = Dossier {
                    status,
                    steps,
                    seeded: false,
                    record,
                    print,
                    newest: 0,
                    writes: 1,
                    stepped: false,
                    told: tells,
                };
                self.all.insert(number.clone(), new);
                continue;
            };
            if dossier.print == *print && dossier.status == *status {
                // Its life may begin and end with the same words: created, then updated, or after its steps.
                if !dossier.told {
                    effects.again += 1;
                } else if dossier.writes > 1 && !dossier.stepped {
                    effects.repeated += 1;
                }
            } else {
                effects.all += 1;
                (dossier.status, dossier.print, dossier.record) = (*status, *print, record.clone());
            }
            // A repetition of the first write is still the first.
            dossier.writes += u32::from(dossier.told || dossier.stepped || dossier.writes == 0);
            (dossier.stepped, dossier.told) = (false, tells);
        }
    }

    /// Takes in steps against which nothing stands.
    pub(super) fn step(&mut self, entries: &[Entry], tells: bool) {
        for Entry { number, status, at, print, .. } in entries {
            let Some(dossier) = self.all.get_mut(number) else { continue };
            if let Some(known) = dossier.steps.iter_mut().find(|step| step.print == *print) {
                let counted = if known.told { &mut self.effects.repeated } else { &mut self.effects.again };
                *counted += 1;
                known.told |= tells;
                continue;
            }
            self.effects.all += 1;
            self.effects.late += u64::from(*at < dossier.newest);
            dossier.newest = dossier.newest.max(*at);
            (dossier.status, dossier.stepped) = (*status, true);
            dossier.steps.push(Step { at: *at, status: *status, print: *print, told: tells });
        }
    }

    /// The sender was told of these dossiers as they stand.
    pub(super) fn told(&mut self, number: &str) {
        if let Some(dossier) = self.all.get_mut(number) {
            dossier.told = true;
        }
    }
}
