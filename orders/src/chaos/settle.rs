use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use event_store::dead_letters::{Filter, Source};
use participants::books::BooksCheck;
use projector::history::{Class, HistoryCheck, Report};

use super::books;
use super::faults::Done;
use super::site::Site;
use super::writers::Promised;
use crate::verify;

const PATIENCE: Duration = Duration::from_secs(180);

/// Requeues what was refused, waits until nothing is on its way, and compares everything.
pub async fn settle(site: &Site, promised: &Promised, done: &Done) -> anyhow::Result<()> {
    for (fault, times) in &done.counts {
        println!("{fault:<34}{times:>12}");
    }
    let refused = requeue_refused(site).await?;
    println!("{:<34}{refused:>12}", "dead letters of relays, requeued");

    let (check, books) = (site.history().await?, site.books()?);
    let started = Instant::now();
    let (report, books, no_poison) = loop {
        // What fails is tried again, until patience ends.
        let no_poison = books::discard_poison(site).await.unwrap_or(false);
        let backlog = site.outbox().backlog().await;
        let drained = backlog.is_ok_and(|b| b.pending == 0 && b.held == 0);
        let impatient = started.elapsed() > PATIENCE;
        if drained {
            match compared(site, &check, &books, impatient).await {
                Ok(Some((report, books)))
                    if no_poison && is_settled(&report) && books.faults == 0 =>
                {
                    break (report, books, true);
                }
                Ok(Some((report, books))) if impatient => break (report, books, no_poison),
                Err(error) if impatient => return Err(error),
                Ok(_) | Err(_) => {}
            }
        } else if impatient {
            bail!(
                "the outbox does not drain: {:?}",
                site.outbox().backlog().await
            );
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    println!(
        "{:<34}{:>12}\n",
        "settled after, s",
        started.elapsed().as_secs()
    );
    verify::print_history(&report)?;
    println!();
    let mails = books::show(site, &books).await?;
    let lost = lost_promises(site, promised).await?;
    let stats = site.dead_letters().stats().await?;
    let of_projector = stats
        .counts
        .iter()
        .filter(|c| c.source == Source::Projector);
    let poisoned: u64 = of_projector.map(|c| c.count).sum();
    println!("orders promised {}, of them lost {lost}", promised.len());
    println!("poison {}, dead letters for it {poisoned}", done.poison);
    let refused = books::refused(site).await?;
    for (participant, refused) in &refused {
        println!(
            "  of {}, dead letters of {participant} {refused}",
            done.for_all
        );
    }
    let mut faults = vec![report.faults, books.faults, lost as u64, mails];
    faults.push(u64::from(!is_settled(&report) || !no_poison));
    faults.push(poisoned.abs_diff(done.poison));
    faults.extend(refused.iter().map(|(_, it)| it.abs_diff(done.for_all)));
    if faults.iter().any(|found| *found > 0) {
        bail!("chaos found faults");
    }
    Ok(())
}

/// With nothing on its way any more. Reading the topic and all documents takes long, and waits for
/// books that add up, or for the last look.
async fn compared(
    site: &Site,
    history: &HistoryCheck,
    books: &BooksCheck,
    last: bool,
) -> anyhow::Result<Option<(Report, books::Report)>> {
    let ledger = site.cast.ledger().await?;
    let books = books.run(true, Some(&ledger)).await?;
    if books.faults > 0 && !last {
        return Ok(None);
    }
    Ok(Some((history.run(true).await?, books)))
}

/// Nothing on its way and nothing held back.
fn is_settled(report: &Report) -> bool {
    let waiting = [
        Class::Pending,
        Class::DocumentBehind,
        Class::Held,
        Class::DocumentHeld,
    ];
    report.faults == 0 && waiting.iter().all(|class| report.count(*class) == 0)
}

/// A record whose attempts are not used up is no dead letter yet, and needs nobody.
async fn requeue_refused(site: &Site) -> anyhow::Result<u64> {
    let filter = Filter {
        source: Some(Source::Relay),
        ..Filter::default()
    };
    let desk = site.dead_letters();
    let started = Instant::now();
    loop {
        // Connections from before the last fault may be dead.
        match desk.requeue_page(&filter, None, 1000, "chaos").await {
            Ok(page) => return Ok(page.requeued),
            Err(error) if started.elapsed() > PATIENCE => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Every version that a caller was told is in the store.
async fn lost_promises(site: &Site, promised: &Promised) -> anyhow::Result<usize> {
    let mut lost = 0;
    for (order_id, version) in promised {
        let stream = site.store().stream(order_id).await.context("the store")?;
        lost += usize::from((stream.len() as u64) < *version);
    }
    Ok(lost)
}
