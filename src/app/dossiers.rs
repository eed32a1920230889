//! By which lists the clocks of an intake's dossiers are read.

use crate::codes::CodeLists;
use crate::config::{Config, IntakeConfig};
use crate::intake::clock_rules::{ClockLists, ClockRules};
use crate::model::Faults;

/// Reads them.
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
