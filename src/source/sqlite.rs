//! SQLite: a file of the province, opened read-only.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{
    Column as _, ConnectOptions as _, Executor as _, Row as _, SqliteConnection, Statement as _, TypeInfo as _,
};
use tokio::sync::mpsc::Sender;

use super::query::{Spelling, checked};
use super::sql::{self, Found, check_found, joined, made, pick, refused, within};
use super::{Chunk, ScanEnd, SourceError};
use crate::model::ColumnKind;

/// How long a lock of the local system is waited for.
const LOCKED: Duration = Duration::from_secs(30);

/// An SQLite file and the query over it.
#[derive(Debug)]
pub(super) struct Sqlite {
    options: SqliteConnectOptions,
    place: String,
    query: String,
}

impl Sqlite {
    pub fn open(path: &Path, query: &str, base: &Path) -> Result<Self, SourceError> {
        let path: PathBuf = base.join(path);
        if let Err(cause) = std::fs::File::open(&path) {
            return Err(SourceError::File { path, cause });
        }
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .read_only(true)
            .create_if_missing(false)
            .busy_timeout(LOCKED)
            .pragma("query_only", "on")
            .row_buffer_size(512)
            .disable_statement_logging();
        let query = checked(query, Spelling::Sqlite).map_err(SourceError::Settings)?;
        Ok(Self { options, place: format!("SQLite {}", path.display()), query })
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    /// A connection inside a read transaction: everything on it sees one state of the file.
    async fn snapshot(&self) -> Result<SqliteConnection, SourceError> {
        let mut connection = sql::connect(&self.options, &self.place).await?;
        connection.execute("begin").await.map_err(refused(&self.place))?;
        Ok(connection)
    }

    async fn shape(&self, connection: &mut SqliteConnection) -> Result<Vec<Found>, SourceError> {
        let statement = connection.prepare(made(self.query.clone())).await.map_err(refused(&self.place))?;
        let parameters = statement.parameters().map_or(0, |p| p.either(<[_]>::len, |n| n));
        let mut found = Vec::with_capacity(statement.columns().len());
        for column in statement.columns() {
            let mut native = column.type_info().name().to_owned();
            // The driver knows only some names; the table has the type as it was declared.
            if let Some(origin) = column.origin().table_column() {
                let declared = sqlx::query_scalar("select type from pragma_table_info(?1) where name = ?2")
                    .bind(origin.table.to_string())
                    .bind(origin.name.to_string())
                    .fetch_optional(&mut *connection)
                    .await
                    .map_err(refused(&self.place))?;
                native = declared.unwrap_or(native);
            }
            found.push(Found { name: column.name().to_owned(), kind: kind_of(&native), native });
        }
        check_found(&self.place, &found, parameters, true)?;
        Ok(found)
    }

    pub async fn describe(&self) -> Result<Vec<Found>, SourceError> {
        within(&self.place, "describe", async {
            let mut connection = self.snapshot().await?;
            let found = self.shape(&mut connection).await;
            sql::leave(connection).await;
            found
        })
        .await
    }

    pub async fn scan(&self, key: &str, asked: &[String], out: &Sender<Chunk>) -> Result<ScanEnd, SourceError> {
        let mut connection = self.snapshot().await?;
        let found = within(&self.place, "describe", self.shape(&mut connection)).await?;
        let (key, chosen) = pick(&self.place, &found, key, asked)?;
        let names: Vec<&str> = chosen.iter().map(|f| f.name.as_str()).collect();
        let statement =
            format!("select {}, {} from ({}\n) as s order by {}", text(key), packed(&chosen), self.query, order(key));
        let answers = connection.fetch_many(sqlx::query(made(statement)).persistent(false));
        let end = sql::drain(answers, cells, &self.place, &names, out).await?;
        sql::leave(connection).await;
        Ok(end)
    }

    pub async fn find(&self, key: &str, asked: &[String], value: &str) -> Result<Option<(u64, String)>, SourceError> {
        within(&self.place, "find", async {
            let mut connection = self.snapshot().await?;
            let found = self.shape(&mut connection).await?;
            let (key, chosen) = pick(&self.place, &found, key, asked)?;
            let (key, packed, query) = (text(key), packed(&chosen), &self.query);
            let statement = format!(
                "select (select count(*) from ({query}\n) as s where ({key}) is null or ({key}) collate binary < ?1), \
                 {packed} from ({query}\n) as s where ({key}) collate binary = ?1 limit 1"
            );
            let row = sqlx::query(made(statement)).persistent(false).bind(value).fetch_optional(&mut connection).await;
            let Some(row) = row.map_err(refused(&self.place))? else { return Ok(None) };
            let before: i64 = row.try_get_unchecked(0).map_err(refused(&self.place))?;
            let (_, packed) = cells(&row).map_err(refused(&self.place))?;
            Ok(Some((before.unsigned_abs() + 1, sql::found_text(&self.place, packed)?)))
        })
        .await
    }
}

fn cells(row: &SqliteRow) -> Result<sql::Cells<'_>, sqlx::Error> {
    Ok((bytes(row, 0)?, bytes(row, 1)?))
}

