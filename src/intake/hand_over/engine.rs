//! What the three databases spell differently: connecting, describing a table, quoting, casting.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Row as _};

use super::failure::failed;
use super::{HandError, Trouble};
use crate::source::{connect, made, mysql_options, postgres_options};

/// How long a lock of the local system is waited for.
const LOCKED: Duration = Duration::from_secs(15);
/// Vietnam time, dates as they are written, limits, and nothing that a server forgets after it said that it is done.
const BEGIN_POSTGRES: &str = "begin; set local time zone 7; set local datestyle = 'ISO, YMD'; \
    set local client_min_messages = 'error'; set local statement_timeout = '25s'; set local lock_timeout = '15s'; \
    set local idle_in_transaction_session_timeout = '60s'; set local synchronous_commit = on";
/// A value that does not fit is an error, never cut.
const STRICT: &str = "set session sql_mode = concat_ws(',', nullif(@@session.sql_mode, ''), 'STRICT_ALL_TABLES'), \
    session innodb_lock_wait_timeout = 15";

/// Where the local database is.
pub enum Database {
    /// A file.
    Sqlite(PathBuf),
    /// A server's address.
    Postgres(SecretString),
    /// A server's address.
    Mysql(SecretString),
}

/// How it is connected to.
pub(super) enum Engine {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
    Mysql(MySqlConnectOptions),
}

/// One connection.
pub(super) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    Mysql(MySqlConnection),
}

/// Runs one body on the connection of any engine.
macro_rules! on {
    ($connection:expr, $c:ident => $body:expr) => {
        match $connection {
            Connection::Sqlite($c) => $body,
            Connection::Postgres($c) => $body,
            Connection::Mysql($c) => $body,
        }
    };
}

/// A column as the database describes it; a value is cast to `cast`, where that is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub name: String,
    pub cast: Option<String>,
}

const COLUMNS_SQLITE: &str = "select name, null from pragma_table_info($2, coalesce($1, 'main')) \
    union select name, null from pragma_table_info($2, coalesce($1, 'temp')) order by 1";
// A type without its length: a cast to `varchar(20)` cuts, the assignment after a cast to `varchar` does not.
const COLUMNS_POSTGRES: &str = "select attname::text, pg_catalog.format_type(atttypid, -1) from pg_catalog.pg_attribute \
    where attrelid = to_regclass(case when $1 is null then '' else quote_ident($1) || '.' end || quote_ident($2)) \
    and attnum > 0 and not attisdropped order by 1";
const COLUMNS_MYSQL: &str = "select cast(column_name as char), case when data_type = 'bit' then 'unsigned' end \
    from information_schema.columns where table_schema = coalesce(?, database()) and table_name = ? order by 1";

const UNSAFE_MYSQL: &str = "select cast(coalesce(t.engine, '') as char) from information_schema.tables t \
    left join information_schema.engines e on e.engine = t.engine \
    where t.table_schema = coalesce(?, database()) and t.table_name = ? and t.table_type = 'BASE TABLE' \
    and coalesce(e.transactions, 'NO') <> 'YES'";

const UNIQUE_SQLITE: &str = "select 'x' from pragma_index_list($2, coalesce($1, 'main')) l where l.\"unique\" = 1 and l.partial = 0 \
    and (select group_concat(name) from pragma_index_info(l.name, coalesce($1, 'main'))) = $3 collate nocase";
const UNIQUE_POSTGRES: &str = "select 'x'::text from pg_catalog.pg_index i \
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] \
    where i.indrelid = to_regclass(case when $1 is null then '' else quote_ident($1) || '.' end || quote_ident($2)) \
    and i.indisunique and i.indpred is null and i.indnatts = 1 and a.attname = $3";
const UNIQUE_MYSQL: &str = "select 'x' from information_schema.statistics \
    where table_schema = coalesce(?, database()) and table_name = ? group by index_name \
    having max(non_unique) = 0 and count(*) = 1 and max(sub_part) is null and lower(max(column_name)) = lower(?)";

impl Engine {
    /// Checks the address; nothing is connected.
    pub fn of(database: &Database) -> Result<(Self, String), String> {
        Ok(match database {
            Database::Sqlite(path) => {
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(false)
                    .busy_timeout(LOCKED)
                    .synchronous(SqliteSynchronous::Full)
                    .disable_statement_logging();
                (Self::Sqlite(options), format!("SQLite {}", path.display()))
            }
            Database::Postgres(address) => {
                let options = postgres_options(address, None).map_err(|e| e.to_string())?;
                let database = options.get_database().unwrap_or_default();
                let place = format!("PostgreSQL {}:{}/{database}", options.get_host(), options.get_port());
                (Self::Postgres(options), place)
            }
            Database::Mysql(address) => {
                let options = mysql_options(address, None).map_err(|e| e.to_string())?;
                let database = options.get_database().unwrap_or_default();
                let place = format!("MySQL {}:{}/{database}", options.get_host(), options.get_port());
                (Self::Mysql(options), place)
            }
        })
    }

