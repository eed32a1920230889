//! `serve`: every stream, every intake and the comparisons on their schedules in Vietnam time, health and metrics beside it; SIGTERM drains.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Call, Failure, output, pull};
use crate::app::{App, certificates};
use crate::intake::{IntakeError, Taken, Wanted};
use crate::mismatch;
use crate::model::{Clock, SystemClock, Timestamp};
use crate::run::{self, Outcome, Quiet, Stream, SyncOptions};
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
    for group in groups(&app)? {
        tasks.spawn(on_schedule(std::sync::Arc::clone(&app), group, stop.clone()));
    }
    for (at, schedule) in intakes(&app)? {
        tasks.spawn(pulls(std::sync::Arc::clone(&app), at, schedule, stop.clone()));
    }
    tasks.spawn(certificates_watched(std::sync::Arc::clone(&app), stop.clone()));
    if let Some(planned) = super::serve_reconcile::planned(&app)? {
        tasks.spawn(super::serve_reconcile::on_schedule(std::sync::Arc::clone(&app), planned, stop.clone()));
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

/// Looks at the certificates each hour and says once how near each end is, at the start and whenever it came nearer.
async fn certificates_watched(app: std::sync::Arc<App>, stop: CancellationToken) -> Result<(), Failure> {
    const EACH_MS: u64 = 3_600_000;
    let (clock, mut told) = (SystemClock::new(), BTreeMap::new());
    loop {
        let looked = async {
            certificates::keep(&app, clock.now()).await?;
            certificates::known(&app, clock.now()).await
        };
        let known = looked.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "chưa xem được hạn chứng thư, sẽ xem lại / certificates could not be looked at: again later");
            Vec::new()
        });
        for one in known {
            metrics::gauge!("gateway_certificate_days_left", "system" => one.system.clone(), "whose" => one.whose.word())
                .set(f64::from(i32::try_from(one.days).unwrap_or(i32::MAX)));
            let before = told.insert((one.system.clone(), one.whose), one.warning).flatten();
            if one.warning.is_some() && one.warning != before {
                tracing::warn!(system = %one.system, days = one.days, "{}", output::certificate(&one));
            }
        }
        tokio::select! { () = stop.cancelled() => return Ok(()), () = clock.sleep(EACH_MS) => {} }
    }
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

/// A stream's place in the application, and when it runs.
type Planned = (usize, Schedule);

/// The streams that run by themselves. Those with lanes of one system are together: they run one after the other, in
/// the order of the file, for what one sends depends on what the others left.
fn groups(app: &App) -> Result<Vec<Vec<Planned>>, Failure> {
    let mut groups: Vec<(Option<&str>, Vec<Planned>)> = Vec::new();
    for (at, stream) in app.streams.iter().enumerate() {
        let line = app.config.stream.iter().find(|s| s.name == stream.name).and_then(|s| s.schedule.clone());
        let Some(line) = line else {
            tracing::info!(stream = %stream.name, "luồng không có lịch, chỉ chạy bằng tay / no schedule: runs by hand only");
            continue;
        };
        let planned = (at, Schedule::parse(&line).map_err(|e| Failure::new(2, e))?);
        let system = stream.mapping.lane().map(|_| stream.system.name.as_str());
        match groups.iter_mut().find(|(of, _)| of.is_some() && *of == system) {
            Some((_, theirs)) => theirs.push(planned),
            None => groups.push((system, vec![planned])),
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).collect())
}

/// The intakes that run by themselves, by their place.
fn intakes(app: &App) -> Result<Vec<Planned>, Failure> {
    let mut planned = Vec::new();
    for (at, intake) in app.intakes.iter().enumerate() {
        let line = app.config.intake.iter().find(|i| i.name == intake.name).and_then(|i| i.schedule.as_deref());
        let Some(line) = line else {
            tracing::info!(intake = %intake.name, "không có lịch, chỉ lấy bằng tay / no schedule: pulled by hand only");
            continue;
        };
        planned.push((at, Schedule::parse(line).map_err(|e| Failure::new(2, e))?));
    }
    Ok(planned)
}

/// Short steps: the clock may be set meanwhile, and a missed slot is run once when it is noticed. `false` when stopped.
pub(super) async fn waited(clock: &SystemClock, next: Timestamp, stop: &CancellationToken) -> bool {
    while clock.now() < next {
        let left = u64::try_from(next.0 - clock.now().0).unwrap_or(0).clamp(1, 30_000);
        tokio::select! { () = stop.cancelled() => return false, () = clock.sleep(left) => {} }
    }
    true
}

