//! `demo`: the whole job at real size, with an invented province and the sandbox as a process of its own. It goes the
//! way that `sync` goes: a written gateway.toml, opened like any other.

use std::path::{Path, PathBuf};

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::demo_applications::{self, Applications, Desk, open_office};
use super::demo_mismatches::{self, Bench, Mismatches};
use super::demo_sandbox::Sandbox;
use super::demo_settings::{BENEFICIARIES, STREAMS, settings};
use super::{Call, Failure, output, sync};
use crate::app::App;
use crate::config::Config;
use crate::model::{Clock as _, SystemClock};
use crate::province::{ProvinceError, Recipe, change_sqlite, count_filed, write_sqlite};
use crate::run::{Outcome, RunError};
use crate::store::{ledger, runs};

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Số người / people
    #[arg(long, default_value_t = 70_458, value_parser = clap::value_parser!(u64).range(100..=5_000_000))]
    rows: u64,
    /// Hạt giống: cùng hạt giống, cùng tỉnh / seed: the same seed makes the same province
    #[arg(long, default_value_t = 87)]
    seed: u64,
    /// Số đơn công dân nộp / applications that citizens file [default: a share of the people]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=24_000))]
    applications: Option<u64>,
    /// Giữ lại cơ sở dữ liệu, cấu hình và kho trong thư mục này / keep everything in this folder
    #[arg(long)]
    keep: Option<PathBuf>,
}

/// Rows in 100,000 that change between the first and the second run: 1 %.
const CHANGED: u32 = 1000;

pub(super) async fn run(call: &Call, args: &DemoArgs) -> Result<u8, Failure> {
    let (dir, kept) = match &args.keep {
        Some(dir) => (dir.clone(), true),
        None => (std::env::temp_dir().join(format!("molisa-gateway-demo-{}", uuid::Uuid::now_v7())), false),
    };
    if std::fs::read_dir(&dir).is_ok_and(|mut files| files.next().is_some()) {
        let message = format!("{}: phải là thư mục trống / must be an empty folder", dir.display());
        return Err(Failure::new(2, message));
    }
    let stop = super::serve::stop_on_signal();
    let result = Box::pin(in_folder(call, args, &dir, &stop)).await;
    if !kept && let Err(error) = std::fs::remove_dir_all(&dir) {
        tracing::warn!(%error, dir = %dir.display(), "không xóa được thư mục tạm / the temporary folder stays");
    }
    result
}

/// A short work, done to its end even when we are asked to stop meanwhile: dropped half done, the database's own
/// thread could still be writing files while the folder is removed.
pub(super) async fn unless_stopped<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, ProvinceError>>,
) -> Result<T, Failure> {
    let done = work.await.map_err(|e| Failure::new(1, e))?;
    if stop.is_cancelled() { Err(RunError::Stopped.into()) } else { Ok(done) }
}

fn say(call: &Call, text: &str) {
    if !call.json {
        say!("{text}");
    }
}

async fn in_folder(call: &Call, args: &DemoArgs, dir: &Path, stop: &CancellationToken) -> Result<u8, Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::new(1, e.to_string());
    let recipe = Recipe::built_in().map_err(|e| failed(&e))?;
    let local = dir.join("local.db");
    std::fs::create_dir_all(dir).map_err(|e| failed(&e))?;
    say(call, &format!("Tạo tỉnh giả lập {} người / inventing a province of {} people …", args.rows, args.rows));
    unless_stopped(stop, write_sqlite(&local, &recipe, args.seed, args.rows)).await?;

    let sandbox = Sandbox::start()?;
    let yesterday = SystemClock::new().now().plus(-86_400_000).day();
    settings(dir, &sandbox.address, yesterday, &|table| table.count(&recipe, args.rows))?;
    open_office(dir, &local).await?;
    // The operator's environment is not laid over it: an invented province must never go to a real address.
    let file = dir.join("gateway.toml");
    let text = std::fs::read_to_string(&file).map_err(|e| failed(&e))?;
    let app = App::of(&file, Config::read(&file, &text, &[])?).await?;
    let result = Box::pin(three_runs(call, args, &app, &local, &recipe, stop)).await;
    // Before the folder may go, whatever the runs came to.
    let result = match result {
        Ok(rounds) => Box::pin(with_applications(call, args, &app, &sandbox, (&recipe, &local), stop, rounds)).await,
        Err(failure) => Err(failure),
    };
    // What the nation counted is asked before anybody is made to differ.
    let nation = sandbox.report();
    let result = match result {
        Ok(done) => {
            say(
                call,
                "Tạo mỗi loại lệch một ví dụ, rồi đối chiếu / making one mismatch of each kind, then comparing …",
            );
            let bench =
                Bench { app: &app, sandbox: &sandbox, recipe: &recipe, dir, local: &local, json: call.json, stop };
            Box::pin(demo_mismatches::run(&bench, args.rows)).await.map(|mismatches| (done, mismatches))
        }
        Err(failure) => Err(failure),
    };
    app.store.close().await;
    let ((rounds, ours, applications), mismatches) = result?;
    Ok(show(call, &rounds, (&applications, &mismatches), &nation?, ours, args))
}

