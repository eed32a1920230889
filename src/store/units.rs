//! Units that were split: what people decided about each address, and which records were asked about.
//!
//! A decision is appended and never changed; the latest for a place stands. It needs no lease: a run loads what was
//! decided before it began, writes beside each record by which decision it was judged, and the next run judges those
//! records again whose decision is another one by then.

use std::collections::HashSet;

use crate::model::{Asked, Decisions, Place, Timestamp};

use super::{PART, StoreError, Tx, json_list, on};

/// What a run must know.
#[derive(Debug, Default)]
pub struct Known {
    /// The decision that stands for each place.
    pub decided: Decisions,
    stale: HashSet<String>,
}

impl Known {
    /// Whether another decision stands for the record's place than the one by which it was judged.
    pub fn is_stale(&self, key: &str) -> bool {
        !self.stale.is_empty() && self.stale.contains(key)
    }
}

const STALE: &str = "select a.key from unit_asked a where a.stream_id = $1 \
    and a.decision_id <> coalesce((select max(d.id) from unit_decision d where d.place = a.place), 0)";

/// All that was decided, and the records of a stream that were judged without it.
pub async fn known(tx: &mut Tx, stream: i64) -> Result<Known, StoreError> {
    // In this order: a decision that comes between the two leaves its records stale for the next run.
    let stale: Vec<(String,)> = on!(tx, c => sqlx::query_as(STALE).bind(stream).fetch_all(c).await?);
    let decided = current(tx).await?;
    Ok(Known { decided, stale: stale.into_iter().map(|(key,)| key).collect() })
}

const CURRENT: &str = "select d.place, d.id, d.chosen from unit_decision d \
    where d.id = (select max(l.id) from unit_decision l where l.place = d.place)";

/// The decision that stands for each place.
pub async fn current(tx: &mut Tx) -> Result<Decisions, StoreError> {
    let rows: Vec<(Vec<u8>, i64, String)> = on!(tx, c => sqlx::query_as(CURRENT).fetch_all(c).await?);
    let all = rows.into_iter().map(|(p, id, chosen)| Ok((place(p)?, id, chosen)));
    Ok(Decisions::new(all.collect::<Result<Vec<_>, StoreError>>()?))
}

fn place(bytes: Vec<u8>) -> Result<Place, StoreError> {
    bytes.try_into().map(Place).map_err(|_| StoreError::Unexpected("a place"))
}

const FORGET_SQLITE: &str = "delete from unit_asked where stream_id = $1 and key in (select value from json_each($2))";
const FORGET_POSTGRES: &str =
    "delete from unit_asked where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb))";

/// Writes down what was asked about each record; of those about which nothing was, nothing is kept.
pub async fn note(tx: &mut Tx, stream: i64, asked: &[(String, Option<Asked>)]) -> Result<(), StoreError> {
    let none: Vec<&str> = asked.iter().filter(|(_, a)| a.is_none()).map(|(key, _)| key.as_str()).collect();
    forget(tx, stream, &none).await?;
    let some: Vec<(&String, &Asked)> = asked.iter().filter_map(|(key, a)| a.as_ref().map(|a| (key, a))).collect();
    for part in some.chunks(PART) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into unit_asked (stream_id, key, place, code, address, candidates, decision_id) ");
            sql.push_values(part, |mut b, (key, a)| {
                b.push_bind(stream).push_bind(*key).push_bind(a.place.0.to_vec()).push_bind(&a.code).push_bind(&a.address)
                    .push_bind(a.candidates.join(";")).push_bind(a.decision);
            });
            sql.push(" on conflict (stream_id, key) do update set place = excluded.place, code = excluded.code, \
                address = excluded.address, candidates = excluded.candidates, decision_id = excluded.decision_id");
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    Ok(())
}

/// These records are gone, or lie in no split unit any more.
pub async fn forget(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<(), StoreError> {
    if keys.is_empty() {
        return Ok(());
    }
    let sql = tx.pick(FORGET_SQLITE, FORGET_POSTGRES);
    let list = json_list(keys.iter().copied());
    on!(tx, c => sqlx::query(sql).bind(stream).bind(&list).execute(c).await?.rows_affected());
    Ok(())
}

/// A place, as it was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The place.
    pub place: Place,
    /// The old unit.
    pub code: String,
    /// The address.
    pub address: String,
}

const OF_RECORD: &str = "select place, code, address from unit_asked where stream_id = $1 and key = $2";

/// What was asked about a record.
pub async fn of_record(tx: &mut Tx, stream: i64, key: &str) -> Result<Option<Question>, StoreError> {
    let row: Option<(Vec<u8>, String, String)> =
        on!(tx, c => sqlx::query_as(OF_RECORD).bind(stream).bind(key).fetch_optional(c).await?);
    row.map(|(p, code, address)| Ok(Question { place: place(p)?, code, address })).transpose()
}

