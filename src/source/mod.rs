//! Where the province's rows come from: databases and files, described first, then streamed.
//!
//! The way through: [`SourceConfig`] (settings) → [`Source::open`] → [`Source::describe`], whose columns
//! [`check_shape`] compares with what the mapping needs → [`Source::scan`], which streams every row of one
//! snapshot in chunks through a bounded channel and says [`ScanEnd`] only if all were read.
//!
//! * `sql`, `query`: what the databases share: the operator's query, checked and wrapped; reading to the end.
//! * `sqlite`, `postgres`, `mysql`: one engine each: connection, snapshot, kinds of columns, values as text.
//! * `csv`, `records`, `charset`: a file, decoded strictly, read twice.
//! * `chunk`: rows in chunks, twins of a key marked. `shape`: columns gone, renamed, retyped.
//!
//! Values are the same text whatever the engine: dates `yyyy-MM-dd`, timestamps `yyyy-MM-dd HH:mm:ss` in Vietnam time,
//! decimals with a point and without trailing zeros, truth `1`/`0`, `NULL` as [`crate::model::row::NULL`].

mod charset;
mod chunk;
mod config;
mod csv;
mod error;
mod mysql;
mod postgres;
mod query;
mod records;
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
    Sqlite(Box<sqlite::Sqlite>),
    Postgres(Box<postgres::Postgres>),
    Mysql(Box<mysql::Mysql>),
    Csv(csv::Csv),
}

impl Source {
    /// Checks the settings. Nothing is connected yet, so that a source that is down is told by the question
    /// that needs it. Relative paths start at `base`.
    pub async fn open(config: &SourceConfig, base: &Path) -> Result<Self, SourceError> {
        Ok(Self(match config {
            SourceConfig::Sqlite { path, query } => Kind::Sqlite(Box::new(sqlite::Sqlite::open(path, query, base)?)),
            SourceConfig::Postgres { url, url_file, query, ca_file } => {
                let address = config::address(url.as_ref(), url_file.as_deref(), base).await?;
                let ca_file = ca_file.as_ref().map(|file| base.join(file));
                Kind::Postgres(Box::new(postgres::Postgres::open(&address, query, ca_file.as_deref())?))
            }
            SourceConfig::Mysql { url, url_file, query, ca_file } => {
                let address = config::address(url.as_ref(), url_file.as_deref(), base).await?;
                let ca_file = ca_file.as_ref().map(|file| base.join(file));
                Kind::Mysql(Box::new(mysql::Mysql::open(&address, query, ca_file.as_deref())?))
            }
            SourceConfig::Csv { path, delimiter, quote, header, charset } => {
                Kind::Csv(csv::Csv::open(base, path, delimiter, quote, *header, charset)?)
            }
        }))
    }

    /// Engine and address for people; never a password.
    pub fn place(&self) -> &str {
        match &self.0 {
            Kind::Sqlite(sqlite) => sqlite.place(),
            Kind::Postgres(postgres) => postgres.place(),
            Kind::Mysql(mysql) => mysql.place(),
            Kind::Csv(csv) => csv.place(),
        }
    }

    /// The columns that the source has now, in its order.
    pub async fn describe(&self) -> Result<Vec<Column>, SourceError> {
        Ok(sql::columns(match &self.0 {
            Kind::Sqlite(sqlite) => Box::pin(sqlite.describe()).await?,
            Kind::Postgres(postgres) => Box::pin(postgres.describe()).await?,
            Kind::Mysql(mysql) => Box::pin(mysql.describe()).await?,
            Kind::Csv(csv) => csv.describe().await?,
        }))
    }

    /// Streams all rows of one snapshot: `columns` in the order given, `key` is one of the source's columns.
    /// Waits while `out` is full. `Ok` only if every row was read; after any `Err` nothing may be concluded
    /// from the rows that came.
    pub async fn scan(&self, key: &str, columns: &[String], out: Sender<Chunk>) -> Result<ScanEnd, SourceError> {
        let reading = async {
            match &self.0 {
                Kind::Sqlite(sqlite) => sqlite.scan(key, columns, &out).await,
                Kind::Postgres(postgres) => postgres.scan(key, columns, &out).await,
                Kind::Mysql(mysql) => mysql.scan(key, columns, &out).await,
                Kind::Csv(csv) => csv.scan(key, columns, out.clone()).await,
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
            Kind::Postgres(postgres) => Box::pin(postgres.find(key, columns, value)).await,
            Kind::Mysql(mysql) => Box::pin(mysql.find(key, columns, value)).await,
            Kind::Csv(csv) => csv.find(key, columns, value).await,
        }
    }
}
