use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use read_models::{Generation, LoggedRecord};

use crate::live::Live;
use crate::log::Log;
use crate::places::Places;
use crate::query_error::QueryError;
use crate::tail::End;

/// How many offsets of a partition are looked at in one read.
const WIDTH: i64 = 64;

/// How far before its end a partition may have holes that are still being filled: records are
/// logged in batches, and those of one batch in any order.
const UNSETTLED: i64 = 1000;

/// Between looks for holes.
const LOOK: Duration = Duration::from_secs(1);

/// How long a hole may be filled after something behind it was seen. Offsets have no holes, unless
/// a topic was cut or somebody wrote to it in transactions.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads on at the end of a generation of the event log, each partition in the order of its
/// offsets.
pub struct TailReader {
    generation: Generation,
    topic: Option<String>,
    places: Places,
    partitions: i32,
    /// By partition: since when something behind the next offset was seen.
    holes: BTreeMap<i32, Instant>,
    looked: Instant,
}

impl TailReader {
    /// Begins behind what is settled.
    pub async fn begin(live: Arc<Live>) -> Result<Self, QueryError> {
        let mut reader = Self {
            generation: live.generation.clone(),
            topic: Log::topic(&live).await?,
            places: Places::default(),
            partitions: 0,
            holes: BTreeMap::new(),
            looked: Instant::now(),
        };
        if let Some(topic) = &reader.topic {
            let log = Log { live: &live, topic };
            for partition in 0..live.partitions.unwrap_or(0) {
                let end = settled_end(&log, partition).await?;
                reader.places.set(partition, end);
            }
        }
        reader.grow_to(live.partitions);
        Ok(reader)
    }

    pub fn reads(&self, live: &Live) -> bool {
        self.generation == live.generation
    }

    pub fn end(&self) -> End {
        End {
            generation: self.generation.clone(),
            topic: self.topic.clone(),
            places: self.places.clone(),
        }
    }

    /// What has been logged since, up to a hole.
    pub async fn read_on(&mut self, live: Arc<Live>) -> Result<Vec<LoggedRecord>, QueryError> {
        self.grow_to(live.partitions);
        if self.topic.is_none() {
            self.topic = Log::topic(&live).await?;
        }
        let Some(topic) = self.topic.clone() else {
            return Ok(Vec::new());
        };
        let topic = &topic;
        let log = Log { live: &live, topic };
        if self.looked.elapsed() >= LOOK {
            self.looked = Instant::now();
            self.pass_holes(&log).await?;
        }
        let ranges: Vec<_> = self
            .places
            .iter()
            .map(|(partition, next)| (partition, next..next + WIDTH))
            .collect();
        let mut records = log.read(&ranges).await?;
        // Nothing is waited for from here on: what is taken is handed out.
        records.retain(|record| {
            let follows = record.offset == self.places.next(record.partition);
            if follows {
                self.places.set(record.partition, record.offset + 1);
                self.holes.remove(&record.partition);
            }
            follows
        });
        Ok(records)
    }

    fn grow_to(&mut self, partitions: Option<i32>) {
        for partition in self.partitions..partitions.unwrap_or(0) {
            self.places.set(partition, self.places.next(partition));
            self.partitions = partition + 1;
        }
    }

    async fn pass_holes(&mut self, log: &Log<'_>) -> Result<(), QueryError> {
        for (partition, next) in self.places.clone().iter() {
            let Some(first) = log.first_from(partition, next).await?.filter(|o| *o > next) else {
                continue;
            };
            let since = *self.holes.entry(partition).or_insert_with(Instant::now);
            if since.elapsed() >= PATIENCE {
                tracing::warn!(
                    partition,
                    from = next,
                    to = first,
                    "the event log has a hole"
                );
                self.places.set(partition, first);
                self.holes.remove(&partition);
            }
        }
        Ok(())
    }
}

/// Behind the records that follow one another up to the end, or up to a hole just before it.
async fn settled_end(log: &Log<'_>, partition: i32) -> Result<i64, QueryError> {
    let end = log.end(partition).await?;
    let first = log.first_from(partition, (end - UNSETTLED).max(0)).await?;
    let first = first.unwrap_or(end);
    let there = log.offsets(partition, first..end).await?;
    let run = there
        .into_iter()
        .zip(first..end)
        .take_while(|(a, b)| a == b);
    Ok(first + run.count() as i64)
}
