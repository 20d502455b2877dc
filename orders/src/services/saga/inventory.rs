use std::net::SocketAddr;

use domain::inventory::UnknownItems;
use participants::Source;
use participants::inventory::{
    ACCESS, DEFAULT_PORT, InventoryApi, InventoryReactor, SCHEMA, Stocks, router,
};
use runtime::config::{KafkaArgs, ListenArgs, OutboxArgs, PostgresArgs};

use super::home::Home;
use super::{MemberArgs, Part, take_part};
use crate::process::Process;

#[derive(clap::Args)]
pub struct InventoryArgs {
    #[command(flatten)]
    pub listen: ListenArgs,
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub kafka: KafkaArgs,
    #[command(flatten)]
    pub member: MemberArgs,
    #[command(flatten)]
    pub outbox: OutboxArgs,
    #[command(flatten)]
    pub stock: StockArgs,
}

#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Inventory")]
pub struct StockArgs {
    /// What is said of items that nobody has counted: `reject`, or `unlimited` for always enough
    #[arg(long, env = "INVENTORY_UNKNOWN", default_value = "reject", value_name = "WHAT",
          value_parser = unknown_items)]
    pub inventory_unknown: UnknownItems,
}

fn unknown_items(text: &str) -> Result<UnknownItems, String> {
    match text {
        "reject" => Ok(UnknownItems::Reject),
        "unlimited" => Ok(UnknownItems::Unlimited),
        _ => Err("is neither reject nor unlimited".to_owned()),
    }
}

pub async fn run(args: InventoryArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info", &args.listen.http)?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(&mut process, addr, &args).await?;
    process.finish().await
}

pub async fn start(
    process: &mut Process,
    addr: SocketAddr,
    args: &InventoryArgs,
) -> anyhow::Result<()> {
    let kafka = &args.kafka;
    let saga = &kafka.sagas;
    let topic = &saga.inventory_events_topic;
    let home = Home::new(process, SCHEMA, topic, &args.postgres, kafka, &args.outbox)?;
    let part = Part {
        database: &home.database,
        doorbell: &home.doorbell,
        health: home.health.clone(),
        kafka,
        member: &args.member,
        sources: &[
            (Source::Orders, &kafka.order_events_topic),
            (Source::Payments, &saga.payment_events_topic),
        ],
    };
    let unknown = args.stock.inventory_unknown;
    take_part(process, &part, || {
        InventoryReactor::new(&home.database, topic, &home.doorbell, unknown)
    })?;
    let api = InventoryApi {
        stocks: Stocks::new(&home.database, topic, &home.doorbell),
        clock: process.clock.clone(),
        ids: process.ids.clone(),
    };
    process.serve("inventory", addr, router(api), ACCESS).await
}
