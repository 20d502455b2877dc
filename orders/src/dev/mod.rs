//! `orders dev`: the whole backend on real servers, and an order going through it.

mod backend;
mod control;
mod tour;

use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::Subcommand;
use devstack::{DevOptions, Stack};

use crate::process::Process;
use backend::Backend;

/// The order everyone tries first.
const EXAMPLE: &str = r#"{"customerId":"customer-123","restaurantId":"restaurant-456","totalAmount":45.99,"items":[{"menuItemId":"item-1","name":"Pizza","price":12.99,"quantity":2}]}"#;

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct DevArgs {
    #[command(subcommand)]
    action: Option<DevAction>,

    #[command(flatten)]
    up: UpArgs,
}

#[derive(Subcommand)]
enum DevAction {
    /// Stop the servers that `dev --detach` left up; their data stays
    Stop(FolderArgs),
    /// Show which servers are up, and where
    Status(FolderArgs),
    /// Stop the servers and delete their data
    Reset(FolderArgs),
    /// Print `export` lines with the running servers' addresses
    Env(FolderArgs),
    /// Run Kafka's own console consumer on the topic, from the beginning
    Consume(control::ConsumeArgs),
}

#[derive(Clone, clap::Args)]
pub struct FolderArgs {
    /// Where native servers keep their data
    #[arg(
        long,
        env = "DEVSTACK_FOLDER",
        default_value = ".devstack",
        value_name = "PATH"
    )]
    folder: PathBuf,
}

#[derive(clap::Args)]
struct UpArgs {
    #[command(flatten)]
    folder: FolderArgs,

    /// End after the tour: status 0 if every hop was seen
    #[arg(long)]
    exit_after_tour: bool,

    /// End after the tour and leave Postgres, Kafka and MongoDB up
    #[arg(long)]
    detach: bool,

    /// The port of the commands' API
    #[arg(long, env = "COMMAND_API_PORT", default_value_t = command_api::DEFAULT_PORT, value_name = "PORT")]
    command_port: u16,

    /// The port of the queries' API
    #[arg(long, env = "QUERY_API_PORT", default_value_t = query_api::DEFAULT_PORT, value_name = "PORT")]
    query_port: u16,

    /// The topic that carries the orders' events
    #[arg(
        long,
        env = "ORDER_EVENTS_TOPIC",
        default_value = "order-events",
        value_name = "TOPIC"
    )]
    order_events_topic: String,

    /// The database that holds the read models
    #[arg(
        long,
        env = "MONGODB_DATABASE",
        default_value = "orders",
        value_name = "NAME"
    )]
    mongodb_database: String,

    #[command(flatten)]
    outbox: runtime::config::OutboxArgs,
}

pub async fn run(args: DevArgs) -> anyhow::Result<()> {
    match args.action {
        None => up(args.up).await,
        Some(DevAction::Stop(args)) => control::stop(&args.folder).await,
        Some(DevAction::Status(args)) => control::status(&args.folder),
        Some(DevAction::Reset(args)) => control::reset(&args.folder).await,
        Some(DevAction::Env(args)) => control::env(&args.folder),
        Some(DevAction::Consume(args)) => control::consume(args).await,
    }
}

async fn up(args: UpArgs) -> anyhow::Result<()> {
    // The tour is the output; what the services log would bury it.
    let mut process = Process::start("warn")?;
    let stop = process.stop.clone();
    // Found out now rather than after the servers have started.
    for port in [args.command_port, args.query_port] {
        drop(runtime::http::bind((Ipv4Addr::LOCALHOST, port).into()).await?);
    }
    let options = DevOptions {
        folder: args.folder.folder.clone(),
        detach: args.detach,
    };
    let starting = Stack::up(&options, |line| println!("{line}"));
    let stack = tokio::select! {
        stack = starting => stack?,
        () = stop.cancelled() => bail!("stopped while the servers were starting"),
    };
    let shown = tokio::select! {
        shown = show(&mut process, &stack, &args) => shown,
        () = stop.cancelled() => Err(anyhow!("stopped before every hop was seen")),
    };
    if shown.is_err() || args.exit_after_tour || args.detach {
        stop.cancel();
    }
    let finished = process.finish().await;
    // The services have ended: now the servers may.
    drop(stack);
    if args.detach && shown.is_ok() {
        println!("\nThe servers are still up: `orders dev status|env|consume|stop|reset`.");
    }
    shown.and(finished)
}

/// Starts the services, and shows what they do.
async fn show(process: &mut Process, stack: &Stack, args: &UpArgs) -> anyhow::Result<()> {
    let backend = Backend::start(process, stack, args).await?;
    tour::tour(&backend).await.context("the tour ended early")?;
    if !args.exit_after_tour && !args.detach {
        backend.print_addresses();
    }
    Ok(())
}
