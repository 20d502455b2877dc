use axum::Router;
use event_store::dead_letters::DeadLetters;
use projector::{ProjectorError, Requeued, Worker, live_generation};
use runtime::config::{KafkaArgs, ListenArgs, MongoArgs, PostgresArgs};

use super::patiently;
use crate::process::Process;

/// Where a projector that runs alone shows its health and metrics.
const DEFAULT_PORT: u16 = 8088;

#[derive(clap::Args)]
pub struct ProjectorArgs {
    #[command(flatten)]
    pub listen: ListenArgs,
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub kafka: KafkaArgs,
    #[command(flatten)]
    pub mongodb: MongoArgs,
    #[command(flatten)]
    pub instance: InstanceArgs,
}

#[derive(clap::Args)]
pub struct InstanceArgs {
    /// A name that stays with this process across restarts, for static group membership: its
    /// partitions wait for it a session time-out long instead of being moved
    #[arg(
        long,
        env = "PROJECTOR_INSTANCE_ID",
        value_name = "NAME",
        help_heading = "Kafka"
    )]
    pub projector_instance_id: Option<String>,
}

pub async fn run(args: ProjectorArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info")?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(
        &mut process,
        &args.postgres,
        &args.kafka,
        &args.mongodb,
        &args.instance,
    )
    .await?;
    process.serve("projector", addr, Router::new()).await?;
    process.finish().await
}

pub async fn start(
    process: &mut Process,
    postgres: &PostgresArgs,
    args: &KafkaArgs,
    mongodb: &MongoArgs,
    instance: &InstanceArgs,
) -> anyhow::Result<()> {
    let store = process.event_store(postgres, args)?;
    let dead_letters = DeadLetters::new(process.database(postgres)?);
    let kafka = process.kafka(args)?;
    let database = process.read_database(mongodb).await?;
    let check = process.health().check("projector");
    let desk = process.health().check("projector, requeued records");
    let (stop, clock) = (process.stop.clone(), process.clock.clone());
    let topic = args.order_events_topic.clone();
    let partitions = args.order_events_partitions;
    let instance = instance.projector_instance_id.clone();
    process.spawn("projector", async move {
        let found = patiently(&check, &stop, || {
            live_generation(&database, &kafka, &topic, partitions)
        });
        if let Some(generation) = found.await {
            let consumer = kafka.batch_consumer(&generation.group, &topic, instance.as_deref())?;
            let requeued = Requeued::new(
                database.clone(),
                store.clone(),
                dead_letters.clone(),
                generation.clone(),
            );
            let worker = Worker::new(consumer, database, store, dead_letters, generation, clock);
            tokio::join!(worker.run(check, stop.clone()), requeued.run(desk, stop));
        }
        Ok::<_, ProjectorError>(())
    });
    Ok(())
}
