//! `orders dev`: the whole backend on real servers, and an order going through it.

mod backend;
mod control;
mod participants;
mod saga_tour;
mod tour;

use std::net::Ipv4Addr;
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use clap::Subcommand;
use devstack::{DevOptions, Stack};

use crate::process::Process;
use backend::Backend;
use participants::Simulated;

/// The order everyone tries first.
const EXAMPLE: &str = r#"{"customerId":"customer-123","restaurantId":"restaurant-456","totalAmount":45.99,"items":[{"menuItemId":"item-1","name":"Pizza","price":12.99,"quantity":2}]}"#;

/// The same for sagas.
const SAGA_EXAMPLE: &str = r#"{"customerId":"customer-123","customerEmail":"customer-123@example.org","storeId":"store-1","paymentMethod":"CreditCard","totalAmount":299.99,"items":[{"productId":"product-1","quantity":2,"unitPrice":149.99,"totalPrice":299.98}]}"#;

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
    Consume(control::ConsoleArgs),
    /// Run Kafka's own console producer: each line is a key, a tab and a value for the topic
    Produce(control::ConsoleArgs),
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

    /// The topic on which it is told how orders' sagas go
    #[arg(
        long,
        env = "SAGA_EVENTS_TOPIC",
        default_value = "saga-events",
        value_name = "TOPIC"
    )]
    saga_events_topic: String,

    /// The database that holds the read models
    #[arg(
        long,
        env = "MONGODB_DATABASE",
        default_value = "orders",
        value_name = "NAME"
    )]
    mongodb_database: String,

    #[command(flatten)]
    participants: participants::ParticipantPorts,
    #[command(flatten)]
    sagas: runtime::config::SagaTopics,
    #[command(flatten)]
    deadline: crate::services::saga::order_saga::DeadlineArgs,
    #[command(flatten)]
    outbox: runtime::config::OutboxArgs,
    #[command(flatten)]
    limits: runtime::config::LimitArgs,
    #[command(flatten)]
    queries: crate::services::query_api::QueryArgs,
}

pub async fn run(args: DevArgs) -> anyhow::Result<()> {
    match args.action {
        None => up(args.up).await,
        Some(DevAction::Stop(args)) => control::stop(&args.folder).await,
        Some(DevAction::Status(args)) => control::status(&args.folder),
        Some(DevAction::Reset(args)) => control::reset(&args.folder).await,
        Some(DevAction::Env(args)) => control::env(&args.folder),
        Some(DevAction::Consume(args)) => control::consume(args).await,
        Some(DevAction::Produce(args)) => control::produce(args).await,
    }
}

async fn up(args: UpArgs) -> anyhow::Result<()> {
    // The tour is the output; what the services log would bury it.
    let mut process = Process::start("warn", &runtime::config::HttpArgs::default())?;
    let stop = process.stop.clone();
    // Found out now rather than after the servers have started.
    let ports = [args.command_port, args.query_port];
    for port in ports.into_iter().chain(args.participants.all()) {
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
    let mut simulated = None;
    let shown = tokio::select! {
        shown = show(&mut process, &stack, &args, &mut simulated) => shown,
        () = stop.cancelled() => Err(anyhow!("stopped before every hop was seen")),
    };
    if shown.is_err() || args.exit_after_tour || args.detach {
        stop.cancel();
    }
    let finished = process.finish().await;
    // The services have ended: now the servers may.
    drop(simulated);
    drop(stack);
    if args.detach && shown.is_ok() {
        println!("\nThe servers are still up: `orders dev status|env|consume|stop|reset`.");
    }
    shown.and(finished)
}

/// Starts the services, and shows what they do.
async fn show(
    process: &mut Process,
    stack: &Stack,
    args: &UpArgs,
    simulated: &mut Option<Simulated>,
) -> anyhow::Result<()> {
    let backend = Backend::start(process, stack, args, simulated).await?;
    tour::tour(&backend).await.context("the tour ended early")?;
    let saga = saga_tour::tour(&backend, &stack.mail_catcher).await;
    saga.context("the saga's tour ended early")?;
    if !args.exit_after_tour && !args.detach {
        backend.print_addresses();
    }
    Ok(())
}
