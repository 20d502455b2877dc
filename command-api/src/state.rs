use std::sync::Arc;

use domain::OccurredOn;
use domain::order::{Order, OrderCommand, OrderError, OrderEvent, OrderStatus, PlacedOrder};
use event_store::dead_letters::DeadLetters;
use event_store::{CommandContext, CommandExecutor, ExecuteError, Executed, ExpectedVersion};
use runtime::http::{Problem, RequestContext};
use runtime::{Clock, Ids};

use crate::answer::problem;

/// What the handlers share.
#[derive(Clone)]
pub struct CommandApi {
    executor: Arc<CommandExecutor<Order>>,
    pub(crate) dead_letters: DeadLetters,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl CommandApi {
    pub fn new(
        executor: CommandExecutor<Order>,
        dead_letters: DeadLetters,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        Self {
            executor: Arc::new(executor),
            dead_letters,
            clock,
            ids,
        }
    }

    pub(crate) fn new_order_id(&self) -> String {
        self.ids.next().to_string()
    }

    pub(crate) async fn execute(
        &self,
        order_id: &str,
        expected: ExpectedVersion,
        command: OrderCommand,
        request: RequestContext,
    ) -> Result<Executed<Order>, Problem> {
        let context = CommandContext {
            command_id: self.ids.next(),
            correlation_id: request.request_id,
            traceparent: request.traceparent,
            occurred_on: OccurredOn::new(self.clock.now()),
        };
        let executed = self
            .executor
            .execute(order_id, expected, command, &context)
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
        executed.map_err(|error| problem(order_id, error))
    }
}

fn count(executed: &Result<Executed<Order>, ExecuteError<OrderError>>) {
    let outcome = match executed {
        Ok(executed) if executed.events.is_empty() => "unchanged",
        Ok(_) => "appended",
        Err(ExecuteError::Refused(_) | ExecuteError::VersionMismatch { .. }) => "refused",
        Err(ExecuteError::Contended { .. }) => "contended",
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
    })
}
