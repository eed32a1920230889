//! The demo's way down: citizens file at the portal, which repeats, omits, delays and changes; the applications come
//! down, reach the local office's table, are worked on there, and both portals hear how far they are.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::civil::Date;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::demo::{PORTALS, unless_stopped};
use super::demo_sandbox::Sandbox;
use super::demo_settings::{INTAKE, OPENING, STREAMS};
use super::{Failure, sync};
use crate::app::App;
use crate::codes::{At, By, CodeLists, Found};
use crate::intake::window::first_moment;
use crate::intake::{self, Taken, Wanted};
use crate::mapping::Mapping;
use crate::model::{Clock as _, RawRow, SystemClock, Timestamp};
use crate::national::Window;
use crate::province::{self, Filed, Recipe, Table, Worked, filed, office_statuses, office_works};
use crate::run::{Outcome, Stream};
use crate::store::dossiers::{self, Only};

/// What the sandbox does to the first pulls.
const FAULTS: [&str; 4] = [
    r#"[{"system":"dvcbtxh","operation":"pull","fault":"omit","times":1},{"system":"dvcbtxh","operation":"pull","fault":"doubled","times":1}]"#,
    r#"[{"system":"dvcbtxh","operation":"pull","fault":"busy-9","times":1},{"system":"dvcbtxh","operation":"pull","fault":"mis-cased","times":2}]"#,
    r#"[{"system":"dvcbtxh","operation":"pull","fault":"truncated","times":1},{"system":"dvcbtxh","operation":"pull","fault":"older-bodies","times":2}]"#,
    r#"[{"system":"dvcbtxh","operation":"pull","fault":"error-500-after","times":1},{"system":"dvcbtxh","operation":"pull","fault":"older-bodies","times":2}]"#,
];
/// The statuses that both portals have.
const STATUSES: &str = "dvcbtxh-statuses";
/// A day.
const DAY_MS: i64 = 86_400_000;
/// So many applications are told to the sandbox at once.
const TOGETHER: usize = 200;
/// So many applications that wait for a person are counted at once.
const ROUTED_AT_ONCE: i64 = 500;
/// So many dossiers are asked for at once.
const PAGE: usize = 2_000;
/// After so many rounds everything must have come to rest.
const ROUNDS: usize = 14;
/// Every so-manyth application is shown by the portal only in a later pull.
const HIDDEN: usize = 9;

/// What became of the applications, for programs. `filed` and the last two are counted by asking the sandbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Applications {
    pub filed: u64,
    pub received: u64,
    pub versions: u64,
    pub handed_over: u64,
    pub to_be_routed: u64,
    pub steps_confirmed: u64,
    pub portals_agree: u64,
    pub portals_differ: u64,
    /// One may have several versions that wait.
    #[serde(skip)]
    pub not_routed: u64,
}

impl Applications {
    /// For people.
    pub(super) fn line(&self) -> String {
        format!(
            "Đơn / applications: nộp/filed {}, nhận/received {}, phiên bản/versions {}, bàn giao/handed over {}, chờ chuyển/to be routed {}, \
             bước được xác nhận/steps confirmed {}; hai cổng khớp/portals agree {}, lệch/differ {}",
            self.filed,
            self.received,
            self.versions,
            self.handed_over,
            self.to_be_routed,
            self.steps_confirmed,
            self.portals_agree,
            self.portals_differ
        )
    }

    /// Every application is here, in the office or before a person, and the portals say what the office says.
    pub(super) fn adds_up(&self) -> bool {
        let ours = self.portals_agree + self.portals_differ;
        self.filed > 0
            && self.received == self.filed
            && self.handed_over + self.to_be_routed == self.versions
            && self.portals_differ == 0
            && ours + self.not_routed >= self.filed
    }
}

/// What the demo's applications need.
pub(super) struct Desk<'a> {
    pub app: &'a App,
    pub sandbox: &'a Sandbox,
    pub recipe: &'a Recipe,
    /// The province's database.
    pub local: &'a Path,
    pub seed: u64,
    pub people: u64,
    /// How many applications are filed.
    pub count: u64,
    pub json: bool,
    pub stop: &'a CancellationToken,
}

