use uuid::Uuid;

use super::State;
use crate::EventStoreError;
use crate::error::classify;

/// Why the desk did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error("there is no dead letter {0}")]
    NotFound(Uuid),
    /// Published or applied after all, or given up before.
    #[error("dead letter {id} is {state}: nothing is left to be done about it")]
    Settled { id: Uuid, state: State },
    /// The projector's record is an event of the store, which every projection has to apply.
    #[error(
        "dead letter {id} is the stored event {event_id}, which cannot be given up: mend the code \
         or the upcaster that cannot apply it, and requeue the item"
    )]
    StoredEvent { id: Uuid, event_id: Uuid },
    #[error(transparent)]
    Store(#[from] EventStoreError),
}

impl From<tokio_postgres::Error> for DeskError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Store(classify(&error))
    }
}
