//! `demo`: the whole job at real size, with an invented province and the sandbox as a process of its own. It goes the
//! way that `sync` goes: a written gateway.toml, opened like any other.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{Call, Failure, init, output, sync};
use crate::app::App;
use crate::config::Config;
use crate::province::{ProvinceError, Recipe, Table, change_sqlite, write_sqlite};
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
    /// Giữ lại cơ sở dữ liệu, cấu hình và kho trong thư mục này / keep everything in this folder
    #[arg(long)]
    keep: Option<PathBuf>,
}

/// The streams in the order of sending: each an entity of the national database and the local table it comes of.
const STREAMS: [(&str, Table); 7] = [
    ("doi-tuong", Table::DoiTuong),
    ("mai-tang-phi", Table::MaiTang),
    ("tro-giup-dot-xuat", Table::TroGiupDotXuat),
    ("cham-soc-khan-cap", Table::ChamSocKhanCap),
    ("co-so-tro-giup", Table::CoSoTroGiup),
    ("chi-tra", Table::ChiTra),
    ("chuc-tho", Table::ChucTho),
];

/// Rows in 100,000 that change between the first and the second run: 1 %.
const CHANGED: u32 = 1000;

/// The sandbox ends with its standard input, so it never outlives the demo, however that ends.
struct Sandbox {
    child: Child,
    address: String,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        if let Err(error) = self.child.wait() {
            tracing::warn!(%error, "sandbox");
        }
    }
}

impl Sandbox {
    fn start() -> Result<Self, Failure> {
        let failed = |e: &dyn std::fmt::Display| {
            Failure::new(1, format!("không chạy được sandbox / the sandbox does not start: {e}"))
        };
        let program = std::env::current_exe().map_err(|e| failed(&e))?;
        let mut child = Command::new(program)
            .args(["sandbox", "--listen", "127.0.0.1:0", "--until-stdin-closes"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is ours alone: what is on the wire is still answered.
            .process_group(0)
            .spawn()
            .map_err(|e| failed(&e))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            BufReader::new(out).read_line(&mut line).map_err(|e| failed(&e))?;
        }
        let ready: serde_json::Value = serde_json::from_str(&line).map_err(|e| failed(&e))?;
        let address = ready["listening"].as_str().unwrap_or_default().trim_start_matches("http://").to_owned();
        Ok(Self { child, address })
    }

    /// What the nation counted for itself.
    fn report(&self) -> Result<serde_json::Value, Failure> {
        let ask = || -> std::io::Result<String> {
            let mut wire = TcpStream::connect(&self.address)?;
            wire.set_read_timeout(Some(Duration::from_secs(30)))?;
            write!(wire, "GET /_sandbox/report HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address)?;
            let mut answer = String::new();
            wire.take(4 * 1024 * 1024).read_to_string(&mut answer)?;
            Ok(answer)
        };
        let answer = ask().map_err(|e| Failure::new(1, format!("sandbox: {e}")))?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).map_err(|e| Failure::new(1, format!("sandbox: {e}")))
    }
}

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
async fn unless_stopped<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, ProvinceError>>,
) -> Result<T, Failure> {
    let done = work.await.map_err(|e| Failure::new(1, e))?;
    if stop.is_cancelled() { Err(RunError::Stopped.into()) } else { Ok(done) }
}

