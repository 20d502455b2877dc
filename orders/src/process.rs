use std::convert::Infallible;
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context, anyhow};
use axum::Router;
use runtime::auth::Authentication;
use runtime::config::{HttpArgs, KafkaArgs, MongoArgs, PostgresArgs};
use runtime::health::{self, Check, Health};
use runtime::http::{AccessRule, ConnectionLimits, Operations, Tls};
use runtime::{Clock, Ids, SystemClock, TimeOrderedIds};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::open_files::connections_within_limit;
use domain::order::Order;
use event_store::{Database, DatabaseConfig, Doorbell, EventStore};
use messaging::Kafka;
use read_models::ReadDatabase;

/// What the services of one process share, and the tasks they run.
pub struct Process {
    pub operations: Operations,
    pub stop: CancellationToken,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn Ids>,
    pub doorbell: Doorbell,
    http: HttpArgs,
    /// That each of this process's APIs keeps open.
    connections: usize,
    authentication: Authentication,
    tls: Option<Arc<Tls>>,
    /// Made by the first service that needs them, and shared with the others of this process.
    database: Option<Database>,
    kafka: Option<Kafka>,
    read_database: Option<ReadDatabase>,
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Process {
    /// Sets up logs, metrics and signals. `log_level` is used where `RUST_LOG` is not set.
    pub fn start(log_level: &str, http: &HttpArgs) -> anyhow::Result<Self> {
        runtime::telemetry::logs(log_level)?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let mut process = Self {
            operations: Operations {
                health: Health::default(),
                metrics: runtime::telemetry::metrics()?,
            },
            stop: runtime::on_signal().context("cannot listen for signals")?,
            http: http.clone(),
            connections: connections_within_limit(http.max_connections),
            authentication: http.auth.authentication(clock.clone())?,
            tls: http.tls()?,
            clock,
            ids: Arc::new(TimeOrderedIds),
            doorbell: Doorbell::default(),
            database: None,
            kafka: None,
            read_database: None,
            tasks: JoinSet::new(),
        };
        let stop = process.stop.clone();
        let fresh = process.authentication.keep_fresh(process.health(), stop);
        process.spawn("authentication", async move {
            fresh.await;
            Ok::<_, Infallible>(())
        });
        Ok(process)
    }

    pub fn health(&self) -> &Health {
        &self.operations.health
    }

    /// Runs a part of this process. Its failure ends the process.
    pub fn spawn<E>(
        &mut self,
        name: &'static str,
        part: impl Future<Output = Result<(), E>> + Send + 'static,
    ) where
        E: Into<anyhow::Error>,
    {
        self.tasks
            .spawn(async move { part.await.map_err(|e| e.into().context(name)) });
    }

    /// Asks a dependency from now on, for `/readyz`.
    pub fn watch<F, E>(&mut self, name: &'static str, ask: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = Result<(), E>> + Send,
        E: Display + Send,
    {
        let check: Check = self.health().check(name);
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            health::watch(check, stop, ask).await;
            Ok(())
        });
    }

    /// Binds, and serves the router with the health endpoints, problem+json and authentication
    /// around it.
    pub async fn serve(
        &mut self,
        name: &'static str,
        addr: std::net::SocketAddr,
        router: Router,
        access: &'static [AccessRule],
    ) -> anyhow::Result<()> {
        let listener = runtime::http::bind(addr).await.context(name)?;
        let router = runtime::http::operations(router, self.operations.clone());
        let router = runtime::http::authenticated(router, self.authentication.clone(), access);
        let origins = &self.http.cors_allowed_origins;
        let router = runtime::http::for_browsers(router, origins, self.tls.is_some());
        let router = runtime::http::with_context(router, self.ids.clone());
        tracing::info!(%addr, "{name} is listening");
        let (tls, stop) = (self.tls.clone(), self.stop.clone());
        let limits = ConnectionLimits {
            connections: self.connections,
            ..ConnectionLimits::default()
        };
        self.spawn(name, async move {
            runtime::http::serve(listener, router, limits, tls, stop).await;
            Ok::<_, Infallible>(())
        });
        Ok(())
    }

