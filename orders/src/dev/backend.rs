use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use devstack::Stack;
use domain::saga::SagaFlow;
use runtime::config::{HttpArgs, KafkaArgs, MongoArgs, PostgresArgs, SagaTopics, Secret};

use super::participants::{self, Simulated};
use super::{EXAMPLE, SAGA_EXAMPLE, UpArgs};
use crate::migrate::{MigrateArgs, migrate};
use crate::process::Process;
use crate::services::all::{self, AllArgs};
use crate::services::command_api::CommandArgs;
use crate::services::projector::InstanceArgs;
use crate::services::saga::MemberArgs;

/// All services in this process, and how to reach what they stand on.
pub struct Backend {
    pub commands: String,
    pub queries: String,
    pub inventory: String,
    /// Where the mails can be read, where that is known.
    pub mails: Option<String>,
    pub services: AllArgs,
}

impl Backend {
    /// Migrates, makes the topics, starts the services and waits until all of it is ready.
    pub async fn start(
        process: &mut Process,
        stack: &Stack,
        args: &UpArgs,
        simulated: &mut Option<Simulated>,
    ) -> anyhow::Result<Self> {
        let local = |port| Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let services = AllArgs {
            member: MemberArgs::default(),
            command_listen: local(args.command_port),
            query_listen: local(args.query_port),
            http: HttpArgs::default(),
            postgres: PostgresArgs::new(Secret::new(stack.postgres.url()), 16),
            kafka: KafkaArgs {
                kafka_brokers: stack.kafka.brokers().to_owned(),
                order_events_topic: args.order_events_topic.clone(),
                order_events_partitions: 8,
                saga_events_topic: args.saga_events_topic.clone(),
                kafka_replication: 1,
                sagas: SagaTopics {
                    sagas: true,
                    ..args.sagas.clone()
                },
            },
            mongodb: MongoArgs::new(Secret::new(stack.mongodb.uri()), &args.mongodb_database),
            outbox: args.outbox,
            // The tour's order is the example as it stands.
            commands: CommandArgs {
                require_idempotency_key: false,
                saga_flow: SagaFlow::default(),
            },
            limits: args.limits,
            queries: args.queries,
            instance: InstanceArgs {
                projector_instance_id: None,
            },
            deadline: args.deadline,
        };
        migrate(&MigrateArgs {
            postgres: services.postgres.clone(),
            kafka: services.kafka.clone(),
            patience: 60,
        })
        .await
        .context("the servers are up, but cannot be prepared")?;
        all::start(process, &services).await?;
        *simulated = Some(participants::start(process, stack, args, &services).await?);
        wait_until_ready(process).await?;
        Ok(Self {
            commands: format!("http://localhost:{}", args.command_port),
            queries: format!("http://localhost:{}", args.query_port),
            inventory: format!("http://localhost:{}", args.participants.inventory_port),
            mails: stack.mail_catcher.page(),
            services,
        })
    }

    pub fn print_addresses(&self) {
        let mails = self.mails.as_deref().unwrap_or("where SMTP_URL says");
        println!(
            "\nCommands   {commands}    Queries  {queries}    (each also /livez /readyz /metrics)\n\
             Inventory  {inventory}    Mails    {mails}\n\n\
             Try it:\n\n  \
             curl -i {commands}/api/orders -H 'Content-Type: application/json' -d '{example}'\n  \
             curl -i {commands}/api/orders/ID/confirm -H 'Content-Type: application/json' -d '{{\"paymentId\":\"payment-1\"}}'\n  \
             curl -i {commands}/api/orders/ID/cancel -H 'Content-Type: application/json' -d '{{\"reason\":\"changed my mind\"}}'\n  \
             curl -i {commands}/api/orders/choreographed-saga -H 'Content-Type: application/json' -d '{saga}'\n  \
             curl -X PUT {inventory}/api/inventory/store-1/product-1 -d '{{\"quantity\":100}}'\n  \
             curl '{queries}/api/orders?customerId=customer-123'\n  \
             curl {queries}/api/orders/ID\n\n\
             What the topic carries:   orders dev consume\n\
             The servers' addresses:   orders dev env\n\n\
             Ctrl-C ends everything; the data stays.",
            commands = self.commands,
            queries = self.queries,
            inventory = self.inventory,
            saga = SAGA_EXAMPLE,
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
