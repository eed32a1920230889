//! One catalogue of units: what a code or a name means in it, below the unit above.

use std::sync::Arc;

use jiff::civil::Date;

use crate::codes::{By, CodeList, Entry, fold};

/// More candidates than this help nobody.
const MAX_CANDIDATES: usize = 10;

/// One catalogue.
#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) code: String,
    pub(super) list: Arc<CodeList>,
    /// The list's column of that name.
    pub(super) parent: usize,
    /// It has districts.
    pub(super) deep: bool,
    pub(super) from: Option<Date>,
    pub(super) to: Option<Date>,
}

/// Why a unit was not understood.
pub(super) struct Unfound {
    pub(super) detail: String,
    pub(super) proposal: Option<String>,
}

impl Catalogue {
    /// The day at which it is asked: today, as far as it is in force.
    pub(super) fn day(&self, today: Date) -> Date {
        let day = self.from.map_or(today, |from| today.max(from));
        self.to.map_or(day, |to| day.min(to))
    }

    pub(super) fn parent_of<'l>(&self, entry: &'l Entry) -> &'l str {
        entry.extra(self.parent)
    }

    /// The row of a code that is valid at a day, or else any: for what lies above a unit.
    pub(super) fn row(&self, code: &str, day: Date) -> Option<&Entry> {
        self.list.rows(code).find(|e| e.is_valid(day)).or_else(|| self.list.rows(code).next())
    }

    pub(super) fn told(entries: &[&Entry]) -> Option<String> {
        let all: Vec<String> = entries.iter().take(MAX_CANDIDATES).map(|e| format!("{} {}", e.code, e.name)).collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// The units that a text names below these (`None`: anywhere; no unit: the topmost).
    pub(super) fn find<'c>(
        &'c self,
        text: &str,
        by: By,
        above: Option<&[&Entry]>,
        day: Date,
    ) -> Result<Vec<&'c Entry>, Unfound> {
        let is_code = by != By::Name && self.list.rows(text).next().is_some();
        let mut named: Vec<&Entry> = if is_code || by == By::Code {
            self.list.rows(text).collect()
        } else {
            // A unit that was renamed is found by its old name as well.
            self.list.named(text).flat_map(|e| self.list.rows(&e.code)).collect()
        };
        let list = self.list.name();
        if named.is_empty() {
            let detail = format!("không có trong danh mục {list} / not in the list");
            return Err(Unfound { detail, proposal: self.alike(text, by, above, day) });
        }
        named.retain(|e| e.is_valid(day));
        let mut met: Vec<&str> = Vec::new();
        named.retain(|e| {
            !met.contains(&&*e.code) && {
                met.push(&e.code);
                true
            }
        });
        if named.is_empty() {
            let detail = format!("danh mục {list} không có mã này ngày {day} / not in the list at that date");
            return Err(Unfound { detail, proposal: None });
        }
        named.retain(|e| self.lies_below(e, above));
        if named.is_empty() {
            let outer: Vec<&str> = above.unwrap_or_default().iter().map(|e| &*e.code).collect();
            let detail = if outer.is_empty() {
                "không phải mã tỉnh / not a province".to_owned()
            } else {
                let outer = outer.join(", ");
                format!("không thuộc đơn vị {outer} / not a part of {outer}")
            };
            return Err(Unfound { detail, proposal: self.alike(text, by, above, day) });
        }
        Ok(named)
    }

    fn lies_below(&self, entry: &Entry, above: Option<&[&Entry]>) -> bool {
        let parent = self.parent_of(entry);
        above.is_none_or(
            |above| if above.is_empty() { parent.is_empty() } else { above.iter().any(|a| *a.code == *parent) },
        )
    }

    /// What may have been meant by a name without its kind word: for a person to look at.
    fn alike(&self, text: &str, by: By, above: Option<&[&Entry]>, day: Date) -> Option<String> {
        if by == By::Code {
            return None;
        }
        let bare = format!(" {}", fold(text));
        let meant = |e: &&Entry| e.is_valid(day) && self.lies_below(e, above) && fold(&e.name).ends_with(&bare);
        Self::told(&self.list.entries().iter().filter(meant).take(MAX_CANDIDATES).collect::<Vec<_>>())
    }
}
