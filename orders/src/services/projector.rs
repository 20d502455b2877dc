use axum::Router;
use event_store::Outbox;
use event_store::dead_letters::DeadLetters;
use projector::{Follower, PROJECTIONS, ProjectorError, Site, check_name};
use runtime::config::{KafkaArgs, ListenArgs, MongoArgs, PostgresArgs};

use crate::process::Process;
use crate::topics::topics;

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
    let mut process = Process::start("info", &args.listen.http)?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(
        &mut process,
        &args.postgres,
        &args.kafka,
        &args.mongodb,
        &args.instance,
    )
    .await?;
    process.serve("projector", addr, Router::new(), &[]).await?;
    process.finish().await
}

pub async fn start(
    process: &mut Process,
    postgres: &PostgresArgs,
    args: &KafkaArgs,
    mongodb: &MongoArgs,
    instance: &InstanceArgs,
) -> anyhow::Result<()> {
    let site = Site {
        store: process.event_store(postgres, args)?,
        dead_letters: DeadLetters::new(process.database(postgres)?),
        outbox: Outbox::new(process.database(postgres)?),
        kafka: process.kafka(args)?,
        database: process.read_database(mongodb).await?,
        health: process.health().clone(),
        stop: process.stop.clone(),
        clock: process.clock.clone(),
        topics: topics(args),
        instance: instance.projector_instance_id.clone(),
    };
    for &projection in PROJECTIONS {
        let check = site.health.check(check_name(projection.name()));
        let follower = Follower::new(projection, site.clone());
        process.spawn(projection.name(), async move {
            follower.run(check).await;
            Ok::<_, ProjectorError>(())
        });
    }
    Ok(())
}
