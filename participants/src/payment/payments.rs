use std::sync::Arc;

use domain::OccurredOn;
use domain::payment::{Payment, PaymentError, Wish};
use event_store::{
    CommandContext, CommandExecutor, Current, EventStore, EventStoreError, ExecuteError,
};
use runtime::{Clock, Ids};

use super::provider::Said;
use super::recent::Recent;

/// Payments, and what the provider says of them.
#[derive(Clone)]
pub struct Payments {
    store: EventStore<Payment>,
    recent: Recent,
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
            recent: Recent::default(),
            clock,
            ids,
        }
    }

    /// As it stands, for somebody who does what it wishes.
    pub async fn current(&self, order_id: &str) -> Result<Option<Payment>, EventStoreError> {
        let known = self.store.current(order_id).await?;
        if let Some(known) = &known {
            let seat = self.recent.seat(order_id);
            let mut seen = seat.lock().await;
            match &*seen {
                // Noted while this was read.
                Some(seen) if seen.version > known.version => {
                    return Ok(Some(seen.aggregate.clone()));
                }
                _ => *seen = Some(known.clone()),
            }
        }
        Ok(known.map(|known| known.aggregate))
    }

    /// For whoever has written a payment in another way: what it wishes for now is read again.
    pub fn forget(&self, order_id: &str) {
        self.recent.forget(order_id);
    }

    /// Notes what the provider says; what is known already changes nothing. Returns what is wished
    /// for then, as far as is known here.
    pub async fn note(&self, order_id: &str, said: Said) -> Result<Option<Wish>, NotNoted> {
        let seat = self.recent.seat(order_id);
        let mut seen = seat.lock().await;
        // Only what has been written comes back.
        let known = match seen.take() {
            Some(known) => known,
            None => {
                let known = self.store.current(order_id).await?;
                known.ok_or(NotNoted::Contradicts(PaymentError::NotRequested))?
            }
        };
        // What a payment knows of its intent it does not forget, however much has been noted since.
        if let Ok(None) = known.aggregate.decide(said.clone().into()) {
            let wish = known.aggregate.wish();
            *seen = Some(known);
            return Ok(wish);
        }
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
            Ok(executed) => {
                let wish = executed.aggregate.wish();
                *seen = Some(Current {
                    aggregate: executed.aggregate,
                    version: executed.version,
                    context,
                });
                Ok(wish)
            }
            Err(ExecuteError::Refused(error)) => Err(NotNoted::Contradicts(error)),
            Err(ExecuteError::Store(error)) => Err(error.into()),
            Err(ExecuteError::Contended { .. } | ExecuteError::VersionMismatch { .. }) => {
                Err(NotNoted::Busy)
            }
        }
    }
}
