use std::net::SocketAddr;

use anyhow::Context;

/// How far the read model that is furthest behind is behind, in seconds, as its projector says.
pub async fn behind(all: SocketAddr) -> anyhow::Result<f64> {
    let answer = reqwest::get(format!("http://{all}/metrics")).await?;
    let text = answer.error_for_status()?.text().await?;
    let lags = text
        .lines()
        .filter(|line| line.starts_with("projection_lag_seconds{"));
    let seconds = lags.filter_map(|line| line.rsplit_once(' ')?.1.parse().ok());
    seconds
        .reduce(f64::max)
        .context("no projector says how far it is behind")
}
