//! The HTTP APIs, with servers and client on one machine: commands beside what pgbench does with
//! the same inserts, reads beside the bare driver. Each API runs alone, as what it is compared with
//! does; creates are measured once more with everything that publishes and projects them at work.

mod client;
mod closed_loop;
mod commands;
mod measured;
mod orders;
mod projected;
mod queries;

use std::time::Duration;

use crate::backend::Backend;
use crate::the_relay::report::Report;

use closed_loop::Load;

const CONNECTIONS: [usize; 2] = [32, 256];

#[derive(clap::Args)]
pub struct HttpArgs {
    /// How long a figure is measured each time
    #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,

    /// One JSON object instead of the table
    #[arg(long)]
    json: bool,
}

pub async fn run(args: HttpArgs) -> anyhow::Result<()> {
    let backend = Backend::prepare().await?;
    let load = Load {
        warm_up: Duration::from_secs(2),
        lasting: Duration::from_secs(args.seconds),
    };
    let mut report = Report::default();
    let created = commands::measure(&backend, load, &mut report).await?;
    queries::measure(&backend, created, load, &mut report).await?;
    report.print("http", args.json)
}

/// Of what was measured before and after something else.
fn mean_rate(before: f64, after: f64) -> f64 {
    2.0 / (1.0 / before + 1.0 / after)
}
