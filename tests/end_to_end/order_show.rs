//! One order from the command line.

use std::process::Output;

use serde_json::{Value, json};

use crate::backend::World;

fn run(world: &World, arguments: &[&str]) -> Output {
    let mut command = world.orders("order");
    command.arg("show").args(arguments).output().unwrap()
}

fn text(world: &World, arguments: &[&str]) -> String {
    let output = run(world, arguments);
    let failure = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {failure}");
    String::from_utf8(output.stdout).unwrap()
}

fn complaint(world: &World, arguments: &[&str]) -> String {
    let output = run(world, arguments);
    assert!(!output.status.success(), "{arguments:?}");
    assert_eq!(output.stdout, b"", "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn an_order_is_shown_event_by_event_also_when_one_is_broken() {
    let world = World::new().await;
    let id = "0193b0a0-0000-7000-8000-00000000000a";
    world.append_order(id, 3).await;

    let shown = text(&world, &[id]);
    for part in [
        "version 1  OrderCreated  2026-11-21T10:00:01.000000Z  PENDING",
        "version 3  OrderCancelled  2026-11-21T10:00:03.000000Z  CANCELLED",
        r#""currency":"EUR""#,
        "correlation-1",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // As it may be written elsewhere.
    let whole = text(&world, &[&id.to_uppercase(), "--json"]);
    let whole: Value = serde_json::from_str(&whole).unwrap();
    let statuses: Vec<&Value> = whole["events"].as_array().unwrap().iter().collect();
    let statuses: Vec<&Value> = statuses.iter().map(|e| &e["state"]["status"]).collect();
    assert_eq!(statuses, ["PENDING", "CONFIRMED", "CANCELLED"]);
    assert_eq!(whole["events"][0]["storedVersion"], "2");

    let at = |moment: &str| -> Value {
        serde_json::from_str(&text(&world, &[id, "--at", moment, "--json"])).unwrap()
    };
    assert_eq!(at("2")["state"]["status"], "CONFIRMED");
    assert_eq!(at("2026-11-21T10:00:01.5Z")["version"], 1);
    assert_eq!(at("2")["orderId"], json!(id));
    for (moment, says) in [
        ("4", "no version 4"),
        ("2026-11-21T10:00:00Z", "did not exist yet"),
        ("soon", "neither a version nor a time"),
    ] {
        let complaint = complaint(&world, &[id, "--at", moment]);
        assert!(complaint.contains(says), "{complaint}");
    }
    assert!(complaint(&world, &["nobody"]).contains("no order nobody"));

    let (client, connection) = tokio_postgres::connect(&world.database_url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let broken = "UPDATE events SET event_version = '7' WHERE sequence = 2";
    client.execute(broken, &[]).await.unwrap();
    let shown = text(&world, &[id]);
    for part in [
        "version 2  OrderConfirmed  2026-11-21T10:00:02.000000Z  ?",
        "unreadable",
        r#"{"OrderConfirmed":{"paymentId":"p-1"}}"#,
        "version 2 could not be applied",
        r#""reason":"late""#,
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(at("1")["state"]["status"], "PENDING");
    let complaint = complaint(&world, &[id, "--at", "3"]);
    assert!(
        complaint.contains("version 2 could not be applied"),
        "{complaint}"
    );
}