/// One intake on its schedule. A run that fails is told and kept; the schedule goes on.
async fn pulls(
    app: std::sync::Arc<App>,
    at: usize,
    schedule: Schedule,
    stop: CancellationToken,
) -> Result<(), Failure> {
    let (clock, intake) = (SystemClock::new(), &app.intakes[at]);
    while let Some(next) = schedule.next(clock.now()) {
        tracing::info!(intake = %intake.name, next = %next.for_people(), "lượt tới / next run");
        if !waited(&clock, next, &stop).await {
            break;
        }
        let result = Box::pin(pull::once(&app.store, intake, &clock, &Wanted::default(), &stop)).await;
        if stop.is_cancelled() {
            break;
        }
        tell_pull(&intake.name, result);
    }
    Ok(())
}

fn tell_pull(intake: &str, result: Result<Taken, IntakeError>) {
    let failed = || metrics::counter!("gateway_pulls_failed_total", "intake" => intake.to_owned()).increment(1);
    match result {
        Ok(Taken { holder: Some(holder), .. }) => {
            tracing::info!(intake, holder, "đang chạy ở nơi khác / runs elsewhere");
        }
        Ok(taken) => {
            web::record_pull(&taken);
            tracing::info!(intake, items = taken.received.items, applications = taken.received.applications,
                versions = taken.received.versions, echoes = taken.received.echoes, upto = %taken.upto, "đã lấy hồ sơ / pulled");
            if taken.inbox.to_be_routed > 0 {
                tracing::warn!(
                    intake,
                    versions = taken.inbox.to_be_routed,
                    "chờ người phân nơi / to be routed by a person"
                );
            }
            if let Some(error) = &taken.error {
                failed();
                tracing::error!(intake, "{error}");
            }
            for trouble in &taken.troubles {
                tracing::error!(intake, "{trouble}");
            }
        }
        Err(error) => {
            failed();
            tracing::error!(intake, "{error}");
        }
    }
}

async fn on_schedule(app: std::sync::Arc<App>, group: Vec<Planned>, stop: CancellationToken) -> Result<(), Failure> {
    let clock = SystemClock::new();
    let next_of = |(at, schedule): &Planned| {
        let next = schedule.next(clock.now());
        if let Some(next) = next {
            tracing::info!(stream = %app.streams[*at].name, next = %next.for_people(), "lượt tới / next run");
        }
        next
    };
    let mut due: Vec<Option<Timestamp>> = group.iter().map(next_of).collect();
    let mut stalled = BTreeSet::new();
    loop {
        let Some(next) = due.iter().flatten().min().copied() else { return Ok(()) };
        if !waited(&clock, next, &stop).await {
            return Ok(());
        }
        let now = clock.now();
        for (planned, due) in group.iter().zip(&mut due).filter(|(_, due)| due.is_some_and(|due| due <= now)) {
            let stream = &app.streams[planned.0];
            let patience = app.patience(&stream.name);
            // A run that has the stream does it, or the next one.
            let settled = mismatch::take_effect(&app.store, &stream.name, &stream.lease(), &clock).await;
            if let Err(error) = settled {
                tell(stream, Err(error.into()));
                *due = next_of(planned);
                continue;
            }
            // A drop folder: file after file, until none waits.
            let mut again = true;
            while std::mem::take(&mut again) && !stop.is_cancelled() {
                let options = SyncOptions { release_brake: None, patience, stalled: stalled.clone() };
                let result = Box::pin(run::sync(&app.store, stream, &clock, &options, &Quiet, &stop)).await;
                again = result.as_ref().is_ok_and(|outcome| outcome.file.is_some());
                if result.as_ref().map_or(true, Outcome::stalled) {
                    stalled.insert(stream.name.clone());
                } else {
                    stalled.remove(&stream.name);
                }
                tell(stream, result);
            }
            if stop.is_cancelled() {
                return Ok(());
            }
            *due = next_of(planned);
        }
    }
}

/// Tells how a run ended. One that fails is told and kept; the schedule goes on.
fn tell(stream: &Stream, result: Result<Outcome, run::RunError>) {
    match result {
        Ok(outcome) => {
            web::record(&outcome);
            if let Some(holder) = &outcome.taken {
                tracing::info!(stream = %stream.name, holder, "đang chạy ở nơi khác / runs elsewhere");
            } else {
                tracing::info!(stream = %stream.name, scanned = outcome.scanned, confirmed = outcome.confirmed,
                    held = outcome.held.values().sum::<u64>(), unknown = outcome.unknown, "lượt đã xong / run ended");
            }
            if let Some(remapped) = &outcome.remapped {
                tracing::warn!(stream = %stream.name, changed = remapped.changed, files = remapped.files.join(", "),
                    "ánh xạ đã đổi từ lượt trước / the mapping changed since an earlier run");
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
}