/// Makes the office's tables in the province's database: its table of applications has the mapping's fields.
pub(super) async fn open_office(dir: &Path, local: &Path) -> Result<(), Failure> {
    let mapping = Mapping::load(&dir.join("mappings"), "dvcbtxh", "tiep-nhan")?;
    let columns: Vec<String> = mapping.layout().names().iter().map(ToString::to_string).collect();
    province::open_office(local, &columns).await.map_err(|e| Failure::new(1, e))
}

/// All of it, to the end; and what the streams to the portals did meanwhile.
pub(super) async fn run(desk: &Desk<'_>) -> Result<(Applications, Vec<Outcome>), Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::new(1, e.to_string());
    let down = desk.app.intakes_of(Some(INTAKE))?.into_iter().next().ok_or_else(|| failed(&"no intake"))?;
    let mut corrections = file(desk)?;
    let (mut told, mut outcomes) = (Applications::default(), Vec::new());
    let clock = SystemClock::new();
    for round in 0..ROUNDS {
        if let Some(faults) = FAULTS.get(round) {
            desk.sandbox.ask("POST", "/_sandbox/faults", faults)?;
        }
        // In earnest the days are read again once a day; here from the third round on.
        let span = (round > 2).then(|| Window { from: clock.now().plus(-DAY_MS), to: clock.now() });
        let taken = intake::run(&desk.app.store, down, &clock, &Wanted { span, dry_run: false }, desk.stop).await?;
        let worked = unless_stopped(desk.stop, office_works(desk.local, desk.recipe, desk.seed)).await?;
        let sent = up(desk).await?;
        told.steps_confirmed += sent.iter().filter(|run| is_of_steps(&run.name)).map(|run| run.confirmed).sum::<u64>();
        outcomes.extend(sent);
        let news = if round == 1 { std::mem::take(&mut corrections) } else { Vec::new() };
        let quiet = round > 3 && taken.received.versions == 0 && worked == Worked::default();
        post(desk, &news)?;
        if quiet {
            return Ok((count(desk, &taken, told).await?, outcomes));
        }
    }
    Err(failed(&"đơn không đứng yên / the applications do not come to rest"))
}

/// Files everything, minutes and hours ago, but today: the days are read one by one, and the story is the same at every hour.
/// Gives back what is filed again later.
fn file(desk: &Desk<'_>) -> Result<Vec<Value>, Failure> {
    let opening = stream(desk, OPENING)?;
    let now = SystemClock::new().now();
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for (at, one) in filed(desk.recipe, desk.seed, desk.people, desk.count).enumerate() {
        let body = body(opening, &one, now.day())?;
        let when = now.plus(-60_000 * (5 + i64::try_from(at % 1_000).unwrap_or(0))).max(first_moment(now.day()));
        let late = at % HIDDEN == 0;
        first.push(json!({ "at": stamp(when), "body": body, "hide_pulls": if late { 2 } else { 0 } }));
        // A citizen can only change what the portal shows.
        if let Some((_, again)) = one.again.as_ref().filter(|_| !late) {
            let mut changed = body.clone();
            lay(&mut changed, again);
            later.push(json!({ "at": stamp(now), "body": changed }));
        }
    }
    post(desk, &first)?;
    Ok(later)
}

/// What the portal would have: the record of the way up, with the recipe's values laid over it.
fn body(opening: &Stream, filed: &Filed, today: Date) -> Result<Value, Failure> {
    let columns = opening.mapping.columns().iter().map(|column| filed.row.get(&column.name)).collect();
    let judged = opening.mapping.judge(&RawRow { number: 1, columns }, today);
    let mut body: Value = serde_json::from_str(&judged.canonical).map_err(|e| {
        Failure::new(
            1,
            format!("đơn giả lập / an invented application: {:?}: {e}", judged.held_for().map(|c| c.reason)),
        )
    })?;
    lay(&mut body, &filed.over);
    Ok(body)
}

fn lay(body: &mut Value, over: &[(String, String)]) {
    for (name, value) in over {
        body[name.as_str()] = Value::from(value.as_str());
    }
}

