use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use devstack::MailCatcher;
use domain::notification::{NotificationKind, message_id};
use reqwest::{Client, StatusCode};
use serde_json::Value;

use super::SAGA_EXAMPLE;
use super::backend::Backend;
use super::participants::MAIL_HOST;
use super::tour::{PATIENCE, seen};

/// Places an order that inventory, payment and notification carry out, and shows what became of it.
pub async fn tour(backend: &Backend, mails: &MailCatcher) -> anyhow::Result<()> {
    println!("\nA third one, which inventory, payment and notification carry out:\n");
    let client = Client::new();
    stock(backend, &client).await?;
    let sent = Instant::now();
    let url = format!("{}/api/orders/choreographed-saga", backend.commands);
    let asked = client.post(url).header("content-type", "application/json");
    let answer = asked
        .body(SAGA_EXAMPLE)
        .send()
        .await
        .context("command API")?;
    let (status, text) = (answer.status(), answer.text().await?);
    if status != StatusCode::CREATED {
        bail!("command API: answered {status}: {text}");
    }
    let created: Value = serde_json::from_str(&text)?;
    let id = created["orderId"].as_str().context("no orderId")?;
    seen(
        sent,
        "placed",
        format!("POST /api/orders/choreographed-saga → {status}, order {id}"),
    );

    let status = until(ended(backend, &client, id)).await?;
    seen(sent, "saga", format!("the order is {status}"));
    let url = format!("{}/api/orders/{id}/history", backend.queries);
    let history: Value = client.get(url).send().await?.json().await?;
    for step in history["history"].as_array().into_iter().flatten() {
        let text = |name: &str| step[name].as_str().unwrap_or("?");
        println!("{:>24}{} → {}", "", text("eventType"), text("status"));
    }
    if status != "CONFIRMED" {
        bail!("the order is {status}: {history}");
    }
    let told = message_id(id, NotificationKind::Confirmed, MAIL_HOST);
    if backend.mails.is_some() {
        let subject = until(async {
            loop {
                if let Some(mail) = mails.mails(&told).await?.pop() {
                    return Ok(mail.subject);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await?;
        seen(sent, "mail", subject);
    }
    Ok(())
}

/// Something to sell, where nobody has counted anything yet.
async fn stock(backend: &Backend, client: &Client) -> anyhow::Result<()> {
    let url = format!("{}/api/inventory/store-1/product-1", backend.inventory);
    let known = client.get(&url).send().await.context("inventory")?;
    if known.status() == StatusCode::OK {
        let level: Value = known.json().await?;
        if level["available"]
            .as_u64()
            .is_some_and(|available| available >= 2)
        {
            return Ok(());
        }
    }
    let counted = client.put(&url).body(r#"{"quantity":100}"#).send().await?;
    if counted.status() != StatusCode::OK {
        bail!("inventory: answered {}", counted.status());
    }
    Ok(())
}

/// The order's status, once its saga is over.
async fn ended(backend: &Backend, client: &Client, id: &str) -> anyhow::Result<String> {
    let url = format!("{}/api/orders/{id}", backend.queries);
    loop {
        let answer = client.get(&url).send().await.context("query API")?;
        if answer.status() == StatusCode::OK {
            let order: Value = answer.json().await?;
            let status = order["status"].as_str().unwrap_or_default();
            if ["CONFIRMED", "CANCELLED", "FAILED"].contains(&status) {
                return Ok(status.to_owned());
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn until<T>(looking: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(found) => found,
        Err(_) => bail!("nothing was seen within {PATIENCE:?}"),
    }
}
