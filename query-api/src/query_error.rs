use mongodb::error::ErrorKind;
use read_models::ReadModelError;
use runtime::http::Problem;
use std::sync::Arc;
use std::time::Duration;

/// How long a query may take: the driver gives up on a server that cannot be reached, but waits
/// without end for one that was reached and does not answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

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
    /// The question was asked for others, too.
    #[error(transparent)]
    Together(Arc<QueryError>),
}

/// Runs a whole query, the look at the pointer included.
pub(crate) async fn in_time<T>(
    query: impl Future<Output = Result<T, QueryError>>,
) -> Result<T, QueryError> {
    tokio::time::timeout(ANSWER_TIMEOUT, query)
        .await
        .unwrap_or(Err(QueryError::Late))
}

impl From<mongodb::error::Error> for QueryError {
    fn from(error: mongodb::error::Error) -> Self {
        Self::ReadModel(error.into())
    }
}

impl QueryError {
    fn is_not_projected(&self) -> bool {
        match self {
            Self::NotProjected => true,
            Self::Together(error) => error.is_not_projected(),
            _ => false,
        }
    }

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
            Self::Together(error) => error.is_transient(),
        }
    }
}

/// Faults are logged here, once; the caller learns whether it may try again.
impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            error if error.is_not_projected() => {
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