    /// The event store's database, watched.
    pub fn database(&mut self, postgres: &PostgresArgs) -> anyhow::Result<Database> {
        if let Some(database) = &self.database {
            return Ok(database.clone());
        }
        let database = database(postgres)?;
        self.watch_database("postgres", &database);
        self.database = Some(database.clone());
        Ok(database)
    }

    /// The same server, and a schema of somebody's own, watched.
    pub fn schema(
        &mut self,
        postgres: &PostgresArgs,
        schema: &'static str,
    ) -> anyhow::Result<Database> {
        let database = database_of(postgres, Some(schema))?;
        self.watch_database(schema, &database);
        Ok(database)
    }

    fn watch_database(&mut self, name: &'static str, database: &Database) {
        let asked = database.clone();
        self.watch(name, move || {
            let database = asked.clone();
            async move { database.ping().await }
        });
    }

    /// The order's event store.
    pub fn event_store(
        &mut self,
        postgres: &PostgresArgs,
        kafka: &KafkaArgs,
    ) -> anyhow::Result<EventStore<Order>> {
        let database = self.database(postgres)?;
        let topic = &kafka.order_events_topic;
        Ok(EventStore::new(database, topic, self.doorbell.clone()))
    }

    /// Kafka, watched.
    pub fn kafka(&mut self, kafka: &KafkaArgs) -> anyhow::Result<Kafka> {
        if let Some(kafka) = &self.kafka {
            return Ok(kafka.clone());
        }
        let client = Kafka::new(&kafka.kafka_brokers);
        let prober = client.prober()?;
        self.watch("kafka", move || {
            let prober = prober.clone();
            async move { prober.ping().await }
        });
        self.kafka = Some(client.clone());
        Ok(client)
    }

    /// The read models' database, watched.
    pub async fn read_database(&mut self, mongodb: &MongoArgs) -> anyhow::Result<ReadDatabase> {
        if let Some(database) = &self.read_database {
            return Ok(database.clone());
        }
        let database = read_database(mongodb).await?;
        let asked = database.clone();
        self.watch("mongodb", move || {
            let database = asked.clone();
            async move { database.ping().await }
        });
        self.read_database = Some(database.clone());
        Ok(database)
    }

    /// Until a signal comes or a part fails; then everything is told to stop, and ends within the
    /// grace period.
    pub async fn finish(mut self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        let grace = async {
            self.stop.cancelled().await;
            let _ended = end_at_the_latest();
            tokio::time::sleep(runtime::GRACE).await;
        };
        tokio::pin!(grace);
        loop {
            let ended = tokio::select! {
                ended = self.tasks.join_next() => ended,
                () = &mut grace => return Err(anyhow!("not everything ended within {:?}", runtime::GRACE)),
            };
            match ended {
                None => return outcome,
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => {
                    outcome = outcome.and(Err(error));
                    self.stop.cancel();
                }
                Some(Err(panic)) => {
                    outcome = outcome.and(Err(anyhow!(panic)));
                    self.stop.cancel();
                }
            }
        }
    }
}

/// Ends the process also where something that blocks has all threads of the runtime, unless what it
/// returns is dropped in time.
fn end_at_the_latest() -> mpsc::Sender<()> {
    let (ended, has_ended) = mpsc::channel();
    std::thread::spawn(move || {
        let patience = runtime::GRACE + Duration::from_millis(500);
        if has_ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
            eprintln!("orders: all threads are held up, not everything has ended");
            std::process::exit(1);
        }
    });
    ended
}

pub fn database(postgres: &PostgresArgs) -> anyhow::Result<Database> {
    database_of(postgres, None)
}

pub fn database_of(postgres: &PostgresArgs, schema: Option<&str>) -> anyhow::Result<Database> {
    Ok(Database::new(&DatabaseConfig {
        url: postgres.url()?.expose().to_owned(),
        schema: schema.map(str::to_owned),
        connections: postgres.database_connections,
    })?)
}

pub async fn read_database(mongodb: &MongoArgs) -> anyhow::Result<ReadDatabase> {
    Ok(ReadDatabase::new(mongodb.uri()?.expose(), &mongodb.mongodb_database).await?)
}
