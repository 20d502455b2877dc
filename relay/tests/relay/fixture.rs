use std::collections::HashMap;

use domain::contract::PublishedOrderEvent;
use domain::order::{NewOrder, Order, OrderCommand, OrderLine, Quantity};
use domain::{
    CancelReason, CustomerId, ItemName, MenuItemId, Money, OccurredOn, PaymentId, RestaurantId,
};
use event_store::{
    CommandContext, CommandExecutor, Database, DatabaseConfig, Doorbell, EventStore,
    ExpectedVersion, Outbox,
};
use messaging::{IncomingRecord, Kafka, TopicSpec};
use relay::{Relay, Turn};
use uuid::Uuid;

pub const PARTITIONS: u16 = 8;

/// A database and a topic of a test's own.
pub struct Fixture {
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
            url,
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
        let store = EventStore::new(
            database.clone(),
            &topic.name,
            Vec::new(),
            Doorbell::default(),
        );
        Self {
            topic: topic.name,
            kafka,
            outbox: Outbox::new(database),
            executor: CommandExecutor::new(store, ()),
        }
    }

    pub fn relay(&self) -> Relay {
        Relay::new(self.outbox.clone(), self.kafka.clone())
    }

    /// Creates an order whose dish has this name, confirms it and cancels it: three events.
    pub async fn order(&self, dish: &str) -> String {
        let id = unique().to_string();
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

    /// Turns until nothing is left.
    pub async fn drain(&self, relay: &mut Relay) {
        while relay.turn().await.unwrap() != Turn::Idle {}
    }

    pub async fn records(&self) -> Vec<IncomingRecord> {
        let reader = self.kafka.read_topic(&self.topic, true).await.unwrap();
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
