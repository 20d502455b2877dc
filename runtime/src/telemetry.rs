//! Logs and metrics.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

/// Reads `RUST_LOG`, a `tracing` filter such as `info,relay=debug`. Without it: `info`.
pub const FILTER_VARIABLE: &str = "RUST_LOG";

/// Upper bounds in seconds, from a fast read to a request that is about to time out.
pub const LATENCY_BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("{FILTER_VARIABLE} is no log filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::FromEnvError),
    #[error("logging is set up already: {0}")]
    Logs(Box<dyn std::error::Error + Send + Sync>),
    #[error("metrics are set up already: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// Sends logs to standard error: readable lines on a terminal, one JSON object a line elsewhere.
/// `fallback` is the filter where `RUST_LOG` is not set.
pub fn logs(fallback: &str) -> Result<(), TelemetryError> {
    let filter = match std::env::var_os(FILTER_VARIABLE) {
        Some(_) => EnvFilter::try_from_default_env()?,
        None => EnvFilter::new(fallback),
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if std::io::stderr().is_terminal() {
        builder.try_init()
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_ansi(false)
            .try_init()
    }
    .map_err(TelemetryError::Logs)
}

/// Installs the process's metrics recorder. The handle renders Prometheus text for `/metrics`.
pub fn metrics() -> Result<PrometheusHandle, TelemetryError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), LATENCY_BUCKETS)?
        .set_buckets_for_metric(
            Matcher::Suffix("_size".to_owned()),
            &[
                1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0,
            ],
        )?
        .install_recorder()?;
    Ok(handle)
}
