use std::pin::Pin;
use std::time::Duration;

use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts};
use sqlx::ConnectOptions;
use sqlx::migrate::{MigrateError, Migration, MigrationSource, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
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
    /// Of each of the four pools.
    pub connections: u32,
}

/// Everything here is looked up by key, or read along an index a page at a time. But a plan that was
/// made while a table was small reads all of it, and a connection keeps that plan while the table
/// grows, until Postgres has analysed it. Where a plan has no way around what is switched off, its
/// cost looks so high that it would be compiled first.
const BY_KEY: [(&str, &str); 2] = [("enable_seqscan", "off"), ("jit", "off")];

/// Where to plan takes as long as to carry out, or longer.
const PLANNED_ONCE: (&str, &str) = ("plan_cache_mode", "force_generic_plan");

/// A statement that appends has one good plan, whatever the tables' statistics say just then:
/// lookups by key, and its own rows hashed.
const HASHED: [(&str, &str); 2] = [("enable_nestloop", "off"), ("enable_mergejoin", "off")];

/// Connections to the database of one event store: tokio-postgres to append and, apart from that,
/// to repeat a few lookups, sqlx (which postgres-es needs) to load streams.
#[derive(Clone)]
pub struct Database {
    appending: Pool,
    repeating: Pool,
    pool: Pool,
    loading: PgPool,
    connect: PgConnectOptions,
    schema: Option<String>,
}

impl Database {
    /// Connects when first used: a database that is away now may be there then.
    pub fn new(config: &DatabaseConfig) -> Result<Self, EventStoreError> {
        // The parsers' own errors may repeat the URL, and with it a password.
        let mut pooled: tokio_postgres::Config =
            config.url.parse().map_err(|_| EventStoreError::Url)?;
        let mut connect: PgConnectOptions = config.url.parse().map_err(|_| EventStoreError::Url)?;
        connect = connect.disable_statement_logging();

        let mut options = pooled.get_options().unwrap_or_default().to_owned();
        let mut set =
            |(name, value): (&str, &str)| options.push_str(&format!(" -c {name}={value}"));
        set(("statement_timeout", STATEMENT_TIMEOUT));
        if let Some(schema) = &config.schema {
            set(("search_path", schema));
            connect = connect.options([("search_path", schema)]);
        }
        BY_KEY.into_iter().for_each(&mut set);
        pooled
            .options(&options)
            .application_name("orders")
            .connect_timeout(PATIENCE)
            // A peer that vanished without a word is noticed in seconds, not in a quarter hour.
            .tcp_user_timeout(Duration::from_secs(10))
            .keepalives_idle(Duration::from_secs(5))
            .keepalives_interval(Duration::from_secs(2))
            .keepalives_retries(3);
        let mut set = |(name, value): (&str, &str)| {
            options.push_str(&format!(" -c {name}={value}"));
            options.clone()
        };
        let mut repeating = pooled.clone();
        repeating.options(set(PLANNED_ONCE));
        let mut appending = repeating.clone();
        for setting in HASHED {
            appending.options(set(setting));
        }
        let loading = PgPoolOptions::new()
            .max_connections(config.connections)
            .acquire_timeout(PATIENCE)
            // A connection that died is found by its first use, and loading is tried again; asking
            // each connection before each use would double the round trips.
            .test_before_acquire(false)
            .connect_lazy_with(connect.clone().options(BY_KEY));
        Ok(Self {
            appending: pool(appending, config.connections)?,
            repeating: pool(repeating, config.connections)?,
            pool: pool(pooled, config.connections)?,
            loading,
            connect,
            schema: config.schema.clone(),
        })
    }

    /// Brings the schema up to date. Processes that start together wait for one another.
    pub async fn migrate(&self) -> Result<(), EventStoreError> {
        self.run(&MIGRATIONS).await
    }

    /// The same, with the tables of whoever has this schema beside them: their migrations' versions
    /// are above those of the store's own.
    pub async fn migrate_with(&self, own: &Migrator) -> Result<(), EventStoreError> {
        let all = MIGRATIONS.iter().chain(own.iter()).cloned().collect();
        self.run(&Migrator::new(Migrations(all)).await?).await
    }