fn say(call: &Call, text: &str) {
    if !call.json {
        println!("{text}");
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
    settings(dir, &sandbox.address, &|table| table.count(&recipe, args.rows))?;
    // The operator's environment is not laid over it: an invented province must never go to a real address.
    let file = dir.join("gateway.toml");
    let text = std::fs::read_to_string(&file).map_err(|e| failed(&e))?;
    let app = App::of(&file, Config::read(&file, &text, &[])?).await?;
    let result = Box::pin(three_runs(call, args, &app, &local, &recipe, stop)).await;
    // Before the folder may go, whatever the runs came to.
    app.store.close().await;
    let (rounds, ours) = result?;
    let nation = sandbox.report()?;
    Ok(show(call, &rounds, &nation, ours, args))
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
        let (_, table) = STREAMS.iter().find(|(entity, _)| *entity == stream)?;
        Some(table.count(recipe, args.rows))
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

/// How many people draw according to our own ledger: as many as the nation must say.
async fn running(app: &App) -> Result<u64, Failure> {
    let mut tx = app.store.read().await?;
    let Some((id, _)) = runs::find_stream(&mut tx, STREAMS[0].0).await? else { return Ok(0) };
    Ok(ledger::counts(&mut tx, id).await?.running)
}

/// A configuration like an operator's, for loopback.
fn settings(dir: &Path, address: &str, rows: &dyn Fn(Table) -> u64) -> Result<(), Failure> {
    init::write_mappings(&dir.join("mappings"))?;
    init::write_secret(&dir.join("secrets/id"), "sandbox")?;
    init::write_secret(&dir.join("secrets/secret"), "sandbox")?;
    let mut text = format!(
        r#"# Cấu hình của lần chạy thử / the demo's configuration
mappings = "mappings"

[province]
code = "87"
name = "Đồng Tháp (giả lập / invented)"

[store]
kind = "sqlite"
path = "store.db"

[[system]]
name = "misposasoft"
base = "http://{address}"
id_file = "secrets/id"
secret_file = "secrets/secret"
per_minute = 60000
parallel = 4
"#
    );
    for (entity, table) in STREAMS {
        // A share of a few hundred is a handful: there the brake goes by number.
        let few = if entity != "doi-tuong" && rows(table) < 1000 {
            "brake = { new = \"20\", changed = \"20\", stopped = \"20\" }\n"
        } else {
            ""
        };
        let table = table.name();
        let sections = format!(
            r#"
[[source]]
name = "{table}"
kind = "sqlite"
path = "local.db"
query = "select * from {table}"

[[stream]]
name = "{entity}"
source = "{table}"
system = "misposasoft"
entity = "{entity}"
{few}"#
        );
        text.push_str(&sections);
    }
    init::write(&dir.join("gateway.toml"), text.as_bytes())
}

/// Every row of a scan is exactly one of confirmed, refused, held, unknown or unchanged; candidates come on top.
fn adds_up(run: &Outcome) -> bool {
    let held: u64 = run.held.iter().filter(|(reason, _)| *reason != "stop-candidate").map(|(_, n)| n).sum();
    run.scanned == run.confirmed + run.refused.values().sum::<u64>() + held + run.unknown + run.unchanged
}

/// A stream's first push, for programs.
fn told(outcome: &Outcome) -> serde_json::Value {
    serde_json::json!({
        "name": outcome.name, "system": "misposasoft", "entity": outcome.name, "scanned": outcome.scanned,
        "confirmed": outcome.confirmed, "held": outcome.held, "refused": outcome.refused,
    })
}

fn show(call: &Call, rounds: &[Round], nation: &serde_json::Value, ours: u64, args: &DemoArgs) -> u8 {
    let count = |key: &str| nation[key].as_u64().unwrap_or(u64::MAX);
    let clean = count("people") == ours
        && ["effects_repeated", "effects_out_of_order", "violations"].iter().all(|key| count(key) == 0);
    let all = || rounds.iter().flat_map(|round| &round.outcomes);
    let good = clean && all().all(adds_up) && all().all(|r| r.unknown == 0 && !r.unreached && r.brake.is_none());
    // The three rounds of the beneficiaries, under the rounds' names.
    let people: Vec<Outcome> = rounds
        .iter()
        .filter_map(|round| Some(Outcome { name: round.name.to_owned(), ..round.outcomes.first()?.clone() }))
        .collect();
    let first = rounds.first().map_or(&[][..], |round| &round.outcomes);
    if call.json {
        let nation = serde_json::json!({
            "people": count("people"), "effects_repeated": count("effects_repeated"),
            "effects_out_of_order": count("effects_out_of_order"), "violations": count("violations"),
            "entities": nation["entities"],
        });
        let streams: Vec<_> = first.iter().map(told).collect();
        println!("{}", serde_json::json!({ "runs": people, "streams": streams, "nation": nation }));
        return u8::from(!good);
    }
    for round in rounds {
        println!("{}", round.name);
        println!("{}", output::outcomes(&round.outcomes));
        for run in &round.outcomes {
            if !run.held.is_empty() {
                println!("{}", output::reasons(&format!("Bị giữ / held ({}, {})", round.name, run.name), &run.held));
            }
            if let Some(line) = output::told(run) {
                println!("{line}");
            }
        }
    }
    println!("Sổ của cổng / the gateway's ledger: người đang hưởng/people {ours}");
    println!(
        "Hệ thống quốc gia tự đếm / the nation's own count: người/people {}, lặp/repeated {}, sai thứ tự/out of order {}, vi phạm/violations {}",
        count("people"),
        count("effects_repeated"),
        count("effects_out_of_order"),
        count("violations")
    );
    let verdict = if good {
        "mọi con số khớp / every figure adds up"
    } else {
        "CÓ CON SỐ KHÔNG KHỚP / SOME FIGURE DOES NOT ADD UP"
    };
    println!("{verdict}");
    if let Some(dir) = &args.keep {
        println!("Giữ lại ở / kept in {}", dir.display());
    }
    u8::from(!good)
}
