//! One create, sent by many at once, again and again, to servers that are killed under it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::arrived::compare;
use crate::backend::{World, unique};
use crate::customer::Promised;

const ROUNDS: u32 = 6;
const CLIENTS: usize = 50;
const KILLS: usize = 2;

/// What the clients of one key were told.
#[derive(Default)]
struct Told {
    bodies: BTreeSet<String>,
    sent: usize,
    created: usize,
    replayed: usize,
}

/// Clients that send one create until they are told to stop, and then until it is answered.
struct Clients {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<Told>,
}

impl Clients {
    fn start(world: &World, key: &str) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let mut tasks = JoinSet::new();
        for _ in 0..CLIENTS {
            let orders = format!("{}/api/orders", world.commands());
            tasks.spawn(insist(orders, key.to_owned(), stop.clone()));
        }
        Self { stop, tasks }
    }

    async fn stop(self) -> Told {
        self.stop.store(true, Ordering::Relaxed);
        let all = self.tasks.join_all().await.into_iter();
        all.fold(Told::default(), |mut all, told| {
            all.bodies.extend(told.bodies);
            all.sent += told.sent;
            all.created += told.created;
            all.replayed += told.replayed;
            all
        })
    }
}

async fn insist(orders: String, key: String, stop: Arc<AtomicBool>) -> Told {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(15))
        .build()
        .unwrap();
    let body = json!({
        "customerId": "customer-1", "restaurantId": "restaurant-1", "totalAmount": 45.99,
        "items": [{"menuItemId": "item-1", "name": "Pizza", "price": 12.99, "quantity": 1}],
    });
    let (mut told, begun) = (Told::default(), Instant::now());
    loop {
        let last = stop.load(Ordering::Relaxed);
        told.sent += 1;
        let create = http.post(&orders).header("idempotency-key", &key);
        if let Ok(answer) = create.json(&body).send().await {
            let status = answer.status().as_u16();
            let replayed = answer.headers().contains_key("idempotency-replayed");
            // An answer that is cut off is none.
            if let Ok(text) = answer.text().await {
                assert!([201, 409, 503].contains(&status), "{status}: {text}");
                if status == 201 {
                    told.created += 1;
                    told.replayed += usize::from(replayed);
                    told.bodies.insert(text);
                    if last {
                        return told;
                    }
                }
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "no answer");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn wait_until_listening(world: &World) {
    let begun = Instant::now();
    while reqwest::get(format!("{}/livez", world.commands()))
        .await
        .is_err()
    {
        assert!(begun.elapsed() < Duration::from_secs(60), "nobody listens");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn one_create_sent_by_fifty_under_kills_makes_one_order() {
    let world = World::new().await;
    let mut promised = Promised::new();
    let mut all = Told::default();
    for round in 0..ROUNDS {
        let clients = Clients::start(&world, &format!("create-{round}"));
        for _ in 0..KILLS {
            let backend = world.start();
            wait_until_listening(&world).await;
            // Before, while or after the order is made.
            let life = (unique().as_u128() % 60) as u64;
            tokio::time::sleep(Duration::from_millis(life)).await;
            backend.kill();
        }
        let backend = world.start();
        wait_until_listening(&world).await;
        let told = clients.stop().await;
        backend.kill();

        assert_eq!(told.bodies.len(), 1, "{:?}", told.bodies);
        let body: Value = serde_json::from_str(told.bodies.first().unwrap()).unwrap();
        promised.insert(body["orderId"].as_str().unwrap().to_owned(), 1);
        all.sent += told.sent;
        all.created += told.created;
        all.replayed += told.replayed;
    }
    assert_eq!(promised.len(), ROUNDS as usize, "two keys share an order");
    let _last = world.start();
    let compared = compare(&world, &promised).await;
    println!(
        "{ROUNDS} creates, each by {CLIENTS} clients under {KILLS} kills: {} requests, {} answered \
         201, {} of them repeats: {compared}",
        all.sent, all.created, all.replayed
    );
    assert_eq!(compared.orders, promised.len(), "{compared}");
}
