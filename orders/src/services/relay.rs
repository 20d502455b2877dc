use std::time::Duration;

use axum::Router;
use event_store::Outbox;
use event_store::dead_letters::DeadLetters;
use messaging::MessagingError;
use relay::{Relay, Settings};
use runtime::config::{KafkaArgs, ListenArgs, OutboxArgs, PostgresArgs};
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
    #[command(flatten)]
    pub outbox: OutboxArgs,
}

pub async fn run(args: RelayArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info")?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(&mut process, &args.postgres, &args.kafka, &args.outbox)?;
    process.serve("relay", addr, Router::new()).await?;
    process.finish().await
}

pub fn start(
    process: &mut Process,
    postgres: &PostgresArgs,
    args: &KafkaArgs,
    outbox_args: &OutboxArgs,
) -> anyhow::Result<()> {
    let database = process.database(postgres)?;
    let kafka = process.kafka(args)?;
    let check = process.health().check("relay");
    let health = process.health().clone();
    let (stop, doorbell, args) = (process.stop.clone(), process.doorbell.clone(), args.clone());
    let settings = settings(outbox_args);
    let relay = Relay::new(
        &database,
        &kafka,
        args.dead_letter_topic(),
        &process.ids.next().to_string(),
        settings,
    );
    let (outbox, desk) = (Outbox::new(database.clone()), DeadLetters::new(database));
    let measuring = stop.clone();
    process.spawn("backlog", async move {
        measure_backlog(outbox, desk, measuring).await;
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
            relay.run(settings, doorbell, health, stop).await;
        }
        Ok::<_, MessagingError>(())
    });
    Ok(())
}

fn settings(args: &OutboxArgs) -> Settings {
    let mut settings = Settings {
        lease: args.relay_lease,
        retention: args.outbox_retention,
        ..Settings::default()
    };
    let failed = args.outbox_failed_retry;
    settings.retries.failed = (!failed.is_zero()).then_some(failed);
    settings
}

/// Shows what waits, every 5 s. While Postgres is away the last figures stand; the relay's own
/// readiness says that it is.
async fn measure_backlog(outbox: Outbox, desk: DeadLetters, stop: CancellationToken) {
    loop {
        match outbox.backlog().await {
            Ok(backlog) => {
                metrics::gauge!("outbox_pending").set(backlog.pending as f64);
                metrics::gauge!("outbox_oldest_pending_seconds").set(backlog.oldest.as_secs_f64());
                metrics::gauge!("outbox_held").set(backlog.held as f64);
                metrics::gauge!("keys_blocked", "by" => "relay").set(backlog.keys_blocked as f64);
            }
            Err(error) => tracing::debug!(%error, "the backlog cannot be measured"),
        }
        match desk.open_counts().await {
            Ok(counts) => {
                for open in counts {
                    let (source, reason) = (open.source.as_str(), open.reason.as_str());
                    metrics::gauge!("dead_letters_open", "source" => source, "reason" => reason)
                        .set(open.count as f64);
                }
            }
            Err(error) => tracing::debug!(%error, "the dead letters cannot be counted"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
        }
    }
}
