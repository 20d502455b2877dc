//! A backend that carries out sagas: each participant a process of its own.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use devstack::{CaughtMail, MailCatcher, reserved_port};
use domain::notification::{NotificationKind, message_id};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio_postgres::NoTls;

use crate::backend::{Backend, World};

pub const PATIENCE: Duration = Duration::from_secs(60);

/// As long as `orders chaos` waits.
const SETTLED_WITHIN: Duration = Duration::from_secs(180);

const MAIL_HOST: &str = "orders.example";
const KEY: &str = "simulated-key";
pub const SECRET: &str = "whsec_c2ltdWxhdGVkLXdlYmhvb2stc2VjcmV0LW9mLXRlc3Rz";

/// Who runs beside `orders all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Orders,
    Inventory,
    Payment,
    Notification,
    Simulator,
}

impl Who {
    pub const ALL: [Self; 5] = [
        Self::Orders,
        Self::Inventory,
        Self::Payment,
        Self::Notification,
        Self::Simulator,
    ];
}

pub struct SagaWorld {
    pub world: World,
    pub client: Client,
    mails: &'static MailCatcher,
    folder: tempfile::TempDir,
    inventory: u16,
    payment: u16,
    notification: u16,
    simulator: u16,
    more: Vec<(&'static str, &'static str)>,
}

impl SagaWorld {
    /// Prepared, and configured beyond the usual by `more`.
    pub async fn new(more: &[(&'static str, &'static str)]) -> Self {
        let world = Self {
            world: World::new().await,
            client: Client::new(),
            mails: devstack::shared_mail_catcher().await,
            folder: tempfile::tempdir().unwrap(),
            inventory: reserved_port().unwrap(),
            payment: reserved_port().unwrap(),
            notification: reserved_port().unwrap(),
            simulator: reserved_port().unwrap(),
            more: more.to_vec(),
        };
        let migrated = world.command("migrate").output().unwrap();
        let said = String::from_utf8_lossy(&migrated.stderr);
        assert!(migrated.status.success(), "{}: {said}", migrated.status);
        world
    }

    fn command(&self, subcommand: &str) -> Command {
        let mut command = self.world.orders(subcommand);
        let topic = |of: &str| self.world.topic.replace("order-events", of);
        let local = |port: u16| format!("http://127.0.0.1:{port}");
        command
            .env("SAGAS", "true")
            .env("INVENTORY_EVENTS_TOPIC", topic("inventory-events"))
            .env("PAYMENT_EVENTS_TOPIC", topic("payment-events"))
            .env("NOTIFICATION_EVENTS_TOPIC", topic("notification-events"))
            .env("DATABASE_CONNECTIONS", "4")
            .env("PAYMENT_PROVIDER_URL", local(self.simulator))
            .env("PAYMENT_PROVIDER_KEY", KEY)
            .env("PAYMENT_PROVIDER_TIMEOUT", "2s")
            .env("PAYMENT_WEBHOOK_SECRETS", SECRET)
            .env(
                "PAYMENT_WEBHOOK_URL",
                format!("{}/webhooks/payments", local(self.payment)),
            )
            .env(
                "PAYMENT_SIMULATOR_JOURNAL",
                self.folder.path().join("journal"),
            )
            .env("SMTP_URL", self.mails.url())
            .env("MAIL_FROM", "Orders <orders@orders.example>")
            .env("MAIL_MESSAGE_ID_HOST", MAIL_HOST)
            .envs(self.more.iter().copied());
        command
    }

    pub fn start(&self, who: Who) -> Backend {
        let (subcommand, port) = match who {
            Who::Orders => return Backend::of(self.command("all")),
            Who::Inventory => ("inventory", self.inventory),
            Who::Payment => ("payment", self.payment),
            Who::Notification => ("notification", self.notification),
            Who::Simulator => ("payment-simulator", self.simulator),
        };
        let mut command = self.command(subcommand);
        Backend::of({
            command.env("LISTEN", format!("127.0.0.1:{port}"));
            command
        })
    }

    pub fn start_all(&self) -> Vec<(Who, Backend)> {
        Who::ALL.map(|who| (who, self.start(who))).into()
    }

    pub async fn wait_until_ready(&self) {
        self.world.wait_until_ready().await;
        for port in [
            self.inventory,
            self.payment,
            self.notification,
            self.simulator,
        ] {
            self.until("ready", async || {
                let url = format!("http://127.0.0.1:{port}/readyz");
                let answer = self.client.get(url).send().await.ok()?;
                (answer.status() == StatusCode::OK).then_some(())
            })
            .await;
        }
    }

