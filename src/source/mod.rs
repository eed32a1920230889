//! Where the province's rows come from: databases and files, described first, then streamed.
//!
//! The way through: [`SourceConfig`] (settings) → [`Source::open`] → [`Source::describe`], whose columns
//! [`check_shape`] compares with what the mapping needs → [`Source::scan`], which streams every row of one
//! snapshot in chunks through a bounded channel and says [`ScanEnd`] only if all were read.
//!
//! * `sql`, `query`: what the databases share: the operator's query, checked and wrapped; reading to the end.
//! * `sqlite`, `postgres`, `mysql`: one engine each: connection, snapshot, kinds of columns, values as text.
//! * `csv`, `charset`: a file, decoded strictly, read twice.
//! * `chunk`: rows in chunks, twins of a key marked. `shape`: columns gone, renamed, retyped.
//!
//! Values are the same text whatever the engine: dates `yyyy-MM-dd`, timestamps `yyyy-MM-dd HH:mm:ss` in Vietnam time,
//! decimals with a point and without trailing zeros, truth `1`/`0`, `NULL` as [`crate::model::row::NULL`].

mod chunk;
mod config;
mod error;
mod query;
mod shape;
mod sql;
mod sqlite;

use std::path::Path;

use tokio::sync::mpsc::Sender;

pub use chunk::{CHUNK_ROWS, Chunk, ChunkRow, ScanEnd};
pub use config::SourceConfig;
pub use error::SourceError;
pub use shape::check_shape;

use crate::model::Column;

/// A source that is configured and can be asked. Each question has its own connection.
#[derive(Debug)]
pub struct Source(Kind);

#[derive(Debug)]
enum Kind {
    Sqlite(sqlite::Sqlite),
}

impl Source {
    /// Checks the settings. Nothing is connected yet, so that a source that is down is told by the question
    /// that needs it. Relative paths start at `base`.
    pub async fn open(config: &SourceConfig, base: &Path) -> Result<Self, SourceError> {
        Ok(Self(match config {
            SourceConfig::Sqlite { path, query } => Kind::Sqlite(sqlite::Sqlite::open(path, query, base)?),
            _ => return Err(SourceError::Settings("kind".to_owned())),
        }))
    }

    /// Engine and address for people; never a password.
    pub fn place(&self) -> &str {
        match &self.0 {
            Kind::Sqlite(sqlite) => sqlite.place(),
        }
    }

    /// The columns that the source has now, in its order.
    pub async fn describe(&self) -> Result<Vec<Column>, SourceError> {
        Ok(sql::columns(match &self.0 {
            Kind::Sqlite(sqlite) => Box::pin(sqlite.describe()).await?,
        }))
    }

    /// Streams all rows of one snapshot: `columns` in the order given, `key` is one of the source's columns.
    /// Waits while `out` is full. `Ok` only if every row was read; after any `Err` nothing may be concluded
    /// from the rows that came.
    pub async fn scan(&self, key: &str, columns: &[String], out: Sender<Chunk>) -> Result<ScanEnd, SourceError> {
        let reading = async {
            match &self.0 {
                Kind::Sqlite(sqlite) => sqlite.scan(key, columns, &out).await,
            }
        };
        tokio::select! {
            biased;
            end = Box::pin(reading) => end,
            () = out.closed() => Err(SourceError::Cancelled),
        }
    }

    /// The first row with this key, with its number as in a scan; `None` if there is none.
    pub async fn find(&self, key: &str, columns: &[String], value: &str) -> Result<Option<(u64, String)>, SourceError> {
        match &self.0 {
            Kind::Sqlite(sqlite) => Box::pin(sqlite.find(key, columns, value)).await,
        }
    }
}
