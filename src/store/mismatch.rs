//! What waits for a person: one open row per record and kind, which gathers occurrences and keeps its history. How rows close
//! stands in [`closing`](super::closing).

use std::collections::BTreeSet;

use crate::delta::Content;
use crate::model::{Kind, Reason, Timestamp};

pub(super) use super::closing::closed;
pub use super::closing::{close, close_at, close_held, close_told};
use super::closing::{close_others, told};
use super::{PART, StoreError, Tx, on};

/// The place of what is held here: of one record there is one at a time, whatever its kind.
pub const HELD: &str = "held";

/// A mismatch to be opened, or seen again.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The record's key.
    pub key: String,
    /// What it is.
    pub kind: Kind,
    /// Apart within the kind: [`HELD`], the field of what differs, the other record of a pair; empty for one of a kind.
    pub place: String,
    /// The fixed word, or the nation's code.
    pub reason: String,
    /// What many have in common, to be mended at once: no personal data. Empty: reason and field.
    pub cause: String,
    /// The national field or source column.
    pub field: String,
    /// The offending value: personal data, for store and pages only.
    pub value: String,
    /// The nation's value, or the other record's.
    pub theirs: String,
    /// What would be right.
    pub proposal: String,
    /// More for staff; the nation's words where it refused.
    pub detail: String,
    /// All complaints as JSON.
    pub complaints: String,
    /// Row of the source, from 1.
    pub source_row: Option<i64>,
    /// The commune's code; empty where not known.
    pub unit: String,
    /// Digests of the number on our side and on the other, as [`scoped`](crate::model::scoped) writes them; empty where
    /// there is none. By them two numbers can be merged.
    pub persons: [String; 2],
    /// What the record says, as canonical JSON: of what is held or only the nation has, which no outbox knows. For lists that
    /// people check.
    pub about: String,
    /// What the nation really has under this key, where a comparison has seen it.
    pub there: Option<Content>,
}

impl Draft {
    /// A mismatch of this kind and reason with nothing else told.
    pub fn new(key: &str, kind: Kind, reason: &str) -> Self {
        let (key, reason) = (key.to_owned(), reason.to_owned());
        let [place, cause, field, value, theirs, proposal, detail, unit, about] = <[String; 9]>::default();
        Self {
            key,
            kind,
            place,
            reason,
            cause,
            field,
            value,
            theirs,
            proposal,
            detail,
            complaints: "[]".to_owned(),
            source_row: None,
            unit,
            persons: Default::default(),
            about,
            there: None,
        }
    }

    /// One that is held here for this reason.
    pub fn held(key: &str, reason: Reason) -> Self {
        Self { place: HELD.to_owned(), ..Self::new(key, Kind::of_held(reason), reason.word()) }
    }

    /// An action and a hash in one text; empty where nothing is known.
    fn there(&self) -> String {
        self.there.map_or_else(String::new, |(action, version)| format!("{} {version}", action.word()))
    }

    fn cause(&self) -> String {
        if !self.cause.is_empty() {
            return self.cause.clone();
        }
        let mut cause = self.reason.clone();
        if !self.field.is_empty() {
            cause = format!("{cause} {}", self.field);
        }
        // A code is nobody's secret, and one line in the list closes all of them.
        if self.reason == Reason::UnknownCode.word() && !self.value.is_empty() {
            cause = format!("{cause} {}", self.value.chars().take(40).collect::<String>());
        }
        cause
    }
}

/// What opening tells of a row: id, opened, occurrences, relapses, closed.
type Seen = (i64, i64, i64, i64, Option<i64>);

