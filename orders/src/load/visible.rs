use std::time::Duration;

use anyhow::bail;
use serde_json::Value;
use tokio::time::Instant;

use super::report::Finished;

/// How long to wait for one order that does not show.
const PATIENCE: Duration = Duration::from_secs(120);

/// Waits until each of these orders can be read at its version, and says how long that took.
pub async fn wait_for(
    http: &reqwest::Client,
    queries: &str,
    orders: &[Finished],
) -> anyhow::Result<Duration> {
    let started = Instant::now();
    for Finished {
        order_id, version, ..
    } in orders
    {
        loop {
            let answer = http
                .get(format!("{queries}/api/orders/{order_id}"))
                .send()
                .await?;
            let found = answer.status().is_success();
            let order: Value = serde_json::from_slice(&answer.bytes().await?)?;
            if found && order["version"].as_u64() >= Some(*version) {
                break;
            }
            if started.elapsed() > PATIENCE {
                bail!(
                    "order {order_id} cannot be read at version {version} after {PATIENCE:?}: {order}"
                );
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    Ok(started.elapsed())
}
