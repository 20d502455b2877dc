use anyhow::Context;
use participants::books;
use projector::history::{Class, Example, HistoryCheck, Report};
use serde::Serialize;
use std::io::Write;

use super::Site;
use crate::dead_letters::printable;
use crate::out::out;

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    report: Report,
    /// Of sagas, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    books: Option<books::Report>,
}

/// Every event, record and document, from the first one on.
pub async fn run(
    site: Site,
    books: Option<books::Report>,
    settled: bool,
    json: bool,
) -> anyhow::Result<u64> {
    let check = HistoryCheck {
        store: site.store,
        database: site.database,
        kafka: site.kafka,
        topic: site.topics.orders.name,
        read_database: site.read_database,
    };
    let report = check
        .run(settled)
        .await
        .context("the history cannot be compared")?;
    let faults = report.faults + books.as_ref().map_or(0, |books| books.faults);
    if json {
        let whole = Whole { report, books };
        writeln!(out(), "{}", serde_json::to_string_pretty(&whole)?)?;
    } else {
        print(&report)?;
        if let Some(books) = &books {
            writeln!(out())?;
            super::books::print(books)?;
        }
    }
    Ok(faults)
}

pub fn print(report: &Report) -> std::io::Result<()> {
    let line = |title: &str, count: u64, remark: &str| {
        writeln!(
            out(),
            "{}",
            format!("{title:<34}{count:>12}  {remark}").trim_end()
        )
    };
    line("orders", report.orders, "")?;
    line("events", report.events, "")?;
    line("records", report.records, "")?;
    let collection = report.collection.as_deref();
    line(
        "documents",
        report.documents,
        collection.unwrap_or("(no projector has run yet)"),
    )?;
    writeln!(out())?;
    for (class, finding) in &report.findings {
        let remark = match (finding.fault, finding.count) {
            (true, 1..) => "FAULT",
            (true, 0) => "",
            (false, _) => "allowed",
        };
        line(class.title(), finding.count, remark)?;
    }
    for (class, finding) in &report.findings {
        // Repeats are no news, and there may be many.
        if finding.examples.is_empty() || *class == Class::Repeated {
            continue;
        }
        writeln!(out(), "\n{}, for example:", class.title())?;
        for example in &finding.examples {
            writeln!(out(), "  {}", shown(example))?;
        }
    }
    writeln!(out())?;
    match report.faults {
        0 => writeln!(out(), "Nothing is lost, and everything agrees.")?,
        1 => writeln!(out(), "1 FAULT.")?,
        faults => writeln!(out(), "{faults} FAULTS.")?,
    }
    Ok(())
}

fn shown(example: &Example) -> String {
    let mut parts = Vec::new();
    if let Some(key) = &example.key {
        parts.push(printable(key));
    }
    if let Some(version) = example.version {
        parts.push(format!("version {version}"));
    }
    if let (Some(partition), Some(offset)) = (example.partition, example.offset) {
        parts.push(format!("partition {partition} offset {offset}"));
    }
    if let Some(detail) = &example.detail {
        parts.push(printable(detail));
    }
    parts.join(", ")
}
