//! Reading over HTTP what was written over HTTP.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use reqwest::{Client, Response, StatusCode};
use runtime::{Clock, SystemClock};
use serde_json::{Value, json};

use crate::backend::{Backend, World};

const PATIENCE: Duration = Duration::from_secs(60);

async fn create(world: &World, client: &Client) -> String {
    let order = json!({
        "customerId": "customer-123",
        "restaurantId": "restaurant-456",
        "totalAmount": 45.99,
        "items": [{"menuItemId": "item-1", "name": "Pizza", "price": 12.99, "quantity": 2}],
    });
    let url = format!("{}/api/orders", world.commands());
    let created = client.post(url).json(&order).send().await.unwrap();
    assert_eq!(created.status(), StatusCode::CREATED);
    let created: Value = created.json().await.unwrap();
    created["orderId"].as_str().unwrap().to_owned()
}

async fn confirm(world: &World, client: &Client, id: &str) {
    let url = format!("{}/api/orders/{id}/confirm", world.commands());
    let payment = json!({ "paymentId": "payment-1" });
    let confirmed = client.post(url).json(&payment).send().await.unwrap();
    assert_eq!(confirmed.status(), StatusCode::OK);
}

async fn get(world: &World, client: &Client, path: &str) -> Response {
    let url = format!("{}{path}", world.queries());
    let asked = client.get(url).header("prefer", "wait=30");
    asked.send().await.unwrap()
}

/// Asks until it is answered: what has just started may not have all it needs.
async fn get_patiently(world: &World, client: &Client, path: &str) -> Response {
    let started = Instant::now();
    loop {
        let answer = get(world, client, path).await;
        if answer.status() == StatusCode::OK {
            return answer;
        }
        let status = answer.status();
        assert!(started.elapsed() < PATIENCE, "{path}: {status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The ids of the next events of a stream, and what was read of them.
async fn next(stream: &mut Response, count: usize) -> (Vec<String>, String) {
    let mut text = String::new();
    let read = async {
        while text.matches("\ndata: ").count() < count || !text.ends_with("\n\n") {
            let more = stream.chunk().await.unwrap().expect("the stream has ended");
            text.push_str(std::str::from_utf8(&more).unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, read).await.unwrap();
    let events = text
        .split("\n\n")
        .filter(|block| block.contains("\ndata: "));
    let id = |block: &str| block.split_once("\nid: ").unwrap().1.to_owned();
    (events.map(id).collect(), text)
}

/// In seconds, and through when.
fn freshness(answer: &Response) -> Option<(f64, Timestamp)> {
    let header = |name: &str| answer.headers()[name].to_str().unwrap();
    let lag = header("projection-lag").parse().ok()?;
    Some((lag, header("projection-applied-through").parse().unwrap()))
}

#[tokio::test]
async fn what_was_written_is_read_at_once_streamed_and_known_to_be_stale() {
    let world = World::new().await;
    let backend = world.start();
    world.wait_until_ready().await;
    let client = Client::new();
    let id = create(&world, &client).await;
    let path = format!("/api/orders/{id}");
    get_patiently(&world, &client, &format!("{path}?minVersion=1")).await;
    let mut one = get_patiently(&world, &client, &format!("{path}/events")).await;
    let mut all = get_patiently(&world, &client, "/api/orders/events").await;
    assert_eq!(next(&mut one, 1).await.0, ["1"]);

    confirm(&world, &client, &id).await;
    let order = get(&world, &client, &format!("{path}?minVersion=2")).await;
    assert_eq!(order.headers()["etag"], "\"2\"");
    let order: Value = order.json().await.unwrap();
    assert_eq!(order["status"], "CONFIRMED");
    let (ids, text) = next(&mut one, 1).await;
    assert_eq!(ids, ["2"]);
    assert!(text.contains(r#""paymentId":"payment-1""#), "{text}");
    // The log may have been written after the stream began, and its first event come as well.
    let mut text = String::new();
    let mut place = String::new();
    while !text.contains("OrderConfirmed") {
        let (mut ids, more) = next(&mut all, 1).await;
        place = ids.pop().unwrap();
        text.push_str(&more);
    }

    let begun = Instant::now();
    while freshness(&get(&world, &client, &path).await).is_none() {
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let other = create(&world, &client).await;
    get_patiently(
        &world,
        &client,
        &format!("/api/orders/{other}?minVersion=1"),
    )
    .await;
    let mut one = get_patiently(&world, &client, &format!("/api/orders/{other}/events")).await;
    next(&mut one, 1).await;
    backend.kill();
    let killed = SystemClock.now();

    // Nothing is left that could say so, and the answers grow older all the same. What the killed
    // process had sent may still be written; it speaks of the time before.
    let queries = world.queries();
    let mut command = world.orders("query-api");
    command.env("LISTEN", queries.strip_prefix("http://").unwrap());
    let alone = Backend::of(command);
    let mut first: Option<(f64, Timestamp)> = None;
    let begun = Instant::now();
    loop {
        let url = format!("{queries}/api/orders");
        if let Ok(list) = client.get(url).send().await
            && let Some((lag, through)) = freshness(&list)
        {
            assert!(through <= killed, "{through} is after {killed}");
            let (lag_before, through_before) = *first.get_or_insert((lag, through));
            assert!(
                through >= through_before,
                "{through} after {through_before}"
            );
            if through > through_before {
                first = Some((lag, through));
            } else if lag > lag_before + 1.0 {
                break;
            }
        }
        assert!(begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // And a stream goes on where it was cut off.
    let mut resumed = loop {
        let resumed = client.get(format!("{queries}/api/orders/events"));
        let resumed = resumed.header("last-event-id", &place).send().await;
        let resumed = resumed.unwrap();
        if resumed.status() == StatusCode::OK {
            break resumed;
        }
        assert!(begun.elapsed() < PATIENCE, "{}", resumed.status());
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert!(next(&mut resumed, 1).await.1.contains(&other));
    let (status, took) = alone.terminate();
    assert!(
        status.success() && took < Duration::from_secs(5),
        "{status} {took:?}"
    );
}
