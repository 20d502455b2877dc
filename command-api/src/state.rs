use std::collections::BTreeMap;
use std::sync::Arc;

use domain::OccurredOn;
use domain::order::{Order, OrderError, OrderEvent, OrderStatus, PlacedOrder};
use event_store::dead_letters::DeadLetters;
use event_store::{
    CommandContext, CommandExecutor, Database, EventStoreError, ExecuteError, Executed,
    IdempotencyKeys, MakeAnswer, Terms,
};
use runtime::{Clock, Ids};

use crate::asked::Asked;
use crate::dead_letters::{Desk, Owner};
use crate::idempotency::UnderWay;
use crate::settings::Settings;

/// What the handlers share.
#[derive(Clone)]
pub struct CommandApi {
    executor: Arc<CommandExecutor<Order>>,
    pub(crate) keys: IdempotencyKeys,
    pub(crate) under_way: UnderWay,
    pub(crate) dead_letters: DeadLetters,
    pub(crate) desks: Arc<BTreeMap<Owner, Desk>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    pub(crate) settings: Settings,
}

impl CommandApi {
    pub fn new(
        executor: CommandExecutor<Order>,
        keys: IdempotencyKeys,
        dead_letters: DeadLetters,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        settings: Settings,
    ) -> Self {
        Self {
            executor: Arc::new(executor),
            keys,
            under_way: UnderWay::default(),
            dead_letters,
            desks: Arc::default(),
            clock,
            ids,
            settings,
        }
    }

    /// With the desk of a participant that has its streams in `database`.
    pub fn with_desk(mut self, owner: Owner, database: &Database) -> Self {
        Arc::make_mut(&mut self.desks).insert(owner, Desk::new(database));
        self
    }

    pub(crate) fn new_order_id(&self) -> String {
        self.ids.next().to_string()
    }

    pub(crate) async fn execute(
        &self,
        asked: &Asked,
        answer: Option<&MakeAnswer<'_, Order>>,
    ) -> Result<Executed<Order>, ExecuteError<OrderError>> {
        let (order_id, request) = (&asked.order_id, &asked.head.request);
        let context = CommandContext {
            command_id: self.ids.next(),
            correlation_id: request.request_id.clone(),
            traceparent: Some(request.traceparent.clone()),
            occurred_on: OccurredOn::new(self.clock.now()),
        };
        let terms = Terms {
            expected: asked.expected,
            admit: Some(&|order| asked.admit(order)),
            answer,
        };
        let executed = self
            .executor
            .execute_on(order_id, &terms, asked.command.clone(), &context)
            .await;
        count(&executed);
        if let Ok(executed) = &executed {
            for event in &executed.events {
                tracing::debug!(
                    order_id,
                    version = event.sequence,
                    event_id = %domain::event_id("Order", order_id, event.sequence as u64),
                    correlation_id = context.correlation_id,
                    "appended"
                );
            }
        }
        executed
    }
}

fn count(executed: &Result<Executed<Order>, ExecuteError<OrderError>>) {
    let outcome = match executed {
        Ok(executed) if executed.events.is_empty() => "unchanged",
        Ok(_) => "appended",
        Err(ExecuteError::Refused(_) | ExecuteError::VersionMismatch { .. }) => "refused",
        Err(ExecuteError::Contended { .. }) => "contended",
        Err(ExecuteError::Store(EventStoreError::IdempotencyKeyTaken)) => "repeated",
        Err(ExecuteError::Store(_)) => "failed",
    };
    metrics::counter!("order_commands_total", "outcome" => outcome).increment(1);
    match executed {
        Ok(executed) => {
            if let (Some(from), Some(to)) = (came_from(executed), executed.aggregate.status()) {
                let to = to.as_str();
                metrics::counter!("order_transitions_total", "from" => from, "to" => to)
                    .increment(1);
            }
        }
        Err(ExecuteError::Refused(OrderError::InvalidTransition { from, to })) => {
            let (from, to) = (from.as_str(), to.as_str());
            metrics::counter!("order_transitions_refused_total", "from" => from, "to" => to)
                .increment(1);
        }
        Err(_) => {}
    }
}

/// The status before the command; `None` where it changed nothing. An order that has a payment was
/// confirmed before it was cancelled.
fn came_from(executed: &Executed<Order>) -> Option<&'static str> {
    let paid = |order: &PlacedOrder| order.payment_id.is_some();
    Some(match &executed.events.first()?.payload {
        OrderEvent::OrderCreated(_) => "none",
        OrderEvent::OrderConfirmed { .. } => OrderStatus::Pending.as_str(),
        OrderEvent::OrderCancelled { .. } if executed.aggregate.placed().is_some_and(paid) => {
            OrderStatus::Confirmed.as_str()
        }
        OrderEvent::OrderCancelled { .. } => OrderStatus::Pending.as_str(),
        // No command that comes over HTTP leads to the others.
        _ => return None,
    })
}
