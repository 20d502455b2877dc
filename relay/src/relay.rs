use std::collections::HashMap;
use std::time::{Duration, Instant};

use event_store::dead_letters::DeadLetters;
use event_store::{Database, Outbox, OutboxRecord, PerSlot, SlotLease, SlotLeases};
use messaging::Kafka;
use tokio::task::JoinSet;

use crate::dead_letter_topic::DeadLetterTopic;
use crate::floor::Floors;
use crate::held_back::HeldBack;
use crate::lane::{Lane, LaneTurn};
use crate::leases::Leases;
use crate::retention::Retention;
use crate::stuck::Stuck;
use crate::{RelayError, Settings};

/// While one lane waits for Kafka, the other reads or marks: alone it drains a backlog a quarter
/// slower. With more of them there are more looks and marks of fewer records, and a record waits
/// longer for its lane. Slots go to lanes by their number, and since lanes are a divisor of the
/// partitions, no two lanes write to one partition.
pub(crate) const LANES: usize = 2;
/// Up to 4 MiB and some thousand records of all slots together: of a partition about as many as a
/// producer takes in while it gathers, so that they go in one request.
const PER_SLOT: PerSlot = PerSlot {
    records: 64,
    bytes: 64 * 1024,
};
/// Between looks without a floor.
const FORGET_FLOORS: Duration = Duration::from_secs(30);

/// Publishes the outbox, with all that belongs to it. Each part has a turn of its own.
pub struct Relay {
    pub leases: Leases,
    pub publishing: Publishing,
    pub held_back: HeldBack,
    pub dead_letter_topic: DeadLetterTopic,
    pub retention: Retention,
}

/// Reads pending records and hands them to the lanes.
pub struct Publishing {
    outbox: Outbox,
    leases: Leases,
    /// A lane that is at work is not here.
    idle: HashMap<usize, Lane>,
    working: JoinSet<Worked>,
    floors: Floors,
    floors_since: Instant,
    pub(crate) stuck: Stuck,
}

struct Worked {
    number: usize,
    lane: Lane,
    result: Result<LaneTurn, RelayError>,
}

/// What one turn did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing was waiting.
    Idle,
    /// How many rows are now marked as published, and how many were refused.
    Sent { published: usize, refused: usize },
}

impl Relay {
    /// `name` is one that no other relay has, and none had before.
    pub fn new(
        database: &Database,
        kafka: &Kafka,
        dead_letter_topic: String,
        name: &str,
        settings: Settings,
    ) -> Self {
        let outbox = Outbox::new(database.clone());
        let store = SlotLeases::new(database.clone(), name, settings.lease);
        let leases = Leases::new(store, settings.lease);
        let lane = || Lane::new(outbox.clone(), kafka, leases.clone(), settings.retries);
        Self {
            publishing: Publishing {
                outbox: outbox.clone(),
                leases: leases.clone(),
                idle: (0..LANES).map(|number| (number, lane())).collect(),
                working: JoinSet::new(),
                floors: Floors::default(),
                floors_since: Instant::now(),
                stuck: Stuck::default(),
            },
            held_back: HeldBack::new(outbox.clone(), kafka, leases.clone(), settings.retries),
            dead_letter_topic: DeadLetterTopic::new(
                DeadLetters::new(database.clone()),
                kafka,
                dead_letter_topic,
                leases.clone(),
            ),
            retention: Retention::new(outbox, leases.clone(), settings.retention),
            leases,
        }
    }
}

impl Publishing {
    /// One whole turn: read, publish, mark.
    pub async fn turn(&mut self) -> Result<Turn, RelayError> {
        self.start().await?;
        let mut turn = Turn::Idle;
        while self.is_working() {
            let (more_published, more_refused) = self.finished().await?;
            let (published, refused) = match turn {
                Turn::Idle => (0, 0),
                Turn::Sent { published, refused } => (published, refused),
            };
            turn = Turn::Sent {
                published: published + more_published,
                refused: refused + more_refused,
            };
        }
        Ok(turn)
    }

    /// Before the first event comes.
    pub(crate) fn warm_up(&mut self) {
        for lane in self.idle.values_mut() {
            lane.warm_up();
        }
    }

    pub(crate) fn is_working(&self) -> bool {
        !self.working.is_empty()
    }

    pub(crate) fn has_idle_lane(&self) -> bool {
        !self.idle.is_empty()
    }

    /// Reads the slots whose lanes are idle, and sets those lanes to work that have something to
    /// do. Returns how many records there were.
    pub(crate) async fn start(&mut self) -> Result<usize, RelayError> {
        if self.floors_since.elapsed() > FORGET_FLOORS {
            self.floors.forget();
            self.floors_since = Instant::now();
        }
        let mut leases = self.leases.held();
        leases.retain(|lease: &SlotLease| self.idle.contains_key(&lane_of(lease.slot)));
        if leases.is_empty() {
            return Ok(0);
        }
        let slots = self.floors.of(&leases);
        let read = Instant::now();
        let pending = self.outbox.pending(&slots, PER_SLOT).await?;
        self.floors.seen(&slots, &pending);
        self.stuck.seen(&slots, &pending, read);

        let found = pending.records.len();
        let mut work: HashMap<usize, Vec<OutboxRecord>> = HashMap::new();
        for record in pending.records {
            work.entry(lane_of(record.slot)).or_default().push(record);
        }
        for (number, records) in work {
            if let Some(mut lane) = self.idle.remove(&number) {
                self.working.spawn(async move {
                    let result = lane.turn(records, read).await;
                    Worked {
                        number,
                        lane,
                        result,
                    }
                });
            }
        }
        Ok(found)
    }

    /// Waits for a lane at work: how many records it published, and how many were refused.
    /// Cancelling it loses nothing. Without a lane at work it waits for ever.
    pub(crate) async fn finished(&mut self) -> Result<(usize, usize), RelayError> {
        let Some(worked) = self.working.join_next().await else {
            return std::future::pending().await;
        };
        let Worked {
            number,
            lane,
            result,
        } = worked?;
        self.idle.insert(number, lane);
        let turn = result?;
        for (slot, position) in turn.passed {
            self.floors.passed(slot, position);
            self.stuck.moved(slot);
        }
        Ok((turn.published, turn.refused))
    }
}

fn lane_of(slot: i16) -> usize {
    slot as usize % LANES
}
