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
/// At the same rate, before what is measured: a broker's first seconds are spent compiling.
const WARM_UP: Duration = Duration::from_secs(5);

pub struct Latency {
    /// Events a second that the writer did append.
    pub written: f64,
    /// Of the writer's own transactions, from sending to the answer: what no relay can be faster than.
    pub committed: Quantiles,
    /// Up to `published_at`: the relay has the acknowledgement, and marks the row.
    pub marked: Quantiles,
    /// Up to the arrival at a consumer.
    pub arrived: Quantiles,
}

#[derive(Clone, Copy)]
pub struct Quantiles {
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Quantiles {
    fn of(microseconds: &Histogram<u64>) -> Self {
        let ms = |quantile| microseconds.value_at_quantile(quantile) as f64 / 1000.0;
        Self {
            p50_ms: ms(0.5),
            p99_ms: ms(0.99),
        }
    }
}

/// Appends at a fixed rate, whatever comes of it, in a small transaction every millisecond. What is
/// measured, after some seconds of the same, is from `created_at`, the start of that transaction:
/// the commit and the relay; to a consumer in this process also the fetch, and not the marking.
pub async fn measure(site: &Site, rate: usize, time: Duration) -> anyhow::Result<Latency> {
    let topic = format!("latency-{rate}");
    let relays = ready(site, 1, &topic).await?;
    // What the backlogs left to be cleared away and written would be now: half a gigabyte that the
    // kernel has not written yet stops every writer for a tenth of a second, every five seconds.
    site.psql.batch_execute("VACUUM ANALYZE outbox").await?;
    site.psql.batch_execute("CHECKPOINT").await?;
    tokio::task::block_in_place(rustix::fs::sync);
    let reader = Kafka::new(&site.brokers).read_topic(&topic, false).await?;
    let events = |time: Duration| (rate as f64 * time.as_secs_f64()) as usize;
    let (warm_up, total) = (events(WARM_UP), events(WARM_UP + time));
    let arriving = tokio::spawn(arrivals(reader, total));
    let started = Instant::now();
    let committed = write(site, &topic, rate, total, warm_up).await?;
    let written = total as f64 / started.elapsed().as_secs_f64();
    let arrived = arriving.await??;
    for relay in relays {
        // What is under way is marked before it ends.
        relay.stop().await?;
    }
    let (marked, arrived) = compare(site, &arrived, warm_up).await?;
    Ok(Latency {
        written,
        committed,
        marked,
        arrived,
    })
}

async fn write(
    site: &Site,
    topic: &str,
    rate: usize,
    total: usize,
    warm_up: usize,
) -> anyhow::Result<Quantiles> {
    let statement = site.append_statement(topic).await?;
    let mut committed = Histogram::new(3)?;
    let mut rows = Rows::default();
    let mut written = 0;
    let started = Instant::now();
    while written < total {
        let due = (started.elapsed().as_secs_f64() * rate as f64) as usize;
        let due: Vec<Row> = rows.by_ref().take(due.min(total) - written).collect();
        if !due.is_empty() {
            let sent = Instant::now();
            site.append_with(&statement, &due).await?;
            if written >= warm_up {
                committed.record(u64::try_from(sent.elapsed().as_micros())?)?;
            }
            written += due.len();
        }
        tokio::time::sleep(TICK).await;
    }
    Ok(Quantiles::of(&committed))
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

async fn compare(
    site: &Site,
    arrived: &HashMap<Vec<u8>, i64>,
    warm_up: usize,
) -> anyhow::Result<(Quantiles, Quantiles)> {
    let sql = "SELECT aggregate_id, (extract(epoch FROM created_at) * 1000000)::bigint,
             (extract(epoch FROM published_at) * 1000000)::bigint
         FROM outbox ORDER BY position";
    let mut appended = 0;
    let (mut marks, mut arrivals) = (Histogram::new(3)?, Histogram::new(3)?);
    for row in site.psql.query(sql, &[]).await? {
        // Rows that warmed the relay up were not waited for.
        if let Some(arrived) = arrived.get(row.get::<_, &str>(0).as_bytes()) {
            appended += 1;
            if appended <= warm_up {
                continue;
            }
            let created: i64 = row.get(1);
            let marked: Option<i64> = row.get(2);
            let marked = marked.context("an event is not marked")?;
            marks.record(u64::try_from(marked - created).unwrap_or(0))?;
            arrivals.record(u64::try_from(arrived - created).unwrap_or(0))?;
        }
    }
    if appended != arrived.len() {
        bail!("{appended} of {} events were appended", arrived.len());
    }
    Ok((Quantiles::of(&marks), Quantiles::of(&arrivals)))
}
