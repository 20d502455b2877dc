use anyhow::Context;
use messaging::{Kafka, TopicSpec};
use runtime::config::{KafkaArgs, PostgresArgs};

use crate::process::database;

#[derive(clap::Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub kafka: KafkaArgs,
}

pub async fn run(args: MigrateArgs) -> anyhow::Result<()> {
    runtime::telemetry::logs("info")?;
    migrate(&args).await
}

/// Safe to repeat, and to run from several processes at once.
pub async fn migrate(args: &MigrateArgs) -> anyhow::Result<()> {
    database(&args.postgres)?.migrate().await?;
    tracing::info!("the database is up to date");
    let kafka = Kafka::new(&args.kafka.kafka_brokers);
    for name in [
        args.kafka.order_events_topic.clone(),
        args.kafka.dead_letter_topic(),
    ] {
        let topic = TopicSpec {
            name,
            partitions: args.kafka.order_events_partitions,
            replication: args.kafka.kafka_replication,
        };
        kafka
            .ensure_topic(&topic)
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
