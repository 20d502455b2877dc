use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::TopicPartitionList;

const METADATA_WITHIN: Duration = Duration::from_secs(1);
const COORDINATOR_WITHIN: Duration = Duration::from_secs(10);

/// Whether the broker answers and has joined its own cluster.
pub(super) async fn probe(address: &str) -> Result<(), String> {
    let brokers = address.to_owned();
    let answer = tokio::task::spawn_blocking(move || metadata(&brokers)).await;
    answer
        .map_err(|panic| panic.to_string())?
        .map_err(|error| error.to_string())
        .and_then(|brokers| match brokers {
            0 => Err("the broker has not registered yet".to_owned()),
            _ => Ok(()),
        })
}

/// The number of brokers; on success also asks for a group coordinator without waiting for
/// the answer: the first such request creates the offsets topic, which takes seconds.
fn metadata(brokers: &str) -> Result<usize, KafkaError> {
    let consumer: BaseConsumer<Quiet> = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "devstack-probe")
        .set("reconnect.backoff.ms", "20")
        .set("reconnect.backoff.max.ms", "50")
        .set_log_level(RDKafkaLogLevel::Emerg)
        .create_with_context(Quiet)?;
    let count = consumer
        .fetch_metadata(None, METADATA_WITHIN)?
        .brokers()
        .len();
    if count > 0 {
        std::thread::spawn(move || {
            let mut partitions = TopicPartitionList::new();
            partitions.add_partition("devstack-probe", 0);
            let _ = consumer.committed_offsets(partitions, COORDINATOR_WITHIN);
        });
    }
    Ok(count)
}

/// A broker that is not up yet is no news.
struct Quiet;

impl ClientContext for Quiet {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ConsumerContext for Quiet {}
