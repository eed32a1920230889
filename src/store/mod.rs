//! SQL next to SQL: one file per family of tables, the same statements on SQLite (embedded) and PostgreSQL.
//!
//! * [`leases`]: who may do what only one may do.
//! * [`ledger`]: what the nation confirmed, per stream and key.
//! * [`outbox`]: what waits to be sent; [`batch`]: what was chosen to go together under one key.
//! * [`lanes`]: the order within one dossier.
//! * [`inbox`]: applications as they came, every version, and how far a pull came; [`routed`]: what people decided about
//!   them, and what is judged again; [`handed`]: versions on the way to the local system; [`attachment`]: files that they name.
//! * [`dossiers`]: applications as people see them; [`dossier_story`]: all that happened to one.
//! * [`answers`]: what a run answers for, and the figures that come of it.
//! * [`facts`]: what records say to the rules between programmes; [`related`] finds those that belong together.
//! * [`alike`]: by what people are recognised without a number, and who may be the same.
//! * [`suspects`]: who shares a name and year of birth, or an account, and what was found by that.
//! * [`reported`]: what reports read, a page at a time; [`several`]: whose the records of people with several are.
//! * [`exchange`]: the append-only log of every attempt.
//! * [`decided`]: what people decided by hand, with who and why.
//! * [`mismatch`]: what waits for a person, and [`closing`] how that is over; [`runs`]: streams, runs and their outcome.
//! * [`verdicts`]: what a comparison of both sides does to mismatches by itself; [`review`] holds them in people's hands,
//!   [`effects`] does what was decided; [`triage`] lists and groups them. [`correction`]: what the province has to correct;
//!   [`alias`]: which numbers are one person's; [`absent`]: what was decided about records that the source has no more.
//! * [`compared`]: rounds of comparison and how far they came; [`believed`]: what we believe that the nation has; [`listed`]: what
//!   it has.
//! * [`units`]: what people decided about addresses in units that were split, and who was asked about.
//! * [`certificates`]: until when those of the systems are valid.
//! * [`system`]: pace and breaker of a national system, shared by all processes on this store.
//!
//! Functions take a [`Tx`], so that the caller owns the transaction. `on!` writes a statement once for both engines.

pub mod absent;
pub mod alias;
pub mod alike;
pub mod answers;
pub mod attachment;
pub mod batch;
pub mod believed;
pub mod certificates;
pub mod closing;
pub mod compared;
pub mod correction;
pub mod decided;
pub mod dossier_story;
pub mod dossiers;
pub mod effects;
pub mod exchange;
pub mod facts;
pub mod handed;
pub mod inbox;
pub mod lanes;
pub mod leases;
pub mod ledger;
pub mod listed;
pub mod mismatch;
pub mod outbox;
pub mod related;
pub mod reported;
pub mod review;
pub mod routed;
pub mod runs;
pub mod settled;
pub mod several;
pub mod suspects;
pub mod system;
pub mod taken;
pub mod triage;
pub mod units;
pub mod verdicts;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection as _, PgPool, Postgres, Sqlite, SqlitePool, Transaction};

/// Runs one body on the connection of either engine.
macro_rules! on {
    ($tx:expr, $c:ident => $body:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(tx) => {
                let $c = &mut **tx;
                $body
            }
            $crate::store::Tx::Postgres(tx) => {
                let $c = &mut **tx;
                $body
            }
        }
    };
}
pub(crate) use on;

/// What can go wrong with the store. Nothing is sent when it does.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store cannot be opened.
    #[error("không mở được kho {place}: {cause} / the store {place} cannot be opened: {cause}")]
    Open {
        /// Path or address without secrets.
        place: String,
        /// What the engine said.
        cause: String,
    },
    /// The disk is full, or the engine cannot extend a file.
    #[error(
        "kho hết chỗ trên đĩa; dừng gửi cho đến khi có chỗ / the store's disk is full; nothing is sent until there is room ({0})"
    )]
    Full(String),
    /// Another process holds the store for too long.
    #[error("kho đang bị khóa; thử lại sau / the store is locked by another process; try again ({0})")]
    Locked(String),
    /// The server went away.
    #[error(
        "không liên lạc được với kho; dừng gửi cho đến khi kho trở lại / the store cannot be reached; nothing is sent until it can ({0})"
    )]
    Lost(String),
    /// The file is damaged.
    #[error("kho bị hỏng; khôi phục từ bản sao lưu / the store is damaged; restore it from a backup ({0})")]
    Damaged(String),
    /// Another process took over what we were doing.
    #[error("mất quyền giữ '{0}' vì tiến trình khác đã nhận / the lease '{0}' was taken over by another process")]
    LostLease(String),
    /// Any other failure of the engine.
    #[error("lỗi kho: {0} / store error")]
    Database(String),
    /// What was stored cannot be read back: a broken invariant or a foreign writer.
    #[error("kho có giá trị lạ ở {0} / the store has an unexpected value in {0}")]
    Unexpected(&'static str),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let text = match &error {
            // Never the row's values: PostgreSQL puts them into the detail, which is not shown here.
            sqlx::Error::Database(db) => db.message().to_owned(),
            other => other.to_string(),
        };
        let code =
            error.as_database_error().and_then(|d| d.code().map(std::borrow::Cow::into_owned)).unwrap_or_default();
        // SQLite's extended codes carry the primary code in the low byte; an SQLSTATE may be all digits too.
        let is_sqlite =
            error.as_database_error().is_some_and(|e| e.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some());
        let sqlite = if is_sqlite { code.parse::<i32>().map_or(0, |c| c & 0xff) } else { 0 };
        match (sqlite, code.as_str()) {
            (13, _) | (_, "53100") => Self::Full(text),
            // An I/O error while writing is how some file systems say that they are full.
            (10, _) if text.contains("disk") || text.contains("I/O") => Self::Full(text),
            (5 | 6, _) | (_, "55P03") => Self::Locked(text),
            (11 | 26, _) | (_, "XX001") => Self::Damaged(text),
            // Shut down or starting; class 08 is about the connection.
            (_, "57P01" | "57P02" | "57P03") => Self::Lost(text),
            (_, code) if code.starts_with("08") => Self::Lost(text),
            _ => match error {
                sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::PoolTimedOut => Self::Lost(text),
                _ => Self::Database(text),
            },
        }
    }
}

