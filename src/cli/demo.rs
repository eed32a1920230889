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

use super::progress::{Expected, Lines};
use super::{Call, Failure, init, output};
use crate::app::App;
use crate::config::Config;
use crate::model::SystemClock;
use crate::province::{ProvinceError, Recipe, change_sqlite, write_sqlite};
use crate::run::{self, Outcome, RunError, SyncOptions};
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
    settings(dir, &sandbox.address)?;
    // The operator's environment is not laid over it: an invented province must never go to a real address.
    let file = dir.join("gateway.toml");
    let text = std::fs::read_to_string(&file).map_err(|e| failed(&e))?;
    let app = App::of(&file, Config::read(&file, &text, &[])?).await?;
    let result = Box::pin(three_runs(call, args, &app, &local, &recipe, stop)).await;
    // Before the folder may go, whatever the runs came to.
    app.store.close().await;
    let (runs, ours) = result?;
    let nation = sandbox.report()?;
    Ok(show(call, &runs, &nation, ours, args))
}

/// First push, 1 % of changes, nothing; and how many people draw by our own ledger then.
async fn three_runs(
    call: &Call,
    args: &DemoArgs,
    app: &App,
    local: &Path,
    recipe: &Recipe,
    stop: &CancellationToken,
) -> Result<(Vec<Outcome>, u64), Failure> {
    let mut runs = Vec::new();
    for (name, expected) in [
        ("first", Expected::Confirmed(args.rows)),
        ("delta", Expected::Read(args.rows)),
        ("none", Expected::Read(args.rows)),
    ] {
        if name == "delta" {
            let changing = change_sqlite(local, recipe, args.seed.wrapping_add(1), CHANGED);
            let changes = unless_stopped(stop, changing).await?;
            say(
                call,
                &format!(
                    "Sửa 1 % ở nguồn / changed 1 % of the source: sửa/updated {}, mới/added {}, thôi hưởng/stopped {}, biến mất/vanished {}",
                    changes.updated, changes.added, changes.stopped, changes.vanished
                ),
            );
        }
        let stream = app.streams.first().ok_or_else(|| Failure::new(1, "no stream"))?;
        let options = SyncOptions { release_brake: None, patience: app.patience(&stream.name) };
        let lines = Lines::new(call.json);
        let line = lines.line(name, expected);
        let done = run::sync(&app.store, stream, &SystemClock::new(), &options, &line, stop).await;
        line.finish();
        let mut outcome = done?;
        name.clone_into(&mut outcome.name);
        runs.push(outcome);
    }
    let ours = running(app).await?;
    Ok((runs, ours))
}

/// How many people draw according to our own ledger: as many as the nation must say.
async fn running(app: &App) -> Result<u64, Failure> {
    let mut people = 0;
    for stream in &app.streams {
        let mut tx = app.store.read().await?;
        if let Some((id, _)) = runs::find_stream(&mut tx, &stream.name).await? {
            people += ledger::counts(&mut tx, id).await?.running;
        }
    }
    Ok(people)
}

/// A configuration like an operator's, for loopback.
fn settings(dir: &Path, address: &str) -> Result<(), Failure> {
    init::write_mappings(&dir.join("mappings"))?;
    init::write_secret(&dir.join("secrets/id"), "sandbox")?;
    init::write_secret(&dir.join("secrets/secret"), "sandbox")?;
    let text = format!(
        r#"# Cấu hình của lần chạy thử / the demo's configuration
mappings = "mappings"

[province]
code = "87"
name = "Đồng Tháp (giả lập / invented)"

[store]
kind = "sqlite"
path = "store.db"

[[source]]
name = "tinh"
kind = "sqlite"
path = "local.db"
query = "select * from doi_tuong"

[[system]]
name = "misposasoft"
base = "http://{address}"
id_file = "secrets/id"
secret_file = "secrets/secret"
per_minute = 60000
parallel = 4

[[stream]]
name = "doi-tuong"
source = "tinh"
system = "misposasoft"
entity = "doi-tuong"
"#
    );
    init::write(&dir.join("gateway.toml"), text.as_bytes())
}

/// Every row of a scan is exactly one of confirmed, refused, held, unknown or unchanged; candidates come on top.
fn adds_up(run: &Outcome) -> bool {
    let held: u64 = run.held.iter().filter(|(reason, _)| *reason != "stop-candidate").map(|(_, n)| n).sum();
    run.scanned == run.confirmed + run.refused.values().sum::<u64>() + held + run.unknown + run.unchanged
}

fn show(call: &Call, runs: &[Outcome], nation: &serde_json::Value, ours: u64, args: &DemoArgs) -> u8 {
    let count = |key: &str| nation[key].as_u64().unwrap_or(u64::MAX);
    let clean = count("people") == ours
        && ["effects_repeated", "effects_out_of_order", "violations"].iter().all(|key| count(key) == 0);
    let good =
        clean && runs.iter().all(adds_up) && runs.iter().all(|r| r.unknown == 0 && !r.unreached && r.brake.is_none());
    if call.json {
        let nation = serde_json::json!({
            "people": count("people"), "effects_repeated": count("effects_repeated"),
            "effects_out_of_order": count("effects_out_of_order"), "violations": count("violations"),
        });
        println!("{}", serde_json::json!({ "runs": runs, "nation": nation }));
        return u8::from(!good);
    }
    println!("{}", output::outcomes(runs));
    for run in runs.iter().filter(|r| !r.held.is_empty()) {
        println!("{}", output::reasons(&format!("Bị giữ / held ({})", run.name), &run.held));
    }
    for line in runs.iter().filter_map(output::told) {
        println!("{line}");
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
