use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use event_store::{Database, DatabaseConfig, Doorbell};
use messaging::Kafka;
use relay::{Relay, Settings};
use runtime::health::Health;
use runtime::{Ids, TimeOrderedIds};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::site::{DEAD_LETTER_TOPIC, Site};

/// A relay in a process of its own. It ends with this one, however that ends.
pub struct RelayProcess(Child);

#[derive(clap::Args)]
pub struct RelayProcessArgs {
    #[arg(long)]
    database_url: String,
    #[arg(long)]
    brokers: String,
}

impl RelayProcess {
    pub fn start(site: &Site) -> anyhow::Result<Self> {
        let child = Command::new(std::env::current_exe()?)
            .arg("relay-process")
            .args(["--database-url", &site.url, "--brokers", &site.brokers])
            .stdin(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self(child))
    }

    /// The most that was ever resident.
    pub fn peak_memory_mb(&self) -> anyhow::Result<f64> {
        let id = self.0.id().context("the relay has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))
            .context("no VmHWM in /proc")?;
        Ok(peak.parse::<f64>()? / 1024.0)
    }

    /// Time on a processor so far, of all threads.
    pub fn processor_time(&self) -> anyhow::Result<Duration> {
        let id = self.0.id().context("the relay has ended")?;
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // After the name, which may hold anything, user and system time are fields 12 and 13.
        let (_, fields) = stat.rsplit_once(')').context("no name in /proc")?;
        let ticks: u64 = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|ticks| ticks.parse::<u64>().ok())
            .sum();
        Ok(Duration::from_millis(
            ticks * 1000 / rustix::param::clock_ticks_per_second(),
        ))
    }

    pub async fn stop(mut self) -> anyhow::Result<()> {
        drop(self.0.stdin.take());
        self.0.wait().await?;
        Ok(())
    }
}

/// As `orders relay` runs it, with the metrics recorded that it would show.
pub async fn run_process(args: RelayProcessArgs) -> anyhow::Result<()> {
    runtime::telemetry::logs("warn")?;
    let metrics = runtime::telemetry::metrics()?;
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            metrics.run_upkeep();
        }
    });
    let database = Database::new(&DatabaseConfig {
        url: args.database_url,
        schema: None,
        connections: 16,
    })?;
    let kafka = Kafka::new(&args.brokers);
    let settings = Settings::default();
    let name = TimeOrderedIds.next().to_string();
    let relay = Relay::new(
        &database,
        &kafka,
        DEAD_LETTER_TOPIC.to_owned(),
        &name,
        settings,
    );
    let stop = CancellationToken::new();
    let stopping = stop.clone();
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        stopping.cancel();
    });
    // As a task, which what it waits for can wake on the same thread: here the main one would be woken
    // and put to sleep some thousand times a second.
    let running = relay.run(settings, Doorbell::default(), Health::default(), stop);
    Ok(tokio::spawn(running).await?)
}
