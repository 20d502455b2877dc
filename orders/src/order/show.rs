use std::io::Write;

use anyhow::{anyhow, bail};
use domain::order::{Moment, Order, OrderEvent, OrderHistory, PlacedOrder, Recorded, Step};
use event_store::{Doorbell, EventStore, HistoryEntry};
use runtime::config::{KafkaArgs, PostgresArgs};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::dead_letters::printable;
use crate::out::out;
use crate::process::database;

#[derive(clap::Args)]
pub struct ShowArgs {
    /// The order's id
    #[arg(value_name = "ID")]
    id: String,

    /// Only its state then: after this version, or at this time (RFC 3339)
    #[arg(long, value_name = "VERSION|TIME")]
    at: Option<Moment>,

    /// Print JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    postgres: PostgresArgs,
    #[command(flatten)]
    kafka: KafkaArgs,
}

/// What is broken is shown as it is, and said to be; only `--at` a moment whose state is not known
/// fails.
pub async fn run(args: ShowArgs) -> anyhow::Result<()> {
    // As order ids are written.
    let id = Uuid::try_parse(&args.id).map_or(args.id, |uuid| uuid.hyphenated().to_string());
    let topic = &args.kafka.order_events_topic;
    let store = EventStore::<Order>::new(database(&args.postgres)?, topic, Doorbell::default());
    let entries = store.history(&id).await?;
    if entries.is_empty() {
        bail!("the event store has no order {}", printable(&id));
    }
    let history = OrderHistory::of(entries.iter().map(recorded));
    let mut out = out();
    if let Some(moment) = args.at {
        let step = history.at(moment)?;
        let unknown = |why: &String| anyhow!("the state at version {}: {why}", step.version);
        let state = step.state.as_ref().map_err(unknown)?;
        let value = json!({ "orderId": id, "version": step.version, "state": state });
        if args.json {
            writeln!(out, "{value:#}")?;
        } else {
            writeln!(out, "version {}  {}", step.version, status(&step.state))?;
            writeln!(out, "{:#}", value["state"])?;
        }
        return Ok(());
    }
    let steps = entries.iter().zip(history.steps());
    if args.json {
        let events: Vec<Value> = steps.map(|(entry, step)| value(entry, step)).collect();
        writeln!(out, "{:#}", json!({ "orderId": id, "events": events }))?;
        return Ok(());
    }
    writeln!(out, "order {}", printable(&id))?;
    for (entry, step) in steps {
        writeln!(out, "\n{}", text(entry, step))?;
    }
    Ok(())
}

fn recorded(entry: &HistoryEntry<OrderEvent>) -> Recorded {
    let event = entry.read.as_ref().map(|stored| stored.event.clone());
    Recorded {
        version: entry.version,
        occurred_on: entry.occurred_on,
        event: event.map_err(|unreadable| unreadable.reason.clone()),
    }
}

fn value(entry: &HistoryEntry<OrderEvent>, step: &Step) -> Value {
    let mut value = json!({
        "version": entry.version,
        "eventType": entry.event_type,
        "storedVersion": entry.stored_version,
        "occurredOn": entry.occurred_on,
        "stored": entry.payload,
        "metadata": entry.metadata,
    });
    match &entry.read {
        Ok(stored) => {
            value["eventId"] = stored.envelope.event_id.to_string().into();
            value["event"] = json!(stored.event);
        }
        Err(unreadable) => value["unreadable"] = unreadable.reason.as_str().into(),
    }
    match &step.state {
        Ok(state) => value["state"] = json!(state),
        Err(why) => value["stateUnknown"] = why.as_str().into(),
    }
    value
}

fn text(entry: &HistoryEntry<OrderEvent>, step: &Step) -> String {
    let head = format!(
        "version {}  {}  {}  {}",
        entry.version,
        entry.event_type,
        entry
            .occurred_on
            .map_or("at an unknown time".to_owned(), |at| at.to_string()),
        status(&step.state),
    );
    let mut lines = vec![printable(&head)];
    let mut line = |name: &str, value: &str| {
        lines.push(format!("  {name:<12} {}", printable(value)));
    };
    match &entry.read {
        Ok(stored) => {
            line("event id", &stored.envelope.event_id.to_string());
            line("correlation", &stored.envelope.correlation_id);
            line("causation", &stored.envelope.causation_id);
            line(
                "stored in",
                &format!("schema version {}", entry.stored_version),
            );
            line("event", &json!(stored.event).to_string());
        }
        Err(unreadable) => {
            line("unreadable", &unreadable.reason);
            line(
                "stored in",
                &format!("schema version {}", entry.stored_version),
            );
            line("stored", entry.payload.get());
            line("metadata", entry.metadata.get());
        }
    }
    match &step.state {
        Ok(state) => line("state", &json!(state).to_string()),
        Err(why) => line("not known", why),
    }
    lines.join("\n")
}

fn status(state: &Result<PlacedOrder, String>) -> &'static str {
    match state {
        Ok(state) => state.status.as_str(),
        Err(_) => "?",
    }
}
