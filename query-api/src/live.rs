use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use mongodb::Collection;
use mongodb::error::ErrorKind;
use read_models::{OrderDocument, ReadDatabase, ReadModelError};
use runtime::http::Problem;

/// How long a switch to another generation may go unnoticed.
const FOLLOW_WITHIN: Duration = Duration::from_secs(1);

/// How long a query may take: the driver gives up on a server that cannot be reached, but waits
/// without end for one that was reached and does not answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// The collection that answers right now.
#[derive(Clone)]
pub struct LiveGeneration {
    database: ReadDatabase,
    known: Arc<RwLock<Option<Known>>>,
}

#[derive(Clone)]
struct Known {
    read: Instant,
    orders: Collection<OrderDocument>,
}

/// Why a query has no answer, with what the caller is told.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error(transparent)]
    ReadModel(#[from] ReadModelError),
    #[error("the projection has never been started")]
    NotProjected,
    #[error("no answer within {ANSWER_TIMEOUT:?}")]
    Late,
    #[error("a document cannot be shown: {0}")]
    Json(#[from] serde_json::Error),
    #[error("a document cannot be read: {0}")]
    Document(#[from] bson::error::Error),
}

/// Runs a whole query, the look at the pointer included.
pub(crate) async fn in_time<T>(
    query: impl Future<Output = Result<T, QueryError>>,
) -> Result<T, QueryError> {
    tokio::time::timeout(ANSWER_TIMEOUT, query)
        .await
        .unwrap_or(Err(QueryError::Late))
}

impl LiveGeneration {
    pub fn new(database: ReadDatabase) -> Self {
        Self {
            database,
            known: Arc::default(),
        }
    }

    /// Follows the pointer within a second. A pointer of a schema version this code does not know
    /// is not followed: the generation known before goes on answering.
    pub(crate) async fn orders(&self) -> Result<Collection<OrderDocument>, QueryError> {
        let known = self
            .known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(known) = &known
            && known.read.elapsed() < FOLLOW_WITHIN
        {
            return Ok(known.orders.clone());
        }
        let pointer = self.database.live(OrderDocument::PROJECTION).await?;
        let fitting = pointer.filter(|g| g.schema_version == OrderDocument::SCHEMA_VERSION);
        let orders = match (fitting, known) {
            (Some(generation), _) => self.database.orders(&generation),
            (None, Some(known)) => known.orders,
            (None, None) => return Err(QueryError::NotProjected),
        };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Known {
            read: Instant::now(),
            orders: orders.clone(),
        });
        Ok(orders)
    }
}

impl From<mongodb::error::Error> for QueryError {
    fn from(error: mongodb::error::Error) -> Self {
        Self::ReadModel(error.into())
    }
}

impl QueryError {
    /// What is stored, or asked, will fail again; everything else may pass.
    fn is_transient(&self) -> bool {
        match self {
            Self::ReadModel(ReadModelError::MongoDb(error)) => !matches!(
                *error.kind,
                ErrorKind::BsonDeserialization(_)
                    | ErrorKind::Bson(_)
                    | ErrorKind::InvalidArgument { .. }
                    | ErrorKind::InvalidResponse { .. }
            ),
            Self::ReadModel(ReadModelError::Uri) | Self::NotProjected | Self::Late => true,
            Self::Json(_) | Self::Document(_) => false,
        }
    }
}

/// Faults are logged here, once; the caller learns whether it may try again.
impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::NotProjected => {
                Self::unavailable("The read model is not there yet: no projector has run.")
            }
            error if error.is_transient() => {
                tracing::warn!(%error, "a query could not be answered");
                Self::unavailable("The read model does not answer.")
            }
            error => {
                tracing::error!(%error, "a query failed");
                Self::internal()
            }
        }
    }
}
