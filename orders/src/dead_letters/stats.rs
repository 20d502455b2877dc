use super::desk::DeskArgs;
use super::table::Table;

#[derive(clap::Args)]
pub struct StatsArgs {
    #[command(flatten)]
    desk: DeskArgs,
}

pub async fn run(args: StatsArgs) -> anyhow::Result<()> {
    let stats = args.desk.open().await?.stats().await?;
    let mut table = Table::new(["SOURCE", "REASON", "STATE", "COUNT"]);
    for count in &stats.counts {
        table.row([
            count.source.to_string(),
            count.reason.to_string(),
            count.state.to_string(),
            count.count.to_string(),
        ]);
    }
    let oldest = match stats.oldest_open {
        Some(oldest) => format!("The oldest open item failed at {oldest}."),
        None => "No item is open.".to_owned(),
    };
    args.desk.print(&stats, &format!("{table}\n\n{oldest}"))
}
