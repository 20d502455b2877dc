use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, bail};
use hdrhistogram::Histogram;
use messaging::{Kafka, TopicReader};
use runtime::{Clock, SystemClock};
use tokio::time::Instant;

use super::backlog::ready;
use super::rows::{Row, Rows};
use super::site::Site;

/// Between two transactions of the writer.
const TICK: Duration = Duration::from_millis(1);
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Latency {
    /// Events a second that the writer did append.
    pub written: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

/// Appends at a fixed rate, whatever comes of it, in a small transaction every millisecond. What is
/// measured is from `created_at`, the start of that transaction, to the arrival at a consumer in
/// this process: the commit, the relay up to the acknowledgement, and the fetch on top.
pub async fn measure(site: &Site, rate: usize, time: Duration) -> anyhow::Result<Latency> {
    let topic = format!("latency-{rate}");
    let relays = ready(site, 1, &topic).await?;
    let reader = Kafka::new(&site.brokers).read_topic(&topic, false).await?;
    let total = (rate as f64 * time.as_secs_f64()) as usize;
    let arriving = tokio::spawn(arrivals(reader, total));
    let started = Instant::now();
    write(site, &topic, rate, total).await?;
    let written = total as f64 / started.elapsed().as_secs_f64();
    let arrived = arriving.await??;
    let histogram = compare(site, &arrived).await?;
    for relay in relays {
        relay.stop().await?;
    }
    let ms = |quantile| histogram.value_at_quantile(quantile) as f64 / 1000.0;
    Ok(Latency {
        written,
        p50_ms: ms(0.5),
        p99_ms: ms(0.99),
    })
}

async fn write(site: &Site, topic: &str, rate: usize, total: usize) -> anyhow::Result<()> {
    let mut rows = Rows::default();
    let mut written = 0;
    let started = Instant::now();
    while written < total {
        let due = (started.elapsed().as_secs_f64() * rate as f64) as usize;
        let due: Vec<Row> = rows.by_ref().take(due.min(total) - written).collect();
        if !due.is_empty() {
            site.append(&due, topic).await?;
            written += due.len();
        }
        tokio::time::sleep(TICK).await;
    }
    Ok(())
}

/// When each key arrived, in microseconds of the machine's clock, which is Postgres's too.
async fn arrivals(reader: TopicReader, total: usize) -> anyhow::Result<HashMap<Vec<u8>, i64>> {
    let mut arrived = HashMap::with_capacity(total);
    while arrived.len() < total {
        let Some(record) = reader.next(PATIENCE).await? else {
            bail!("only {} of {total} events arrived", arrived.len());
        };
        let now = SystemClock.now().as_microsecond();
        let key = record.key.context("a record without a key")?;
        arrived.entry(key).or_insert(now);
    }
    Ok(arrived)
}

async fn compare(site: &Site, arrived: &HashMap<Vec<u8>, i64>) -> anyhow::Result<Histogram<u64>> {
    let sql = "SELECT aggregate_id, (extract(epoch FROM created_at) * 1000000)::bigint FROM outbox";
    let mut histogram = Histogram::new(3)?;
    for row in site.psql.query(sql, &[]).await? {
        // Rows that warmed the relay up were not waited for.
        if let Some(arrived) = arrived.get(row.get::<_, &str>(0).as_bytes()) {
            let took = arrived - row.get::<_, i64>(1);
            histogram.record(u64::try_from(took).unwrap_or(0))?;
        }
    }
    if histogram.len() != arrived.len() as u64 {
        bail!(
            "{} of {} events were appended",
            histogram.len(),
            arrived.len()
        );
    }
    Ok(histogram)
}