/// Where the store is.
#[derive(Debug, Clone)]
pub enum Place {
    /// An SQLite file.
    Sqlite(PathBuf),
    /// A PostgreSQL address, with its secret.
    Postgres(secrecy::SecretString),
}

/// The open store.
#[derive(Debug, Clone)]
pub enum Store {
    /// SQLite: one writer, some readers.
    Sqlite {
        /// At most one connection: writes queue here, not at SQLite's lock.
        write: SqlitePool,
        /// Readers never block the writer (WAL).
        read: SqlitePool,
    },
    /// PostgreSQL.
    Postgres(PgPool),
}

/// A transaction on either engine. Dropped without commit it is rolled back.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Makes it last.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Chooses between two spellings of a statement that cannot be portable.
    pub(crate) fn pick(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }
}

/// So many rows of values stand in one statement. Each number of rows is a text of its own, and a prepared statement of
/// thousands of values takes half a megabyte: only that of a whole part is kept for the next one.
pub(crate) const PART: usize = 200;

impl Store {
    /// Opens the store and brings its tables up to date.
    ///
    /// SQLite runs in WAL mode with `synchronous = FULL`: with NORMAL a power cut could forget a batch key that was
    /// already sent, and the batch would go out again under another.
    pub async fn open(place: &Place) -> Result<Self, StoreError> {
        match place {
            Place::Sqlite(path) => Self::open_sqlite(path).await,
            Place::Postgres(url) => {
                use secrecy::ExposeSecret as _;
                let name = "postgres";
                let options: PgConnectOptions = url.expose_secret().parse().map_err(|e: sqlx::Error| open(name, &e))?;
                let pool = PgPoolOptions::new()
                    .max_connections(6)
                    .acquire_timeout(Duration::from_secs(15))
                    .connect_with(options.application_name("molisa-gateway"))
                    .await
                    .map_err(|e| open(name, &e))?;
                sqlx::migrate!("migrations/postgres").run(&pool).await.map_err(|e| open(name, &e))?;
                Ok(Self::Postgres(pool))
            }
        }
    }

    async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(10))
            .foreign_keys(true)
            .row_buffer_size(512)
            .pragma("cache_size", "-8000")
            .pragma("wal_autocheckpoint", "2000")
            .pragma("journal_size_limit", "67108864");
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(Duration::from_mins(1))
            // SQLite rolls back by itself when a write fails for want of room; the driver, whose own rollback then fails,
            // would begin no transaction on this connection ever again.
            .after_release(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
            .connect_with(options.clone())
            .await
            .map_err(|e| open(&place, &e))?;
        sqlx::migrate!("migrations/sqlite").run(&write).await.map_err(|e| open(&place, &e))?;
        let read = SqlitePoolOptions::new()
            .max_connections(3)
            .acquire_timeout(Duration::from_mins(1))
            // A reader walks an index once: what it keeps helps nobody, and three of them keep it.
            .connect_with(options.pragma("query_only", "on").pragma("cache_size", "-2000"))
            .await
            .map_err(|e| open(&place, &e))?;
        Ok(Self::Sqlite { write, read })
    }

    /// Begins a writing transaction: immediate on SQLite, so that a read never has to be upgraded to a write.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { write, .. } => Tx::Sqlite(write.begin_with("begin immediate").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a short reading transaction. It must not outlive a chunk: it would keep SQLite's log from shrinking.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { read, .. } => Tx::Sqlite(read.begin().await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Closes all connections; SQLite folds its log back into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

fn open(place: &str, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Open { place: place.to_owned(), cause: error.to_string() }
}

/// A list of texts as the JSON array that both engines can unfold.
pub(crate) fn json_list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<&str> = items.into_iter().collect();
    serde_json::to_string(&items).unwrap_or_else(|_| "[]".to_owned())
}

/// A list of ids as the JSON array that both engines can unfold.
pub(crate) fn json_ids(ids: &[i64]) -> String {
    serde_json::to_string(ids).unwrap_or_else(|_| "[]".to_owned())
}
