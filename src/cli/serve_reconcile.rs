//! Comparisons on their schedule: one task, so that the plain and the full ones never meet.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Failure;
use super::serve::waited;
use crate::app::App;
use crate::model::{Clock as _, SystemClock};
use crate::reconcile::{self, Found, ReconcileError, Wanted};
use crate::schedule::Schedule;
use crate::web;

/// When both sides are compared.
pub(super) struct Planned {
    plain: Option<Schedule>,
    full: Option<Schedule>,
}

/// `None` where comparisons run by hand only.
pub(super) fn planned(app: &App) -> Result<Option<Planned>, Failure> {
    let config = &app.config.reconcile;
    let read = |line: &Option<String>| {
        line.as_deref().map(Schedule::parse).transpose().map_err(|error| Failure::new(2, error))
    };
    let planned = Planned { plain: read(&config.schedule)?, full: read(&config.full_schedule)? };
    if planned.plain.is_none() && planned.full.is_none() {
        tracing::info!("đối chiếu không có lịch, chỉ chạy bằng tay / comparisons run by hand only");
        return Ok(None);
    }
    Ok(Some(planned))
}

/// Compares on schedule. What fails is told and kept; the schedule goes on, and goes on with what was left.
pub(super) async fn on_schedule(app: Arc<App>, planned: Planned, stop: CancellationToken) -> Result<(), Failure> {
    let clock = SystemClock::new();
    // The authority file is read once, as the mappings are.
    let subjects = app.subjects(&[], &[])?;
    loop {
        let now = clock.now();
        let next = |schedule: &Option<Schedule>| schedule.as_ref().and_then(|schedule| schedule.next(now));
        let (plain, full) = (next(&planned.plain), next(&planned.full));
        // Where both are due the full one sees what the other would.
        let (due, is_full) = match (plain, full) {
            (Some(plain), Some(full)) => (plain.min(full), full <= plain),
            (Some(plain), None) => (plain, false),
            (None, Some(full)) => (full, true),
            (None, None) => return Ok(()),
        };
        tracing::info!(next = %due.for_people(), full = is_full, "lượt đối chiếu tới / next comparison");
        if !waited(&clock, due, &stop).await {
            return Ok(());
        }
        for subject in &subjects {
            let wanted = Wanted { full: is_full, resume: true, by_schedule: true, ..Wanted::default() };
            let result = Box::pin(reconcile::run(&app.store, subject, &clock, &wanted, &stop)).await;
            if stop.is_cancelled() {
                return Ok(());
            }
            tell(&subject.stream, result);
        }
    }
}

fn tell(stream: &str, result: Result<Found, ReconcileError>) {
    match result {
        Ok(Found { holder: Some(holder), .. }) => {
            tracing::info!(stream, holder, "đang đối chiếu ở nơi khác / compared elsewhere");
        }
        Ok(found) => {
            web::record_comparison(&found);
            tracing::info!(stream, method = %found.method, requests = found.requests, compared = found.compared,
                agree = found.agree, differing = found.records_differing, moving = found.moving, "đã đối chiếu / compared");
            if !found.incomplete.is_empty() {
                tracing::warn!(
                    stream,
                    listings = found.incomplete.len(),
                    "hệ thống quốc gia liệt kê thiếu / listings were incomplete"
                );
            }
        }
        Err(error) => {
            metrics::counter!("gateway_comparisons_failed_total", "stream" => stream.to_owned()).increment(1);
            tracing::error!(stream, "{error}");
        }
    }
}
