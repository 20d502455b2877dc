use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use devstack::reserved_port;
use event_store::{Database, DatabaseConfig};
use serde_json::Value;
use uuid::Uuid;

/// The order of the README.
pub const EXAMPLE: &str = r#"{"customerId":"customer-123","restaurantId":"restaurant-456","totalAmount":45.99,"items":[{"menuItemId":"item-1","name":"Pizza","price":12.99,"quantity":2}]}"#;

const PATIENCE: Duration = Duration::from_secs(60);

/// Where a test's backend keeps its data: names nobody else uses, on servers that may be shared.
pub struct World {
    pub database_url: String,
    pub brokers: String,
    pub topic: String,
    pub mongodb_uri: String,
    pub mongodb_database: String,
    command_port: u16,
    query_port: u16,
}

/// A running `orders all`, or another subcommand; killed when dropped.
pub struct Backend(Child);

#[expect(clippy::disallowed_methods, reason = "tests must not share names")]
pub fn unique() -> Uuid {
    Uuid::now_v7()
}

impl World {
    pub async fn new() -> Self {
        Self::on(
            devstack::shared_postgres().await,
            devstack::shared_kafka().await.brokers(),
            devstack::shared_mongodb().await.uri(),
        )
        .await
    }

    pub async fn on(postgres: &devstack::Postgres, brokers: &str, mongodb_uri: &str) -> Self {
        let name = format!("t_{}", unique().simple());
        let world = Self {
            database_url: postgres.create_database(&name).await.unwrap(),
            brokers: brokers.to_owned(),
            topic: format!("order-events-{name}"),
            mongodb_uri: mongodb_uri.to_owned(),
            mongodb_database: name,
            command_port: reserved_port().unwrap(),
            query_port: reserved_port().unwrap(),
        };
        let migrated = world.orders("migrate").output().unwrap();
        let said = String::from_utf8_lossy(&migrated.stderr);
        assert!(migrated.status.success(), "{}: {said}", migrated.status);
        world
    }

    /// The binary, told where everything is.
    pub fn orders(&self, subcommand: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
        command
            .arg(subcommand)
            .env("DATABASE_URL", &self.database_url)
            .env("KAFKA_BROKERS", &self.brokers)
            .env("ORDER_EVENTS_TOPIC", &self.topic)
            .env("SAGA_EVENTS_TOPIC", format!("{}-sagas", self.topic))
            .env("MONGODB_URI", &self.mongodb_uri)
            .env("MONGODB_DATABASE", &self.mongodb_database)
            .env("COMMAND_LISTEN", format!("127.0.0.1:{}", self.command_port))
            .env("QUERY_LISTEN", format!("127.0.0.1:{}", self.query_port))
            .env("COMMAND_API_PORT", self.command_port.to_string())
            .env("QUERY_API_PORT", self.query_port.to_string())
            // Eight topics more, for the tests that use them.
            .env("SAGAS", "false")
            // A killed member's partitions come back at once, not after its session has ended.
            .env("PROJECTOR_INSTANCE_ID", "one")
            // `E2E_LOG=info,relay=debug cargo test …  -- --nocapture` shows what the processes log.
            .env(
                "RUST_LOG",
                std::env::var("E2E_LOG").unwrap_or_else(|_| "error".to_owned()),
            )
            .stdin(Stdio::null());
        command
    }

    /// Topics and ports of the participants' own, for `orders dev`.
    pub fn participants(&self) -> Vec<(&'static str, String)> {
        let topic = |of: &str| self.topic.replace("order-events", of);
        let mut environment = vec![
            ("INVENTORY_EVENTS_TOPIC", topic("inventory-events")),
            ("PAYMENT_EVENTS_TOPIC", topic("payment-events")),
            ("NOTIFICATION_EVENTS_TOPIC", topic("notification-events")),
        ];
        for port in ["INVENTORY_PORT", "PAYMENT_PORT", "PAYMENT_SIMULATOR_PORT"] {
            environment.push((port, reserved_port().unwrap().to_string()));
        }
        environment
    }

    /// The event store's, past the processes.
    pub fn database(&self) -> Database {
        self.connected(None)
    }

    /// A participant's.
    pub fn schema(&self, schema: &str) -> Database {
        self.connected(Some(schema))
    }

    fn connected(&self, schema: Option<&str>) -> Database {
        Database::new(&DatabaseConfig {
            url: self.database_url.clone(),
            schema: schema.map(str::to_owned),
            connections: 2,
        })
        .unwrap()
    }

    pub fn start(&self) -> Backend {
        Backend::of(self.orders("all"))
    }

    /// The commands' API alone, configured like this.
    pub fn start_commands(&self, environment: &[(&str, &str)]) -> Backend {
        let mut command = self.orders("command-api");
        command
            .env("LISTEN", format!("127.0.0.1:{}", self.command_port))
            .envs(environment.iter().copied());
        Backend(command.spawn().unwrap())
    }

    pub fn started(&self, command: &mut Command) -> Backend {
        Backend(command.spawn().unwrap())
    }

    pub fn commands(&self) -> String {
        format!("http://127.0.0.1:{}", self.command_port)
    }

    pub fn queries(&self) -> String {
        format!("http://127.0.0.1:{}", self.query_port)
    }

    /// Waits until `/readyz` of the commands' API answers 200.
    pub async fn wait_until_ready(&self) {
        let started = Instant::now();
        loop {
            let answer = reqwest::get(format!("{}/readyz", self.commands())).await;
            let report = match answer {
                Ok(answer) if answer.status().is_success() => return,
                Ok(answer) => answer.text().await.unwrap_or_default(),
                Err(error) => format!("{error:?}"),
            };
            assert!(started.elapsed() < PATIENCE, "not ready: {report}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until the queries have a read model to answer from: a projector makes it when it starts.
    pub async fn wait_until_readable(&self) {
        let started = Instant::now();
        let orders = format!("{}/api/orders", self.queries());
        while !reqwest::get(&orders).await.is_ok_and(|a| a.status() == 200) {
            assert!(started.elapsed() < PATIENCE, "no read model");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits until `/readyz` says that this dependency does not answer.
    pub async fn wait_until_away(&self, dependency: &str) {
        let started = Instant::now();
        loop {
            let answer = reqwest::get(format!("{}/readyz", self.commands()))
                .await
                .unwrap();
            let status = answer.status();
            let report: Value = answer.json().await.unwrap();
            if status == 503 && report["checks"][dependency]["state"] != "up" {
                return;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "{dependency} is not away: {report}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Backend {
    pub fn of(mut command: Command) -> Self {
        Self(command.spawn().unwrap())
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// SIGTERM; how it ended, and how long that took.
    pub fn terminate(mut self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        (self.0.wait().unwrap(), started.elapsed())
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // Else a test that failed because it had says only that nobody answers.
        if std::thread::panicking() {
            println!("by then, the backend had ended: {:?}", self.0.try_wait());
        }
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
