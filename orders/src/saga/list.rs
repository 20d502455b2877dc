use std::io::Write;

use bson::{DateTime, Document, doc};
use domain::saga::track::SagaStatus;
use futures::TryStreamExt;
use jiff::Timestamp;
use query_api::SagaAnswer;
use read_models::SagaDocument;

use super::tracked::{TrackedArgs, shown};
use crate::dead_letters::{Table, shortened};
use crate::out::out;

#[derive(clap::Args)]
pub struct ListArgs {
    /// Only those with this status; may be given several times: Started, InProgress, Compensating,
    /// Completed, Compensated, Failed
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Vec<SagaStatus>,

    /// Only those that began at this time (RFC 3339) or later
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,

    /// Only those that began before this time
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,

    /// Only those that have not ended, and in which nothing has moved for too long
    #[arg(long)]
    stuck: bool,

    /// How many to list at most
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u32,

    #[command(flatten)]
    tracked: TrackedArgs,
}

fn status(text: &str) -> Result<SagaStatus, String> {
    SagaStatus::from_name(text).ok_or_else(|| {
        let known = SagaStatus::ALL.map(SagaStatus::as_str);
        format!("is none of {}", known.join(", "))
    })
}

pub async fn run(args: ListArgs) -> anyhow::Result<()> {
    let sagas = args.tracked.sagas().await?;
    let since = args.tracked.stuck_since();
    let found = sagas
        .find(filter(&args, since))
        .sort(doc! { "startedAt": -1, "_id": -1 })
        // One more than wanted shows that there are more.
        .limit(i64::from(args.limit) + 1);
    let mut found: Vec<SagaDocument> = found.await?.try_collect().await?;
    let more = found.len() > args.limit as usize;
    found.truncate(args.limit as usize);
    let mut out = out();
    if args.tracked.json {
        let sagas = found.into_iter().map(|saga| SagaAnswer::of(saga, since));
        serde_json::to_writer_pretty(&mut out, &sagas.collect::<Vec<_>>())?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}", table(found, since))?;
    }
    if more {
        eprintln!("There are more: see --limit.");
    }
    Ok(())
}

fn filter(args: &ListArgs, since: DateTime) -> Document {
    let mut all = vec![SagaDocument::known()];
    if !args.status.is_empty() {
        let names: Vec<&str> = args.status.iter().map(|status| status.as_str()).collect();
        all.push(doc! { "status": { "$in": names } });
    }
    for (end, at) in [("$gte", args.from), ("$lt", args.to)] {
        if let Some(at) = at {
            let at = DateTime::from_millis(at.as_millisecond());
            all.push(doc! { "startedAt": { end: at } });
        }
    }
    if args.stuck {
        all.push(SagaDocument::stuck(since));
    }
    doc! { "$and": all }
}

fn table(sagas: Vec<SagaDocument>, since: DateTime) -> Table<6> {
    let mut table = Table::new(["SAGA", "STATUS", "PROCESS", "STARTED AT", "TOOK", "REASON"]);
    for saga in sagas {
        let stuck = !saga.status.has_ended() && saga.moved_at < since;
        let status = match stuck {
            true => format!("{}, stuck", saga.status),
            false => saga.status.to_string(),
        };
        let took = |millis: i64| format!("{:.3} s", millis as f64 / 1000.0);
        let reason = saga.failure_reason.as_ref();
        table.row([
            shortened(&saga.saga_id, 40),
            status,
            saga.business_process,
            shown(saga.started_at),
            saga.duration_millis.map_or("-".to_owned(), took),
            shortened(reason.map_or("-", |reason| reason.as_str()), 60),
        ]);
    }
    table
}
