use std::collections::{BTreeSet, HashSet};
use std::time::{Instant, SystemTime};

use event_store::{Outbox, OutboxRecord, Refused, Retries};
use messaging::{Delivery, Kafka, LastingProducer, MessagingError};

use crate::RelayError;
use crate::leases::Leases;
use crate::outcome::Outcome;
use crate::publish::{publish, publish_one};
use crate::relay::LANES;

/// Of a lane. A producer has one request on the way, and a request is for one partition: of eight
/// each has its own. A turn ends when all have their answers: one partition that no broker leads
/// makes its lane's others wait.
const PRODUCERS: usize = 4;

/// Publishes the records of some slots with producers of its own: a refused batch ends its producer,
/// and with it what that one had on the way, and no more.
pub(crate) struct Lane {
    outbox: Outbox,
    leases: Leases,
    retries: Retries,
    producers: [LastingProducer; PRODUCERS],
    /// Slots of which a whole batch was refused: their records go one at a time until the one that
    /// is meant is refused alone.
    suspects: BTreeSet<i16>,
}

/// What became of records, one delivery each.
#[derive(Default)]
struct Sent {
    /// In order within each slot.
    records: Vec<OutboxRecord>,
    deliveries: Vec<Delivery>,
    /// Why a producer sent nothing.
    fault: Option<MessagingError>,
}

/// Of slots that one lane has.
fn producer_of(slot: i16) -> usize {
    slot as usize / LANES % PRODUCERS
}

/// What a lane did in a turn.
#[derive(Debug, Default)]
pub(crate) struct LaneTurn {
    pub published: usize,
    /// Records whose attempt was counted.
    pub refused: usize,
    /// The last position of each slot up to which everything is published.
    pub passed: Vec<(i16, i64)>,
}

impl Lane {
    pub fn new(outbox: Outbox, kafka: &Kafka, leases: Leases, retries: Retries) -> Self {
        Self {
            outbox,
            leases,
            retries,
            producers: std::array::from_fn(|_| kafka.lasting_producer()),
            suspects: BTreeSet::new(),
        }
    }

    pub fn warm_up(&mut self) {
        self.producers.iter_mut().for_each(LastingProducer::warm_up);
    }

    /// Sends what was read at `read`, and marks what was acknowledged. No database transaction is
    /// open while Kafka is waited for; with no broker there it waits until one is.
    pub async fn turn(
        &mut self,
        records: Vec<OutboxRecord>,
        read: Instant,
    ) -> Result<LaneTurn, RelayError> {
        // Decided once for each slot: a lease that is renewed in between would drop the head of a
        // run and let its tail through.
        let trusted: HashSet<i16> = self.leases.held().iter().map(|l| l.slot).collect();
        let (suspected, others): (Vec<_>, Vec<_>) = records
            .into_iter()
            .filter(|record| trusted.contains(&record.slot))
            .partition(|record| self.suspects.contains(&record.slot));
        let mut turn = LaneTurn::default();
        let mut outcome = Ok(());
        if !others.is_empty() {
            let sent = self.together(others).await;
            outcome = self
                .settle(&sent.records, &sent.deliveries, read, &mut turn)
                .await
                .and(sent.fault.map_or(Ok(()), |fault| Err(fault.into())));
        }
        // Whatever another partition suffers from.
        if !suspected.is_empty() {
            let deliveries = self.one_at_a_time(&suspected).await?;
            self.settle(&suspected, &deliveries, read, &mut turn)
                .await?;
        }
        outcome.map(|()| turn)
    }

    /// By all producers at once.
    async fn together(&mut self, records: Vec<OutboxRecord>) -> Sent {
        let mut shares: [Vec<OutboxRecord>; PRODUCERS] = Default::default();
        for record in records {
            shares[producer_of(record.slot)].push(record);
        }
        let shares = self.producers.iter_mut().zip(shares);
        let publishing = shares.map(async |(producer, share)| match share.is_empty() {
            true => (share, Ok(Vec::new())),
            false => {
                let deliveries = publish(producer, &share).await;
                (share, deliveries)
            }
        });
        let mut sent = Sent::default();
        for (share, deliveries) in futures::future::join_all(publishing).await {
            let deliveries = deliveries.unwrap_or_else(|fault| {
                sent.fault = Some(fault);
                vec![Delivery::NotSent; share.len()]
            });
            sent.records.extend(share);
            sent.deliveries.extend(deliveries);
        }
        sent
    }

