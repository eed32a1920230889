//! `dossier list|clock`: citizens' applications, until when each must be decided, and how the communes stand. `show` and
//! `timeline` stand in `dossier_show`; `route`, `settle` and `files` in rooms of their own.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::hand::tell;
use super::{Call, Failure, dossier_files, dossier_route, dossier_settle, dossier_show, output};
use crate::app::{dossiers::clock_rules, place};
use crate::config::{Config, IntakeConfig};
use crate::intake::clock::{Reading, Verdict};
use crate::intake::clock_rules::ClockRules;
use crate::intake::clocks;
use crate::model::{Clock, Message, SystemClock, Timestamp, calendar};
use crate::store::dossiers::{self, Found, Only, Wanted};
use crate::store::{Store, Tx};

/// Applications looked at in one transaction.
const CHUNK: i64 = 200;
/// Communes told apart in a summary; a portal that invents them makes no table without end.
const MOST_UNITS: usize = 2000;

#[derive(Debug, Args)]
pub(super) struct DossierArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Các hồ sơ / applications; with a filter that finds something, exit code 3
    List(ListArgs),
    /// Đồng hồ thời hạn theo xã / how many are in time, at risk, late, by commune
    Clock,
    /// Một hồ sơ / one application
    Show(dossier_show::Which),
    /// Mọi việc đã xảy ra với một hồ sơ / all that happened to one dossier, in order of time
    Timeline(dossier_show::Which),
    /// Chỉ nơi nhận: đặt giá trị cho cột / say where it belongs: values laid over what the portal said
    Route(dossier_route::RouteArgs),
    /// Cho biết một lần bàn giao đã ra sao / say how a hand-over ended that does not end by itself
    Settle(dossier_settle::SettleArgs),
    /// Các tệp chưa có / files that are not there, exit code 3; or fetch again what was refused
    Files(dossier_files::FilesArgs),
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
struct ListArgs {
    /// Chỉ những hồ sơ chờ người chỉ nơi nhận / only those that a person must route
    #[arg(long)]
    to_be_routed: bool,
    /// Chỉ những hồ sơ bàn giao nhiều lần chưa xong / only those whose hand-over was tried several times without an end
    #[arg(long, conflicts_with_all = ["to_be_routed", "files"])]
    stuck: bool,
    /// Chỉ những hồ sơ còn thiếu tệp / only those of whose files some are not there
    #[arg(long, conflicts_with = "to_be_routed")]
    files: bool,
    /// Chỉ những hồ sơ sắp hoặc vừa đến hạn / only those at risk or due today
    #[arg(long)]
    at_risk: bool,
    /// Chỉ những hồ sơ quá hạn / only those that are late
    #[arg(long)]
    late: bool,
    /// Chỉ một xã / only one commune
    #[arg(long, default_value = "")]
    commune: String,
    /// Bắt đầu sau số này (`id` của --json) / begin after this id
    #[arg(long, default_value_t = 0)]
    after: i64,
    /// Nhiều nhất bao nhiêu dòng / at most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    limit: u64,
}

impl ListArgs {
    fn only(&self) -> Only {
        match (self.to_be_routed, self.stuck, self.files) {
            (true, ..) => Only::ToRoute,
            (_, true, _) => Only::Stuck,
            (.., true) => Only::Files,
            _ => Only::All,
        }
    }
}

/// What these verbs need: nothing of the sources, which may be away.
pub(super) struct Desk {
    pub config: Config,
    pub store: Store,
    rules: BTreeMap<String, ClockRules>,
    pub now: Timestamp,
}

impl Desk {
    pub async fn open(call: &Call) -> Result<Self, Failure> {
        let config = Config::load(&call.config)?;
        let mut rules = BTreeMap::new();
        for intake in &config.intake {
            rules.insert(intake.name.clone(), clock_rules(&config, intake)?);
        }
        let store = Store::open(&place(&config)?).await?;
        Ok(Self { config, store, rules, now: SystemClock::new().now() })
    }

    pub fn intake(&self, name: &str) -> Option<&IntakeConfig> {
        self.config.intake.iter().find(|intake| intake.name == name)
    }

