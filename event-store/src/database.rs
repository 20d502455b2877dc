use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use sqlx::ConnectOptions;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio_postgres::NoTls;

use crate::EventStoreError;
use crate::error::{classify, full};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// A caller waits this long for a free connection, for a new one to be made, or for a stream.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
/// The server aborts a statement that takes longer, and nothing of it is written.
const STATEMENT_TIMEOUT: &str = "5s";
/// A server that has not even aborted by now does not answer.
pub(crate) const ANSWER_TIMEOUT: Duration = Duration::from_secs(6);

#[derive(Clone)]
pub struct DatabaseConfig {
    /// May carry a password: not to be shown.
    pub url: String,
    /// The Postgres schema that holds this store's tables; `None` is the connection's default.
    pub schema: Option<String>,
    /// Of each of the two pools.
    pub connections: u32,
}

/// Connections to the database of one event store: tokio-postgres to append and relay, sqlx (which
/// postgres-es needs) to load streams.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    loading: PgPool,
    connect: PgConnectOptions,
}

impl Database {
    /// Connects when first used: a database that is away now may be there then.
    pub fn new(config: &DatabaseConfig) -> Result<Self, EventStoreError> {
        // The parsers' own errors may repeat the URL, and with it a password.
        let mut appending: tokio_postgres::Config =
            config.url.parse().map_err(|_| EventStoreError::Url)?;
        let mut connect: PgConnectOptions = config.url.parse().map_err(|_| EventStoreError::Url)?;
        connect = connect.disable_statement_logging();

        let mut options = appending.get_options().unwrap_or_default().to_owned();
        options.push_str(&format!(" -c statement_timeout={STATEMENT_TIMEOUT}"));
        if let Some(schema) = &config.schema {
            options.push_str(&format!(" -c search_path={schema}"));
            connect = connect.options([("search_path", schema)]);
        }
        appending
            .options(options)
            .application_name("orders")
            .connect_timeout(PATIENCE)
            .keepalives_idle(Duration::from_secs(10));

        let manager = Manager::from_config(
            appending,
            NoTls,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = Pool::builder(manager)
            .max_size(config.connections as usize)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(PATIENCE),
                create: Some(PATIENCE),
                recycle: Some(PATIENCE),
            })
            .build()
            .map_err(|e| EventStoreError::Unavailable(full(&e).into()))?;
        let loading = PgPoolOptions::new()
            .max_connections(config.connections)
            .acquire_timeout(PATIENCE)
            // A connection that died is found by its first use, and loading is tried again; asking
            // each connection before each use would double the round trips.
            .test_before_acquire(false)
            .connect_lazy_with(connect.clone());
        Ok(Self {
            pool,
            loading,
            connect,
        })
    }

    /// Brings the schema up to date. Processes that start together wait for one another.
    pub async fn migrate(&self) -> Result<(), EventStoreError> {
        let mut connection = self
            .connect
            .connect()
            .await
            .map_err(|e| EventStoreError::Unavailable(full(&e).into()))?;
        MIGRATIONS.run_direct(&mut connection).await?;
        Ok(())
    }

    /// Whether the database answers, and has been migrated.
    pub async fn ping(&self) -> Result<(), EventStoreError> {
        let client = self.pool.get().await?;
        client
            .simple_query("SELECT FROM outbox LIMIT 0")
            .await
            .map_err(|e| classify(&e))?;
        Ok(())
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn loading(&self) -> &PgPool {
        &self.loading
    }
}