/// What became of every stream in one of the three rounds.
struct Round {
    name: &'static str,
    outcomes: Vec<Outcome>,
}

/// First push, 1 % of changes, nothing; and how many people draw by our own ledger then.
async fn three_runs(
    call: &Call,
    args: &DemoArgs,
    app: &App,
    local: &Path,
    recipe: &Recipe,
    stop: &CancellationToken,
) -> Result<(Vec<Round>, u64), Failure> {
    let mut rounds = Vec::new();
    let rows = |stream: &str| {
        let line = STREAMS.iter().find(|line| line.name == stream)?;
        Some(line.table.count(recipe, args.rows))
    };
    for name in ["first", "delta", "none"] {
        if name == "delta" {
            let changing = change_sqlite(local, recipe, args.seed.wrapping_add(1), CHANGED);
            let changes = unless_stopped(stop, changing).await?;
            say(
                call,
                &format!(
                    "Sửa 1 % ở nguồn; bảng đối tượng / changed 1 % of the source; of the beneficiaries: sửa/updated {}, mới/added {}, thôi hưởng/stopped {}, biến mất/vanished {}",
                    changes.updated, changes.added, changes.stopped, changes.vanished
                ),
            );
        }
        let streams: Vec<_> = app.streams.iter().collect();
        let mut outcomes = Vec::new();
        for (_, ended) in sync::all(app, &streams, call.json, None, &rows, stop).await {
            outcomes.push(ended?);
        }
        rounds.push(Round { name, outcomes });
    }
    let ours = running(app).await?;
    Ok((rounds, ours))
}

/// The applications come down and their progress goes up; after it everything else must stand as before.
async fn with_applications(
    call: &Call,
    args: &DemoArgs,
    app: &App,
    sandbox: &Sandbox,
    (recipe, local): (&Recipe, &Path),
    stop: &CancellationToken,
    (mut rounds, ours): (Vec<Round>, u64),
) -> Result<(Vec<Round>, u64, Applications), Failure> {
    let count = args.applications.unwrap_or_else(|| count_filed(recipe, args.rows));
    say(call, &format!("Công dân nộp {count} đơn / citizens file {count} applications …"));
    let seed = args.seed.wrapping_add(2);
    let desk = Desk { app, sandbox, recipe, local, seed, people: args.rows, count, json: call.json, stop };
    let (applications, outcomes) = demo_applications::run(&desk).await?;
    rounds.push(Round { name: "applications", outcomes });
    Ok((rounds, ours, applications))
}

/// How many people draw according to our own ledger: as many as the nation must say.
async fn running(app: &App) -> Result<u64, Failure> {
    let mut tx = app.store.read().await?;
    let Some((id, _)) = runs::find_stream(&mut tx, BENEFICIARIES).await? else { return Ok(0) };
    Ok(ledger::counts(&mut tx, id).await?.running)
}

/// Every row of a scan is exactly one of confirmed, refused, held, unknown or unchanged; candidates come on top.
fn adds_up(run: &Outcome) -> bool {
    let held: u64 = run.held.iter().filter(|(reason, _)| *reason != "stop-candidate").map(|(_, n)| n).sum();
    run.scanned == run.confirmed + run.refused.values().sum::<u64>() + held + run.unknown + run.unchanged
}

/// The portals that hear of dossiers.
pub(super) const PORTALS: [&str; 2] = ["dvcbtxh", "dvcqg"];

