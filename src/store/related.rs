//! Finds the records that have to do with one another: by person, by an earlier number, by the key that one names.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::facts::{Row, Stored, stored};
use super::{StoreError, Tx, json_list, on};
use crate::model::Fact;

// One recursive term is all that PostgreSQL takes; the indexes by number and by earlier number serve the two sides.
const REACH_SQLITE: &str = "with recursive reach (start, hash) as (select value, value from json_each($1) \
    union select r.start, f.earlier from reach r join fact f on f.person = r.hash where f.earlier is not null \
    and not (f.stream_id = $2 and f.key in (select value from json_each($3))) \
    union select r.start, f.person from reach r join fact f on f.earlier = r.hash where f.person is not null \
    and not (f.stream_id = $2 and f.key in (select value from json_each($3))) \
    union select r.start, a.person from reach r join person_alias a on a.earlier = r.hash where a.over_ms is null \
    union select r.start, a.earlier from reach r join person_alias a on a.person = r.hash where a.over_ms is null) \
    select start, hash from reach where start <> hash";
const REACH_POSTGRES: &str = "with recursive reach (start, hash) as (select value, value from jsonb_array_elements_text($1::jsonb) as j (value) \
    union select r.start, n.hash from reach r cross join lateral ( \
    select f.earlier as hash from fact f where f.person = r.hash and f.earlier is not null \
    and not (f.stream_id = $2 and f.key in (select jsonb_array_elements_text($3::jsonb))) union all \
    select f.person from fact f where f.earlier = r.hash and f.person is not null \
    and not (f.stream_id = $2 and f.key in (select jsonb_array_elements_text($3::jsonb))) union all \
    select a.person from person_alias a where a.earlier = r.hash and a.over_ms is null union all \
    select a.earlier from person_alias a where a.person = r.hash and a.over_ms is null) n) \
    select start, hash from reach where start <> hash";

/// The other numbers of each of these persons, as far as records tell or people merged them; some records of a stream are
/// left out.
pub async fn reach(
    tx: &mut Tx,
    persons: &[&str],
    stream: i64,
    without: &[&str],
) -> Result<HashMap<String, Vec<String>>, StoreError> {
    let sql = tx.pick(REACH_SQLITE, REACH_POSTGRES);
    let (list, without) = (json_list(persons.iter().copied()), json_list(without.iter().copied()));
    let rows: Vec<(String, String)> =
        on!(tx, c => sqlx::query_as(sql).bind(&list).bind(stream).bind(&without).fetch_all(c).await?);
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for (start, hash) in rows {
        found.entry(start).or_default().push(hash);
    }
    Ok(found)
}

/// Statements that give whole facts, as SQLite and as PostgreSQL unfold a list.
macro_rules! lookups {
    ($($name:ident $sqlite:literal $postgres:literal;)*) => {
        $(const $name: (&str, &str) = (
            concat!("select f.stream_id, s.name, s.system, f.key, f.programme, f.benefit, f.person, f.earlier, f.subject, \
                f.from_day, f.until_day, f.flag, f.ended, f.since, f.live from ", $sqlite),
            concat!("select f.stream_id, s.name, s.system, f.key, f.programme, f.benefit, f.person, f.earlier, f.subject, \
                f.from_day, f.until_day, f.flag, f.ended, f.since, f.live from ", $postgres),
        );)*
    };
}

