use std::collections::HashMap;
use std::sync::Arc;

use cqrs_es::persist::{EventStoreAggregateContext, PersistedEventStore};
use cqrs_es::{AggregateError, DomainEvent, EventEnvelope};
use domain::EventSourced;
use domain::contract::Envelope;
use postgres_es::PostgresEventRepository;

use crate::command_context::envelope;
use crate::database::PATIENCE;
use crate::group_commit::{Command, GroupCommit, Grouping};
use crate::upcasters::Upcasters;
use crate::{
    Append, Appended, CommandContext, Database, Doorbell, EventStoreError, IdempotencyKeys,
};

/// The streams of one type of aggregate.
pub struct EventStore<A: EventSourced> {
    pub(crate) database: Database,
    /// `postgres-es` loads; of its own ways to write and to take snapshots none is used.
    loader: Arc<PersistedEventStore<PostgresEventRepository, A>>,
    topic: Arc<str>,
    doorbell: Doorbell,
    commits: Arc<GroupCommit>,
}

impl<A: EventSourced> Clone for EventStore<A> {
    fn clone(&self) -> Self {
        Self {
            database: self.database.clone(),
            loader: self.loader.clone(),
            topic: self.topic.clone(),
            doorbell: self.doorbell.clone(),
            commits: self.commits.clone(),
        }
    }
}

/// A stored event with what is published beside it.
#[derive(Clone, Debug)]
pub struct StoredEvent<E> {
    pub envelope: Envelope,
    pub event: E,
}

impl<A: EventSourced> EventStore<A> {
    /// `topic` is where the events are published.
    pub fn new(database: Database, topic: &str, doorbell: Doorbell) -> Self {
        let repository = PostgresEventRepository::new(database.loading().clone());
        let loader = PersistedEventStore::new_event_store(repository)
            .with_upcasters(vec![Box::new(Upcasters::of::<A>())]);
        let (topic, grouping) = (Arc::from(topic), Grouping::default());
        Self {
            commits: commits::<A>(&database, &topic, &doorbell, grouping),
            database,
            loader: Arc::new(loader),
            topic,
            doorbell,
        }
    }

    /// The same store, with commands sharing statements in another way.
    pub fn with_grouping(mut self, grouping: Grouping) -> Self {
        self.commits = commits::<A>(&self.database, &self.topic, &self.doorbell, grouping);
        self
    }

    /// Writes a decision, with others that are made at the same time, and rings for the relay.
    pub async fn append(&self, decision: &Append<'_, A>) -> Result<Appended, EventStoreError> {
        if decision.events.is_empty() {
            return Err(EventStoreError::NoEvents);
        }
        let metadata = decision.context.metadata();
        let command = Command::new(decision, &metadata)?;
        let version = command.version();
        self.commits.write(command).await?;
        Ok(Appended { version, metadata })
    }

    /// Until what was to be appended has been, or has failed; for the end of a process, when some
    /// callers may be gone.
    pub async fn drained(&self) {
        self.commits.drained().await;
    }

    /// The answers kept beside the streams.
    pub fn idempotency_keys(&self) -> IdempotencyKeys {
        IdempotencyKeys::new(self.database.clone())
    }

    /// A stream's events in order; empty where there is no stream.
    pub async fn stream(&self, id: &str) -> Result<Vec<EventEnvelope<A>>, EventStoreError> {
        use cqrs_es::EventStore as _;
        // Postgres's texts have no NUL, and asking for one would look like a fault of Postgres.
        if id.contains('\0') {
            return Ok(Vec::new());
        }
        let loading = tokio::time::timeout(PATIENCE, self.loader.load_events(id));
        let loaded = loading
            .await
            .map_err(|late| EventStoreError::Unavailable(late.into()))?;
        loaded.map_err(|error| match error {
            AggregateError::DeserializationError(source) => EventStoreError::Unreadable(source),
            AggregateError::DatabaseConnectionError(source)
            | AggregateError::UnexpectedError(source) => EventStoreError::Unavailable(source),
            error @ (AggregateError::UserError(_) | AggregateError::AggregateConflict) => {
                EventStoreError::Unavailable(error.to_string().into())
            }
        })
    }

