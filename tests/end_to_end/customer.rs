use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::backend::World;

/// What was answered 2xx: the highest version of each order that a caller was told.
pub type Promised = BTreeMap<String, u64>;

/// Customers who order all the time, and take note of what they were promised.
pub struct Customers {
    stop: Arc<AtomicBool>,
    promised: Arc<Mutex<Promised>>,
    tasks: JoinSet<()>,
}

impl Customers {
    /// As fast as they are answered.
    pub fn start(world: &World, customers: usize) -> Self {
        Self::at_a_pace(world, customers, Duration::ZERO)
    }

    /// Each rests after every order: how late something comes says little where the machine does
    /// as much as it can.
    pub fn at_a_pace(world: &World, customers: usize, rest: Duration) -> Self {
        let mut these = Self {
            stop: Arc::default(),
            promised: Arc::default(),
            tasks: JoinSet::new(),
        };
        for customer in 0..customers {
            let (stop, promised) = (these.stop.clone(), these.promised.clone());
            let commands = world.commands();
            these.tasks.spawn(async move {
                let http = reqwest::Client::builder()
                    .timeout(Duration::from_secs(15))
                    .build()
                    .unwrap();
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let life = order(&http, &commands, customer, number, &promised).await;
                    // Nobody there: not a busy loop.
                    let least = Duration::from_millis(if life.is_none() { 20 } else { 0 });
                    let rest = rest.max(least);
                    if !rest.is_zero() {
                        tokio::time::sleep(rest).await;
                    }
                }
            });
        }
        these
    }

    /// How many commands have been answered 2xx so far.
    pub fn accepted(&self) -> u64 {
        self.promised.lock().unwrap().values().sum()
    }

    /// What was answered so far.
    pub fn promised(&self) -> Promised {
        self.promised.lock().unwrap().clone()
    }

    pub async fn wait_for_more(&self, commands: u64) {
        let before = self.accepted();
        let enough = async {
            while self.accepted() < before + commands {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), enough).await;
        assert!(
            waited.is_ok(),
            "{} commands were accepted",
            self.accepted() - before
        );
    }

    pub async fn leave(mut self) -> Promised {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        std::mem::take(&mut self.promised.lock().unwrap())
    }
}

/// One order's life: every third is confirmed, every fifth cancelled. `None` at the first command
/// that was not answered 2xx.
async fn order(
    http: &reqwest::Client,
    commands: &str,
    customer: usize,
    number: u32,
    promised: &Mutex<Promised>,
) -> Option<()> {
    let body = json!({
        "customerId": format!("customer-{customer}"), "restaurantId": "restaurant-456",
        "totalAmount": 45.99,
        "items": [{"menuItemId": "item-1", "name": "Pizza", "price": 12.99, "quantity": 1 + number % 3}],
    });
    let created = send(http, &format!("{commands}/api/orders"), &body).await?;
    let id = created["orderId"].as_str().unwrap().to_owned();
    let keep = |answer: &Value| {
        let version = answer["version"].as_u64().unwrap();
        promised.lock().unwrap().insert(id.clone(), version);
    };
    keep(&created);
    if number.is_multiple_of(3) {
        let body = json!({"paymentId": format!("payment-{number}")});
        keep(&send(http, &format!("{commands}/api/orders/{id}/confirm"), &body).await?);
    }
    if number.is_multiple_of(5) {
        let body = json!({"reason": "changed my mind"});
        keep(&send(http, &format!("{commands}/api/orders/{id}/cancel"), &body).await?);
    }
    Some(())
}

/// The answer, if it is 2xx. A refusal would be a fault of this test's own.
async fn send(http: &reqwest::Client, url: &str, body: &Value) -> Option<Value> {
    let answer = http.post(url).json(body).send().await.ok()?;
    let status = answer.status();
    assert!(
        !status.is_client_error(),
        "{status}: {:?}",
        answer.text().await
    );
    assert_ne!(status.as_u16(), 500, "{:?}", answer.text().await);
    if !status.is_success() {
        return None;
    }
    answer.json().await.ok()
}
