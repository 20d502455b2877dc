use std::collections::BTreeMap;
use std::time::Instant;

use bson::Bson;
use read_models::Generation;

use super::folded_totals::totals;
use super::report::{Findings, Tally};
use super::settle::AGAIN;
use super::totals::Keys;
use super::{Difference, Place, Progress, Verification};
use crate::totals::{Dirty, recompute};
use crate::{OrderView, ProjectorError};

/// Totals looked at by one question.
const AT_ONCE: usize = 500;
/// A total that was written so often, each time from orders read anew, has customers who order all
/// the time: it is never level with them.
const MOVES: u32 = 6;

/// A total that differs.
struct Doubt {
    revision: Option<Bson>,
    /// It has had this revision.
    since: Instant,
    moves: u32,
    difference: Difference,
}

/// Totals that differed.
#[derive(Default)]
struct Settled {
    /// And were not written for as long as patience lasts.
    standing: BTreeMap<(usize, String), Difference>,
    in_motion: u64,
}

impl Verification {
    /// Looks again at totals until they agree with the documents or patience ends, heals what
    /// stays different if told to, and says what it found.
    pub(super) async fn judge_totals(
        &self,
        generation: &Generation,
        doubtful: Keys,
        findings: &mut Findings,
        progress: &impl Fn(Progress),
    ) -> Result<Tally, ProjectorError> {
        let settled = self.settle_totals(generation, doubtful, progress).await?;
        let mut tally = Tally {
            in_motion: settled.in_motion,
            ..Tally::default()
        };
        let mut left = BTreeMap::new();
        if self.heal {
            let mut dirty = Dirty::default();
            for (place, key) in settled.standing.keys() {
                dirty.mark_key(*place, key);
            }
            recompute::<OrderView>(&self.read_database, generation, &dirty).await?;
            let mended = settled.standing.keys().cloned().collect();
            left = self
                .settle_totals(generation, mended, progress)
                .await?
                .standing;
        }
        for (total, difference) in &settled.standing {
            let healed = self.heal && !left.contains_key(total);
            let (place, key) = total;
            let name = totals().nth(*place).map_or("", |(_, total)| total.name());
            findings.add(key, Place::Total(name), difference, healed);
            tally.healed += u64::from(healed);
            tally.faults += u64::from(!healed);
        }
        Ok(tally)
    }

    async fn settle_totals(
        &self,
        generation: &Generation,
        doubtful: Keys,
        progress: &impl Fn(Progress),
    ) -> Result<Settled, ProjectorError> {
        let mut doubts: BTreeMap<(usize, String), Option<Doubt>> =
            doubtful.into_iter().map(|total| (total, None)).collect();
        let mut settled = Settled::default();
        loop {
            for (place, total) in totals() {
                let keys = doubts.keys().filter(|(of, _)| *of == place);
                let keys: Vec<String> = keys.map(|(_, key)| key.clone()).collect();
                for keys in keys.chunks(AT_ONCE) {
                    let seen = self.look_at_totals(generation, total, keys).await?;
                    for (key, seen) in seen {
                        let this = (place, key);
                        let before = doubts.remove(&this).flatten();
                        let Some(difference) = seen.difference else {
                            continue;
                        };
                        let doubt = Doubt::again(before, seen.revision, difference);
                        if doubt.since.elapsed() >= self.patience {
                            settled.standing.insert(this, doubt.difference);
                        } else if doubt.moves >= MOVES {
                            settled.in_motion += 1;
                        } else {
                            doubts.insert(this, Some(doubt));
                        }
                    }
                }
            }
            if doubts.is_empty() {
                return Ok(settled);
            }
            progress(Progress::Suspects { left: doubts.len() });
            tokio::time::sleep(AGAIN).await;
        }
    }
}

impl Doubt {
    /// A total that has been written anew was computed anew: what it said before does not count.
    fn again(before: Option<Self>, revision: Option<Bson>, difference: Difference) -> Self {
        let (since, moves) = match before {
            Some(before) if before.revision == revision => (before.since, before.moves),
            Some(before) => (Instant::now(), before.moves + 1),
            None => (Instant::now(), 0),
        };
        Self {
            revision,
            since,
            moves,
            difference,
        }
    }
}
