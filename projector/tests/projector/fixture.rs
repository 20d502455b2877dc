use std::sync::Arc;

use domain::contract::PublishedOrderEvent;
use domain::order::{NewOrder, Order, OrderCommand, OrderLine, Quantity};
use domain::{
    CancelReason, CustomerId, ItemName, MenuItemId, Money, OccurredOn, PaymentId, RestaurantId,
};
use event_store::dead_letters::DeadLetters;
use event_store::{
    CommandContext, CommandExecutor, Database, DatabaseConfig, Doorbell, EventStore,
    ExpectedVersion, Outbox, OutboxRecord, PerSlot, SlotFloor,
};
use messaging::{Delivery, Kafka, OrderedProducer, OutgoingRecord, TopicSpec};
use projector::{
    Follower, Generations, OrderView, Rebuild, Requeued, Site, Switching, Topics, Worker,
    live_generation, project,
};
use read_models::{Generation, OrderDocument, ReadDatabase};
use runtime::SystemClock;
use runtime::health::Health;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use crate::steps::{drain, end};

pub const PARTITIONS: u16 = 4;

/// A database, a topic and a read model of a test's own.
pub struct Fixture {
    pub database_url: String,
    pub database: Database,
    pub topic: String,
    pub kafka: Kafka,
    pub read_database: ReadDatabase,
    pub store: EventStore<Order>,
    pub generation: Generation,
    pub health: Health,
    pub dead_letters: DeadLetters,
    producer: OrderedProducer,
    outbox: Outbox,
    executor: CommandExecutor<Order>,
}

#[expect(clippy::disallowed_methods, reason = "tests must not share names")]
pub fn unique() -> Uuid {
    Uuid::now_v7()
}

impl Fixture {
    pub async fn new() -> Self {
        Self::with_mongodb(devstack::shared_mongodb().await.uri()).await
    }

    pub async fn with_mongodb(uri: &str) -> Self {
        let name = format!("t_{}", unique().simple());
        let postgres = devstack::shared_postgres().await;
        let database_url = postgres.create_database(&name).await.unwrap();
        let database = Database::new(&DatabaseConfig {
            url: database_url.clone(),
            schema: None,
            connections: 8,
        })
        .unwrap();
        database.migrate().await.unwrap();
        let kafka = Kafka::new(devstack::shared_kafka().await.brokers());
        let topic = TopicSpec {
            name: format!("order-events-{name}"),
            partitions: PARTITIONS,
            replication: 1,
        };
        kafka.ensure_topic(&topic).await.unwrap();
        let read_database = ReadDatabase::new(uri, &name).await.unwrap();
        let generation = live_generation(&OrderView, &read_database, &kafka, &topics(&topic.name))
            .await
            .unwrap();
        let store = EventStore::new(database.clone(), &topic.name, Doorbell::default());
        Self {
            database_url,
            topic: topic.name,
            producer: kafka.ordered_producer().unwrap(),
            kafka,
            read_database,
            generation,
            health: Health::default(),
            dead_letters: DeadLetters::new(database.clone()),
            outbox: Outbox::new(database.clone()),
            database,
            executor: CommandExecutor::new(store.clone(), ()),
            store,
        }
    }

    pub fn worker(&self) -> Worker {
        self.worker_of(&self.generation)
    }

    /// A worker that writes to the generation's collection, reading as a member of its group.
    pub fn worker_of(&self, generation: &Generation) -> Worker {
        self.member_of(generation, None)
    }

    /// One with a name that it keeps across restarts.
    pub fn member_of(&self, generation: &Generation, instance: Option<&str>) -> Worker {
        let consumer = self
            .kafka
            .batch_consumer(&generation.group, &self.topic, instance);
        Worker::new(
            consumer.unwrap(),
            self.read_database.clone(),
            self.store.clone(),
            self.dead_letters.clone(),
            generation.clone(),
            Arc::new(SystemClock),
        )
    }

    /// One that cannot reach the event store.
    pub fn worker_without_postgres(&self) -> Worker {
        let nowhere = Database::new(&DatabaseConfig {
            url: "postgres://nobody@127.0.0.1:1/nothing".to_owned(),
            schema: None,
            connections: 1,
        })
        .unwrap();
        let group = &self.generation.group;
        Worker::new(
            self.kafka.batch_consumer(group, &self.topic, None).unwrap(),
            self.read_database.clone(),
            EventStore::new(nowhere.clone(), &self.topic, Doorbell::default()),
            DeadLetters::new(nowhere),
            self.generation.clone(),
            Arc::new(SystemClock),
        )
    }

    /// Creates an order and takes it some commands further: 1 to 3 events.
    pub async fn order(&self, events: usize) -> String {
        self.order_of(vec![line("Pizza")], events).await
    }

