//! An aggregate the store has never heard of, in a schema of its own.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use domain::EventSourced;
use domain::contract::Envelope;
use event_store::{
    CommandExecutor, Doorbell, EventStore, ExpectedVersion, Outbox, PerSlot, SlotFloor,
};
use serde::{Deserialize, Serialize};

use crate::fixture::{Fixture, context, database};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counter {
    count: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum CounterEvent {
    Counted,
}

impl DomainEvent for CounterEvent {
    fn event_type(&self) -> String {
        "Counted".to_owned()
    }
    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

impl Aggregate for Counter {
    const TYPE: &'static str = "Counter";
    /// How many times to count.
    type Command = u32;
    type Event = CounterEvent;
    type Error = std::convert::Infallible;
    type Services = ();

    async fn handle(
        &mut self,
        times: u32,
        _: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        for _ in 0..times {
            sink.write(CounterEvent::Counted, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, _: CounterEvent) {
        self.count += 1;
    }
}

impl EventSourced for Counter {
    const STATE_TABLE: &'static str = "counters";

    fn published_schema_version(_: &CounterEvent) -> u32 {
        1
    }

    fn publish(envelope: Envelope, _: CounterEvent) -> Result<String, serde_json::Error> {
        serde_json::to_string(&envelope)
    }
}

#[tokio::test]
async fn lives_beside_the_orders() {
    let fixture = Fixture::new().await;
    fixture
        .psql()
        .await
        .batch_execute(
            "CREATE SCHEMA counting;
             CREATE TABLE counting.counters (
                 id text CONSTRAINT counters_pkey PRIMARY KEY, version bigint NOT NULL,
                 state json NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
                 updated_at timestamptz NOT NULL DEFAULT now())",
        )
        .await
        .unwrap();
    let database = database(&fixture.url, Some("counting"));
    database.migrate().await.unwrap();
    let store = EventStore::<Counter>::new(database.clone(), "counter-events", Doorbell::default());
    let executor = CommandExecutor::new(store, ());
    let mut counted = 0;
    for times in [1, 3, 2] {
        let executed = executor
            .execute("c-1", ExpectedVersion::Any, times, &context())
            .await
            .unwrap();
        counted += times;
        assert_eq!(executed.aggregate.count, counted);
        assert_eq!(executed.version, u64::from(counted));
    }
    let slots: Vec<SlotFloor> = (0..64).map(|slot| SlotFloor { slot, floor: 0 }).collect();
    let limit = PerSlot {
        records: 10,
        bytes: 1 << 20,
    };
    let found = Outbox::new(database).pending(&slots, limit).await;
    let pending = found.unwrap().records;
    let versions: Vec<u64> = pending.iter().map(|record| record.version).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5, 6]);
    assert!(
        pending
            .iter()
            .all(|record| record.topic == "counter-events")
    );
    assert_eq!(fixture.count("outbox").await, 0, "the orders' own outbox");
}
