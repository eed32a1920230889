//! The intakes: each with its portal and its mapping down.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::{App, PATIENCE};
use crate::config::{Config, IntakeConfig, SystemConfig};
use crate::delivery::System;
use crate::intake::{Intake, Rhythm};
use crate::mapping::Mapping;
use crate::model::{Fault, Faults};
use crate::source::Source;

impl App {
    /// The intake of this name; all where none is named.
    pub fn intakes_of(&self, name: Option<&str>) -> Result<Vec<&Intake>, Faults> {
        let found: Vec<&Intake> = self.intakes.iter().filter(|i| name.is_none_or(|n| i.name == n)).collect();
        if !found.is_empty() {
            return Ok(found);
        }
        let known: Vec<&str> = self.intakes.iter().map(|i| i.name.as_str()).collect();
        let message = match name {
            Some(name) => {
                format!("không có [[intake]] '{name}'; đang có: {} / there is no such intake", known.join(", "))
            }
            None => "gateway.toml chưa có [[intake]] nào / gateway.toml has no [[intake]]".to_owned(),
        };
        Err(Fault::of("gateway.toml", message).into())
    }
}

/// Builds them; all mistakes are told.
pub(super) async fn intakes(file: &Path, config: &Config, systems: &[Arc<System>]) -> Result<Vec<Intake>, Faults> {
    let (mut intakes, mut faults) = (Vec::new(), Vec::new());
    for one in &config.intake {
        match intake(file, config, one, systems).await {
            Ok(intake) => intakes.extend(intake),
            Err(told) => faults.extend(told.0),
        }
    }
    if faults.is_empty() { Ok(intakes) } else { Err(Faults(faults)) }
}

/// The source of the local system's own numbers; the configuration was checked for its name.
async fn numbers(file: &Path, config: &Config, one: &IntakeConfig) -> Result<Option<Source>, Fault> {
    let Some(named) = config.source.iter().find(|s| Some(&s.name) == one.numbers.as_ref()) else { return Ok(None) };
    let opened = Source::open(&config.source_settings(named), &config.base).await;
    opened.map(Some).map_err(|e| Fault::of(file, format!("nguồn '{}': {e}", named.name)))
}

/// `None` where the portal's own faults were told already.
async fn intake(
    file: &Path,
    config: &Config,
    one: &IntakeConfig,
    systems: &[Arc<System>],
) -> Result<Option<Intake>, Faults> {
    let profile =
        config.system.iter().find(|s| s.name == one.system).map_or(one.system.as_str(), SystemConfig::profile);
    let mapping = Mapping::load(&config.mappings(), profile, &one.entity)?;
    let Some(system) = systems.iter().find(|s| s.name == one.system) else { return Ok(None) };
    if system.profile.pull().is_none() {
        let message = format!(
            "[[intake]] '{}': hồ sơ hệ thống '{profile}' không có [pull] / the profile has no [pull]",
            one.name
        );
        return Err(Fault::of(file, message).into());
    }
    let fields: Vec<String> = mapping.layout().names().iter().map(ToString::to_string).collect();
    let local = super::hand_over::open(file, config, one, &fields);
    let files = super::attachments::open(file, config, one);
    let numbers = numbers(file, config, one).await.map_err(Faults::from);
    let clock = super::dossiers::clock_rules(config, one);
    let (local, files, numbers, clock) = match (local, files, numbers, clock) {
        (Ok(local), Ok(files), Ok(numbers), Ok(clock)) => (local, files, numbers, clock),
        (local, files, numbers, clock) => {
            let told = [local.err(), files.err(), numbers.err(), clock.err()];
            return Err(Faults(told.into_iter().flatten().flat_map(|f| f.0).collect()));
        }
    };
    let milliseconds = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    Ok(Some(Intake {
        name: one.name.clone(),
        system: Arc::clone(system),
        mapping: Arc::new(mapping),
        rhythm: Rhythm {
            start: one.start,
            overlap_ms: milliseconds(one.overlap.0),
            reread_days: one.reread_days,
            longest_ms: milliseconds(one.window.0),
        },
        local: Some(local),
        numbers,
        files,
        clock: Some(clock),
        patience: one.patience.map_or(PATIENCE, |p| p.0),
    }))
}
