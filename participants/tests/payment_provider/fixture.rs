use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::payment::{PaymentTerms, ProviderSays};
use domain::{Currency, Money, PaymentMethod};
use jiff::Timestamp;
use participants::payment::provider::{Provider, ProviderConfig};
use participants::payment::webhooks::{self, PaymentWebhook, WebhookRefused, WebhookSecrets};
use payment_simulator::SimulatorConfig;
use runtime::config::Secret;
use runtime::health::Health;
use runtime::http::{ConnectionLimits, bind, serve};
use runtime::{Clock, SystemClock};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::simulated::{KEY, OLD_SECRET, SECRET, Simulated};

/// Longer than anything here takes, also on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A simulator, a client that calls it, and a webhook endpoint that hears it.
pub struct World {
    pub provider: Arc<Provider>,
    pub health: Health,
    pub webhooks: SocketAddr,
    pub inbox: Arc<Inbox>,
    simulated: Option<Simulated>,
    addr: SocketAddr,
    config: SimulatorConfig,
    stop: CancellationToken,
    _folder: TempDir,
}

/// What was stored, in the order it came in.
#[derive(Default)]
pub struct Inbox {
    pub heard: Mutex<Vec<PaymentWebhook>>,
    /// Nothing can be stored.
    pub closed: AtomicBool,
    pub refused: Mutex<Vec<PaymentWebhook>>,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}, |_| {}).await
    }

    pub async fn with(
        simulator: impl FnOnce(&mut SimulatorConfig),
        client: impl FnOnce(&mut ProviderConfig),
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (inbox, stop) = (Arc::<Inbox>::default(), CancellationToken::new());
        let webhooks = listen(&inbox, Arc::new(SystemClock), &stop).await;
        let url = format!("http://{webhooks}/webhooks/payments");
        let mut config = Simulated::config(folder.path().join("journal"), url);
        simulator(&mut config);
        let anywhere = "127.0.0.1:0".parse().unwrap();
        let simulated = Simulated::run(config.clone(), anywhere).await;
        let addr = simulated.addr;
        let mut calls = ProviderConfig::new(format!("http://{addr}"), Secret::new(KEY));
        client(&mut calls);
        let health = Health::default();
        Self {
            provider: Arc::new(Provider::new(calls, &health).unwrap()),
            health,
            webhooks,
            inbox,
            simulated: Some(simulated),
            addr,
            config,
            stop,
            _folder: folder,
        }
    }

    pub async fn stop_simulator(&mut self) {
        self.simulated.take().unwrap().end().await;
    }

    /// At the same port, on the same journal.
    pub async fn start_simulator(&mut self) {
        self.simulated = Some(Simulated::run(self.config.clone(), self.addr).await);
    }

    /// The webhooks of an order, once there are so many.
    pub async fn heard(&self, order: &str, count: usize) -> Vec<PaymentWebhook> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let heard = self.inbox.of(order);
            if heard.len() >= count {
                return heard;
            }
            assert!(Instant::now() < deadline, "{heard:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn ledger(&self) -> Value {
        let url = format!("http://{}/v1/ledger", self.addr);
        let answer = reqwest::Client::new().get(url).bearer_auth(KEY).send();
        answer.await.unwrap().json().await.unwrap()
    }

    /// Captured and refunded dollars, over all orders.
    pub async fn sums(&self) -> (String, String) {
        let sums = &self.ledger().await["sums"]["USD"];
        let sum = |name: &str| sums[name].as_str().unwrap_or("none").to_owned();
        (sum("captured"), sum("refunded"))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Inbox {
    pub fn of(&self, order: &str) -> Vec<PaymentWebhook> {
        let heard = self.heard.lock().unwrap();
        heard
            .iter()
            .filter(|w| w.order_id == order)
            .cloned()
            .collect()
    }

    fn store(&self, webhook: PaymentWebhook) -> Result<(), WebhookRefused> {
        if self.closed.load(Ordering::SeqCst) {
            self.refused.lock().unwrap().push(webhook);
            let retry_after = Duration::from_secs(3);
            return Err(WebhookRefused { retry_after });
        }
        self.heard.lock().unwrap().push(webhook);
        Ok(())
    }
}

/// Serves the webhook endpoint on a port of its own.
pub async fn listen(
    inbox: &Arc<Inbox>,
    clock: Arc<dyn Clock>,
    stop: &CancellationToken,
) -> SocketAddr {
    let inbox = inbox.clone();
    let sink = move |webhook| {
        let inbox = inbox.clone();
        async move { inbox.store(webhook) }
    };
    let secrets = [Secret::new(OLD_SECRET), Secret::new(SECRET)];
    let secrets = WebhookSecrets::new(&secrets).unwrap();
    let router = webhooks::router(secrets, clock, sink);
    let listener = bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let limits = ConnectionLimits::default();
    tokio::spawn(serve(listener, router, limits, None, stop.clone()));
    addr
}

pub fn now() -> Timestamp {
    SystemClock.now()
}

pub fn money(amount: &str) -> Money {
    Money::from_json_number(amount).unwrap()
}

pub fn dollars() -> Currency {
    Currency::new("USD").unwrap()
}

pub fn terms(amount: &str) -> PaymentTerms {
    PaymentTerms {
        amount: money(amount),
        currency: dollars(),
        method: PaymentMethod::new("CreditCard").unwrap(),
    }
}

pub fn captured(amount: &str) -> ProviderSays {
    ProviderSays::Captured {
        amount: money(amount),
        currency: dollars(),
    }
}

pub fn refunded(amount: &str) -> ProviderSays {
    ProviderSays::Refunded {
        amount: money(amount),
        currency: dollars(),
    }
}

pub fn says(webhooks: &[PaymentWebhook]) -> Vec<ProviderSays> {
    webhooks.iter().map(|w| w.said.says.clone()).collect()
}
