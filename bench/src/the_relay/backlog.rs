use std::time::{Duration, Instant};

use anyhow::bail;

use super::RelayProcess;
use super::Rows;
use super::site::Site;

const LOOK: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(300);

pub struct Drained {
    pub per_second: f64,
    /// Of the relay that needed most.
    pub peak_mb: f64,
    /// Of processor time, of all relays together.
    pub us_per_event: f64,
}

/// Releases the staged rows before relays that run, are warm and share the slots; from the commit
/// to the last row that is marked.
pub async fn drain(site: &Site, relays: usize) -> anyhow::Result<Drained> {
    let topic = format!("backlog-{relays}");
    let processes = ready(site, relays, &topic).await?;
    let rows = site.release(&topic).await?;
    let processor_time =
        || -> anyhow::Result<Duration> { processes.iter().map(RelayProcess::processor_time).sum() };
    let before = processor_time()?;
    let started = Instant::now();
    drained(site).await?;
    let took = started.elapsed();
    let spent = processor_time()?.saturating_sub(before);
    let mut peak_mb: f64 = 0.0;
    for process in processes {
        peak_mb = peak_mb.max(process.peak_memory_mb()?);
        process.stop().await?;
    }
    Ok(Drained {
        per_second: rows as f64 / took.as_secs_f64(),
        peak_mb,
        us_per_event: spent.as_secs_f64() * 1e6 / rows as f64,
    })
}

/// Relays with an equal share of the slots and with producers that have sent before.
pub async fn ready(site: &Site, relays: usize, topic: &str) -> anyhow::Result<Vec<RelayProcess>> {
    site.topic(topic).await?;
    site.psql.batch_execute("TRUNCATE outbox").await?;
    let mut processes = Vec::new();
    for _ in 0..relays {
        processes.push(RelayProcess::start(site)?);
    }
    let give_up = Instant::now() + PATIENCE;
    while site.shares().await? != vec![64 / relays as i64; relays] {
        if Instant::now() > give_up {
            bail!(
                "the relays do not share the slots: {:?}",
                site.shares().await?
            );
        }
        tokio::time::sleep(LOOK).await;
    }
    let some: Vec<_> = Rows::default().take(2000).collect();
    site.append(&some, topic).await?;
    drained(site).await?;
    Ok(processes)
}

/// Waits for the last row that is pending now.
async fn drained(site: &Site) -> anyhow::Result<()> {
    let give_up = Instant::now() + PATIENCE;
    let mut first = (0, 0);
    while let Some(pending) = site.first_pending(first).await? {
        first = pending;
        if Instant::now() > give_up {
            bail!("the backlog is not drained after {} s", PATIENCE.as_secs());
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
