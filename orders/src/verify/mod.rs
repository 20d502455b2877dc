//! `orders verify`: whether what is served equals what was decided.

pub mod books;
mod current;
mod history;

use std::time::Duration;

use anyhow::{Context, bail};
use domain::order::Order;
use event_store::{Database, Doorbell, EventStore};
use messaging::Kafka;
use projector::Topics;
use projector::verify::Sample;
use read_models::ReadDatabase;
use runtime::config::{KafkaArgs, MongoArgs, PostgresArgs, duration};

use crate::process::{database, read_database};
use crate::topics::topics;

pub use history::print as print_history;

#[derive(clap::Args)]
pub struct VerifyArgs {
    /// Compare every event and record from the first one on, and not only what they have come to
    #[arg(long, conflicts_with_all = ["heal", "sample", "patience"])]
    history: bool,

    /// Nobody is at work: count what is still on its way as a fault
    #[arg(long, requires = "history")]
    settled: bool,

    /// Fold documents again that differ, and remove those of orders that do not exist
    #[arg(long)]
    heal: bool,

    /// Compare this share of the orders, always the same ones
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    sample: Option<Sample>,

    /// How long a difference may take to go away, since events may be on their way
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "10s")]
    patience: Duration,

    /// Print the report as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    ledger: books::LedgerArgs,
    #[command(flatten)]
    postgres: PostgresArgs,
    #[command(flatten)]
    kafka: KafkaArgs,
    #[command(flatten)]
    mongodb: MongoArgs,
}

/// What is compared.
struct Site {
    store: EventStore<Order>,
    database: Database,
    kafka: Kafka,
    topics: Topics,
    read_database: ReadDatabase,
}

fn percent(text: &str) -> Result<Sample, String> {
    let percent = text.trim_end_matches('%').parse().ok();
    let sample = percent.and_then(Sample::percent);
    sample.ok_or_else(|| "is not above 0 and up to 100".to_owned())
}

/// Fails, after the report is printed, if there is any fault.
pub async fn run(args: VerifyArgs) -> anyhow::Result<()> {
    runtime::telemetry::logs("warn")?;
    let topic = args.kafka.order_events_topic.as_str();
    let kafka = Kafka::new(&args.kafka.kafka_brokers);
    kafka
        .check_topic(topic, args.kafka.order_events_partitions)
        .await?;
    let database = database(&args.postgres)?;
    let site = Site {
        store: EventStore::new(database.clone(), topic, Doorbell::default()),
        database,
        kafka,
        topics: topics(&args.kafka),
        read_database: read_database(&args.mongodb).await?,
    };
    let faults = if args.history {
        let books = match args.kafka.sagas.sagas {
            true => {
                let check = books::check(&site.database, &args.postgres, &args.kafka)?;
                let ledger = args.ledger.read().await?;
                let report = check.run(args.settled, ledger.as_ref()).await;
                Some(report.context("the participants' books (SAGAS=false leaves them out)")?)
            }
            false => None,
        };
        history::run(site, books, args.settled, args.json).await?
    } else {
        let sample = args.sample.unwrap_or(Sample::ALL);
        current::run(site, sample, args.patience, args.heal, args.json).await?
    };
    match faults {
        0 => Ok(()),
        1 => bail!("1 fault"),
        faults => bail!("{faults} faults"),
    }
}
