//! The demo's mismatches: one of each kind is made, on this side or at the nation's, and found by its own way; then the
//! cause of a group is mended, and what the file of authority decides takes effect, and both are seen to close.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::demo::unless_stopped;
use super::demo_sandbox::Sandbox;
use super::demo_settings::BENEFICIARIES;
use super::mismatch_groups::{Gathered, gather};
use super::{Failure, mismatch, sync};
use crate::app::App;
use crate::config::Config;
use crate::model::{Kind, SystemClock};
use crate::province::{Entangled, Recipe, entangle_sqlite, move_sqlite};
use crate::reconcile::{self, Wanted};
use crate::store::triage;

/// So many people are needed to make one mismatch of each kind.
const LEAST: u64 = 100;
/// From so many people on there is damage of each kind among them.
const ENOUGH: u64 = 3_000;
/// So many groups are told.
const GROUPS: usize = 20;
/// So many are looked at.
const ALL_GROUPS: i64 = 1000;
/// The bank that the invented lists spell in a way that no list knows, and the number by which it is paid.
const BANK: (&str, &str) = ("NH Nông nghiệp ABC", "970405");

/// What is open, what is over, and what many have in common; for programs.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Mismatches {
    /// By kind, right after everything was compared.
    pub open: BTreeMap<String, i64>,
    /// Those that closed by themselves after one line was added to a list of codes and decisions had taken effect.
    pub closed: i64,
    /// The biggest first.
    pub groups: Vec<Group>,
    /// How many stood open for want of that line: before it, and after it.
    #[serde(skip)]
    pub mended: (i64, i64),
}

/// What many have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(super) struct Group {
    /// Where they stand.
    pub stream: String,
    /// The kind.
    pub kind: String,
    /// The cause.
    pub cause: String,
    /// How many are open.
    pub count: i64,
}

impl Mismatches {
    /// Every kind has an example, and what was mended closed. A small province has not every damage, and nobody in a commune
    /// that was split.
    pub(super) fn adds_up(&self, people: u64) -> bool {
        let by_chance = [Kind::HeldHere, Kind::AmountNotByLaw, Kind::Late, Kind::UnitAmbiguous];
        let there = |kind: &Kind| self.open.get(kind.word()).is_some_and(|n| *n > 0);
        let made = |kind: &Kind| match kind {
            Kind::Parked => true,
            kind if by_chance.contains(kind) && people < ENOUGH => true,
            kind => there(kind),
        };
        let (before, after) = self.mended;
        let mended = after == 0 && self.closed >= before && (before > 0 || people < ENOUGH);
        people < LEAST || Kind::ALL.iter().all(made) && mended && self.closed > 0 && !self.groups.is_empty()
    }

    /// For people.
    pub(super) fn show(&self) {
        say!("Lệch đang mở / open mismatches:");
        for (kind, count) in &self.open {
            say!("  {count:>6}  {kind}: {}", super::output::kind(kind));
        }
        say!("Nguyên nhân, nhiều nhất trước / causes, the biggest first:");
        for group in self.groups.iter().take(8) {
            say!("  {:>6}  {}: {}: {}", group.count, group.stream, group.kind, group.cause);
        }
        say!("Đã khép sau khi sửa nguyên nhân và đối chiếu lại / closed after causes were mended: {}", self.closed);
    }
}

/// What the demo's mismatches need.
pub(super) struct Bench<'a> {
    pub app: &'a App,
    pub sandbox: &'a Sandbox,
    pub recipe: &'a Recipe,
    /// The demo's folder, and the province's database.
    pub dir: &'a Path,
    pub local: &'a Path,
    pub json: bool,
    pub stop: &'a CancellationToken,
}

impl Bench<'_> {
    fn tell(&self, path: &str, what: &Value) -> Result<(), Failure> {
        self.sandbox.ask("POST", path, &what.to_string()).map(drop)
    }

    /// Every stream once.
    async fn sync(&self, app: &App) -> Result<(), Failure> {
        let streams: Vec<_> = app.streams.iter().collect();
        for (_, ended) in sync::all(app, &streams, self.json, None, &|_| None, self.stop).await {
            ended?;
        }
        Ok(())
    }

    /// Every stream that can be compared, all of it.
    async fn compare(&self, app: &App) -> Result<(), Failure> {
        let wanted = Wanted { full: true, ..Wanted::default() };
        for subject in app.subjects(&[], &[])? {
            let compared = reconcile::run(&app.store, &subject, &SystemClock::new(), &wanted, self.stop).await;
            compared.map_err(|error| Failure::new(error.exit_code(), error))?;
        }
        Ok(())
    }
}

