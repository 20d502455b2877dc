use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use devstack::Stack;
use domain::inventory::UnknownItems;
use participants::notification::mail::MailArgs;
use participants::notification::smtp::SmtpArgs;
use runtime::config::{ListenArgs, PostgresArgs, Secret};
use tokio::process::{Child, Command};

use super::UpArgs;
use crate::process::Process;
use crate::services::all::AllArgs;
use crate::services::saga::MemberArgs;
use crate::services::saga::inventory::{self, InventoryArgs, StockArgs};
use crate::services::saga::notification::{self, NotificationArgs};
use crate::services::saga::payment::{self, PaymentArgs, ProviderArgs};

/// Three schemas more are served by the same development server.
const CONNECTIONS: u32 = 4;

/// In the mails' ids.
pub const MAIL_HOST: &str = "orders.example";

/// Where the participants listen, and where their provider does.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct ParticipantPorts {
    /// The port of inventory's API
    #[arg(long, env = "INVENTORY_PORT", default_value_t = participants::inventory::DEFAULT_PORT, value_name = "PORT")]
    pub inventory_port: u16,

    /// The port that takes the payment provider's webhooks
    #[arg(long, env = "PAYMENT_PORT", default_value_t = participants::payment::webhooks::DEFAULT_PORT, value_name = "PORT")]
    pub payment_port: u16,

    /// The port of the simulated payment provider
    #[arg(long, env = "PAYMENT_SIMULATOR_PORT", default_value_t = payment_simulator::DEFAULT_PORT, value_name = "PORT")]
    pub payment_simulator_port: u16,
}

impl ParticipantPorts {
    pub fn all(&self) -> [u16; 3] {
        [
            self.inventory_port,
            self.payment_port,
            self.payment_simulator_port,
        ]
    }
}

/// The provider is somebody else's: a process of its own. It ends with this.
pub struct Simulated(#[expect(dead_code, reason = "killed when dropped")] Child);

/// Starts inventory, payment and notification beside the orders, and a provider for them.
pub async fn start(
    process: &mut Process,
    stack: &Stack,
    args: &UpArgs,
    services: &AllArgs,
) -> anyhow::Result<Simulated> {
    let ports = args.participants;
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let postgres = || PostgresArgs::new(Secret::new(stack.postgres.url()), CONNECTIONS);
    let kafka = &services.kafka;
    // Made for this run: the provider signs when it sends.
    let key = process.ids.next().to_string();
    let random = [process.ids.next(), process.ids.next()].map(|id| *id.as_bytes());
    let secret = format!("whsec_{}", STANDARD.encode(random.concat()));

    let simulated = simulator(&args.folder.folder, ports, &key, &secret)?;
    let stock = InventoryArgs {
        member: MemberArgs::default(),
        listen: ListenArgs::default(),
        postgres: postgres(),
        kafka: kafka.clone(),
        outbox: services.outbox,
        stock: StockArgs {
            inventory_unknown: UnknownItems::Reject,
        },
    };
    inventory::start(process, local(ports.inventory_port), &stock).await?;
    let payments = PaymentArgs {
        member: MemberArgs::default(),
        listen: ListenArgs::default(),
        postgres: postgres(),
        kafka: kafka.clone(),
        outbox: services.outbox,
        provider: ProviderArgs::new(
            format!("http://127.0.0.1:{}", ports.payment_simulator_port),
            Secret::new(key),
            vec![Secret::new(secret)],
        ),
    };
    payment::start(process, local(ports.payment_port), &payments).await?;
    let mails = NotificationArgs {
        member: MemberArgs::default(),
        listen: ListenArgs::default(),
        postgres: postgres(),
        kafka: kafka.clone(),
        outbox: services.outbox,
        mail: MailArgs::new("Orders <orders@orders.example>", MAIL_HOST)?,
        smtp: SmtpArgs::new(
            Secret::new(stack.mail_catcher.url()),
            4,
            std::time::Duration::from_secs(10),
        ),
    };
    notification::start(process, &mails)?;
    Ok(simulated)
}

fn simulator(
    folder: &Path,
    ports: ParticipantPorts,
    key: &str,
    secret: &str,
) -> anyhow::Result<Simulated> {
    let webhooks = format!("http://127.0.0.1:{}/webhooks/payments", ports.payment_port);
    let program = std::env::current_exe().context("this program's own path")?;
    let child = Command::new(program)
        .arg("payment-simulator")
        .env(
            "LISTEN",
            format!("127.0.0.1:{}", ports.payment_simulator_port),
        )
        .env(
            "PAYMENT_SIMULATOR_JOURNAL",
            folder.join("payment-simulator.journal"),
        )
        .env("PAYMENT_PROVIDER_KEY", key)
        .env("PAYMENT_WEBHOOK_SECRETS", secret)
        .env("PAYMENT_WEBHOOK_URL", webhooks)
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("the payment simulator cannot be started")?;
    Ok(Simulated(child))
}
