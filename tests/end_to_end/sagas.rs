//! A saga as its topics tell it, tracked by a running backend, and how it is shown.

use std::process::Output;
use std::time::{Duration, Instant};

use domain::contract::{Published, SagaContent};
use messaging::{Delivery, Kafka, OutgoingRecord};
use serde_json::{Value, json};

use crate::backend::World;

const ID: &str = "0193b0a0-0000-7000-8000-00000000005a";

fn record(version: u64, event_type: &str, content: Value) -> String {
    let mut record = json!({
        "eventId": domain::event_id("Order", ID, version), "eventType": event_type,
        "aggregateType": "Order", "aggregateId": ID, "version": version,
        "schemaVersion": if version == 1 { 2 } else { 1 },
        "occurredOn": format!("2026-11-21T10:00:0{version}.000000Z"),
        "correlationId": "request-1", "causationId": "request-1",
    });
    for (name, value) in content.as_object().unwrap() {
        record[name] = value.clone();
    }
    record.to_string()
}

fn run(world: &World, arguments: &[&str]) -> Output {
    world.orders("saga").args(arguments).output().unwrap()
}

fn said(world: &World, arguments: &[&str]) -> String {
    let output = run(world, arguments);
    let failure = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {failure}");
    String::from_utf8(output.stdout).unwrap()
}

async fn get(url: String) -> String {
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_saga_is_tracked_told_of_counted_and_drawn() {
    let world = World::new().await;
    let kafka = Kafka::new(&world.brokers);
    let producer = kafka.ordered_producer().unwrap();
    let created = json!({
        "customerId": "customer-123", "restaurantId": "store-1", "totalAmount": 299.99,
        "currency": "EUR", "saga": { "flow": "stock-first", "paymentMethod": "CreditCard" },
        "items": [{ "menuItemId": "p", "name": "P", "price": 100.00, "quantity": 2 }],
    });
    let cancelled = json!({ "reason": "not finished in time", "sagaFlow": "stock-first" });
    let records = [
        record(1, "OrderCreated", created),
        record(2, "OrderCancelled", cancelled),
    ];
    let records = records.each_ref().map(|value| OutgoingRecord {
        topic: &world.topic,
        key: Some(ID.as_bytes()),
        payload: Some(value.as_bytes()),
        headers: &[],
    });
    for delivery in producer.publish(&records).await {
        assert!(matches!(delivery, Delivery::Acknowledged { .. }));
    }
    let _backend = world.start();
    world.wait_until_ready().await;
    let sagas = format!("{}/api/choreographedsaga", world.queries());
    let started = Instant::now();
    let state = loop {
        let state = get(format!("{sagas}/state/{ID}")).await;
        let state: Value = serde_json::from_str(&state).unwrap();
        if state["status"] == "Compensating" {
            break state;
        }
        assert!(started.elapsed().as_secs() < 60, "{state}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(state["failureReason"], "not finished in time");
    assert_eq!(state["stuck"], true);
    let list: Value = serde_json::from_str(&get(format!("{sagas}/states")).await).unwrap();
    assert_eq!(list["sagas"], json!([state]));

    // The command line says the same.
    let shown: Value = serde_json::from_str(&said(&world, &["show", ID, "--json"])).unwrap();
    assert_eq!(shown, state);
    let upper = ID.to_uppercase();
    let shown = said(&world, &["show", &upper]);
    for part in [
        "order/stock-first  Compensating",
        "reserve",
        "not finished in time",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let drawn = said(&world, &["show", ID, "--mermaid"]);
    let arrow = "    order->>payment: OrderCancelled (+1.000 s), not finished in time\n";
    assert!(
        drawn.starts_with("sequenceDiagram\n") && drawn.contains(arrow),
        "{drawn}"
    );
    let listed = said(&world, &["list"]);
    assert!(
        listed.contains(ID) && listed.contains("Compensating, stuck"),
        "{listed}"
    );
    let filtered = ["list", "--status", "Completed", "--json"];
    assert_eq!(said(&world, &filtered).trim(), "[]");
    let filtered = [
        "list",
        "--stuck",
        "--from",
        "2026-11-21T10:00:01Z",
        "--json",
    ];
    let filtered: Value = serde_json::from_str(&said(&world, &filtered)).unwrap();
    assert_eq!(filtered, json!([state]));
    let absent = run(&world, &["show", "o-9"]);
    assert!(!absent.status.success() && absent.stdout.is_empty());
    assert!(String::from_utf8_lossy(&absent.stderr).contains("nothing was seen"));

    // It is told, and counted.
    let topic = format!("{}-sagas", world.topic);
    let told = kafka
        .read_topic(&topic, true)
        .await
        .unwrap()
        .rest()
        .await
        .unwrap();
    let told = told.iter().map(|record| {
        let event = Published::<SagaContent>::parse(record.payload.as_deref().unwrap()).unwrap();
        (event.envelope.event_type, event.envelope.correlation_id)
    });
    let request = || "request-1".to_owned();
    let expected = [
        ("SagaStarted".to_owned(), request()),
        ("SagaCompensationStarted".to_owned(), request()),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    let metrics = get(format!("{}/metrics", world.queries())).await;
    for counted in [
        "choreographed_saga_started_total 1",
        "choreographed_saga_compensation_triggered_total 1",
    ] {
        assert!(metrics.contains(counted), "{counted}: {metrics}");
    }
    // Whoever follows a request sees what was told of it.
    let events = format!("{}/api/events?correlationId=request-1", world.queries());
    loop {
        let events: Value = serde_json::from_str(&get(events.clone()).await).unwrap();
        match events["events"].as_array().map(Vec::len) {
            Some(4) => break,
            _ => assert!(started.elapsed().as_secs() < 60, "{events}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