    /// Each awaited, up to the first that is refused alone: the next ones are sent together again.
    async fn one_at_a_time(
        &mut self,
        records: &[OutboxRecord],
    ) -> Result<Vec<Delivery>, RelayError> {
        let mut deliveries = Vec::with_capacity(records.len());
        for record in records {
            if self.leases.of(record.slot).is_none() {
                break;
            }
            let producer = &mut self.producers[producer_of(record.slot)];
            let delivery = publish_one(producer, record, &record.payload).await?;
            let there = matches!(delivery, Delivery::Acknowledged { .. });
            deliveries.push(delivery);
            if !there {
                break;
            }
        }
        self.suspects.clear();
        deliveries.resize(records.len(), Delivery::NotSent);
        Ok(deliveries)
    }

    async fn settle(
        &mut self,
        records: &[OutboxRecord],
        deliveries: &[Delivery],
        read: Instant,
        turn: &mut LaneTurn,
    ) -> Result<(), RelayError> {
        measure(records, deliveries, read);
        let outcome = Outcome::of(records, deliveries);
        self.suspects.extend(&outcome.suspects);
        if !outcome.acknowledged.is_empty() {
            self.outbox.mark_published(&outcome.acknowledged).await?;
            turn.published += outcome.acknowledged.len();
            turn.passed.extend(outcome.passed);
        }
        for (record, error) in outcome.refused {
            let refused = Attempt {
                record,
                due: None,
                error: &error.to_string(),
            };
            refuse(&self.outbox, &self.leases, refused, &self.retries).await?;
            turn.refused += 1;
        }
        match outcome.failed {
            // The refusal of another record ended the producer under it.
            Some(error) if outcome.suspects.is_empty() && turn.refused == 0 => {
                Err(MessagingError::from(error.clone()).into())
            }
            _ => Ok(()),
        }
    }
}

/// An attempt that Kafka refused.
pub(crate) struct Attempt<'a> {
    pub record: &'a OutboxRecord,
    /// Of a record that had been refused before.
    pub due: Option<SystemTime>,
    pub error: &'a str,
}

/// Counts an attempt against a record, under the lease of its slot.
pub(crate) async fn refuse(
    outbox: &Outbox,
    leases: &Leases,
    Attempt { record, due, error }: Attempt<'_>,
    retries: &Retries,
) -> Result<(), RelayError> {
    let Some(lease) = leases.of(record.slot) else {
        return Ok(());
    };
    let refused = outbox
        .mark_refused(record, due, lease, error, retries)
        .await?;
    let (order_id, version) = (&record.key, record.version);
    match refused {
        Refused::Again { attempts } => {
            metrics::counter!("outbox_publish_retries_total").increment(1);
            tracing::warn!(order_id, version, attempts, error, "Kafka refused a record");
        }
        Refused::DeadLetter { id, new: true } => {
            metrics::counter!("dead_letters_total", "source" => "relay", "reason" => "max_retries_exceeded")
                .increment(1);
            tracing::error!(
                order_id, version, dead_letter_id = %id, error,
                "Kafka refused a record for good: what follows under its key is held back"
            );
        }
        Refused::DeadLetter { id, new: false } => {
            metrics::counter!("outbox_publish_retries_total").increment(1);
            tracing::info!(order_id, version, dead_letter_id = %id, error, "refused again");
        }
        Refused::NotOurs => {}
    }
    Ok(())
}

/// Where each event landed at debug level, the turn as one line at info, and how long each took
/// from its append to its acknowledgement.
fn measure(records: &[OutboxRecord], deliveries: &[Delivery], read: Instant) {
    let since = read.elapsed();
    let publishing = metrics::histogram!("relay_publish_seconds");
    let mut keys = HashSet::new();
    let mut acknowledged = 0_u64;
    for (record, delivery) in records.iter().zip(deliveries) {
        keys.insert(&record.key);
        if let Delivery::Acknowledged { partition, offset } = delivery {
            acknowledged += 1;
            publishing.record((record.age + since).as_secs_f64());
            tracing::debug!(
                order_id = record.key,
                version = record.version,
                event_id = %record.event_id,
                correlation_id = record.headers.get("correlation-id"),
                traceparent = record.headers.get("traceparent"),
                topic = record.topic,
                partition,
                offset,
                "published"
            );
        }
    }
    metrics::counter!("outbox_published_total").increment(acknowledged);
    tracing::info!(
        records = records.len(),
        keys = keys.len(),
        acknowledged,
        "batch"
    );
}
