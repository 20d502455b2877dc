use std::time::Duration;

use anyhow::Context;
use event_store::EventStoreError;
use messaging::{Kafka, MessagingError, TopicSpec};
use participants::{inventory, notification, payment};
use runtime::Backoff;
use runtime::config::{KafkaArgs, PostgresArgs, dead_letter_topic};
use sqlx::migrate::Migrator;
use tokio::time::Instant;

use crate::process::{database, database_of};

/// Each participant's schema, with its own tables.
static PARTICIPANTS: [(&str, &Migrator); 3] = [
    (inventory::SCHEMA, &inventory::MIGRATIONS),
    (payment::SCHEMA, &payment::MIGRATIONS),
    (notification::SCHEMA, &notification::MIGRATIONS),
];

#[derive(clap::Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub kafka: KafkaArgs,

    /// How long to wait for servers that do not answer, or are still starting
    #[arg(
        long,
        env = "MIGRATE_PATIENCE",
        default_value_t = 60,
        value_name = "SECONDS"
    )]
    pub patience: u64,
}

pub async fn run(args: MigrateArgs) -> anyhow::Result<()> {
    runtime::telemetry::logs("info")?;
    migrate(&args).await
}

/// Safe to repeat, and to run from several processes at once.
pub async fn migrate(args: &MigrateArgs) -> anyhow::Result<()> {
    let give_up = Instant::now() + Duration::from_secs(args.patience);
    let database = database(&args.postgres)?;
    let migrate = || database.migrate();
    until(give_up, migrate, EventStoreError::is_transient).await?;
    let mut topics = vec![
        args.kafka.order_events_topic.clone(),
        args.kafka.dead_letter_topic(),
        args.kafka.saga_events_topic.clone(),
    ];
    if args.kafka.sagas.sagas {
        for (schema, own) in PARTICIPANTS {
            let database = database_of(&args.postgres, Some(schema))?;
            let migrate = || database.migrate_with(own);
            until(give_up, migrate, EventStoreError::is_transient).await?;
        }
        for topic in args.kafka.sagas.names() {
            topics.extend([dead_letter_topic(&topic), topic]);
        }
    }
    tracing::info!("the database is up to date");
    let kafka = Kafka::new(&args.kafka.kafka_brokers);
    for name in topics {
        let topic = TopicSpec {
            name,
            partitions: args.kafka.order_events_partitions,
            replication: args.kafka.kafka_replication,
        };
        let ensure = || kafka.ensure_topic(&topic);
        until(give_up, ensure, MessagingError::is_transient)
            .await
            .with_context(|| format!("topic {}", topic.name))?;
        tracing::info!(
            topic = topic.name,
            partitions = topic.partitions,
            "the topic is there"
        );
    }
    Ok(())
}

/// Tries again after what may pass, until it works or it is time to give up.
async fn until<E: std::fmt::Display, F: Future<Output = Result<(), E>>>(
    give_up: Instant,
    attempt: impl Fn() -> F,
    is_transient: impl Fn(&E) -> bool,
) -> Result<(), E> {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        let Err(error) = attempt().await else {
            return Ok(());
        };
        let wait = backoff.wait();
        if !is_transient(&error) || Instant::now() + wait > give_up {
            return Err(error);
        }
        tracing::warn!(%error, "tried again in {wait:?}");
        tokio::time::sleep(wait).await;
    }
}
