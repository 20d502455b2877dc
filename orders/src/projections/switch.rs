use serde_json::json;

use super::site::{ProjectionArgs, SiteArgs};

#[derive(clap::Args)]
pub struct SwitchArgs {
    #[command(flatten)]
    what: ProjectionArgs,

    /// The generation that is to answer
    #[arg(value_name = "GENERATION")]
    number: u32,

    /// Also where nobody follows it, and its answers grow older
    #[arg(long)]
    stale: bool,

    #[command(flatten)]
    site: SiteArgs,
}

pub async fn run(args: SwitchArgs) -> anyhow::Result<()> {
    let site = &args.site;
    let generations = site.generations(&args.what).await?;
    let (kafka, topics) = (site.kafka(), site.topics());
    let live = generations.switch(args.number, &kafka, &topics, args.stale);
    let number = live.await?.number;
    let projection = args.what.projection.name();
    let value = json!({ "projection": projection, "live": number });
    site.print(
        &value,
        &format!("Generation {number} of {projection} answers queries."),
    )
}
