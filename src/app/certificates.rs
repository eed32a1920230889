//! Certificates that run out: ours, as the file says, and those of the systems, as they were last shown. Told 30, 14, 7
//! and 1 day ahead, for a renewal takes an agency weeks and an expired one stops everything at once.

use std::collections::BTreeSet;

use super::App;
use crate::delivery::System;
use crate::model::Timestamp;
use crate::national::certificate;
use crate::store::{StoreError, certificates};

/// Whose certificate it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// The one that we show.
    Ours,
    /// The one that the system shows.
    Theirs,
}

impl Whose {
    /// The word in JSON and metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Theirs => "theirs",
        }
    }
}

/// A certificate and its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The system that it is for.
    pub system: String,
    /// Whose it is.
    pub whose: Whose,
    /// Its end.
    pub until: Timestamp,
    /// Whole days until then; negative once it is over.
    pub days: i64,
    /// 30, 14, 7, 1 or 0: how near it is; `None` for far.
    pub warning: Option<i64>,
}

/// Every certificate that is known of, once for each system.
pub async fn known(app: &App, now: Timestamp) -> Result<Vec<Known>, StoreError> {
    let mut all = Vec::new();
    for system in systems(app) {
        let of = |whose, until| Known {
            system: system.name.clone(),
            whose,
            until,
            days: certificate::days_left(until, now),
            warning: certificate::warning(until, now),
        };
        all.extend(ours(app, &system.name).map(|until| of(Whose::Ours, until)));
        let seen = match system.transport.certificate_until() {
            Some(until) => Some(until),
            None => certificates::seen(&mut app.store.read().await?, &system.name).await?,
        };
        all.extend(seen.map(|until| of(Whose::Theirs, until)));
    }
    Ok(all)
}

/// Keeps what this process saw, for those who ask later.
pub async fn keep(app: &App, now: Timestamp) -> Result<(), StoreError> {
    for system in systems(app) {
        let Some(until) = system.transport.certificate_until() else { continue };
        if certificates::seen(&mut app.store.read().await?, &system.name).await? == Some(until) {
            continue;
        }
        let mut tx = app.store.write().await?;
        certificates::note(&mut tx, &system.name, until, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn systems(app: &App) -> Vec<&System> {
    let mut met = BTreeSet::new();
    let streams = app.streams.iter().map(|stream| &*stream.system);
    streams.chain(app.intakes.iter().map(|intake| &*intake.system)).filter(|s| met.insert(s.name.clone())).collect()
}

/// The end of the certificate in the configured file, as it is now. One that cannot be read is the wire's to tell.
fn ours(app: &App, system: &str) -> Option<Timestamp> {
    let one = app.config.system.iter().find(|one| one.name == system)?;
    let pem = std::fs::read(app.config.path(one.client_cert_file.as_ref()?)).ok()?;
    certificate::pem_valid_until(&pem)
}
