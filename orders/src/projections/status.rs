use projector::{Role, Status};

use super::site::SiteArgs;
use crate::dead_letters::Table;

#[derive(clap::Args)]
pub struct StatusArgs {
    #[command(flatten)]
    site: SiteArgs,
}

pub async fn run(args: StatusArgs) -> anyhow::Result<()> {
    let site = &args.site;
    let mut all = Vec::new();
    for generations in site.all_generations().await? {
        all.extend(generations.status(&site.kafka(), &site.topics()).await?);
    }
    site.print(&all, &text(&all))
}

fn text(all: &[Status]) -> String {
    let mut table = Table::new([
        "PROJECTION",
        "GENERATION",
        "STATE",
        "SCHEMA",
        "TOPIC",
        "DOCUMENTS",
        "HELD",
        "BEHIND",
        "FOLLOWED FROM",
    ]);
    for status in all {
        let behind = match status.behind {
            0 => "level".to_owned(),
            behind => behind.to_string(),
        };
        table.row([
            status.projection.clone(),
            status.number.to_string(),
            status.role.to_string(),
            status.schema_version.to_string(),
            status.topic.clone(),
            status.documents.to_string(),
            status.held.to_string(),
            behind,
            followed(status),
        ]);
    }
    let mut text = table.to_string();
    for status in all {
        if let Some(remark) = remark(status) {
            text.push_str("\n\n");
            text.push_str(&remark);
        }
    }
    text
}

/// Each member with its partitions, and how far these are behind.
fn followed(status: &Status) -> String {
    let member = |follows: &projector::Follows| {
        let partition = |p: &i32| match status.lag.get(p) {
            None | Some(0) => p.to_string(),
            Some(lag) => format!("{p} (-{lag})"),
        };
        let partitions: Vec<String> = follows.partitions.iter().map(partition).collect();
        format!("{} [{}]", follows.host, partitions.join(" "))
    };
    match status.follows.as_slice() {
        [] => "nowhere".to_owned(),
        follows => follows.iter().map(member).collect::<Vec<_>>().join(", "),
    }
}

fn remark(status: &Status) -> Option<String> {
    let Status {
        number, projection, ..
    } = status;
    if let Some(builder) = &status.builder {
        return Some(format!(
            "Generation {number} of {projection} is in the hands of {builder}."
        ));
    }
    let live = status.role == Role::Live;
    if live && !status.known_schema {
        return Some(format!(
            "Generation {number} of {projection} has another schema version than this release writes: \
             run `orders projections rebuild {projection}`."
        ));
    }
    (live && status.follows.is_empty()).then(|| {
        format!("Nobody keeps generation {number} of {projection} fresh, which answers queries.")
    })
}
