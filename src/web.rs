//! Health and Prometheus metrics, on a listener of their own.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

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
