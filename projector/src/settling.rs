use std::collections::HashMap;
use std::marker::PhantomData;
use std::time::Duration;

use read_models::{Generation, ReadDatabase};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::totals::{Dirty, LastWritten, recompute_changed};
use crate::{OrderProjection, ProjectorError};

/// How long marked totals are gathered: batches have many in common.
const GATHER: Duration = Duration::from_millis(400);
/// While there is a backlog, computing totals leaves the server this many times as long to the
/// documents.
const REST: u32 = 2;
/// So many are computed without any rest, to bound what is kept in memory and read again after a
/// crash.
const MOST: usize = 100_000;

/// Offsets of what was applied, waiting until the totals that it touched are computed. That goes
/// on beside the next batches.
pub(crate) struct Settling<P> {
    gathered: Gathered,
    under_way: Option<UnderWay>,
    /// While nothing is under way.
    last_written: LastWritten,
    not_before: Instant,
    backlog: bool,
    hurry: bool,
    projection: PhantomData<P>,
}

#[derive(Default)]
struct Gathered {
    dirty: Dirty,
    offsets: HashMap<i32, i64>,
    since: Option<Instant>,
}

struct UnderWay {
    started: Instant,
    gathered: Gathered,
    /// One task, which ends with this: a worker that is dropped does nothing any more.
    task: JoinSet<Result<LastWritten, ProjectorError>>,
    ended: Option<Result<LastWritten, ProjectorError>>,
}

impl<P: OrderProjection> Default for Settling<P> {
    fn default() -> Self {
        Self {
            gathered: Gathered::default(),
            under_way: None,
            last_written: LastWritten::default(),
            not_before: Instant::now(),
            backlog: false,
            hurry: false,
            projection: PhantomData,
        }
    }
}

impl<P: OrderProjection> Settling<P> {
    /// `backlog`: more records wait than a batch takes.
    pub fn add(&mut self, dirty: Dirty, offsets: HashMap<i32, i64>, backlog: bool) {
        self.backlog = backlog;
        self.gathered.dirty.add(dirty);
        self.gathered.offsets.extend(offsets);
        self.gathered.since.get_or_insert_with(Instant::now);
    }

    pub fn is_empty(&self) -> bool {
        self.under_way.is_none() && self.gathered.since.is_none()
    }

    /// Nothing is gathered for long any more.
    pub fn hurry(&mut self) {
        self.hurry = true;
    }

    fn due(&self) -> Option<Instant> {
        let since = self.gathered.since?;
        let many = self.gathered.dirty.len() >= MOST;
        if self.hurry || many || self.gathered.dirty.len() == 0 {
            return Some(since);
        }
        let gathered = since + GATHER;
        Some(match self.backlog {
            true => gathered.max(self.not_before),
            false => gathered,
        })
    }

    /// Ends when [`Self::turn`] has something to do. Can be cut off anywhere.
    pub async fn ready(&mut self) {
        let due = self.due();
        match (&mut self.under_way, due) {
            (Some(under_way), _) => {
                if under_way.ended.is_none() {
                    let ended = under_way.task.join_next().await;
                    under_way.ended = Some(outcome(ended));
                }
            }
            (None, Some(due)) => sleep_until(due).await,
            (None, None) => std::future::pending().await,
        }
    }

    /// Starts to compute what is due. Returns the offsets whose totals are all computed by now.
    pub fn turn(
        &mut self,
        database: &ReadDatabase,
        generation: &Generation,
    ) -> Result<Option<HashMap<i32, i64>>, ProjectorError> {
        let settled = self.take_ended()?;
        if self.under_way.is_some() || self.due().is_none_or(|due| due > Instant::now()) {
            return Ok(settled);
        }
        let gathered = std::mem::take(&mut self.gathered);
        if gathered.dirty.len() == 0 {
            let mut settled = settled.unwrap_or_default();
            settled.extend(gathered.offsets);
            return Ok(Some(settled));
        }
        let (database, generation) = (database.clone(), generation.clone());
        let dirty = gathered.dirty.clone();
        let last = std::mem::take(&mut self.last_written);
        let mut task = JoinSet::new();
        task.spawn(
            async move { recompute_changed::<P>(&database, &generation, &dirty, last).await },
        );
        self.under_way = Some(UnderWay {
            started: Instant::now(),
            gathered,
            task,
            ended: None,
        });
        Ok(settled)
    }

    /// What failed is gathered again, with all that came after it.
    fn take_ended(&mut self) -> Result<Option<HashMap<i32, i64>>, ProjectorError> {
        let Some(mut under_way) = self.under_way.take() else {
            return Ok(None);
        };
        let joined = under_way.task.try_join_next();
        let ended = under_way.ended.take();
        match ended.or_else(|| joined.map(|joined| outcome(Some(joined)))) {
            None => {
                self.under_way = Some(under_way);
                Ok(None)
            }
            Some(Ok(last_written)) => {
                self.last_written = last_written;
                self.not_before = Instant::now() + under_way.started.elapsed() * REST;
                Ok(Some(under_way.gathered.offsets))
            }
            Some(Err(error)) => {
                let later = std::mem::replace(&mut self.gathered, under_way.gathered);
                self.gathered.dirty.add(later.dirty);
                self.gathered.offsets.extend(later.offsets);
                Err(error)
            }
        }
    }
}

fn outcome(
    ended: Option<Result<Result<LastWritten, ProjectorError>, tokio::task::JoinError>>,
) -> Result<LastWritten, ProjectorError> {
    match ended {
        Some(Ok(outcome)) => outcome,
        Some(Err(broken)) => Err(ProjectorError::Totals(broken.to_string())),
        None => Err(ProjectorError::Totals("nothing was computed".to_owned())),
    }
}