    async fn run(&self, migrations: &Migrator) -> Result<(), EventStoreError> {
        let mut connection = self
            .connect
            .connect()
            .await
            .map_err(|e| EventStoreError::Unavailable(full(&e).into()))?;
        if let Some(schema) = &self.schema {
            create_schema(&mut connection, schema).await?;
        }
        migrations.run_direct(&mut connection).await?;
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
        query(self.client().await?, sql, parameters).await
    }

    /// Returns how many rows the statement changed.
    pub(crate) async fn execute(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, EventStoreError> {
        execute(self.client().await?, sql, parameters).await
    }

    /// [`Self::query`] for a statement that a relay or a participant repeats all the time, and whose
    /// one good plan does not depend on its parameters.
    pub(crate) async fn query_planned_once(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, EventStoreError> {
        query(self.repeating.get().await?, sql, parameters).await
    }

    /// [`Self::execute`], likewise.
    pub(crate) async fn execute_planned_once(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, EventStoreError> {
        execute(self.repeating.get().await?, sql, parameters).await
    }

    pub(crate) async fn client(&self) -> Result<Client, EventStoreError> {
        Ok(self.pool.get().await?)
    }

    /// A connection for [`crate::group_commit`] and [`crate::Inbox::write`], and nothing else: they
    /// append, and would be planned anew each time, which takes longer than to carry them out.
    pub(crate) async fn appending(&self) -> Result<Client, EventStoreError> {
        Ok(self.appending.get().await?)
    }

    /// How many of them there may be.
    pub(crate) fn connections(&self) -> usize {
        self.appending.status().max_size
    }

    pub(crate) fn loading(&self) -> &PgPool {
        &self.loading
    }
}

async fn query(
    client: Client,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, EventStoreError> {
    let rows = async {
        let statement = client.prepare_cached(sql).await?;
        client.query(&statement, parameters).await
    };
    match answer(rows).await {
        Ok(rows) => rows.map_err(|e| classify(&e)),
        Err(late) => Err(discard(client, late)),
    }
}

async fn execute(
    client: Client,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<u64, EventStoreError> {
    let changed = async {
        let statement = client.prepare_cached(sql).await?;
        client.execute(&statement, parameters).await
    };
    match answer(changed).await {
        Ok(changed) => changed.map_err(|e| classify(&e)),
        Err(late) => Err(discard(client, late)),
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Asked first: to create what is there takes a right that the caller may not have.
async fn create_schema(connection: &mut PgConnection, schema: &str) -> Result<(), EventStoreError> {
    let found = sqlx::query("SELECT FROM pg_namespace WHERE nspname = $1").bind(schema);
    let found = found.fetch_optional(&mut *connection).await;
    if found.map_err(MigrateError::from)?.is_none() {
        let name = schema.replace('"', "\"\"");
        let sql = format!("CREATE SCHEMA IF NOT EXISTS \"{name}\"");
        let created = sqlx::query(&sql).execute(connection).await;
        created.map_err(MigrateError::from)?;
    }
    Ok(())
}

#[derive(Debug)]
struct Migrations(Vec<Migration>);

impl MigrationSource<'static> for Migrations {
    fn resolve(self) -> BoxFuture<'static, Result<Vec<Migration>, sqlx::error::BoxDynError>> {
        Box::pin(std::future::ready(Ok(self.0)))
    }
}

fn pool(config: tokio_postgres::Config, connections: u32) -> Result<Pool, EventStoreError> {
    let manager = Manager::from_config(
        config,
        NoTls,
        ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        },
    );
    Pool::builder(manager)
        .max_size(connections as usize)
        .runtime(Runtime::Tokio1)
        .timeouts(Timeouts {
            wait: Some(PATIENCE),
            create: Some(PATIENCE),
            recycle: Some(PATIENCE),
        })
        .build()
        .map_err(|e| EventStoreError::Unavailable(full(&e).into()))
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
