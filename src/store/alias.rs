//! Which numbers are one person's, because somebody decided so. Only digests; a link leads from the earlier number to the
//! one that counts now, and at most one confirmed link leads away from a number.

use super::{StoreError, Tx, json_list, on};

/// A chain longer than this is no person's.
const MAX_CHAIN: usize = 20;

const NEXT: &str = "select person from person_alias where earlier = $1 and over_ms is null";

/// The number that counts now for this one: itself, or the end of its chain.
pub async fn root(tx: &mut Tx, number: &str) -> Result<String, StoreError> {
    let mut at = number.to_owned();
    for _ in 0..MAX_CHAIN {
        let next: Option<(String,)> = on!(tx, c => sqlx::query_as(NEXT).bind(&at).fetch_optional(c).await?);
        match next {
            Some((next,)) => at = next,
            None => return Ok(at),
        }
    }
    Err(StoreError::Unexpected("a chain of merged numbers"))
}

const LINKS_SQLITE: &str = "select earlier, person from person_alias where over_ms is null \
    and (earlier in (select value from json_each($1)) or person in (select value from json_each($1)))";
const LINKS_POSTGRES: &str = "select earlier, person from person_alias where over_ms is null \
    and (earlier in (select jsonb_array_elements_text($1::jsonb)) or person in (select jsonb_array_elements_text($1::jsonb)))";

/// The links that begin or end at these numbers: `(earlier, person)`.
pub async fn links(tx: &mut Tx, numbers: &[&str]) -> Result<Vec<(String, String)>, StoreError> {
    let (sql, list) = (tx.pick(LINKS_SQLITE, LINKS_POSTGRES), json_list(numbers.iter().copied()));
    Ok(on!(tx, c => sqlx::query_as(sql).bind(&list).fetch_all(c).await?))
}
