//! What a failure of a database says: of this version, of the others, of the column. Never a value.

use sqlx::mysql::MySqlDatabaseError;
use sqlx::sqlite::SqliteError;

use super::{HandError, Trouble};
use crate::source::told;

/// What a failure after the connection was made and before the commit says of this version and of the others. Nothing of
/// it says that nobody is there: a row may be the reason why the server breaks off, or has no room. Who cannot be reached
/// is found out by connecting.
pub(super) fn failed(place: &str, error: &sqlx::Error) -> HandError {
    let (trouble, column) = match error {
        sqlx::Error::Database(e) => {
            let code = e.code().unwrap_or_default().into_owned();
            if e.try_downcast_ref::<SqliteError>().is_some() {
                // Its own words name table and column, never a value.
                (sqlite_trouble(&code), None)
            } else if let Some(mysql) = e.try_downcast_ref::<MySqlDatabaseError>() {
                (mysql_trouble(mysql.number()), mysql_column(mysql.message()))
            } else {
                (postgres_trouble(&code), None)
            }
        }
        _ => (Trouble::Untaken, None),
    };
    let at = column.map_or_else(String::new, |column| format!(", cột / column {column}"));
    HandError::of(trouble, format!("{place}{at}: {}", told(error)))
}

/// A constraint or a type; anything else may be about the file.
fn sqlite_trouble(code: &str) -> Trouble {
    match code.parse::<i32>().map(|c| c & 0xff) {
        Ok(18..=20) => Trouble::Refused,
        _ => Trouble::Untaken,
    }
}

/// Data, constraints, and what a trigger says; conflicts pass; all else may be about the server or the table.
fn postgres_trouble(code: &str) -> Trouble {
    match code.get(..2) {
        Some("22" | "23" | "44" | "P0") => Trouble::Refused,
        Some("40") => Trouble::Unsure,
        _ if code == "57014" || code == "55P03" => Trouble::Unsure,
        _ => Trouble::Untaken,
    }
}

/// By the server's own numbers, for it has one SQLSTATE for most things.
fn mysql_trouble(number: u16) -> Trouble {
    match number {
        // Null, twice, too long, out of range, wrong value, no default, foreign keys, checks, a trigger's word.
        1048 | 1062 | 1264 | 1265 | 1292 | 1364 | 1366 | 1367 | 1406 | 1411 | 1451 | 1452 | 1644 | 3140 | 3819
        | 4025 => Trouble::Refused,
        // A lock that was waited for in vain, a deadlock.
        1205 | 1213 => Trouble::Unsure,
        _ => Trouble::Untaken,
    }
}

/// The column stands at the message's end; a value, if any, before it.
fn mysql_column(message: &str) -> Option<String> {
    let (_, rest) = message.rsplit_once("olumn ")?;
    let name = rest.split(" at row").next()?.trim_matches(['\'', '`', ' ']);
    let name = name.rsplit('`').next()?.split('\'').next()?;
    (!name.is_empty() && name.len() <= 64).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::mysql_column;

    #[test]
    fn a_column_is_told_and_a_value_is_not() {
        for (message, column) in [
            ("Data too long for column 'ho_ten' at row 1", Some("ho_ten")),
            ("Column 'ma_xa' cannot be null", Some("ma_xa")),
            ("Incorrect integer value: 'column x' for column `a`.`t`.`nam` at row 1", Some("nam")),
            ("Duplicate entry 'x' for key 'PRIMARY'", None),
        ] {
            assert_eq!(mysql_column(message).as_deref(), column, "{message}");
        }
    }
}
