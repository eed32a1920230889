//! What the three databases share: connecting, the packed statement, and reading it to its end.
//!
//! Reading column by column is several times slower than one packed text, so the operator's query is wrapped:
//! one column with the key, one with all columns joined by the unit separator, in the order of the keys' bytes.

use std::future::Future;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use sqlx::{ConnectOptions, Connection, Either, SqlSafeStr, SqlStr};
use tokio::sync::mpsc::Sender;

use super::chunk::Builder;
use super::{Chunk, ScanEnd, SourceError, check_shape};
use crate::model::row::SEPARATOR;
use crate::model::{Column, ColumnKind};

/// The longest packed row, in bytes.
pub(super) const LONGEST_ROW: usize = 1 << 20;
/// More columns than this are refused.
const MOST_COLUMNS: usize = 500;
/// One attempt at a connection may take so long.
const CONNECT: Duration = Duration::from_secs(10);
/// A short question (describing, one row's first answer) may take so long.
pub(super) const ASK: Duration = Duration::from_mins(1);
/// Taking leave is a courtesy.
const LEAVE: Duration = Duration::from_secs(2);
/// The first row comes after the database has sorted all of them.
const FIRST_ROW: Duration = Duration::from_mins(15);
/// From row to row.
const NEXT_ROW: Duration = Duration::from_mins(2);

/// A column of the query as the database describes it.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub name: String,
    pub kind: Option<ColumnKind>,
    /// The database's own name for the type.
    pub native: String,
}

/// SQL made at run time: the operator's query, checked, and identifiers quoted by the engine's rule.
/// Values are always bound.
#[expect(clippy::disallowed_methods, reason = "this is the one place where SQL made at run time is let through")]
pub fn made(sql: String) -> SqlStr {
    sqlx::AssertSqlSafe(sql).into_sql_str()
}

/// The columns for the rest of the gateway.
pub(super) fn columns(found: Vec<Found>) -> Vec<Column> {
    found.into_iter().map(|f| Column { name: f.name, kind: f.kind }).collect()
}

/// Refuses parameters, too many columns and names that occur twice.
pub(super) fn check_found(place: &str, found: &[Found], parameters: usize, fold_case: bool) -> Result<(), SourceError> {
    let refuse = |detail: String| Err(SourceError::Query { place: place.to_owned(), detail });
    if parameters > 0 {
        return refuse("it has parameters, and there is nothing to put into them".to_owned());
    }
    if found.is_empty() || found.len() > MOST_COLUMNS {
        return refuse(format!("it has {} columns; 1 to {MOST_COLUMNS} are possible", found.len()));
    }
    let fold = |name: &str| if fold_case { name.to_lowercase() } else { name.to_owned() };
    let mut names: Vec<String> = found.iter().map(|f| fold(&f.name)).collect();
    names.sort();
    let mut twice: Vec<String> = names.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0].clone()).collect();
    twice.dedup();
    if twice.is_empty() { Ok(()) } else { Err(SourceError::Ambiguous { place: place.to_owned(), names: twice }) }
}

/// The asked columns in the asked order, and the place of the key among them.
pub(super) fn pick<'a>(
    place: &str,
    found: &'a [Found],
    key: &str,
    asked: &[String],
) -> Result<(&'a Found, Vec<&'a Found>), SourceError> {
    let needs: Vec<Column> = std::iter::once(key)
        .filter(|key| asked.iter().all(|a| a != key))
        .chain(asked.iter().map(String::as_str))
        .map(|name| Column { name: name.to_owned(), kind: None })
        .collect();
    check_shape(place, &needs, &columns(found.to_vec()))?;
    let by_name = |name: &str| found.iter().find(|f| f.name == name);
    let gone = || SourceError::Shape { place: place.to_owned(), faults: vec![key.to_owned()] };
    Ok((by_name(key).ok_or_else(gone)?, asked.iter().filter_map(|a| by_name(a)).collect()))
}

/// Joins expressions by the unit separator. Nested, because databases bound the arguments of a function.
pub(super) fn joined(expressions: &[String], separator: &str) -> String {
    let groups: Vec<String> =
        expressions.chunks(60).map(|group| format!("concat_ws({separator}, {})", group.join(", "))).collect();
    match groups.as_slice() {
        [one] => one.clone(),
        many => format!("concat_ws({separator}, {})", many.join(", ")),
    }
}

