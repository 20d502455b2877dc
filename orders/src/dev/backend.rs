use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use devstack::Stack;
use runtime::config::{KafkaArgs, ListenArgs, MongoArgs, PostgresArgs, Secret};

use crate::migrate::{MigrateArgs, migrate};
use crate::process::Process;
use crate::services::{command_api, projector, query_api, relay};

/// All services in this process, and how to reach what they stand on.
pub struct Backend {
    pub commands: String,
    pub queries: String,
    pub postgres: PostgresArgs,
    pub kafka: KafkaArgs,
    pub mongodb: MongoArgs,
}

impl Backend {
    /// Migrates, makes the topics, starts the services and waits until all of it is ready.
    pub async fn start(
        process: &mut Process,
        stack: &Stack,
        command_port: u16,
        query_port: u16,
    ) -> anyhow::Result<Self> {
        let postgres = PostgresArgs::new(Secret::new(stack.postgres.url()), 16);
        let mongodb = MongoArgs::new(Secret::new(stack.mongodb.uri()), "orders");
        let kafka = KafkaArgs {
            kafka_brokers: stack.kafka.brokers().to_owned(),
            order_events_topic: "order-events".to_owned(),
            order_events_partitions: 8,
            kafka_replication: 1,
        };
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let backend = Self {
            commands: format!("http://localhost:{command_port}"),
            queries: format!("http://localhost:{query_port}"),
            postgres,
            kafka,
            mongodb,
        };
        migrate(&MigrateArgs {
            postgres: backend.postgres.clone(),
            kafka: backend.kafka.clone(),
        })
        .await
        .context("the servers are up, but cannot be prepared")?;

        command_api::start(
            process,
            local(command_port),
            &backend.postgres,
            &backend.kafka,
        )
        .await?;
        query_api::start(process, local(query_port), &backend.mongodb).await?;
        relay::start(process, &backend.postgres, &backend.kafka)?;
        let projector = projector::ProjectorArgs {
            listen: ListenArgs::new(None),
            postgres: backend.postgres.clone(),
            kafka: backend.kafka.clone(),
            mongodb: backend.mongodb.clone(),
            projector_instance_id: None,
        };
        projector::start(process, &projector).await?;
        wait_until_ready(process).await?;
        Ok(backend)
    }

    pub fn print_addresses(&self, stack: &Stack) {
        println!(
            "\nCommands  {commands}    Queries  {queries}    (each also /livez /readyz /metrics)\n\n\
             Try it:\n\n  \
             curl -i {commands}/api/orders -H 'Content-Type: application/json' -d '{example}'\n  \
             curl -i {commands}/api/orders/ID/confirm -H 'Content-Type: application/json' -d '{{\"paymentId\":\"payment-1\"}}'\n  \
             curl -i {commands}/api/orders/ID/cancel -H 'Content-Type: application/json' -d '{{\"reason\":\"changed my mind\"}}'\n  \
             curl '{queries}/api/orders?customerId=customer-123'\n  \
             curl {queries}/api/orders/ID\n\n\
             What the topic carries:  orders dev consume\n\n{exports}\n\
             Ctrl-C ends everything; the data stays.",
            commands = self.commands,
            queries = self.queries,
            example = super::tour::EXAMPLE,
            exports = stack.exports(),
        );
    }
}

/// The slowest part is the first group join on a new broker, some seconds.
async fn wait_until_ready(process: &Process) -> anyhow::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(60);
    let health = process.health().clone();
    let ready = async {
        while !health.is_ready() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, ready).await.is_err() {
        bail!("not ready after {PATIENCE:?}: {:?}", health.report());
    }
    Ok(())
}
