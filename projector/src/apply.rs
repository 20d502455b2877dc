use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use event_store::dead_letters::DeadLetters;
use runtime::Backoff;

use crate::batch::{Arrived, Batch};
use crate::documents::{Change, Known};
use crate::fold::{Stop, fold};
use crate::guarded::Bulk;
use crate::heal::Healer;
use crate::judge::judge;
use crate::memory::Memory;
use crate::totals::Dirty;
use crate::{OrderProjection, ProjectorError, RecordFault, documents};

/// Reads, folds, writes; again for the documents that moved on meanwhile, until each is written or
/// found to be newer, and each record that cannot be applied is on the desk.
///
/// What has taken effect leaves the batch at once: a step that is cut off, or fails, goes on from
/// there.
pub(crate) async fn apply<P: OrderProjection>(
    healer: &Healer<P>,
    dead_letters: &DeadLetters,
    batch: &mut Batch,
    expects_new: &mut bool,
    memory: &mut Memory,
) -> Result<(), ProjectorError> {
    let (database, generation) = (&healer.database, &healer.generation);
    let mut again = Backoff::new(Duration::from_millis(1), Duration::from_millis(100));
    // Orders whose document was refused: one event at a time shows which one it is.
    let mut one_by_one: HashSet<String> = HashSet::new();
    let beginning: HashSet<String> = batch.beginning().cloned().collect();
    // Of these no document is read: it is remembered, or thought not to be there. Where there is
    // another one all the same the write meets it.
    let mut unread: HashSet<String> = batch.events.keys().cloned().collect();
    unread.retain(|id| memory.recall(id).is_some() || *expects_new && beginning.contains(id));
    let mut known_before: HashSet<String> = HashSet::new();
    while !batch.events.is_empty() {
        let since = Instant::now();
        let orders: Vec<String> = batch.events.keys().cloned().collect();
        let sought = orders.iter().filter(|id| !unread.contains(*id));
        let sought: Vec<String> = sought.cloned().collect();
        let mut read = documents::read(database, generation, &sought).await?;
        let mut folds = Vec::with_capacity(orders.len());
        let mut bulk = Bulk::new(database, &generation.collection);
        let mut failed = None;
        for order_id in orders {
            let Some(events) = batch.events.get(&order_id) else {
                continue;
            };
            let most = if one_by_one.contains(&order_id) {
                1
            } else {
                usize::MAX
            };
            let remembered = memory
                .recall(&order_id)
                .filter(|_| unread.contains(&order_id));
            let known: Known<P> = match remembered {
                Some(document) => Known::of(document.clone()),
                None => read.remove(&order_id).unwrap_or_default(),
            };
            let is_whole = known.raw.is_none() || remembered.is_some();
            if known.raw.is_some() && beginning.contains(&order_id) {
                known_before.insert(order_id.clone());
            }
            let folded = fold(&healer.store, &order_id, &known, events, most).await;
            let mut folded = match folded {
                Ok(folded) => folded,
                // What is folded takes effect all the same: some of it is on its way already.
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            };
            // Also of what is known already: whoever wrote it may not have come further.
            let mut dirty = Dirty::default();
            let mut whole = None;
            match folded.entry.take() {
                Some(entry) => {
                    let document = entry.raw()?;
                    whole = is_whole.then(|| document.clone());
                    let before = known.raw.as_deref();
                    // Whoever wrote what comes again may not have come to its totals.
                    if folded.counts.only_applied() && known.held_back.is_none() {
                        dirty.write(P::totals(), since, before, &document);
                    } else {
                        before.into_iter().for_each(|d| dirty.mark(P::totals(), d));
                        dirty.mark(P::totals(), &document);
                    }
                    let change = Change {
                        document,
                        order_id: entry.order_id,
                        guard: known.guard,
                    };
                    bulk.push(change.into()).await?;
                }
                None => {
                    if let Some(document) = &known.raw {
                        dirty.mark(P::totals(), document);
                    }
                }
            }
            folds.push((order_id, folded, dirty, whole));
        }
        let written = bulk.finish().await?;
        let missed: HashSet<String> = written.missed.into_iter().collect();
        let mut refused: HashMap<String, RecordFault> = written.refused.into_iter().collect();
        for (order_id, mut folded, dirty, whole) in folds {
            let moved_on = missed.contains(&order_id);
            // What went wrong may be that this was applied long ago.
            let in_doubt = folded.events == 0 || moved_on || refused.contains_key(&order_id);
            if in_doubt {
                memory.forget(&order_id);
                if unread.remove(&order_id) {
                    refused.remove(&order_id);
                    continue;
                }
            }
            if moved_on {
                continue;
            }
            if let Some(fault) = refused.remove(&order_id) {
                if one_by_one.insert(order_id.clone()) && folded.events > 1 {
                    continue;
                }
                folded.stop = Some(Stop::Fault(fault));
            } else {
                if let Some(document) = whole {
                    memory.keep(order_id.clone(), document);
                }
                batch.counts.add(folded.counts);
                batch.dirty.add(dirty);
                batch.finish(&order_id, folded.events);
            }
            if let Some(stop) = folded.stop
                && let Some(culprit) = batch.events.get(&order_id).and_then(VecDeque::front)
            {
                let fault = match (&stop, &culprit.content) {
                    (Stop::Fault(fault), _) | (Stop::Junk, Arrived::Junk(fault)) => fault,
                    // A fold stops at junk only where junk is.
                    (Stop::Junk, Arrived::Event(_) | Arrived::Stub(_)) => continue,
                };
                judge(healer, dead_letters, &culprit.record, fault).await?;
                batch.refused += 1;
                batch.set_aside(&order_id);
            }
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        if !missed.is_empty() {
            tokio::time::sleep(again.wait()).await;
        }
    }
    if !beginning.is_empty() {
        *expects_new = known_before.len() * 2 <= beginning.len();
    }
    while let Some((record, fault)) = batch.keyless.front() {
        judge(healer, dead_letters, record, fault).await?;
        batch.refused += 1;
        batch.keyless.pop_front();
    }
    Ok(())
}
