use std::net::SocketAddr;

use runtime::config::{
    HttpArgs, KafkaArgs, LimitArgs, MongoArgs, OutboxArgs, PostgresArgs, listen_addr,
};

use super::saga::{MemberArgs, order_saga};
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

    #[command(flatten)]
    pub http: HttpArgs,

    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub kafka: KafkaArgs,
    #[command(flatten)]
    pub mongodb: MongoArgs,
    #[command(flatten)]
    pub outbox: OutboxArgs,
    #[command(flatten)]
    pub commands: command_api::CommandArgs,
    #[command(flatten)]
    pub limits: LimitArgs,
    #[command(flatten)]
    pub queries: query_api::QueryArgs,
    #[command(flatten)]
    pub instance: projector::InstanceArgs,
    #[command(flatten)]
    pub member: MemberArgs,
    #[command(flatten)]
    pub deadline: order_saga::DeadlineArgs,
}

pub async fn run(args: AllArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info", &args.http)?;
    start(&mut process, &args).await?;
    process.finish().await
}

/// Every service, in one process: the relay hears of an append without polling for it.
pub async fn start(process: &mut Process, args: &AllArgs) -> anyhow::Result<()> {
    let addr = |wanted, port| listen_addr(wanted, port, &args.http.auth);
    let commands = addr(args.command_listen, ::command_api::DEFAULT_PORT)?;
    let queries = addr(args.query_listen, ::query_api::DEFAULT_PORT)?;
    // First: who finds the commands ready goes on to the queries.
    query_api::start(process, queries, &args.mongodb, &args.queries).await?;
    command_api::start(
        process,
        commands,
        &args.postgres,
        &args.kafka,
        &args.commands,
        &args.limits,
    )
    .await?;
    relay::start(process, &args.postgres, &args.kafka, &args.outbox)?;
    if args.kafka.sagas.sagas {
        order_saga::start(
            process,
            &args.postgres,
            &args.kafka,
            &args.member,
            &args.deadline,
        )?;
    }
    projector::start(
        process,
        &args.postgres,
        &args.kafka,
        &args.mongodb,
        &args.instance,
    )
    .await
}
