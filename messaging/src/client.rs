use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, ClientContext, Statistics, TopicPartitionList};

use crate::brokers_known::BrokersKnown;

/// How often a client that is listened to tells its statistics.
const STATISTICS: Duration = Duration::from_secs(5);

/// The brokers, and the settings every client shares.
#[derive(Clone, Debug)]
pub struct Kafka {
    brokers: String,
    linger: Duration,
    gather: Option<Duration>,
}

impl Kafka {
    /// `brokers`: host:port of one or more, separated by commas.
    pub fn new(brokers: impl Into<String>) -> Self {
        Self {
            brokers: brokers.into(),
            // For the client to see all of a batch that is handed over at once: with records left
            // over that are due, it asks without a pause (`rd_kafka_msgq_allow_wakeup_at`) until the
            // first ones are acknowledged. It waits in whole milliseconds, so less saves nothing.
            linger: Duration::from_millis(1),
            gather: None,
        }
    }

    /// How long a producer gathers records before it sends them; 1 ms unless told otherwise.
    pub fn with_linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// How long the broker gathers records for a member of a group before it answers, unless there
    /// are many; without it, one record is enough, and each costs the broker, the client and whoever
    /// takes it in as much as a batch.
    pub fn with_gather(mut self, gather: Duration) -> Self {
        self.gather = Some(gather);
        self
    }

    pub(crate) fn gather(&self) -> Option<Duration> {
        self.gather
    }

    pub(crate) fn linger_ms(&self) -> String {
        format!("{:.3}", self.linger.as_secs_f64() * 1000.0)
    }

    pub(crate) fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            // After an outage the default of up to 10 s would be added to it.
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "500")
            .set("socket.keepalive.enable", "true")
            .set("log.connection.close", "false")
            .set("statistics.interval.ms", STATISTICS.as_millis().to_string())
            .set_log_level(RDKafkaLogLevel::Warning);
        config
    }
}

/// What every client tells us of itself. Its own log lines repeat several times a second that a
/// broker is away, which the readiness checks ask for, show and log once: they stay at debug.
#[derive(Default)]
pub(crate) struct Context {
    pub brokers: BrokersKnown,
    rebalances: AtomicU64,
    /// Partitions taken away that nobody has asked for yet.
    revoked: Mutex<Vec<i32>>,
}

impl Context {
    /// How many assignments and revocations there have been.
    pub fn rebalances(&self) -> u64 {
        self.rebalances.load(Ordering::SeqCst)
    }

    pub fn revoked(&self) -> Vec<i32> {
        self.lock().clone()
    }

    pub fn take_revoked(&self) -> Vec<i32> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<i32>> {
        self.revoked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(target: "librdkafka", ?level, facility, message);
    }

    fn stats(&self, statistics: Statistics) {
        self.brokers.learn(&statistics);
        for (name, topic) in &statistics.topics {
            for (partition, figures) in &topic.partitions {
                // -1: not known, or a partition of another member.
                if figures.consumer_lag >= 0 {
                    metrics::gauge!(
                        "consumer_lag", "topic" => name.clone(), "partition" => partition.to_string()
                    )
                    .set(figures.consumer_lag as f64);
                }
            }
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(target: "librdkafka", %error, reason);
    }
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let partitions = |list: &TopicPartitionList| -> Vec<i32> {
            list.elements().iter().map(|e| e.partition()).collect()
        };
        match rebalance {
            Rebalance::Assign(list) => {
                self.rebalances.fetch_add(1, Ordering::SeqCst);
                tracing::info!(partitions = ?partitions(list), "partitions assigned");
            }
            Rebalance::Revoke(list) => {
                self.lock().extend(partitions(list));
                self.rebalances.fetch_add(1, Ordering::SeqCst);
                tracing::info!(partitions = ?partitions(list), "partitions revoked");
            }
            Rebalance::Error(error) => tracing::warn!(%error, "rebalance failed"),
        }
    }
}

/// Ends a client beside everything else: that waits for what its threads are at, and for the broker.
pub(crate) fn end<C: Send + 'static>(client: C) {
    std::thread::spawn(move || drop(client));
}
