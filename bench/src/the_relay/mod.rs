//! The relay: how fast it drains a backlog, beside a producer that does nothing but produce; how
//! long an event takes through it; how much memory it needs.

mod backlog;
pub mod bare_producer;
mod latency;
mod process;
pub mod report;
pub mod rows;
mod site;

use std::time::Duration;

use process::RelayProcess;
use report::{Bar, Report};
use rows::Rows;
use site::Site;

pub use process::{RelayProcessArgs, run_process};

const DRAINED_PER_SECOND: Bar = Bar::AtLeast(60_000.0);
const SHARE_OF_BARE: Bar = Bar::AtLeast(25.0);
const P99_MS: Bar = Bar::Below(15.0);
const PEAK_MB: Bar = Bar::Below(150.0);

const LATENCY_FOR: Duration = Duration::from_secs(20);
const MEMORY_BACKLOG: usize = 1_000_000;

#[derive(clap::Args)]
pub struct RelayArgs {
    /// Events in the backlog, each of an order of its own
    #[arg(long, default_value_t = 200_000, value_name = "N")]
    rows: usize,

    /// Also the memory of a relay before a backlog of 1,000,000 events: filling it takes a while
    #[arg(long)]
    backlog_memory: bool,

    /// Without the events that arrive at fixed rates
    #[arg(long)]
    no_arrivals: bool,

    /// One JSON object instead of the table
    #[arg(long)]
    json: bool,
}

pub async fn run(args: RelayArgs) -> anyhow::Result<()> {
    let site = Site::start().await?;
    let mut report = Report::default();

    let rows: Vec<_> = Rows::default().take(args.rows).collect();
    let bare = bare_producer::records_per_second(&site, &rows).await?;
    report.add("bare idempotent producer", bare, "records/s");
    site.stage(rows).await?;

    for relays in [1, 2] {
        let drained = backlog::drain(&site, relays).await?;
        let name = match relays {
            1 => "1 relay process".to_owned(),
            _ => format!("{relays} relay processes"),
        };
        let share = 100.0 * drained.per_second / bare;
        let (rate_bar, share_bar) = match relays {
            1 => (Some(DRAINED_PER_SECOND), Some(SHARE_OF_BARE)),
            _ => (None, None),
        };
        report.add_with(&name, drained.per_second, "events/s", rate_bar);
        report.add_with("  of the bare producer", share, "%", share_bar);
        report.add("  peak memory of a relay", drained.peak_mb, "MB");
        report.add(
            "  processor time of relays",
            drained.us_per_event,
            "us/event",
        );
    }

    let rates: &[usize] = if args.no_arrivals { &[] } else { &[2000, 5000] };
    for &rate in rates {
        let latency = latency::measure(&site, rate, LATENCY_FOR).await?;
        let bar = (rate == 2000).then_some(P99_MS);
        let name = format!("written at {rate}/s");
        report.add(&name, latency.written, "events/s");
        let committed = latency.committed;
        report.add("  the append's own commit, p50", committed.p50_ms, "ms");
        report.add("  the append's own commit, p99", committed.p99_ms, "ms");
        let (marked, arrived) = (latency.marked, latency.arrived);
        report.add("  append to mark, p50", marked.p50_ms, "ms");
        report.add_with("  append to mark, p99", marked.p99_ms, "ms", bar);
        report.add("  append to consumer, p50", arrived.p50_ms, "ms");
        report.add("  append to consumer, p99", arrived.p99_ms, "ms");
    }

    if args.backlog_memory {
        let mut rows = Rows::default();
        site.clear_staged().await?;
        for _ in 0..MEMORY_BACKLOG / 50_000 {
            site.stage(rows.by_ref().take(50_000).collect()).await?;
        }
        let drained = backlog::drain(&site, 1).await?;
        report.add(
            "1,000,000 rows, 1 relay process",
            drained.per_second,
            "events/s",
        );
        report.add_with(
            "  peak memory of the relay",
            drained.peak_mb,
            "MB",
            Some(PEAK_MB),
        );
    }

    report.print("relay", args.json)
}
