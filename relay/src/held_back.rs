use std::time::Duration;

use event_store::{HeldRecord, Outbox, Retries};
use messaging::{Delivery, Kafka, LastingProducer, MessagingError};

use crate::RelayError;
use crate::lane::{Attempt, refuse};
use crate::leases::Leases;
use crate::publish::publish_one;

/// How many refused records are looked at in a turn.
const AT_ONCE: i64 = 16;

/// Tries refused records again, when they are due or somebody asked for it, one at a time and with
/// a producer of their own: the others' does not suffer from another refusal.
pub struct HeldBack {
    outbox: Outbox,
    leases: Leases,
    retries: Retries,
    producer: LastingProducer,
}

/// What a turn over the refused records did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldTurn {
    /// None is due; the next one is then, if one is known.
    Idle {
        next: Option<Duration>,
    },
    Tried {
        published: usize,
        refused: usize,
    },
}

impl HeldBack {
    pub(crate) fn new(outbox: Outbox, kafka: &Kafka, leases: Leases, retries: Retries) -> Self {
        Self {
            outbox,
            leases,
            retries,
            producer: kafka.lasting_producer(),
        }
    }

    /// Tries what is due. A record that goes out releases its key: what waited behind it is
    /// published by the next ordinary turn.
    pub async fn turn(&mut self) -> Result<HeldTurn, RelayError> {
        let slots: Vec<i16> = self.leases.held().iter().map(|l| l.slot).collect();
        let held = self.outbox.held(&slots, AT_ONCE).await?;
        if held.first().is_none_or(|first| !first.wait.is_zero()) {
            let next = held.first().map(|first| first.wait);
            return Ok(HeldTurn::Idle { next });
        }
        let (mut published, mut refused) = (0, 0);
        for due in held.iter().filter(|held| held.wait.is_zero()) {
            match self.attempt(due).await? {
                true => published += 1,
                false => refused += 1,
            }
        }
        Ok(HeldTurn::Tried { published, refused })
    }

    async fn attempt(&mut self, due: &HeldRecord) -> Result<bool, RelayError> {
        let record = &due.record;
        if self.leases.of(record.slot).is_none() {
            return Ok(false);
        }
        let payload = due.payload()?;
        let delivery = publish_one(&mut self.producer, record, &payload).await?;
        match delivery {
            Delivery::Acknowledged { partition, offset } => {
                self.outbox.release(record.position, due.discarded).await?;
                metrics::counter!("outbox_published_total").increment(1);
                tracing::info!(
                    order_id = record.key,
                    version = record.version,
                    event_id = %record.event_id,
                    topic = record.topic,
                    partition,
                    offset,
                    stub = due.discarded,
                    "published after all: its key is held back no longer"
                );
                Ok(true)
            }
            Delivery::Refused(error) | Delivery::RefusedWithOthers(error) => {
                let error = error.to_string();
                let refused = Attempt {
                    record,
                    due: Some(due.due),
                    error: &error,
                };
                refuse(&self.outbox, &self.leases, refused, &self.retries).await?;
                Ok(false)
            }
            Delivery::NotSent => Ok(false),
            Delivery::Failed(error) => Err(MessagingError::from(error).into()),
        }
    }
}
