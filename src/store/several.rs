//! People with several records in one stream. Only digests of numbers.

use std::collections::{BTreeSet, HashMap};

use super::{Store, StoreError, json_list, on};

const SHARED: &str =
    "select person from fact where stream_id = $1 and person is not null group by person having count(*) > 1";
// Only those whose earlier number some record still has, and what people merged: few.
const LINKS: &str = "select f.earlier, f.person from fact f where f.stream_id = $1 and f.earlier is not null and f.person is not null \
    and exists (select 1 from fact g where g.person = f.earlier and g.stream_id = $1) \
    union select earlier, person from person_alias where over_ms is null";
const WHOSE_SQLITE: &str =
    "select key, person from fact where person in (select value from json_each($2)) and stream_id = $1";
const WHOSE_POSTGRES: &str =
    "select key, person from fact where person in (select jsonb_array_elements_text($2::jsonb)) and stream_id = $1";

/// Whose the records are of those who may have several, by key: a digest that is the same for all records of a person. One
/// person has one number, or had it before, or the numbers were merged.
pub async fn whose(store: &Store, stream: i64) -> Result<HashMap<String, String>, StoreError> {
    let mut tx = store.read().await?;
    let shared: Vec<(String,)> = on!(&mut tx, c => sqlx::query_as(SHARED).bind(stream).fetch_all(c).await?);
    drop(tx);
    let mut tx = store.read().await?;
    let links: Vec<(String, String)> = on!(&mut tx, c => sqlx::query_as(LINKS).bind(stream).fetch_all(c).await?);
    drop(tx);
    let mut numbers: BTreeSet<String> = shared.into_iter().map(|(person,)| person).collect();
    let mut next: HashMap<String, String> = HashMap::new();
    for (earlier, person) in links {
        let (from, to) = (end(&next, &earlier), end(&next, &person));
        // What closes a ring says nothing new.
        if from != to {
            next.insert(from, to);
        }
        numbers.extend([earlier, person]);
    }
    let (numbers, mut whose) = (numbers.into_iter().collect::<Vec<_>>(), HashMap::new());
    for part in numbers.chunks(500) {
        let mut tx = store.read().await?;
        let (sql, list) = (tx.pick(WHOSE_SQLITE, WHOSE_POSTGRES), json_list(part.iter().map(String::as_str)));
        let rows: Vec<(String, String)> =
            on!(&mut tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
        whose.extend(rows.into_iter().map(|(key, person)| (key, end(&next, &person))));
    }
    Ok(whose)
}

/// Where the links from a number end.
fn end(next: &HashMap<String, String>, number: &str) -> String {
    let mut at = number;
    while let Some(further) = next.get(at) {
        at = further;
    }
    at.to_owned()
}
