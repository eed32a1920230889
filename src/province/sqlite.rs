//! The tables as an SQLite database of its own.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, QueryBuilder, Sqlite};

use super::error::ProvinceError;
use super::file::half_done;
use super::recipe::Recipe;
use super::table::{Dialect, Row, Table};

/// What [`super::change_sqlite`] must know of how the tables were made, and whom it has touched.
const MARK: &str = "create table tinh_gia_lap (recipe text, seed text, rows integer, next integer)";
/// How many rows of a table may be sent.
const CLEAN: &str = "create table tinh_gia_lap_bang (bang text primary key, clean integer) without rowid";
const TOUCHED: &str = "create table tinh_gia_lap_da_sua (ma_ho_so text primary key) without rowid";

/// Rows of one statement; SQLite takes 32,766 values.
const CHUNK: usize = 250;

/// Writes a province of so many people with a monthly allowance to a new database file.
pub async fn write_sqlite(path: &Path, recipe: &Recipe, seed: u64, rows: u64) -> Result<(), ProvinceError> {
    let half = half_done(path)?;
    let failed = |source| ProvinceError::Database { place: path.display().to_string(), source };
    // Nothing is lost when this is cut off: the file has not got its name yet.
    let options = SqliteConnectOptions::new()
        .filename(&half)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off);
    fill(options, recipe, seed, rows).await.map_err(failed)?;
    std::fs::rename(&half, path).map_err(|source| ProvinceError::File { path: path.to_owned(), source })
}

async fn fill(options: SqliteConnectOptions, recipe: &Recipe, seed: u64, rows: u64) -> Result<(), sqlx::Error> {
    let mut to = options.disable_statement_logging().connect().await?;
    let mut work = to.begin().await?;
    for statement in [MARK, CLEAN, TOUCHED] {
        sqlx::query(statement).execute(&mut *work).await?;
    }
    for table in Table::ALL {
        let clean = one(&mut work, table, recipe, seed, rows).await?;
        sqlx::query("insert into tinh_gia_lap_bang values (?, ?)")
            .bind(table.name())
            .bind(i64::try_from(clean).unwrap_or(i64::MAX))
            .execute(&mut *work)
            .await?;
    }
    sqlx::query("insert into tinh_gia_lap values (?, ?, ?, ?)")
        .bind(&recipe.fingerprint)
        .bind(seed.to_string())
        .bind(i64::try_from(rows).unwrap_or(i64::MAX))
        .bind(i64::try_from(rows).unwrap_or(i64::MAX))
        .execute(&mut *work)
        .await?;
    work.commit().await?;
    to.close().await
}

/// Makes and fills a table; the number of its rows that may be sent.
async fn one(
    to: &mut SqliteConnection,
    table: Table,
    recipe: &Recipe,
    seed: u64,
    rows: u64,
) -> Result<u64, sqlx::Error> {
    QueryBuilder::<Sqlite>::new(table.definition(Dialect::Sqlite)).build().execute(&mut *to).await?;
    let mut clean = 0_u64;
    let mut all = table.rows(recipe, seed, rows).inspect(|r| clean += u64::from(r.expected_held.is_none()));
    let mut insert = Insert::new(table);
    let mut chunk = Vec::with_capacity(CHUNK);
    loop {
        chunk.extend(all.by_ref().take(CHUNK));
        if chunk.is_empty() {
            break;
        }
        insert.rows(&mut *to, &chunk).await?;
        chunk.clear();
    }
    drop(all);
    QueryBuilder::<Sqlite>::new(table.index()).build().execute(to).await?;
    Ok(clean)
}

/// One statement for many rows, built once and used again.
pub(super) struct Insert(QueryBuilder<Sqlite>);

impl Insert {
    pub fn new(table: Table) -> Self {
        Self(QueryBuilder::new(format!("insert into {} ", table.name())))
    }

    pub async fn rows(&mut self, to: &mut SqliteConnection, rows: &[Row]) -> Result<(), sqlx::Error> {
        self.0.reset();
        self.0.push_values(rows, |mut row, given| {
            for cell in &given.cells {
                row.push_bind(cell.as_deref());
            }
        });
        self.0.build().execute(to).await?;
        Ok(())
    }
}
