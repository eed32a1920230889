//! One application from its arrival to the returned result, in order of time. Pure: rows of the store in, events out.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use serde::Serialize;
use serde_json::Value;

use crate::model::Timestamp;
use crate::store::dossier_story::{Decided, Exchanged, File, Up, Version};
use crate::store::dossiers::Found;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Happened {
    /// The citizen filed it.
    Filed,
    /// The office received it.
    Received,
    /// A version came.
    Version {
        /// Which version.
        version: i64,
        /// Its state.
        state: String,
        /// What differs from the one before.
        differences: Value,
        /// The exchange's id.
        exchange_id: String,
    },
    /// A person decided.
    Decided {
        /// Who.
        who: String,
        /// Why.
        reason: String,
        /// What was laid over.
        values: Value,
    },
    /// The local system has it.
    Handed {
        /// Which version.
        version: i64,
        /// What the local system gave back.
        receipt: String,
    },
    /// It could not be handed over as yet.
    NotHanded {
        /// Which version.
        version: i64,
        /// How often it was tried.
        attempts: i64,
        /// Why it is not there.
        why: String,
    },
    /// A file that it names.
    File {
        /// Its state.
        state: String,
        /// Its name.
        name: String,
        /// As the portal gave it.
        address: String,
        /// Its size.
        bytes: i64,
        /// How often it was tried.
        attempts: i64,
        /// Why it is not there.
        why: String,
    },
    /// The office took a step; `state` says how far it is on its way up.
    Step {
        /// The system.
        system: String,
        /// The stream.
        stream: String,
        /// The record's key.
        key: String,
        /// With which status it goes.
        status: String,
        /// Its state.
        state: String,
    },
    /// The dossier itself, opened or as it stands, on its way up.
    Dossier {
        /// The system.
        system: String,
        /// The stream.
        stream: String,
        /// The record's key.
        key: String,
        /// With which status it goes.
        status: String,
        /// Its state.
        state: String,
    },
    /// An exchange with a system: what it carried of this dossier, and what came back.
    Exchange {
        /// The system.
        system: String,
        /// What was asked.
        operation: String,
        /// The keys of what it carried of this dossier.
        carried: Vec<String>,
        /// HTTP status.
        http: Option<i64>,
        /// What was made of the answer.
        verdict: String,
        /// When the answer was there.
        ended_ms: Option<i64>,
        /// The exchange's id.
        exchange_id: String,
    },
}

/// Something with its time; what has none yet stands at the end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// When, in milliseconds.
    pub at_ms: Option<i64>,
    /// What.
    #[serde(flatten)]
    pub what: Happened,
}

/// All that the store has of one dossier.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// The application; none for a dossier that was filed at the counter.
    pub application: Option<Found>,
    /// Its versions.
    pub versions: Vec<Version>,
    /// What was decided about it.
    pub decisions: Vec<Decided>,
    /// Its files.
    pub files: Vec<File>,
    /// What of it goes up.
    pub up: Vec<Up>,
    /// The exchanges, up and down.
    pub exchanges: Vec<Exchanged>,
}

/// The moment of a time `yyyyMMddHHmmss`.
fn moment(at: &str) -> Option<i64> {
    let at = DateTime::strptime("%Y%m%d%H%M%S", at).ok()?;
    Timestamp::from_vietnam(at).map(|at| at.0)
}

/// JSON as it stands in the store; a text where it is none.
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

