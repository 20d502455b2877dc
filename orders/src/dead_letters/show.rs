use anyhow::bail;
use event_store::dead_letters::{Bytes, DeadLetter};
use uuid::Uuid;

use super::desk::DeskArgs;
use super::table::printable;

#[derive(clap::Args)]
pub struct ShowArgs {
    /// The item's id
    #[arg(value_name = "ID")]
    id: Uuid,

    #[command(flatten)]
    desk: DeskArgs,
}

pub async fn run(args: ShowArgs) -> anyhow::Result<()> {
    match args.desk.open().await?.get(args.id).await? {
        Some(item) => args.desk.print(&item, &text(&item)),
        None => bail!("there is no dead letter {}", args.id),
    }
}

fn text(item: &DeadLetter) -> String {
    let summary = &item.summary;
    let mut lines = Vec::new();
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            lines.push(format!("{name:<12} {}", printable(&value)));
        }
    };
    line("id", Some(summary.id.to_string()));
    line("source", Some(summary.source.to_string()));
    line("reason", Some(summary.reason.to_string()));
    line("error", Some(summary.error_message.clone()));
    line("state", Some(summary.state.to_string()));
    line("since", Some(summary.state_since.to_string()));
    line("acted by", summary.acted_by.clone());
    line("because", summary.action_reason.clone());
    line("failed at", Some(summary.failed_at.to_string()));
    line("last attempt", Some(summary.last_attempt_at.to_string()));
    line("retries", Some(summary.retry_count.to_string()));
    line("topic", Some(summary.topic.clone()));
    line("partition", summary.partition.map(|p| p.to_string()));
    line("offset", summary.offset.map(|o| o.to_string()));
    line("outbox id", summary.outbox_id.map(|id| id.to_string()));
    line("aggregate", summary.aggregate_type.clone());
    line("order", summary.aggregate_id.clone());
    line("version", summary.version.map(|v| v.to_string()));
    line("type", summary.event_type.clone());
    line("metadata", Some(item.metadata.to_string()));
    line("key", Some(bytes(item.key.as_ref())));
    for header in &item.headers {
        let value = bytes(header.value.as_ref());
        line("header", Some(format!("{}: {value}", header.name)));
    }
    line("value", Some(bytes(item.value.as_ref())));
    lines.join("\n")
}

/// As it is read by people; `--json` shows every byte.
fn bytes(bytes: Option<&Bytes>) -> String {
    bytes.map_or("none".to_owned(), |Bytes(bytes)| {
        String::from_utf8_lossy(bytes).into_owned()
    })
}
