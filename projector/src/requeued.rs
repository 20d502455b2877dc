use std::marker::PhantomData;
use std::time::Duration;

use domain::contract::ContractError;
use domain::order::Order;
use event_store::EventStore;
use event_store::dead_letters::{DeadLetters, Source, WaitingDeadLetter};
use messaging::IncomingRecord;
use read_models::{Generation, HeldBack, ReadDatabase};
use runtime::health::Check;
use tokio_util::sync::CancellationToken;

use crate::batch::{order_id, parse};
use crate::error::{UNKNOWN_EVENT_TYPE, UNKNOWN_SCHEMA_VERSION};
use crate::heal::{Healed, Healer};
use crate::stranded::Stranded;
use crate::{OrderProjection, OrderView, ProjectorError, RecordFault};

/// Items looked at in a turn.
const AT_ONCE: i64 = 50;
/// Between looks at the desk.
const LOOK: Duration = Duration::from_secs(1);

/// Takes up the projector's dead letters that were requeued. The record itself is never applied:
/// the order is folded from the event store.
pub struct Requeued<P: OrderProjection = OrderView> {
    healer: Healer<P>,
    dead_letters: DeadLetters,
    stranded: Stranded,
}

impl<P: OrderProjection> Requeued<P> {
    pub fn new(
        database: ReadDatabase,
        store: EventStore<Order>,
        dead_letters: DeadLetters,
        generation: Generation,
    ) -> Self {
        Self {
            healer: Healer {
                database,
                generation,
                store,
                projection: PhantomData,
            },
            dead_letters,
            stranded: Stranded::default(),
        }
    }

    /// Requeues what failed because code older than this did not know its type or version.
    /// Returns how many items that are.
    pub async fn requeue_known(&self) -> Result<usize, ProjectorError> {
        let faults = [UNKNOWN_EVENT_TYPE, UNKNOWN_SCHEMA_VERSION];
        let (mut after, mut known) = (0, 0);
        loop {
            let items =
                self.dead_letters
                    .open_with_fault(Source::Projector, &faults, after, AT_ONCE);
            let items = items.await?;
            let Some(last) = items.last() else {
                return Ok(known);
            };
            after = last.position;
            for item in items {
                let unknown = matches!(
                    parse(&record(&item)),
                    Err(RecordFault::Contract(
                        ContractError::UnknownEventType(_)
                            | ContractError::UnknownSchemaVersion { .. }
                    ))
                );
                if !unknown {
                    let why = "this version knows the event's type and schema version";
                    self.dead_letters
                        .requeue_as(item.id, "projector", why)
                        .await?;
                    known += 1;
                }
            }
        }
    }

    /// Heals what was requeued, and what waits for no item any more. Returns how many items were
    /// taken up.
    pub async fn turn(&mut self) -> Result<usize, ProjectorError> {
        let items = self
            .dead_letters
            .requeued(Source::Projector, AT_ONCE)
            .await?;
        for item in &items {
            match self.attempt(item).await? {
                None => {
                    self.dead_letters.resolve(item.id).await?;
                    tracing::info!(dead_letter_id = %item.id, "resolved");
                }
                Some(error) => {
                    self.dead_letters.failed_again(item.id, &error).await?;
                    tracing::warn!(dead_letter_id = %item.id, error, "failed again");
                }
            }
        }
        self.stranded.turn(&self.healer, &self.dead_letters).await?;
        Ok(items.len())
    }

    /// Why it cannot be resolved, if so.
    async fn attempt(&self, item: &WaitingDeadLetter) -> Result<Option<String>, ProjectorError> {
        let record = record(item);
        let healed = match order_id(&record) {
            Some(order_id) => self.healer.heal(order_id, Some(item.id)).await?,
            None => Healed::NoStream,
        };
        Ok(match healed {
            Healed::Clean => None,
            Healed::Held(fault) => Some(fault.to_string()),
            Healed::NoStream => Some(match parse(&record) {
                Ok(_) => "the event store knows no such order".to_owned(),
                Err(fault) => fault.to_string(),
            }),
        })
    }

    /// Turns until `stop`, and keeps the gauge of held orders.
    pub async fn run(mut self, check: Check, stop: CancellationToken) {
        let mut known = false;
        while !stop.is_cancelled() {
            let turn = async {
                if !known {
                    self.requeue_known().await?;
                    known = true;
                }
                self.turn().await?;
                self.measure().await
            };
            match turn.await {
                Ok(()) => check.up(),
                Err(error) => check.away(error),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn measure(&self) -> Result<(), ProjectorError> {
        let orders = self.healer.database.orders(&self.healer.generation);
        let held = orders.count_documents(HeldBack::filter()).await?;
        let generation = self.healer.generation.number.to_string();
        metrics::gauge!("keys_blocked", "by" => "projector", "projection" => P::NAME,
            "generation" => generation)
        .set(held as f64);
        Ok(())
    }
}

fn record(item: &WaitingDeadLetter) -> IncomingRecord {
    let (partition, offset) = item.place.unwrap_or((-1, -1));
    let original = item.original.clone();
    IncomingRecord {
        topic: original.topic,
        partition,
        offset,
        key: original.key,
        payload: original.value,
        headers: original.headers,
    }
}
