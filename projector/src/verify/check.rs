use std::collections::HashMap;
use std::time::Duration;

use cqrs_es::Aggregate;
use domain::order::Order;
use event_store::dead_letters::{DeadLetters, Place as RecordPlace, Source, dead_letter_id};
use event_store::{Database, EventStore, Outbox, StateRow};
use messaging::Kafka;
use read_models::{Generation, ReadDatabase};

use super::expected::Expected;
use super::folded_totals::FoldedTotals;
use super::newest::{Newest, NewestRecords};
use super::report::{Findings, Tally};
use super::{Class, Difference, Place, Report, Sample, compare};
use crate::history::{Entry, place};
use crate::{ProjectorError, Topics};

/// Events of a page of the log.
const EVENTS: u32 = 2000;
/// Orders compared at once.
pub(super) const ORDERS: usize = 500;

/// Compares everything that is derived with what it is derived from.
pub struct Verification {
    pub store: EventStore<Order>,
    /// The store's.
    pub database: Database,
    pub kafka: Kafka,
    pub topics: Topics,
    pub read_database: ReadDatabase,
    pub sample: Sample,
    /// How long a difference may take to go away: an event may be on its way.
    pub patience: Duration,
    /// Folds documents again that differ, and removes those of orders that the store has not.
    pub heal: bool,
}

/// How far a verification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    Records { read: u64 },
    Orders { compared: u64, about: u64 },
    Suspects { left: usize },
}

pub(super) type Differences = Vec<(Place, Difference)>;

impl Verification {
    /// Reads it all once, and what differs again until it agrees or patience ends.
    pub async fn run(&self, progress: impl Fn(Progress)) -> Result<Report, ProjectorError> {
        let read = |read| progress(Progress::Records { read });
        let log = self.log().await?;
        let records = NewestRecords::read(&self.kafka, &self.topics, self.sample, log, read);
        let mut topic = records.await?;
        let generation = self.generation().await?;
        let generation = generation.as_ref();
        let mut findings = Findings::default();
        let mut suspects = Vec::new();
        let mut folded = FoldedTotals::default();
        let orders = self
            .all(
                &topic.newest,
                generation,
                &mut suspects,
                &mut folded,
                &progress,
            )
            .await?;
        if self.sample.is_all() {
            suspects.extend(self.extras(&topic.newest, generation).await?);
        }
        suspects.sort_unstable();
        suspects.dedup();
        self.settle(&mut topic, generation, &mut suspects, &progress)
            .await?;
        let (mut faults, mut healed) = (0, 0);
        for order_id in &suspects {
            for (place, difference) in self.look(&topic.newest, generation, order_id).await? {
                let mended = self.heal
                    && place == Place::Document
                    && self.mend(generation, order_id, &difference).await?;
                match (mended, difference.class) {
                    (true, _) => healed += 1,
                    (false, Class::Held) => {}
                    (false, _) => faults += 1,
                }
                findings.add(order_id, place, &difference, mended);
            }
        }
        // Last: whatever was healed is in its totals.
        let (mut totals, mut tally) = (0, Tally::default());
        if let Some(generation) = generation {
            let doubtful;
            (totals, doubtful) = self.doubtful_totals(generation, folded).await?;
            tally = self
                .judge_totals(generation, doubtful, &mut findings, &progress)
                .await?;
        }
        let log = self.judge_log(&mut topic, &mut findings).await?;
        Ok(Report {
            orders,
            collection: generation.map(|g| g.collection.clone()),
            totals,
            totals_in_motion: tally.in_motion,
            records: log.compared,
            faults: faults + tally.faults + log.faults,
            healed: healed + tally.healed,
            findings: findings.into_vec(),
        })
    }

