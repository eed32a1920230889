//! Where the province's rows come from: databases and files, described first, then streamed.
//!
//! The way through: [`SourceConfig`] (settings) → [`Source::open`] → [`Source::describe`], whose columns
//! [`check_shape`] compares with what the mapping needs → [`Source::scan`], which streams every row of one
//! snapshot in chunks through a bounded channel and says [`ScanEnd`] only if all were read.
//!
//! * `sql`, `query`: what the databases share: the operator's query, checked and wrapped; reading to the end.
//! * `sqlite`, `postgres`, `mysql`: one engine each: connection, snapshot, kinds of columns, values as text.
//! * `tabular`: what files share: read twice, nothing delivered before all of it is seen to be sound.
//! * `csv`, `records`, `charset`: a delimited file, decoded strictly. `syllable`: whether words are Vietnamese.
//! * `xlsx`: a sheet of a workbook, its package checked before it is parsed.
//! * `folder`: a drop folder, whose finished files are taken one after the other.
//! * `reading`: how a file was read, for people to see before anything is sent.
//! * `chunk`: rows in chunks, twins of a key marked. `shape`: columns gone, renamed, retyped.
//!
//! Values are the same text whatever the engine: dates `yyyy-MM-dd`, timestamps `yyyy-MM-dd HH:mm:ss` in Vietnam time,
//! decimals with a point and without trailing zeros, truth `1`/`0`, `NULL` as [`crate::model::row::NULL`].

mod charset;
mod chunk;
mod config;
mod csv;
mod error;
mod folder;
mod mysql;
mod postgres;
mod query;
mod reading;
mod records;
mod shape;
mod sql;
mod sqlite;
mod syllable;
mod tabular;
mod xlsx;

use std::path::Path;

use tokio::sync::mpsc::Sender;

pub use chunk::{CHUNK_ROWS, Chunk, ChunkRow, ScanEnd};
pub use config::{FileKind, HeaderSetting, SheetName, SourceConfig};
pub use error::SourceError;
pub use folder::{Delivery, Ready};
pub use reading::Reading;
pub use shape::check_shape;
// A local table that applications are handed over to is reached in the same way.
pub(crate) use mysql::options as mysql_options;
pub(crate) use postgres::options as postgres_options;
pub(crate) use sql::{connect, made, told};

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
    Xlsx(Box<xlsx::Xlsx>),
    Folder(Box<folder::Folder>),
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
                let csv = csv::Csv::open(base.join(path), delimiter, quote, *header, charset)?;
                tabular::opened(&csv)?;
                Kind::Csv(csv)
            }
            SourceConfig::Xlsx { path, sheet, header, columns, font, shared_strings_mib } => {
                let options = config::XlsxOptions {
                    sheet: sheet.clone(),
                    header: *header,
                    columns: columns.clone(),
                    font: font.clone(),
                    shared_strings_mib: *shared_strings_mib,
                };
                let xlsx = xlsx::Xlsx::open(base.join(path), &options)?;
                tabular::opened(&xlsx)?;
                Kind::Xlsx(Box::new(xlsx))
            }
            SourceConfig::Folder { path, .. } => {
                let (table, options) = config::folder(config, base)?;
                Kind::Folder(Box::new(folder::Folder::open(base.join(path), table, options)?))
            }
        }))
    }

    /// Tells the source which columns will be asked for: a sheet's header is found by them.
    #[must_use]
    pub fn expecting(mut self, columns: &[Column]) -> Self {
        let names = columns.iter().map(|c| c.name.clone()).collect();
        match &mut self.0 {
            Kind::Xlsx(xlsx) => xlsx.expect(names),
            Kind::Folder(folder) => folder.expect(names),
            Kind::Sqlite(_) | Kind::Postgres(_) | Kind::Mysql(_) | Kind::Csv(_) => {}
        }
        self
    }

    /// Whether there is something to read. A drop folder then reads the file that it names.
    pub async fn ready(&self) -> Result<Ready, SourceError> {
        match &self.0 {
            Kind::Folder(folder) => folder.ready().await,
            _ => Ok(Ready::Always),
        }
    }

    /// Whether a record that no row of a scan has is gone. Only a drop folder may say no.
    pub fn is_complete(&self) -> bool {
        !matches!(&self.0, Kind::Folder(folder) if !folder.is_complete())
    }

    /// Puts away a file that was taken, with its receipt.
    pub async fn settle(&self, file: &Delivery, receipt: &serde_json::Value) -> Result<(), SourceError> {
        match &self.0 {
            Kind::Folder(folder) => folder.settle(file, receipt).await.map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Puts away a file that cannot be read, with the reason.
    pub async fn refuse(&self, file: &Delivery, reason: &serde_json::Value) -> Result<(), SourceError> {
        match &self.0 {
            Kind::Folder(folder) => folder.refuse(file, reason).await.map(|_| ()),
            _ => Ok(()),
        }
    }

    /// Engine and address for people; never a password.
    pub fn place(&self) -> &str {
        match &self.0 {
            Kind::Sqlite(sqlite) => sqlite.place(),
            Kind::Postgres(postgres) => postgres.place(),
            Kind::Mysql(mysql) => mysql.place(),
            Kind::Csv(csv) => tabular::Format::place(csv),
            Kind::Xlsx(xlsx) => tabular::Format::place(&**xlsx),
            Kind::Folder(folder) => folder.place(),
        }
    }

    /// The columns that the source has now, in its order.
    pub async fn describe(&self) -> Result<Vec<Column>, SourceError> {
        Ok(sql::columns(match &self.0 {
            Kind::Sqlite(sqlite) => Box::pin(sqlite.describe()).await?,
            Kind::Postgres(postgres) => Box::pin(postgres.describe()).await?,
            Kind::Mysql(mysql) => Box::pin(mysql.describe()).await?,
            Kind::Csv(csv) => tabular::describe(csv).await?,
            Kind::Xlsx(xlsx) => tabular::describe(&**xlsx).await?,
            Kind::Folder(folder) => folder.describe().await?,
        }))
    }

    /// How a file is read: charset, evidence, header, words. `None` for databases. Reads all of it.
    pub async fn reading(&self) -> Result<Option<Reading>, SourceError> {
        match &self.0 {
            Kind::Csv(csv) => tabular::reading(csv).await.map(Some),
            Kind::Xlsx(xlsx) => tabular::reading(&**xlsx).await.map(Some),
            Kind::Folder(folder) => folder.reading().await.map(Some),
            Kind::Sqlite(_) | Kind::Postgres(_) | Kind::Mysql(_) => Ok(None),
        }
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
                Kind::Csv(csv) => tabular::scan(csv, key, columns, out.clone()).await,
                Kind::Xlsx(xlsx) => tabular::scan(&**xlsx, key, columns, out.clone()).await,
                Kind::Folder(folder) => folder.scan(key, columns, out.clone()).await,
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
            Kind::Csv(csv) => tabular::find(csv, key, columns, value).await,
            Kind::Xlsx(xlsx) => tabular::find(&**xlsx, key, columns, value).await,
            Kind::Folder(folder) => folder.find(key, columns, value).await,
        }
    }
}
