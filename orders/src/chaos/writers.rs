use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::cast::PRODUCTS;
use crate::load::Shop;

/// What was answered 2xx: the highest version of each order that a caller was told.
pub type Promised = BTreeMap<String, u64>;

const WRITERS: u64 = 8;
/// One order of so many is carried out by a saga.
const SAGAS: u32 = 8;

/// Callers who order at a steady rate, whatever happens, and take note of what they are promised.
pub struct Writers {
    promised: Arc<Mutex<Promised>>,
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    order_id: String,
    version: u64,
}

impl Writers {
    /// `rate`: orders a second, of all of them.
    pub fn start(commands: &str, rate: u32, seed: u64) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(15))
            .build()?;
        let shop = Arc::new(Shop::new(seed));
        let mut writers = Self {
            promised: Arc::default(),
            stop: CancellationToken::new(),
            tasks: JoinSet::new(),
        };
        for number in 0..WRITERS {
            let (shop, promised) = (shop.clone(), writers.promised.clone());
            let (http, stop) = (http.clone(), writers.stop.clone());
            let orders = format!("http://{commands}/api/orders");
            let mut rng = SmallRng::seed_from_u64(seed ^ ((number + 1) << 32));
            let every = Duration::from_secs(WRITERS) / rate.max(1);
            writers.tasks.spawn(async move {
                let mut tick = tokio::time::interval(every);
                tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                while !stop.is_cancelled() {
                    tick.tick().await;
                    let (which, commands) = (rng.random_range(0..40), rng.random_range(1..=3));
                    if which % SAGAS == 1 {
                        let path = format!("{orders}/choreographed-saga");
                        post(&http, &path, saga_order(&mut rng), &promised).await;
                        continue;
                    }
                    let body = match which {
                        0 => large_order(),
                        _ => shop.order(&mut rng),
                    };
                    live(&http, &orders, body, commands, &promised).await;
                }
            });
        }
        Ok(writers)
    }

    pub fn promised(&self) -> Promised {
        lock(&self.promised).clone()
    }

    pub async fn leave(mut self) -> Promised {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.promised()
    }
}

/// One order's life of one to three commands. It ends early when nobody answers.
async fn live(
    http: &reqwest::Client,
    orders: &str,
    body: String,
    commands: u32,
    promised: &Mutex<Promised>,
) {
    let Some(order_id) = post(http, orders, body, promised).await else {
        return;
    };
    let later = [
        ("confirm", json!({ "paymentId": "payment-1" })),
        ("cancel", json!({ "reason": "changed my mind" })),
    ];
    for (command, body) in later.into_iter().take(commands as usize - 1) {
        let path = format!("{orders}/{order_id}/{command}");
        if post(http, &path, body.to_string(), promised)
            .await
            .is_none()
        {
            return;
        }
    }
}

async fn post(
    http: &reqwest::Client,
    path: &str,
    body: String,
    promised: &Mutex<Promised>,
) -> Option<String> {
    let request = http.post(path).header("content-type", "application/json");
    let answer = request.body(body).send().await.ok()?;
    let answer: Answer = answer.error_for_status().ok()?.json().await.ok()?;
    lock(promised).insert(answer.order_id.clone(), answer.version);
    Some(answer.order_id)
}

/// One to three pieces of one product. The cents choose what the provider does: every second
/// order is paid as it should be.
fn saga_order(rng: &mut SmallRng) -> String {
    let (quantity, euros) = (rng.random_range(1..=3), rng.random_range(10..100));
    let cents = [1, 2, 3, 4, 5, 6, 7, 50, 60, 70, 80, 90, 10, 20][rng.random_range(0..14)];
    let total = format!("{euros}.{cents:02}");
    let product = rng.random_range(0..PRODUCTS);
    let (customer, address) = (rng.random_range(0..5000), rng.random_range(0..10) > 0);
    let email = match address {
        true => format!(r#""customerEmail":"customer-{customer}@example.org","#),
        false => String::new(),
    };
    format!(
        r#"{{"customerId":"customer-{customer}",{email}"storeId":"store-1",
            "paymentMethod":"CreditCard","totalAmount":{total},"items":[{{"productId":
            "product-{product}","quantity":{quantity},"unitPrice":3.00,
            "totalPrice":{}.00}}]}}"#,
        3 * quantity
    )
}

/// Some 60 kB: refused while the topic's limit is lowered.
fn large_order() -> String {
    let item =
        json!({ "menuItemId": "item-1", "name": "x".repeat(250), "price": 1, "quantity": 1 });
    json!({
        "customerId": "customer-large",
        "restaurantId": "restaurant-large",
        "totalAmount": 200,
        "items": vec![item; 200],
    })
    .to_string()
}

fn lock(promised: &Mutex<Promised>) -> std::sync::MutexGuard<'_, Promised> {
    promised.lock().unwrap_or_else(PoisonError::into_inner)
}
