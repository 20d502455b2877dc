use std::collections::BTreeMap;

use domain::EventSourced;
use event_store::{CommandContext, Effects, EventStore, EventStoreError};

use crate::RecordFault;

/// The streams of one type of aggregate that a batch is about: as they were read, and what has been
/// decided about them since. Later decisions of the batch see what earlier ones led to.
pub struct Streams<A: EventSourced>(BTreeMap<String, Stream<A>>);

struct Stream<A: EventSourced> {
    /// As read; 0 where there was no stream.
    version: u64,
    aggregate: Result<A, String>,
    /// As read, once something has been decided.
    before: Option<A>,
    events: Vec<(A::Event, CommandContext)>,
}

impl<A: EventSourced> Stream<A> {
    fn read(version: u64, aggregate: Result<A, String>) -> Self {
        Self {
            version,
            aggregate,
            before: None,
            events: Vec::new(),
        }
    }
}

/// An aggregate about which something has been decided.
pub struct Changed<'a, A: EventSourced> {
    pub id: &'a str,
    pub before: &'a A,
    pub aggregate: &'a A,
    pub events: Vec<&'a A::Event>,
}

impl<A: EventSourced + Clone> Streams<A> {
    /// Reads the current states of these aggregates. One whose stored state this code cannot read
    /// is folded from its events.
    pub async fn read(
        store: &EventStore<A>,
        ids: impl IntoIterator<Item = String>,
    ) -> Result<Self, EventStoreError> {
        let mut streams = BTreeMap::new();
        for id in ids {
            streams
                .entry(id)
                .or_insert_with(|| Stream::read(0, Ok(A::default())));
        }
        let ids: Vec<String> = streams.keys().cloned().collect();
        let rows = if ids.is_empty() {
            Vec::new()
        } else {
            store.states(&ids).await?
        };
        for row in rows {
            let aggregate = match row.state {
                Ok(state) => Ok(state),
                Err(_) => folded(store, &row.id).await?,
            };
            streams.insert(row.id, Stream::read(row.version, aggregate));
        }
        Ok(Self(streams))
    }

    /// As it is after what has been decided.
    pub fn get(&self, id: &str) -> Result<&A, RecordFault> {
        let unreadable = |reason: &str| RecordFault::State {
            id: id.to_owned(),
            reason: reason.to_owned(),
        };
        let stream = self
            .0
            .get(id)
            .ok_or_else(|| unreadable("it was not read"))?;
        stream
            .aggregate
            .as_ref()
            .map_err(|reason| unreadable(reason))
    }

    /// Applies what was decided on [`Self::get`].
    pub fn append(&mut self, id: &str, event: A::Event, context: &CommandContext) {
        if let Some(stream) = self.0.get_mut(id)
            && let Ok(aggregate) = &mut stream.aggregate
        {
            stream.before.get_or_insert_with(|| aggregate.clone());
            aggregate.apply(event.clone());
            stream.events.push((event, context.clone()));
        }
    }

    /// All that has been decided.
    pub fn add_to(&self, effects: &mut Effects, topic: &str) -> Result<(), EventStoreError> {
        for (id, stream) in &self.0 {
            if let Ok(aggregate) = &stream.aggregate
                && !stream.events.is_empty()
            {
                effects.stream(topic, id, stream.version, aggregate, &stream.events)?;
            }
        }
        Ok(())
    }

    pub fn changed(&self) -> impl Iterator<Item = Changed<'_, A>> {
        self.0.iter().filter_map(|(id, stream)| {
            Some(Changed {
                id,
                before: stream.before.as_ref()?,
                aggregate: stream.aggregate.as_ref().ok()?,
                events: stream.events.iter().map(|(event, _)| event).collect(),
            })
        })
    }
}

async fn folded<A: EventSourced>(
    store: &EventStore<A>,
    id: &str,
) -> Result<Result<A, String>, EventStoreError> {
    match store.stream(id).await {
        Ok(events) => {
            let mut aggregate = A::default();
            for event in events {
                aggregate.apply(event.payload);
            }
            Ok(Ok(aggregate))
        }
        Err(EventStoreError::Unreadable(reason)) => Ok(Err(reason.to_string())),
        Err(error) => Err(error),
    }
}
