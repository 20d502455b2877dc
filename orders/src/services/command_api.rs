use command_api::{CommandApi, DEFAULT_PORT};
use event_store::CommandExecutor;
use event_store::dead_letters::DeadLetters;
use runtime::config::{KafkaArgs, ListenArgs, PostgresArgs};

use crate::process::Process;

#[derive(clap::Args)]
pub struct CommandApiArgs {
    #[command(flatten)]
    pub listen: ListenArgs,
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub kafka: KafkaArgs,
}

pub async fn run(args: CommandApiArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info")?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(&mut process, addr, &args.postgres, &args.kafka).await?;
    process.finish().await
}

pub async fn start(
    process: &mut Process,
    addr: std::net::SocketAddr,
    postgres: &PostgresArgs,
    kafka: &KafkaArgs,
) -> anyhow::Result<()> {
    let store = process.event_store(postgres, kafka)?;
    let executor = CommandExecutor::new(store, ());
    let dead_letters = DeadLetters::new(process.database(postgres)?);
    let api = CommandApi::new(
        executor,
        dead_letters,
        process.clock.clone(),
        process.ids.clone(),
    );
    process
        .serve("command-api", addr, command_api::router(api))
        .await
}
