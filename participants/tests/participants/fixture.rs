use std::sync::Arc;

use domain::OccurredOn;
use domain::inventory::UnknownItems;
use domain::order::{Order, OrderCommand};
use event_store::{
    CommandContext, CommandExecutor, Database, DatabaseConfig, Doorbell, EventStore,
    ExpectedVersion,
};
use messaging::{Delivery, Kafka, OrderedProducer, OutgoingRecord, TopicSpec};
use participants::inventory::InventoryReactor;
use participants::notification::NotificationRules;
use participants::order::OrderRules;
use participants::payment::PaymentRules;
use participants::{Intake, OneStream, Reactor, Rules, Source, inventory, notification, payment};
use runtime::SystemClock;
use sqlx::migrate::Migrator;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::home::Home;
use crate::told::Told;

pub const PARTITIONS: u16 = 2;

/// A database and topics of a test's own.
pub struct World {
    pub url: String,
    pub kafka: Kafka,
    name: String,
    producer: OrderedProducer,
}

#[expect(clippy::disallowed_methods, reason = "tests must not share names")]
pub fn unique() -> Uuid {
    Uuid::now_v7()
}

pub fn new_id() -> String {
    unique().to_string()
}

/// An order whose records are in that partition.
pub fn id_in(partition: u16) -> String {
    loop {
        let id = new_id();
        if event_store::slot(&id) % PARTITIONS == partition {
            return id;
        }
    }
}

pub fn context(correlation: &str) -> CommandContext {
    CommandContext {
        command_id: unique(),
        correlation_id: correlation.to_owned(),
        traceparent: None,
        occurred_on: "2026-11-21T10:00:00.123456Z".parse::<OccurredOn>().unwrap(),
    }
}

pub fn database(url: &str, schema: Option<&str>) -> Database {
    Database::new(&DatabaseConfig {
        url: url.to_owned(),
        schema: schema.map(str::to_owned),
        connections: 4,
    })
    .unwrap()
}

impl World {
    pub async fn new() -> Self {
        let name = format!("t_{}", unique().simple());
        let postgres = devstack::shared_postgres().await;
        Self::at(postgres.create_database(&name).await.unwrap()).await
    }

    pub async fn at(url: String) -> Self {
        let kafka = Kafka::new(devstack::shared_kafka().await.brokers());
        let world = Self {
            url,
            producer: kafka.ordered_producer().unwrap(),
            kafka,
            name: unique().simple().to_string(),
        };
        for source in [Source::Orders, Source::Inventory, Source::Payments] {
            let topic = TopicSpec {
                name: world.topic(source),
                partitions: PARTITIONS,
                replication: 1,
            };
            world.kafka.ensure_topic(&topic).await.unwrap();
        }
        world
    }

    pub fn topic(&self, source: Source) -> String {
        format!("{source:?}-{}", self.name).to_lowercase()
    }

    pub async fn inventory(&self) -> Home<InventoryReactor> {
        self.inventory_with(UnknownItems::Reject).await
    }

    pub async fn inventory_with(&self, unknown: UnknownItems) -> Home<InventoryReactor> {
        let database = self.schema(inventory::SCHEMA, &inventory::MIGRATIONS).await;
        let topic = self.topic(Source::Inventory);
        let sources = [Source::Orders, Source::Payments];
        self.home(Some(inventory::SCHEMA), database, &sources, |database| {
            InventoryReactor::new(database, &topic, &Doorbell::default(), unknown)
        })
    }

    pub async fn payment(&self) -> Home<OneStream<PaymentRules>> {
        let database = self.schema(payment::SCHEMA, &payment::MIGRATIONS).await;
        let topic = self.topic(Source::Payments);
        let sources = [Source::Orders, Source::Inventory];
        self.home(Some(payment::SCHEMA), database, &sources, |database| {
            one_stream(database, &topic)
        })
    }

    pub async fn notification(&self) -> Home<OneStream<NotificationRules>> {
        let database = self
            .schema(notification::SCHEMA, &notification::MIGRATIONS)
            .await;
        let (schema, sources) = (Some(notification::SCHEMA), [Source::Orders]);
        self.home(schema, database, &sources, |database| {
            one_stream(database, "notifications")
        })
    }

    /// The order's own reactor.
    pub async fn order(&self) -> Home<OneStream<OrderRules>> {
        let database = database(&self.url, None);
        database.migrate().await.unwrap();
        let topic = self.topic(Source::Orders);
        let sources = [Source::Inventory, Source::Payments];
        self.home(None, database, &sources, |database| {
            one_stream(database, &topic)
        })
    }

    async fn schema(&self, schema: &str, own: &Migrator) -> Database {
        let database = database(&self.url, Some(schema));
        database.migrate_with(own).await.unwrap();
        database
    }

    fn home<R: Reactor>(
        &self,
        schema: Option<&'static str>,
        database: Database,
        sources: &[Source],
        reactor: impl Fn(&Database) -> R,
    ) -> Home<R> {
        let intake = |&source: &Source| {
            let clock = Arc::new(SystemClock);
            let doorbell = Doorbell::default();
            let intake = Intake::new(reactor(&database), source, &database, &doorbell, clock);
            (source, self.topic(source), Arc::new(intake))
        };
        Home {
            intakes: sources.iter().map(intake).collect(),
            kafka: self.kafka.clone(),
            url: self.url.clone(),
            schema,
            database,
        }
    }

    /// At once, so that they are read together.
    pub async fn publish(&self, source: Source, told: &[Told]) {
        let topic = self.topic(source);
        let records: Vec<_> = told
            .iter()
            .map(|told| OutgoingRecord {
                topic: &topic,
                key: told.key.as_deref(),
                payload: told.value.as_deref(),
                headers: &[],
            })
            .collect();
        for delivery in self.producer.publish(&records).await {
            assert!(
                matches!(delivery, Delivery::Acknowledged { .. }),
                "{delivery:?}"
            );
        }
    }

    /// A connection past the store, to look at rows or to break something.
    pub async fn psql(&self) -> Client {
        psql(&self.url).await
    }

    /// Carries out commands on an order, as command-api does; its correlation id is `c-` and its
    /// own.
    pub async fn order_after(&self, id: &str, commands: impl IntoIterator<Item = OrderCommand>) {
        let topic = self.topic(Source::Orders);
        let store: EventStore<Order> =
            EventStore::new(database(&self.url, None), &topic, Doorbell::default());
        let executor = CommandExecutor::new(store, ());
        for command in commands {
            let context = context(&format!("c-{id}"));
            executor
                .execute(id, ExpectedVersion::Any, command, &context)
                .await
                .unwrap();
        }
    }
}

pub async fn psql(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn one_stream<R: Rules>(database: &Database, topic: &str) -> OneStream<R> {
    let store = EventStore::new(database.clone(), topic, Doorbell::default());
    OneStream::new(store, topic, |_| {})
}
