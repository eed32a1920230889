//! The clocks of applications as they stand in the store, a chunk at a time.

use std::collections::HashMap;

use super::clock::{Dossier, Reading};
use super::clock_rules::ClockRules;
use super::course::Step;
use crate::model::Timestamp;
use crate::store::dossiers::{self, Found};
use crate::store::{StoreError, Tx};

/// Reads the clocks of these applications, which came by one intake from a system.
pub async fn read(
    tx: &mut Tx,
    system: &str,
    rules: &ClockRules,
    found: &[&Found],
    now: Timestamp,
) -> Result<Vec<Reading>, StoreError> {
    let numbers: Vec<&str> = found.iter().map(|one| one.number.as_str()).collect();
    let mut steps: HashMap<String, Vec<Step>> = HashMap::new();
    for step in dossiers::steps(tx, system, &numbers).await? {
        let of = steps.entry(step.lane).or_default();
        of.push(Step { at: step.lane_at, key: step.key, status: step.status });
    }
    let today = now.day();
    let read = |one: &&Found| {
        let dossier = Dossier {
            procedure: one.procedure.clone(),
            received_at: one.received_at.clone(),
            filed_at: one.filed_at.clone(),
            seen_at: Timestamp(one.first_ms).wire(),
            steps: steps.get(&one.number).cloned().unwrap_or_default(),
            portal: (!one.status.is_empty()).then(|| (one.status.clone(), Timestamp(one.changed_ms).wire())),
        };
        dossier.read(rules, today)
    };
    Ok(found.iter().map(read).collect())
}
