use anyhow::bail;
use domain::order::Order;
use event_store::EventStore;
use event_store::replay::{ReplayLog, ReplayTally, Replays, Selection};
use projector::{OrderView, Refold};
use serde_json::json;
use std::io::Write;

use super::{ReplayArgs, bar};
use crate::out::out;
use crate::process::{database, read_database};

/// Folds orders into their documents again. Fails, after all that can be folded are, if there was
/// any that cannot.
pub async fn run(
    args: &ReplayArgs,
    store: EventStore<Order>,
    selection: Selection,
) -> anyhow::Result<()> {
    let tally = if args.dry_run {
        let log = ReplayLog::of(&store);
        let bar = bar(log.count(&selection, ("", 0)).await?)?;
        let progress = |tally: &ReplayTally| bar.set_position(tally.read);
        let tally = Refold::<OrderView>::rehearse(&log, &selection, progress).await?;
        bar.finish_and_clear();
        tally
    } else {
        let replays = Replays::new(database(&args.postgres)?);
        if args.restart {
            let target = Refold::<OrderView>::target();
            replays.forget(&selection, &target).await?;
        }
        let read_database = read_database(&args.mongodb).await?;
        let refold = Refold::<OrderView>::begin(read_database, store, replays, selection);
        let mut refold = refold.await?;
        let before = refold.tally();
        if before != ReplayTally::default() {
            eprintln!("going on after {} orders folded before", before.published);
        }
        let bar = bar(refold.left().await?)?;
        while refold.step().await? {
            bar.set_position(refold.tally().read - before.read);
        }
        bar.finish_and_clear();
        refold.tally()
    };
    let (orders, faulty) = (tally.published, tally.faulty);
    if args.json {
        let tally = json!({
            "projection": args.projection, "dryRun": args.dry_run, "orders": orders,
            "faulty": faulty,
        });
        writeln!(out(), "{tally:#}")?;
    } else {
        let done = if args.dry_run { "would be" } else { "are" };
        writeln!(
            out(),
            "{orders} orders {done} folded into their documents again."
        )?;
        if faulty > 0 {
            writeln!(out(), "{faulty} cannot be folded.")?;
        }
    }
    match faulty {
        0 => Ok(()),
        faulty => bail!("{faulty} orders cannot be folded"),
    }
}
