//! PostgreSQL: one repeatable-read, read-only transaction.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgRow, PgSslMode, PgTypeInfo, PgTypeKind};
use sqlx::{Column as _, ConnectOptions as _, Executor as _, Row as _, Statement as _, TypeInfo as _};
use tokio::sync::mpsc::Sender;

use super::config::{check_parameters, must_verify};
use super::query::{Spelling, checked};
use super::sql::{self, Found, check_found, joined, made, pick, refused, within};
use super::{Chunk, ScanEnd, SourceError};
use crate::model::ColumnKind;

/// What an address may say after `?`.
const PARAMETERS: &[&str] = &[
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "application_name",
    "options",
    "options[",
];

/// Vietnam time, texts in the form that the rest expects, limits, and no notices that could quote data.
const SETTINGS: &str = "begin isolation level repeatable read read only; \
    set local time zone 7; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'iso_8601'; \
    set local bytea_output = 'hex'; set local client_min_messages = 'error'; set local statement_timeout = '60min'; \
    set local lock_timeout = '30s'; set local idle_in_transaction_session_timeout = '10min'";

/// How a server is connected to, by its address; an address that would be misread is refused.
pub fn options(address: &SecretString, ca_file: Option<&Path>) -> Result<PgConnectOptions, SourceError> {
    check_parameters(address, &["postgres", "postgresql"], PARAMETERS)?;
    let mut options: PgConnectOptions = address.expose_secret().parse().map_err(|_| {
        SourceError::Settings("the address is not of the form postgres://user:password@host:port/database".into())
    })?;
    if let Some(file) = ca_file {
        options = options.ssl_root_cert(file);
    }
    if must_verify(address, ca_file)? {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    Ok(options.application_name("molisa-gateway").disable_statement_logging())
}

/// A PostgreSQL database and the query over it.
#[derive(Debug)]
pub(super) struct Postgres {
    options: PgConnectOptions,
    place: String,
    query: String,
}

impl Postgres {
    pub fn open(address: &SecretString, query: &str, ca_file: Option<&Path>) -> Result<Self, SourceError> {
        let options = options(address, ca_file)?;
        let database = options.get_database().unwrap_or_default();
        let place = format!("PostgreSQL {}:{}/{database}", options.get_host(), options.get_port());
        let query = checked(query, Spelling::Postgres).map_err(SourceError::Settings)?;
        Ok(Self { options, place, query })
    }

    pub fn place(&self) -> &str {
        &self.place
    }

    /// A connection inside a transaction that sees one state and may write nothing.
    async fn snapshot(&self) -> Result<PgConnection, SourceError> {
        let mut connection = sql::connect(&self.options, &self.place).await?;
        within(&self.place, "begin", async {
            sqlx::raw_sql(SETTINGS).execute(&mut connection).await.map_err(refused(&self.place))
        })
        .await?;
        Ok(connection)
    }

    async fn shape(&self, connection: &mut PgConnection) -> Result<Vec<Found>, SourceError> {
        let statement = connection.prepare(made(self.query.clone())).await.map_err(refused(&self.place))?;
        let parameters = statement.parameters().map_or(0, |p| p.either(<[_]>::len, |n| n));
        let found: Vec<Found> = statement
            .columns()
            .iter()
            .map(|column| Found {
                name: column.name().to_owned(),
                kind: kind_of(column.type_info()),
                native: column.type_info().name().to_owned(),
            })
            .collect();
        check_found(&self.place, &found, parameters, false)?;
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
        let (found, order) = within(&self.place, "describe", async {
            Ok((self.shape(&mut connection).await?, self.order(&mut connection).await?))
        })
        .await?;
        let (key, chosen) = pick(&self.place, &found, key, asked)?;
        let names: Vec<&str> = chosen.iter().map(|f| f.name.as_str()).collect();
        let statement =
            format!("select t.k, {BOUNDED} from ({}) as t order by {order} nulls first", self.inner(key, &chosen));
        let answers = connection.fetch_many(sqlx::query(made(statement)).persistent(false));
        let end = sql::drain(answers, cells, &self.place, &names, out).await?;
        sql::leave(connection).await;
        Ok(end)
    }

    pub async fn find(&self, key: &str, asked: &[String], value: &str) -> Result<Option<(u64, String)>, SourceError> {
        let mut connection = self.snapshot().await?;
        within(&self.place, "find", async {
            let found = self.shape(&mut connection).await?;
            let order = self.order(&mut connection).await?;
            let (key, chosen) = pick(&self.place, &found, key, asked)?;
            let value_order = order.replace("t.k", "$1::text");
            let statement = format!(
                "select (select count(*) from (select {key_text} as k from ({query}\n) as s) as t \
                 where t.k is null or {order} < {value_order}), {BOUNDED} from ({inner}) as t where {order} = {value_order} limit 1",
                key_text = text(key),
                query = self.query,
                inner = self.inner(key, &chosen),
            );
            let row = sqlx::query(made(statement)).persistent(false).bind(value).fetch_optional(&mut connection).await;
            let Some(row) = row.map_err(refused(&self.place))? else { return Ok(None) };
            let before: i64 = row.try_get(0).map_err(refused(&self.place))?;
            let packed = row.try_get_unchecked::<Option<&[u8]>, _>(1).map_err(refused(&self.place))?;
            Ok(Some((before.unsigned_abs() + 1, sql::found_text(&self.place, packed)?)))
        })
        .await
    }

    /// Key `k` and packed row `p`. `offset 0` keeps the planner from computing `p` once for each mention.
    fn inner(&self, key: &Found, chosen: &[&Found]) -> String {
        let texts: Vec<String> = chosen.iter().map(|f| format!("coalesce({}, chr(1))", text(f))).collect();
        let packed = joined(&texts, "chr(31)");
        format!("select {} as k, {packed} as p from ({}\n) as s offset 0", text(key), self.query)
    }

    /// By the bytes of UTF-8, which the collation `C` means only where the server itself keeps UTF-8.
    async fn order(&self, connection: &mut PgConnection) -> Result<&'static str, SourceError> {
        let encoding: String = sqlx::query_scalar("select pg_catalog.current_setting('server_encoding')")
            .fetch_one(connection)
            .await
            .map_err(refused(&self.place))?;
        Ok(if encoding == "UTF8" { "t.k collate \"C\"" } else { "convert_to(t.k, 'UTF8')" })
    }
}

