//! MySQL and MariaDB: one read-only transaction with a consistent snapshot.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow, MySqlSslMode};
use sqlx::{Column as _, ConnectOptions as _, Executor as _, Row as _, Statement as _, TypeInfo as _};
use tokio::sync::mpsc::Sender;

use super::config::{check_parameters, must_verify};
use super::query::{Spelling, checked};
use super::sql::{self, Found, check_found, joined, made, pick, refused, within};
use super::{Chunk, ScanEnd, SourceError};
use crate::model::ColumnKind;

/// What an address may say after `?`. Charset and time zone are ours.
const PARAMETERS: &[&str] =
    &["sslmode", "ssl-mode", "sslca", "ssl-ca", "sslcert", "ssl-cert", "sslkey", "ssl-key", "socket"];

/// The server must wait for a slow receiver, but not for ever; ten minutes, in seconds.
const SETTINGS: [&str; 4] = [
    "set session net_write_timeout = 600",
    "set session lock_wait_timeout = 30",
    "set session transaction isolation level repeatable read",
    "start transaction with consistent snapshot, read only",
];

/// How a server is connected to, by its address; an address that would be misread is refused.
pub fn options(address: &SecretString, ca_file: Option<&Path>) -> Result<MySqlConnectOptions, SourceError> {
    check_parameters(address, &["mysql", "mariadb"], PARAMETERS)?;
    let mut options: MySqlConnectOptions = address.expose_secret().parse().map_err(|_| {
        SourceError::Settings("the address is not of the form mysql://user:password@host:port/database".into())
    })?;
    if let Some(file) = ca_file {
        options = options.ssl_ca(file);
    }
    if must_verify(address, ca_file)? {
        options = options.ssl_mode(MySqlSslMode::VerifyIdentity);
    }
    // SQL keeps the server's own way of being read.
    Ok(options
        .charset("utf8mb4")
        .timezone(Some("+07:00".to_owned()))
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .disable_statement_logging())
}

/// A MySQL or MariaDB database and the query over it.
#[derive(Debug)]
pub(super) struct Mysql {
    options: MySqlConnectOptions,
    place: String,
    query: String,
}

