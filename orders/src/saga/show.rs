use std::io::Write;

use anyhow::bail;
use bson::Document;
use domain::saga::track::{Track, sequence};
use query_api::SagaAnswer;
use read_models::SagaDocument;
use uuid::Uuid;

use super::tracked::{TrackedArgs, shown};
use crate::dead_letters::{Table, printable};
use crate::out::out;

#[derive(clap::Args)]
pub struct ShowArgs {
    /// The saga's id, which is the order's
    #[arg(value_name = "ID")]
    id: String,

    /// As a Mermaid sequence diagram: who told what, and who did something about it
    #[arg(long, conflicts_with = "json")]
    mermaid: bool,

    #[command(flatten)]
    tracked: TrackedArgs,
}

pub async fn run(args: ShowArgs) -> anyhow::Result<()> {
    // As order ids are written.
    let id = Uuid::try_parse(&args.id).map_or(args.id, |uuid| uuid.hyphenated().to_string());
    let mut this: Document = SagaDocument::known();
    this.insert("_id", &id);
    let Some(saga) = args.tracked.sagas().await?.find_one(this).await? else {
        bail!("nothing was seen of a saga of the order {}", printable(&id));
    };
    let mut out = out();
    if args.mermaid {
        let track: Track = saga.seen.into_iter().collect();
        write!(out, "{}", sequence(&track))?;
    } else if args.tracked.json {
        let saga = SagaAnswer::of(saga, args.tracked.stuck_since());
        serde_json::to_writer_pretty(&mut out, &saga)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}", text(saga))?;
    }
    Ok(())
}

fn text(saga: SagaDocument) -> String {
    let mut lines = vec![format!(
        "saga {}  {}  {}",
        saga.saga_id, saga.business_process, saga.status
    )];
    let customer = saga.initiator_id.as_ref().map(|id| id.as_str().to_owned());
    let reason = saga.failure_reason.as_ref();
    for (name, value) in [
        ("customer", customer),
        ("started", Some(shown(saga.started_at))),
        ("completed", saga.completed_at.map(shown)),
        ("failed", saga.failed_at.map(shown)),
        ("reason", reason.map(|reason| reason.as_str().to_owned())),
    ] {
        if let Some(value) = value {
            lines.push(format!("  {name:<10} {value}"));
        }
    }
    let lines: Vec<String> = lines.iter().map(|line| printable(line)).collect();
    let mut table = Table::new(["STEP", "BY", "STATUS", "STARTED", "ENDED", "EVENT", "ERROR"]);
    for step in saga.steps {
        let text = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        table.row([
            step.name,
            step.participant.as_str().to_owned(),
            step.status.as_str().to_owned(),
            shown(step.started),
            text(step.ended.map(shown)),
            text(step.event_id),
            text(step.error.map(|error| error.to_string())),
        ]);
    }
    format!("{}\n\n{table}", lines.join("\n"))
}