fn stamp(at: Timestamp) -> String {
    at.in_vietnam().strftime("%Y%m%d%H%M%S").to_string()
}

fn post(desk: &Desk<'_>, applications: &[Value]) -> Result<(), Failure> {
    for part in applications.chunks(TOGETHER) {
        desk.sandbox.ask("POST", "/_sandbox/applications", &Value::from(part).to_string())?;
    }
    Ok(())
}

fn stream<'a>(desk: &Desk<'a>, name: &str) -> Result<&'a Stream, Failure> {
    let found = desk.app.named(&[name.to_owned()])?.into_iter().next();
    found.ok_or_else(|| Failure::new(1, name))
}

fn is_of_steps(name: &str) -> bool {
    STREAMS.iter().any(|line| line.name == name && line.table == Table::BuocXuLy)
}

/// Both portals hear what the office did.
async fn up(desk: &Desk<'_>) -> Result<Vec<Outcome>, Failure> {
    let of_portals = |stream: &&Stream| PORTALS.contains(&stream.system.name.as_str());
    let streams: Vec<_> = desk.app.streams.iter().filter(of_portals).collect();
    let mut outcomes = Vec::new();
    for (_, ended) in sync::all(desk.app, &streams, desk.json, None, &|_| None, desk.stop).await {
        outcomes.push(ended?);
    }
    Ok(outcomes)
}

/// Counts at both ends.
async fn count(desk: &Desk<'_>, last: &Taken, told: Applications) -> Result<Applications, Failure> {
    let mut told = Applications {
        filed: listed(desk, "/_sandbox/applications?")?.len() as u64,
        received: last.inbox.applications,
        versions: last.inbox.versions,
        handed_over: last.inbox.handed_over,
        to_be_routed: last.inbox.to_be_routed,
        not_routed: routed(desk).await?,
        ..told
    };
    let portals = PORTALS.map(|portal| listed(desk, &format!("/_sandbox/dossiers?system={portal}&")));
    let portals = portals.into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut lists = CodeLists::new(&desk.app.config.mappings().join("codes"));
    let words = lists.get(STATUSES).ok_or_else(|| Failure::new(1, STATUSES))?;
    let ours = office_statuses(desk.local).await.map_err(|e| Failure::new(1, e))?;
    for (number, word) in ours {
        let code = match words.find(&word, By::Either, At::Ever) {
            Found::Entry(entry) => entry.code.to_string(),
            _ => String::new(),
        };
        let agree = portals.iter().all(|portal| portal.get(&number) == Some(&code));
        *(if agree { &mut told.portals_agree } else { &mut told.portals_differ }) += 1;
    }
    Ok(told)
}

/// How many applications wait for a person, whatever the number of their versions.
async fn routed(desk: &Desk<'_>) -> Result<u64, Failure> {
    let (mut count, mut after) = (0, 0);
    loop {
        let mut tx = desk.app.store.read().await?;
        let wanted = dossiers::Wanted { only: Only::ToRoute, unit: "" };
        let found = dossiers::after(&mut tx, after, wanted, ROUTED_AT_ONCE).await?;
        let Some(last) = found.last() else { return Ok(count) };
        (count, after) = (count + found.len() as u64, last.id);
    }
}

/// What the sandbox has, by number, a page at a time: of each line the first value is the number, and of a dossier the
/// second its status.
fn listed(desk: &Desk<'_>, path: &str) -> Result<BTreeMap<String, String>, Failure> {
    let mut all = BTreeMap::new();
    loop {
        let after =
            all.last_key_value().map(|(number, _): (&String, &String)| format!("&after={number}")).unwrap_or_default();
        let lines = desk.sandbox.ask("GET", &format!("{path}limit={PAGE}{after}"), "")?;
        let before = all.len();
        for line in lines.lines() {
            let line: Map<String, Value> =
                serde_json::from_str(line).map_err(|e| Failure::new(1, format!("sandbox: {e}")))?;
            let mut values = line.values().map(|value| value.as_str().unwrap_or_default().to_owned());
            all.insert(values.next().unwrap_or_default(), values.next().unwrap_or_default());
        }
        if all.len() < before + PAGE {
            return Ok(all);
        }
    }
}
