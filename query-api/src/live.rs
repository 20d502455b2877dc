use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::response::{IntoResponse, Response};
use bson::DateTime;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use mongodb::Collection;
use read_models::{
    Generation, LoggedRecord, OrderDocument, PartitionsApplied, ReadDatabase, SagaEntry, Staleness,
};
use runtime::Clock;
use runtime::http::{Problem, ProblemType};
use tokio_util::sync::CancellationToken;

use crate::answer::shown;
use crate::query_error::{QueryError, in_time};

pub const PROJECTION_LAG: HeaderName = HeaderName::from_static("projection-lag");
pub const APPLIED_THROUGH: HeaderName = HeaderName::from_static("projection-applied-through");

/// How long a switch to another generation may go unnoticed, and freshness be taken for older than
/// it is.
const FOLLOW_WITHIN: Duration = Duration::from_secs(1);

/// Between the looks of [`LiveGeneration::watch`]: requests find what is young enough.
const LOOK: Duration = Duration::from_millis(500);

/// The generation of a projection that answers right now. Clones share what is known of it.
#[derive(Clone)]
pub struct LiveGeneration {
    database: ReadDatabase,
    clock: Arc<dyn Clock>,
    projection: &'static str,
    reads: fn(schema_version: u32) -> bool,
    known: Arc<RwLock<Option<Arc<Live>>>>,
}

/// A generation, and how fresh it was when last looked at: whatever is read of it afterwards is at
/// least as fresh.
pub struct Live {
    pub generation: Generation,
    /// Of the topic, where that is known.
    pub partitions: Option<i32>,
    applied_through: Option<DateTime>,
    looked: Instant,
    database: ReadDatabase,
    clock: Arc<dyn Clock>,
}

impl LiveGeneration {
    pub fn of_orders(database: ReadDatabase, clock: Arc<dyn Clock>) -> Self {
        let projection = OrderDocument::PROJECTION;
        Self::new(database, clock, projection, OrderDocument::reads)
    }

    pub fn of_events(database: ReadDatabase, clock: Arc<dyn Clock>) -> Self {
        let reads = |schema_version| schema_version == LoggedRecord::SCHEMA_VERSION;
        Self::new(database, clock, LoggedRecord::PROJECTION, reads)
    }

    pub fn of_sagas(database: ReadDatabase, clock: Arc<dyn Clock>) -> Self {
        let reads = |schema_version| schema_version == SagaEntry::SCHEMA_VERSION;
        Self::new(database, clock, SagaEntry::PROJECTION, reads)
    }

    fn new(
        database: ReadDatabase,
        clock: Arc<dyn Clock>,
        projection: &'static str,
        reads: fn(u32) -> bool,
    ) -> Self {
        Self {
            database,
            clock,
            projection,
            reads,
            known: Arc::default(),
        }
    }

    /// Asks the generation that answers, in time.
    pub(crate) async fn ask<T, F>(
        &self,
        query: impl FnOnce(Arc<Live>) -> F,
    ) -> Result<(T, Arc<Live>), QueryError>
    where
        F: Future<Output = Result<T, QueryError>>,
    {
        let asked = async {
            let live = self.now().await?;
            Ok((query(live.clone()).await?, live))
        };
        in_time(asked).await
    }

    /// Follows the pointer within a second. A pointer of a schema version this code does not know
    /// is not followed: the generation known before goes on answering.
    pub(crate) async fn now(&self) -> Result<Arc<Live>, QueryError> {
        match self.known() {
            Some(known) if known.looked.elapsed() < FOLLOW_WITHIN => Ok(known),
            known => self.look(known).await,
        }
    }

    async fn look(&self, known: Option<Arc<Live>>) -> Result<Arc<Live>, QueryError> {
        let looked = Instant::now();
        let pointer = self.database.live(self.projection).await?;
        let fitting = pointer.filter(|g| (self.reads)(g.schema_version));
        let generation = match (fitting, &known) {
            (Some(generation), _) => generation,
            (None, Some(known)) => known.generation.clone(),
            (None, None) => return Err(QueryError::NotProjected),
        };
        let PartitionsApplied {
            partitions,
            applied_through,
        } = self.database.partitions_applied(&generation).await?;
        // What was known of this generation only grows older; what was known of another is nothing.
        let before = known.filter(|known| known.generation == generation);
        let live = Arc::new(Live {
            partitions,
            applied_through: applied_through.or(before.and_then(|known| known.applied_through)),
            generation,
            looked,
            database: self.database.clone(),
            clock: self.clock.clone(),
        });
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(live.clone());
        Ok(live)
    }

    fn known(&self) -> Option<Arc<Live>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    /// Looks again and again, and keeps the gauge of how stale the answers are, also when no
    /// projector is there to say so.
    pub(crate) async fn watch(self, stop: CancellationToken) {
        let gauge = metrics::gauge!("projection_lag_seconds", "projection" => self.projection);
        loop {
            // The readiness check says that MongoDB is away.
            if let Err(error) = in_time(self.look(self.known())).await {
                tracing::debug!(%error, projection = self.projection, "freshness is not known");
            }
            if let Some(seconds) = self.known().and_then(|known| known.lag()) {
                gauge.set(seconds);
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

impl Live {
    /// The projection's own documents.
    pub fn documents<T: Send + Sync>(&self) -> Collection<T> {
        self.database
            .database()
            .collection(&self.generation.collection)
    }

    /// Another collection of the same generation.
    pub fn collection<T: Send + Sync>(&self, name: &str) -> Collection<T> {
        self.database.database().collection(name)
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// In seconds, by this process's clock; `None` where it was never known.
    fn lag(&self) -> Option<f64> {
        let mut staleness = Staleness::default();
        staleness.learn(self.applied_through);
        staleness.seconds(self.clock.now().as_millisecond())
    }

    /// What is asked for may have come with a later schema than this generation was filled by.
    pub fn must_be_of_schema(&self, version: u32) -> Result<(), Problem> {
        if self.generation.schema_version >= version {
            return Ok(());
        }
        Err(Problem::new(
            ProblemType::NotProjected,
            "The generation that answers was filled by an older release. A rebuild brings it.",
        ))
    }

    /// Says in the answer's headers how fresh it is.
    pub fn stamp(&self, answer: impl IntoResponse) -> Response {
        let unknown = || "unknown".to_owned();
        let lag = self.lag().map(|seconds| format!("{seconds:.3}"));
        let through = self.applied_through.map(shown);
        let mut answer = answer.into_response();
        for (name, value) in [(PROJECTION_LAG, lag), (APPLIED_THROUGH, through)] {
            if let Ok(value) = HeaderValue::try_from(value.unwrap_or_else(unknown)) {
                answer.headers_mut().insert(name, value);
            }
        }
        answer
    }
}
