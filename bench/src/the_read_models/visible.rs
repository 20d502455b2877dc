use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, ensure};
use bson::{Document, doc};
use futures::TryStreamExt;
use hdrhistogram::Histogram;
use mongodb::Collection;
use read_models::{CustomerSummaryDocument, OrderDocument};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::backend::Backend;
use crate::the_relay::report::{Bar, Report};

const WARM_UP: Duration = Duration::from_secs(10);
const MEASURED: Duration = Duration::from_secs(30);
/// Between two looks into MongoDB: so much longer than it was is what is measured, at most.
const LOOK: Duration = Duration::from_millis(10);
const LATEST: Duration = Duration::from_secs(60);
/// Of so many orders one is looked for,
const SAMPLED: u64 = 5;
/// and one has a customer of its own, whose summary is looked for.
const OWN_CUSTOMER: u64 = 20;

const ORDER_P99_MS: Bar = Bar::Below(250.0);
const TOTALS_MAX_MS: Bar = Bar::Below(1000.0);

/// Something that is to appear under this id, with when its order was sent.
type Awaited = (String, Instant);

/// Sends orders at fixed rates, every second one confirmed, and looks for some of them in MongoDB.
/// What is measured begins with the sending of `POST /api/orders`: HTTP and the append are in it.
pub async fn measure(report: &mut Report) -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    let backend = Backend::prepare().await?;
    let _all = backend.all().await?;
    for rate in [300, 1000] {
        let bar = |bar: Bar| (rate == 300).then_some(bar);
        let seen = at_rate(&http, &backend, rate).await?;
        let name = format!("at {rate} orders/s");
        report.add(&format!("{name}, created"), seen.created, "orders/s");
        let ms = |histogram: &Histogram<u64>, quantile| {
            histogram.value_at_quantile(quantile) as f64 / 1000.0
        };
        report.add("  order to view, p50", ms(&seen.orders, 0.5), "ms");
        report.add_with(
            "  order to view, p99",
            ms(&seen.orders, 0.99),
            "ms",
            bar(ORDER_P99_MS),
        );
        report.add("  order to totals, p50", ms(&seen.totals, 0.5), "ms");
        report.add_with(
            "  order to totals, max",
            ms(&seen.totals, 1.0),
            "ms",
            bar(TOTALS_MAX_MS),
        );
    }
    Ok(())
}

struct Seen {
    created: f64,
    orders: Histogram<u64>,
    totals: Histogram<u64>,
}

async fn at_rate(http: &reqwest::Client, backend: &Backend, rate: u64) -> anyhow::Result<Seen> {
    let live = loop {
        match backend.read.live(OrderDocument::PROJECTION).await? {
            Some(live) => break live,
            None => tokio::time::sleep(LOOK).await,
        }
    };
    let documents = |name: &str| backend.read.database().collection::<Document>(name);
    let (order, awaited) = mpsc::unbounded_channel();
    let orders = tokio::spawn(look_for(documents(&live.collection), awaited));
    let (total, awaited) = mpsc::unbounded_channel();
    let summaries = CustomerSummaryDocument::collection(&live);
    let totals = tokio::spawn(look_for(documents(&summaries), awaited));

    let started = Instant::now();
    let created = Arc::new(AtomicU64::new(0));
    let mut sending = JoinSet::new();
    for number in 0..rate * (WARM_UP + MEASURED).as_secs() {
        let due = started + Duration::from_secs_f64(number as f64 / rate as f64);
        tokio::time::sleep_until(due).await;
        let customer = match number % OWN_CUSTOMER {
            0 => format!("own-{rate}-{number}"),
            _ => format!("customer-{}", number % 5000),
        };
        let (http, commands) = (http.clone(), backend.commands);
        let (order, total, created) = (order.clone(), total.clone(), created.clone());
        sending.spawn(async move {
            let sent = Instant::now();
            let id = send(&http, commands, number, &customer).await?;
            let warm = sent.duration_since(started) > WARM_UP;
            if warm {
                created.fetch_add(1, Ordering::Relaxed);
            }
            if warm && number % SAMPLED == 0 {
                order.send((id, sent))?;
            }
            if warm && number % OWN_CUSTOMER == 0 {
                total.send((customer, sent))?;
            }
            Ok::<_, anyhow::Error>(())
        });
        while let Some(ended) = sending.try_join_next() {
            ended??;
        }
    }
    while let Some(ended) = sending.join_next().await {
        ended??;
    }
    let took = started.elapsed() - WARM_UP;
    drop((order, total));
    Ok(Seen {
        created: created.load(Ordering::Relaxed) as f64 / took.as_secs_f64(),
        orders: orders.await??,
        totals: totals.await??,
    })
}

/// Creates an order and confirms every second one; returns its id.
async fn send(
    http: &reqwest::Client,
    commands: SocketAddr,
    number: u64,
    customer: &str,
) -> anyhow::Result<String> {
    let body = json!({
        "customerId": customer, "restaurantId": format!("restaurant-{}", number % 200),
        "totalAmount": 45.99,
        "items": [{"menuItemId": "item-1", "name": "Pizza", "price": 12.99, "quantity": 2}],
    });
    let answer = http
        .post(format!("http://{commands}/api/orders"))
        .json(&body)
        .send()
        .await?;
    ensure!(answer.status() == 201, "{}", answer.status());
    let answer: Value = answer.json().await?;
    let id = answer["orderId"].as_str().context("no orderId")?.to_owned();
    if number.is_multiple_of(2) {
        let confirm = format!("http://{commands}/api/orders/{id}/confirm");
        let body = json!({"paymentId": format!("payment-{number}")});
        let answer = http.post(confirm).json(&body).send().await?;
        ensure!(answer.status() == 200, "{}", answer.status());
    }
    Ok(id)
}

/// How long, in microseconds, it took each of them to appear.
async fn look_for(
    collection: Collection<Document>,
    mut awaited: mpsc::UnboundedReceiver<Awaited>,
) -> anyhow::Result<Histogram<u64>> {
    let mut histogram = Histogram::new(3)?;
    let mut outstanding: HashMap<String, Instant> = HashMap::new();
    let mut more = true;
    while more || !outstanding.is_empty() {
        loop {
            match awaited.try_recv() {
                Ok((id, sent)) => outstanding.insert(id, sent),
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => {
                    more = false;
                    break;
                }
            };
        }
        if !outstanding.is_empty() {
            let ids: Vec<&String> = outstanding.keys().collect();
            let found: Vec<Document> = collection
                .find(doc! { "_id": { "$in": ids } })
                .projection(doc! { "_id": 1 })
                .await?
                .try_collect()
                .await?;
            let now = Instant::now();
            for document in found {
                if let Some(sent) = outstanding.remove(document.get_str("_id")?) {
                    histogram.record((now - sent).as_micros() as u64)?;
                }
            }
            let late = outstanding.values().filter(|sent| sent.elapsed() > LATEST);
            ensure!(
                late.count() == 0,
                "something did not appear within {LATEST:?}"
            );
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(histogram)
}
