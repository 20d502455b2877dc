use event_store::EventStoreError;
use messaging::MessagingError;

/// What keeps a part of the relay from going on. It tries again.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error(transparent)]
    Outbox(#[from] EventStoreError),
    #[error(transparent)]
    Kafka(#[from] MessagingError),
    #[error("a lane ended: {0}")]
    Lane(#[from] tokio::task::JoinError),
}
