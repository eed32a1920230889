//! The one-stop office's own numbers: a source of the local system says which number it gave to which application. They
//! are kept beside the national ones.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;

use crate::model::row::RawRow;
use crate::model::{Clock, text};
use crate::source::{Chunk, Source, SourceError};
use crate::store::leases::{self, Lease};
use crate::store::{Store, StoreError, handed};

/// The source's column with the portal's number.
const NUMBER: &str = "ma_ho_so";
/// The source's column with the office's own.
const LOCAL: &str = "so_tiep_nhan";
/// The longest number that is kept, in characters.
const LONGEST: usize = 100;
/// So many applications with several rows are looked at together; each version of one may have a row.
const MOST_TWINS: usize = 20_000;
/// Chunks that wait to be looked up.
const AHEAD: usize = 2;

/// What a reading of the numbers came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Numbers {
    /// Rows that were read.
    pub read: u64,
    /// Numbers that are new or another than before.
    pub written: u64,
    /// Applications whose rows name different numbers: what was known stays.
    pub ambiguous: u64,
    /// Values that cannot be a number.
    pub unreadable: u64,
    /// Rows that were not looked at, because too many applications have several.
    pub given_up: u64,
}

/// Why the numbers could not be read to the end. What was written until then is right all the same.
#[derive(Debug, thiserror::Error)]
pub enum NumbersError {
    /// The source.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Reads all numbers of a source and keeps those that differ, under the lease of the intake. A row without a number takes
/// none away.
pub async fn read(
    store: &Store,
    intake: &str,
    source: &Source,
    lease: &Lease,
    clock: &dyn Clock,
) -> Result<Numbers, NumbersError> {
    let columns = [NUMBER.to_owned(), LOCAL.to_owned()];
    let (out, mut chunks) = mpsc::channel(AHEAD);
    let mut book = Book::default();
    let kept = async {
        while let Some(chunk) = chunks.recv().await {
            let pairs = book.of(&chunk);
            book.done.written += keep(store, intake, lease, clock, &pairs).await?;
        }
        Ok::<(), StoreError>(())
    };
    let scan = async { Ok::<_, NumbersError>(source.scan(NUMBER, &columns, out).await?) };
    let kept = async { Ok::<_, NumbersError>(kept.await?) };
    // Whichever fails ends the other: a receiver that is gone cancels the scan.
    let ended = Box::pin(async { tokio::try_join!(kept, scan) }).await;
    ended?;
    let twins = book.settled();
    for part in twins.chunks(crate::source::CHUNK_ROWS) {
        book.done.written += keep(store, intake, lease, clock, part).await?;
    }
    Ok(book.done)
}

/// Writes those that differ; one look-up for all of them.
async fn keep(
    store: &Store,
    intake: &str,
    lease: &Lease,
    clock: &dyn Clock,
    pairs: &[(String, String)],
) -> Result<u64, StoreError> {
    if pairs.is_empty() {
        return Ok(0);
    }
    let given: BTreeMap<&str, &str> = pairs.iter().map(|(number, local)| (number.as_str(), local.as_str())).collect();
    let mut tx = store.read().await?;
    let known = handed::numbered(&mut tx, intake, given.keys().copied()).await?;
    drop(tx);
    let differs = |(id, number, before): &(i64, String, String)| {
        given.get(number.as_str()).filter(|local| *local != before).map(|local| (*id, *local))
    };
    let changed: Vec<(i64, &str)> = known.iter().filter_map(differs).collect();
    // Also where nothing differs: a long reading must not lose the lease.
    let mut tx = store.write().await?;
    leases::renew(&mut tx, lease, clock.now()).await?;
    for (id, local) in &changed {
        handed::name(&mut tx, *id, local).await?;
    }
    tx.commit().await?;
    Ok(changed.len() as u64)
}

#[derive(Debug, Default)]
struct Book {
    done: Numbers,
    /// What the rows of applications with several say.
    twins: BTreeMap<String, BTreeSet<String>>,
}

impl Book {
    /// The numbers of a chunk; applications with several rows are put by.
    fn of(&mut self, chunk: &Chunk) -> Vec<(String, String)> {
        let mut pairs = Vec::with_capacity(chunk.rows.len());
        for row in &chunk.rows {
            self.done.read += 1;
            let key = chunk.key(row);
            let Some(columns) = RawRow::unpack(row.number, chunk.packed(row), 2) else {
                self.done.unreadable += 1;
                continue;
            };
            let Some(given) = columns.get(1).filter(|local| !local.trim().is_empty() && !key.is_empty()) else {
                continue;
            };
            let Ok(local) = text::clean(given) else {
                self.done.unreadable += 1;
                continue;
            };
            if local.chars().count() > LONGEST {
                self.done.unreadable += 1;
            } else if !row.twice {
                pairs.push((key.trim().to_owned(), local.into_owned()));
            } else if self.twins.len() < MOST_TWINS || self.twins.contains_key(key.trim()) {
                let known = self.twins.entry(key.trim().to_owned()).or_default();
                // Two are as ambiguous as two hundred.
                if known.len() < 2 {
                    known.insert(local.into_owned());
                }
            } else {
                self.done.given_up += 1;
            }
        }
        pairs
    }

    /// Applications whose rows agree.
    fn settled(&mut self) -> Vec<(String, String)> {
        let mut pairs = Vec::with_capacity(self.twins.len());
        for (number, locals) in std::mem::take(&mut self.twins) {
            let mut locals = locals.into_iter();
            match (locals.next(), locals.next()) {
                (Some(local), None) => pairs.push((number, local)),
                _ => self.done.ambiguous += 1,
            }
        }
        pairs
    }
}