    /// The clocks of applications, in their order; `None` for those of an intake that is not configured any more.
    pub async fn clocks(&self, tx: &mut Tx, found: &[Found]) -> Result<Vec<Option<Reading>>, Failure> {
        let mut read: Vec<Option<Reading>> = vec![None; found.len()];
        for (name, rules) in &self.rules {
            let Some(intake) = self.intake(name) else { continue };
            let (places, of): (Vec<usize>, Vec<&Found>) =
                found.iter().enumerate().filter(|(_, one)| one.intake == *name).unzip();
            for (place, reading) in
                places.into_iter().zip(clocks::read(tx, &intake.system, rules, &of, self.now).await?)
            {
                read[place] = Some(reading);
            }
        }
        Ok(read)
    }
}

pub(super) async fn run(call: &Call, args: &DossierArgs) -> Result<u8, Failure> {
    let desk = Desk::open(call).await?;
    match &args.what {
        What::List(args) => list(call, &desk, args).await,
        What::Clock => summary(call, &desk).await,
        What::Show(args) => dossier_show::show(call, &desk, args).await,
        What::Timeline(args) => dossier_show::timeline(call, &desk, args).await,
        What::Route(args) => dossier_route::route(call, &desk, args).await,
        What::Settle(args) => dossier_settle::settle(call, &desk, args).await,
        What::Files(args) => dossier_files::files(call, &desk, args).await,
    }
}

/// Whether the clock is one of those that are asked for; all are where none is named.
fn asked_for(args: &ListArgs, reading: Option<&Reading>) -> bool {
    let verdict = reading.map(|reading| reading.verdict);
    let near = matches!(verdict, Some(Verdict::AtRisk | Verdict::Due));
    !(args.at_risk || args.late) || (args.at_risk && near) || (args.late && verdict == Some(Verdict::Late))
}

async fn list(call: &Call, desk: &Desk, args: &ListArgs) -> Result<u8, Failure> {
    let wanted = Wanted { only: args.only(), unit: &args.commune };
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let (mut rows, mut after, mut more): (Vec<(Found, Option<Reading>)>, i64, bool) = (Vec::new(), args.after, true);
    while more && rows.len() <= limit {
        let mut tx = desk.store.read().await?;
        let found = dossiers::after(&mut tx, after, wanted, CHUNK).await?;
        let readings = desk.clocks(&mut tx, &found).await?;
        drop(tx);
        more = i64::try_from(found.len()).is_ok_and(|count| count == CHUNK);
        after = found.last().map_or(after, |last| last.id);
        rows.extend(found.into_iter().zip(readings).filter(|(_, reading)| asked_for(args, reading.as_ref())));
    }
    let cut = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| cut).map(|(last, _)| last.id);
    if call.json {
        let shown: Vec<Value> = rows.iter().map(|(found, reading)| as_json(found, reading.as_ref())).collect();
        say!("{}", json!({ "applications": shown, "next": next }));
    } else if rows.is_empty() {
        say!("{}", Message::DossierNone.both());
    } else {
        say!("{}", shown(&rows));
        if let Some(id) = next {
            say!("{}", Message::DossierMore.with(&[("id", &id)]));
        }
    }
    let filtered = args.only() != Only::All || args.at_risk || args.late;
    Ok(if filtered && !rows.is_empty() { 3 } else { 0 })
}

fn shown(rows: &[(Found, Option<Reading>)]) -> comfy_table::Table {
    let mut table = output::table(&[
        Message::HeadDossier,
        Message::HeadProcedure,
        Message::HeadUnit,
        Message::HeadStatus,
        Message::HeadVersion,
        Message::HeadState,
        Message::HeadLocalNumber,
        Message::HeadResult,
        Message::HeadDue,
    ]);
    for (found, reading) in rows {
        table.add_row([
            dossier_show::shown_number(found),
            output::key(&found.procedure),
            output::key(&found.unit),
            output::key(&found.status),
            found.version.to_string(),
            Message::of_word("application", state(found)),
            output::key(&found.local_number),
            reading.as_ref().map(|r| Message::of_word("clock", r.verdict.word())).unwrap_or_default(),
            reading.as_ref().and_then(|r| r.due).map(calendar::day).unwrap_or_default(),
        ]);
    }
    table
}

