//! Health and Prometheus metrics, on a listener of their own.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

use crate::intake::Taken;
use crate::reconcile::Found;
use crate::run::Outcome;
use crate::store::Store;

/// Why the listener does not run.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// The recorder of metrics is taken.
    #[error("không bật được số đo / metrics cannot be recorded: {0}")]
    Recorder(String),
    /// The address.
    #[error("không mở được {address}: {cause} / the address cannot be listened on")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        cause: std::io::Error,
    },
}

/// Serves `/health` (the store answers) and `/metrics` until stopped.
pub async fn serve(address: SocketAddr, store: Store, stop: CancellationToken) -> Result<(), WebError> {
    let metrics = PrometheusBuilder::new().install_recorder().map_err(|e| WebError::Recorder(e.to_string()))?;
    let listener = tokio::net::TcpListener::bind(address).await.map_err(|cause| WebError::Listen { address, cause })?;
    let upkeep = metrics.clone();
    let until = stop.clone();
    tokio::spawn(async move {
        let mut tick = tokio::time::interval(std::time::Duration::from_secs(5));
        while !until.is_cancelled() {
            tick.tick().await;
            upkeep.run_upkeep();
        }
    });
    let router = Router::new()
        .route("/health", get(move || health(store.clone())))
        .route("/metrics", get(move || render(metrics.clone())));
    axum::serve(listener, router)
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await
        .map_err(|cause| WebError::Listen { address, cause })
}

#[expect(clippy::unused_async, reason = "a handler is asynchronous")]
async fn render(metrics: PrometheusHandle) -> String {
    metrics.render()
}

async fn health(store: Store) -> (axum::http::StatusCode, &'static str) {
    match store.read().await {
        Ok(_) => (axum::http::StatusCode::OK, "ok"),
        Err(_) => (axum::http::StatusCode::SERVICE_UNAVAILABLE, "kho không trả lời / the store does not answer"),
    }
}

/// Counts what a run did. Labels are streams and fixed words, never a person.
pub fn record(outcome: &Outcome) {
    let stream = outcome.name.clone();
    let count = |what: &'static str, n: u64| {
        metrics::counter!("gateway_records_total", "stream" => stream.clone(), "outcome" => what).increment(n);
    };
    count("scanned", outcome.scanned);
    count("confirmed", outcome.confirmed);
    count("refused", outcome.refused.values().sum());
    count("held", outcome.held.values().sum());
    count("stopped", outcome.stopped);
    metrics::gauge!("gateway_last_run_seconds", "stream" => stream.clone()).set(outcome.seconds);
    let waits = if outcome.brake.is_some() { 1.0 } else { 0.0 };
    metrics::gauge!("gateway_brake_holds", "stream" => stream).set(waits);
}

/// Counts what a comparison found. Labels are streams and fixed words, never a person.
pub fn record_comparison(found: &Found) {
    let stream = found.stream.clone();
    let gauge = |name: &'static str, n: u64| {
        metrics::gauge!(name, "stream" => stream.clone()).set(f64::from(u32::try_from(n).unwrap_or(u32::MAX)));
    };
    gauge("gateway_compared_records", found.compared);
    gauge("gateway_differing_records", found.records_differing);
    gauge("gateway_incomplete_listings", u64::try_from(found.incomplete.len()).unwrap_or(u64::MAX));
    metrics::counter!("gateway_comparison_requests_total", "stream" => stream.clone()).increment(found.requests);
}

/// Counts what came down. Labels are intakes and fixed words, never a person.
pub fn record_pull(taken: &Taken) {
    let intake = taken.name.clone();
    let count = |what: &'static str, n: u64| {
        metrics::counter!("gateway_applications_total", "intake" => intake.clone(), "outcome" => what).increment(n);
    };
    count("items", taken.received.items);
    count("applications", taken.received.applications);
    count("versions", taken.received.versions);
    count("repeated", taken.received.repeated);
    count("echoes", taken.received.echoes);
    let troubles = u64::try_from(taken.troubles.len()).unwrap_or(u64::MAX);
    metrics::counter!("gateway_intake_troubles_total", "intake" => intake.clone()).increment(troubles);
    if let Some(handed) = &taken.handed {
        for (what, n) in [("handed", handed.handed), ("failed", handed.failed)] {
            metrics::counter!("gateway_hand_overs_total", "intake" => intake.clone(), "outcome" => what).increment(n);
        }
    }
    if let Some(files) = &taken.files {
        let counts = [
            ("stored", files.stored),
            ("failed", files.failed),
            ("refused", files.refused),
            ("infected", files.infected),
            ("outside", files.outside),
        ];
        for (what, n) in counts {
            metrics::counter!("gateway_files_total", "intake" => intake.clone(), "outcome" => what).increment(n);
        }
    }
    let gauge = |name: &'static str, n: u64| {
        metrics::gauge!(name, "intake" => intake.clone()).set(f64::from(u32::try_from(n).unwrap_or(u32::MAX)));
    };
    gauge("gateway_applications_to_be_routed", taken.inbox.to_be_routed);
    gauge("gateway_applications_waiting", taken.inbox.waiting);
    gauge("gateway_applications_stuck", taken.inbox.stuck);
    if let Some(files) = &taken.files {
        gauge("gateway_files_waiting", files.waiting);
    }
}
