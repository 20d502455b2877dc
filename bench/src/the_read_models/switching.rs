use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use hdrhistogram::Histogram;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::backend::Backend;
use crate::the_relay::report::{Bar, Report};

const RATE: u32 = 50;
/// Orders before anything is rebuilt.
const BEFORE: Duration = Duration::from_secs(10);
/// Between the commands, so that each generation answers for a while.
const BETWEEN: Duration = Duration::from_secs(3);
/// Between two questions for an order that is not in yet.
const LOOK: Duration = Duration::from_millis(25);
const LATEST: Duration = Duration::from_secs(60);

const WORST_MS: Bar = Bar::Below(3000.0);

/// Sends orders at a fixed rate and asks the queries for each until it is in, while the read model
/// is rebuilt, switched to, rolled back, switched to again, and the old generation dropped. What is
/// measured begins when the command is answered.
pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let backend = Arc::new(Backend::prepare().await?);
    let _all = backend.all().await?;
    let stop = Arc::new(AtomicBool::new(false));
    let orders = tokio::spawn(ask_for_all(backend.clone(), stop.clone()));
    tokio::time::sleep(BEFORE).await;
    for arguments in [
        "rebuild order_view",
        "rollback order_view",
        "switch order_view 2",
        "drop order_view 1",
    ] {
        let mut command = backend.command("projections");
        command.args(arguments.split(' ')).arg("--json");
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{arguments}: {said}");
        tokio::time::sleep(BETWEEN).await;
    }
    stop.store(true, Ordering::Relaxed);
    let took = orders.await??;
    let ms = |quantile| took.value_at_quantile(quantile) as f64 / 1000.0;
    let name = format!("rebuild to drop, at {RATE} orders/s");
    report.add(&name, took.len() as f64, "orders");
    report.add("  answer to view, p99", ms(0.99), "ms");
    report.add_with("  answer to view, max", ms(1.0), "ms", Some(WORST_MS));
    Ok(())
}

/// How long, in microseconds, each order took from its promise to its first answer.
async fn ask_for_all(
    backend: Arc<Backend>,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<Histogram<u64>> {
    let mut histogram = Histogram::new(3)?;
    let http = Client::new();
    let mut tick = interval(Duration::from_secs(1) / RATE);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut asking = JoinSet::new();
    while !stop.load(Ordering::Relaxed) {
        tick.tick().await;
        let (http, backend) = (http.clone(), backend.clone());
        asking.spawn(async move { until_it_is_in(&http, &backend).await });
        while let Some(ended) = asking.try_join_next() {
            histogram.record(ended??.as_micros() as u64)?;
        }
    }
    while let Some(ended) = asking.join_next().await {
        histogram.record(ended??.as_micros() as u64)?;
    }
    Ok(histogram)
}

async fn until_it_is_in(http: &Client, backend: &Backend) -> anyhow::Result<Duration> {
    let body = json!({
        "customerId": "customer-1", "restaurantId": "restaurant-1", "totalAmount": 45.99,
        "items": [{"menuItemId": "item-1", "name": "Pizza", "price": 12.99, "quantity": 2}],
    });
    let orders = format!("http://{}/api/orders", backend.commands);
    let answer = http.post(orders).json(&body).send().await?;
    ensure!(
        answer.status() == StatusCode::CREATED,
        "{}",
        answer.status()
    );
    let answer: Value = answer.json().await?;
    let id = answer["orderId"].as_str().context("no orderId")?;
    let order = format!("http://{}/api/orders/{id}", backend.queries);
    let promised = Instant::now();
    loop {
        match http.get(&order).send().await?.status() {
            StatusCode::OK => return Ok(promised.elapsed()),
            StatusCode::NOT_FOUND => {}
            wrong => anyhow::bail!("{wrong} for {id}"),
        }
        ensure!(promised.elapsed() < LATEST, "{id} did not come");
        tokio::time::sleep(LOOK).await;
    }
}
