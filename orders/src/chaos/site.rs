use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use devstack::{Kafka as Broker, MongoDb, Postgres};
use domain::order::Order;
use event_store::dead_letters::DeadLetters;
use event_store::{Database, DatabaseConfig, Doorbell, EventStore, Outbox};
use messaging::Kafka;
use participants::books::BooksCheck;
use participants::{inventory, notification, payment};
use projector::history::HistoryCheck;
use read_models::ReadDatabase;

use super::cast::{Cast, port};

const TOPIC: &str = "order-events";
/// Poison of 3 MB has to fit.
pub const LARGEST_MESSAGE: u32 = 4 * 1024 * 1024;

/// The schemas of those who take part, each with a desk.
pub const DESKS: [&str; 3] = [inventory::SCHEMA, payment::SCHEMA, notification::SCHEMA];

/// Servers of this run's own, and how to reach them.
pub struct Site {
    pub postgres: Postgres,
    pub broker: Broker,
    pub mongodb: MongoDb,
    pub kafka: Kafka,
    pub cast: Cast,
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
        let site = Self {
            kafka: Kafka::new(broker.brokers()),
            cast: Cast::new().await?,
            command_port: port()?,
            postgres,
            broker,
            mongodb,
            database_url,
            database,
        };
        let migrated = site.command("migrate")?.status()?;
        ensure!(migrated.success(), "migrate: {migrated}");
        site.kafka
            .set_largest_message(TOPIC, LARGEST_MESSAGE)
            .await?;
        Ok(site)
    }

    /// A subcommand of the binary itself, told where everything is.
    pub fn command(&self, subcommand: &str) -> anyhow::Result<Command> {
        let port = match subcommand {
            "command-api" => self.command_port,
            // Any other: nobody asks these anything.
            _ => self.cast.port(subcommand).unwrap_or(0),
        };
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg(subcommand)
            .envs(self.variables())
            .envs(self.cast.variables())
            .env("LISTEN", format!("127.0.0.1:{port}"))
            .stdin(Stdio::null());
        Ok(command)
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
        EventStore::new(self.database.clone(), TOPIC, Doorbell::default())
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DATABASE_URL", self.database_url.clone()),
            ("KAFKA_BROKERS", self.broker.brokers().to_owned()),
            ("ORDER_EVENTS_TOPIC", TOPIC.to_owned()),
            ("MONGODB_URI", self.mongodb.uri().to_owned()),
            ("MONGODB_DATABASE", "chaos".to_owned()),
            ("DATABASE_CONNECTIONS", "8".to_owned()),
            // Short, so that a pause outlives it often.
            ("RELAY_LEASE", "2s".to_owned()),
            ("OUTBOX_FAILED_RETRY", "5s".to_owned()),
            (
                "RUST_LOG",
                std::env::var("CHAOS_LOG").unwrap_or_else(|_| "off".to_owned()),
            ),
        ]
    }

    /// A participant's.
    pub fn schema(&self, schema: &str) -> anyhow::Result<Database> {
        Ok(Database::new(&DatabaseConfig {
            url: self.database_url.clone(),
            schema: Some(schema.to_owned()),
            connections: 2,
        })?)
    }

    pub fn books(&self) -> anyhow::Result<BooksCheck> {
        let inventory = self.schema(inventory::SCHEMA)?;
        let doorbell = Doorbell::default;
        // Nothing is appended, wherever it would be published.
        Ok(BooksCheck {
            orders: self.store(),
            stock: EventStore::new(inventory.clone(), TOPIC, doorbell()),
            reservations: EventStore::new(inventory, TOPIC, doorbell()),
            payments: EventStore::new(self.schema(payment::SCHEMA)?, TOPIC, doorbell()),
            notifications: EventStore::new(self.schema(notification::SCHEMA)?, TOPIC, doorbell()),
        })
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
