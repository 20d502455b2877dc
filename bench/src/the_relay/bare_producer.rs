use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{
    BaseRecord, DeliveryResult, NoCustomPartitioner, Producer, ProducerContext, ThreadedProducer,
};

use super::rows::Row;
use super::site::Site;

const TOPIC: &str = "bare";
const PATIENCE: Duration = Duration::from_secs(60);

/// Counts what was acknowledged, and what was not.
#[derive(Clone, Default)]
struct Counting {
    acknowledged: Arc<AtomicUsize>,
    failed: Arc<AtomicUsize>,
}

impl ClientContext for Counting {}

impl ProducerContext<NoCustomPartitioner> for Counting {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let count = match result {
            Ok(_) => &self.acknowledged,
            Err(_) => &self.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// As fast as librdkafka takes records and a broker acknowledges them: idempotent, `acks=all`, the
/// relay's partitioner, keys and headers, and nothing done with the answers but counting them.
pub async fn records_per_second(site: &Site, rows: &[Row]) -> anyhow::Result<f64> {
    site.topic(TOPIC).await?;
    let counting = Counting::default();
    let counted = counting.clone();
    let producer: ThreadedProducer<Counting> = ClientConfig::new()
        .set("bootstrap.servers", &site.brokers)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("partitioner", "murmur2_random")
        .create_with_context(counting)?;
    tokio::task::block_in_place(|| {
        // Its first record waits until the producer has its id, and knows the topic.
        send(&producer, rows.iter().take(1))?;
        producer.flush(PATIENCE)?;
        let started = Instant::now();
        send(&producer, rows.iter())?;
        producer.flush(PATIENCE)?;
        let took = started.elapsed();
        let acknowledged = counted.acknowledged.load(Ordering::Relaxed);
        if acknowledged != rows.len() + 1 {
            let failed = counted.failed.load(Ordering::Relaxed);
            bail!("{acknowledged} records were acknowledged, {failed} were not");
        }
        Ok(rows.len() as f64 / took.as_secs_f64())
    })
}

fn send<'a>(
    producer: &ThreadedProducer<Counting>,
    rows: impl Iterator<Item = &'a Row>,
) -> anyhow::Result<()> {
    for row in rows {
        let mut headers = OwnedHeaders::new_with_capacity(row.headers.len());
        for (key, value) in &row.headers {
            let value = Some(value);
            headers = headers.insert(Header { key, value });
        }
        let mut record = BaseRecord::to(TOPIC)
            .key(&row.key)
            .payload(&row.payload)
            .headers(headers);
        while let Err((error, again)) = producer.send(record) {
            if !matches!(
                error,
                KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)
            ) {
                return Err(error.into());
            }
            std::thread::sleep(Duration::from_millis(1));
            record = again;
        }
    }
    Ok(())
}
