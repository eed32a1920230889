//! Whether what judges rows has changed since an earlier run, and what that did to this one.
//!
//! Each row of the ledger has the digest that judged it; which file changed is told from the digests of the parts, which
//! a run keeps with its outcome.

use std::collections::BTreeMap;

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::Stream;
use crate::model::Action;
use crate::model::row::SEPARATOR;
use crate::store::{StoreError, Tx, runs};

/// Under this name the parts stand in a run's outcome.
pub(super) const KEPT: &str = "judged";
/// The part that is no file: which columns a row's fingerprint goes over.
const COLUMNS: &str = "columns";

/// What a changed mapping, list or rule did to the rows of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Remapped {
    /// Rows judged again because of it.
    pub again: u64,
    /// Of these, confirmed records whose content is another now.
    pub changed: u64,
    /// Of these, records that became held.
    pub held: u64,
    /// Of these, records that became free.
    pub freed: u64,
    /// The run that judged before the change, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_run: Option<i64>,
    /// The files that changed since that run.
    pub files: Vec<String>,
}

/// What has changed since the last run that scanned to its end.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub since: Option<i64>,
    pub files: Vec<String>,
    /// The fingerprints of rows go over other columns now: nothing tells whether a row itself is the same.
    pub columns: bool,
}

/// The digest of each part that judges.
pub(super) fn parts(stream: &Stream) -> BTreeMap<String, String> {
    let hex = |digest: u64| format!("{digest:016x}");
    let mut parts: BTreeMap<String, String> =
        stream.mapping.parts().iter().map(|(name, digest)| (name.clone(), hex(u64::from_be_bytes(*digest)))).collect();
    let words = [Action::Write, Action::Stop].map(|action| stream.system.profile.contract_word(action));
    let columns = stream.columns().join(&SEPARATOR.to_string());
    parts.insert("system.toml".to_owned(), hex(xxh3_64(words.join("\0").as_bytes())));
    parts.insert(COLUMNS.to_owned(), hex(xxh3_64(columns.as_bytes())));
    parts
}

/// Compares the parts with those that the last complete scan kept.
pub(super) async fn change(tx: &mut Tx, id: i64, stream: &Stream) -> Result<Change, StoreError> {
    let Some((since, outcome)) = runs::kept(tx, id, KEPT).await? else { return Ok(Change::default()) };
    let mut outcome: serde_json::Value = serde_json::from_str(&outcome).unwrap_or_default();
    let kept: BTreeMap<String, String> = serde_json::from_value(outcome[KEPT].take()).unwrap_or_default();
    let parts = parts(stream);
    let names = kept.keys().chain(parts.keys().filter(|name| !kept.contains_key(*name)));
    let mut files: Vec<String> = names.filter(|name| kept.get(*name) != parts.get(*name)).cloned().collect();
    let columns = files.iter().any(|name| name == COLUMNS);
    files.retain(|name| name != COLUMNS);
    Ok(Change { since: Some(since), files, columns })
}