lookups! {
    OF
        "fact f join stream s on s.id = f.stream_id where f.key in (select value from json_each($1)) and s.name = $2"
        "fact f join stream s on s.id = f.stream_id where f.key in (select jsonb_array_elements_text($1::jsonb)) and s.name = $2";
    BY_PERSON
        "fact f join stream s on s.id = f.stream_id where f.person in (select value from json_each($1)) \
            and f.programme in (select value from json_each($2))"
        "fact f join stream s on s.id = f.stream_id where f.person in (select jsonb_array_elements_text($1::jsonb)) \
            and f.programme in (select jsonb_array_elements_text($2::jsonb))";
    ALL_BY_PERSON
        "fact f join stream s on s.id = f.stream_id where f.person in (select value from json_each($1))"
        "fact f join stream s on s.id = f.stream_id where f.person in (select jsonb_array_elements_text($1::jsonb))";
    BY_SUBJECT
        "fact f join stream s on s.id = f.stream_id where f.subject in (select value from json_each($1))"
        "fact f join stream s on s.id = f.stream_id where f.subject in (select jsonb_array_elements_text($1::jsonb))";
    // `month` as the days of facts begin.
    SAME_MONTH
        "fact f join stream s on s.id = f.stream_id where f.subject in (select value from json_each($1)) \
            and substr(f.from_day, 1, 7) in (select value from json_each($2))"
        "fact f join stream s on s.id = f.stream_id where f.subject in (select jsonb_array_elements_text($1::jsonb)) \
            and substr(f.from_day, 1, 7) in (select jsonb_array_elements_text($2::jsonb))";
    // The streams are few, and each finds its records by their keys.
    BY_KEY
        "stream s cross join fact f where f.stream_id = s.id and f.key in (select value from json_each($1))"
        "stream s join fact f on f.stream_id = s.id where f.key in (select jsonb_array_elements_text($1::jsonb))";
    FRESH
        "(select stream_id, key from fact where fresh = 1 limit 200) p join fact f on f.stream_id = p.stream_id \
            and f.key = p.key join stream s on s.id = f.stream_id"
        "(select stream_id, key from fact where fresh = 1 limit 200) p join fact f on f.stream_id = p.stream_id \
            and f.key = p.key join stream s on s.id = f.stream_id";
    DUE
        "(select stream_id, key from fact where again is not null and again <= $1 limit 200) p join fact f \
            on f.stream_id = p.stream_id and f.key = p.key join stream s on s.id = f.stream_id"
        "(select stream_id, key from fact where again is not null and again <= $1 limit 200) p join fact f \
            on f.stream_id = p.stream_id and f.key = p.key join stream s on s.id = f.stream_id";
}

async fn rows(tx: &mut Tx, sql: (&'static str, &'static str), bound: &[&str]) -> Result<Vec<Stored>, StoreError> {
    let sql = tx.pick(sql.0, sql.1);
    let rows: Vec<Row> = on!(tx, c => {
        let mut query = sqlx::query_as(sql);
        for one in bound {
            query = query.bind(*one);
        }
        query.fetch_all(c).await?
    });
    rows.into_iter().map(stored).collect()
}

/// What these records of a stream say now.
pub async fn of(tx: &mut Tx, stream: &str, keys: &[&str]) -> Result<HashMap<String, Stored>, StoreError> {
    let found = rows(tx, OF, &[&json_list(keys.iter().copied()), stream]).await?;
    Ok(found.into_iter().map(|row| (row.key.clone(), row)).collect())
}

/// What other programmes say of these persons.
pub async fn by_person(tx: &mut Tx, persons: &[&str], programmes: &[&str]) -> Result<Vec<Stored>, StoreError> {
    if persons.is_empty() || programmes.is_empty() {
        return Ok(Vec::new());
    }
    let lists = [json_list(persons.iter().copied()), json_list(programmes.iter().copied())];
    rows(tx, BY_PERSON, &[&lists[0], &lists[1]]).await
}

/// The records with these keys, in whatever stream.
pub async fn by_key(tx: &mut Tx, keys: &[&str]) -> Result<Vec<Stored>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    rows(tx, BY_KEY, &[&json_list(keys.iter().copied())]).await
}

/// The month with which a record begins, as the store compares it.
pub fn month(fact: &Fact) -> Option<String> {
    fact.from.map(|from| from.to_string().chars().take(7).collect())
}

