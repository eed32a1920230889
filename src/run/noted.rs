//! What a chunk of rows says to other programmes, written in the transaction that stages the rows.

use crate::model::{Likeness, Timestamp};
use crate::rules::cross::CrossKind;
use crate::store::facts::{Crossed, Draft};
use crate::store::{StoreError, Tx, alike, facts, mismatch, suspects};

/// What a chunk asks to be written about its facts.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// New or changed facts.
    pub drafts: Vec<Draft>,
    /// The last order of arrival that was given.
    pub last: i64,
    /// By what the people of new and changed rows are recognised.
    pub likenesses: Vec<(String, Likeness)>,
    /// Records that say nothing any more.
    pub forget: Vec<String>,
    /// Persons whose other records are compared again.
    pub persons: Vec<String>,
    /// Records whose payments are compared again.
    pub subjects: Vec<String>,
    /// Records that are no longer held because of another.
    pub uncross: Vec<String>,
    /// Records that are held because of another.
    pub cross: Vec<Crossed>,
    /// None of the records was there before.
    pub blank: bool,
}

impl Written {
    /// Writes it, in the transaction that stages the rows.
    pub async fn write(self, tx: &mut Tx, stream: i64, now: Timestamp) -> Result<(), StoreError> {
        fn list(all: &[String]) -> Vec<&str> {
            all.iter().map(String::as_str).collect()
        }
        let changed = self.likenesses.iter().map(|(key, _)| key).chain(self.drafts.iter().map(|draft| &draft.key));
        let changed: Vec<String> = changed.chain(&self.forget).cloned().collect();
        if !self.blank {
            suspects::touch(tx, stream, &list(&changed)).await?;
        }
        facts::uncross(tx, stream, &list(&self.uncross)).await?;
        facts::forget(tx, stream, &list(&self.forget)).await?;
        // What says nothing any more is in nobody's way, and is not looked at again.
        for kind in CrossKind::ALL.into_iter().filter(|_| !self.forget.is_empty()) {
            mismatch::close_told(tx, stream, kind.of(), &list(&self.forget), now).await?;
        }
        alike::forget(tx, stream, &list(&self.forget)).await?;
        facts::note(tx, stream, self.last, &self.drafts).await?;
        alike::note(tx, stream, &self.likenesses).await?;
        suspects::touch(tx, stream, &list(&changed)).await?;
        facts::touch(tx, &list(&self.persons), &list(&self.subjects)).await?;
        facts::cross(tx, &self.cross).await
    }
}