    /// A stream's events after `version`, with the envelopes they are published in.
    pub async fn stream_after(
        &self,
        id: &str,
        version: u64,
    ) -> Result<Vec<StoredEvent<A::Event>>, EventStoreError> {
        let events = self.stream(id).await?;
        events
            .into_iter()
            .filter(|event| event.sequence as u64 > version)
            .map(stored)
            .collect()
    }
}

fn commits<A: EventSourced>(
    database: &Database,
    topic: &Arc<str>,
    doorbell: &Doorbell,
    grouping: Grouping,
) -> Arc<GroupCommit> {
    Arc::new(GroupCommit::new(
        database.clone(),
        A::TYPE,
        A::STATE_TABLE,
        topic.clone(),
        doorbell.clone(),
        grouping,
    ))
}

/// For code written against `cqrs-es`, its `CqrsFramework` included. The metadata given to `commit`
/// must hold `correlationId`, `causationId` (a UUID) and `occurredOn`.
impl<A: EventSourced> cqrs_es::EventStore<A> for EventStore<A> {
    type AC = EventStoreAggregateContext<A>;

    async fn load_events(
        &self,
        aggregate_id: &str,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        self.loader.load_events(aggregate_id).await
    }

    async fn load_aggregate(
        &self,
        aggregate_id: &str,
    ) -> Result<Self::AC, AggregateError<A::Error>> {
        self.loader.load_aggregate(aggregate_id).await
    }

    async fn commit(
        &self,
        events: Vec<A::Event>,
        context: Self::AC,
        metadata: HashMap<String, String>,
    ) -> Result<Vec<EventEnvelope<A>>, AggregateError<A::Error>> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let command = CommandContext::from_metadata(&metadata).map_err(unexpected)?;
        let decision = Append {
            stream: &context.aggregate_id,
            expected_version: context.current_sequence as u64,
            events: &events,
            // The framework has applied the events to it already.
            state: &context.aggregate,
            context: &command,
            idempotency: None,
        };
        match EventStore::append(self, &decision).await {
            Ok(appended) => Ok(envelopes(
                &context.aggregate_id,
                context.current_sequence,
                events,
                &appended.metadata,
            )),
            Err(EventStoreError::Conflict { .. }) => Err(AggregateError::AggregateConflict),
            Err(EventStoreError::Unavailable(source)) => {
                Err(AggregateError::DatabaseConnectionError(source))
            }
            Err(error) => Err(unexpected(error)),
        }
    }
}

fn unexpected<E: std::error::Error>(error: EventStoreError) -> AggregateError<E> {
    AggregateError::UnexpectedError(Box::new(error))
}

/// A loaded event with the envelope it is published in.
pub(crate) fn stored<A: EventSourced>(
    event: EventEnvelope<A>,
) -> Result<StoredEvent<A::Event>, EventStoreError> {
    let envelope = envelope(
        A::TYPE,
        &event.aggregate_id,
        event.sequence as u64,
        event.payload.event_type(),
        A::published_schema_version(&event.payload),
        &event.metadata,
    )?;
    Ok(StoredEvent {
        envelope,
        event: event.payload,
    })
}

/// New events as they were stored, on top of `version`.
pub(crate) fn envelopes<A: EventSourced>(
    id: &str,
    version: usize,
    events: Vec<A::Event>,
    metadata: &HashMap<String, String>,
) -> Vec<EventEnvelope<A>> {
    (version + 1..)
        .zip(events)
        .map(|(sequence, payload)| EventEnvelope {
            aggregate_id: id.to_owned(),
            sequence,
            payload,
            metadata: metadata.clone(),
        })
        .collect()
}
