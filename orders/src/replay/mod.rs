//! `orders replay`: what was published, once more.

mod to_projection;

use std::io::Write;
use std::num::NonZeroU32;

use anyhow::bail;
use clap::builder::PossibleValuesParser;
use domain::OccurredOn;
use domain::order::{Order, OrderEventType};
use event_store::replay::{ReplayLog, ReplayTally, Replays, Selection};
use event_store::{Doorbell, EventStore};
use indicatif::{ProgressBar, ProgressStyle};
use messaging::Kafka;
use read_models::OrderDocument;
use relay::{Replay, rehearse};
use runtime::config::{KafkaArgs, MongoArgs, PostgresArgs};
use serde_json::json;
use uuid::Uuid;

use crate::out::out;
use crate::process::database;

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub struct ReplayArgs {
    /// The events of one order
    #[arg(long, value_name = "ID", group = "what")]
    order: Option<String>,

    /// Events of one type, such as OrderConfirmed
    #[arg(long = "type", value_name = "TYPE", value_parser = event_type, group = "what")]
    event_type: Option<OrderEventType>,

    /// Events that occurred at this time (RFC 3339) or later
    #[arg(long, value_name = "TIME", group = "what")]
    since: Option<OccurredOn>,

    /// Events that occurred before this time
    #[arg(long, value_name = "TIME", group = "what")]
    until: Option<OccurredOn>,

    /// Every event
    #[arg(long, group = "what", conflicts_with_all = ["order", "event_type", "since", "until"])]
    all: bool,

    /// Where to; the topic of the orders' events unless told otherwise
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,

    /// Publish nothing: fold the orders of these events from the store into the live generation of
    /// this projection. Of all orders, `orders projections rebuild` is faster
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new([OrderDocument::PROJECTION]), conflicts_with_all = ["topic", "rate"])]
    projection: Option<String>,

    /// The most events a second
    #[arg(long, value_name = "N")]
    rate: Option<NonZeroU32>,

    /// Say what would be replayed, and publish nothing
    #[arg(long)]
    dry_run: bool,

    /// Begin at the beginning, also where the same replay was interrupted
    #[arg(long, conflicts_with = "dry_run")]
    restart: bool,

    /// Print what was done as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    postgres: PostgresArgs,
    #[command(flatten)]
    kafka: KafkaArgs,
    #[command(flatten)]
    mongodb: MongoArgs,
}

fn event_type(name: &str) -> Result<OrderEventType, String> {
    OrderEventType::from_name(name).ok_or_else(|| {
        let known = OrderEventType::ALL.map(OrderEventType::as_str);
        format!("is none of {}", known.join(", "))
    })
}

/// Fails, after all that can be replayed is, if there was anything that cannot.
pub async fn run(args: ReplayArgs) -> anyhow::Result<()> {
    runtime::telemetry::logs("warn")?;
    let database = database(&args.postgres)?;
    let main_topic = &args.kafka.order_events_topic;
    let store = EventStore::<Order>::new(database.clone(), main_topic, Doorbell::default());
    let selection = selection(&args);
    if args.projection.is_some() {
        return to_projection::run(&args, store, selection).await;
    }
    let log = ReplayLog::of(&store);
    let topic = args.topic.as_ref().unwrap_or(main_topic).clone();
    let tally = if args.dry_run {
        let bar = bar(log.count(&selection, ("", 0)).await?)?;
        let tally = rehearse(&log, &selection, &topic, |t| bar.set_position(t.read)).await?;
        bar.finish_and_clear();
        tally
    } else {
        let kafka = Kafka::new(&args.kafka.kafka_brokers);
        // Neither a broker nor this program makes a topic by the way.
        kafka.partitions(&topic).await?;
        let replays = Replays::new(database);
        if args.restart {
            replays.forget(&selection, &topic).await?;
        }
        let rate = args.rate.map(NonZeroU32::get);
        let mut replay = Replay::begin(log, replays, kafka, selection, topic.clone(), rate).await?;
        let before = replay.tally();
        if before != ReplayTally::default() {
            eprintln!("going on after {} events replayed before", before.published);
        }
        let bar = bar(replay.left().await?)?;
        while replay
            .step(|tally| bar.set_position(tally.read - before.read))
            .await?
        {}
        bar.finish_and_clear();
        replay.tally()
    };
    if args.json {
        let tally = json!({
            "topic": topic, "dryRun": args.dry_run, "published": tally.published,
            "unpublished": tally.unpublished, "faulty": tally.faulty, "behind": tally.behind,
        });
        writeln!(out(), "{tally:#}")?;
    } else {
        print(&tally, &topic, args.dry_run)?;
    }
    match tally.faulty {
        0 => Ok(()),
        faulty => bail!("{faulty} events cannot be replayed"),
    }
}

fn selection(args: &ReplayArgs) -> Selection {
    // As order ids are written.
    let written =
        |id: &String| Uuid::try_parse(id).map_or(id.clone(), |uuid| uuid.hyphenated().to_string());
    Selection {
        aggregate_id: args.order.as_ref().map(written),
        event_type: args.event_type.map(|kind| kind.as_str().to_owned()),
        since: args.since,
        until: args.until,
    }
}

fn bar(rows: Option<u64>) -> anyhow::Result<ProgressBar> {
    let template = "{wide_bar} {pos}/{len} events  {per_sec}  ETA {eta}";
    let bar = match rows {
        Some(rows) => ProgressBar::new(rows),
        None => ProgressBar::no_length(),
    };
    Ok(bar.with_style(ProgressStyle::with_template(template)?))
}

fn print(tally: &ReplayTally, topic: &str, dry_run: bool) -> std::io::Result<()> {
    let mut out = out();
    let done = if dry_run { "would be" } else { "are" };
    writeln!(
        out,
        "{} events {done} replayed to {topic}.",
        tally.published
    )?;
    for (count, why) in [
        (
            tally.unpublished,
            "not on the topic yet, or behind one that is not",
        ),
        (tally.faulty, "cannot be replayed"),
        (tally.behind, "behind one that cannot be replayed"),
    ] {
        if count > 0 {
            writeln!(out, "{count} left out: {why}.")?;
        }
    }
    Ok(())
}
