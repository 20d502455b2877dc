use std::net::SocketAddr;

use runtime::config::{KafkaArgs, MongoArgs, OutboxArgs, PostgresArgs, listen_addr};

use super::{command_api, projector, query_api, relay};
use crate::process::Process;

#[derive(clap::Args)]
pub struct AllArgs {
    /// address:port of the commands [default: 127.0.0.1:8084]
    #[arg(
        long,
        env = "COMMAND_LISTEN",
        value_name = "ADDR",
        help_heading = "HTTP"
    )]
    pub command_listen: Option<SocketAddr>,

    /// address:port of the queries [default: 127.0.0.1:8085]
    #[arg(long, env = "QUERY_LISTEN", value_name = "ADDR", help_heading = "HTTP")]
    pub query_listen: Option<SocketAddr>,

    /// Listen on other addresses than loopback although callers are not authenticated
    #[arg(long, env = "ALLOW_NO_AUTH", value_name = "BOOL", num_args = 0..=1,
          default_value_t = false, default_missing_value = "true", help_heading = "HTTP")]
    pub allow_no_auth: bool,

    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub kafka: KafkaArgs,
    #[command(flatten)]
    pub mongodb: MongoArgs,
    #[command(flatten)]
    pub outbox: OutboxArgs,
    #[command(flatten)]
    pub instance: projector::InstanceArgs,
}

pub async fn run(args: AllArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info")?;
    start(&mut process, &args).await?;
    process.finish().await
}

/// Every service, in one process: the relay hears of an append without polling for it.
pub async fn start(process: &mut Process, args: &AllArgs) -> anyhow::Result<()> {
    let addr = |wanted, port| listen_addr(wanted, port, args.allow_no_auth);
    let commands = addr(args.command_listen, ::command_api::DEFAULT_PORT)?;
    let queries = addr(args.query_listen, ::query_api::DEFAULT_PORT)?;
    command_api::start(process, commands, &args.postgres, &args.kafka).await?;
    query_api::start(process, queries, &args.mongodb).await?;
    relay::start(process, &args.postgres, &args.kafka, &args.outbox)?;
    projector::start(
        process,
        &args.postgres,
        &args.kafka,
        &args.mongodb,
        &args.instance,
    )
    .await
}
