use std::time::Duration;

use anyhow::{Context, ensure};
use read_models::{LoggedRecord, OrderDocument};
use tokio::time::Instant;

use crate::backend::Backend;

const TOPIC: &str = "order-events";
const LOOK: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until so many events are on the topic and every read model has all that is there, totals
/// included: offsets are committed after those.
pub async fn wait(backend: &Backend, events: usize) -> anyhow::Result<()> {
    let mut groups = Vec::new();
    for projection in [OrderDocument::PROJECTION, LoggedRecord::PROJECTION] {
        let live = backend.read.live(projection).await?;
        groups.push(live.context(projection)?.group);
    }
    let started = Instant::now();
    loop {
        let ends = backend.kafka.ends(TOPIC).await?;
        let mut all = ends.values().sum::<i64>() >= events as i64;
        for group in &groups {
            let committed = backend.kafka.committed_offsets(group, TOPIC).await?;
            all &= ends
                .iter()
                .all(|(partition, end)| committed.get(partition).copied().unwrap_or(0) >= *end);
        }
        if all {
            return Ok(());
        }
        ensure!(
            started.elapsed() < PATIENCE,
            "the read models have not caught up within {PATIENCE:?}"
        );
        tokio::time::sleep(LOOK).await;
    }
}
