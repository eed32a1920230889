//! `sync` runs streams once; `plan` tells what that would send.

use std::collections::BTreeSet;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::progress::{Expected, Lines};
use super::{Call, Failure, ended, hand, output};
use crate::app::{App, certificates};
use crate::delta::Tally;
use crate::mismatch;
use crate::model::{Clock as _, Message, SystemClock};
use crate::run::{self, Outcome, Plan, Release, RunError, Stream, SyncOptions};
use crate::store::{Store, StoreError, ledger, runs};

#[derive(Debug, Args)]
pub(super) struct StreamArgs {
    /// Tên luồng; bỏ trống là tất cả / streams; all where none is named
    streams: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct SyncArgs {
    #[command(flatten)]
    which: StreamArgs,
    /// Chỉ cho biết sẽ gửi gì / only tell what would be sent
    #[arg(long)]
    dry_run: bool,
    /// Cho đi những gì phanh đang giữ; cần --reason / let go what the brake holds
    #[arg(long, requires = "reason")]
    release_brake: bool,
    /// Vì sao / why
    #[arg(long, requires = "release_brake")]
    reason: Option<String>,
}

pub(super) async fn run(call: &Call, args: &SyncArgs) -> Result<u8, Failure> {
    if args.dry_run {
        return plan(call, &args.which).await;
    }
    let app = call.app().await?;
    let stop = super::serve::stop_on_signal();
    let streams = app.named(&args.which.streams)?;
    let ended = Box::pin(all(&app, &streams, call.json, release(args).as_ref(), &|_| None, &stop)).await;
    let code = show(call, ended);
    let now = SystemClock::new().now();
    if let Err(error) = certificates::keep(&app, now).await {
        tracing::warn!(%error, "chưa ghi được hạn chứng thư máy chủ / the server's certificate could not be noted");
    }
    app.store.close().await;
    Ok(code)
}

/// Tells how many rows a stream has, where somebody knows.
pub(super) type Rows<'a> = &'a dyn Fn(&str) -> Option<u64>;

/// How the run of one stream ended.
pub(super) type Ended = (String, Result<Outcome, RunError>);

/// Runs streams once each: those of one system one after the other, in their order
/// but for one whose deadline is near, which goes first; systems side by side, so that one
/// that is down, slow or out of budget holds no other up. A run that fails ends no other run.
pub(super) async fn all(
    app: &App,
    streams: &[&Stream],
    quiet: bool,
    release: Option<&Release>,
    rows: Rows<'_>,
    stop: &CancellationToken,
) -> Vec<Ended> {
    let lines = Lines::new(quiet);
    let mut systems: Vec<(&str, Vec<(usize, &Stream)>)> = Vec::new();
    for (at, &stream) in streams.iter().enumerate() {
        let name = stream.system.name.as_str();
        match systems.iter_mut().find(|(known, _)| *known == name) {
            Some((_, theirs)) => theirs.push((at, stream)),
            None => systems.push((name, vec![(at, stream)])),
        }
    }
    let ended = systems.into_iter().map(|(_, theirs)| of_system(app, theirs, release, (&lines, rows), stop));
    let mut ended: Vec<_> = futures_util::future::join_all(ended).await.into_iter().flatten().collect();
    ended.sort_by_key(|(at, _)| *at);
    ended.into_iter().map(|(_, ended)| ended).collect()
}

async fn of_system(
    app: &App,
    mut streams: Vec<(usize, &Stream)>,
    release: Option<&Release>,
    (lines, rows): (&Lines, Rows<'_>),
    stop: &CancellationToken,
) -> Vec<(usize, Ended)> {
    let mut ended = Vec::with_capacity(streams.len());
    let mut stalled = BTreeSet::new();
    let now = SystemClock::new().now();
    // Near its deadline a stream goes first; otherwise the order is the file's.
    streams.sort_by_key(|(_, stream)| !stream.system.pace.precedes(&stream.name, now));
    for (at, stream) in streams {
        let patience = app.patience(&stream.name);
        // A drop folder: file after file, until none waits.
        let mut took = false;
        // A run that has the stream does it, or the next one.
        let lease = stream.lease();
        let settled = mismatch::take_effect(&app.store, &stream.name, &lease, &SystemClock::new()).await;
        if let Err(error) = settled {
            ended.push((at, (stream.name.clone(), Err(error.into()))));
            continue;
        }
        loop {
            let options = SyncOptions { release_brake: release.cloned(), patience, stalled: stalled.clone() };
            let result = match expected(&app.store, &stream.name).await {
                Ok(known) => {
                    let line = lines.line(&stream.name, known.or(rows(&stream.name)));
                    let clock = SystemClock::new();
                    let result = Box::pin(run::sync(&app.store, stream, &clock, &options, &line, stop)).await;
                    line.finish();
                    result
                }
                Err(error) => Err(error.into()),
            };
            if result.as_ref().map_or(true, Outcome::stalled) {
                stalled.insert(stream.name.clone());
            } else {
                // A later file of the folder came through, and all that was left with it.
                stalled.remove(&stream.name);
            }
            let again = matches!(&result, Ok(outcome) if outcome.file.is_some()) && !stop.is_cancelled();
            let says_nothing = matches!(&result, Ok(outcome) if outcome.idle && outcome.repeated.is_empty());
            if !(took && says_nothing) {
                ended.push((at, (stream.name.clone(), result)));
            }
            took = true;
            if !again {
                break;
            }
        }
    }
    ended
}

/// A ledger that confirmed something knows about how many rows will be read.
async fn expected(store: &Store, stream: &str) -> Result<Expected, StoreError> {
    let mut tx = store.read().await?;
    let Some((id, _)) = runs::find_stream(&mut tx, stream).await? else { return Ok(Expected::Unknown) };
    let counts = ledger::counts(&mut tx, id).await?;
    Ok(if counts.running > 0 { Expected::Read(counts.rows) } else { Expected::Unknown })
}

fn release(args: &SyncArgs) -> Option<Release> {
    let reason = args.reason.as_ref().filter(|_| args.release_brake)?;
    Some(Release { reason: reason.clone(), who: hand::who() })
}

fn show(call: &Call, ended: Vec<Ended>) -> u8 {
    let ended = ended::Ended::of(ended, RunError::exit_code);
    let outcomes = ended.done.as_slice();
    if call.json {
        say!("{}", ended.json("runs"));
    } else {
        if !outcomes.is_empty() {
            say!("{}", output::outcomes(outcomes));
        }
        for run in outcomes {
            if let Some(holder) = &run.taken {
                say!(
                    "{}: tiến trình khác đang chạy luồng này, không làm gì / another process runs this stream, nothing done ({holder})",
                    run.name
                );
            }
            for line in dropped(run) {
                say!("{line}");
            }
            if !run.held.is_empty() {
                say!("{}", output::reasons("Bị giữ / held", &run.held));
            }
            if !run.refused.is_empty() {
                say!("{}", output::reasons("Từ chối / refused", &run.refused));
            }
            for line in output::told(run).into_iter().chain(output::remapped(run)).chain(output::brake(run)) {
                say!("{line}");
            }
            if let Some(before) = &run.waits_for {
                say!("{}", Message::StreamWaits.with(&[("stream", &run.name), ("before", before)]));
            }
            if run.unreached {
                say!(
                    "{}: hệ thống chưa liên lạc được, phần còn lại nằm trong hàng đợi / the system could not be reached, the rest waits in the outbox",
                    run.name
                );
            }
        }
    }
    ended.close(Outcome::exit_code)
}

/// What is to be said of a drop folder's files.
fn dropped(run: &Outcome) -> Vec<String> {
    let name = &run.name;
    let mut lines = Vec::new();
    if run.idle {
        lines.push(format!(
            "{name}: chưa có tệp mới đã ghi xong, không đọc gì / no finished file waits, nothing was read"
        ));
    }
    lines.extend(run.file.iter().map(|file| format!("{name}: đã nhận tệp / took the file {file}")));
    lines.extend(run.repeated.iter().map(|file| {
        format!("{name}: tệp {file} có nội dung đã nhận trước đây, không nhận lại / its content was taken before, and is not taken again")
    }));
    lines
}

pub(super) async fn plan(call: &Call, args: &StreamArgs) -> Result<u8, Failure> {
    let app = call.app().await?;
    let mut plans = Vec::new();
    for stream in app.named(&args.streams)? {
        plans.push(run::plan(&app.store, stream, &SystemClock::new()).await?);
    }
    if call.json {
        say!("{}", serde_json::json!({ "plans": plans }));
    } else {
        plans.iter().for_each(show_plan);
    }
    Ok(if plans.iter().any(|p| p.brake.is_some() || !p.held.is_empty()) { 3 } else { 0 })
}

fn show_plan(plan: &Plan) {
    let (name, scanned, unchanged) = (&plan.name, &plan.scanned, &plan.unchanged);
    say!("{}", Message::PlanHead.with(&[("stream", name), ("scanned", scanned), ("unchanged", unchanged)]));
    if plan.idle {
        say!("{name}: chưa có tệp mới đã ghi xong / no finished file with new content waits");
    }
    if let Some(reading) = &plan.reading {
        say!("{}", reading.told());
        if let Some(numbers) = reading.told_of_numbers() {
            say!("{numbers}");
        }
    }
    let row = |first: String, tally: &Tally| {
        [tally.new, tally.changed, tally.remapped, tally.stopped].iter().fold(vec![first], |mut row, n| {
            row.push(n.to_string());
            row
        })
    };
    let mut table = output::table(&[
        Message::HeadUnit,
        Message::HeadNew,
        Message::HeadChanged,
        Message::HeadRemapped,
        Message::HeadStopped,
    ]);
    table.add_row(row(Message::PlanSends.both(), &plan.sends));
    for (unit, tally) in &plan.units {
        table.add_row(row(output::key(unit), tally));
    }
    say!("{table}");
    if !plan.held.is_empty() {
        say!("{}", output::reasons(&Message::PlanHeld.both(), &plan.held));
    }
    if !plan.samples.is_empty() {
        say!("{}", Message::PlanSamples.both());
        for sample in &plan.samples {
            say!("{} {}", sample.class, output::key(&sample.key));
            let mut table = output::table(&[Message::HeadField, Message::HeadValue]);
            let fields: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&sample.payload).unwrap_or_default();
            for (field, value) in &fields {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                table.add_row([field.clone(), value]);
            }
            say!("{table}");
        }
    }
    if let Some(brake) = &plan.brake {
        let classes = brake.holds.join(", ");
        say!("{}", Message::PlanBrake.with(&[("classes", &classes), ("confirmed", &brake.confirmed)]));
    }
}
