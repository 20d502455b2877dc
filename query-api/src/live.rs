use std::sync::Arc;
use std::time::{Duration, Instant};

use mongodb::Collection;
use read_models::{OrderDocument, ReadDatabase, ReadModelError};
use runtime::http::Problem;
use tokio::sync::Mutex;

/// How long a switch to another generation may go unnoticed.
const FOLLOW_WITHIN: Duration = Duration::from_secs(1);

/// The collection that answers right now.
#[derive(Clone)]
pub struct LiveGeneration {
    database: ReadDatabase,
    known: Arc<Mutex<Option<(Instant, Collection<OrderDocument>)>>>,
}

/// Why a query has no answer, with what the caller is told.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    #[error(transparent)]
    ReadModel(#[from] ReadModelError),
    #[error("the projection has never been started")]
    NotProjected,
    #[error("a document cannot be shown: {0}")]
    Json(#[from] serde_json::Error),
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
        let mut known = self.known.lock().await;
        if let Some((read, collection)) = known.as_ref()
            && read.elapsed() < FOLLOW_WITHIN
        {
            return Ok(collection.clone());
        }
        let pointer = self.database.live(OrderDocument::PROJECTION).await?;
        let fitting = pointer.filter(|g| g.schema_version == OrderDocument::SCHEMA_VERSION);
        let collection = match (fitting, known.as_ref()) {
            (Some(generation), _) => self.database.orders(&generation),
            (None, Some((_, collection))) => collection.clone(),
            (None, None) => return Err(QueryError::NotProjected),
        };
        *known = Some((Instant::now(), collection.clone()));
        Ok(collection)
    }
}

impl From<mongodb::error::Error> for QueryError {
    fn from(error: mongodb::error::Error) -> Self {
        Self::ReadModel(error.into())
    }
}

/// Faults are logged here, once; the caller learns that it may try again.
impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::NotProjected => {
                Self::unavailable("The read model is not there yet: no projector has run.")
            }
            QueryError::ReadModel(error) => {
                tracing::warn!(%error, "a query could not be answered");
                Self::unavailable("The read model does not answer.")
            }
            QueryError::Json(error) => {
                tracing::error!(%error, "a document cannot be shown");
                Self::internal()
            }
        }
    }
}