/// As text if it is valid (a file in UTF-16 is converted), else the bytes, so that the column can be named.
fn bytes(row: &SqliteRow, index: usize) -> Result<Option<&[u8]>, sqlx::Error> {
    match row.try_get_unchecked::<Option<&str>, _>(index) {
        Ok(text) => Ok(text.map(str::as_bytes)),
        Err(_) => row.try_get_unchecked::<Option<&[u8]>, _>(index),
    }
}

fn packed(chosen: &[&Found]) -> String {
    let texts: Vec<String> = chosen.iter().map(|f| format!("ifnull({}, char(1))", text(f))).collect();
    joined(&texts, "char(31)")
}

fn quoted(name: &str) -> String {
    format!("s.\"{}\"", name.replace('"', "\"\""))
}

/// A column as text. A floating number is written out, never with an exponent, and with more than the 15 digits
/// of SQLite's cast where those do not give the same number back.
fn text(found: &Found) -> String {
    let column = quoted(&found.name);
    if found.kind == Some(ColumnKind::Text) {
        // Such a column holds text (or bytes, which are read as such); what it is put into takes it as it is.
        return column;
    }
    let plain = |text: String| format!("rtrim(rtrim({text}, '0'), '.')");
    let (short, long) = (plain(format!("cast({column} as text)")), plain(format!("printf('%!.20f', {column})")));
    format!(
        "case when typeof({column}) <> 'real' then cast({column} as text) \
         when abs({column}) >= 1e-4 and abs({column}) < 1e15 and cast(cast({column} as text) as real) = {column} \
         then {short} else {long} end"
    )
}

/// By bytes. A text column keeps its own expression, so that an index can deliver the order.
fn order(key: &Found) -> String {
    if key.kind == Some(ColumnKind::Text) {
        format!("{} collate binary", quoted(&key.name))
    } else {
        format!("({}) collate binary", text(key))
    }
}

/// By SQLite's rules of affinity, with the names for dates and truth that people use.
fn kind_of(declared: &str) -> Option<ColumnKind> {
    let declared = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|w| declared.contains(w));
    if has(&["INT"]) {
        Some(ColumnKind::Integer)
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        Some(ColumnKind::Text)
    } else if has(&["BOOL"]) {
        Some(ColumnKind::Boolean)
    } else if has(&["DATETIME", "TIMESTAMP"]) {
        Some(ColumnKind::Timestamp)
    } else if has(&["DATE"]) {
        Some(ColumnKind::Date)
    } else if has(&["NUMERIC", "DECIMAL", "NUMBER", "REAL", "FLOA", "DOUB"]) {
        Some(ColumnKind::Decimal)
    } else {
        None
    }
}
