use std::time::Duration;

use axum::Router;
use event_store::Outbox;
use messaging::MessagingError;
use relay::Relay;
use runtime::config::{KafkaArgs, ListenArgs, PostgresArgs};
use tokio_util::sync::CancellationToken;

use super::patiently;
use crate::process::Process;

/// Where a relay that runs alone shows its health and metrics.
const DEFAULT_PORT: u16 = 8087;

#[derive(clap::Args)]
pub struct RelayArgs {
    #[command(flatten)]
    pub listen: ListenArgs,
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub kafka: KafkaArgs,
}

pub async fn run(args: RelayArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info")?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(&mut process, &args.postgres, &args.kafka)?;
    process.serve("relay", addr, Router::new()).await?;
    process.finish().await
}

pub fn start(
    process: &mut Process,
    postgres: &PostgresArgs,
    args: &KafkaArgs,
) -> anyhow::Result<()> {
    let database = process.database(postgres)?;
    let kafka = process.kafka(args)?;
    let outbox = Outbox::new(database);
    let check = process.health().check("relay");
    let (stop, doorbell, args) = (process.stop.clone(), process.doorbell.clone(), args.clone());
    let measured = outbox.clone();
    let measuring = stop.clone();
    process.spawn("backlog", async move {
        measure_backlog(measured, measuring).await;
        Ok::<_, anyhow::Error>(())
    });
    process.spawn("relay", async move {
        // A topic with other partitions is no outage: it would break the order of every key.
        let checked = patiently(&check, &stop, || async {
            let found = kafka.check_topic(&args.order_events_topic, args.order_events_partitions);
            match found.await {
                Err(error @ MessagingError::PartitionCount { .. }) => Ok(Err(error)),
                Err(error) => Err(error),
                Ok(()) => Ok(Ok(())),
            }
        });
        if let Some(checked) = checked.await {
            checked?;
            Relay::new(outbox, kafka).run(doorbell, check, stop).await;
        }
        Ok::<_, MessagingError>(())
    });
    Ok(())
}

/// Shows what waits, every 5 s. While Postgres is away the last figures stand; the relay's own
/// readiness says that it is.
async fn measure_backlog(outbox: Outbox, stop: CancellationToken) {
    loop {
        match outbox.backlog().await {
            Ok(backlog) => {
                metrics::gauge!("outbox_pending").set(backlog.pending as f64);
                metrics::gauge!("outbox_oldest_pending_seconds").set(backlog.oldest.as_secs_f64());
            }
            Err(error) => tracing::debug!(%error, "the backlog cannot be measured"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
        }
    }
}