    /// An order as large as the API takes one, with one event.
    pub async fn large_order(&self) -> String {
        self.order_of(vec![line(&"ü".repeat(256)); 200], 1).await
    }

    async fn order_of(&self, lines: Vec<OrderLine>, events: usize) -> String {
        let who = ["customer-123", "restaurant-456", "2026-11-21T10:00:00.123Z"];
        self.order_from(who, lines, events).await
    }

    /// An order by a customer at a restaurant at a time.
    pub async fn order_by(&self, who: [&str; 3], quantity: u32, events: usize) -> String {
        let quantity = Quantity::new(quantity).unwrap();
        let lines = vec![OrderLine {
            quantity,
            ..line("Pizza")
        }];
        self.order_from(who, lines, events).await
    }

    async fn order_from(
        &self,
        [customer, restaurant, at]: [&str; 3],
        lines: Vec<OrderLine>,
        events: usize,
    ) -> String {
        let id = unique().to_string();
        let create = NewOrder::new(
            CustomerId::new(customer).unwrap(),
            RestaurantId::new(restaurant).unwrap(),
            lines.iter().map(OrderLine::total).sum(),
            lines,
        );
        let commands = [
            OrderCommand::Create(create.unwrap()),
            OrderCommand::Confirm {
                payment_id: PaymentId::new("p-1").unwrap(),
            },
            OrderCommand::Cancel {
                reason: CancelReason::new("late").unwrap(),
            },
        ];
        for command in commands.into_iter().take(events) {
            let context = CommandContext {
                command_id: unique(),
                correlation_id: "correlation-1".to_owned(),
                traceparent: None,
                occurred_on: at.parse::<OccurredOn>().unwrap(),
            };
            self.executor
                .execute(&id, ExpectedVersion::Any, command, &context)
                .await
                .unwrap();
        }
        id
    }

    /// Takes what is pending out of the outbox, in order.
    pub async fn take_outbox(&self) -> Vec<OutboxRecord> {
        let pending = self.pending().await;
        let positions: Vec<i64> = pending.iter().map(|r| r.position).collect();
        self.outbox.mark_published(&positions).await.unwrap();
        pending
    }

    async fn pending(&self) -> Vec<OutboxRecord> {
        let slots: Vec<SlotFloor> = (0..64).map(|slot| SlotFloor { slot, floor: 0 }).collect();
        let all = PerSlot {
            records: 10_000,
            bytes: 1 << 30,
        };
        self.outbox.pending(&slots, all).await.unwrap().records
    }

    /// As a relay does it: what is marked is on the topic. Returns how many records went.
    pub async fn relay(&self) -> u64 {
        let pending = self.pending().await;
        self.publish(&pending).await;
        let positions: Vec<i64> = pending.iter().map(|r| r.position).collect();
        self.outbox.mark_published(&positions).await.unwrap();
        pending.len() as u64
    }

    pub async fn publish(&self, records: &[OutboxRecord]) {
        for record in records {
            self.publish_raw(&record.key, &record.payload).await;
        }
    }

    /// The event of an order as that of another one.
    pub async fn publish_as(&self, record: &OutboxRecord, of: &str, order_id: &str) {
        let event_id = domain::event_id("Order", order_id, record.version);
        let payload = record.payload.replace(of, order_id);
        let payload = payload.replace(&record.event_id.to_string(), &event_id.to_string());
        self.publish_raw(order_id, &payload).await;
    }

    /// Returns the record's partition.
    pub async fn publish_raw(&self, key: &str, payload: &str) -> i32 {
        self.publish_bytes(Some(key.as_bytes()), Some(payload.as_bytes()))
            .await
    }

    pub async fn publish_bytes(&self, key: Option<&[u8]>, payload: Option<&[u8]>) -> i32 {
        let headers: [(&str, Option<&[u8]>); 2] = [("from", Some(b"elsewhere")), ("empty", None)];
        self.publish_with(&headers, key, payload).await
    }

    pub async fn publish_with(
        &self,
        headers: &[(&str, Option<&[u8]>)],
        key: Option<&[u8]>,
        payload: Option<&[u8]>,
    ) -> i32 {
        let record = OutgoingRecord {
            topic: &self.topic,
            key,
            payload,
            headers,
        };
        self.send(record).await
    }

    /// To another topic; returns the record's partition.
    pub async fn publish_to(&self, topic: &str, payload: &[u8]) -> i32 {
        let record = OutgoingRecord {
            topic,
            key: None,
            payload: Some(payload),
            headers: &[],
        };
        self.send(record).await
    }

