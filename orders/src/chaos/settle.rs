use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use event_store::dead_letters::{Filter, Source};
use projector::history::{Class, Report};

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

    let check = site.history().await?;
    let started = Instant::now();
    let report = loop {
        let backlog = site.outbox().backlog().await;
        let drained = backlog.is_ok_and(|b| b.pending == 0 && b.held == 0);
        if drained {
            match check.run(true).await {
                Ok(report) if is_settled(&report) => break report,
                Ok(report) if started.elapsed() > PATIENCE => break report,
                Err(error) if started.elapsed() > PATIENCE => return Err(error.into()),
                Ok(_) | Err(_) => {}
            }
        } else if started.elapsed() > PATIENCE {
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
    verify::print(&report);
    let lost = lost_promises(site, promised).await?;
    let stats = site.dead_letters().stats().await?;
    let of_projector = stats
        .counts
        .iter()
        .filter(|c| c.source == Source::Projector);
    let poisoned: u64 = of_projector.map(|c| c.count).sum();
    println!("orders promised {}, of them lost {lost}", promised.len());
    println!("poison {}, dead letters for it {poisoned}", done.poison);
    if report.faults > 0 || !is_settled(&report) || lost > 0 || poisoned != done.poison {
        bail!("chaos found faults");
    }
    Ok(())
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
