//! The read models: projectors that catch up and a rebuild, beside bare bulk upserts of the same
//! documents into the same server; a whole verification; and how soon an order can be read while
//! orders arrive, and while generations are switched.

mod bare_upserts;
mod peak_memory;
mod projectors;
mod rebuild;
mod records;
mod site;
mod switching;
mod verified;
mod visible;

use bson::{RawDocument, RawDocumentBuf, doc};
use futures::TryStreamExt;

use crate::the_relay::bare_producer::BareProducer;
use crate::the_relay::report::{Bar, Report};

use projectors::Kept;
use site::Site;

pub use projectors::{ProjectorProcessArgs, run_projector};
pub use rebuild::{RebuildProcessArgs, run_rebuild};

const ALONE: Bar = Bar::AtLeast(80.0);
const ALL: Bar = Bar::AtLeast(60.0);
const REBUILT: Bar = Bar::AtLeast(80.0);
const PEAK_MB: Bar = Bar::Below(300.0);
/// Ranges, and bulk writes, under way at the same time: as `orders projections rebuild` has it.
const AT_ONCE: usize = 4;

#[derive(clap::Args)]
pub struct ReadModelsArgs {
    /// Records that projectors catch up on; 0: none
    #[arg(long, default_value_t = 200_000, value_name = "N")]
    records: usize,

    /// Orders in the event store that is rebuilt from, with 2.5 events each, and that is
    /// verified; 0: neither
    #[arg(long, default_value_t = 200_000, value_name = "N")]
    orders: u32,

    /// Without the orders that arrive at fixed rates
    #[arg(long)]
    no_arrivals: bool,

    /// One JSON object instead of the table
    #[arg(long)]
    json: bool,
}

pub async fn run(args: ReadModelsArgs) -> anyhow::Result<()> {
    let mut report = Report::default();
    let measured = measure(&args, &mut report).await;
    // What was measured before something failed took minutes, too.
    report.print("readModels", args.json)?;
    measured
}

async fn measure(args: &ReadModelsArgs, report: &mut Report) -> anyhow::Result<()> {
    if !args.no_arrivals {
        visible::measure(report).await?;
        switching::measure(report).await?;
    }
    if args.records > 0 {
        catching_up(args.records, report).await?;
    }
    if args.orders > 0 {
        rebuilding(args.orders, report).await?;
        verifying(args.orders, report).await?;
    }
    Ok(())
}

/// Bare writes come before and after what is measured beside them: a server that has just taken
/// in many documents is busy with them for a while.
async fn catching_up(number: usize, report: &mut Report) -> anyhow::Result<()> {
    let records = records::records(number)?;
    let (rows, documents): (Vec<_>, Vec<_>) =
        records.into_iter().map(|r| (r.row, r.document)).unzip();
    let documents: Vec<&RawDocument> = documents.iter().map(AsRef::as_ref).collect();
    for processes in [1, 2] {
        for (keeps, name, bar) in [
            (Kept::Alone, "order_view alone", ALONE),
            (Kept::All, "all read models", ALL),
        ] {
            let site = Site::start().await?;
            site.topic(projectors::TOPIC).await?;
            BareProducer::new(&site.servers.brokers, projectors::TOPIC)?.produce(&rows)?;
            let read = site.read_database().await?;
            let bare = || bare_upserts::documents_per_second(&read, &documents, processes);
            let before = bare().await?;
            let caught_up = projectors::catch_up(&site.servers, keeps, processes).await?;
            let bare = 2.0 / (1.0 / before + 1.0 / bare().await?);
            let events = number as f64 / caught_up.seconds;
            report.add(
                &format!("bare bulk upserts, {processes} at a time"),
                bare,
                "docs/s",
            );
            report.add(
                &format!("{name}, {processes} projector(s)"),
                events,
                "events/s",
            );
            // `event_log` has a document for each record; those of the totals are not counted.
            let share = 100.0 * events * keeps.documents_a_record() / bare;
            report.add_with("  of the bare upserts", share, "%", Some(bar));
            report.add_with("  peak memory", caught_up.peak_mb, "MB", Some(PEAK_MB));
        }
    }
    Ok(())
}

async fn rebuilding(orders: u32, report: &mut Report) -> anyhow::Result<()> {
    let site = Site::start().await?;
    site.topic(site::TOPIC).await?;
    site.append(orders).await?;
    let rebuilt = rebuild::rebuild(&site.servers).await?;
    let events = rebuilt.events as f64 / rebuilt.seconds;
    let documents = f64::from(orders) / rebuilt.seconds;
    let read = site.read_database().await?;
    let written: Vec<RawDocumentBuf> = read
        .database()
        .collection(&rebuilt.collection)
        .find(doc! {})
        .await?
        .try_collect()
        .await?;
    let written: Vec<&RawDocument> = written.iter().map(AsRef::as_ref).collect();
    let bare = bare_upserts::documents_per_second(&read, &written, AT_ONCE).await?;
    report.add(
        &format!("bare bulk upserts, {AT_ONCE} at a time"),
        bare,
        "docs/s",
    );
    report.add("rebuilt from the store", documents, "docs/s");
    let share = 100.0 * documents / bare;
    report.add_with("  of the bare upserts", share, "%", Some(REBUILT));
    report.add("  read", events, "events/s");
    report.add_with("  peak memory", rebuilt.peak_mb, "MB", Some(PEAK_MB));
    Ok(())
}

async fn verifying(orders: u32, report: &mut Report) -> anyhow::Result<()> {
    let verified = verified::verify(orders).await?;
    let per_second = |number: u64| number as f64 / verified.seconds;
    report.add("verified", per_second(verified.said.orders), "orders/s");
    report.add("  records", per_second(verified.said.records), "records/s");
    report.add("  totals", verified.said.totals as f64, "");
    report.add("  faults", verified.said.faults as f64, "");
    report.add_with("  peak memory", verified.peak_mb, "MB", Some(PEAK_MB));
    Ok(())
}
