use std::time::Duration;

use axum::Router;
use event_store::EventStore;
use participants::order::{Deadlines, OrderRules, count_transitions};
use participants::{OneStream, ParticipantError, Source};
use runtime::config::{KafkaArgs, ListenArgs, PostgresArgs, duration};

use super::{MemberArgs, Part, take_part};
use crate::process::Process;

/// Where an order reactor that runs alone shows its health and metrics.
const DEFAULT_PORT: u16 = 8092;

#[derive(clap::Args)]
pub struct OrderSagaArgs {
    #[command(flatten)]
    pub listen: ListenArgs,
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub kafka: KafkaArgs,
    #[command(flatten)]
    pub member: MemberArgs,
    #[command(flatten)]
    pub deadline: DeadlineArgs,
}

#[derive(Clone, Copy, Debug, clap::Args)]
#[command(next_help_heading = "Sagas")]
pub struct DeadlineArgs {
    /// How long a saga may take before its order is given up
    #[arg(long, env = "SAGA_TIMEOUT", default_value = "30s", value_name = "TIME",
          value_parser = duration)]
    pub saga_timeout: Duration,
}

pub async fn run(args: OrderSagaArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info", &args.listen.http)?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(
        &mut process,
        &args.postgres,
        &args.kafka,
        &args.member,
        &args.deadline,
    )?;
    process
        .serve("order-saga", addr, Router::new(), &[])
        .await?;
    process.finish().await
}

/// The order's own part: it notes what the others do, and watches the time.
pub fn start(
    process: &mut Process,
    postgres: &PostgresArgs,
    kafka: &KafkaArgs,
    member: &MemberArgs,
    deadline: &DeadlineArgs,
) -> anyhow::Result<()> {
    let store = process.event_store(postgres, kafka)?;
    let part = Part {
        database: &process.database(postgres)?,
        doorbell: &process.doorbell.clone(),
        health: process.health().clone(),
        kafka,
        member,
        sources: &[
            (Source::Inventory, &kafka.sagas.inventory_events_topic),
            (Source::Payments, &kafka.sagas.payment_events_topic),
        ],
    };
    let topic = &kafka.order_events_topic;
    take_part(process, &part, || {
        let written = |changed: participants::Changed<'_, _>| count_transitions(&changed);
        OneStream::<OrderRules>::new(store.clone(), topic, written)
    })?;
    deadlines(process, store, deadline);
    Ok(())
}

fn deadlines(
    process: &mut Process,
    store: EventStore<domain::order::Order>,
    deadline: &DeadlineArgs,
) {
    let (clock, ids) = (process.clock.clone(), process.ids.clone());
    let deadlines = Deadlines::new(store, deadline.saga_timeout, clock, ids);
    let check = process.health().check("saga deadlines");
    let stop = process.stop.clone();
    process.spawn("saga deadlines", async move {
        deadlines.run(check, stop).await;
        Ok::<_, ParticipantError>(())
    });
}
