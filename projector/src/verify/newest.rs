use std::collections::HashMap;
use std::time::{Duration, Instant};

use messaging::{IncomingRecord, Kafka, TopicReader};

use super::Sample;
use super::log::LogCheck;
use crate::history::{Digest, Occurrence};
use crate::{ProjectorError, Topics};

/// Nothing comes for as long: the reader goes on trying.
const BROKER_AWAY: Duration = Duration::from_secs(1);

/// The newest event of an order that is on the topic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newest {
    pub version: u64,
    /// None of a stub.
    pub content: Option<Digest>,
    pub partition: i32,
    pub offset: i64,
}

/// The newest event of each order on the topic: some sixty bytes an order. What is read on the way
/// is shown to the check of the log, together with the other topics' records.
pub(super) struct NewestRecords {
    orders: TopicReader,
    others: Vec<TopicReader>,
    sample: Sample,
    pub newest: HashMap<String, Newest>,
    pub log: Option<LogCheck>,
}

impl NewestRecords {
    /// Reads the topics from their first records up to where they end now.
    pub async fn read(
        kafka: &Kafka,
        topics: &Topics,
        sample: Sample,
        log: Option<LogCheck>,
        progress: impl Fn(u64),
    ) -> Result<Self, ProjectorError> {
        let mut records = Self {
            orders: kafka.read_topic(&topics.orders.name, true).await?,
            others: Vec::new(),
            sample,
            newest: HashMap::new(),
            log,
        };
        let mut read = 0;
        while records.orders.has_rest() {
            if let Some(record) = records.orders.advance(BROKER_AWAY).await? {
                records.take(&record).await?;
                read += 1;
            }
            if read % 1000 == 0 {
                progress(read);
            }
        }
        let Some(log) = &mut records.log else {
            return Ok(records);
        };
        for topic in topics.besides_orders() {
            let mut reader = kafka.read_topic(&topic.name, true).await?;
            while reader.has_rest() {
                if let Some(record) = reader.advance(BROKER_AWAY).await? {
                    log.take(&record).await?;
                }
            }
            records.others.push(reader);
        }
        log.look_up().await?;
        Ok(records)
    }

    /// Takes in what has come since.
    pub async fn catch_up(&mut self) -> Result<(), ProjectorError> {
        const THERE_ALREADY: Duration = Duration::from_millis(20);
        // On a busy topic there is always another record.
        const ENOUGH: Duration = Duration::from_millis(500);
        let started = Instant::now();
        while started.elapsed() < ENOUGH
            && let Some(record) = self.orders.next(THERE_ALREADY).await?
        {
            self.take(&record).await?;
        }
        let Some(log) = &mut self.log else {
            return Ok(());
        };
        for reader in &self.others {
            let started = Instant::now();
            while started.elapsed() < ENOUGH
                && let Some(record) = reader.next(THERE_ALREADY).await?
            {
                log.take(&record).await?;
            }
        }
        Ok(())
    }

    async fn take(&mut self, record: &IncomingRecord) -> Result<(), ProjectorError> {
        if let Some(log) = &mut self.log {
            log.take(record).await?;
        }
        self.keep(record);
        Ok(())
    }

    /// What is no event, or none of this order and version, is for the history to name.
    fn keep(&mut self, record: &IncomingRecord) {
        let Ok(occurrence) = Occurrence::read(record) else {
            return;
        };
        if !self.sample.takes(&occurrence.order_id) || !occurrence.is_genuine() {
            return;
        }
        let newest = Newest {
            version: occurrence.version,
            content: occurrence.content,
            partition: record.partition,
            offset: record.offset,
        };
        let known = self.newest.entry(occurrence.order_id).or_insert(newest);
        if known.version < newest.version {
            *known = newest;
        }
    }
}
