use query_api::{DEFAULT_PORT, LiveGeneration};
use runtime::config::{ListenArgs, MongoArgs};

use crate::process::Process;

#[derive(clap::Args)]
pub struct QueryApiArgs {
    #[command(flatten)]
    pub listen: ListenArgs,
    #[command(flatten)]
    pub mongodb: MongoArgs,
}

pub async fn run(args: QueryApiArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info")?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(&mut process, addr, &args.mongodb).await?;
    process.finish().await
}

pub async fn start(
    process: &mut Process,
    addr: std::net::SocketAddr,
    mongodb: &MongoArgs,
) -> anyhow::Result<()> {
    let database = process.read_database(mongodb).await?;
    let live = LiveGeneration::new(database);
    process
        .serve("query-api", addr, query_api::router(live))
        .await
}
