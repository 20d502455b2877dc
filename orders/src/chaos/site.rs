use anyhow::Context;
use devstack::{Kafka as Broker, MongoDb, Postgres};
use domain::order::Order;
use event_store::dead_letters::DeadLetters;
use event_store::{Database, DatabaseConfig, Doorbell, EventStore, Outbox};
use messaging::{Kafka, TopicSpec};
use projector::history::HistoryCheck;
use read_models::ReadDatabase;

const TOPIC: &str = "order-events";
const PARTITIONS: u16 = 8;
/// Poison of 3 MB has to fit.
pub const LARGEST_MESSAGE: u32 = 4 * 1024 * 1024;

/// Servers of this run's own, and how to reach them.
pub struct Site {
    pub postgres: Postgres,
    pub broker: Broker,
    pub mongodb: MongoDb,
    pub kafka: Kafka,
    database_url: String,
    database: Database,
    command_port: u16,
}

impl Site {
    pub async fn open() -> anyhow::Result<Self> {
        let (postgres, broker, mongodb) = tokio::try_join!(
            devstack::private_postgres(),
            devstack::private_kafka(),
            devstack::private_mongodb()
        )?;
        let database_url = postgres.create_database("chaos").await?;
        let database = Database::new(&DatabaseConfig {
            url: database_url.clone(),
            schema: None,
            connections: 4,
        })?;
        database.migrate().await?;
        let kafka = Kafka::new(broker.brokers());
        for name in [TOPIC.to_owned(), format!("{TOPIC}-dlq")] {
            let topic = TopicSpec {
                name,
                partitions: PARTITIONS,
                replication: 1,
            };
            kafka.ensure_topic(&topic).await?;
        }
        kafka.set_largest_message(TOPIC, LARGEST_MESSAGE).await?;
        let free = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        let command_port = free.local_addr()?.port();
        Ok(Self {
            postgres,
            broker,
            mongodb,
            kafka,
            database_url,
            database,
            command_port,
        })
    }

    pub fn topic(&self) -> &'static str {
        TOPIC
    }

    pub fn commands(&self) -> String {
        format!("127.0.0.1:{}", self.command_port)
    }

    pub fn outbox(&self) -> Outbox {
        Outbox::new(self.database.clone())
    }

    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self.database.clone())
    }

    pub fn store(&self) -> EventStore<Order> {
        EventStore::new(
            self.database.clone(),
            TOPIC,
            Vec::new(),
            Doorbell::default(),
        )
    }

    /// What a process has to be told.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_URL", self.database_url.clone()),
            ("KAFKA_BROKERS", self.broker.brokers().to_owned()),
            ("ORDER_EVENTS_TOPIC", TOPIC.to_owned()),
            ("MONGODB_URI", self.mongodb.uri().to_owned()),
            ("MONGODB_DATABASE", "chaos".to_owned()),
            // Short, so that a pause outlives it often.
            ("RELAY_LEASE", "2s".to_owned()),
            ("OUTBOX_FAILED_RETRY", "5s".to_owned()),
            (
                "RUST_LOG",
                std::env::var("CHAOS_LOG").unwrap_or_else(|_| "off".to_owned()),
            ),
        ]
    }

    pub async fn history(&self) -> anyhow::Result<HistoryCheck> {
        let uri = self.mongodb.uri();
        Ok(HistoryCheck {
            store: self.store(),
            database: self.database.clone(),
            kafka: self.kafka.clone(),
            topic: TOPIC.to_owned(),
            read_database: ReadDatabase::new(uri, "chaos").await.context("MongoDB")?,
        })
    }
}
