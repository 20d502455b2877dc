//! Appending: one statement a command beside group commit, with the same read, the same check and
//! the same rows, and beside what pgbench does with the same inserts and neither.

mod callers;
mod one_statement;
pub mod order;
pub mod pgbench;
mod report;
mod site;

use std::time::Duration;

use callers::{Load, Writing};
use one_statement::OneStatement;
use report::{Report, Row};
use site::Site;

#[derive(clap::Args)]
pub struct GroupCommitArgs {
    /// How long a figure is measured each time
    #[arg(long, default_value_t = 2, value_name = "SECONDS")]
    seconds: u64,

    /// How often each is measured, in turn with what it is compared with
    #[arg(long, default_value_t = 3, value_name = "N")]
    rounds: usize,

    /// Numbers of callers that send one command after the other
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "1,8,32,64,256",
        value_name = "N,…"
    )]
    callers: Vec<usize>,
}

pub async fn run(args: GroupCommitArgs) -> anyhow::Result<()> {
    let metrics = runtime::telemetry::metrics()?;
    let site = Site::start().await?;
    let alone = Writing::OneStatement(OneStatement::new(&site.url)?);
    let grouped = Writing::GroupCommit;
    let lasting = Duration::from_secs(args.seconds);
    let mut report = Report::begin();
    for events in [1, 3] {
        let mut best = 0_f64;
        for clients in [8, 32] {
            let mut inserted = Vec::new();
            for _ in 0..args.rounds {
                site.clear().await?;
                inserted.push(pgbench::run(&site.url, events, clients, lasting).await?);
            }
            best = best.max(report.pgbench(events, clients, &inserted));
        }
        for conflicts in [0, 20] {
            for &callers in &args.callers {
                let load = Load {
                    callers,
                    events,
                    conflicts,
                    lasting,
                };
                let mut row = Row::new(load, best)?;
                for _ in 0..args.rounds {
                    site.clear().await?;
                    callers::run(&site.store, &alone, load, &metrics, &mut row.alone).await?;
                    site.clear().await?;
                    callers::run(&site.store, &grouped, load, &metrics, &mut row.grouped).await?;
                }
                report.row(row);
            }
        }
    }
    report.end();
    Ok(())
}
