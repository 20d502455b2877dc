use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use projector::verify::{Class, Finding, Place, Progress, Report, Sample, Verification};

use super::Site;
use crate::dead_letters::printable;
use crate::out::out;

/// What the events of each order have come to.
pub async fn run(
    site: Site,
    sample: Sample,
    patience: Duration,
    heal: bool,
    json: bool,
) -> anyhow::Result<u64> {
    let verification = Verification {
        store: site.store,
        database: site.database,
        kafka: site.kafka,
        topics: site.topics,
        read_database: site.read_database,
        sample,
        patience,
        heal,
    };
    let template = "{wide_bar} {pos}/{len} {msg}  {per_sec}";
    let bar = ProgressBar::no_length().with_style(ProgressStyle::with_template(template)?);
    let progress = |progress| match progress {
        Progress::Records { read } => {
            bar.set_message("records");
            bar.set_position(read);
        }
        Progress::Orders { compared, about } => {
            bar.set_message("orders");
            bar.set_length(about.max(compared));
            bar.set_position(compared);
        }
        Progress::Suspects { left } => bar.set_message(format!("orders, {left} looked at again")),
    };
    let report = verification
        .run(progress)
        .await
        .context("not everything can be compared")?;
    bar.finish_and_clear();
    if json {
        writeln!(out(), "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        print(&report)?;
    }
    Ok(report.faults)
}

fn print(report: &Report) -> std::io::Result<()> {
    let mut out = out();
    let collection = report.collection.as_deref();
    let collection = collection.unwrap_or("(no projector has run yet)");
    writeln!(
        out,
        "{} orders, compared with their rows, {collection} and the topic; {} totals; {} records, \
         compared with event_log",
        report.orders, report.totals, report.records
    )?;
    if report.totals_in_motion > 0 {
        writeln!(
            out,
            "{} totals were written at every look, and could not be compared.",
            report.totals_in_motion
        )?;
    }
    for finding in &report.findings {
        let place = match finding.place {
            Place::State => "current state",
            Place::Document => "document",
            Place::Topic => "newest record",
            Place::EventLog => "event_log",
            Place::Total(name) => name,
        };
        let (class, remark) = match finding.class {
            Class::Missing => ("missing", "FAULT"),
            Class::Extra if finding.place == Place::EventLog => ("of no record", "FAULT"),
            Class::Extra => ("of no order", "FAULT"),
            Class::Behind => ("behind", "FAULT"),
            Class::Different => ("different", "FAULT"),
            Class::Held => ("held back", "allowed"),
            Class::Unreadable => ("events that cannot be folded", "FAULT"),
        };
        writeln!(out, "\n{place}, {class}: {}  {remark}", finding.count)?;
        for example in &finding.examples {
            let healed = if example.healed { "  HEALED" } else { "" };
            let (id, detail) = (printable(&example.id), printable(&example.detail));
            writeln!(out, "  {id}: {detail}{healed}")?;
        }
    }
    writeln!(out)?;
    if report.healed > 0 {
        writeln!(out, "{} documents and totals healed.", report.healed)?;
    }
    let of_log =
        |finding: &&Finding| finding.place == Place::EventLog && finding.class != Class::Held;
    if report.findings.iter().any(|finding| of_log(&finding)) {
        writeln!(
            out,
            "event_log is made anew by `orders projections rebuild event_log`."
        )?;
    }
    match report.faults {
        0 => writeln!(out, "What is served is what was decided.")?,
        1 => writeln!(out, "1 FAULT.")?,
        faults => writeln!(out, "{faults} FAULTS.")?,
    }
    Ok(())
}