    pub async fn connect(&self, place: &str) -> Result<Connection, HandError> {
        let unreached = |e: crate::source::SourceError| HandError::of(Trouble::Down, e.to_string());
        Ok(match self {
            Self::Sqlite(options) => Connection::Sqlite(connect(options, place).await.map_err(unreached)?),
            Self::Postgres(options) => Connection::Postgres(connect(options, place).await.map_err(unreached)?),
            Self::Mysql(options) => {
                let mut connection = connect(options, place).await.map_err(unreached)?;
                sqlx::raw_sql(STRICT).execute(&mut connection).await.map_err(|e| failed(place, &e))?;
                Connection::Mysql(connection)
            }
        })
    }

    /// An identifier, with its quotes.
    pub fn quoted(&self, name: &str) -> String {
        let quote = if matches!(self, Self::Mysql(_)) { '`' } else { '"' };
        format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")))
    }

    /// The place of the `nth` value in a statement, from 1.
    pub fn value(&self, nth: usize, cast: Option<&str>) -> String {
        let place = if matches!(self, Self::Mysql(_)) { "?".to_owned() } else { format!("${nth}") };
        cast.map_or_else(|| place.clone(), |kind| format!("cast({place} as {kind})"))
    }

    /// Whether two names are one to the database.
    pub fn is_same(&self, one: &str, other: &str) -> bool {
        match self {
            Self::Postgres(_) => one == other,
            Self::Sqlite(_) | Self::Mysql(_) => one.to_lowercase() == other.to_lowercase(),
        }
    }
}

impl Connection {
    /// The columns of a table, by its schema and name; none where there is no such table.
    pub async fn columns(&mut self, schema: Option<&str>, table: &str) -> Result<Vec<Column>, sqlx::Error> {
        let sql = match self {
            Self::Sqlite(_) => COLUMNS_SQLITE,
            Self::Postgres(_) => COLUMNS_POSTGRES,
            Self::Mysql(_) => COLUMNS_MYSQL,
        };
        on!(self, c => {
            let rows = sqlx::query(sql).bind(schema).bind(table).fetch_all(c).await?;
            let column = |row| {
                let row: &_ = row;
                Ok(Column { name: sqlx::Row::try_get_unchecked(row, 0)?, cast: sqlx::Row::try_get_unchecked(row, 1)? })
            };
            rows.iter().map(column).collect()
        })
    }

    /// The storage of a table that knows no transactions, if it is one such.
    pub async fn without_transactions(
        &mut self,
        schema: Option<&str>,
        table: &str,
    ) -> Result<Option<String>, sqlx::Error> {
        let Self::Mysql(c) = self else { return Ok(None) };
        let row = sqlx::query(UNSAFE_MYSQL).bind(schema).bind(table).fetch_optional(c).await?;
        row.map(|row| row.try_get_unchecked(0)).transpose()
    }

    /// Whether a column has each value once, by an index of its own.
    pub async fn is_unique(&mut self, schema: Option<&str>, table: &str, column: &str) -> Result<bool, sqlx::Error> {
        let sql = match self {
            Self::Sqlite(_) => UNIQUE_SQLITE,
            Self::Postgres(_) => UNIQUE_POSTGRES,
            Self::Mysql(_) => UNIQUE_MYSQL,
        };
        on!(self, c => {
            let found = sqlx::query(sql).bind(schema).bind(table).bind(column).fetch_optional(c).await?;
            Ok(found.is_some())
        })
    }

    pub async fn begin(&mut self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(c) => sqlx::raw_sql("begin immediate").execute(c).await.map(|_| ()),
            Self::Postgres(c) => sqlx::raw_sql(BEGIN_POSTGRES).execute(c).await.map(|_| ()),
            Self::Mysql(c) => sqlx::raw_sql("start transaction").execute(c).await.map(|_| ()),
        }
    }

    pub async fn end(&mut self, how: &'static str) -> Result<(), sqlx::Error> {
        on!(self, c => sqlx::raw_sql(how).execute(c).await.map(|_| ()))
    }

    /// The one text that a statement finds.
    pub async fn text(&mut self, sql: &str, value: &str) -> Result<Option<String>, sqlx::Error> {
        on!(self, c => {
            let row = sqlx::query(made(sql.to_owned())).bind(value).fetch_optional(c).await?;
            row.map(|row| row.try_get_unchecked(0)).transpose()
        })
    }

    pub async fn insert(&mut self, sql: &str, values: &[Option<String>]) -> Result<(), sqlx::Error> {
        on!(self, c => {
            let mut statement = sqlx::query(made(sql.to_owned()));
            for value in values {
                statement = statement.bind(value.as_deref());
            }
            statement.execute(c).await.map(|_| ())
        })
    }
}
