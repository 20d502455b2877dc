use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use domain::order::Order;
use event_store::{Database, Doorbell, EventStore};
use participants::books::{BooksCheck, Ledger, Report, Sums};
use participants::{inventory, notification, payment};
use runtime::config::{KafkaArgs, PostgresArgs, Secret};

use crate::dead_letters::printable;
use crate::out::out;
use crate::process::database_of;

const LEDGER_WITHIN: Duration = Duration::from_secs(30);

/// Where a payment provider shows its own books.
#[derive(Clone, clap::Args)]
pub struct LedgerArgs {
    /// With the provider's own books, as `orders payment-simulator` shows them under /v1/ledger
    #[arg(
        long,
        value_name = "URL",
        requires = "history",
        requires = "payment_provider_key"
    )]
    ledger: Option<String>,

    /// What the provider is asked with
    #[arg(
        long,
        env = "PAYMENT_PROVIDER_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    payment_provider_key: Option<Secret>,
}

impl LedgerArgs {
    pub async fn read(&self) -> anyhow::Result<Option<Ledger>> {
        match (&self.ledger, &self.payment_provider_key) {
            (Some(url), Some(key)) => Ok(Some(ledger(url, key).await?)),
            _ => Ok(None),
        }
    }
}

pub async fn ledger(url: &str, key: &Secret) -> anyhow::Result<Ledger> {
    let asked = reqwest::Client::new()
        .get(url)
        .bearer_auth(key.expose())
        .timeout(LEDGER_WITHIN);
    let answer = async { asked.send().await?.error_for_status()?.json().await };
    answer.await.context("the provider's ledger")
}

/// Of everybody who takes part; their schemas are the database's own.
pub fn check(
    orders: &Database,
    postgres: &PostgresArgs,
    kafka: &KafkaArgs,
) -> anyhow::Result<BooksCheck> {
    let topics = &kafka.sagas;
    let of = |schema| database_of(postgres, Some(schema));
    let inventory = of(inventory::SCHEMA)?;
    let (payment, notification) = (of(payment::SCHEMA)?, of(notification::SCHEMA)?);
    // Nothing is appended.
    let doorbell = Doorbell::default;
    let topic = &topics.inventory_events_topic;
    Ok(BooksCheck {
        orders: EventStore::<Order>::new(orders.clone(), &kafka.order_events_topic, doorbell()),
        stock: EventStore::new(inventory.clone(), topic, doorbell()),
        reservations: EventStore::new(inventory, topic, doorbell()),
        payments: EventStore::new(payment, &topics.payment_events_topic, doorbell()),
        notifications: EventStore::new(notification, &topics.notification_events_topic, doorbell()),
    })
}

pub fn print(report: &Report) -> std::io::Result<()> {
    let mut out = out();
    let ends = report.ends;
    writeln!(
        out,
        "sagas     {} confirmed, {} cancelled, {} failed, {} under way",
        ends.confirmed, ends.cancelled, ends.failed, ends.under_way
    )?;
    let pieces = report.pieces;
    writeln!(
        out,
        "stock     {} items: {} pieces set = {} available + {} reserved + {} sold",
        report.items, pieces.set, pieces.available, pieces.reserved, pieces.sold
    )?;
    for (currency, sums) in &report.money {
        writeln!(out, "money     {}", sum(currency, sums))?;
    }
    let mails = report.mails;
    writeln!(
        out,
        "mails     {} sent, {} without an address\n",
        mails.sent, mails.skipped
    )?;
    for (class, finding) in &report.findings {
        let remark = match (finding.fault, finding.count) {
            (true, 1..) => "FAULT",
            (true, 0) => "",
            (false, _) => "allowed",
        };
        let line = format!("{:<38}{:>8}  {remark}", class.title(), finding.count);
        writeln!(out, "{}", line.trim_end())?;
    }
    for (class, finding) in &report.findings {
        if finding.examples.is_empty() {
            continue;
        }
        writeln!(out, "\n{}, for example:", class.title())?;
        for example in &finding.examples {
            writeln!(out, "  {}", printable(example))?;
        }
    }
    writeln!(out)?;
    match report.faults {
        0 => writeln!(out, "Stock, money and mails add up."),
        1 => writeln!(out, "1 FAULT in the books."),
        faults => writeln!(out, "{faults} FAULTS in the books."),
    }
}

fn sum(currency: &str, sums: &Sums) -> String {
    let shown = |hundredths: i128| {
        let sign = if hundredths < 0 { "-" } else { "" };
        let amount = hundredths.unsigned_abs();
        format!("{sign}{}.{:02}", amount / 100, amount % 100)
    };
    let provider = sums
        .kept_by_provider
        .map(|kept| format!("; {} by the provider's own books", shown(kept)));
    format!(
        "{} captured - {} refunded = {} {currency}; {} of confirmed orders{}",
        shown(sums.captured),
        shown(sums.refunded),
        shown(sums.captured - sums.refunded),
        shown(sums.confirmed),
        provider.unwrap_or_default()
    )
}
