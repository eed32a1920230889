//! Fields that never change once the nation has confirmed a record: a row that would change one is held as a whole, and
//! the nation keeps what it has.

use std::collections::{HashMap, HashSet};

use super::stage::{Fresh, Judge};
use crate::delta::Known;
use crate::model::Action;
use crate::store::ledger::Entry;
use crate::store::{StoreError, Tx, believed};

impl Judge<'_> {
    /// Complains about such rows, by one look for all rows of a chunk that change what was said. What is on its way
    /// counts as confirmed, for it may have arrived; the keys of rows that are held for that only until it is known
    /// are given back.
    pub(super) async fn freeze(
        &self,
        tx: &mut Tx,
        fresh: &mut [Fresh],
        entries: &HashMap<String, Entry>,
        open: &HashMap<String, Known>,
    ) -> Result<HashSet<String>, StoreError> {
        let mut unsure = HashSet::new();
        let mapping = &self.stream.mapping;
        if self.blank || !mapping.freezes() {
            return Ok(unsure);
        }
        let changes = |row: &&Fresh| {
            let said = [entries.get(&row.key).and_then(|e| e.confirmed), open.get(&row.key).and_then(|k| k.in_flight)];
            let new = row.version.map(|version| (row.judgement.action, version));
            let writes = row.judgement.action == Action::Write && new.is_some();
            writes && said.iter().any(Option::is_some) && !said.contains(&new)
        };
        let keys: Vec<&str> = fresh.iter().filter(changes).map(|row| row.key.as_str()).collect();
        if keys.is_empty() {
            return Ok(unsure);
        }
        let had = believed::said(tx, self.id, &keys).await?;
        for row in fresh {
            // A row that is held anyway, or a stop, has no content to be compared.
            let Some((sent, had)) = had.get(&row.key).filter(|_| row.version.is_some()) else { continue };
            if row.judgement.action != Action::Write {
                continue;
            }
            let complaints = mapping.thawed(had, &row.judgement.canonical);
            if !complaints.is_empty() {
                row.judgement.complaints.extend(complaints);
                row.judgement.canonical = String::new();
                row.version = None;
                unsure.extend(sent.then(|| row.key.clone()));
            }
        }
        Ok(unsure)
    }
}
