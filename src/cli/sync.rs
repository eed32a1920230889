//! `sync` runs streams once; `plan` tells what that would send.

use clap::Args;

use super::progress::{Expected, Line};
use super::{Call, Failure, hand, output};
use crate::delta::Tally;
use crate::model::{Message, SystemClock};
use crate::run::{self, Outcome, Plan, Release, SyncOptions};
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
    let mut outcomes = Vec::new();
    for stream in app.named(&args.which.streams)? {
        let options = SyncOptions { release_brake: release(args), patience: app.patience(&stream.name) };
        let line = Line::new(&stream.name, expected(&app.store, &stream.name).await?, call.json);
        let result = run::sync(&app.store, stream, &SystemClock::new(), &options, &line, &stop).await;
        line.finish();
        outcomes.push(result?);
    }
    app.store.close().await;
    Ok(show(call, &outcomes))
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

fn show(call: &Call, outcomes: &[Outcome]) -> u8 {
    if call.json {
        println!("{}", serde_json::json!({ "runs": outcomes }));
    } else {
        println!("{}", output::outcomes(outcomes));
        for run in outcomes {
            if let Some(holder) = &run.taken {
                println!(
                    "{}: tiến trình khác đang chạy luồng này, không làm gì / another process runs this stream, nothing done ({holder})",
                    run.name
                );
            }
            if !run.held.is_empty() {
                println!("{}", output::reasons("Bị giữ / held", &run.held));
            }
            if !run.refused.is_empty() {
                println!("{}", output::reasons("Từ chối / refused", &run.refused));
            }
            for line in output::told(run).into_iter().chain(output::brake(run)) {
                println!("{line}");
            }
            if run.unreached {
                println!(
                    "{}: hệ thống chưa liên lạc được, phần còn lại nằm trong hàng đợi / the system could not be reached, the rest waits in the outbox",
                    run.name
                );
            }
        }
    }
    // Not reached is graver than something that waits for a person.
    let codes: Vec<u8> = outcomes.iter().map(Outcome::exit_code).collect();
    codes.into_iter().max().unwrap_or(0)
}

pub(super) async fn plan(call: &Call, args: &StreamArgs) -> Result<u8, Failure> {
    let app = call.app().await?;
    let mut plans = Vec::new();
    for stream in app.named(&args.streams)? {
        plans.push(run::plan(&app.store, stream, &SystemClock::new()).await?);
    }
    if call.json {
        println!("{}", serde_json::json!({ "plans": plans }));
    } else {
        plans.iter().for_each(show_plan);
    }
    Ok(if plans.iter().any(|p| p.brake.is_some() || !p.held.is_empty()) { 3 } else { 0 })
}

fn show_plan(plan: &Plan) {
    let (name, scanned, unchanged) = (&plan.name, &plan.scanned, &plan.unchanged);
    println!("{}", Message::PlanHead.with(&[("stream", name), ("scanned", scanned), ("unchanged", unchanged)]));
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
    println!("{table}");
    if !plan.held.is_empty() {
        println!("{}", output::reasons(&Message::PlanHeld.both(), &plan.held));
    }
    if !plan.samples.is_empty() {
        println!("{}", Message::PlanSamples.both());
        for sample in &plan.samples {
            println!("{} {}", sample.class, output::key(&sample.key));
            let mut table = output::table(&[Message::HeadField, Message::HeadValue]);
            let fields: serde_json::Map<String, serde_json::Value> =
                serde_json::from_str(&sample.payload).unwrap_or_default();
            for (field, value) in &fields {
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                table.add_row([field.clone(), value]);
            }
            println!("{table}");
        }
    }
    if let Some(brake) = &plan.brake {
        let classes = brake.holds.join(", ");
        println!("{}", Message::PlanBrake.with(&[("classes", &classes), ("confirmed", &brake.confirmed)]));
    }
}
