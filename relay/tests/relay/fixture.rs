use std::collections::HashMap;
use std::time::{Duration, Instant};

use domain::contract::PublishedOrderEvent;
use domain::order::{NewOrder, Order, OrderCommand, OrderLine, Quantity};
use domain::{
    CancelReason, CustomerId, ItemName, MenuItemId, Money, OccurredOn, PaymentId, RestaurantId,
};
use event_store::{
    CommandContext, CommandExecutor, Database, DatabaseConfig, Doorbell, EventStore,
    ExpectedVersion, Outbox, Retries,
};
use messaging::{IncomingRecord, Kafka, TopicSpec};
use relay::{Relay, Settings, Turn};
use uuid::Uuid;

pub const PARTITIONS: u16 = 8;

/// Long enough for a test, and refused records are tried again at once.
pub const SETTINGS: Settings = Settings {
    lease: Duration::from_secs(60),
    retries: Retries {
        first: Duration::from_millis(1),
        attempts: 4,
        failed: None,
    },
    gather: 6,
    retention: Duration::from_secs(3600),
};

/// A database and a topic of a test's own.
pub struct Fixture {
    pub url: String,
    pub database: Database,
    pub topic: String,
    pub kafka: Kafka,
    pub outbox: Outbox,
    executor: CommandExecutor<Order>,
}

#[expect(clippy::disallowed_methods, reason = "tests must not share names")]
fn unique() -> Uuid {
    Uuid::now_v7()
}

impl Fixture {
    pub async fn new() -> Self {
        let name = format!("t_{}", unique().simple());
        let postgres = devstack::shared_postgres().await;
        let url = postgres.create_database(&name).await.unwrap();
        let database = Database::new(&DatabaseConfig {
            url: url.clone(),
            schema: None,
            connections: 8,
        })
        .unwrap();
        database.migrate().await.unwrap();
        let kafka = Kafka::new(devstack::shared_kafka().await.brokers());
        let [topic, dead_letters] = ["", "-dlq"].map(|suffix| TopicSpec {
            name: format!("order-events-{name}{suffix}"),
            partitions: PARTITIONS,
            replication: 1,
        });
        kafka.ensure_topic(&topic).await.unwrap();
        kafka.ensure_topic(&dead_letters).await.unwrap();
        let store = EventStore::new(database.clone(), &topic.name, Doorbell::default());
        Self {
            url,
            topic: topic.name,
            kafka,
            outbox: Outbox::new(database.clone()),
            database,
            executor: CommandExecutor::new(store, ()),
        }
    }

    /// A relay that holds all slots.
    pub async fn relay(&self) -> Relay {
        let relay = self.relay_with(SETTINGS);
        assert_eq!(relay.leases.renew().await.unwrap(), 64);
        relay
    }

    /// A relay that holds nothing yet.
    pub fn relay_with(&self, settings: Settings) -> Relay {
        self.relay_on(&self.kafka, settings)
    }

    pub fn relay_on(&self, kafka: &Kafka, settings: Settings) -> Relay {
        let name = unique().to_string();
        Relay::new(
            &self.database,
            kafka,
            self.dead_letter_topic(),
            &name,
            settings,
        )
    }

    pub fn dead_letter_topic(&self) -> String {
        format!("{}-dlq", self.topic)
    }

    /// A connection past the store, to look at rows.
    pub async fn psql(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.url, tokio_postgres::NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        client
    }

    /// An id whose records go where those of `other` go.
    pub fn neighbour(other: &str) -> String {
        loop {
            let id = unique().to_string();
            if event_store::slot(&id) == event_store::slot(other) {
                return id;
            }
        }
    }

    /// Creates an order whose dish has this name, confirms it and cancels it: three events.
    pub async fn order(&self, dish: &str) -> String {
        self.order_of(unique().to_string(), dish).await
    }

    pub async fn order_of(&self, id: String, dish: &str) -> String {
        let line = OrderLine {
            menu_item_id: MenuItemId::new("item-1").unwrap(),
            name: ItemName::new(dish).unwrap(),
            price: Money::from_json_number("12.99").unwrap(),
            quantity: Quantity::new(2).unwrap(),
        };
        let create = NewOrder::new(
            CustomerId::new("customer-123").unwrap(),
            RestaurantId::new("restaurant-456").unwrap(),
            line.total(),
            vec![line],
        );
        for command in [
            OrderCommand::Create(create.unwrap()),
            OrderCommand::Confirm {
                payment_id: PaymentId::new("p-1").unwrap(),
            },
            OrderCommand::Cancel {
                reason: CancelReason::new("late").unwrap(),
            },
        ] {
            let context = CommandContext {
                command_id: unique(),
                correlation_id: "correlation-1".to_owned(),
                traceparent: None,
                occurred_on: "2026-11-21T10:00:00Z".parse::<OccurredOn>().unwrap(),
            };
            self.executor
                .execute(&id, ExpectedVersion::Any, command, &context)
                .await
                .unwrap();
        }
        id
    }

    /// Turns until nothing is left but what is held.
    pub async fn drain(&self, relay: &mut Relay) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while relay.publishing.turn().await.unwrap() != Turn::Idle {
            assert!(Instant::now() < deadline);
        }
    }

    pub async fn records(&self) -> Vec<IncomingRecord> {
        self.records_of(&self.topic).await
    }

    pub async fn records_of(&self, topic: &str) -> Vec<IncomingRecord> {
        let reader = self.kafka.read_topic(topic, true).await.unwrap();
        reader.rest().await.unwrap()
    }

    /// The versions on the topic of each key, in the topic's order, repeats left out.
    pub async fn first_occurrences(&self) -> HashMap<String, Vec<u64>> {
        let mut seen: HashMap<String, Vec<u64>> = HashMap::new();
        for record in self.records().await {
            let event = PublishedOrderEvent::parse(&record.payload.unwrap()).unwrap();
            let versions = seen.entry(event.envelope.aggregate_id).or_default();
            if !versions.contains(&event.envelope.version) {
                versions.push(event.envelope.version);
            }
        }
        seen
    }
}
