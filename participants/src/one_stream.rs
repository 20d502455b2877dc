use std::sync::Arc;

use domain::EventSourced;
use domain::saga::{Does, REACTIONS, Reaction, Seen};
use event_store::{CommandContext, Effects, EventStore, EventStoreError};

use crate::{Changed, Reactor, RecordFault, SeenEvent, Streams};

/// A participant that has one aggregate for each order, under the order's id.
pub struct OneStream<R: Rules> {
    store: EventStore<R::Aggregate>,
    topic: String,
    written: Arc<Written<R::Aggregate>>,
}

type Written<A> = dyn Fn(Changed<'_, A>) + Send + Sync;

/// What the domain says about one participant.
pub trait Rules: Send + Sync + 'static {
    const CONSUMER: &'static str;
    type Aggregate: EventSourced + Clone;

    fn react(
        table: &[Reaction],
        seen: &Seen<'_>,
    ) -> Vec<(Does, <Self::Aggregate as cqrs_es::Aggregate>::Command)>;

    /// Nothing where the order is over: whatever undid it was faster than what it takes back.
    fn decide(
        aggregate: &Self::Aggregate,
        command: <Self::Aggregate as cqrs_es::Aggregate>::Command,
    ) -> Result<Vec<<Self::Aggregate as cqrs_es::Aggregate>::Event>, String>;
}

impl<R: Rules> OneStream<R> {
    /// `written` is told of each aggregate that has changed; it must not wait.
    pub fn new(
        store: EventStore<R::Aggregate>,
        topic: &str,
        written: impl Fn(Changed<'_, R::Aggregate>) + Send + Sync + 'static,
    ) -> Self {
        Self {
            store,
            topic: topic.to_owned(),
            written: Arc::new(written),
        }
    }
}

impl<R: Rules> Reactor for OneStream<R> {
    const CONSUMER: &'static str = R::CONSUMER;

    type Streams = Streams<R::Aggregate>;

    fn concerns(&self, event: &SeenEvent) -> bool {
        let seen = event.seen();
        seen.is_some_and(|seen| !R::react(REACTIONS, &seen).is_empty())
    }

    async fn read(&self, events: &[SeenEvent]) -> Result<Self::Streams, EventStoreError> {
        let concerned = events.iter().filter(|event| self.concerns(event));
        let ids = concerned.map(|event| event.envelope.aggregate_id.clone());
        Streams::read(&self.store, ids).await
    }

    fn decide(
        &self,
        streams: &mut Self::Streams,
        event: &SeenEvent,
        context: &CommandContext,
    ) -> Result<bool, RecordFault> {
        let Some(seen) = event.seen() else {
            return Ok(false);
        };
        let id = &event.envelope.aggregate_id;
        let mut decided = false;
        for (_, command) in R::react(REACTIONS, &seen) {
            let events = R::decide(streams.get(id)?, command).map_err(RecordFault::Refused)?;
            for event in events {
                streams.append(id, event, context);
                decided = true;
            }
        }
        Ok(decided)
    }

    fn effects(
        &self,
        streams: &Self::Streams,
        effects: &mut Effects,
    ) -> Result<(), EventStoreError> {
        streams.add_to(effects, &self.topic)
    }

    fn written(&self, streams: &Self::Streams) {
        streams.changed().for_each(&*self.written);
    }
}
