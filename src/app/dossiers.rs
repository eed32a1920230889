//! What the verbs about applications need of the configuration, without any source or portal.

use super::AppError;
use crate::codes::CodeLists;
use crate::config::{Config, IntakeConfig, SystemConfig};
use crate::intake::clock_rules::{ClockLists, ClockRules};
use crate::intake::judge::Judge;
use crate::intake::matching::{self, Match};
use crate::mapping::Mapping;
use crate::model::{Application, Faults, Timestamp};
use crate::store::dossiers::Found;
use crate::store::routed::Values;
use crate::store::{Tx, inbox, routed};

/// Whom the ledger knows now that may be the applicant: what was found when it came may have died since then. `None` where
/// nobody can be looked for, as the application does not say who it is.
pub async fn matches(
    config: &Config,
    intake: &IntakeConfig,
    tx: &mut Tx,
    found: &Found,
    now: Timestamp,
) -> Result<Option<Vec<Match>>, AppError> {
    let profile = config.system.iter().find(|s| s.name == intake.system);
    let profile = profile.map_or(intake.system.as_str(), SystemConfig::profile);
    let mapping = Mapping::load(&config.mappings(), profile, &intake.entity)?;
    let body = inbox::body(tx, (found.id, found.version)).await?;
    let Some(application) = body.and_then(|body| Application::read(&body)) else { return Ok(None) };
    let (decided, none) = (routed::decisions(tx, &[found.id]).await?, Values::new());
    let judge = Judge { mapping: &mapping, today: now.day() };
    let verdict = judge.judge(&application, decided.get(&found.id).unwrap_or(&none));
    Ok(match verdict.said {
        Some(said) => Some(matching::of(tx, &said).await?),
        None => None,
    })
}

/// By which lists the clocks of an intake's dossiers are read.
pub fn clock_rules(config: &Config, intake: &IntakeConfig) -> Result<ClockRules, Faults> {
    let limits = &intake.limits;
    let names = ClockLists {
        limits: &limits.list,
        holidays: &limits.holidays,
        statuses: &limits.statuses,
        moves: &limits.moves,
    };
    ClockRules::read(&mut CodeLists::new(&config.mappings().join("codes")), names, limits.at_risk_days)
}
