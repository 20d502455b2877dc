use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use domain::payment::Payment;
use event_store::EventStore;
use participants::errands::{Errands, errands_queue};
use participants::payment::provider::{Provider, ProviderConfig};
use participants::payment::webhooks::{ACCESS, DEFAULT_PORT, WebhookSecrets, router};
use participants::payment::{Asking, Hearing, PaymentRules, Payments, SCHEMA};
use participants::{Changed, OneStream, ParticipantError, Source};
use runtime::config::{KafkaArgs, ListenArgs, OutboxArgs, PostgresArgs, Secret, duration};

use super::home::Home;
use super::{MemberArgs, Part, take_part};
use crate::process::Process;

/// Calls to the provider at once.
const AT_ONCE: usize = 32;

#[derive(clap::Args)]
pub struct PaymentArgs {
    #[command(flatten)]
    pub listen: ListenArgs,
    #[command(flatten)]
    pub postgres: PostgresArgs,
    #[command(flatten)]
    pub kafka: KafkaArgs,
    #[command(flatten)]
    pub member: MemberArgs,
    #[command(flatten)]
    pub outbox: OutboxArgs,
    #[command(flatten)]
    pub provider: ProviderArgs,
}

/// The provider that is called, and that calls back.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Payment provider")]
pub struct ProviderArgs {
    /// Where the provider's API is
    #[arg(
        long,
        env = "PAYMENT_PROVIDER_URL",
        default_value = "http://localhost:8089",
        value_name = "URL"
    )]
    pub payment_provider_url: String,

    /// The key that calls carry
    #[arg(
        long,
        env = "PAYMENT_PROVIDER_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub payment_provider_key: Secret,

    /// What webhooks may be signed with, separated by commas: `whsec_…`; two while they are exchanged
    #[arg(
        long,
        env = "PAYMENT_WEBHOOK_SECRETS",
        hide_env_values = true,
        value_name = "SECRETS",
        value_delimiter = ',',
        required = true
    )]
    pub payment_webhook_secrets: Vec<Secret>,

    /// How long a call may take
    #[arg(long, env = "PAYMENT_PROVIDER_TIMEOUT", default_value = "5s", value_name = "TIME",
          value_parser = duration)]
    pub payment_provider_timeout: Duration,

    /// After so many failures in a row the provider counts as away, and is only probed
    #[arg(
        long,
        env = "PAYMENT_PROVIDER_FAILURES",
        default_value = "5",
        value_name = "N"
    )]
    pub payment_provider_failures: NonZeroU32,
}

impl ProviderArgs {
    pub fn new(url: String, key: Secret, webhook_secrets: Vec<Secret>) -> Self {
        let config = ProviderConfig::new(&url, key.clone());
        Self {
            payment_provider_url: url,
            payment_provider_key: key,
            payment_webhook_secrets: webhook_secrets,
            payment_provider_timeout: config.time_out,
            payment_provider_failures: config.failures,
        }
    }

    fn config(&self) -> ProviderConfig {
        ProviderConfig {
            time_out: self.payment_provider_timeout,
            failures: self.payment_provider_failures,
            ..ProviderConfig::new(
                &self.payment_provider_url,
                self.payment_provider_key.clone(),
            )
        }
    }
}

pub async fn run(args: PaymentArgs) -> anyhow::Result<()> {
    let mut process = Process::start("info", &args.listen.http)?;
    let addr = args.listen.addr(DEFAULT_PORT)?;
    start(&mut process, addr, &args).await?;
    process.finish().await
}

pub async fn start(
    process: &mut Process,
    addr: SocketAddr,
    args: &PaymentArgs,
) -> anyhow::Result<()> {
    let kafka = &args.kafka;
    let saga = &kafka.sagas;
    let topic = &saga.payment_events_topic;
    let home = Home::new(process, SCHEMA, topic, &args.postgres, kafka, &args.outbox)?;
    let (database, health) = (&home.database, &home.health);
    let store = || EventStore::new(database.clone(), topic, home.doorbell.clone());
    let (tell, told) = errands_queue();

    let part = Part {
        database,
        doorbell: &home.doorbell,
        health: health.clone(),
        kafka,
        member: &args.member,
        sources: &[
            (Source::Orders, &kafka.order_events_topic),
            (Source::Inventory, &saga.inventory_events_topic),
        ],
    };
    let payments = Payments::new(store(), process.clock.clone(), process.ids.clone());
    take_part(process, &part, || {
        let (tell, payments) = (tell.clone(), payments.clone());
        let written = move |changed: Changed<'_, Payment>| {
            payments.forget(changed.id);
            if changed.aggregate.wish().is_some() {
                tell.of(changed.id);
            }
        };
        OneStream::<PaymentRules>::new(store(), topic, written)
    })?;

    let provider = Provider::new(args.provider.config(), health).context("payment provider")?;
    let provider = Arc::new(provider);
    let (watched, stop) = (provider.clone(), process.stop.clone());
    process.spawn("payment provider", async move {
        watched.watch(stop).await;
        Ok::<_, ParticipantError>(())
    });
    let asking = Asking::new(payments.clone(), provider);
    let errands = Errands::new(asking, store(), database, topic, told);
    let (check, stop) = (health.check("errands"), process.stop.clone());
    process.spawn("payment errands", async move {
        errands.run(AT_ONCE, check, stop).await;
        Ok::<_, ParticipantError>(())
    });

    let secrets = WebhookSecrets::new(&args.provider.payment_webhook_secrets)?;
    let hearing = Hearing::new(payments, database, topic, tell);
    let sink = move |webhook| hearing.clone().take(webhook);
    let router = router(secrets, process.clock.clone(), sink);
    process.serve("payment", addr, router, ACCESS).await
}
