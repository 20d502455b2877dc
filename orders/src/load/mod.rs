//! `orders load`: realistic orders through HTTP, with rates, latencies, and the time until the
//! last of them could be read.

mod report;
mod shop;
mod visible;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::time::Instant;

use report::{Action, Report};
pub use shop::Shop;

#[derive(Clone, clap::Args)]
pub struct LoadArgs {
    /// How many orders to create
    #[arg(long, default_value_t = 1000, value_name = "N")]
    orders: u64,

    /// Orders a second, or `max`
    #[arg(long, default_value = "max", value_parser = rate, value_name = "R|max")]
    rate: Rate,

    /// How many orders are under way at once
    #[arg(long, default_value_t = 32, value_name = "N")]
    connections: u64,

    /// The share of orders that is confirmed
    #[arg(long, default_value_t = 0.7, value_name = "0..1")]
    confirmed: f64,

    /// The share of orders that is cancelled, some of them after the confirmation
    #[arg(long, default_value_t = 0.1, value_name = "0..1")]
    cancelled: f64,

    /// The same seed sends the same orders
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,

    /// Where commands are sent
    #[arg(
        long,
        env = "COMMAND_API_URL",
        default_value = "http://localhost:8084",
        value_name = "URL"
    )]
    commands: String,

    /// Where orders are read back
    #[arg(
        long,
        env = "QUERY_API_URL",
        default_value = "http://localhost:8085",
        value_name = "URL"
    )]
    queries: String,
}

#[derive(Clone, Copy, Debug)]
enum Rate {
    Max,
    PerSecond(f64),
}

fn rate(text: &str) -> Result<Rate, String> {
    match text {
        "max" => Ok(Rate::Max),
        number => match number.parse() {
            Ok(rate) if rate > 0.0 => Ok(Rate::PerSecond(rate)),
            _ => Err("is neither a positive number nor `max`".to_owned()),
        },
    }
}

/// What every connection works on.
struct Run {
    args: LoadArgs,
    http: reqwest::Client,
    shop: Shop,
    started: Instant,
    next: AtomicU64,
    progress: ProgressBar,
}

pub async fn run(args: LoadArgs) -> anyhow::Result<()> {
    let progress = ProgressBar::new(args.orders).with_style(ProgressStyle::with_template(
        "{wide_bar} {pos}/{len} orders  {per_sec}  ETA {eta}",
    )?);
    let run = Arc::new(Run {
        http: reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .build()?,
        shop: Shop::new(args.seed),
        started: Instant::now(),
        next: AtomicU64::new(0),
        progress,
        args,
    });
    let mut connections = tokio::task::JoinSet::new();
    for _ in 0..run.args.connections {
        let run = run.clone();
        connections.spawn(async move { connection(&run).await });
    }
    let mut report = Report::default();
    while let Some(done) = connections.join_next().await {
        report.add(done?);
    }
    let took = run.started.elapsed();
    run.progress.finish_and_clear();
    report.print(took);
    let failed = report.failed();
    let first_failure = report.first_failure().to_owned();
    let last = report.into_last_orders();
    if last.is_empty() {
        bail!("no order was accepted: {first_failure}");
    }
    let visible = visible::wait_for(&run.http, &run.args.queries, &last).await?;
    println!(
        "\nThe last {} orders could all be read {:.0} ms after the last answer.",
        last.len(),
        visible.as_secs_f64() * 1000.0
    );
    match failed {
        0 => Ok(()),
        failed => bail!("{failed} orders met an answer that was not 2xx: {first_failure}"),
    }
}

/// Takes orders one after the other until none is left.
async fn connection(run: &Run) -> Report {
    let mut report = Report::default();
    loop {
        let number = run.next.fetch_add(1, Ordering::Relaxed);
        if number >= run.args.orders {
            return report;
        }
        // At a fixed rate latency counts from when the order was due, not from when a connection
        // was free for it.
        let due = match run.args.rate {
            Rate::Max => Instant::now(),
            Rate::PerSecond(rate) => run.started + Duration::from_secs_f64(number as f64 / rate),
        };
        tokio::time::sleep_until(due).await;
        if let Err(error) = order(run, number, due, &mut report).await {
            report.fail(format!("{error:#}"));
        }
        run.progress.inc(1);
    }
}

/// One order's life.
async fn order(run: &Run, number: u64, due: Instant, report: &mut Report) -> anyhow::Result<()> {
    let mut rng =
        SmallRng::seed_from_u64(run.args.seed.wrapping_mul(0x9e37_79b9).wrapping_add(number));
    let body = run.shop.order(&mut rng);
    let created = command(run, "/api/orders", body, 201).await?;
    report.record(Action::Create, due.elapsed());
    let id = created["orderId"]
        .as_str()
        .context("no orderId")?
        .to_owned();
    let mut version = 1;
    if rng.random_bool(run.args.confirmed) {
        let sent = Instant::now();
        let body = format!(r#"{{"paymentId":"payment-{number}"}}"#);
        command(run, &format!("/api/orders/{id}/confirm"), body, 200).await?;
        report.record(Action::Confirm, sent.elapsed());
        version += 1;
    }
    if rng.random_bool(run.args.cancelled) {
        let sent = Instant::now();
        let body = r#"{"reason":"changed my mind"}"#.to_owned();
        command(run, &format!("/api/orders/{id}/cancel"), body, 200).await?;
        report.record(Action::Cancel, sent.elapsed());
        version += 1;
    }
    report.finished(id, version);
    Ok(())
}

async fn command(run: &Run, path: &str, body: String, expected: u16) -> anyhow::Result<Value> {
    let answer = run
        .http
        .post(format!("{}{path}", run.args.commands))
        .header("content-type", "application/json")
        .body(body)
        .send()
        .await?;
    let status = answer.status();
    let text = answer.text().await?;
    if status.as_u16() != expected {
        bail!("{path} was answered {status}: {text}");
    }
    Ok(serde_json::from_str(&text)?)
}
