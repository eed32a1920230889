//! What we believe that the nation has: the ledger's confirmed rows, with the content that was accepted last.

// `state || ''` keeps a planner without statistics at the index by key.

use std::collections::HashMap;

use crate::model::{Action, ContentHash, Timestamp};

use super::ledger::content;
use super::{StoreError, Tx, json_list, on};

/// A confirmed record, as the digests need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Believed {
    /// Its key.
    pub key: String,
    /// What is confirmed.
    pub version: ContentHash,
    /// The receipt of it.
    pub receipt: String,
    /// When.
    pub confirmed_at: Timestamp,
    /// The commune of the record that was written last.
    pub unit: String,
}

const BELIEVED: &str = "select l.key, l.confirmed_version, coalesce(l.receipt, ''), coalesce(l.confirmed_ms, 0), coalesce((select o.unit from outbox o \
    where o.stream_id = l.stream_id and o.key = l.key and o.action = 'write' and o.state || '' = 'accepted' order by o.id desc limit 1), l.unit) \
    from ledger l where l.stream_id = $1 and l.key > $2 and l.confirmed_action is not null order by l.key limit $3";
const UNLISTED: &str = "select l.key, l.confirmed_version, coalesce(l.receipt, ''), coalesce(l.confirmed_ms, 0), coalesce((select o.unit from outbox o \
    where o.stream_id = l.stream_id and o.key = l.key and o.action = 'write' and o.state || '' = 'accepted' order by o.id desc limit 1), l.unit) \
    from ledger l where l.stream_id = $1 and l.key > $2 and l.confirmed_action is not null and not exists (select 1 from listed x \
    where x.stream_id = l.stream_id and x.key = l.key and x.comparison_id = $4) order by l.key limit $3";

type Row = (String, Option<Vec<u8>>, String, i64, String);

fn believed(rows: Vec<Row>) -> Result<Vec<Believed>, StoreError> {
    rows.into_iter()
        .map(|(key, version, receipt, at, unit)| {
            let version = version.and_then(|v| v.try_into().ok()).map(ContentHash);
            let version = version.ok_or(StoreError::Unexpected("ledger.confirmed_version"))?;
            Ok(Believed { key, version, receipt, confirmed_at: Timestamp(at), unit })
        })
        .collect()
}

/// A page of what is confirmed, after a key.
pub async fn page(tx: &mut Tx, stream: i64, after: &str, limit: i64) -> Result<Vec<Believed>, StoreError> {
    believed(on!(tx, c => sqlx::query_as(BELIEVED).bind(stream).bind(after).bind(limit).fetch_all(c).await?))
}

/// A page of what is confirmed and was not listed in this round.
pub async fn unlisted(
    tx: &mut Tx,
    stream: i64,
    round: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<Believed>, StoreError> {
    believed(
        on!(tx, c => sqlx::query_as(UNLISTED).bind(stream).bind(after).bind(limit).bind(round).fetch_all(c).await?),
    )
}

/// What the ledger says of a record that the nation has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// `ok`, `held`, `idle`, `gone`.
    pub verdict: String,
    /// What is confirmed.
    pub confirmed: Option<(Action, ContentHash)>,
    /// The receipt of it; empty where nothing is.
    pub receipt: String,
    /// When.
    pub confirmed_at: Option<Timestamp>,
    /// The commune of the record that was written last.
    pub unit: String,
    /// The next scan judges it whatever its row says.
    pub unjudged: bool,
    /// What was sent last of it was refused.
    pub refused: bool,
}

impl Known {
    /// Whether ours has still to go: no scan met it yet, or what it has is held, or was refused.
    pub fn is_due(&self) -> bool {
        self.unjudged || self.refused || self.verdict == "held"
    }
}

const KNOWN_SQLITE: &str = "select l.key, l.verdict, l.confirmed_action, l.confirmed_version, coalesce(l.receipt, ''), l.confirmed_ms, coalesce((select o.unit \
    from outbox o where o.stream_id = l.stream_id and o.key = l.key and o.action = 'write' and o.state || '' = 'accepted' order by o.id desc limit 1), l.unit), l.raw, l.refused_version is not null \
    from ledger l where l.stream_id = $1 and l.key in (select value from json_each($2))";
const KNOWN_POSTGRES: &str = "select l.key, l.verdict, l.confirmed_action, l.confirmed_version, coalesce(l.receipt, ''), l.confirmed_ms, coalesce((select o.unit \
    from outbox o where o.stream_id = l.stream_id and o.key = l.key and o.action = 'write' and o.state || '' = 'accepted' order by o.id desc limit 1), l.unit), l.raw, l.refused_version is not null \
    from ledger l where l.stream_id = $1 and l.key in (select jsonb_array_elements_text($2::jsonb))";