impl Mysql {
    pub fn open(address: &SecretString, query: &str, ca_file: Option<&Path>) -> Result<Self, SourceError> {
        let options = options(address, ca_file)?;
        let database = options.get_database().unwrap_or_default();
        let place = format!("MySQL {}:{}/{database}", options.get_host(), options.get_port());
        let query = checked(query, Spelling::Mysql).map_err(SourceError::Settings)?;
        Ok(Self { options, place, query })
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    /// A connection inside a transaction that sees one state and may write nothing. (A table of an engine
    /// without transactions is locked by the one statement that reads it.)
    async fn snapshot(&self) -> Result<MySqlConnection, SourceError> {
        let mut connection = sql::connect(&self.options, &self.place).await?;
        within(&self.place, "begin", async {
            for setting in SETTINGS {
                sqlx::raw_sql(setting).execute(&mut connection).await.map_err(refused(&self.place))?;
            }
            Ok(())
        })
        .await?;
        Ok(connection)
    }

    async fn shape(&self, connection: &mut MySqlConnection) -> Result<Vec<Found>, SourceError> {
        let statement = connection.prepare(made(self.query.clone())).await.map_err(refused(&self.place))?;
        let parameters = statement.parameters().map_or(0, |p| p.either(<[_]>::len, |n| n));
        let found: Vec<Found> = statement
            .columns()
            .iter()
            .map(|column| {
                let native = column.type_info().name().to_owned();
                Found { name: column.name().to_owned(), kind: kind_of(&native), native }
            })
            .collect();
        check_found(&self.place, &found, parameters, true)?;
        Ok(found)
    }

    pub async fn describe(&self) -> Result<Vec<Found>, SourceError> {
        let mut connection = self.snapshot().await?;
        let found = within(&self.place, "describe", self.shape(&mut connection)).await;
        sql::leave(connection).await;
        found
    }

    pub async fn scan(&self, key: &str, asked: &[String], out: &Sender<Chunk>) -> Result<ScanEnd, SourceError> {
        let mut connection = self.snapshot().await?;
        let found = within(&self.place, "describe", self.shape(&mut connection)).await?;
        let (key, chosen) = pick(&self.place, &found, key, asked)?;
        let names: Vec<&str> = chosen.iter().map(|f| f.name.as_str()).collect();
        let (key, packed, query) = (text(key), packed(&chosen), &self.query);
        // Neither a collation without regard to case nor one that pads with blanks: bytes.
        let statement = format!("select {key}, {packed} from ({query}\n) as s order by cast({key} as binary)");
        let answers = connection.fetch_many(sqlx::query(made(statement)).persistent(false));
        let end = sql::drain(answers, cells, &self.place, &names, out).await?;
        sql::leave(connection).await;
        Ok(end)
    }

    pub async fn find(&self, key: &str, asked: &[String], value: &str) -> Result<Option<(u64, String)>, SourceError> {
        let mut connection = self.snapshot().await?;
        within(&self.place, "find", async {
            let found = self.shape(&mut connection).await?;
            let (key, chosen) = pick(&self.place, &found, key, asked)?;
            let (key, packed, query) = (format!("cast({} as binary)", text(key)), packed(&chosen), &self.query);
            let statement = format!(
                "select (select count(*) from ({query}\n) as s where {key} is null or {key} < cast(? as binary)), \
                 {packed} from ({query}\n) as s where {key} = cast(? as binary) limit 1"
            );
            let asked = sqlx::query(made(statement)).persistent(false).bind(value).bind(value);
            let row = asked.fetch_optional(&mut connection).await.map_err(refused(&self.place))?;
            let Some(row) = row else { return Ok(None) };
            let before: i64 = row.try_get(0).map_err(refused(&self.place))?;
            let packed = row.try_get_unchecked::<Option<&[u8]>, _>(1).map_err(refused(&self.place))?;
            Ok(Some((before.unsigned_abs() + 1, sql::found_text(&self.place, packed)?)))
        })
        .await
    }
}

fn cells(row: &MySqlRow) -> Result<sql::Cells<'_>, sqlx::Error> {
    Ok((row.try_get_unchecked(0)?, row.try_get_unchecked(1)?))
}

/// A row longer than the server's `max_allowed_packet` becomes `NULL`, which breaks the scan.
fn packed(chosen: &[&Found]) -> String {
    let texts: Vec<String> = chosen.iter().map(|f| format!("ifnull({}, char(1 using utf8mb4))", text(f))).collect();
    joined(&texts, "char(31 using utf8mb4)")
}

/// A column as text, in the form that all engines share.
fn text(found: &Found) -> String {
    let column = format!("s.`{}`", found.name.replace('`', "``"));
    let plain = format!("cast({column} as char character set utf8mb4)");
    let trimmed = |number: &str| format!("trim(trailing '.' from trim(trailing '0' from {number}))");
    match found.native.as_str() {
        "DECIMAL" | "DATETIME" | "TIMESTAMP" => format!("if({plain} like '%.%', {}, {plain})", trimmed(&plain)),
        "FLOAT" | "DOUBLE" => {
            // With an exponent only where 65 digits, 30 behind the point, cannot hold the number.
            let long = trimmed(&format!("cast(cast({column} as decimal(65,30)) as char character set utf8mb4)"));
            format!("if({plain} like '%e%' and abs({column}) between 1e-14 and 1e34, {long}, {plain})")
        }
        "BIT" => format!("cast({column} + 0 as char character set utf8mb4)"),
        _ => plain,
    }
}

/// A text in a collation by bytes looks like a binary one, so both are text.
fn kind_of(native: &str) -> Option<ColumnKind> {
    let native = native.trim_end_matches(" UNSIGNED");
    Some(match native {
        "CHAR" | "VARCHAR" | "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" | "ENUM" | "SET" | "BINARY"
        | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" | "JSON" => ColumnKind::Text,
        "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" | "YEAR" => ColumnKind::Integer,
        "DECIMAL" | "FLOAT" | "DOUBLE" => ColumnKind::Decimal,
        "DATE" => ColumnKind::Date,
        "DATETIME" | "TIMESTAMP" => ColumnKind::Timestamp,
        "BOOLEAN" | "BIT" => ColumnKind::Boolean,
        _ => return None,
    })
}
