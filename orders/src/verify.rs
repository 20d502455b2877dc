//! `orders verify`: whether anything was lost between store, topic and read models.

use anyhow::{Context, bail};
use domain::order::Order;
use event_store::{Doorbell, EventStore};
use messaging::Kafka;
use projector::history::{Class, Example, HistoryCheck, Report};
use runtime::config::{KafkaArgs, MongoArgs, PostgresArgs};

use crate::process::{database, read_database};

#[derive(clap::Args)]
pub struct VerifyArgs {
    /// Compare every event, record and document, from the first one on
    #[arg(long, required = true)]
    history: bool,

    /// Nobody is at work: count what is still on its way as a fault
    #[arg(long)]
    settled: bool,

    /// Print the report as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    postgres: PostgresArgs,
    #[command(flatten)]
    kafka: KafkaArgs,
    #[command(flatten)]
    mongodb: MongoArgs,
}

/// Fails, after the report is printed, if there is any fault.
pub async fn run(args: VerifyArgs) -> anyhow::Result<()> {
    runtime::telemetry::logs("warn")?;
    let (topic, partitions) = (
        args.kafka.order_events_topic.as_str(),
        args.kafka.order_events_partitions,
    );
    let kafka = Kafka::new(&args.kafka.kafka_brokers);
    kafka.check_topic(topic, partitions).await?;
    let database = database(&args.postgres)?;
    let check = HistoryCheck {
        store: EventStore::<Order>::new(database.clone(), topic, Vec::new(), Doorbell::default()),
        database,
        kafka,
        topic: topic.to_owned(),
        read_database: read_database(&args.mongodb).await?,
    };
    let report = check
        .run(args.settled)
        .await
        .context("the history cannot be compared")?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print(&report);
    }
    match report.faults {
        0 => Ok(()),
        1 => bail!("1 fault"),
        faults => bail!("{faults} faults"),
    }
}

pub fn print(report: &Report) {
    let line = |title: &str, count: u64, remark: &str| {
        println!("{}", format!("{title:<34}{count:>12}  {remark}").trim_end());
    };
    line("orders", report.orders, "");
    line("events", report.events, "");
    line("records", report.records, "");
    let collection = report.collection.as_deref();
    line(
        "documents",
        report.documents,
        collection.unwrap_or("(no projector has run yet)"),
    );
    println!();
    for (class, finding) in &report.findings {
        let remark = match (finding.fault, finding.count) {
            (true, 1..) => "FAULT",
            (true, 0) => "",
            (false, _) => "allowed",
        };
        line(class.title(), finding.count, remark);
    }
    for (class, finding) in &report.findings {
        // Repeats are no news, and there may be many.
        if finding.examples.is_empty() || *class == Class::Repeated {
            continue;
        }
        println!("\n{}, for example:", class.title());
        for example in &finding.examples {
            println!("  {}", shown(example));
        }
    }
    println!();
    match report.faults {
        0 => println!("Nothing is lost, and everything agrees."),
        1 => println!("1 FAULT."),
        faults => println!("{faults} FAULTS."),
    }
}

fn shown(example: &Example) -> String {
    let mut parts = Vec::new();
    if let Some(key) = &example.key {
        parts.push(key.escape_debug().to_string());
    }
    if let Some(version) = example.version {
        parts.push(format!("version {version}"));
    }
    if let (Some(partition), Some(offset)) = (example.partition, example.offset) {
        parts.push(format!("partition {partition} offset {offset}"));
    }
    if let Some(detail) = &example.detail {
        parts.push(detail.escape_debug().to_string());
    }
    parts.join(", ")
}