/// What the ledger says of these keys.
pub async fn known(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<HashMap<String, Known>, StoreError> {
    type Row = (String, String, Option<String>, Option<Vec<u8>>, String, Option<i64>, String, Vec<u8>, bool);
    let (sql, list) = (tx.pick(KNOWN_SQLITE, KNOWN_POSTGRES), json_list(keys.iter().copied()));
    let rows: Vec<Row> = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
    let mut known = HashMap::with_capacity(rows.len());
    for (key, verdict, action, version, receipt, at, unit, raw, refused) in rows {
        let (confirmed, unjudged) = (content(action, version)?, raw.iter().all(|byte| *byte == 0));
        known.insert(
            key,
            Known { verdict, confirmed, receipt, confirmed_at: at.map(Timestamp), unit, unjudged, refused },
        );
    }
    Ok(known)
}

const MOVING_SQLITE: &str = "select distinct key from outbox where stream_id = $1 and key in (select value from json_each($2)) \
    and state || '' in ('ready', 'sent')";
const MOVING_POSTGRES: &str = "select distinct key from outbox where stream_id = $1 and key in (select jsonb_array_elements_text($2::jsonb)) \
    and state || '' in ('ready', 'sent')";

/// Which of these records are on their way, or may go at any moment. What is staged or parked goes only when a person
/// or a run lets it.
pub async fn moving(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<std::collections::HashSet<String>, StoreError> {
    let (sql, list) = (tx.pick(MOVING_SQLITE, MOVING_POSTGRES), json_list(keys.iter().copied()));
    let rows: Vec<(String,)> = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(key,)| key).collect())
}

const ACCEPTED_SQLITE: &str = "select o.key, o.action, d.payload from outbox o join payload d on d.outbox_id = o.id \
    where o.id in (select max(p.id) from outbox p where p.stream_id = $1 and p.key in (select value from json_each($2)) \
    and p.state || '' = 'accepted' group by p.key, p.action)";
const ACCEPTED_POSTGRES: &str = "select o.key, o.action, d.payload from outbox o join payload d on d.outbox_id = o.id \
    where o.id in (select max(p.id) from outbox p where p.stream_id = $1 and p.key in (select jsonb_array_elements_text($2::jsonb)) \
    and p.state || '' = 'accepted' group by p.key, p.action)";

/// What the nation accepted last of these records, by key and action: canonical JSON.
pub async fn accepted(
    tx: &mut Tx,
    stream: i64,
    keys: &[&str],
) -> Result<HashMap<(String, Action), String>, StoreError> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let (sql, list) = (tx.pick(ACCEPTED_SQLITE, ACCEPTED_POSTGRES), json_list(keys.iter().copied()));
    let rows: Vec<(String, String, String)> =
        on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
    let mut accepted = HashMap::with_capacity(rows.len());
    for (key, action, payload) in rows {
        let action = Action::from_word(&action).ok_or(StoreError::Unexpected("outbox.action"))?;
        accepted.insert((key, action), payload);
    }
    Ok(accepted)
}

const SAID_SQLITE: &str = "select o.key, o.state, d.payload from outbox o join payload d on d.outbox_id = o.id \
    where o.id in (select max(p.id) from outbox p where p.stream_id = $1 and p.key in (select value from json_each($2)) \
    and p.action || '' = 'write' and p.state || '' in ('accepted', 'sent') group by p.key)";
const SAID_POSTGRES: &str = "select o.key, o.state, d.payload from outbox o join payload d on d.outbox_id = o.id \
    where o.id in (select max(p.id) from outbox p where p.stream_id = $1 and p.key in (select jsonb_array_elements_text($2::jsonb)) \
    and p.action || '' = 'write' and p.state || '' in ('accepted', 'sent') group by p.key)";

/// What the nation has of these records, or may have: the newest that was written and is accepted, or on its way
/// (`true`), as canonical JSON.
pub async fn said(tx: &mut Tx, stream: i64, keys: &[&str]) -> Result<HashMap<String, (bool, String)>, StoreError> {
    let (sql, list) = (tx.pick(SAID_SQLITE, SAID_POSTGRES), json_list(keys.iter().copied()));
    let rows: Vec<(String, String, String)> =
        on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(key, state, payload)| (key, (state == "sent", payload))).collect())
}

const BUSY: &str = "select (select count(*) from outbox where stream_id = $1 and state = 'ready') \
    + (select count(*) from outbox where stream_id = $1 and state = 'sent')";
const SINCE: &str = "select count(*) from ledger where stream_id = $1 and confirmed_ms > $2";

/// How many records of a stream are on their way, or were confirmed since.
pub async fn moved_since(tx: &mut Tx, stream: i64, since: Timestamp) -> Result<i64, StoreError> {
    let (busy,): (i64,) = on!(tx, c => sqlx::query_as(BUSY).bind(stream).fetch_one(c).await?);
    let (since,): (i64,) = on!(tx, c => sqlx::query_as(SINCE).bind(stream).bind(since.0).fetch_one(c).await?);
    Ok(busy + since)
}