const AT: &str = "select count(*) from unit_asked where place = $1";

/// How many records were asked about at a place.
pub async fn records_at(tx: &mut Tx, place: Place) -> Result<u64, StoreError> {
    let (n,): (i64,) = on!(tx, c => sqlx::query_as(AT).bind(place.0.to_vec()).fetch_one(c).await?);
    Ok(u64::try_from(n).unwrap_or(0))
}

/// A decision to be written down.
#[derive(Debug, Clone, Copy)]
pub struct Decision<'a> {
    /// The unit that was chosen.
    pub chosen: &'a str,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: &'a str,
    /// Why.
    pub reason: &'a str,
}

const DECIDE: &str =
    "insert into unit_decision (place, code, address, chosen, at_ms, who, reason) values ($1, $2, $3, $4, $5, $6, $7)";

/// Writes a decision down.
pub async fn decide(tx: &mut Tx, about: &Question, decided: &Decision<'_>) -> Result<(), StoreError> {
    on!(tx, c => sqlx::query(DECIDE).bind(about.place.0.to_vec()).bind(&about.code).bind(&about.address).bind(decided.chosen)
        .bind(decided.at.0).bind(decided.who).bind(decided.reason).execute(c).await?.rows_affected());
    Ok(())
}

/// A place that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Waiting {
    /// The place, as hex.
    pub place: String,
    /// The old unit.
    pub code: String,
    /// The address.
    pub address: String,
    /// The units that it may lie in now.
    pub candidates: Vec<String>,
    /// How many records wait.
    pub records: u64,
    /// One of them.
    pub key: String,
    /// The stream of that one.
    pub stream: String,
}

// Each place once, with one of its records: the least by stream and key.
const WAITING: &str = "select a.place, a.code, a.address, a.candidates, g.n, a.key, s.name from \
    (select place, count(*) as n, min(stream_id || ':' || key) as first from unit_asked where place > $1 \
     and not exists (select 1 from unit_decision d where d.place = unit_asked.place) group by place order by place limit $2) g \
    join unit_asked a on a.place = g.place and a.stream_id || ':' || a.key = g.first join stream s on s.id = a.stream_id order by a.place";

/// Places about which nobody has decided, in the places' order, after one.
pub async fn waiting(tx: &mut Tx, after: Option<Place>, limit: i64) -> Result<Vec<Waiting>, StoreError> {
    type Row = (Vec<u8>, String, String, String, i64, String, String);
    let after = after.map_or(Vec::new(), |p| p.0.to_vec());
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(WAITING).bind(after).bind(limit).fetch_all(c).await?);
    rows.into_iter()
        .map(|(p, code, address, candidates, n, key, stream)| {
            let candidates = candidates.split(';').map(str::to_owned).collect();
            let records = u64::try_from(n).unwrap_or(0);
            Ok(Waiting { place: place(p)?.to_string(), code, address, candidates, records, key, stream })
        })
        .collect()
}

/// A decision as people see it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Shown {
    /// The place, as hex.
    pub place: String,
    /// The old unit.
    pub code: String,
    /// The address.
    pub address: String,
    /// The unit that was chosen.
    pub chosen: String,
    /// When, in milliseconds.
    pub at_ms: i64,
    /// Who.
    pub who: String,
    /// Why.
    pub reason: String,
    /// Whether it is the latest for its place.
    pub stands: bool,
}

const HISTORY: &str = "select d.place, d.code, d.address, d.chosen, d.at_ms, d.who, d.reason, \
    case when d.id = (select max(l.id) from unit_decision l where l.place = d.place) then 1 else 0 end \
    from unit_decision d order by d.id desc limit $1";

/// What was decided, the latest first.
pub async fn history(tx: &mut Tx, limit: i64) -> Result<Vec<Shown>, StoreError> {
    type Row = (Vec<u8>, String, String, String, i64, String, String, i32);
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(HISTORY).bind(limit).fetch_all(c).await?);
    rows.into_iter()
        .map(|(p, code, address, chosen, at_ms, who, reason, stands)| {
            Ok(Shown { place: place(p)?.to_string(), code, address, chosen, at_ms, who, reason, stands: stands == 1 })
        })
        .collect()
}

const BY_UNIT: &str = "select unit, count(*) from ledger where stream_id = $1 and verdict <> 'gone' and unit <> '' group by unit order by unit";

/// How many records of a stream that are in the source lie in each unit, by the codes that leave.
pub async fn records_by_unit(tx: &mut Tx, stream: i64) -> Result<Vec<(String, u64)>, StoreError> {
    let rows: Vec<(String, i64)> = on!(tx, c => sqlx::query_as(BY_UNIT).bind(stream).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(unit, n)| (unit, u64::try_from(n).unwrap_or(0))).collect())
}