/// The records that name one of these for one of these months.
pub async fn by_subject(tx: &mut Tx, subjects: &[&str], months: &BTreeSet<String>) -> Result<Vec<Stored>, StoreError> {
    if subjects.is_empty() || months.is_empty() {
        return Ok(Vec::new());
    }
    let lists = [json_list(subjects.iter().copied()), json_list(months.iter().map(String::as_str))];
    rows(tx, SAME_MONTH, &[&lists[0], &lists[1]]).await
}

/// Everything that has to do with these records, themselves included.
pub async fn around(
    tx: &mut Tx,
    records: &[Stored],
) -> Result<(Vec<Stored>, HashMap<String, Vec<String>>), StoreError> {
    let numbers = |s: &Stored| s.fact.person.clone().into_iter().chain(s.fact.earlier.clone()).collect::<Vec<_>>();
    let starts: HashSet<String> = records.iter().flat_map(numbers).collect();
    let starts: Vec<&str> = starts.iter().map(String::as_str).collect();
    let reach = reach(tx, &starts, 0, &[]).await?;
    let persons: HashSet<&str> = starts.iter().copied().chain(reach.values().flatten().map(String::as_str)).collect();
    let persons = json_list(persons);
    let keys = json_list(records.iter().map(|s| s.key.as_str()));
    let subjects: Vec<&str> = records.iter().filter_map(|s| s.fact.subject.as_deref()).collect();
    let mut found = records.to_vec();
    found.extend(rows(tx, ALL_BY_PERSON, &[&persons]).await?);
    found.extend(rows(tx, BY_SUBJECT, &[&keys]).await?);
    found.extend(by_key(tx, &subjects).await?);
    let months = records.iter().filter(|s| s.fact.subject.is_some()).filter_map(|s| month(&s.fact)).collect();
    found.extend(by_subject(tx, &subjects, &months).await?);
    let mut met = HashSet::new();
    found.retain(|s| met.insert((s.stream, s.key.clone())));
    Ok((found, reach))
}

/// A page of the records that must be compared with their neighbours: they changed, or ceased to run by themselves.
pub async fn fresh(tx: &mut Tx, today: &str) -> Result<Vec<Stored>, StoreError> {
    let changed = rows(tx, FRESH, &[]).await?;
    if changed.is_empty() { rows(tx, DUE, &[today]).await } else { Ok(changed) }
}

const SETTLE_SQLITE: &str = "update fact set fresh = 0, again = case when again <= $3 then null else again end \
    where stream_id = $1 and key in (select value from json_each($2))";
const SETTLE_POSTGRES: &str = "update fact set fresh = 0, again = case when again <= $3 then null else again end \
    where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb))";

/// These were compared.
pub async fn settle(tx: &mut Tx, stream: i64, keys: &[&str], today: &str) -> Result<(), StoreError> {
    let sql = tx.pick(SETTLE_SQLITE, SETTLE_POSTGRES);
    let list = json_list(keys.iter().copied());
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).bind(today).execute(c).await?.rows_affected());
    Ok(())
}

const OTHERS: &str = "select exists (select 1 from stream s where s.id <> $1 and exists (select 1 from fact f where f.stream_id = s.id))";

/// Whether another stream has said anything.
pub async fn others(tx: &mut Tx, stream: i64) -> Result<bool, StoreError> {
    let (any,): (bool,) = on!(tx, c => sqlx::query_as(OTHERS).bind(stream).fetch_one(c).await?);
    Ok(any)
}

const RULES: &str = "update cross_state set rules = $1 where id = 1 and rules <> $1";
const ALL_FRESH: &str = "update fact set fresh = 1 where fresh = 0";

/// By other rules than before everything must be compared again.
pub async fn follow(tx: &mut Tx, rules: [u8; 8]) -> Result<(), StoreError> {
    let rules = rules.to_vec();
    if on!(tx, c => sqlx::query(RULES).bind(&rules).execute(&mut *c).await?.rows_affected()) > 0 {
        on!(tx, c => sqlx::query(ALL_FRESH).execute(c).await?.rows_affected());
    }
    Ok(())
}