    /// Asks until there is an answer.
    pub async fn until<T>(&self, what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            assert!(begun.elapsed() < PATIENCE, "not {what} after {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn count(&self, item: &str, quantity: u64) -> StatusCode {
        let url = self.stock_url(item);
        let counted = self.client.put(url).json(&json!({ "quantity": quantity }));
        counted.send().await.unwrap().status()
    }

    /// Available, reserved, sold.
    pub async fn stock(&self, item: &str) -> [u64; 3] {
        let answer = self.client.get(self.stock_url(item)).send().await.unwrap();
        let level: Value = answer.json().await.unwrap();
        ["available", "reserved", "sold"].map(|name| level[name].as_u64().unwrap())
    }

    fn stock_url(&self, item: &str) -> String {
        let port = self.inventory;
        format!("http://127.0.0.1:{port}/api/inventory/store-1/{item}")
    }

    /// One piece of an item, for this price. Returns the order's id.
    pub async fn buy(&self, item: &str, price: &str, email: &str) -> String {
        let body = format!(
            r#"{{"customerId":"customer-123","storeId":"store-1","paymentMethod":"CreditCard",
                "customerEmail":"{email}","totalAmount":{price},"items":[{{"productId":"{item}",
                "quantity":1,"unitPrice":{price},"totalPrice":{price}}}]}}"#
        );
        let url = format!("{}/api/orders/choreographed-saga", self.world.commands());
        let asked = self
            .client
            .post(url)
            .header("content-type", "application/json");
        let answer = asked.body(body).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{text}");
        let created: Value = serde_json::from_str(&text).unwrap();
        created["orderId"].as_str().unwrap().to_owned()
    }

    pub async fn order(&self, id: &str) -> Option<Value> {
        let url = format!("{}/api/orders/{id}", self.world.queries());
        let answer = self.client.get(url).send().await.ok()?;
        if answer.status() != StatusCode::OK {
            return None;
        }
        answer.json().await.ok()
    }

    /// Waits until the read model shows it.
    pub async fn until_status(&self, id: &str, status: &str) -> Value {
        let begun = Instant::now();
        loop {
            let order = self.order(id).await.unwrap_or_default();
            if order["status"] == status {
                return order;
            }
            assert!(begun.elapsed() < PATIENCE, "{id} is not {status}: {order}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The saga's status, as its tracker sees it.
    pub async fn tracked(&self, id: &str) -> Option<String> {
        let url = format!("{}/api/choreographedsaga/state/{id}", self.world.queries());
        let state: Value = self.client.get(url).send().await.ok()?.json().await.ok()?;
        Some(state["status"].as_str()?.to_owned())
    }

    /// Of all events about an order, in all schemas.
    pub async fn correlation_ids(&self, id: &str) -> BTreeSet<String> {
        let (client, connection) = tokio_postgres::connect(&self.world.database_url, NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        let mut found = BTreeSet::new();
        for schema in ["public", "inventory", "payment", "notification"] {
            let sql = format!(
                "SELECT DISTINCT metadata ->> 'correlationId' FROM {schema}.events
                 WHERE aggregate_id = $1"
            );
            let rows = client.query(&sql, &[&id]).await.unwrap();
            assert!(!rows.is_empty(), "{schema} knows nothing of {id}");
            found.extend(rows.iter().map(|row| row.get::<_, String>(0)));
        }
        found
    }

    /// What everybody's books come to, the provider's among them, once nothing is on its way and
    /// all of them add up.
    pub async fn settled_books(&self) -> Value {
        let ledger = format!("http://127.0.0.1:{}/v1/ledger", self.simulator);
        let begun = Instant::now();
        loop {
            let mut verify = self.command("verify");
            verify.args(["--history", "--settled", "--json", "--ledger", &ledger]);
            let output = tokio::task::spawn_blocking(move || verify.output().unwrap());
            let output = output.await.unwrap();
            let printed = String::from_utf8(output.stdout).unwrap();
            if output.status.success() {
                let report: Value = serde_json::from_str(&printed).unwrap();
                return report["books"].clone();
            }
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(begun.elapsed() < SETTLED_WITHIN, "{printed}\n{said}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// What is served, and the log of all topics, are what was decided and told.
    pub async fn assert_verified(&self) {
        let mut verify = self.command("verify");
        let output = tokio::task::spawn_blocking(move || verify.output().unwrap());
        let output = output.await.unwrap();
        let (printed, said) = (output.stdout, output.stderr);
        let [printed, said] = [printed, said].map(|text| String::from_utf8(text).unwrap());
        assert!(output.status.success(), "{printed}\n{said}");
    }

    /// What the provider's own books say.
    pub async fn ledger(&self) -> Value {
        let url = format!("http://127.0.0.1:{}/v1/ledger", self.simulator);
        let asked = self.client.get(url).bearer_auth(KEY);
        asked.send().await.unwrap().json().await.unwrap()
    }

    /// The mails of one kind about an order, once there is one.
    pub async fn mails(&self, order_id: &str, kind: NotificationKind) -> Vec<CaughtMail> {
        let message_id = message_id(order_id, kind, MAIL_HOST);
        self.until("told", async || {
            let caught = self.mails.mails(&message_id).await.unwrap();
            (!caught.is_empty()).then_some(caught)
        })
        .await
    }

    pub async fn is_told(&self, order_id: &str, kind: NotificationKind) -> bool {
        let message_id = message_id(order_id, kind, MAIL_HOST);
        !self.mails.mails(&message_id).await.unwrap().is_empty()
    }

    pub fn payments_url(&self) -> String {
        format!("http://127.0.0.1:{}/webhooks/payments", self.payment)
    }
}