/// Opens mismatches; one that is open already is updated and counts one occurrence more, one that was closed opens
/// again with its history. What a person said is no mismatch stays closed.
pub async fn open(tx: &mut Tx, stream: i64, run: i64, now: Timestamp, drafts: &[Draft]) -> Result<(), StoreError> {
    let held: BTreeSet<Kind> = drafts.iter().filter(|d| d.place == HELD).map(|d| d.kind).collect();
    for kind in held {
        let keys: Vec<&str> =
            drafts.iter().filter(|d| d.place == HELD && d.kind == kind).map(|d| d.key.as_str()).collect();
        close_others(tx, stream, kind, &keys, now).await?;
    }
    for part in drafts.chunks(PART) {
        overtaken(tx, stream, now, part).await?;
        let seen: Vec<Seen> = on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into mismatch (stream_id, key, kind, place, reason, cause, field, value, theirs, \
                proposal, detail, complaints, source_row, unit, gravity, state, opened_ms, seen_ms, run_id, person, other, there, about) ");
            sql.push_values(part, |mut b, d| {
                b.push_bind(stream).push_bind(&d.key).push_bind(d.kind.word()).push_bind(&d.place).push_bind(&d.reason)
                    .push_bind(d.cause()).push_bind(&d.field).push_bind(&d.value).push_bind(&d.theirs).push_bind(&d.proposal)
                    .push_bind(&d.detail).push_bind(&d.complaints).push_bind(d.source_row).push_bind(&d.unit)
                    .push_bind(d.kind.gravity().rank()).push_bind("open").push_bind(now.0).push_bind(now.0).push_bind(run)
                    .push_bind(&d.persons[0]).push_bind(&d.persons[1]).push_bind(d.there()).push_bind(&d.about);
            });
            sql.push(AGAIN);
            sql.build_query_as().persistent(part.len() == PART).fetch_all(c).await?
        });
        let fresh: Vec<Noted<'_>> = seen
            .into_iter()
            .filter(|(_, opened, _, _, closed)| *opened == now.0 && closed.is_none())
            .filter_map(|(id, _, occurrences, relapses, _)| match (occurrences, relapses) {
                (1, 0) => Some(Noted::of(id, "opened")),
                (1, _) => Some(Noted::of(id, "reopened")),
                _ => None,
            })
            .collect();
        note(tx, now, &fresh).await?;
        let fresh: Vec<i64> = fresh.iter().map(|one| one.id).collect();
        if !fresh.is_empty() {
            let (sql, list) = (tx.pick(PLACE_SQLITE, PLACE_POSTGRES), super::json_ids(&fresh));
            on!(tx, c => sqlx::query(sql).bind(&list).execute(c).await?.rows_affected());
        }
    }
    Ok(())
}

// Who opened it did not know the commune; the ledger does.
const PLACE_SQLITE: &str = "update mismatch set unit = coalesce((select l.unit from ledger l where l.stream_id = mismatch.stream_id \
    and l.key = mismatch.key), '') where id in (select value from json_each($1)) and unit = ''";
const PLACE_POSTGRES: &str = "update mismatch set unit = coalesce((select l.unit from ledger l where l.stream_id = mismatch.stream_id \
    and l.key = mismatch.key), '') where id in (select jsonb_array_elements_text($1::jsonb)::bigint) and unit = ''";

// SQLite's json_each has a `key` and a `value` of its own.
const OVERTAKEN_SQLITE: &str = "update mismatch set state = 'open', assignee = '', applied_ms = null, version = version + 1, \
    relapses = relapses + case when state = 'applied' then 1 else 0 end \
    where stream_id = $1 and key in (select value ->> 0 from json_each($2)) and closed_ms is null and state in ('decided', 'applied') \
    and exists (select 1 from json_each($2) j where j.value ->> 0 = mismatch.key and j.value ->> 1 = mismatch.kind and j.value ->> 2 = mismatch.place \
    and (j.value ->> 3 <> mismatch.reason or j.value ->> 4 <> mismatch.field or j.value ->> 5 <> mismatch.value or j.value ->> 6 <> mismatch.theirs)) returning id";
const OVERTAKEN_POSTGRES: &str = "update mismatch set state = 'open', assignee = '', applied_ms = null, version = version + 1, \
    relapses = relapses + case when state = 'applied' then 1 else 0 end \
    from jsonb_array_elements($2::jsonb) j where stream_id = $1 and closed_ms is null and state in ('decided', 'applied') \
    and key = j.value ->> 0 and kind = j.value ->> 1 and place = j.value ->> 2 \
    and (j.value ->> 3 <> reason or j.value ->> 4 <> field or j.value ->> 5 <> mismatch.value or j.value ->> 6 <> theirs) returning id";