    /// The whole log; how many orders were compared.
    async fn all(
        &self,
        newest: &HashMap<String, Newest>,
        generation: Option<&Generation>,
        suspects: &mut Vec<String>,
        folded: &mut FoldedTotals,
        progress: &impl Fn(Progress),
    ) -> Result<u64, ProjectorError> {
        let about = self.store.estimated_aggregates().await?;
        let mut compared = 0;
        let mut last: Option<(String, u64)> = None;
        let mut stream: Vec<Entry> = Vec::new();
        let mut streams: Vec<(String, Vec<Entry>)> = Vec::new();
        loop {
            let after = last.as_ref().map(|(id, version)| (id.as_str(), *version));
            let page = self.store.page(after, EVENTS).await?;
            let ended = page.is_empty();
            for entry in page {
                let (id, version) = place(&entry);
                if last.as_ref().is_some_and(|(before, _)| before != id) {
                    self.gather(&mut stream, &mut streams);
                }
                last = Some((id.to_owned(), version));
                stream.push(entry);
            }
            if ended {
                self.gather(&mut stream, &mut streams);
            }
            if ended || streams.len() >= ORDERS {
                compared += streams.len() as u64;
                let streams = std::mem::take(&mut streams);
                let streams = self.compare(streams, newest, generation, Some(folded));
                for (id, differences) in streams.await? {
                    if !differences.is_empty() {
                        suspects.push(id);
                    }
                }
                progress(Progress::Orders { compared, about });
            }
            if ended {
                return Ok(compared);
            }
        }
    }

    fn gather(&self, stream: &mut Vec<Entry>, streams: &mut Vec<(String, Vec<Entry>)>) {
        let stream = std::mem::take(stream);
        if let Some(id) = stream.first().map(|first| place(first).0.to_owned())
            && self.sample.takes(&id)
        {
            streams.push((id, stream));
        }
    }

    pub(super) async fn compare(
        &self,
        streams: Vec<(String, Vec<Entry>)>,
        newest: &HashMap<String, Newest>,
        generation: Option<&Generation>,
        mut folded: Option<&mut FoldedTotals>,
    ) -> Result<Vec<(String, Differences)>, ProjectorError> {
        let ids: Vec<String> = streams.iter().map(|(id, _)| id.clone()).collect();
        let rows = self.store.states(&ids).await?;
        let rows: HashMap<&str, &StateRow<Order>> =
            rows.iter().map(|row| (row.id.as_str(), row)).collect();
        let mut documents = self.documents(generation, &ids).await?;
        let outbox = Outbox::new(self.database.clone());
        let mut compared = Vec::with_capacity(streams.len());
        for (id, stream) in streams {
            let mut differences = Vec::new();
            match Expected::of(&stream) {
                Ok(expected) => {
                    if let Some(folded) = &mut folded {
                        folded.add(&expected.document)?;
                    }
                    let found = rows.get(id.as_str()).copied();
                    let state = compare::state(&expected, found);
                    differences.extend(state.map(|d| (Place::State, d)));
                    if generation.is_some() {
                        let document = compare::document(&expected, documents.remove(&id));
                        differences.extend(document.map(|d| (Place::Document, d)));
                    }
                    let found = newest.get(&id);
                    let topic = compare::newest(&expected, found);
                    if let Some(difference) = topic
                        && !self.is_junk(&expected, found).await?
                    {
                        differences.push((Place::Topic, difference));
                    }
                }
                Err(reason) => {
                    let unreadable = Difference::of(Class::Unreadable, reason);
                    differences.push((Place::State, unreadable));
                }
            }
            if differences.iter().any(|(_, d)| d.class.may_be_held())
                && outbox.holds_back(Order::TYPE, &id).await?
            {
                for (_, difference) in &mut differences {
                    difference.hold();
                }
            }
            compared.push((id, differences));
        }
        Ok(compared)
    }

    /// A record beyond the store's last event, and on the desk: it hides the newest one, of which
    /// nothing can be said.
    async fn is_junk(
        &self,
        expected: &Expected,
        found: Option<&Newest>,
    ) -> Result<bool, ProjectorError> {
        let Some(found) = found.filter(|found| found.version > expected.version) else {
            return Ok(false);
        };
        self.is_refused(found).await
    }

    pub(super) async fn is_refused(&self, record: &Newest) -> Result<bool, ProjectorError> {
        let place = RecordPlace::Topic {
            partition: record.partition,
            offset: record.offset,
        };
        let id = dead_letter_id(Source::Projector, &self.topics.orders.name, place);
        let letters = DeadLetters::new(self.database.clone());
        Ok(letters.known(&[id]).await?.contains(&id))
    }
}
