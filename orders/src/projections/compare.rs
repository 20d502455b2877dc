use anyhow::bail;
use projector::{Compare, Comparison, Difference, Kind, Role};

use super::site::{ProjectionArgs, SiteArgs};
use crate::dead_letters::printable;

#[derive(clap::Args)]
pub struct CompareArgs {
    #[command(flatten)]
    what: ProjectionArgs,

    /// The generation to be compared
    #[arg(value_name = "GENERATION")]
    number: u32,

    /// The one it is compared with; the live one unless told otherwise
    #[arg(value_name = "WITH")]
    with: Option<u32>,

    #[command(flatten)]
    site: SiteArgs,
}

/// Fails, after the report, if there is any difference.
pub async fn run(args: CompareArgs) -> anyhow::Result<()> {
    let site = &args.site;
    let generations = site.generations(&args.what).await?;
    let right = generations.find(args.number).await?.record.generation;
    let left = match args.with {
        Some(number) => Some(generations.find(number).await?),
        None => {
            let known = generations.known().await?;
            known.into_iter().find(|known| known.role == Role::Live)
        }
    };
    let Some(left) = left.map(|known| known.record.generation) else {
        bail!("{} has no live generation", args.what.projection.name());
    };
    let compare = Compare {
        projection: args.what.projection,
        database: &site.database().await?,
        kafka: &site.kafka(),
        topics: &site.topics(),
        left: &left,
        right: &right,
    };
    let comparison = compare.run(|_| {}).await?;
    site.print(&comparison, &text(&comparison))?;
    if !comparison.is_equal() {
        bail!("the generations differ");
    }
    Ok(())
}

pub fn text(comparison: &Comparison) -> String {
    let Comparison { left, right, .. } = comparison;
    let of = if comparison.contents {
        ""
    } else {
        " (of another schema version: only orders and their versions are compared)"
    };
    let mut lines = vec![format!(
        "Compared generation {right} with generation {left}{of}:"
    )];
    for compared in &comparison.collections {
        lines.push(format!(
            "{} documents of {}: {} missing, {} extra, {} different.",
            compared.documents, compared.name, compared.missing, compared.extra, compared.different
        ));
        if compared.in_flight > 0 {
            lines.push(format!(
                "{} moved at every look, and were not compared.",
                compared.in_flight
            ));
        }
        lines.extend(compared.examples.iter().map(example));
    }
    lines.join("\n")
}

fn example(example: &Difference) -> String {
    let kind = match example.kind {
        Kind::Missing => "missing",
        Kind::Extra => "extra",
        Kind::Different => "different",
    };
    let detail = printable(example.detail.as_deref().unwrap_or_default());
    let line = format!("  {kind}  {}  {detail}", printable(&example.id));
    line.trim_end().to_owned()
}
