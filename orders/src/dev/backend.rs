use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use devstack::Stack;
use runtime::config::{KafkaArgs, MongoArgs, PostgresArgs, Secret};

use super::{EXAMPLE, UpArgs};
use crate::migrate::{MigrateArgs, migrate};
use crate::process::Process;
use crate::services::all::{self, AllArgs};
use crate::services::projector::InstanceArgs;

/// All services in this process, and how to reach what they stand on.
pub struct Backend {
    pub commands: String,
    pub queries: String,
    pub services: AllArgs,
}

impl Backend {
    /// Migrates, makes the topics, starts the services and waits until all of it is ready.
    pub async fn start(
        process: &mut Process,
        stack: &Stack,
        args: &UpArgs,
    ) -> anyhow::Result<Self> {
        let local = |port| Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let services = AllArgs {
            command_listen: local(args.command_port),
            query_listen: local(args.query_port),
            allow_no_auth: false,
            postgres: PostgresArgs::new(Secret::new(stack.postgres.url()), 16),
            kafka: KafkaArgs {
                kafka_brokers: stack.kafka.brokers().to_owned(),
                order_events_topic: args.order_events_topic.clone(),
                order_events_partitions: 8,
                kafka_replication: 1,
            },
            mongodb: MongoArgs::new(Secret::new(stack.mongodb.uri()), &args.mongodb_database),
            outbox: args.outbox,
            instance: InstanceArgs {
                projector_instance_id: None,
            },
        };
        migrate(&MigrateArgs {
            postgres: services.postgres.clone(),
            kafka: services.kafka.clone(),
        })
        .await
        .context("the servers are up, but cannot be prepared")?;
        all::start(process, &services).await?;
        wait_until_ready(process).await?;
        Ok(Self {
            commands: format!("http://localhost:{}", args.command_port),
            queries: format!("http://localhost:{}", args.query_port),
            services,
        })
    }

    pub fn print_addresses(&self) {
        println!(
            "\nCommands  {commands}    Queries  {queries}    (each also /livez /readyz /metrics)\n\n\
             Try it:\n\n  \
             curl -i {commands}/api/orders -H 'Content-Type: application/json' -d '{example}'\n  \
             curl -i {commands}/api/orders/ID/confirm -H 'Content-Type: application/json' -d '{{\"paymentId\":\"payment-1\"}}'\n  \
             curl -i {commands}/api/orders/ID/cancel -H 'Content-Type: application/json' -d '{{\"reason\":\"changed my mind\"}}'\n  \
             curl '{queries}/api/orders?customerId=customer-123'\n  \
             curl {queries}/api/orders/ID\n\n\
             What the topic carries:   orders dev consume\n\
             The servers' addresses:   orders dev env\n\n\
             Ctrl-C ends everything; the data stays.",
            commands = self.commands,
            queries = self.queries,
            example = EXAMPLE,
        );
    }
}

/// The slowest part is the projector's first group join on a new broker, some seconds.
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
