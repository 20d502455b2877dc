use projector::KnownGeneration;
use serde_json::{Value, json};

use super::site::SiteArgs;
use crate::dead_letters::Table;

#[derive(clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    site: SiteArgs,
}

pub async fn run(args: ListArgs) -> anyhow::Result<()> {
    let mut known = Vec::new();
    for generations in args.site.all_generations().await? {
        known.extend(generations.known().await?);
    }
    let mut table = Table::new(["PROJECTION", "GENERATION", "STATE", "SCHEMA", "COLLECTIONS"]);
    for KnownGeneration { record, role } in &known {
        table.row([
            record.projection.clone(),
            record.generation.number.to_string(),
            role.to_string(),
            record.generation.schema_version.to_string(),
            record.collections.join(", "),
        ]);
    }
    let values: Vec<Value> = known.iter().map(value).collect();
    args.site.print(&values, &table.to_string())
}

fn value(known: &KnownGeneration) -> Value {
    let KnownGeneration { record, role } = known;
    json!({
        "projection": record.projection, "number": record.generation.number, "role": role,
        "schemaVersion": record.generation.schema_version, "collections": record.collections,
        "group": record.generation.group,
    })
}
