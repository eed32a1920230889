//! Who shares a name and year of birth, or an account, and what was found by that. Whatever changes of a record marks what
//! it shares as due, before and after: nothing is compared that nobody shares.
//!
//! Whoever marks or compares holds the lock of [`facts`](super::facts::lock).

use crate::model::{Likeness, Says};

use super::{PART, StoreError, Tx, json_list, on};

/// By what records belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Name and year of birth.
    Alike,
    /// An account.
    Account,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            Self::Alike => "alike",
            Self::Account => "account",
        }
    }

    fn of(word: &str) -> Result<Self, StoreError> {
        [Self::Alike, Self::Account]
            .into_iter()
            .find(|what| what.word() == word)
            .ok_or(StoreError::Unexpected("suspect_due.what"))
    }
}

const TOUCH: [(&str, &str); 2] = [
    (
        "insert into suspect_due (what, digest) select 'alike', l.alike from likeness l where l.stream_id = $1 \
            and l.key in (select value from json_each($2)) and l.alike is not null and exists (select 1 from likeness o \
            where o.alike = l.alike and (o.stream_id <> l.stream_id or o.key <> l.key)) on conflict do nothing",
        "insert into suspect_due (what, digest) select 'alike', l.alike from likeness l where l.stream_id = $1 \
            and l.key in (select jsonb_array_elements_text($2::jsonb)) and l.alike is not null and exists (select 1 from likeness o \
            where o.alike = l.alike and (o.stream_id <> l.stream_id or o.key <> l.key)) on conflict do nothing",
    ),
    (
        "insert into suspect_due (what, digest) select 'account', l.account from likeness l where l.stream_id = $1 \
            and l.key in (select value from json_each($2)) and l.account is not null and exists (select 1 from likeness o \
            where o.account = l.account and (o.stream_id <> l.stream_id or o.key <> l.key)) on conflict do nothing",
        "insert into suspect_due (what, digest) select 'account', l.account from likeness l where l.stream_id = $1 \
            and l.key in (select jsonb_array_elements_text($2::jsonb)) and l.account is not null and exists (select 1 from likeness o \
            where o.account = l.account and (o.stream_id <> l.stream_id or o.key <> l.key)) on conflict do nothing",
    ),
];

/// What these records share with others is to be compared again: called before they change, and after.
pub async fn touch(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let list = json_list(keys.iter().copied());
    for (sqlite, postgres) in TOUCH {
        let sql = tx.pick(sqlite, postgres);
        on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).execute(c).await?.rows_affected());
    }
    Ok(())
}

const DUE: &str = "select what, digest from suspect_due order by what, digest limit $1";
const DONE: &str = "delete from suspect_due where what = $1 and digest = $2";

/// Some of what is to be compared again.
pub async fn due(tx: &mut Tx, limit: i64) -> Result<Vec<(What, String)>, StoreError> {
    let rows: Vec<(String, String)> = on!(tx, c => sqlx::query_as(DUE).bind(limit).fetch_all(c).await?);
    rows.into_iter().map(|(what, digest)| Ok((What::of(&what)?, digest))).collect()
}

/// These were compared.
pub async fn done(tx: &mut Tx, what: What, digest: &str) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(DONE).bind(what.word()).bind(digest).execute(c).await?.rows_affected());
    Ok(())
}

/// A record that shares something, by its stream and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharer {
    /// Its stream.
    pub stream: i64,
    /// Its key.
    pub key: String,
    /// By what its person is recognised.
    pub like: Likeness,
}

/// Statements over the running records that share something, as SQLite and as PostgreSQL unfold a list.
macro_rules! sharers {
    ($select:literal, $column:literal, $rest:literal) => {
        (
            concat!(
                $select,
                " from likeness l join fact f on f.stream_id = l.stream_id and f.key = l.key where l.",
                $column,
                " = $1 and f.live = 1 and f.ended = 0 and (f.until_day is null or f.until_day >= $2) \
                and f.programme in (select value from json_each($3))",
                $rest
            ),
            concat!(
                $select,
                " from likeness l join fact f on f.stream_id = l.stream_id and f.key = l.key where l.",
                $column,
                " = $1 and f.live = 1 and f.ended = 0 and (f.until_day is null or f.until_day >= $2) \
                and f.programme in (select jsonb_array_elements_text($3::jsonb))",
                $rest
            ),
        )
    };
}

const BY_ALIKE: (&str, &str) = sharers!(
    "select l.stream_id, l.key, l.alike, l.born, l.sex, l.unit, l.account",
    "alike",
    " order by l.stream_id, l.key limit $4"
);
const BY_ACCOUNT: (&str, &str) = sharers!(
    "select l.stream_id, l.key, l.alike, l.born, l.sex, l.unit, l.account",
    "account",
    " order by l.stream_id, l.key limit $4"
);
const COUNT_ALIKE: (&str, &str) = sharers!("select count(*)", "alike", "");
const COUNT_ACCOUNT: (&str, &str) = sharers!("select count(*)", "account", "");