/// What was decided was about other values: it is open again with its history, and nothing of it stands on a list of
/// corrections any more.
async fn overtaken(tx: &mut Tx, stream: i64, now: Timestamp, drafts: &[Draft]) -> Result<(), StoreError> {
    let all: Vec<[&str; 7]> = drafts
        .iter()
        .map(|d| [d.key.as_str(), d.kind.word(), &d.place, &d.reason, &d.field, &d.value, &d.theirs])
        .collect();
    let list = serde_json::to_string(&all).unwrap_or_else(|_| "[]".to_owned());
    let sql = tx.pick(OVERTAKEN_SQLITE, OVERTAKEN_POSTGRES);
    let rows: Vec<(i64,)> = on!(tx, c => sqlx::query_as(sql).bind(stream).bind(&list).fetch_all(c).await?);
    told(tx, now, rows, "overtaken").await
}

/// What a person settled stays settled once it took effect, which waits for a second person where one is needed, though the
/// machine finds it again: not the same person, two numbers merged and still
/// the same two, accepted until a day that has not come.
macro_rules! stays {
    () => {
        "(mismatch.closed_ms is not null and mismatch.applied_ms is not null and (mismatch.decision = 'not-same-person' \
        or (mismatch.decision = 'merge-numbers' and mismatch.person = excluded.person and mismatch.other = excluded.other) \
        or (mismatch.decision = 'accept-until' and mismatch.until_day <> '' and mismatch.value = excluded.value \
        and mismatch.theirs = excluded.theirs)))"
    };
}

/// `occurrences` are those since it was opened last. A value that changed is a new version: who looks at the old one is told.
const AGAIN: &str = concat!(
    " on conflict (stream_id, key, kind, place) do update set reason = excluded.reason, cause = excluded.cause, \
    field = excluded.field, value = excluded.value, theirs = excluded.theirs, proposal = excluded.proposal, detail = excluded.detail, \
    complaints = excluded.complaints, source_row = excluded.source_row, gravity = excluded.gravity, \
    person = excluded.person, other = excluded.other, there = excluded.there, \
    about = case when excluded.about = '' then mismatch.about else excluded.about end, \
    absent_ms = case when mismatch.closed_ms is null and mismatch.value = excluded.value and mismatch.theirs = excluded.theirs \
    then mismatch.absent_ms else null end, unit = case when excluded.unit = '' then mismatch.unit else excluded.unit end, seen_ms = excluded.seen_ms, run_id = excluded.run_id, \
    occurrences = case when ",
    stays!(),
    " then mismatch.occurrences when mismatch.closed_ms is null then mismatch.occurrences + 1 else 1 end, \
    relapses = mismatch.relapses + case when mismatch.closed_ms is null or ",
    stays!(),
    " then 0 else 1 end, version = mismatch.version + case when ",
    stays!(),
    " then 0 when mismatch.closed_ms is null and mismatch.value = excluded.value and mismatch.theirs = excluded.theirs then 0 else 1 end, \
    state = case when mismatch.closed_ms is null or ",
    stays!(),
    " then mismatch.state else 'open' end, assignee = case when mismatch.closed_ms is null then mismatch.assignee else '' end, \
    opened_ms = case when mismatch.closed_ms is null or ",
    stays!(),
    " then mismatch.opened_ms else excluded.opened_ms end, closed_ms = case when ",
    stays!(),
    " then mismatch.closed_ms else null end returning id, opened_ms, occurrences, relapses, closed_ms"
);

/// Something that happened to a mismatch. `who` is empty for the machine.
#[derive(Debug, Clone, Copy)]
pub struct Noted<'a> {
    /// Which.
    pub id: i64,
    /// Who.
    pub who: &'a str,
    /// `opened`, `reopened`, `closed`, `taken`, `given-back`, `comment`, `decided`, `seconded`, `undone`, `applied`, `too-late`,
    /// `accepted-ended`, `overtaken`.
    pub event: &'a str,
    /// The decision, or to whom it was given.
    pub what: &'a str,
    /// A reason code.
    pub reason: &'a str,
    /// What was said.
    pub words: &'a str,
}

impl<'a> Noted<'a> {
    /// An event with nothing else told.
    pub fn of(id: i64, event: &'a str) -> Self {
        Self { id, who: "", event, what: "", reason: "", words: "" }
    }
}

