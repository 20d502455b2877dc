use anyhow::bail;
use event_store::dead_letters::{DeadLetters, Filter};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use uuid::Uuid;

use super::desk::{ByArgs, DeskArgs};
use super::filter::FilterArgs;

/// How many items one statement requeues.
const PAGE: u32 = 200;

#[derive(clap::Args)]
pub struct RequeueArgs {
    /// The item's id
    #[arg(value_name = "ID", required_unless_present = "all",
          conflicts_with_all = ["all", "filters"])]
    id: Option<Uuid>,

    /// Every open item that the filters leave
    #[arg(long)]
    all: bool,

    /// Really all, without any filter
    #[arg(long, requires = "all")]
    yes: bool,

    /// Say how many items it would be, and requeue none
    #[arg(long, requires = "all")]
    dry_run: bool,

    #[command(flatten)]
    filter: FilterArgs,
    #[command(flatten)]
    by: ByArgs,
    #[command(flatten)]
    desk: DeskArgs,
}

pub async fn run(args: RequeueArgs) -> anyhow::Result<()> {
    let letters = args.desk.open().await?;
    if let Some(id) = args.id {
        let item = letters.requeue(id, &args.by.by).await?;
        let text = format!(
            "{id} is requeued: the {} tries again on its next turn.",
            item.summary.source
        );
        return args.desk.print(&item, &text);
    }
    let filter = args.filter.filter()?;
    let open = letters.count_open(&filter).await?;
    if args.dry_run {
        let text = format!("{open} items would be requeued.");
        return args.desk.print(&json!({ "wouldRequeue": open }), &text);
    }
    if filter == Filter::default() && !args.yes {
        bail!("no filter is given: add --yes to requeue all {open} open items");
    }
    let requeued = requeue_all(&letters, &filter, &args.by.by, open).await?;
    let text = format!("{requeued} items are requeued.");
    args.desk.print(&json!({ "requeued": requeued }), &text)
}

async fn requeue_all(
    letters: &DeadLetters,
    filter: &Filter,
    by: &str,
    open: u64,
) -> anyhow::Result<u64> {
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} items  {per_sec}  ETA {eta}")?;
    let progress = ProgressBar::new(open).with_style(style);
    let (mut requeued, mut after) = (0, None);
    loop {
        let page = letters.requeue_page(filter, after, PAGE, by).await?;
        requeued += page.requeued;
        progress.inc(page.read);
        after = page.next;
        if after.is_none() {
            progress.finish_and_clear();
            return Ok(requeued);
        }
    }
}