/// All of it, to the end. Among fewer people than are needed nobody is made to differ.
pub(super) async fn run(bench: &Bench<'_>, people: u64) -> Result<Mismatches, Failure> {
    if people < LEAST {
        bench.compare(bench.app).await?;
        return standing(bench.app).await;
    }
    let entangled = unless_stopped(bench.stop, entangle_sqlite(bench.local, bench.recipe)).await?;
    let at_nation: AtNation = serde_json::from_str(AT_NATION).map_err(|e| Failure::new(1, e))?;
    let mut refuse = at_nation.refused.clone();
    refuse.insert("references".to_owned(), json!([entangled.refused]));
    bench.tell("/_sandbox/refuse", &Value::Object(refuse))?;
    unless_stopped(bench.stop, move_sqlite(bench.local, std::slice::from_ref(&entangled.refused))).await?;
    bench.sync(bench.app).await?;
    without_outcome(bench, &entangled).await?;
    for change in at_nation.changes(&entangled)? {
        bench.tell("/_sandbox/records", &change)?;
    }
    bench.compare(bench.app).await?;
    let mut told = standing(bench.app).await?;
    // One line in a list of codes, as an operator would write it; the lists are read when a program begins.
    mend(bench.dir)?;
    let file = bench.dir.join("gateway.toml");
    let text = std::fs::read_to_string(&file).map_err(|e| Failure::new(1, e))?;
    let app = App::of(&file, Config::read(&file, &text, &[])?).await?;
    let again = async {
        bench.sync(&app).await?;
        bench.compare(&app).await?;
        standing(&app).await
    };
    let after = again.await;
    app.store.close().await;
    let after = after?;
    (told.closed, told.mended.1) = (after.closed - told.closed, after.mended.0);
    Ok(told)
}

async fn standing(app: &App) -> Result<Mismatches, Failure> {
    let mut tx = app.store.read().await?;
    let names = mismatch::streams(&mut tx, app, None).await?;
    let Gathered { open, closed, groups, .. } = gather(&mut tx, &names, ALL_GROUPS).await?;
    let for_want = |group: &triage::Group| group.cause.ends_with(BANK.0);
    let mended = (groups.iter().filter(|(_, of)| for_want(of)).map(|(_, of)| of.count).sum(), 0);
    let groups = groups
        .into_iter()
        .take(GROUPS)
        .map(|(stream, of)| Group { stream, kind: of.kind, cause: of.cause, count: of.count })
        .collect();
    Ok(Mismatches { open, closed, groups, mended })
}

/// Some move, and the nation's answers about one of them contradict themselves until a person is told.
async fn without_outcome(bench: &Bench<'_>, entangled: &Entangled) -> Result<(), Failure> {
    for operation in ["send", "ask"] {
        let fault = json!({ "system": "misposasoft", "operation": operation, "fault": "contradicting", "times": 50 });
        bench.tell("/_sandbox/faults", &fault)?;
    }
    unless_stopped(bench.stop, move_sqlite(bench.local, &entangled.unclear)).await?;
    let people = bench.app.named(&[BENEFICIARIES.to_owned()])?;
    let told = bench.stop.child_token();
    let asking = sync::all(bench.app, &people, bench.json, None, &|_| None, &told);
    let watching = async {
        while !told.is_cancelled() {
            if standing(bench.app).await?.open.contains_key(Kind::UnknownOutcome.word()) {
                told.cancel();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok::<_, Failure>(())
    };
    let asking = async {
        let ended = Box::pin(asking).await;
        told.cancel();
        ended
    };
    let (_, watched) = futures_util::future::join(asking, watching).await;
    bench.sandbox.ask("DELETE", "/_sandbox/faults", "")?;
    watched
}

/// What happens at the nation, in the words of the sandbox: the nation's fields are data, not Rust.
const AT_NATION: &str = include_str!("../../fixtures/nation-apart.json");

/// That file.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct AtNation {
    /// How it refuses a record.
    refused: serde_json::Map<String, Value>,
    /// What happens there without us.
    records: Vec<Apart>,
}

/// One line of it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Apart {
    /// `next` of those that were chosen, `ended`, `split`.
    who: String,
    /// How many such.
    times: usize,
    /// A record that nobody sent, like that one.
    #[serde(rename = "as", default)]
    new: Option<String>,
    /// What becomes of it. `{part}` is a commune that took a part of one that was split.
    change: serde_json::Map<String, Value>,
}

impl AtNation {
    fn changes(&self, entangled: &Entangled) -> Result<Vec<Value>, Failure> {
        let mut chosen = entangled.chosen.iter();
        let mut changes = Vec::new();
        for line in self.records.iter().filter(|line| line.who != "split" || !entangled.split.is_empty()) {
            for _ in 0..line.times {
                let who = match line.who.as_str() {
                    "ended" => &entangled.ended,
                    "split" => &entangled.split,
                    _ => chosen.next().ok_or_else(|| Failure::new(1, "too few people"))?,
                };
                let mut change = line.change.clone();
                if let Some(fields) = change.get_mut("set").and_then(Value::as_object_mut) {
                    fields
                        .values_mut()
                        .filter(|value| **value == "{part}")
                        .for_each(|value| *value = json!(entangled.part));
                }
                if line.new.is_some() {
                    change.insert("like".to_owned(), json!(who));
                }
                change.insert("reference".to_owned(), json!(line.new.as_ref().unwrap_or(who)));
                changes.push(Value::Object(change));
            }
        }
        Ok(changes)
    }
}

/// The spelling of a bank is added to the list.
fn mend(dir: &Path) -> Result<(), Failure> {
    let list = dir.join("mappings/codes/banks.csv");
    let text = std::fs::read_to_string(&list).map_err(|e| Failure::new(1, e))?;
    let spelt = |line: &str| match line.strip_prefix(BANK.1).and_then(|rest| rest.rsplit_once(",,,")) {
        Some((names, checked)) => format!("{}{names};{},,,{checked}\n", BANK.1, BANK.0),
        None => format!("{line}\n"),
    };
    let mended: String = text.lines().map(spelt).collect();
    std::fs::write(&list, mended).map_err(|e| Failure::new(1, e))
}