/// Writes down what happened to these.
pub async fn note(tx: &mut Tx, now: Timestamp, events: &[Noted<'_>]) -> Result<(), StoreError> {
    for part in events.chunks(PART) {
        on!(tx, c => {
            let mut sql = sqlx::QueryBuilder::new("insert into mismatch_event (mismatch_id, at_ms, who, event, what, reason, words) ");
            sql.push_values(part, |mut b, e| {
                b.push_bind(e.id).push_bind(now.0).push_bind(e.who).push_bind(e.event).push_bind(e.what).push_bind(e.reason)
                    .push_bind(e.words);
            });
            sql.build().persistent(part.len() == PART).execute(c).await?;
        });
    }
    Ok(())
}

const COUNTS: &str = "select kind, reason, count(*) from mismatch where stream_id = $1 and (closed_ms is null or until_day <> '') group by kind, reason \
    order by 3 desc, kind, reason";

/// How many are open, by kind and reason, the most first.
pub async fn counts(tx: &mut Tx, stream: i64) -> Result<Vec<(String, String, u64)>, StoreError> {
    let rows: Vec<(String, String, i64)> = on!(tx, c => sqlx::query_as(COUNTS).bind(stream).fetch_all(c).await?);
    Ok(rows.into_iter().map(|(kind, reason, n)| (kind, reason, u64::try_from(n).unwrap_or(0))).collect())
}

const HELD_COUNT: &str =
    "select count(*) from mismatch where stream_id = $1 and place = 'held' and (closed_ms is null or until_day <> '')";

/// How many records are held here.
pub async fn held(tx: &mut Tx, stream: i64) -> Result<u64, StoreError> {
    let (n,): (i64,) = on!(tx, c => sqlx::query_as(HELD_COUNT).bind(stream).fetch_one(c).await?);
    Ok(u64::try_from(n).unwrap_or(0))
}

const OPEN_OF: &str = "select count(*) from mismatch where stream_id = $1 and key = $2 and kind = $3 and reason = $4 and (closed_ms is null or until_day <> '')";

/// Whether a mismatch of this kind and reason is open for a key.
pub async fn is_open(tx: &mut Tx, stream: i64, key: &str, kind: Kind, reason: &str) -> Result<bool, StoreError> {
    let (n,): (i64,) =
        on!(tx, c => sqlx::query_as(OPEN_OF).bind(stream).bind(key).bind(kind.word()).bind(reason).fetch_one(c).await?);
    Ok(n > 0)
}

/// A mismatch as people see it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Shown {
    /// The record's key.
    pub key: String,
    /// Kind.
    pub kind: String,
    /// Apart within the kind; `held` of what is held here.
    pub place: String,
    /// Reason.
    pub reason: String,
    /// Field.
    pub field: String,
    /// Offending value.
    pub value: String,
    /// Proposal.
    pub proposal: String,
    /// More.
    pub detail: String,
    /// Row of the source.
    pub source_row: Option<i64>,
    /// How often it was seen.
    pub occurrences: i64,
}

const LIST: &str = "select key, kind, place, reason, field, value, proposal, detail, source_row, occurrences from mismatch \
    where stream_id = $1 and (closed_ms is null or until_day <> '') and key > $2 order by key, kind, place limit $3";

const REST: &str = "select key, kind, place, reason, field, value, proposal, detail, source_row, occurrences from mismatch \
    where stream_id = $1 and (closed_ms is null or until_day <> '') and key = $2 and (kind > $3 or (kind = $3 and place > $4)) order by kind, place";

/// Open mismatches after a key, in order of keys: about `limit`, for the last key has all of its own, so that whoever
/// goes on after it misses none.
pub async fn list(tx: &mut Tx, stream: i64, after: &str, limit: i64) -> Result<Vec<Shown>, StoreError> {
    type Row = (String, String, String, String, String, String, String, String, Option<i64>, i64);
    let mut rows: Vec<Row> =
        on!(tx, c => sqlx::query_as(LIST).bind(stream).bind(after).bind(limit).fetch_all(c).await?);
    if i64::try_from(rows.len()).is_ok_and(|n| n == limit)
        && let Some((key, kind, place)) = rows.last().map(|row| (row.0.clone(), row.1.clone(), row.2.clone()))
    {
        let rest: Vec<Row> =
            on!(tx, c => sqlx::query_as(REST).bind(stream).bind(&key).bind(&kind).bind(&place).fetch_all(c).await?);
        rows.extend(rest);
    }
    Ok(rows
        .into_iter()
        .map(|(key, kind, place, reason, field, value, proposal, detail, source_row, occurrences)| Shown {
            key,
            kind,
            place,
            reason,
            field,
            value,
            proposal,
            detail,
            source_row,
            occurrences,
        })
        .collect())
}