    async fn send(&self, record: OutgoingRecord<'_>) -> i32 {
        match self.producer.publish(&[record]).await.remove(0) {
            Delivery::Acknowledged { partition, .. } => partition,
            other => panic!("{other:?}"),
        }
    }

    /// Whoever takes up requeued items.
    pub fn requeued(&self) -> Requeued {
        Requeued::new(
            self.read_database.clone(),
            self.store.clone(),
            self.dead_letters.clone(),
            self.generation.clone(),
        )
    }

    /// What follows `order_view` in a projector's process.
    pub fn follower(&self, stop: CancellationToken) -> Follower {
        Follower::new(&OrderView, self.site(stop))
    }

    pub fn site(&self, stop: CancellationToken) -> Site {
        Site {
            database: self.read_database.clone(),
            store: self.store.clone(),
            dead_letters: self.dead_letters.clone(),
            outbox: Outbox::new(self.database.clone()),
            kafka: self.kafka.clone(),
            topics: self.topics(),
            instance: None,
            clock: Arc::new(SystemClock),
            health: self.health.clone(),
            stop,
        }
    }

    pub fn topics(&self) -> Topics {
        topics(&self.topic)
    }

    pub fn rebuild(&self, switching: Switching) -> Rebuild {
        Rebuild {
            projection: &OrderView,
            site: self.site(CancellationToken::new()),
            owner: unique().to_string(),
            at_once: 3,
            switching,
        }
    }

    pub fn generations(&self) -> Generations {
        Generations::new(self.read_database.clone(), &OrderView)
    }

    /// A connection past the store, to look at rows or to break something.
    pub async fn psql(&self) -> tokio_postgres::Client {
        let (client, connection) =
            tokio_postgres::connect(&self.database_url, tokio_postgres::NoTls)
                .await
                .unwrap();
        tokio::spawn(connection);
        client
    }

    /// State and retry count of each dead letter, by fault.
    pub async fn desk(&self) -> Vec<(String, String, i32)> {
        let sql = "SELECT metadata ->> 'fault', state, retry_count FROM dead_letters
             ORDER BY 1, 2, 3";
        let rows = self.psql().await.query(sql, &[]).await.unwrap();
        rows.iter()
            .map(|row| (row.get(0), row.get(1), row.get(2)))
            .collect()
    }

    /// What the desk does.
    pub async fn requeue_all(&self) {
        let sql = "UPDATE dead_letters SET state = 'requeued' WHERE state = 'open'";
        self.psql().await.execute(sql, &[]).await.unwrap();
    }

    /// A new generation number with a group of its own, on the same collection.
    pub async fn another_group(&self) -> Generation {
        self.another_group_of(&self.generation).await
    }

    pub async fn another_group_of(&self, generation: &Generation) -> Generation {
        let generation = Generation {
            group: format!("{}.{}", generation.group, unique().simple()),
            ..generation.clone()
        };
        self.kafka
            .commit_start_offsets(&generation.group, &self.topic, PARTITIONS)
            .await
            .unwrap();
        generation
    }

    pub async fn document(&self, id: &str) -> Option<OrderDocument> {
        self.document_of(&self.generation, id).await
    }

    pub async fn document_of(&self, generation: &Generation, id: &str) -> Option<OrderDocument> {
        let orders = self.read_database.orders(generation);
        orders.find_one(bson::doc! { "_id": id }).await.unwrap()
    }

    /// What the document must be: the fold over the store.
    pub async fn folded(&self, id: &str) -> OrderDocument {
        let mut document = None;
        for stored in self.store.stream_after(id, 0).await.unwrap() {
            let event = PublishedOrderEvent {
                envelope: stored.envelope,
                content: stored.event.into(),
            };
            document = Some(project(document, &event).unwrap());
        }
        document.unwrap()
    }

    pub async fn assert_equal_to_store(&self, ids: &[String]) {
        self.assert_generation(&self.generation, ids).await;
    }

    pub async fn assert_generation(&self, generation: &Generation, ids: &[String]) {
        for id in ids {
            assert_eq!(
                self.document_of(generation, id).await.as_ref(),
                Some(&self.folded(id).await)
            );
        }
        let orders = self.read_database.orders(generation);
        let documents = orders.count_documents(bson::doc! {}).await.unwrap();
        assert_eq!(documents, ids.len() as u64, "documents nobody ordered");
    }
}

fn topics(name: &str) -> Topics {
    Topics::of_orders(name, PARTITIONS)
}

fn line(dish: &str) -> OrderLine {
    OrderLine {
        menu_item_id: MenuItemId::new("item-1").unwrap(),
        name: ItemName::new(dish).unwrap(),
        price: Money::from_json_number("12.99").unwrap(),
        quantity: Quantity::new(2).unwrap(),
    }
}
