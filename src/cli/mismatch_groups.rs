//! `mismatch groups`: many mismatches of one cause, the biggest first, and what would close all of them at once.

use std::collections::BTreeMap;

use clap::Args;
use serde_json::json;

use super::mismatch::{Districts, streams};
use super::{Call, Failure, output};
use crate::app::App;
use crate::mismatch::grouped;
use crate::model::calendar;
use crate::model::{Clock, Message, SystemClock, Timestamp};
use crate::store::triage::{self, Group, Week};
use crate::store::{StoreError, Tx};

/// So many communes are shown; all are in `--json`.
const PLACES: usize = 20;

#[derive(Debug, Args)]
pub(super) struct GroupsArgs {
    /// Luồng / the stream
    #[arg(long)]
    stream: Option<String>,
    /// Nhiều nhất bao nhiêu nhóm / at most so many groups
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(1..=1000))]
    limit: i64,
    /// Bao nhiêu tuần gần đây / how many of the last weeks
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u8).range(1..=104))]
    weeks: u8,
}

/// What is open and what is over, in all of some streams.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Open, by kind.
    pub open: BTreeMap<String, i64>,
    /// Over.
    pub closed: i64,
    /// How many causes there are in all.
    pub causes: i64,
    /// Causes with their stream, the biggest first.
    pub groups: Vec<(String, Group)>,
}

/// Counts what stands under these streams.
pub(super) async fn gather(tx: &mut Tx, names: &BTreeMap<i64, String>, limit: i64) -> Result<Gathered, StoreError> {
    let (now, mut all) = (SystemClock::new().now(), Gathered::default());
    for (id, name) in names {
        let found = triage::groups(tx, *id, now, limit).await?;
        all.groups.extend(found.into_iter().map(|group| (name.clone(), group)));
        for (kind, count) in triage::by_kind(tx, *id).await? {
            *all.open.entry(kind).or_default() += count;
        }
        all.causes += triage::group_count(tx, *id).await?;
        all.closed += triage::closed(tx, *id).await?;
    }
    all.groups.sort_by(|a, b| b.1.count.cmp(&a.1.count).then_with(|| a.1.cause.cmp(&b.1.cause)));
    all.groups.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(all)
}

pub(super) async fn run(call: &Call, app: &App, args: &GroupsArgs) -> Result<u8, Failure> {
    let now = SystemClock::new().now();
    let mut tx = app.store.read().await?;
    let names = streams(&mut tx, app, args.stream.as_ref()).await?;
    let Gathered { open, closed, causes, groups } = gather(&mut tx, &names, args.limit).await?;
    let mut trend: Vec<Week> = Vec::new();
    let mut units: BTreeMap<String, i64> = BTreeMap::new();
    for id in names.keys() {
        for (unit, count) in triage::by_unit(&mut tx, *id).await? {
            *units.entry(unit).or_default() += count;
        }
        let weeks = triage::trend(&mut tx, *id, now, args.weeks).await?;
        if trend.is_empty() {
            trend = weeks;
        } else {
            for (all, week) in trend.iter_mut().zip(weeks) {
                all.opened += week.opened;
                all.closed += week.closed;
            }
        }
    }
    drop(tx);
    let total: i64 = open.values().sum();
    let districts = Districts::of(app).0;
    let mut places: Vec<(&str, &str, i64)> = units
        .iter()
        .map(|(unit, count)| (districts.get(unit).map_or("", String::as_str), unit.as_str(), *count))
        .collect();
    places.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.1.cmp(b.1)));
    let closing = |group: &Group| grouped::closing(&group.kind, &group.reason, &group.cause, group.count);
    if call.json {
        let told = |(stream, group): &(String, Group)| {
            let mut told = json!(group);
            told["stream"] = json!(stream);
            told["closing"] = json!(closing(group));
            told
        };
        let places: Vec<_> = places
            .iter()
            .map(|(district, unit, count)| json!({ "district": district, "unit": unit, "count": count }))
            .collect();
        let groups: Vec<_> = groups.iter().map(told).collect();
        say!(
            "{}",
            json!({ "open": open, "closed": closed, "total": total, "causes": causes, "groups": groups, "weeks": trend, "places": places })
        );
    } else if groups.is_empty() {
        say!("{}", Message::MismatchNone.both());
    } else {
        say!("{}", grouped_table(&groups, closing));
        let shown: i64 = groups.iter().map(|(_, group)| group.count).sum();
        let more = causes - i64::try_from(groups.len()).unwrap_or(causes);
        if more > 0 {
            say!("{}", Message::GroupsMore.with(&[("count", &more), ("records", &(total - shown))]));
        }
        say!("{}", Message::GroupsTotal.with(&[("total", &total), ("causes", &causes), ("closed", &closed)]));
        say!("{}\n{}", Message::GroupsTrend.both(), weeks_table(&trend));
        say!("{}\n{}", Message::GroupsPlaces.both(), places_table(&places));
        if let Some(rest) = places.get(PLACES..).filter(|rest| !rest.is_empty()) {
            let records: i64 = rest.iter().map(|(_, _, count)| count).sum();
            say!("{}", Message::PlacesMore.with(&[("count", &rest.len()), ("records", &records)]));
        }
    }
    Ok(if groups.is_empty() { 0 } else { 3 })
}

fn grouped_table(groups: &[(String, Group)], closing: impl Fn(&Group) -> String) -> comfy_table::Table {
    let mut table = output::table(&[
        Message::HeadCount,
        Message::HeadKind,
        Message::HeadCause,
        Message::HeadAge,
        Message::HeadClosing,
    ]);
    for (stream, group) in groups {
        table.add_row([
            group.count.to_string(),
            format!("{}\n{stream}: {}", output::kind(&group.kind), group.kind),
            format!("{}\n{}", super::mismatch_show::reason(&group.reason), output::key(&group.cause)),
            format!("{} / {} / {}", group.week, group.month, group.older),
            output::key(&closing(group)),
        ]);
    }
    table
}

fn weeks_table(weeks: &[Week]) -> comfy_table::Table {
    let mut table = output::table(&[Message::HeadDay, Message::HeadOpened, Message::HeadClosedCount]);
    for week in weeks {
        let until = calendar::day(Timestamp(week.until_ms).day());
        table.add_row([until, week.opened.to_string(), week.closed.to_string()]);
    }
    table
}

/// The fullest communes.
fn places_table(places: &[(&str, &str, i64)]) -> comfy_table::Table {
    let mut table = output::table(&[Message::HeadDistrict, Message::HeadUnit, Message::HeadCount]);
    for (district, unit, count) in places.iter().take(PLACES) {
        table.add_row([output::key(district), output::key(unit), count.to_string()]);
    }
    table
}
