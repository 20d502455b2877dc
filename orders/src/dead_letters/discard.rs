use event_store::dead_letters::REASON_MAX_CHARS;
use uuid::Uuid;

use super::desk::{ByArgs, DeskArgs};

#[derive(clap::Args)]
pub struct DiscardArgs {
    /// The item's id
    #[arg(value_name = "ID")]
    id: Uuid,

    /// Why the record is given up; kept with the item
    #[arg(long, value_parser = reason, value_name = "TEXT")]
    reason: String,

    #[command(flatten)]
    by: ByArgs,
    #[command(flatten)]
    desk: DeskArgs,
}

fn reason(text: &str) -> Result<String, domain::TextError> {
    domain::checked_text(text.to_owned(), REASON_MAX_CHARS)
}

pub async fn run(args: DiscardArgs) -> anyhow::Result<()> {
    let letters = args.desk.open().await?;
    let item = letters.discard(args.id, &args.by.by, &args.reason).await?;
    let text = format!("{} is discarded.", args.id);
    args.desk.print(&item, &text)
}