/// Where it stands on its way to the office; one version that waits for a person is enough.
pub(super) fn state(found: &Found) -> &str {
    if found.to_route > 0 { "to-be-routed" } else { &found.state }
}

/// An application with its clock.
pub(super) fn as_json(found: &Found, reading: Option<&Reading>) -> Value {
    let clock = reading.map(|reading| {
        json!({
            "verdict": reading.verdict.word(),
            "status": reading.status,
            "started": reading.started.map(|day| day.to_string()),
            "limit_days": reading.limit.as_ref().map(|limit| limit.0),
            "law": reading.limit.as_ref().map(|limit| &limit.1),
            "used_days": reading.used,
            "due": reading.due.map(|day| day.to_string()),
            "ended": reading.ended.map(|day| day.to_string()),
            "late": reading.late,
        })
    });
    let mut shown = json!(found);
    shown["waits"] = json!(state(found));
    shown["clock"] = json!(clock);
    shown
}

/// How many of a commune stand how; of those that are over, how many were late.
#[derive(Default)]
struct Counts {
    by: BTreeMap<Verdict, u64>,
    over_late: u64,
    to_be_routed: u64,
}

impl Counts {
    fn add(&mut self, found: &Found, reading: Option<&Reading>) {
        let verdict = reading.map_or(Verdict::NoLimit, |reading| reading.verdict);
        *self.by.entry(verdict).or_default() += 1;
        self.over_late += u64::from(verdict == Verdict::Over && reading.is_some_and(|reading| reading.late));
        self.to_be_routed += u64::from(found.to_route > 0);
    }

    fn json(&self, unit: &str) -> Value {
        let mut counts = json!({ "commune": unit, "over_late": self.over_late, "to_be_routed": self.to_be_routed });
        for verdict in Verdict::ALL {
            counts[verdict.word()] = json!(self.by.get(&verdict).copied().unwrap_or(0));
        }
        counts
    }
}

async fn summary(call: &Call, desk: &Desk) -> Result<u8, Failure> {
    let (mut units, mut all): (BTreeMap<String, Counts>, Counts) = (BTreeMap::new(), Counts::default());
    let mut after = 0;
    loop {
        let mut tx = desk.store.read().await?;
        let found = dossiers::after(&mut tx, after, Wanted { only: Only::All, unit: "" }, CHUNK).await?;
        let readings = desk.clocks(&mut tx, &found).await?;
        drop(tx);
        for (found, reading) in found.iter().zip(&readings) {
            let known = units.len() < MOST_UNITS || units.contains_key(&found.unit);
            let unit = if known { found.unit.clone() } else { "…".to_owned() };
            units.entry(unit).or_default().add(found, reading.as_ref());
            all.add(found, reading.as_ref());
        }
        match found.last() {
            Some(last) if i64::try_from(found.len()).is_ok_and(|count| count == CHUNK) => after = last.id,
            _ => break,
        }
    }
    let told: Vec<Value> = units.iter().map(|(unit, counts)| counts.json(unit)).collect();
    let mut heads = vec![Message::HeadUnit.both()];
    heads.extend(Verdict::ALL.map(|verdict| Message::of_word("clock", verdict.word())));
    heads.push(Message::ApplicationToBeRouted.both());
    let mut table = output::titled(heads);
    for (unit, counts) in units.iter().map(|(unit, counts)| (unit.as_str(), counts)).chain([("Σ", &all)]) {
        let mut row = vec![output::key(unit)];
        row.extend(Verdict::ALL.map(|verdict| counts.by.get(&verdict).copied().unwrap_or(0).to_string()));
        row.push(counts.to_be_routed.to_string());
        table.add_row(row);
    }
    tell(call, &json!({ "communes": told, "all": all.json("") }), &table.to_string());
    Ok(0)
}
