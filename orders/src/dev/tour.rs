use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use domain::contract::PublishedOrderEvent;
use domain::order::Order;
use event_store::{Doorbell, EventStore};
use messaging::{Kafka, TopicReader};
use read_models::{OrderDocument, ReadDatabase};
use serde_json::Value;

use super::EXAMPLE;
use super::backend::Backend;
use crate::process::{database, read_database};

/// How long a hop may take before it counts as not seen.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Sends two orders through real HTTP, and looks for each command's effect at every hop.
pub async fn tour(backend: &Backend) -> anyhow::Result<()> {
    let guide = Guide::new(backend).await?;
    println!("\nAn order, created and confirmed:\n");
    let first = guide.command("/api/orders", EXAMPLE, None).await?;
    let confirm = format!("/api/orders/{first}/confirm");
    guide
        .command(&confirm, r#"{"paymentId":"payment-1"}"#, Some(&first))
        .await?;
    println!("\nAnother one, cancelled:\n");
    let second = guide.command("/api/orders", EXAMPLE, None).await?;
    let cancel = format!("/api/orders/{second}/cancel");
    guide
        .command(&cancel, r#"{"reason":"changed my mind"}"#, Some(&second))
        .await?;
    Ok(())
}

struct Guide<'a> {
    backend: &'a Backend,
    http: reqwest::Client,
    store: EventStore<Order>,
    topic: TopicReader,
    documents: ReadDatabase,
}

impl<'a> Guide<'a> {
    async fn new(backend: &'a Backend) -> anyhow::Result<Self> {
        let services = &backend.services;
        let topic = &services.kafka.order_events_topic;
        Ok(Self {
            http: reqwest::Client::new(),
            store: EventStore::new(database(&services.postgres)?, topic, Doorbell::default()),
            topic: Kafka::new(&services.kafka.kafka_brokers)
                .read_topic(topic, false)
                .await?,
            documents: read_database(&services.mongodb).await?,
            backend,
        })
    }

    /// Sends one command and follows it to the answer of the query API. Returns the order's id.
    async fn command(&self, path: &str, body: &str, known: Option<&str>) -> anyhow::Result<String> {
        let sent = Instant::now();
        let (id, version) = self.post(path, body, sent).await?;
        if known.is_some_and(|known| known != id) {
            bail!("the answer names another order: {id}");
        }
        self.event_row(&id, version, sent)
            .await
            .context("hop: event store")?;
        within("Kafka", self.record(&id, version, sent)).await?;
        within("MongoDB", self.document(&id, version, sent)).await?;
        self.query(&id, version, sent)
            .await
            .context("hop: query API")?;
        Ok(id)
    }

    async fn post(&self, path: &str, body: &str, sent: Instant) -> anyhow::Result<(String, u64)> {
        let url = format!("{}{path}", self.backend.commands);
        let answer = self
            .http
            .post(&url)
            .header("content-type", "application/json")
            .body(body.to_owned())
            .send()
            .await
            .context("hop: command API")?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("hop: command API: POST {path} was answered {status}: {text}");
        }
        let json: Value = serde_json::from_str(&text)?;
        let id = json["orderId"]
            .as_str()
            .context("no orderId in the answer")?;
        let version = json["version"]
            .as_u64()
            .context("no version in the answer")?;
        seen(
            sent,
            "command",
            format!("POST {path} → {status}, order {id}, version {version}"),
        );
        Ok((id.to_owned(), version))
    }

    async fn event_row(&self, id: &str, version: u64, sent: Instant) -> anyhow::Result<()> {
        let events = self.store.stream_after(id, version - 1).await?;
        let event = events.first().context("the event is not in the store")?;
        seen(
            sent,
            "postgres",
            format!(
                "events: {} version {}, event id {}",
                event.envelope.event_type, event.envelope.version, event.envelope.event_id
            ),
        );
        Ok(())
    }

    async fn record(&self, id: &str, version: u64, sent: Instant) -> anyhow::Result<()> {
        loop {
            let Some(record) = self.topic.next(PATIENCE).await? else {
                continue;
            };
            if record.key.as_deref() != Some(id.as_bytes()) {
                continue;
            }
            let event = PublishedOrderEvent::parse(record.payload.as_deref().unwrap_or_default())?;
            if event.envelope.version == version {
                seen(
                    sent,
                    "kafka",
                    format!(
                        "{}: partition {}, offset {}",
                        record.topic, record.partition, record.offset
                    ),
                );
                return Ok(());
            }
        }
    }

    async fn document(&self, id: &str, version: u64, sent: Instant) -> anyhow::Result<()> {
        let live = self
            .documents
            .live(OrderDocument::PROJECTION)
            .await?
            .context("the projection has no live generation")?;
        let orders = self.documents.orders(&live);
        loop {
            let found = orders.find_one(bson::doc! { "_id": id }).await?;
            if let Some(order) = found.filter(|order| order.version >= version as i64) {
                seen(
                    sent,
                    "mongodb",
                    format!(
                        "{}: version {}, {}",
                        live.collection, order.version, order.status
                    ),
                );
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn query(&self, id: &str, version: u64, sent: Instant) -> anyhow::Result<()> {
        let url = format!("{}/api/orders/{id}", self.backend.queries);
        let answer = self.http.get(&url).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        let json: Value = serde_json::from_str(&text)?;
        if json["version"].as_u64() != Some(version) {
            bail!("GET {url} was answered {status}: {text}");
        }
        seen(
            sent,
            "query",
            format!(
                "GET /api/orders/{id} → {status}, {}",
                json["status"].as_str().unwrap_or("?")
            ),
        );
        Ok(())
    }
}

async fn within(
    hop: &str,
    looking: impl Future<Output = anyhow::Result<()>>,
) -> anyhow::Result<()> {
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(outcome) => outcome.with_context(|| format!("hop: {hop}")),
        Err(_) => bail!("hop: {hop}: nothing was seen within {PATIENCE:?}"),
    }
}

/// The time is since the command was sent.
pub fn seen(sent: Instant, hop: &str, what: String) {
    println!(
        "  {:>7.1} ms  {hop:<8}  {what}",
        sent.elapsed().as_secs_f64() * 1000.0
    );
}
