//! What a process is told to refuse.

use std::time::{Duration, Instant};

use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::backend::World;

async fn create(world: &World, key: Option<&str>) -> Response {
    let body = json!({
        "customerId": "customer-1", "restaurantId": "restaurant-1", "totalAmount": 45.99,
        "items": [{"menuItemId": "item-1", "name": "Pizza", "price": 12.99, "quantity": 1}],
    });
    let create = Client::new().post(format!("{}/api/orders", world.commands()));
    let create = match key {
        Some(key) => create.header("idempotency-key", key),
        None => create,
    };
    create.json(&body).send().await.unwrap()
}

async fn kind(answer: Response) -> String {
    let problem: Value = answer.json().await.unwrap();
    problem["type"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn keys_can_be_asked_for_and_rates_be_limited() {
    let world = World::new().await;
    let _commands = world.start_commands(&[
        ("REQUIRE_IDEMPOTENCY_KEY", "true"),
        ("RATE_LIMIT_PER_SECOND", "1"),
        ("RATE_LIMIT_BURST", "3"),
    ]);
    world.wait_until_ready().await;
    let refused = create(&world, None).await;
    assert_eq!(refused.headers()["ratelimit-policy"], "\"caller\";q=3;w=3");
    assert_eq!(refused.headers()["ratelimit"], "\"caller\";r=2;t=1");
    assert_eq!(kind(refused).await, "/problems/idempotency-key-required");
    assert_eq!(create(&world, Some("k")).await.status(), 201);
    // Faster than three a second.
    let begun = Instant::now();
    let refused = loop {
        let answer = create(&world, Some("k")).await;
        if answer.status() == 429 {
            break answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(10));
    };
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(kind(refused).await, "/problems/quota-exceeded");
    world.wait_until_ready().await;
}

#[tokio::test]
async fn queries_have_limits_of_their_own() {
    let world = World::new().await;
    let mut all = world.orders("all");
    all.env("QUERY_RATE_LIMIT_PER_SECOND", "1000")
        .env("QUERY_MAX_WAITING", "0")
        .env("QUERY_MAX_STREAMS", "0");
    let _backend = world.started(&mut all);
    world.wait_until_ready().await;
    let created = create(&world, None).await;
    assert!(!created.headers().contains_key("ratelimit-policy"));
    let order: Value = created.json().await.unwrap();
    let id = order["orderId"].as_str().unwrap();
    let begun = Instant::now();
    for (path, refusal) in [
        (format!("{id}?minVersion=9"), "/problems/too-many-waiting"),
        (format!("{id}/events"), "/problems/too-many-streams"),
        ("events".to_owned(), "/problems/too-many-streams"),
    ] {
        loop {
            let get = Client::new().get(format!("{}/api/orders/{path}", world.queries()));
            let answer = get.header("prefer", "wait=5").send().await.unwrap();
            let policy = &answer.headers()["ratelimit-policy"];
            assert_eq!(policy, "\"caller\";q=1000;w=1");
            // The order may still be on its way.
            if kind(answer).await == refusal {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{path}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A request whose body does not come holds a place.
async fn stall(world: &World) -> TcpStream {
    let addr = world.commands().replace("http://", "");
    let mut stream = TcpStream::connect(&addr).await.unwrap();
    let head = format!(
        "POST /api/orders HTTP/1.1\r\nhost: {addr}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn what_is_more_than_can_be_taken_on_is_refused() {
    let world = World::new().await;
    let _commands = world.start_commands(&[("MAX_CONCURRENT_REQUESTS", "2")]);
    world.wait_until_ready().await;
    let (mut stalled, begun) = (Vec::new(), Instant::now());
    let refused = loop {
        // More than there are places: a create in hand may have kept one from its own.
        stalled.push(stall(&world).await);
        let answer = create(&world, None).await;
        if answer.status() != 201 {
            break answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(5));
    };
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_eq!(kind(refused).await, "/problems/overloaded");
    world.wait_until_ready().await;
    drop(stalled);
    let begun = Instant::now();
    while create(&world, None).await.status() != 201 {
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}
