//! The list of public holidays: `code` is the day, `kind` says whether it is off or a weekend that is worked on.

use super::CodeList;
use crate::model::{Fault, Faults, WorkingDays};

/// Reads it; the first mistake is told at its line.
pub fn working_days(list: &CodeList) -> Result<WorkingDays, Faults> {
    let wrong = |line, why: &str| Faults::from(Fault::at(list.file(), line, why));
    let kind = list.column("kind");
    let mut days = WorkingDays::default();
    for entry in list.entries() {
        let day = entry.code.parse().map_err(|_| wrong(entry.line, "mã phải là ngày yyyy-MM-dd / must be a date"))?;
        match kind.map(|kind| entry.extra(kind)) {
            Some("off") => days.off.insert(day),
            Some("working") => days.working.insert(day),
            _ => return Err(wrong(entry.line, "kind: chỉ off, working / must be off or working")),
        };
    }
    Ok(days)
}
