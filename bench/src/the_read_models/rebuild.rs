use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::{Context, ensure};
use domain::order::Order;
use event_store::dead_letters::DeadLetters;
use event_store::{Database, DatabaseConfig, Doorbell, EventStore, Outbox};
use messaging::Kafka;
use projector::{OrderView, Progress, Rebuild, Switching, Topics};
use read_models::ReadDatabase;
use runtime::SystemClock;
use runtime::health::Health;
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::AT_ONCE;
use super::peak_memory::peak_mb;
use super::site::{READ_DATABASE, Servers, TOPIC};

#[derive(clap::Args)]
pub struct RebuildProcessArgs {
    #[command(flatten)]
    servers: Servers,
}

/// What a process of its own has done.
#[derive(Serialize, Deserialize)]
pub struct Filling {
    pub collection: String,
    pub events: u64,
    /// From its beginning until everything is written.
    pub seconds: f64,
    /// The most that was ever resident.
    pub peak_mb: f64,
}

pub async fn rebuild(servers: &Servers) -> anyhow::Result<Filling> {
    let output = Command::new(std::env::current_exe()?)
        .arg("rebuild-process")
        .args(servers.args())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await?;
    ensure!(
        output.status.success(),
        "the rebuild failed: {}",
        output.status
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// As `orders projections rebuild` runs it.
pub async fn run_rebuild(args: RebuildProcessArgs) -> anyhow::Result<()> {
    runtime::telemetry::logs("warn")?;
    let database = Database::new(&DatabaseConfig {
        url: args.servers.database_url,
        schema: None,
        connections: 16,
    })?;
    let kafka = Kafka::new(&args.servers.brokers);
    let rebuild = Rebuild {
        projection: &OrderView,
        site: projector::Site {
            database: ReadDatabase::new(&args.servers.mongodb_uri, READ_DATABASE).await?,
            store: EventStore::<Order>::new(database.clone(), TOPIC, Doorbell::default()),
            dead_letters: DeadLetters::new(database.clone()),
            outbox: Outbox::new(database),
            topics: Topics::of_orders(TOPIC, kafka.partitions(TOPIC).await? as u16),
            kafka,
            instance: None,
            clock: Arc::new(SystemClock),
            health: Health::default(),
            stop: CancellationToken::new(),
        },
        owner: "bench".to_owned(),
        at_once: AT_ONCE,
        switching: Switching::Never,
    };
    let started = Instant::now();
    let (events, filled) = (Arc::new(AtomicU64::new(0)), Arc::new(OnceLock::new()));
    let (read, at) = (events.clone(), filled.clone());
    let rebuilt = rebuild
        .run(Arc::new(move |progress| match progress {
            Progress::Filled { events } => {
                read.fetch_add(events, Ordering::Relaxed);
            }
            Progress::CatchingUp { .. } => {
                at.get_or_init(|| started.elapsed().as_secs_f64());
            }
            Progress::Begun { .. } | Progress::Comparing { .. } => {}
        }))
        .await?;
    let filling = Filling {
        collection: rebuilt.generation.collection,
        events: events.load(Ordering::Relaxed),
        seconds: *filled.get().context("it was never filled")?,
        peak_mb: peak_mb(std::process::id())?,
    };
    ensure!(rebuilt.held == 0, "{} orders are held back", rebuilt.held);
    println!("{}", serde_json::to_string(&filling)?);
    Ok(())
}
