use domain::order::Order;
use event_store::{Database, DatabaseConfig, Doorbell, EventStore};
use tokio_postgres::{Client, NoTls};

/// A Postgres of this run's own, with a migrated database.
pub struct Site {
    pub url: String,
    pub psql: Client,
    pub store: EventStore<Order>,
    _postgres: devstack::Postgres,
}

impl Site {
    pub async fn start() -> anyhow::Result<Self> {
        let postgres = devstack::private_postgres().await?;
        let url = postgres.create_database("bench").await?;
        let database = Database::new(&DatabaseConfig {
            url: url.clone(),
            schema: None,
            connections: 16,
        })?;
        database.migrate().await?;
        let (psql, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self {
            url,
            psql,
            store: EventStore::new(database, "order-events", Doorbell::default()),
            _postgres: postgres,
        })
    }

    /// Every figure starts from the same.
    pub async fn clear(&self) -> anyhow::Result<()> {
        let sql = "TRUNCATE events, outbox, orders, idempotency_keys";
        self.psql.batch_execute(sql).await?;
        Ok(self.psql.batch_execute("CHECKPOINT").await?)
    }
}
