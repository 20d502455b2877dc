use std::net::SocketAddr;

use anyhow::ensure;
use devstack::MailCatcher;
use reqwest::Client;

use crate::backend::{Backend, Running, free_address, wait_until_ready};

/// Products that are sold.
pub const ITEMS: u32 = 100;

const SECRET: &str = "whsec_YmVuY2htYXJrLXdlYmhvb2stc2VjcmV0";

/// Everybody who takes part, each a process of its own.
pub struct Cast {
    pub commands: String,
    #[expect(dead_code, reason = "killed when dropped")]
    running: Vec<Running>,
    #[expect(dead_code, reason = "killed when dropped")]
    mails: MailCatcher,
    #[expect(dead_code, reason = "removed when dropped")]
    folder: tempfile::TempDir,
}

impl Cast {
    /// Once all are ready, and have enough to sell.
    pub async fn start(backend: &Backend) -> anyhow::Result<Self> {
        let mails = devstack::private_mail_catcher().await?;
        let folder = tempfile::tempdir()?;
        let simulator = free_address()?;
        let inventory = free_address()?;
        let payment = free_address()?;
        let start = |subcommand: &str, at: SocketAddr| {
            let mut command = backend.command(subcommand);
            command
                .env("LISTEN", at.to_string())
                .env("PAYMENT_PROVIDER_URL", format!("http://{simulator}"))
                .env("PAYMENT_PROVIDER_KEY", "benchmark-key")
                .env("PAYMENT_WEBHOOK_SECRETS", SECRET)
                .env(
                    "PAYMENT_WEBHOOK_URL",
                    format!("http://{payment}/webhooks/payments"),
                )
                .env("PAYMENT_SIMULATOR_JOURNAL", folder.path().join("journal"))
                .env("SMTP_URL", mails.url())
                .env("MAIL_FROM", "Orders <orders@orders.example>")
                .env("MAIL_MESSAGE_ID_HOST", "orders.example");
            Running::of(&mut command)
        };
        let mut running = vec![backend.all().await?];
        for (subcommand, at) in [
            ("payment-simulator", simulator),
            ("inventory", inventory),
            ("payment", payment),
            ("notification", free_address()?),
        ] {
            running.push(start(subcommand, at)?);
            wait_until_ready(at).await?;
        }
        let client = Client::new();
        for item in 0..ITEMS {
            let url = format!("http://{inventory}/api/inventory/store-1/product-{item}");
            let counted = client
                .put(url)
                .body(r#"{"quantity":1000000}"#)
                .send()
                .await?;
            ensure!(
                counted.status().is_success(),
                "inventory: {}",
                counted.status()
            );
        }
        Ok(Self {
            commands: format!("http://{}", backend.commands),
            running,
            mails,
            folder,
        })
    }
}
