use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use messaging::Kafka;
use read_models::ReadDatabase;
use tokio::time::Instant;

const READY_WITHIN: Duration = Duration::from_secs(60);
const READ_DATABASE: &str = "orders";

/// Servers of its own for the binary that was built beside this one.
pub struct Backend {
    pub commands: SocketAddr,
    pub queries: SocketAddr,
    pub read: ReadDatabase,
    pub kafka: Kafka,
    pub postgres: devstack::Postgres,
    pub database_url: String,
    orders: PathBuf,
    kafka_server: devstack::Kafka,
    mongodb: devstack::MongoDb,
}

/// One of its processes; killed when dropped, and gone by then.
#[must_use]
pub struct Running(Child);

impl Running {
    pub fn of(command: &mut Command) -> anyhow::Result<Self> {
        Ok(Self(command.spawn()?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Backend {
    /// Starts the servers, and makes what has to be there.
    pub async fn prepare() -> anyhow::Result<Self> {
        let orders = std::env::current_exe()?.with_file_name("orders");
        ensure!(
            orders.exists(),
            "the backend's binary is missing beside this one: build it with the same profile"
        );
        let postgres = devstack::private_postgres().await?;
        let kafka_server = devstack::private_kafka().await?;
        let mongodb = devstack::private_mongodb().await?;
        let backend = Self {
            commands: free_address()?,
            queries: free_address()?,
            read: ReadDatabase::new(mongodb.uri(), READ_DATABASE).await?,
            kafka: Kafka::new(kafka_server.brokers()),
            orders,
            database_url: postgres.create_database("orders").await?,
            postgres,
            kafka_server,
            mongodb,
        };
        let migrated = backend.command("migrate").status()?;
        ensure!(migrated.success(), "migrate: {migrated}");
        Ok(backend)
    }

    /// All of it, once it is ready.
    pub async fn all(&self) -> anyhow::Result<Running> {
        let running = Running(self.command("all").spawn()?);
        wait_until_ready(self.commands).await?;
        Ok(running)
    }

    /// The API of the commands alone, with nobody who publishes or projects what it appends.
    pub async fn commands_alone(&self) -> anyhow::Result<Running> {
        let mut command = self.command("command-api");
        let running = Running(command.env("LISTEN", self.commands.to_string()).spawn()?);
        wait_until_ready(self.commands).await?;
        Ok(running)
    }

    /// The API of the queries alone.
    pub async fn queries_alone(&self) -> anyhow::Result<Running> {
        let mut command = self.command("query-api");
        let running = Running(command.env("LISTEN", self.queries.to_string()).spawn()?);
        wait_until_ready(self.queries).await?;
        Ok(running)
    }

    /// Who publishes what was appended, and nobody else.
    pub fn relay_alone(&self) -> anyhow::Result<Running> {
        let mut command = self.command("relay");
        Ok(Running(command.env("LISTEN", "127.0.0.1:0").spawn()?))
    }

    /// A subcommand that is told where everything is.
    pub fn command(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.orders);
        command
            .arg(subcommand)
            .env("DATABASE_URL", &self.database_url)
            .env("KAFKA_BROKERS", self.kafka_server.brokers())
            .env("MONGODB_URI", self.mongodb.uri())
            .env("MONGODB_DATABASE", READ_DATABASE)
            .env("COMMAND_LISTEN", self.commands.to_string())
            .env("QUERY_LISTEN", self.queries.to_string())
            // `BENCH_LOG=info` shows what the processes log.
            .env(
                "RUST_LOG",
                std::env::var("BENCH_LOG").unwrap_or_else(|_| "error".to_owned()),
            )
            .stdin(Stdio::null());
        command
    }
}

pub async fn wait_until_ready(at: SocketAddr) -> anyhow::Result<()> {
    let started = Instant::now();
    let ready = format!("http://{at}/readyz");
    loop {
        match reqwest::get(&ready).await {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            _ if started.elapsed() < READY_WITHIN => {}
            Ok(answer) => bail!("not ready: {}", answer.text().await?),
            Err(error) => return Err(error.into()),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub fn free_address() -> anyhow::Result<SocketAddr> {
    let port = devstack::reserved_port().context("no port is free")?;
    Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}
