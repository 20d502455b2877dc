use std::time::Duration;

use axum::Router;
use event_store::dead_letters::DeadLetters;
use event_store::{Database, Doorbell, Outbox};
use messaging::MessagingError;
use relay::{Relay, Settings};
use runtime::config::{KafkaArgs, ListenArgs, OutboxArgs, PostgresArgs, dead_letter_topic};
use tokio_util::sync::CancellationToken;

use super::patiently;
use crate::process::Process;

/// Where a relay that runs alone shows its health and metrics.
const DEFAULT_PORT: u16 = 8087;

/// Of participants' events, which are steps on a longer way: nobody waits for each.
const GATHERED_FOR_OTHERS: u16 = 20;

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
    let mut process = Process::start("info", &args.listen.http)?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(&mut process, &args.postgres, &args.kafka, &args.outbox)?;
    process.serve("relay", addr, Router::new(), &[]).await?;
    process.finish().await
}

/// Relays the orders' outbox.
pub fn start(
    process: &mut Process,
    postgres: &PostgresArgs,
    args: &KafkaArgs,
    outbox_args: &OutboxArgs,
) -> anyhow::Result<()> {
    let outbox = RelayedOutbox {
        owner: None,
        database: process.database(postgres)?,
        doorbell: process.doorbell.clone(),
        topic: args.order_events_topic.clone(),
    };
    relay(process, outbox, args, outbox_args)
}

/// An outbox that is to be relayed.
pub struct RelayedOutbox {
    /// Whose it is; `None` is the orders' own.
    pub owner: Option<&'static str>,
    pub database: Database,
    pub doorbell: Doorbell,
    pub topic: String,
}

pub fn relay(
    process: &mut Process,
    outbox: RelayedOutbox,
    args: &KafkaArgs,
    outbox_args: &OutboxArgs,
) -> anyhow::Result<()> {
    let RelayedOutbox {
        owner,
        database,
        doorbell,
        topic,
    } = outbox;
    let kafka = process.kafka(args)?;
    let health = match owner {
        Some(owner) => process.health().of(owner),
        None => process.health().clone(),
    };
    let check = health.check("relay");
    let (stop, partitions) = (process.stop.clone(), args.order_events_partitions);
    let mut settings = settings(outbox_args);
    if owner.is_some() {
        settings.gather = GATHERED_FOR_OTHERS;
    }
    let relay = Relay::new(
        &database,
        &kafka,
        dead_letter_topic(&topic),
        &process.ids.next().to_string(),
        settings,
    );
    // Where several outboxes are relayed by one process, the orders' own is shown.
    if owner.is_none() {
        let (outbox, desk) = (Outbox::new(database.clone()), DeadLetters::new(database));
        let measuring = stop.clone();
        process.spawn("backlog", async move {
            measure_backlog(outbox, desk, measuring).await;
            Ok::<_, anyhow::Error>(())
        });
    }
    process.spawn("relay", async move {
        // A topic with other partitions is no outage: it would break the order of every key.
        let checked = patiently(&check, &stop, || async {
            match kafka.check_topic(&topic, partitions).await {
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
                let stopped = f64::from(u8::from(backlog.and_more));
                metrics::gauge!("outbox_count_stopped").set(stopped);
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
