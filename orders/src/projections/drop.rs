use serde_json::json;

use super::site::{ProjectionArgs, SiteArgs, owner};

#[derive(clap::Args)]
pub struct DropArgs {
    #[command(flatten)]
    what: ProjectionArgs,

    /// The generation to be deleted
    #[arg(value_name = "GENERATION")]
    number: u32,

    #[command(flatten)]
    site: SiteArgs,
}

pub async fn run(args: DropArgs) -> anyhow::Result<()> {
    let (site, number) = (&args.site, args.number);
    let generations = site.generations(&args.what).await?;
    let (kafka, topics) = (site.kafka(), site.topics());
    generations
        .discard(number, &owner(), &kafka, &topics)
        .await?;
    let projection = args.what.projection.name();
    let value = json!({ "projection": projection, "dropped": number });
    site.print(
        &value,
        &format!("Generation {number} of {projection} is deleted."),
    )
}
