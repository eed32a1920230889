//! Breaches of the contract, counted; texts are kept for the first ones only and never hold what was sent.

use std::collections::BTreeMap;

/// Texts that are kept.
const KEPT: usize = 200;

/// What was counted.
#[derive(Debug, Default, Clone)]
pub(super) struct Breaches {
    pub count: u64,
    pub by_kind: BTreeMap<&'static str, u64>,
    pub texts: Vec<String>,
}

impl Breaches {
    /// Counts one; `text` is made only if it is kept.
    pub(super) fn add(&mut self, kind: &'static str, text: impl FnOnce() -> String) {
        self.count += 1;
        *self.by_kind.entry(kind).or_default() += 1;
        if self.texts.len() < KEPT {
            self.texts.push(format!("{kind}: {}", text()));
        }
    }
}
