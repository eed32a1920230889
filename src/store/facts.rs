//! What records say to the rules between programmes, and which record is held because of which other.
//!
//! Whoever compares and writes holds [`lock`]: two streams must not both find that the other has not come yet.
//! All statements take lists: a chunk of rows costs as many statements as one row.

use jiff::civil::Date;

use crate::model::Fact;

use super::{PART, StoreError, Tx, json_list, on};

/// A fact as it is kept.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The stream's id.
    pub stream: i64,
    /// Its name.
    pub name: String,
    /// The system to which it goes.
    pub system: String,
    /// The record's key.
    pub key: String,
    /// What it says.
    pub fact: Fact,
    /// Order of arrival.
    pub since: i64,
    /// Sent, or to be sent.
    pub live: bool,
}

/// A fact to be kept.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The record's key.
    pub key: String,
    /// What it says.
    pub fact: Fact,
    /// Order of arrival.
    pub since: i64,
    /// Sent, or to be sent.
    pub live: bool,
    /// Its neighbours must be compared with it again.
    pub fresh: bool,
    /// The day on which it ceases to run by itself.
    pub again: Option<Date>,
}

/// The columns of a [`Stored`], in the order in which `related` asks for them.
pub(super) type Row = (
    i64,
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    i64,
    i64,
    i64,
    i64,
);

pub(super) fn stored(row: Row) -> Result<Stored, StoreError> {
    let (stream, name, system, key, programme, group, person, earlier, subject, from, until, flag, over, since, live) =
        row;
    let day = |text: Option<String>| {
        text.map(|t| t.parse::<Date>()).transpose().map_err(|_| StoreError::Unexpected("a day of fact"))
    };
    let fact = Fact {
        programme,
        group,
        person,
        earlier,
        subject,
        from: day(from)?,
        until: day(until)?,
        flag: flag != 0,
        over: over != 0,
    };
    Ok(Stored { stream, name, system, key, fact, since, live: live != 0 })
}

/// One at a time compares and writes, until its transaction ends. SQLite has one writer anyway.
pub async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    if let Tx::Postgres(tx) = tx {
        sqlx::query("select since from cross_state where id = 1 for update").execute(&mut **tx).await?;
    }
    Ok(())
}

const SINCE: &str = "select since from cross_state where id = 1";
const MOVE_ON: &str = "update cross_state set since = $1 where id = 1";

/// The last order of arrival that was given.
pub async fn since(tx: &mut Tx) -> Result<i64, StoreError> {
    let (since,): (i64,) = on!(tx, c => sqlx::query_as(SINCE).fetch_one(c).await?);
    Ok(since)
}

/// Writes down facts, `PART` a statement, and how far the order of arrival has come.
pub async fn note(tx: &mut Tx, stream: i64, last: i64, drafts: &[Draft]) -> Result<(), StoreError> {
    if drafts.is_empty() {
        return Ok(());
    }
    for part in drafts.chunks(PART) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into fact (stream_id, key, programme, benefit, person, earlier, subject, \
                from_day, until_day, flag, ended, since, live, fresh, again) ");
            sql.push_values(part, |mut b, d| {
                b.push_bind(stream).push_bind(&d.key).push_bind(&d.fact.programme).push_bind(&d.fact.group)
                    .push_bind(&d.fact.person).push_bind(&d.fact.earlier).push_bind(&d.fact.subject)
                    .push_bind(d.fact.from.map(|d| d.to_string())).push_bind(d.fact.until.map(|d| d.to_string()))
                    .push_bind(i64::from(d.fact.flag)).push_bind(i64::from(d.fact.over)).push_bind(d.since)
                    .push_bind(i64::from(d.live)).push_bind(i64::from(d.fresh)).push_bind(d.again.map(|d| d.to_string()));
            });
            sql.push(" on conflict (stream_id, key) do update set programme = excluded.programme, benefit = excluded.benefit, \
                person = excluded.person, earlier = excluded.earlier, subject = excluded.subject, from_day = excluded.from_day, \
                until_day = excluded.until_day, flag = excluded.flag, ended = excluded.ended, since = excluded.since, \
                live = excluded.live, fresh = excluded.fresh, again = excluded.again");
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    on!(tx, c => sqlx::query(MOVE_ON).bind(last).execute(c).await?.rows_affected());
    Ok(())
}

const FORGET_SQLITE: &str = "delete from fact where stream_id = $1 and key in (select value from json_each($2))";
const FORGET_POSTGRES: &str =
    "delete from fact where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb))";

/// Forgets what these records said.
pub async fn forget(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let sql = tx.pick(FORGET_SQLITE, FORGET_POSTGRES);
    let list = json_list(keys.iter().copied());
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).execute(c).await?.rows_affected());
    Ok(())
}

