use std::sync::Arc;

use domain::OccurredOn;
use domain::order::{Order, OrderCommand, OrderStatus};
use event_store::{CommandContext, CommandExecutor, ExecuteError, Executed, ExpectedVersion};
use runtime::http::{Problem, RequestContext};
use runtime::{Clock, Ids};

use crate::answer::problem;

/// What the handlers share.
#[derive(Clone)]
pub struct CommandApi {
    executor: Arc<CommandExecutor<Order>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

impl CommandApi {
    pub fn new(executor: CommandExecutor<Order>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            executor: Arc::new(executor),
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

fn count<E: std::error::Error>(executed: &Result<Executed<Order>, ExecuteError<E>>) {
    let outcome = match executed {
        Ok(executed) if executed.events.is_empty() => "unchanged",
        Ok(_) => "appended",
        Err(ExecuteError::Refused(_) | ExecuteError::VersionMismatch { .. }) => "refused",
        Err(ExecuteError::Contended { .. }) => "contended",
        Err(ExecuteError::Store(_)) => "failed",
    };
    metrics::counter!("order_commands_total", "outcome" => outcome).increment(1);
    if let Ok(executed) = executed
        && !executed.events.is_empty()
    {
        let to = executed
            .aggregate
            .status()
            .map_or("none", OrderStatus::as_str);
        metrics::counter!("order_transitions_total", "to" => to).increment(1);
    }
}
