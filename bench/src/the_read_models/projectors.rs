use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use domain::contract::PublishedOrderEvent;
use domain::order::{IllegalEvent, Order};
use event_store::dead_letters::DeadLetters;
use event_store::{Database, DatabaseConfig, Doorbell, EventStore, Outbox};
use messaging::Kafka;
use mongodb::IndexModel;
use projector::{
    EventLog, OrderProjection, OrderView, Projection, Site, Topics, live_generation, project,
};
use read_models::{Generation, OrderDocument, ReadDatabase};
use runtime::SystemClock;
use runtime::health::Health;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::peak_memory::peak_mb;
use super::site::{PARTITIONS, Servers};

pub const TOPIC: &str = "catching-up";

/// `order_view` without its totals.
struct Alone;

impl OrderProjection for Alone {
    const NAME: &'static str = OrderDocument::PROJECTION;
    const SCHEMA_VERSION: u32 = OrderDocument::SCHEMA_VERSION;
    type Document = OrderDocument;

    fn indexes() -> Vec<IndexModel> {
        OrderDocument::indexes()
    }

    fn apply(
        document: Option<OrderDocument>,
        event: &PublishedOrderEvent,
    ) -> Result<OrderDocument, IllegalEvent> {
        project(document, event)
    }
}

/// What a projector keeps fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kept {
    /// `order_view` without its totals
    Alone,
    /// All read models
    All,
}

impl Kept {
    /// Written, apart from totals.
    pub fn documents_a_record(self) -> f64 {
        self.projections().len() as f64
    }

    fn projections(self) -> &'static [&'static dyn Projection] {
        match self {
            Self::Alone => &[&Alone],
            Self::All => &[&OrderView, &EventLog],
        }
    }
}

#[derive(clap::Args)]
pub struct ProjectorProcessArgs {
    #[command(flatten)]
    servers: Servers,
    #[arg(long)]
    read_database: String,
    #[arg(long)]
    keeps: Kept,
}

pub struct CaughtUp {
    pub seconds: f64,
    /// Of the one that needed most.
    pub peak_mb: f64,
}

/// Lets so many projectors, each a process, take in what is on the topic. The time counts from the
/// first record that has taken effect: what comes before is the joining of a group.
pub async fn catch_up(
    servers: &Servers,
    keeps: Kept,
    processes: usize,
) -> anyhow::Result<CaughtUp> {
    let name = format!("{keeps:?}-{processes}").to_lowercase();
    let read = ReadDatabase::new(&servers.mongodb_uri, &name).await?;
    let kafka = Kafka::new(&servers.brokers);
    let mut groups = Vec::new();
    for &projection in keeps.projections() {
        let generation = live_generation(projection, &read, &kafka, &topics()).await?;
        groups.push(generation.group);
    }
    let mut workers: Vec<Child> = (0..processes)
        .map(|_| start(servers, &name, keeps))
        .collect::<Result<_, _>>()?;
    let ends = kafka.ends(TOPIC).await?;
    let total = ends.values().sum::<i64>() * groups.len() as i64;
    let mut begun: Option<(Instant, i64)> = None;
    let seconds = loop {
        for worker in &mut workers {
            if let Some(status) = worker.try_wait()? {
                bail!("a projector has ended: {status}");
            }
        }
        let mut done = 0;
        for group in &groups {
            let committed = kafka.committed_offsets(group, TOPIC).await?;
            done += committed.values().sum::<i64>();
        }
        match begun {
            None if done > 0 => begun = Some((Instant::now(), done)),
            // What was taken in before the first look does not count.
            Some((at, before)) if done >= total => {
                break at.elapsed().as_secs_f64() * total as f64 / (total - before) as f64;
            }
            _ => {}
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let mut peak = 0.0_f64;
    for mut worker in workers {
        peak = peak.max(peak_mb(worker.id().context("a projector has ended")?)?);
        drop(worker.stdin.take());
        worker.wait().await?;
    }
    Ok(CaughtUp {
        seconds,
        peak_mb: peak,
    })
}

fn topics() -> Topics {
    Topics::of_orders(TOPIC, PARTITIONS)
}

fn start(servers: &Servers, read_database: &str, keeps: Kept) -> anyhow::Result<Child> {
    Ok(Command::new(std::env::current_exe()?)
        .arg("projector-process")
        .args(servers.args())
        .args(["--read-database", read_database, "--keeps"])
        .arg(format!("{keeps:?}").to_lowercase())
        .stdin(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?)
}

/// As `orders projector` runs it.
pub async fn run_projector(args: ProjectorProcessArgs) -> anyhow::Result<()> {
    runtime::telemetry::logs("warn")?;
    let metrics = runtime::telemetry::metrics()?;
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            metrics.run_upkeep();
        }
    });
    let database = Database::new(&DatabaseConfig {
        url: args.servers.database_url.clone(),
        schema: None,
        connections: 16,
    })?;
    let stop = CancellationToken::new();
    let site = Site {
        store: EventStore::<Order>::new(database.clone(), TOPIC, Doorbell::default()),
        dead_letters: DeadLetters::new(database.clone()),
        outbox: Outbox::new(database),
        kafka: Kafka::new(&args.servers.brokers),
        database: ReadDatabase::new(&args.servers.mongodb_uri, &args.read_database).await?,
        health: Health::default(),
        stop: stop.clone(),
        clock: Arc::new(SystemClock),
        topics: topics(),
        instance: None,
    };
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        stop.cancel();
    });
    let mut running = tokio::task::JoinSet::new();
    for &projection in args.keeps.projections() {
        let generation: Generation =
            live_generation(projection, &site.database, &site.kafka, &site.topics).await?;
        running.spawn(projection.keep_fresh(generation, site.clone())?);
    }
    while let Some(ended) = running.join_next().await {
        ended?;
    }
    Ok(())
}