impl Parts {
    /// The events in order of time; what happened at one moment stays in the order of this program's work.
    pub fn timeline(&self) -> Vec<Event> {
        let mut events = Vec::new();
        if let Some(found) = &self.application {
            for (at, what) in [(&found.filed_at, Happened::Filed), (&found.received_at, Happened::Received)] {
                events.extend(moment(at).map(|at| Event { at_ms: Some(at), what }));
            }
        }
        events.extend(self.exchanged());
        events.extend(self.versions.iter().rev().flat_map(of_version));
        events.extend(self.decisions.iter().rev().map(|decided| Event {
            at_ms: Some(decided.at_ms),
            what: Happened::Decided {
                who: decided.who.clone(),
                reason: decided.reason.clone(),
                values: json(&decided.values_json),
            },
        }));
        events.extend(self.files.iter().map(of_file));
        events.extend(self.up.iter().rev().map(|up| self.of_up(up)));
        events.sort_by_key(|event| event.at_ms.unwrap_or(i64::MAX));
        events
    }

    fn of_up(&self, up: &Up) -> Event {
        let (system, stream, key) = (up.system.clone(), up.stream.clone(), up.key.clone());
        let (status, state) = (up.status.clone(), up.state.clone());
        let at_ms = moment(&up.lane_at);
        if at_ms.is_some() || !up.lane_at.is_empty() {
            return Event { at_ms, what: Happened::Step { system, stream, key, status, state } };
        }
        // It has no time of its own but that of its first attempt.
        let at_ms = self.exchanges.iter().filter(|e| e.outbox_id == up.id).map(|e| e.at_ms).min();
        Event { at_ms, what: Happened::Dossier { system, stream, key, status, state } }
    }

    /// One event an exchange: its two entries, and all that it carried, stand together.
    fn exchanged(&self) -> Vec<Event> {
        let mut all: BTreeMap<&str, Vec<&Exchanged>> = BTreeMap::new();
        for entry in &self.exchanges {
            all.entry(&entry.exchange_id).or_default().push(entry);
        }
        let keys: BTreeMap<i64, &str> = self.up.iter().map(|up| (up.id, up.key.as_str())).collect();
        let one = |(id, entries): (&str, Vec<&Exchanged>)| {
            let opened = entries.iter().copied().min_by_key(|e| (e.entry != "opened", e.at_ms))?;
            let closed = entries.iter().find(|e| e.entry == "closed");
            let mut carried: Vec<String> =
                entries.iter().filter_map(|e| keys.get(&e.outbox_id)).map(|&key| key.to_owned()).collect();
            carried.sort();
            carried.dedup();
            Some(Event {
                at_ms: Some(opened.at_ms),
                what: Happened::Exchange {
                    system: opened.system.clone(),
                    operation: opened.operation.clone(),
                    carried,
                    http: closed.and_then(|e| e.status),
                    verdict: closed.map(|e| e.verdict.clone()).unwrap_or_default(),
                    ended_ms: closed.map(|e| e.at_ms),
                    exchange_id: id.to_owned(),
                },
            })
        };
        all.into_iter().filter_map(one).collect()
    }
}

/// Its arrival, and what became of its hand-over.
fn of_version(version: &Version) -> impl Iterator<Item = Event> {
    let came = Event {
        at_ms: Some(version.at_ms),
        what: Happened::Version {
            version: version.version,
            state: version.state.clone(),
            differences: json(&version.differences),
            exchange_id: version.exchange_id.clone(),
        },
    };
    let handed = match (version.handed_ms, version.attempts) {
        (Some(at), _) => {
            let what = Happened::Handed { version: version.version, receipt: version.receipt.clone() };
            Some(Event { at_ms: Some(at), what })
        }
        (None, 1..) => {
            let (version, attempts, why) = (version.version, version.attempts, version.why.clone());
            Some(Event { at_ms: None, what: Happened::NotHanded { version, attempts, why } })
        }
        _ => None,
    };
    std::iter::once(came).chain(handed)
}

fn of_file(file: &File) -> Event {
    Event {
        at_ms: Some(file.stored_ms.unwrap_or(file.first_ms)),
        what: Happened::File {
            state: file.state.clone(),
            name: file.name.clone(),
            address: file.address.clone(),
            bytes: file.bytes,
            attempts: file.attempts,
            why: file.why.clone(),
        },
    }
}
