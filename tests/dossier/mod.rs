//! Citizens' applications once they are in the store: clocks, verbs, files.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

mod any_order;
mod attachments;
mod clock;
mod desk;
mod host;
mod settled;
mod verbs;

use std::path::Path;

use molisa_gateway::codes::CodeLists;
use molisa_gateway::intake::clock_rules::{ClockLists, ClockRules};

/// The lists that ship.
pub fn rules() -> ClockRules {
    let names =
        ClockLists { limits: "time-limits", holidays: "holidays", statuses: "dossier-clock", moves: "dossier-moves" };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings/codes");
    ClockRules::read(&mut CodeLists::new(&folder), names, 2).unwrap_or_else(|faults| panic!("{faults}"))
}
