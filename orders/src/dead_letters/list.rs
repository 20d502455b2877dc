use event_store::dead_letters::{States, Summary};

use super::desk::DeskArgs;
use super::filter::FilterArgs;
use super::table::{Table, shortened};

/// How many items are asked for at once.
const PAGE: u32 = 200;

#[derive(clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    filter: FilterArgs,

    /// Only those in this state: open, requeued, discarded, resolved, or all
    #[arg(long, value_name = "STATE")]
    state: Option<States>,

    /// How many items to list at most
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,

    #[command(flatten)]
    desk: DeskArgs,
}

pub async fn run(args: ListArgs) -> anyhow::Result<()> {
    let mut filter = args.filter.filter()?;
    filter.states = args.state.unwrap_or_default();
    let letters = args.desk.open().await?;
    let mut found: Vec<Summary> = Vec::new();
    // One more than wanted shows that there are more.
    while found.len() <= args.limit {
        let after = found.last().map(|item| item.position);
        let page = letters.list(&filter, after, PAGE).await?;
        let last = page.len() < PAGE as usize;
        found.extend(page);
        if last {
            break;
        }
    }
    let more = found.len() > args.limit;
    found.truncate(args.limit);
    args.desk.print(&found, &table(&found).to_string())?;
    if more {
        eprintln!("There are more: see --limit.");
    }
    Ok(())
}

fn table(items: &[Summary]) -> Table<9> {
    let mut table = Table::new([
        "ID",
        "SOURCE",
        "REASON",
        "STATE",
        "TYPE",
        "ORDER",
        "VERSION",
        "FAILED AT",
        "ERROR",
    ]);
    for item in items {
        table.row([
            item.id.to_string(),
            item.source.to_string(),
            item.reason.to_string(),
            item.state.to_string(),
            shortened(item.event_type.as_deref().unwrap_or("-"), 32),
            shortened(item.aggregate_id.as_deref().unwrap_or("-"), 40),
            item.version.map_or("-".to_owned(), |v| v.to_string()),
            format!("{:.0}", item.failed_at.timestamp()),
            shortened(&item.error_message, 60),
        ]);
    }
    table
}
