//! One request, followed through everything it set in motion.

use std::fs::File;
use std::time::{Duration, Instant};

use bson::doc;
use messaging::Kafka;
use read_models::{LoggedRecord, OrderDocument, ReadDatabase};
use serde_json::Value;

use crate::backend::{EXAMPLE, World};

const CORRELATION: &str = "basket-4711";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// Asks until there is something, or the test fails.
async fn eventually<T>(what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "no {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn one_correlation_id_and_one_trace_id_are_found_everywhere() {
    let world = World::new().await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut all = world.orders("all");
    all.env("RUST_LOG", "info,relay=debug,command_api=debug")
        .stderr(File::create(&log).unwrap());
    let _backend = world.started(&mut all);
    world.wait_until_ready().await;

    let answer = reqwest::Client::new()
        .post(format!("{}/api/orders", world.commands()))
        .header("content-type", "application/json")
        .header("x-request-id", CORRELATION)
        .header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .body(EXAMPLE)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["x-request-id"], CORRELATION);
    let step = answer.headers()["traceparent"].to_str().unwrap().to_owned();
    assert_eq!(step[3..35], *TRACE);
    let order: Value = answer.json().await.unwrap();
    let order = order["orderId"].as_str().unwrap();

    let (client, connection) = tokio_postgres::connect(&world.database_url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let sql = "SELECT metadata::text FROM events WHERE aggregate_id = $1";
    let row = client.query_one(sql, &[&order]).await.unwrap();
    let metadata: Value = serde_json::from_str(row.get(0)).unwrap();
    assert_eq!(metadata["correlationId"], CORRELATION);
    assert_eq!(metadata["traceparent"], step);

    let record = eventually("record", async || {
        let kafka = Kafka::new(&world.brokers);
        let reader = kafka.read_topic(&world.topic, true).await.unwrap();
        let records = reader.rest().await.unwrap();
        records.into_iter().next()
    })
    .await;
    let header = |name: &str| {
        let header = record.headers.iter().find(|(known, _)| known == name);
        String::from_utf8(header.unwrap().1.clone().unwrap()).unwrap()
    };
    assert_eq!(header("correlation-id"), CORRELATION);
    assert_eq!(header("traceparent"), step);

    let database = ReadDatabase::new(&world.mongodb_uri, &world.mongodb_database)
        .await
        .unwrap();
    let document = eventually("document", async || {
        let live = database.live(OrderDocument::PROJECTION).await.unwrap()?;
        let orders = database.orders(&live);
        orders.find_one(doc! { "_id": order }).await.unwrap()
    })
    .await;
    assert_eq!(document.timeline[0].correlation_id, CORRELATION);
    let logged = eventually("entry of the event log", async || {
        let live = database.live(LoggedRecord::PROJECTION).await.unwrap()?;
        let log = database
            .database()
            .collection::<LoggedRecord>(&live.collection);
        log.find_one(doc! { "correlationId": CORRELATION })
            .await
            .unwrap()
    })
    .await;
    assert_eq!(logged.traceparent.as_deref(), Some(&*step));

    for line in ["appended", "published"] {
        let found = eventually(line, async || {
            let text = std::fs::read_to_string(&log).unwrap();
            let mut lines = text.lines().filter(|known| known.contains(order));
            let found = lines.find(|known| known.contains(&format!("\"{line}\"")))?;
            Some(found.to_owned())
        })
        .await;
        assert!(found.contains(CORRELATION), "{found}");
        assert!(found.contains(TRACE), "{found}");
    }
}
