//! A whole `orders verify`, over a store whose events went the way they always go.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use cqrs_es::Aggregate;
use domain::order::{Order, OrderEvent};
use domain::{CustomerId, RestaurantId};
use event_store::{Append, Database, DatabaseConfig, Doorbell, EventStore};
use serde::Deserialize;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use super::peak_memory::peak_mb;
use super::site::TOPIC;
use crate::backend::Backend;
use crate::group_commit::order::{Life, context, new_id};

/// As many as share statements.
const WRITERS: u32 = 64;
const LOOK: Duration = Duration::from_millis(100);

pub struct Verified {
    pub said: Said,
    pub seconds: f64,
    /// The most that was ever resident.
    pub peak_mb: f64,
}

/// What it reports of itself.
#[derive(Deserialize)]
pub struct Said {
    pub orders: u64,
    pub records: u64,
    pub totals: u64,
    pub faults: u64,
}

pub async fn verify(orders: u32) -> anyhow::Result<Verified> {
    let backend = Backend::prepare().await?;
    append(&backend, orders).await?;
    publish(&backend).await?;
    for projection in ["order_view", "event_log"] {
        let mut rebuild = backend.command("projections");
        rebuild.args(["rebuild", projection, "--json"]);
        let rebuilt = tokio::process::Command::from(rebuild).output().await?;
        ensure!(
            rebuilt.status.success(),
            "rebuild {projection}: {}",
            String::from_utf8_lossy(&rebuilt.stderr)
        );
    }
    let started = Instant::now();
    let mut verify = backend.command("verify");
    verify.arg("--json").stdout(Stdio::piped());
    let mut verify = tokio::process::Command::from(verify).spawn()?;
    let process = verify.id().context("it has just been started")?;
    let watching = async {
        let mut most: f64 = 0.0;
        loop {
            // Gone between two looks.
            most = most.max(peak_mb(process).unwrap_or(0.0));
            tokio::select! {
                status = verify.wait() => break status.map(|status| (status, most)),
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    };
    let (status, peak_mb) = watching.await?;
    let seconds = started.elapsed().as_secs_f64();
    let output = verify.wait_with_output().await?;
    ensure!(status.success(), "verify: {status}");
    Ok(Verified {
        said: serde_json::from_slice(&output.stdout)?,
        seconds,
        peak_mb,
    })
}

/// Each is created, 7 of 8 confirmed and 5 of 8 cancelled.
async fn append(backend: &Backend, orders: u32) -> anyhow::Result<()> {
    let database = Database::new(&DatabaseConfig {
        url: backend.database_url.clone(),
        schema: None,
        connections: 8,
    })?;
    let store = EventStore::<Order>::new(database, TOPIC, Doorbell::default());
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        writers.spawn(async move {
            for number in (writer..orders).step_by(WRITERS as usize) {
                let (events, state) = life(number)?;
                let decision = Append {
                    stream: &new_id(),
                    expected_version: 0,
                    events: &events,
                    state: &state,
                    context: &context(),
                    idempotency: None,
                };
                store.append(&decision).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended??;
    }
    Ok(())
}

fn life(number: u32) -> anyhow::Result<(Vec<OrderEvent>, Order)> {
    let events = match number % 8 {
        0..5 => 3,
        5..7 => 2,
        _ => 1,
    };
    let mut events = Life::of(events)?.events;
    if let Some(OrderEvent::OrderCreated(created)) = events.first_mut() {
        created.customer_id = CustomerId::new(format!("customer-{}", number % 10_000))?;
        created.restaurant_id = RestaurantId::new(format!("restaurant-{}", number % 500))?;
    }
    let mut state = Order::default();
    for event in events.clone() {
        state.apply(event);
    }
    Ok((events, state))
}

async fn publish(backend: &Backend) -> anyhow::Result<()> {
    const PATIENCE: Duration = Duration::from_secs(300);
    let _relay = backend.relay_alone()?;
    let (psql, connection) = tokio_postgres::connect(&backend.database_url, NoTls).await?;
    tokio::spawn(connection);
    let pending = "SELECT FROM outbox WHERE status = 'PENDING' LIMIT 1";
    let started = Instant::now();
    while psql.query_opt(pending, &[]).await?.is_some() {
        if started.elapsed() > PATIENCE {
            bail!("not everything was published within {PATIENCE:?}");
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}
