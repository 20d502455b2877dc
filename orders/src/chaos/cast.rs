use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use devstack::MailCatcher;
use participants::books::Ledger;
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use runtime::config::Secret;
use tempfile::TempDir;

use crate::verify::books::ledger;

const KEY: &str = "chaos-key";
const SECRET: &str = "whsec_Y2hhb3Mtd2ViaG9vay1zZWNyZXQtb2YtMzItYnl0ZXM=";
/// Products that are sold: half of them sell out.
pub const PRODUCTS: u32 = 20;
const ENOUGH: u64 = 1_000_000;
const FEW: u64 = 40;
const READY_WITHIN: Duration = Duration::from_secs(60);

/// What those who take part in sagas have to be told, beyond where the servers are.
pub struct Cast {
    pub mails: MailCatcher,
    folder: TempDir,
    inventory: u16,
    payment: u16,
    simulator: u16,
}

impl Cast {
    pub async fn new() -> anyhow::Result<Self> {
        Ok(Self {
            mails: devstack::private_mail_catcher().await?,
            folder: tempfile::tempdir()?,
            inventory: port()?,
            payment: port()?,
            simulator: port()?,
        })
    }

    /// Where a subcommand listens, if anybody asks it anything.
    pub fn port(&self, subcommand: &str) -> Option<u16> {
        match subcommand {
            "inventory" => Some(self.inventory),
            "payment" => Some(self.payment),
            "payment-simulator" => Some(self.simulator),
            _ => None,
        }
    }

    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let journal = self.folder.path().join("journal");
        let webhooks = format!("http://127.0.0.1:{}/webhooks/payments", self.payment);
        vec![
            // Of each there is one.
            ("PARTICIPANT_INSTANCE_ID", "one".to_owned()),
            ("PAYMENT_PROVIDER_URL", self.provider()),
            ("PAYMENT_PROVIDER_KEY", KEY.to_owned()),
            ("PAYMENT_PROVIDER_TIMEOUT", "2s".to_owned()),
            ("PAYMENT_WEBHOOK_SECRETS", SECRET.to_owned()),
            ("PAYMENT_WEBHOOK_URL", webhooks),
            (
                "PAYMENT_SIMULATOR_JOURNAL",
                journal.to_string_lossy().into_owned(),
            ),
            ("SMTP_URL", self.mails.url().to_owned()),
            ("MAIL_FROM", "Orders <orders@orders.example>".to_owned()),
            ("MAIL_MESSAGE_ID_HOST", "orders.example".to_owned()),
        ]
    }

    fn provider(&self) -> String {
        format!("http://127.0.0.1:{}", self.simulator)
    }

    /// Puts products on the shelves, once there is somebody who counts them.
    pub async fn stock(&self) -> anyhow::Result<()> {
        let http = Client::new();
        let begun = Instant::now();
        for product in 0..PRODUCTS {
            let quantity = if product % 2 == 0 { ENOUGH } else { FEW };
            let url = format!(
                "http://127.0.0.1:{}/api/inventory/store-1/product-{product}",
                self.inventory
            );
            let body = format!(r#"{{"quantity":{quantity}}}"#);
            loop {
                let asked = http.put(&url).header(CONTENT_TYPE, "application/json");
                match asked.body(body.clone()).send().await {
                    Ok(answer) if answer.status().is_success() => break,
                    _ if begun.elapsed() < READY_WITHIN => {}
                    Ok(answer) => bail!("inventory: {}", answer.status()),
                    Err(error) => return Err(error).context("inventory"),
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }

    pub async fn ledger(&self) -> anyhow::Result<Ledger> {
        let url = format!("{}/v1/ledger", self.provider());
        ledger(&url, &Secret::new(KEY)).await
    }
}

/// One nobody else is given while its process is away.
pub fn port() -> anyhow::Result<u16> {
    devstack::reserved_port().context("no port is free")
}
