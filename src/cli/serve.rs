//! `serve`: every stream on its schedule in Vietnam time, health and metrics beside it; SIGTERM drains.

use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Call, Failure};
use crate::app::App;
use crate::model::{Clock, SystemClock};
use crate::run::{self, Quiet, SyncOptions};
use crate::schedule::Schedule;
use crate::web;

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Số giây chờ những gói đang gửi khi dừng / seconds to wait for what is on the wire when stopped
    #[arg(long, default_value_t = 60)]
    drain_seconds: u64,
}

/// A token that SIGTERM or Ctrl-C cancels; a second signal ends the process at once.
pub(super) fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let token = stop.clone();
    if let (Ok(mut term), Ok(mut int)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        tokio::spawn(async move {
            for _ in 0..2 {
                tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
                if token.is_cancelled() {
                    // What is open is settled by asking at the next start.
                    std::process::exit(1);
                }
                tracing::info!("đang dừng: chờ những gói đang gửi / stopping: waiting for what is on the wire");
                token.cancel();
            }
        });
    }
    stop
}

pub(super) async fn run(call: &Call, args: &ServeArgs) -> Result<u8, Failure> {
    let app = std::sync::Arc::new(call.app().await?);
    let stop = stop_on_signal();
    let mut tasks: JoinSet<Result<(), Failure>> = JoinSet::new();
    if let Some(metrics) = &app.config.metrics {
        let (address, store, stop) = (metrics.listen, app.store.clone(), stop.clone());
        tasks.spawn(async move { web::serve(address, store, stop).await.map_err(|e| Failure::new(2, e)) });
    }
    for (at, stream) in app.streams.iter().enumerate() {
        let line = app.config.stream.iter().find(|s| s.name == stream.name).and_then(|s| s.schedule.clone());
        let Some(line) = line else {
            tracing::info!(stream = %stream.name, "luồng không có lịch, chỉ chạy bằng tay / no schedule: runs by hand only");
            continue;
        };
        let schedule = Schedule::parse(&line).map_err(|e| Failure::new(2, e))?;
        tasks.spawn(on_schedule(std::sync::Arc::clone(&app), at, schedule, stop.clone()));
    }
    let notified = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    tracing::info!(systemd = notified.is_ok(), streams = app.streams.len(), "đang phục vụ / serving");
    let result = tokio::select! {
        () = stop.cancelled() => Ok(()),
        failed = first_failure(&mut tasks) => failed,
    };
    stop.cancel();
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Stopping]) {
        tracing::debug!(%error, "systemd");
    }
    let drained = tokio::time::timeout(Duration::from_secs(args.drain_seconds), ended(&mut tasks)).await;
    let drained = drained.unwrap_or_else(|_| {
        tracing::warn!(
            "hết thời gian chờ; phần dở dang sẽ được hỏi lại / out of time: what is open will be asked about"
        );
        tasks.abort_all();
        Ok(())
    });
    app.store.close().await;
    result.and(drained).map(|()| 0)
}

/// Waits for all tasks to end, or for the first that fails.
async fn ended(tasks: &mut JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    while let Some(joined) = tasks.join_next().await {
        joined.map_err(|e| Failure::new(1, e)).and_then(|result| result)?;
    }
    Ok(())
}

/// Waits for the first task that fails; where none does, for ever.
async fn first_failure(tasks: &mut JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    ended(tasks).await?;
    // Nothing runs by itself: wait to be stopped.
    std::future::pending().await
}

async fn on_schedule(
    app: std::sync::Arc<App>,
    at: usize,
    schedule: Schedule,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let clock = SystemClock::new();
    let stream = &app.streams[at];
    loop {
        let Some(next) = schedule.next(clock.now()) else { return Ok(()) };
        tracing::info!(stream = %stream.name, next = %next.for_people(), "lượt tới / next run");
        // Short steps: the clock may be set meanwhile, and a missed slot is run once when it is noticed.
        while clock.now() < next {
            let left = u64::try_from(next.0 - clock.now().0).unwrap_or(0).clamp(1, 30_000);
            tokio::select! { () = stop.cancelled() => return Ok(()), () = clock.sleep(left) => {} }
        }
        let options = SyncOptions { release_brake: None, patience: app.patience(&stream.name) };
        // A run that fails is told and kept; the schedule goes on.
        match Box::pin(run::sync(&app.store, stream, &clock, &options, &Quiet, &stop)).await {
            Ok(outcome) => {
                web::record(&outcome);
                if let Some(holder) = &outcome.taken {
                    tracing::info!(stream = %stream.name, holder, "đang chạy ở nơi khác / runs elsewhere");
                } else {
                    tracing::info!(stream = %stream.name, scanned = outcome.scanned, confirmed = outcome.confirmed,
                        held = outcome.held.values().sum::<u64>(), unknown = outcome.unknown, "lượt đã xong / run ended");
                }
                if outcome.brake.is_some() {
                    tracing::warn!(stream = %stream.name, "phanh đang giữ, cần người xác nhận / the brake holds: a person must release it");
                }
            }
            Err(stopped @ run::RunError::Stopped) => tracing::info!(stream = %stream.name, "{stopped}"),
            Err(error) => {
                metrics::counter!("gateway_runs_failed_total", "stream" => stream.name.clone()).increment(1);
                tracing::error!(stream = %stream.name, "{error}");
            }
        }
        if stop.is_cancelled() {
            return Ok(());
        }
    }
}
