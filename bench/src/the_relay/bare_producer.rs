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
    const TOPIC: &str = "bare";
    site.topic(TOPIC).await?;
    // Its first record waits until the producer has its id, and knows the topic.
    let (warm_up, rest) = (&rows[..rows.len().min(1)], rows);
    let producer = BareProducer::new(&site.brokers, TOPIC)?;
    producer.produce(warm_up)?;
    let started = Instant::now();
    producer.produce(rest)?;
    Ok(rest.len() as f64 / started.elapsed().as_secs_f64())
}

/// To a topic that is there.
pub struct BareProducer {
    producer: ThreadedProducer<Counting>,
    counted: Counting,
    topic: &'static str,
}

impl BareProducer {
    pub fn new(brokers: &str, topic: &'static str) -> anyhow::Result<Self> {
        let counted = Counting::default();
        let producer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("partitioner", "murmur2_random")
            .create_with_context(counted.clone())?;
        Ok(Self {
            producer,
            counted,
            topic,
        })
    }

    /// Returns when all of them are acknowledged.
    pub fn produce(&self, rows: &[Row]) -> anyhow::Result<()> {
        let before = self.counted.acknowledged.load(Ordering::Relaxed);
        tokio::task::block_in_place(|| {
            for row in rows {
                self.send(row)?;
            }
            self.producer.flush(PATIENCE)
        })?;
        let acknowledged = self.counted.acknowledged.load(Ordering::Relaxed) - before;
        if acknowledged != rows.len() {
            let failed = self.counted.failed.load(Ordering::Relaxed);
            bail!("{acknowledged} records were acknowledged, {failed} were not");
        }
        Ok(())
    }

    fn send(&self, row: &Row) -> Result<(), KafkaError> {
        let mut headers = OwnedHeaders::new_with_capacity(row.headers.len());
        for (key, value) in &row.headers {
            let value = Some(value);
            headers = headers.insert(Header { key, value });
        }
        let mut record = BaseRecord::to(self.topic)
            .key(&row.key)
            .payload(&row.payload)
            .headers(headers);
        while let Err((error, again)) = self.producer.send(record) {
            if !matches!(
                error,
                KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)
            ) {
                return Err(error);
            }
            std::thread::sleep(Duration::from_millis(1));
            record = again;
        }
        Ok(())
    }
}
