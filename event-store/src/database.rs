use std::time::Duration;

use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use sqlx::ConnectOptions;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::time::error::Elapsed;
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row};

use crate::EventStoreError;
use crate::error::{classify, full};

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// A caller waits this long for a free connection, for a new one to be made, or for a stream.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
/// The server aborts a statement that takes longer, and nothing of it is written.
const STATEMENT_TIMEOUT: &str = "5s";
/// A server that has not even aborted by now does not answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(6);

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
            // A peer that vanished without a word is noticed in seconds, not in a quarter hour.
            .tcp_user_timeout(Duration::from_secs(10))
            .keepalives_idle(Duration::from_secs(5))
            .keepalives_interval(Duration::from_secs(2))
            .keepalives_retries(3);

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
        const SOON: Duration = Duration::from_millis(1500);
        let client = self.pool.get().await?;
        let asked = client.simple_query("SELECT FROM outbox LIMIT 0");
        match tokio::time::timeout(SOON, asked).await {
            Ok(answer) => answer.map(drop).map_err(|e| classify(&e)),
            Err(late) => Err(discard(client, late)),
        }
    }

    pub(crate) async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, EventStoreError> {
        let client = self.client().await?;
        let rows = async {
            let statement = client.prepare_cached(sql).await?;
            client.query(&statement, parameters).await
        };
        match answer(rows).await {
            Ok(rows) => rows.map_err(|e| classify(&e)),
            Err(late) => Err(discard(client, late)),
        }
    }

    /// Returns how many rows the statement changed.
    pub(crate) async fn execute(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, EventStoreError> {
        let client = self.client().await?;
        let changed = async {
            let statement = client.prepare_cached(sql).await?;
            client.execute(&statement, parameters).await
        };
        match answer(changed).await {
            Ok(changed) => changed.map_err(|e| classify(&e)),
            Err(late) => Err(discard(client, late)),
        }
    }

    pub(crate) async fn client(&self) -> Result<Client, EventStoreError> {
        Ok(self.pool.get().await?)
    }

    pub(crate) fn loading(&self) -> &PgPool {
        &self.loading
    }
}

/// Waits six seconds for what a statement answers. A connection that stays silent is of no further
/// use: the caller has to [`discard`] it.
pub(crate) async fn answer<T, E>(
    statement: impl Future<Output = Result<T, E>>,
) -> Result<Result<T, E>, Elapsed> {
    tokio::time::timeout(ANSWER_TIMEOUT, statement).await
}

/// Takes a connection that does not answer out of the pool: it would keep the next caller waiting
/// just as long. What its statement did is unknown.
pub(crate) fn discard(client: Client, late: Elapsed) -> EventStoreError {
    drop(Client::take(client));
    EventStoreError::OutcomeUnknown(late.into())
}
