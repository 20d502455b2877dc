use domain::contract::ContractError;
use domain::order::IllegalEvent;
use event_store::EventStoreError;
use event_store::dead_letters::Reason;
use messaging::MessagingError;
use read_models::ReadModelError;
use uuid::Uuid;

/// What keeps the projector from going on as a whole. The batch in hand stays in hand.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    #[error("MongoDB: {0}")]
    MongoDb(#[from] ReadModelError),
    #[error("Kafka: {0}")]
    Kafka(#[from] MessagingError),
    #[error("Kafka ended the group membership ({0}); joining anew")]
    Rejoined(String),
    #[error("event store: {0}")]
    EventStore(#[from] EventStoreError),
    #[error("the documents' answer cannot be read: {0}")]
    Answer(String),
    #[error("a document cannot be written: {0}")]
    Document(#[from] bson::error::Error),
    #[error("writing was cut off: {0}")]
    Writing(#[from] tokio::task::JoinError),
    #[error("sagas cannot be told of: {0}")]
    Telling(String),
    #[error("totals could not be computed: {0}")]
    Totals(String),
    /// Not even that an order is held back can be written.
    #[error("MongoDB refused what holds back {order_id}: {fault}")]
    Hold {
        order_id: String,
        fault: RecordFault,
    },
    #[error(
        "offsets of {group} are missing from the topic ({detail}): events may have been trimmed \
         before they were read, so the read model has to be filled again from the store"
    )]
    OffsetLost { group: String, detail: String },
    #[error(
        "the live generation {number} of {projection} has schema version {found} and is left \
         alone, for this code writes {known}: run `orders projections rebuild {projection}`"
    )]
    OtherSchema {
        projection: &'static str,
        number: u32,
        found: u32,
        known: u32,
    },
    #[error("{projection} has no generation: no projector has run yet")]
    NoLive { projection: &'static str },
    #[error("another process has taken up the same replay")]
    Overtaken,
    #[error("another generation was made the live one meanwhile: begin again")]
    Switched,
    #[error("{projection} has no generation {number}")]
    NoGeneration {
        projection: &'static str,
        number: u32,
    },
    #[error("somebody else is at work on generation {number} of {projection}: {owner}")]
    BeingBuilt {
        projection: &'static str,
        number: u32,
        owner: String,
    },
    #[error("somebody else has taken over, for this builder gave no sign for several seconds")]
    TakenOver,
    #[error(
        "generation {number} of {projection} was left unfinished with schema version {found}, this \
         code writes {known}: run `orders projections drop {projection} {number}` first"
    )]
    LeftUnfinished {
        projection: &'static str,
        number: u32,
        found: u32,
        known: u32,
    },
    #[error("generation {number} of {projection} is not filled")]
    NotFilled {
        projection: &'static str,
        number: u32,
    },
    #[error(
        "nobody follows generation {number} of {projection}: what it answers would not be fresh, \
         and stay so until somebody does; `--stale` if that is meant"
    )]
    Unfollowed {
        projection: &'static str,
        number: u32,
    },
    #[error("{projection} was never switched: there is nothing to go back to")]
    NoPrevious { projection: &'static str },
    #[error("generation {number} of {projection} answers queries: switch to another one first")]
    Live {
        projection: &'static str,
        number: u32,
    },
    #[error(
        "generation {number} of {projection} is still followed, from {}; whoever was killed \
         leaves when its session ends: try again",
        hosts.join(", ")
    )]
    Followed {
        projection: &'static str,
        number: u32,
        hosts: Vec<String>,
    },
    #[error("filling was cut off: {0}")]
    Filling(String),
}

impl From<mongodb::error::Error> for ProjectorError {
    fn from(error: mongodb::error::Error) -> Self {
        Self::MongoDb(error.into())
    }
}

/// Why one record cannot be applied, and would not be the next time either.
#[derive(Debug, thiserror::Error)]
pub enum RecordFault {
    #[error("the record has no value")]
    NoValue,
    #[error("the record's key is not the event's aggregate id {0:?}")]
    KeyMismatch(String),
    #[error("the event is of a {0:?}, not of an Order")]
    OtherAggregate(String),
    #[error("the event is of a {0:?}, which takes part in no saga")]
    NoParticipant(String),
    #[error("versions start at 1, this event has {0}")]
    NoVersion(u64),
    #[error("no event of the store has the id {0}: it is not the one of this order and version")]
    EventId(Uuid),
    #[error("the store's own events of {order_id} cannot be read: {reason}")]
    Store { order_id: String, reason: String },
    #[error("the order's document cannot be read: {0}")]
    Unreadable(String),
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// Of an event that is no order's.
    #[error(transparent)]
    Participant(ContractError),
    #[error(transparent)]
    Illegal(#[from] IllegalEvent),
    #[error("version {version} of {order_id} follows {known}, and the store has nothing between")]
    Gap {
        order_id: String,
        known: i64,
        version: u64,
    },
    #[error("MongoDB refused the document (code {code}): {message}")]
    Document { code: i32, message: String },
}

impl RecordFault {
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::Document { .. } => Reason::ServiceError,
            _ => Reason::InvalidData,
        }
    }

    /// Shown with the dead letter. Items of the last two constants are tried again by code that knows more.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::NoValue => "no_value",
            Self::KeyMismatch(_) => "key_mismatch",
            Self::OtherAggregate(_) => "other_aggregate",
            Self::NoParticipant(_) => "no_participant",
            Self::NoVersion(_) => "no_version",
            Self::EventId(_) => "foreign_event_id",
            Self::Store { .. } => "unreadable_store",
            Self::Unreadable(_) => "unreadable_document",
            Self::Illegal(_) => "illegal_event",
            Self::Gap { .. } => "gap",
            Self::Document { .. } => "document_refused",
            Self::Contract(ContractError::Envelope(_))
            | Self::Participant(ContractError::Envelope(_)) => "no_event",
            Self::Contract(ContractError::Content { .. })
            | Self::Participant(ContractError::Content { .. }) => "unexpected_content",
            // Names of their own: the order's store cannot help with those.
            Self::Participant(ContractError::UnknownEventType(_)) => {
                "unknown_event_type_of_a_participant"
            }
            Self::Participant(ContractError::UnknownSchemaVersion { .. }) => {
                "unknown_schema_version_of_a_participant"
            }
            Self::Contract(ContractError::UnknownEventType(_)) => UNKNOWN_EVENT_TYPE,
            Self::Contract(ContractError::UnknownSchemaVersion { .. }) => UNKNOWN_SCHEMA_VERSION,
        }
    }
}

pub(crate) const UNKNOWN_EVENT_TYPE: &str = "unknown_event_type";
pub(crate) const UNKNOWN_SCHEMA_VERSION: &str = "unknown_schema_version";
