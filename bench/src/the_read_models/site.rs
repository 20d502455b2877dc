use event_store::{Database, DatabaseConfig};
use messaging::{Kafka, TopicSpec};
use read_models::ReadDatabase;
use tokio_postgres::NoTls;

pub const TOPIC: &str = "order-events";
pub const READ_DATABASE: &str = "bench";
pub const PARTITIONS: u16 = 8;

/// Where the servers are.
#[derive(Clone, clap::Args)]
pub struct Servers {
    #[arg(long)]
    pub database_url: String,
    #[arg(long)]
    pub brokers: String,
    #[arg(long)]
    pub mongodb_uri: String,
}

impl Servers {
    pub fn args(&self) -> [&str; 6] {
        [
            "--database-url",
            &self.database_url,
            "--brokers",
            &self.brokers,
            "--mongodb-uri",
            &self.mongodb_uri,
        ]
    }
}

/// Servers of this run's own.
pub struct Site {
    pub servers: Servers,
    _postgres: devstack::Postgres,
    _kafka: devstack::Kafka,
    _mongodb: devstack::MongoDb,
}

impl Site {
    pub async fn start() -> anyhow::Result<Self> {
        let postgres = devstack::private_postgres().await?;
        let kafka = devstack::private_kafka().await?;
        let mongodb = devstack::private_mongodb().await?;
        let url = postgres.create_database("bench").await?;
        let database = Database::new(&DatabaseConfig {
            url: url.clone(),
            schema: None,
            connections: 1,
        })?;
        database.migrate().await?;
        let servers = Servers {
            database_url: url,
            brokers: kafka.brokers().to_owned(),
            mongodb_uri: mongodb.uri().to_owned(),
        };
        Ok(Self {
            servers,
            _postgres: postgres,
            _kafka: kafka,
            _mongodb: mongodb,
        })
    }

    pub async fn topic(&self, name: &str) -> anyhow::Result<()> {
        let topic = TopicSpec {
            name: name.to_owned(),
            partitions: PARTITIONS,
            replication: 1,
        };
        Ok(Kafka::new(&self.servers.brokers)
            .ensure_topic(&topic)
            .await?)
    }

    pub async fn read_database(&self) -> anyhow::Result<ReadDatabase> {
        Ok(ReadDatabase::new(&self.servers.mongodb_uri, READ_DATABASE).await?)
    }

    /// Orders under random ids: each is created, 7 of 8 confirmed and 5 of 8 cancelled.
    pub async fn append(&self, orders: u32) -> anyhow::Result<()> {
        let (psql, connection) = tokio_postgres::connect(&self.servers.database_url, NoTls).await?;
        tokio::spawn(connection);
        psql.batch_execute(&format!(
            r#"INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type,
                                   event_version, payload, metadata)
               SELECT 'Order', md5(n::text)::uuid::text, sequence,
                   (ARRAY['OrderCreated', 'OrderConfirmed', 'OrderCancelled'])[sequence],
                   CASE sequence WHEN 1 THEN '2' ELSE '1' END,
                   (CASE sequence
                    WHEN 1 THEN json_build_object('OrderCreated', json_build_object(
                        'customerId', 'customer-' || n % 10000,
                        'restaurantId', 'restaurant-' || n % 500,
                        'totalAmount', '45.99', 'currency', 'EUR',
                        'items', json_build_array(json_build_object(
                            'menuItemId', 'item-' || n % 50, 'name', 'Pizza Margherita',
                            'price', '12.99', 'quantity', 1 + n % 3))))
                    WHEN 2 THEN '{{"OrderConfirmed":{{"paymentId":"payment-1"}}}}'
                    ELSE '{{"OrderCancelled":{{"reason":"changed my mind"}}}}' END)::json,
                   json_build_object('correlationId', md5(n::text),
                       'causationId', md5(n::text || sequence)::uuid,
                       'occurredOn', '2026-11-21T10:00:0' || sequence || '.123456Z')
               FROM generate_series(1, {orders}) AS n,
                   generate_series(1, CASE WHEN n % 8 < 5 THEN 3 WHEN n % 8 < 7 THEN 2 ELSE 1 END)
                       AS sequence;
               ANALYZE events"#
        ))
        .await?;
        Ok(())
    }
}