/// Connects, with few retries where another attempt may help.
pub async fn connect<O>(options: &O, place: &str) -> Result<O::Connection, SourceError>
where
    O: ConnectOptions,
    O::Connection: Sized,
{
    let attempt = || async {
        match tokio::time::timeout(CONNECT, options.connect()).await {
            Ok(connected) => connected,
            Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
        }
    };
    let backoff =
        ExponentialBuilder::default().with_min_delay(Duration::from_millis(200)).with_max_times(2).with_jitter();
    attempt
        .retry(backoff)
        .when(is_passing)
        .await
        .map_err(|error| SourceError::Connect { place: place.to_owned(), detail: told(&error) })
}

/// Takes leave of the server, if it still listens.
pub(super) async fn leave(connection: impl Connection) {
    let _ = tokio::time::timeout(LEAVE, connection.close()).await;
}

/// Whether another attempt at connecting may help: the server starts, is full or does not answer.
fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(e) => matches!(e.code().as_deref(), Some("57P03" | "53300" | "08004")),
        _ => false,
    }
}

/// Waits no longer than [`ASK`].
pub(super) async fn within<T>(
    place: &str,
    what: &str,
    asked: impl Future<Output = Result<T, SourceError>>,
) -> Result<T, SourceError> {
    tokio::time::timeout(ASK, asked).await.unwrap_or_else(|_| {
        Err(SourceError::TimedOut { place: place.to_owned(), at: what.to_owned(), seconds: ASK.as_secs() })
    })
}

/// A failure of the configured query.
pub(super) fn refused(place: &str) -> impl Fn(sqlx::Error) -> SourceError {
    let place = place.to_owned();
    move |error| match error {
        sqlx::Error::Io(_) => SourceError::Broken { place: place.clone(), at: "…".to_owned(), detail: told(&error) },
        _ => SourceError::Query { place: place.clone(), detail: told(&error) },
    }
}

/// What a driver's error may say: never a value of a row. Databases quote values in data exceptions and in
/// details, so those are told by their code only.
pub fn told(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(e) => {
            let code = e.code().unwrap_or_default();
            let is_sqlite = e.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some();
            // Classes that speak of connections, rights, names and syntax, not of data.
            let speaks = ["08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "55", "57", "58"];
            if is_sqlite || speaks.iter().any(|class| code.starts_with(class)) {
                format!("{} [{code}]", e.message())
            } else if let Some(mysql) = e.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
                format!("error {} [{code}] (its text may quote data and is not shown)", mysql.number())
            } else {
                format!("SQLSTATE {code} (its text may quote data and is not shown)")
            }
        }
        sqlx::Error::Configuration(cause) if cause.to_string().contains("RSA") => {
            "máy chủ đòi mật khẩu kiểu MySQL 8, chỉ gửi được qua TLS: thêm ?ssl-mode=REQUIRED vào địa chỉ / \
             the server wants a password in the way of MySQL 8, which goes over TLS only: \
             add ?ssl-mode=REQUIRED (better: VERIFY_IDENTITY with ca_file) to the address"
                .to_owned()
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => "a value is not readable text".to_owned(),
        other => other.to_string(),
    }
}

/// Key and packed row as bytes.
pub(super) type Cells<'r> = (Option<&'r [u8]>, Option<&'r [u8]>);

/// Reads a packed statement to its end and hands the rows on in chunks.
///
/// The end is only believed when the database has said that the statement is complete.
pub(super) async fn drain<Q, R>(
    mut answers: BoxStream<'_, Result<Either<Q, R>, sqlx::Error>>,
    cells: for<'r> fn(&'r R) -> Result<Cells<'r>, sqlx::Error>,
    place: &str,
    names: &[&str],
    out: &Sender<Chunk>,
) -> Result<ScanEnd, SourceError> {
    let mut builder = Builder::default();
    let mut complete = false;
    loop {
        let row = builder.rows() + 1;
        let at = || format!("dòng / row {row}");
        let broken = |detail: String| SourceError::Broken { place: place.to_owned(), at: at(), detail };
        let limit = if row == 1 { FIRST_ROW } else { NEXT_ROW };
        let Ok(answer) = tokio::time::timeout(limit, answers.next()).await else {
            return Err(SourceError::TimedOut { place: place.to_owned(), at: at(), seconds: limit.as_secs() });
        };
        match answer {
            Some(Ok(Either::Right(answer))) => {
                let (key, packed) = cells(&answer).map_err(|e| broken(told(&e)))?;
                let Some(packed) = packed.filter(|p| p.len() <= LONGEST_ROW) else {
                    return Err(broken(format!(
                        "the row is longer than {LONGEST_ROW} bytes; ask for less in the query"
                    )));
                };
                let packed =
                    std::str::from_utf8(packed).map_err(|e| unreadable(place, row, names, packed, e.valid_up_to()))?;
                let key =
                    key.map(std::str::from_utf8).transpose().map_err(|_| broken("the key is not UTF-8".into()))?;
                let chunk = builder.add_ordered(key, packed).map_err(|_| {
                    broken("the key is smaller than the one before: the database does not sort keys by bytes".into())
                })?;
                if let Some(chunk) = chunk {
                    out.send(chunk).await.map_err(|_| SourceError::Cancelled)?;
                }
            }
            Some(Ok(Either::Left(_))) => complete = true,
            Some(Err(error)) if row == 1 => return Err(refused(place)(error)),
            Some(Err(error)) => return Err(broken(told(&error))),
            None if complete => break,
            None => return Err(broken("the answer ended without saying that it is complete".into())),
        }
    }
    let (last, end) = builder.finish();
    if let Some(chunk) = last {
        out.send(chunk).await.map_err(|_| SourceError::Cancelled)?;
    }
    Ok(end)
}

