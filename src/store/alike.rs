//! By what people are recognised without a number, and who of them may be somebody.

use crate::model::{Likeness, Says};

use super::{PART, StoreError, Tx, json_list, on, related};

/// Writes down likenesses, `PART` a statement. What a later row does not know stays as it was: a stop may lack the person.
pub async fn note(tx: &mut Tx, stream: i64, rows: &[(String, Likeness)]) -> Result<(), StoreError> {
    for part in rows.chunks(PART) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into likeness (stream_id, key, alike, born, sex, unit, says, place, account) ");
            sql.push_values(part, |mut b, (key, like)| {
                b.push_bind(stream).push_bind(key).push_bind(&like.alike).push_bind(&like.born).push_bind(&like.sex)
                    .push_bind(&like.unit).push_bind(like.says.word()).push_bind(&like.place).push_bind(&like.account);
            });
            sql.push(" on conflict (stream_id, key) do update set \
                born = case when excluded.alike is null then likeness.born else excluded.born end, \
                alike = coalesce(excluded.alike, likeness.alike), \
                sex = case when excluded.sex = '' then likeness.sex else excluded.sex end, \
                unit = case when excluded.unit = '' then likeness.unit else excluded.unit end, \
                says = excluded.says, account = excluded.account, \
                place = case when excluded.place = '' then likeness.place else excluded.place end");
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    Ok(())
}

const FORGET_SQLITE: &str = "delete from likeness where stream_id = $1 and key in (select value from json_each($2))";
const FORGET_POSTGRES: &str =
    "delete from likeness where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb))";

/// Forgets these records.
pub async fn forget(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let sql = tx.pick(FORGET_SQLITE, FORGET_POSTGRES);
    let list = json_list(keys.iter().copied());
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).execute(c).await?.rows_affected());
    Ok(())
}

/// A record whose person may be the one that is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Near {
    /// Its stream.
    pub stream: String,
    /// Its key.
    pub key: String,
    /// Its programme and group, in the mapping's words.
    pub programme: String,
    /// The group; empty for none.
    pub group: String,
    /// Digest of its number, as the store has it.
    pub person: Option<String>,
    /// First and last day, `yyyy-MM-dd`; empty where not known.
    pub from: String,
    /// The last day; of a death: the day.
    pub until: String,
    /// No longer running.
    pub over: bool,
    /// Sent, or to be sent; otherwise it is held here.
    pub live: bool,
    /// By what its person is recognised.
    pub like: Likeness,
}

type Row = (
    String,
    String,
    String,
    String,
    Option<String>,
    String,
    String,
    i64,
    i64,
    Option<String>,
    Option<String>,
    String,
    String,
    String,
    String,
);

fn near(row: Row) -> Near {
    let (stream, key, programme, group, person, from, until, over, live, same, born, sex, unit, says, place) = row;
    let known = Likeness { alike: same, born, sex, unit, says: Says::of(&says), place, account: None };
    Near { stream, key, programme, group, person, from, until, over: over != 0, live: live != 0, like: known }
}

/// The columns of a [`Near`], and what a statement takes them from.
macro_rules! nears {
    ($from:literal) => {
        concat!(
            "select s.name, f.key, f.programme, f.benefit, f.person, coalesce(f.from_day, ''), coalesce(f.until_day, ''), \
            f.ended, f.live, l.alike, l.born, coalesce(l.sex, ''), coalesce(l.unit, ''), coalesce(l.says, ''), \
            coalesce(l.place, '') from ",
            $from
        )
    };
}

// A payment is about another record, which says more.
const BY_NUMBER: (&str, &str) = (
    nears!(
        "fact f join stream s on s.id = f.stream_id left join likeness l on l.stream_id = f.stream_id and l.key = f.key \
        where f.person in (select value from json_each($1)) and f.subject is null order by f.stream_id, f.key limit $2"
    ),
    nears!(
        "fact f join stream s on s.id = f.stream_id left join likeness l on l.stream_id = f.stream_id and l.key = f.key \
        where f.person in (select jsonb_array_elements_text($1::jsonb)) and f.subject is null order by f.stream_id, f.key limit $2"
    ),
);
const BY_EARLIER: (&str, &str) = (
    nears!(
        "fact f join stream s on s.id = f.stream_id left join likeness l on l.stream_id = f.stream_id and l.key = f.key \
        where f.earlier in (select value from json_each($1)) and f.subject is null order by f.stream_id, f.key limit $2"
    ),
    nears!(
        "fact f join stream s on s.id = f.stream_id left join likeness l on l.stream_id = f.stream_id and l.key = f.key \
        where f.earlier in (select jsonb_array_elements_text($1::jsonb)) and f.subject is null order by f.stream_id, f.key limit $2"
    ),
);
const BY_ALIKE: &str = nears!(
    "likeness l join fact f on f.stream_id = l.stream_id and f.key = l.key join stream s on s.id = f.stream_id \
    where l.alike = $1 order by l.stream_id, l.key limit $2"
);
const SYSTEMS: &str = "select distinct system from stream order by system";

/// The systems to which streams ever went.
pub async fn systems(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = on!(tx, c => sqlx::query_as(SYSTEMS).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(system,)| system).collect())
}

/// The records that have one of these numbers, now or earlier, or whose own number another record ties to one of them; at
/// most so many of each kind.
pub async fn by_number(tx: &mut Tx, numbers: &[&str], most: i64) -> Result<Vec<Near>, StoreError> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let reach = related::reach(tx, numbers, 0, &[]).await?;
    let all = numbers.iter().copied().chain(reach.values().flatten().map(String::as_str));
    let list = json_list(all);
    let mut found: Vec<Near> = Vec::new();
    for sql in [BY_NUMBER, BY_EARLIER] {
        let sql = tx.pick(sql.0, sql.1);
        let rows: Vec<Row> = on!(tx, c => sqlx::query_as(sql).bind(&list).bind(most).fetch_all(c).await?);
        for one in rows.into_iter().map(near) {
            if !found.iter().any(|known| (&known.stream, &known.key) == (&one.stream, &one.key)) {
                found.push(one);
            }
        }
    }
    Ok(found)
}

/// The records of the same name and year of birth, at most so many.
pub async fn by_alike(tx: &mut Tx, alike: &str, most: i64) -> Result<Vec<Near>, StoreError> {
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(BY_ALIKE).bind(alike).bind(most).fetch_all(c).await?);
    Ok(rows.into_iter().map(near).collect())
}

const COUNT_ALIKE: &str = "select count(*) from (select 1 from likeness where alike = $1 limit 10000) l";

/// How many records have this name and year of birth, counted as far as 10,000.
pub async fn count_alike(tx: &mut Tx, alike: &str) -> Result<i64, StoreError> {
    let (count,): (i64,) = on!(tx, c => sqlx::query_as(COUNT_ALIKE).bind(alike).fetch_one(c).await?);
    Ok(count)
}
