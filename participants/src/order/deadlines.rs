use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use domain::OccurredOn;
use domain::order::Order;
use domain::saga::{REACTIONS, Seen, order};
use event_store::{
    CommandContext, CommandExecutor, EventStore, EventStoreError, ExecuteError, ExpectedVersion,
    Since,
};
use runtime::health::Check;
use runtime::{Clock, Ids};
use tokio_util::sync::CancellationToken;

/// Between looks at what is overdue.
const LOOK: Duration = Duration::from_secs(1);
/// Orders given up in a turn.
const AT_ONCE: i64 = 100;
/// As the partial index has it.
const SAGA_IS_OPEN: &str = "state -> 'saga' IS NOT NULL
      AND status IN ('PENDING', 'STOCK_RESERVED', 'PAYMENT_PENDING', 'PAYMENT_PROCESSING',
                     'PAYMENT_FAILED')";

/// Gives up orders whose saga has not ended in time. The deadline is the order's own row: it is as
/// durable as the order, and however many processes watch, the first one's event ends it.
pub struct Deadlines {
    store: EventStore<Order>,
    executor: CommandExecutor<Order>,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl Deadlines {
    /// A saga may take `timeout`, by Postgres's clock.
    pub fn new(
        store: EventStore<Order>,
        timeout: Duration,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self {
            executor: CommandExecutor::new(store.clone(), ()),
            store,
            timeout,
            clock,
            ids,
        }
    }

    /// Returns how many orders were given up.
    pub async fn turn(&self) -> Result<usize, EventStoreError> {
        let overdue = self
            .store
            .waiting(SAGA_IS_OPEN, Since::Created, self.timeout, AT_ONCE);
        let mut given_up = 0;
        for order_id in overdue.await? {
            match self.give_up(&order_id).await {
                Ok(true) => given_up += 1,
                Ok(false) => {}
                // It keeps no other waiting.
                Err(
                    error @ (EventStoreError::Unreadable(_) | EventStoreError::Metadata { .. }),
                ) => {
                    refused(&order_id, &error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(given_up)
    }

    async fn give_up(&self, order_id: &str) -> Result<bool, EventStoreError> {
        let events = self.store.stream(order_id).await?;
        let Some(first) = events.first() else {
            return Ok(false);
        };
        let begun = CommandContext::from_metadata(&first.metadata)?;
        let mut order_now = Order::default();
        for event in &events {
            cqrs_es::Aggregate::apply(&mut order_now, event.payload.clone());
        }
        let saga = order_now.placed().and_then(|placed| placed.saga.as_ref());
        let Some(flow) = saga.map(|saga| saga.terms.flow) else {
            return Ok(false);
        };
        let mut given_up = false;
        for (_, command) in order(REACTIONS, &Seen::TimeIsUp(flow)) {
            let context = CommandContext {
                command_id: self.ids.next(),
                occurred_on: OccurredOn::new(self.clock.now()),
                ..begun.clone()
            };
            let executed = self
                .executor
                .execute(order_id, ExpectedVersion::Any, command, &context)
                .await;
            match executed {
                Ok(executed) => given_up |= !executed.events.is_empty(),
                // Somebody else is at work on it; if that is not its end, the next look finds it.
                Err(ExecuteError::Contended { .. } | ExecuteError::VersionMismatch { .. }) => {}
                Err(ExecuteError::Refused(error)) => refused(order_id, &error),
                Err(ExecuteError::Store(error)) => return Err(error),
            }
        }
        if given_up {
            tracing::info!(order_id, "given up: not finished in time");
        }
        Ok(given_up)
    }

    /// Turns until `stop`.
    pub async fn run(self, check: Check, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.turn().await {
                Ok(given_up) => {
                    check.up();
                    if given_up as i64 == AT_ONCE {
                        continue;
                    }
                }
                Err(error) => check.away(error),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

fn refused(order_id: &str, error: &impl Display) {
    tracing::error!(order_id, %error, "an order that is overdue cannot be given up");
}
