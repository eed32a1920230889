//! Lists and groups of mismatches. A page is one walk along one index, however many are open.

use crate::model::Timestamp;

use super::review::{Item, item};
use super::{StoreError, Tx, on};

/// A week, in milliseconds.
const WEEK: i64 = 7 * 24 * 3600 * 1000;

/// Which mismatches of a stream; what is empty does not count.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Kind.
    pub kind: String,
    /// Cause.
    pub cause: String,
    /// The commune.
    pub unit: String,
    /// `open`, `in-review`, `decided`, `applied`, `closed`; empty: all that are not closed.
    pub state: String,
    /// Who has it.
    pub assignee: String,
    /// Of what is decided, only what waits for a second person.
    pub waits_second: bool,
}

/// A place in the list: gravity and number of the last one that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place(pub i64, pub i64);

impl Place {
    /// Reads what [`Place`] shows.
    pub fn read(text: &str) -> Option<Self> {
        let (gravity, id) = text.split_once('-')?;
        Some(Self(gravity.parse().ok()?, id.parse().ok()?))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.0, self.1)
    }
}

/// Pushes the conditions. One condition, the rarest, walks an index; `|| ''` keeps the planners from choosing another for it.
macro_rules! conditions {
    ($sql:expr, $stream:expr, $filter:expr) => {{
        let filter: &Filter = $filter;
        $sql.push(" from mismatch m where stream_id = ").push_bind($stream);
        let mut walked = false;
        let by_cause = !filter.kind.is_empty() && !filter.cause.is_empty();
        let all: [(&'static str, &'static str, &String); 5] = [
            (" and cause = ", " and cause || '' = ", &filter.cause),
            (" and assignee = ", " and assignee || '' = ", &filter.assignee),
            (" and unit = ", " and unit || '' = ", &filter.unit),
            (" and kind = ", " and kind || '' = ", &filter.kind),
            (" and state = ", " and state || '' = ", &filter.state),
        ];
        for (walk, check, value) in all {
            if value.is_empty() {
                continue;
            }
            let kind_of_cause = by_cause && walk.starts_with(" and kind");
            let may_walk = (!walked && (by_cause || !walk.starts_with(" and cause"))) || kind_of_cause;
            $sql.push(if may_walk { walk } else { check }).push_bind(value.clone());
            walked |= may_walk;
        }
        if !filter.assignee.is_empty() {
            $sql.push(" and assignee <> ''");
        }
        if filter.waits_second {
            $sql.push(" and seconded_by = ''");
        }
        if filter.state != "closed" {
            $sql.push(" and closed_ms is null");
        }
    }};
}

const COLUMNS: &str = concat!("select ", item!("m.unit"));

/// A page after a place, the gravest first.
pub async fn page(
    tx: &mut Tx,
    stream: i64,
    filter: &Filter,
    after: Place,
    limit: i64,
) -> Result<Vec<Item>, StoreError> {
    Ok(on!(tx, c => {
        let mut sql = sqlx::QueryBuilder::new(COLUMNS);
        conditions!(sql, stream, filter);
        sql.push(" and (gravity, id) > (").push_bind(after.0).push(", ").push_bind(after.1);
        sql.push(") order by gravity, id limit ").push_bind(limit);
        sql.build_query_as().fetch_all(c).await?
    }))
}

/// The same with number and version only.
pub async fn versions(
    tx: &mut Tx,
    stream: i64,
    filter: &Filter,
    after: Place,
    limit: i64,
) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    Ok(on!(tx, c => {
        let mut sql = sqlx::QueryBuilder::new("select gravity, id, version");
        conditions!(sql, stream, filter);
        sql.push(" and (gravity, id) > (").push_bind(after.0).push(", ").push_bind(after.1);
        sql.push(") order by gravity, id limit ").push_bind(limit);
        sql.build_query_as().fetch_all(c).await?
    }))
}

/// Open mismatches of one cause.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, sqlx::FromRow)]
pub struct Group {
    /// Kind.
    pub kind: String,
    /// Cause.
    pub cause: String,
    /// Reason.
    pub reason: String,
    /// How many.
    pub count: i64,
    /// Opened within the last seven days.
    pub week: i64,
    /// Opened before that, within four weeks.
    pub month: i64,
    /// Older.
    pub older: i64,
    /// When the oldest was opened.
    pub oldest_ms: i64,
}

const GROUPS: &str = "select kind, cause, min(reason) as reason, count(*) as count, count(case when opened_ms > $2 - $3 then 1 end) as week, \
    count(case when opened_ms <= $2 - $3 and opened_ms > $2 - 4 * $3 then 1 end) as month, \
    count(case when opened_ms <= $2 - 4 * $3 then 1 end) as older, min(opened_ms) as oldest_ms \
    from mismatch where stream_id = $1 and closed_ms is null group by kind, cause order by count(*) desc, kind, cause limit $4";

