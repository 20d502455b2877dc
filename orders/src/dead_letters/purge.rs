use std::time::Duration;

use serde_json::json;

use super::age::age;
use super::desk::DeskArgs;

/// How many items one statement deletes.
const BATCH: u32 = 500;

#[derive(clap::Args)]
pub struct PurgeArgs {
    /// Only items that have been resolved or discarded for longer
    #[arg(long, default_value = "30d", value_parser = age, value_name = "AGE")]
    older_than: Duration,

    /// Say how many items it would be, and delete none
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    desk: DeskArgs,
}

pub async fn run(args: PurgeArgs) -> anyhow::Result<()> {
    let letters = args.desk.open().await?;
    if args.dry_run {
        let purgeable = letters.count_purgeable(args.older_than).await?;
        let text = format!("{purgeable} items would be deleted.");
        return args.desk.print(&json!({ "wouldPurge": purgeable }), &text);
    }
    let mut purged = 0;
    loop {
        let batch = letters.purge(args.older_than, BATCH).await?;
        purged += batch;
        if batch < u64::from(BATCH) {
            break;
        }
    }
    let text = format!("{purged} items are deleted.");
    args.desk.print(&json!({ "purged": purged }), &text)
}
