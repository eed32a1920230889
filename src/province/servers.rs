//! The tables in a PostgreSQL or MariaDB database, as proof that the four kinds of source give the same payloads.

use std::fmt::Write as _;

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, MySql, Postgres, QueryBuilder};

use super::error::ProvinceError;
use super::recipe::Recipe;
use super::table::{Dialect, Table};

/// Rows of one statement; the servers take 65,535 values.
const CHUNK: usize = 500;
/// Bytes of one message of a copy.
const COPY: usize = 1 << 18;

/// Makes the tables in the database at this address and fills them for so many people with a monthly allowance. A
/// table that is there stays, and is an error.
pub async fn write_postgres(url: &str, recipe: &Recipe, seed: u64, rows: u64) -> Result<(), ProvinceError> {
    let failed = |source| ProvinceError::Database { place: "PostgreSQL".to_owned(), source };
    postgres(url, recipe, seed, rows).await.map_err(failed)
}

/// The same in MariaDB or MySQL.
pub async fn write_mariadb(url: &str, recipe: &Recipe, seed: u64, rows: u64) -> Result<(), ProvinceError> {
    let failed = |source| ProvinceError::Database { place: "MariaDB".to_owned(), source };
    mariadb(url, recipe, seed, rows).await.map_err(failed)
}

async fn postgres(url: &str, recipe: &Recipe, seed: u64, rows: u64) -> Result<(), sqlx::Error> {
    let mut to = PgConnection::connect(url).await?;
    let mut work = to.begin().await?;
    for table in Table::ALL {
        QueryBuilder::<Postgres>::new(table.definition(Dialect::Postgres)).build().execute(&mut *work).await?;
        let mut copy = work.copy_in_raw(&format!("copy {} from stdin", table.name())).await?;
        let mut lines = String::with_capacity(COPY + 4096);
        for row in table.rows(recipe, seed, rows) {
            line(&mut lines, &row.cells);
            if lines.len() >= COPY {
                copy.send(lines.as_bytes()).await?;
                lines.clear();
            }
        }
        copy.send(lines.as_bytes()).await?;
        copy.finish().await?;
        QueryBuilder::<Postgres>::new(table.index()).build().execute(&mut *work).await?;
    }
    work.commit().await?;
    to.close().await
}

/// A row in the text form of `copy`.
fn line(lines: &mut String, cells: &[Option<String>]) {
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            lines.push('\t');
        }
        match cell {
            None => lines.push_str("\\N"),
            Some(text) => text.chars().for_each(|c| match c {
                '\\' => lines.push_str("\\\\"),
                c if c.is_control() => {
                    let _ = write!(lines, "\\x{:02x}", u32::from(c));
                }
                c => lines.push(c),
            }),
        }
    }
    lines.push('\n');
}

async fn mariadb(url: &str, recipe: &Recipe, seed: u64, rows: u64) -> Result<(), sqlx::Error> {
    let mut to = MySqlConnection::connect(url).await?;
    // Definitions of tables end a transaction here: first the tables, then the rows in one.
    for table in Table::ALL {
        QueryBuilder::<MySql>::new(table.definition(Dialect::Mariadb)).build().execute(&mut to).await?;
        QueryBuilder::<MySql>::new(table.index()).build().execute(&mut to).await?;
    }
    let mut work = to.begin().await?;
    for table in Table::ALL {
        let mut insert = QueryBuilder::<MySql>::new(format!("insert into {} ", table.name()));
        let mut all = table.rows(recipe, seed, rows).peekable();
        while all.peek().is_some() {
            insert.reset();
            insert.push_values(all.by_ref().take(CHUNK), |mut values, row| {
                for cell in &row.cells {
                    values.push_bind(cell.as_deref());
                }
            });
            insert.build().execute(&mut *work).await?;
        }
    }
    work.commit().await?;
    to.close().await
}