/// Names the column in which a packed row stops being UTF-8.
fn unreadable(place: &str, row: u64, names: &[&str], packed: &[u8], at: usize) -> SourceError {
    let before = packed.get(..at).unwrap_or_default();
    let column = before.iter().filter(|b| char::from(**b) == SEPARATOR).count();
    let name = names.get(column).copied().unwrap_or("?");
    SourceError::Broken {
        place: place.to_owned(),
        at: format!("dòng / row {row}, cột / column `{name}`"),
        detail: "the text is not valid UTF-8".to_owned(),
    }
}

/// Key and packed row of one found row, for [`super::Source::find`].
pub(super) fn found_text(place: &str, packed: Option<&[u8]>) -> Result<String, SourceError> {
    let broken = |detail: &str| SourceError::Broken {
        place: place.to_owned(),
        at: "dòng tìm thấy / the row found".to_owned(),
        detail: detail.to_owned(),
    };
    let packed = packed.filter(|p| p.len() <= LONGEST_ROW).ok_or_else(|| broken("the row is too long"))?;
    String::from_utf8(packed.to_vec()).map_err(|_| broken("the text is not valid UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Step = Either<(), (Option<Vec<u8>>, Option<Vec<u8>>)>;
    type Answer = Result<Step, sqlx::Error>;

    fn row(key: &str, packed: &[u8]) -> Step {
        Either::Right((Some(key.as_bytes().to_vec()), Some(packed.to_vec())))
    }

    async fn read(answers: Vec<Answer>) -> Result<ScanEnd, SourceError> {
        let (out, mut chunks) = tokio::sync::mpsc::channel(8);
        let stream = futures_util::stream::iter(answers).boxed();
        let end = drain(stream, |r| Ok((r.0.as_deref(), r.1.as_deref())), "P", &["a", "b"], &out).await;
        drop(out);
        while chunks.recv().await.is_some() {}
        end
    }

    #[tokio::test]
    async fn only_a_statement_that_says_that_it_is_complete_ends_a_scan() {
        let end = read(vec![Ok(row("a", b"1")), Ok(row("b", b"2")), Ok(Either::Left(()))]).await;
        assert_eq!(end.expect("complete").rows, 2);
        let error = read(vec![Ok(row("a", b"1")), Ok(row("b", b"2"))]).await.expect_err("cut off");
        assert!(error.to_string().contains("row 3"), "{error}");
    }

    #[tokio::test]
    async fn what_breaks_a_scan_is_told_with_its_row() {
        let long = vec![b'x'; LONGEST_ROW + 1];
        for (second, what) in [
            (Ok(row("0", b"")), "smaller than the one before"),
            (Ok(row("b", &long)), "longer than"),
            (Ok(Either::Right((None, None))), "longer than"),
            (Ok(row("b", b"ok\x1f\xff")), "column `b`"),
            (Err(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())), "reset"),
        ] {
            let told = read(vec![Ok(row("a", b"1")), second, Ok(Either::Left(()))]).await.expect_err(what).to_string();
            assert!(told.contains("row 2") && told.contains(what), "{told}");
        }
    }

    #[test]
    fn a_mysql_8_password_without_tls_is_explained() {
        let cause = "RSA auth backend disabled; enable feature `mysql-rsa`";
        assert!(told(&sqlx::Error::Configuration(cause.into())).contains("ssl-mode=REQUIRED"));
    }

    #[test]
    fn many_expressions_are_joined_in_groups() {
        let many: Vec<String> = (0..150).map(|i| format!("e{i}")).collect();
        let joined = joined(&many, "s");
        assert_eq!(joined.matches("concat_ws(s, ").count(), 4);
        assert!(joined.starts_with("concat_ws(s, concat_ws(s, e0, e1,") && joined.ends_with("e149))"), "{joined}");
    }
}
