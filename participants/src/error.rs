use domain::contract::ContractError;
use event_store::EventStoreError;
use event_store::dead_letters::Reason;
use messaging::MessagingError;
use uuid::Uuid;

/// What keeps a participant from going on as a whole. The batch in hand stays in hand.
#[derive(Debug, thiserror::Error)]
pub enum ParticipantError {
    #[error("Kafka: {0}")]
    Kafka(#[from] MessagingError),
    #[error("Kafka ended the group membership ({0}); joining anew")]
    Rejoined(String),
    #[error("event store: {0}")]
    EventStore(#[from] EventStoreError),
    #[error("migration failed: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error(
        "offsets of {group} are missing from {topic} ({detail}): events may have been trimmed \
         before they were read"
    )]
    OffsetLost {
        group: String,
        topic: String,
        detail: String,
    },
}

/// Why one record cannot be taken in, and would not be the next time either.
#[derive(Debug, thiserror::Error)]
pub enum RecordFault {
    #[error("the record has no value")]
    NoValue,
    #[error("the record's key is not the event's aggregate id {0:?}")]
    KeyMismatch(String),
    #[error("the event is of a {0:?}, which does not belong on this topic")]
    OtherAggregate(String),
    #[error("no event has the id {0}: it is not the one of this aggregate and version")]
    EventId(Uuid),
    #[error(transparent)]
    Contract(#[from] ContractError),
    #[error("the state of {id} cannot be read: {reason}")]
    State { id: String, reason: String },
    #[error("{0}")]
    Refused(String),
    #[error("Postgres refused what came of it: {0}")]
    Write(String),
}

impl RecordFault {
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Write(_) => Reason::ServiceError,
            _ => Reason::InvalidData,
        }
    }

    /// Shown with the dead letter. Items of the last two are tried again by code that knows more.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NoValue => "no_value",
            Self::KeyMismatch(_) => "key_mismatch",
            Self::OtherAggregate(_) => "other_aggregate",
            Self::EventId(_) => "foreign_event_id",
            Self::State { .. } => "unreadable_state",
            Self::Refused(_) => "refused",
            Self::Write(_) => "write_refused",
            Self::Contract(ContractError::Envelope(_)) => "no_event",
            Self::Contract(ContractError::Content { .. }) => "unexpected_content",
            Self::Contract(ContractError::UnknownEventType(_)) => UNKNOWN_EVENT_TYPE,
            Self::Contract(ContractError::UnknownSchemaVersion { .. }) => UNKNOWN_SCHEMA_VERSION,
        }
    }
}

pub(crate) const UNKNOWN_EVENT_TYPE: &str = "unknown_event_type";
pub(crate) const UNKNOWN_SCHEMA_VERSION: &str = "unknown_schema_version";