/// Whether a portal, by its own count, heard of every dossier in order and of nothing twice.
fn portal_is_clean(portal: &serde_json::Value) -> bool {
    portal["dossiers"].as_u64() > Some(0)
        && ["effects_repeated", "effects_out_of_order", "status_backs", "late_steps", "unknown_numbers", "violations"]
            .iter()
            .all(|key| portal[*key].as_u64() == Some(0))
}

/// A stream's first push, for programs.
fn told(outcome: &Outcome) -> serde_json::Value {
    let line = STREAMS.iter().find(|line| line.name == outcome.name);
    let (system, entity) = line.map_or(("", ""), |line| (line.system, line.entity));
    serde_json::json!({
        "name": outcome.name, "system": system, "entity": entity, "scanned": outcome.scanned,
        "confirmed": outcome.confirmed, "held": outcome.held, "refused": outcome.refused,
    })
}

fn show(
    call: &Call,
    rounds: &[Round],
    (applications, mismatches): (&Applications, &Mismatches),
    nation: &serde_json::Value,
    ours: u64,
    args: &DemoArgs,
) -> u8 {
    let count = |key: &str| nation[key].as_u64().unwrap_or(u64::MAX);
    let clean = count("people") == ours
        && ["effects_repeated", "effects_out_of_order", "violations"].iter().all(|key| count(key) == 0)
        && PORTALS.iter().all(|portal| portal_is_clean(&nation["portals"][portal]));
    let all = || rounds.iter().flat_map(|round| &round.outcomes);
    let good = clean
        && applications.adds_up()
        && mismatches.adds_up(args.rows)
        && all().all(adds_up)
        && all().all(|r| r.unknown == 0 && !r.unreached && r.brake.is_none());
    // The three rounds of the beneficiaries, under the rounds' names.
    let people: Vec<Outcome> = rounds
        .iter()
        .take(3)
        .filter_map(|round| Some(Outcome { name: round.name.to_owned(), ..round.outcomes.first()?.clone() }))
        .collect();
    let first = rounds.first().map_or(&[][..], |round| &round.outcomes);
    if call.json {
        let nation = serde_json::json!({
            "people": count("people"), "effects_repeated": count("effects_repeated"),
            "effects_out_of_order": count("effects_out_of_order"), "violations": count("violations"),
            "entities": nation["entities"], "portals": nation["portals"],
        });
        let streams: Vec<_> = first.iter().map(told).collect();
        say!(
            "{}",
            serde_json::json!({
                "runs": people, "streams": streams, "applications": applications, "mismatches": mismatches, "nation": nation
            })
        );
        return u8::from(!good);
    }
    for round in &rounds[..rounds.len().min(3)] {
        say!("{}", round.name);
        say!("{}", output::outcomes(&round.outcomes));
        for run in &round.outcomes {
            if !run.held.is_empty() {
                say!("{}", output::reasons(&format!("Bị giữ / held ({}, {})", round.name, run.name), &run.held));
            }
            if let Some(line) = output::told(run) {
                say!("{line}");
            }
        }
    }
    say!("{}", applications.line());
    mismatches.show();
    say!("Sổ của cổng / the gateway's ledger: người đang hưởng/people {ours}");
    say!(
        "Hệ thống quốc gia tự đếm / the nation's own count: người/people {}, lặp/repeated {}, sai thứ tự/out of order {}, vi phạm/violations {}",
        count("people"),
        count("effects_repeated"),
        count("effects_out_of_order"),
        count("violations")
    );
    for portal in PORTALS {
        let count = |key: &str| nation["portals"][portal][key].as_u64().unwrap_or(u64::MAX);
        say!(
            "{portal}: hồ sơ/dossiers {}, bước/steps {}, lặp/repeated {}, sai thứ tự/out of order {}, lùi/backwards {}",
            count("dossiers"),
            count("steps"),
            count("effects_repeated"),
            count("effects_out_of_order"),
            count("status_backs")
        );
    }
    let verdict = if good {
        "mọi con số khớp / every figure adds up"
    } else {
        "CÓ CON SỐ KHÔNG KHỚP / SOME FIGURE DOES NOT ADD UP"
    };
    say!("{verdict}");
    if let Some(dir) = &args.keep {
        say!("Giữ lại ở / kept in {}", dir.display());
    }
    u8::from(!good)
}