/// A row longer than [`sql::LONGEST_ROW`] stays on the server; what comes instead breaks the scan.
const BOUNDED: &str = "case when octet_length(t.p) <= 1048576 then t.p end";

fn cells(row: &PgRow) -> Result<sql::Cells<'_>, sqlx::Error> {
    Ok((row.try_get_unchecked(0)?, row.try_get_unchecked(1)?))
}

/// A column as text, in the form that all engines share.
fn text(found: &Found) -> String {
    let column = format!("s.\"{}\"", found.name.replace('"', "\"\""));
    let trimmed = |number: String| {
        format!("case when {number} like '%.%' then rtrim(rtrim({number}, '0'), '.') else {number} end")
    };
    match found.native.as_str() {
        "BOOL" => format!("case when {column} then '1' when not {column} then '0' end"),
        "NUMERIC" => trimmed(format!("{column}::text")),
        // By way of the shortest text that gives the number back, then written out without an exponent.
        "FLOAT4" | "FLOAT8" => trimmed(format!("{column}::text::numeric::text")),
        "MONEY" => trimmed(format!("{column}::numeric::text")),
        "TIMESTAMPTZ" => format!("({column} at time zone interval '7 hours')::text"),
        _ => format!("{column}::text"),
    }
}

fn kind_of(native: &PgTypeInfo) -> Option<ColumnKind> {
    match native.kind() {
        PgTypeKind::Enum(_) => return Some(ColumnKind::Text),
        PgTypeKind::Domain(base) => return kind_of(base),
        _ => {}
    }
    Some(match native.name() {
        "TEXT" | "VARCHAR" | "CHAR" | "\"CHAR\"" | "NAME" | "citext" | "CITEXT" | "UUID" => ColumnKind::Text,
        "INT2" | "INT4" | "INT8" => ColumnKind::Integer,
        "NUMERIC" | "FLOAT4" | "FLOAT8" | "MONEY" => ColumnKind::Decimal,
        "DATE" => ColumnKind::Date,
        "TIMESTAMP" | "TIMESTAMPTZ" => ColumnKind::Timestamp,
        "BOOL" => ColumnKind::Boolean,
        _ => return None,
    })
}