/// The running records of these programmes that share something, at most so many.
pub async fn sharers(
    tx: &mut Tx,
    (what, digest): (What, &str),
    today: &str,
    programmes: &[&str],
    limit: i64,
) -> Result<Vec<Sharer>, StoreError> {
    type Row = (i64, String, Option<String>, Option<String>, String, String, Option<String>);
    let sql = if what == What::Alike { BY_ALIKE } else { BY_ACCOUNT };
    let (sql, list) = (tx.pick(sql.0, sql.1), json_list(programmes.iter().copied()));
    let rows: Vec<Row> =
        on!(tx, c => sqlx::query_as(sql).bind(digest).bind(today).bind(&list).bind(limit).fetch_all(c).await?);
    let sharer = |(stream, key, alike, born, sex, unit, account)| Sharer {
        stream,
        key,
        like: Likeness { alike, born, sex, unit, account, says: Says::Nothing, place: String::new() },
    };
    Ok(rows.into_iter().map(sharer).collect())
}

/// How many those are.
pub async fn count(
    tx: &mut Tx,
    (what, digest): (What, &str),
    today: &str,
    programmes: &[&str],
) -> Result<u64, StoreError> {
    let sql = if what == What::Alike { COUNT_ALIKE } else { COUNT_ACCOUNT };
    let (sql, list) = (tx.pick(sql.0, sql.1), json_list(programmes.iter().copied()));
    let (n,): (i64,) = on!(tx, c => sqlx::query_as(sql).bind(digest).bind(today).bind(&list).fetch_one(c).await?);
    Ok(u64::try_from(n).unwrap_or(0))
}

/// A mismatch that was found: stream, key and place.
pub type Found = (i64, String, String);

const FOUND: &str =
    "select stream_id, key, place from suspicion where what = $1 and digest = $2 order by stream_id, key, place";
const OF_SQLITE: &str = "select stream_id, key, place from suspicion where stream_id = $1 and what || '' = 'alike' \
    and key in (select value from json_each($2))";
const OF_POSTGRES: &str = "select stream_id, key, place from suspicion where stream_id = $1 and what = 'alike' \
    and key in (select jsonb_array_elements_text($2::jsonb))";

/// What was ever found by this digest last.
pub async fn found(tx: &mut Tx, (what, digest): (What, &str)) -> Result<Vec<Found>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(FOUND).bind(what.word()).bind(digest).fetch_all(c).await?))
}

/// What was ever found of these records of a stream, as pairs of one likeness.
pub async fn found_of(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<Vec<Found>, StoreError> {
    let (sql, list) = (tx.pick(OF_SQLITE, OF_POSTGRES), json_list(keys.iter().copied()));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?))
}

/// Remembers what was found by a digest.
pub async fn note(tx: &mut Tx, (what, digest): (What, &str), found: &[Found]) -> Result<(), StoreError> {
    for part in found.chunks(PART) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into suspicion (stream_id, key, place, what, digest) ");
            sql.push_values(part, |mut b, (stream, key, place)| {
                b.push_bind(stream).push_bind(key).push_bind(place).push_bind(what.word()).push_bind(digest);
            });
            sql.push(" on conflict (stream_id, key, place) do update set what = excluded.what, digest = excluded.digest");
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    Ok(())
}

const MERGED_SQLITE: &str = "select count(*) from person_alias where over_ms is null and ((earlier in (select value from json_each($1)) \
    and person in (select value from json_each($2))) or (earlier in (select value from json_each($2)) \
    and person in (select value from json_each($1))))";
const MERGED_POSTGRES: &str = "select count(*) from person_alias where over_ms is null \
    and ((earlier in (select jsonb_array_elements_text($1::jsonb)) and person in (select jsonb_array_elements_text($2::jsonb))) \
    or (earlier in (select jsonb_array_elements_text($2::jsonb)) and person in (select jsonb_array_elements_text($1::jsonb))))";

/// Whether a person said that one of these numbers and one of those are the same person's.
pub async fn are_merged(tx: &mut Tx, numbers: &[&str], others: &[&str]) -> Result<bool, StoreError> {
    let sql = tx.pick(MERGED_SQLITE, MERGED_POSTGRES);
    let (own, others) = (json_list(numbers.iter().copied()), json_list(others.iter().copied()));
    let (n,): (i64,) = on!(tx, c => sqlx::query_as(sql).bind(&own).bind(&others).fetch_one(c).await?);
    Ok(n > 0)
}