/// The groups of a stream, the biggest first.
pub async fn groups(tx: &mut Tx, stream: i64, now: Timestamp, limit: i64) -> Result<Vec<Group>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(GROUPS).bind(stream).bind(now.0).bind(WEEK).bind(limit).fetch_all(c).await?))
}

const GROUP_COUNT: &str = "select count(*) from (select kind from mismatch where stream_id = $1 and closed_ms is null group by kind, cause) g";

/// How many groups there are.
pub async fn group_count(tx: &mut Tx, stream: i64) -> Result<i64, StoreError> {
    let (n,): (i64,) = on!(tx, c => sqlx::query_as(GROUP_COUNT).bind(stream).fetch_one(c).await?);
    Ok(n)
}

const KNOWS_UNIT: &str = "select count(*) from (select unit from mismatch where unit = $1 union all select unit from ledger where unit = $1 limit 1) u";

/// Whether anything at all stands under a commune. Walks everything where nothing does: ask only about one that no list has.
pub async fn knows_unit(tx: &mut Tx, unit: &str) -> Result<bool, StoreError> {
    let (n,): (i64,) = on!(tx, c => sqlx::query_as(KNOWS_UNIT).bind(unit).fetch_one(c).await?);
    Ok(n > 0)
}

const BY_KIND: &str = "select kind, count(*) from mismatch where stream_id = $1 and closed_ms is null group by kind";

/// How many are open of each kind.
pub async fn by_kind(tx: &mut Tx, stream: i64) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(BY_KIND).bind(stream).fetch_all(c).await?))
}

const OVER: &str = "select count(*) from mismatch where stream_id = $1 and closed_ms is not null";

/// How many are over.
pub async fn closed(tx: &mut Tx, stream: i64) -> Result<i64, StoreError> {
    let (n,): (i64,) = on!(tx, c => sqlx::query_as(OVER).bind(stream).fetch_one(c).await?);
    Ok(n)
}

const UNITS: &str = "select unit, count(*) from mismatch where stream_id = $1 and closed_ms is null group by unit order by count(*) desc, unit limit 5000";

/// How many are open in each commune, the most first.
pub async fn by_unit(tx: &mut Tx, stream: i64) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(on!(tx, c => sqlx::query_as(UNITS).bind(stream).fetch_all(c).await?))
}

/// What was opened in the last weeks, for [`trend`]: stream, now, a week, how many. `+ 0` keeps planners at the events' time.
pub const OPENED: &str = "select ($2 - e.at_ms) / $3 as week, count(*) from mismatch_event e join mismatch m on m.id = e.mismatch_id \
    where m.stream_id + 0 = $1 and e.event in ('opened', 'reopened', 'accepted-ended') and e.at_ms > $2 - $4 * $3 and e.at_ms <= $2 group by 1";
const CLOSED: &str = "select ($2 - closed_ms) / $3 as week, count(*) from mismatch where stream_id = $1 and closed_ms is not null \
    and closed_ms > $2 - $4 * $3 and closed_ms <= $2 group by 1";

/// One week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Week {
    /// When it ends.
    pub until_ms: i64,
    /// Opened in it, or again.
    pub opened: i64,
    /// Closed in it, and not open again since.
    pub closed: i64,
}

/// The last weeks, the newest first.
pub async fn trend(tx: &mut Tx, stream: i64, now: Timestamp, weeks: u8) -> Result<Vec<Week>, StoreError> {
    let (mut all, count) = (vec![Week::default(); usize::from(weeks)], i64::from(weeks));
    let mut until = now.0;
    for week in &mut all {
        week.until_ms = until;
        until -= WEEK;
    }
    let opened: Vec<(i64, i64)> =
        on!(tx, c => sqlx::query_as(OPENED).bind(stream).bind(now.0).bind(WEEK).bind(count).fetch_all(c).await?);
    let closed: Vec<(i64, i64)> =
        on!(tx, c => sqlx::query_as(CLOSED).bind(stream).bind(now.0).bind(WEEK).bind(count).fetch_all(c).await?);
    for (week, n) in opened {
        if let Some(of) = usize::try_from(week).ok().and_then(|at| all.get_mut(at)) {
            of.opened = n;
        }
    }
    for (week, n) in closed {
        if let Some(of) = usize::try_from(week).ok().and_then(|at| all.get_mut(at)) {
            of.closed = n;
        }
    }
    Ok(all)
}
