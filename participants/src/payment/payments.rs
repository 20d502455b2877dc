use std::sync::Arc;

use domain::OccurredOn;
use domain::payment::{Payment, PaymentError, Wish};
use event_store::{
    CommandContext, CommandExecutor, Current, EventStore, EventStoreError, ExecuteError,
};
use runtime::{Clock, Ids};

use super::provider::Said;

/// Payments, and what the provider says of them.
#[derive(Clone)]
pub struct Payments {
    pub(super) store: EventStore<Payment>,
    executor: Arc<CommandExecutor<Payment>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
}

/// Why what the provider says is not noted.
#[derive(Debug, thiserror::Error)]
pub enum NotNoted {
    /// It does not go with the payment: somebody has to look at it.
    #[error(transparent)]
    Contradicts(PaymentError),
    /// Other things were noted faster each time.
    #[error("the payment was busy")]
    Busy,
    #[error(transparent)]
    Store(#[from] EventStoreError),
}

impl Payments {
    pub fn new(store: EventStore<Payment>, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            executor: Arc::new(CommandExecutor::new(store.clone(), ())),
            store,
            clock,
            ids,
        }
    }

    /// Notes what the provider says; what is known already changes nothing. Returns what is wished
    /// for then.
    pub async fn note(&self, order_id: &str, said: Said) -> Result<Option<Wish>, NotNoted> {
        let known = self.store.current(order_id).await?;
        let known = known.ok_or(NotNoted::Contradicts(PaymentError::NotRequested))?;
        // It was read for this: nothing has to be asked again.
        if let Ok(None) = known.aggregate.decide(said.clone().into()) {
            return Ok(known.aggregate.wish());
        }
        self.note_on(known, order_id, said).await
    }

    pub(super) async fn note_on(
        &self,
        known: Current<Payment>,
        order_id: &str,
        said: Said,
    ) -> Result<Option<Wish>, NotNoted> {
        let context = CommandContext {
            command_id: self.ids.next(),
            occurred_on: OccurredOn::new(self.clock.now()),
            ..known.context
        };
        let read = (known.aggregate, known.version);
        let executed = self
            .executor
            .execute_from(order_id, read, said.into(), &context);
        match executed.await {
            Ok(executed) => Ok(executed.aggregate.wish()),
            Err(ExecuteError::Refused(error)) => Err(NotNoted::Contradicts(error)),
            Err(ExecuteError::Store(error)) => Err(error.into()),
            Err(ExecuteError::Contended { .. } | ExecuteError::VersionMismatch { .. }) => {
                Err(NotNoted::Busy)
            }
        }
    }
}