const TOUCH: [(&str, &str); 3] = [
    (
        "update fact set fresh = 1 where person in (select value from json_each($1))",
        "update fact set fresh = 1 where person in (select jsonb_array_elements_text($1::jsonb))",
    ),
    (
        "update fact set fresh = 1 where earlier in (select value from json_each($1))",
        "update fact set fresh = 1 where earlier in (select jsonb_array_elements_text($1::jsonb))",
    ),
    (
        "update fact set fresh = 1 where subject in (select value from json_each($1))",
        "update fact set fresh = 1 where subject in (select jsonb_array_elements_text($1::jsonb))",
    ),
];

/// Whoever has to do with these persons or records is compared again.
pub async fn touch(tx: &mut Tx, persons: &[&str], subjects: &[&str]) -> Result<(), StoreError> {
    for (at, list) in [persons, persons, subjects].into_iter().enumerate().filter(|(_, list)| !list.is_empty()) {
        let sql = tx.pick(TOUCH[at].0, TOUCH[at].1);
        let list = json_list(list.iter().copied());
        on!(tx, c => sqlx::query(sql).bind(&list).execute(c).await?.rows_affected());
    }
    Ok(())
}

/// A record that is held because of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossed {
    /// Its stream.
    pub stream: i64,
    /// Its key.
    pub key: String,
    /// The stream of the other.
    pub by_stream: i64,
    /// The key of the other.
    pub by_key: String,
    /// The kind of mismatch of the other.
    pub kind: String,
    /// By what law.
    pub law: String,
}

type CrossedRow = (i64, String, i64, String, String, String);

fn crossed(row: CrossedRow) -> Crossed {
    let (stream, key, by_stream, by_key, kind, law) = row;
    Crossed { stream, key, by_stream, by_key, kind, law }
}

const CROSSED: &str = "select stream_id, key, by_stream, by_key, kind, law from crossed where stream_id = $1";

/// All records of a stream that are held because of another.
pub async fn crossed_of(tx: &mut Tx, stream: i64) -> Result<Vec<Crossed>, StoreError> {
    let rows: Vec<CrossedRow> = on!(tx, c => sqlx::query_as(CROSSED).bind(stream).fetch_all(c).await?);
    Ok(rows.into_iter().map(crossed).collect())
}

const BY_SQLITE: &str = "select stream_id, key, by_stream, by_key, kind, law from crossed where by_key in (select value from json_each($1)) \
    and by_stream in (select id from stream)";
const BY_POSTGRES: &str = "select stream_id, key, by_stream, by_key, kind, law from crossed \
    where by_key in (select jsonb_array_elements_text($1::jsonb)) and by_stream in (select id from stream)";

/// The records that are held because of one with such a key.
pub async fn crossed_by(tx: &mut Tx, keys: &[&str]) -> Result<Vec<Crossed>, StoreError> {
    let sql = tx.pick(BY_SQLITE, BY_POSTGRES);
    let list = json_list(keys.iter().copied());
    let rows: Vec<CrossedRow> = on!(tx, c => sqlx::query_as(sql).bind(&list).fetch_all(c).await?);
    Ok(rows.into_iter().map(crossed).collect())
}

const UNCROSS_SQLITE: &str = "delete from crossed where stream_id = $1 and key in (select value from json_each($2))";
const UNCROSS_POSTGRES: &str =
    "delete from crossed where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb))";
const TOUCH_BY_SQLITE: &str = "update fact set fresh = 1 where (stream_id, key) in (select c.by_stream, c.by_key from crossed c \
    where c.stream_id = $1 and c.key in (select value from json_each($2)))";
const TOUCH_BY_POSTGRES: &str = "update fact set fresh = 1 where (stream_id, key) in (select c.by_stream, c.by_key from crossed c \
    where c.stream_id = $1 and c.key in (select jsonb_array_elements_text($2::jsonb)))";

async fn touch_by(tx: &mut Tx, stream: i64, keys: &str) -> Result<(), StoreError> {
    let sql = tx.pick(TOUCH_BY_SQLITE, TOUCH_BY_POSTGRES);
    on!(tx, c => sqlx::query(sql).bind(stream).bind(keys).execute(c).await?.rows_affected());
    Ok(())
}

/// These are no longer held because of another; the others are compared again.
pub async fn uncross(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let list = json_list(keys.iter().copied());
    touch_by(tx, stream, &list).await?;
    let sql = tx.pick(UNCROSS_SQLITE, UNCROSS_POSTGRES);
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).execute(c).await?.rows_affected());
    Ok(())
}

/// These are held because of another; the others are compared again. None of them may be held so already.
pub async fn cross(tx: &mut Tx, rows: &[Crossed]) -> Result<(), StoreError> {
    let Some(stream) = rows.first().map(|row| row.stream) else { return Ok(()) };
    for part in rows.chunks(PART) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into crossed (stream_id, key, by_stream, by_key, kind, law) ");
            sql.push_values(part, |mut b, row| {
                b.push_bind(row.stream).push_bind(&row.key).push_bind(row.by_stream).push_bind(&row.by_key)
                    .push_bind(&row.kind).push_bind(&row.law);
            });
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    touch_by(tx, stream, &json_list(rows.iter().map(|row| row.key.as_str()))).await
}
