use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use domain::OccurredOn;
use event_store::dead_letters::{DeadLetters, Recorded};
use event_store::{
    Database, Doorbell, Effects, EventStoreError, Inbox, Outcome, WaitingRecord, WaitingRecords,
};
use messaging::IncomingRecord;
use runtime::{Backoff, Clock};

use crate::desk::{dead_letter, incoming, waiting};
use crate::{ParticipantError, Reactor, RecordFault, SeenEvent, Source};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events something was done about.
    pub decided: usize,
    /// Events nothing was to be done about, any more or at all.
    pub passed: usize,
    /// Records that are on the desk now.
    pub refused: usize,
    /// Records that wait behind one on the desk.
    pub held: usize,
}

/// How a participant takes in records, wherever they come from.
pub struct Intake<R> {
    pub(crate) reactor: R,
    pub(crate) source: Source,
    pub(crate) inbox: Inbox,
    pub(crate) waiting: WaitingRecords,
    pub(crate) dead_letters: DeadLetters,
    clock: Arc<dyn Clock>,
}

/// What became of the records of a batch, by their place in it.
#[derive(Default)]
struct Judged {
    decided: Vec<usize>,
    passed: usize,
    refused: Vec<(usize, RecordFault)>,
    held: Vec<usize>,
}

impl<R: Reactor> Intake<R> {
    /// `database` is where the reactor's streams are, `doorbell` their relay's.
    pub fn new(
        reactor: R,
        source: Source,
        database: &Database,
        doorbell: &Doorbell,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            reactor,
            source,
            inbox: Inbox::new(database.clone(), R::CONSUMER, doorbell.clone()),
            waiting: WaitingRecords::new(database.clone(), R::CONSUMER),
            dead_letters: DeadLetters::new(database.clone()),
            clock,
        }
    }

    /// Takes in records in their order: what comes of them is written at once; then what could not
    /// be taken in is put on the desk, and what comes behind it under the same key is kept. If this
    /// dies or fails in between, it is done again and finds what it did before.
    pub(crate) async fn take_in(
        &self,
        records: &[IncomingRecord],
    ) -> Result<Counts, ParticipantError> {
        let judged = match self.decide(records, true).await {
            // One of them cannot be written: alone it shows which.
            Err(EventStoreError::Refused(_)) if records.len() > 1 => {
                let mut counts = Counts::default();
                for record in records {
                    let one = Box::pin(self.take_in(std::slice::from_ref(record))).await?;
                    counts.add(one);
                }
                return Ok(counts);
            }
            Err(EventStoreError::Refused(reason)) => Judged {
                refused: vec![(0, RecordFault::Write(reason.to_string()))],
                ..Judged::default()
            },
            judged => judged?,
        };
        // In the topic's order, so that what is in front of a key's records stays there.
        let mut refused: HashMap<usize, RecordFault> = judged.refused.into_iter().collect();
        let counts = Counts {
            decided: judged.decided.len(),
            passed: judged.passed,
            refused: refused.len(),
            held: judged.held.len(),
        };
        let held: HashSet<usize> = judged.held.into_iter().collect();
        for (at, record) in records.iter().enumerate() {
            if let Some(fault) = refused.remove(&at) {
                self.refuse(record, &fault).await?;
            } else if held.contains(&at) {
                self.waiting.keep(&waiting(record, None)).await?;
            }
        }
        counts.count::<R>();
        Ok(counts)
    }

    /// Decides about what is not decided yet, and writes it; again where somebody was faster.
    /// With `heed` the records of blocked keys are held.
    async fn decide(
        &self,
        records: &[IncomingRecord],
        heed: bool,
    ) -> Result<Judged, EventStoreError> {
        let parsed: Vec<_> = records
            .iter()
            .map(|record| SeenEvent::parse(self.source, record))
            .collect();
        let is_passed = |parsed: &Result<SeenEvent, _>| {
            parsed
                .as_ref()
                .is_ok_and(|event| !self.reactor.concerns(event))
        };
        let passed: Vec<bool> = parsed.iter().map(is_passed).collect();
        let concerned =
            || (records.iter().zip(&parsed).zip(&passed)).filter(|(_, passed)| !**passed);
        if concerned().next().is_none() {
            return Ok(Judged {
                passed: records.len(),
                ..Judged::default()
            });
        }
        let events = concerned().filter_map(|((_, parsed), _)| parsed.as_ref().ok().cloned());
        let events: Vec<SeenEvent> = events.collect();
        let ids: Vec<_> = events.iter().map(|event| event.envelope.event_id).collect();
        let keys = concerned().filter_map(|((record, _), _)| record.key.as_deref());
        let keys: Vec<&[u8]> = keys.collect();
        let now = OccurredOn::new(self.clock.now());
        let mut again = Backoff::new(Duration::from_millis(1), Duration::from_millis(100));
        loop {
            let processed = self.inbox.processed(&ids).await?;
            let mut blocked = match heed {
                true => self.waiting.blocked(&keys).await?,
                false => HashSet::new(),
            };
            let mut streams = self.reactor.read(&events).await?;
            let mut effects = Effects::default();
            let mut judged = Judged::default();
            for (at, (record, parsed)) in records.iter().zip(&parsed).enumerate() {
                let key = record.key.as_deref();
                if passed[at] {
                    judged.passed += 1;
                    continue;
                }
                if key.is_some_and(|key| blocked.contains(key)) {
                    judged.held.push(at);
                    continue;
                }
                let fault = match parsed {
                    Ok(event) if processed.contains(&event.envelope.event_id) => Ok(false),
                    Ok(event) => {
                        let context = event.context(now);
                        self.reactor.decide(&mut streams, event, &context)
                    }
                    // Parsed again for a fault of its own.
                    Err(_) => SeenEvent::parse(self.source, record).map(|_| false),
                };
                match fault {
                    Ok(true) => {
                        judged.decided.push(at);
                        if let Ok(event) = parsed {
                            effects.of(event.envelope.event_id);
                        }
                    }
                    Ok(false) => judged.passed += 1,
                    Err(fault) => {
                        if let Some(key) = key {
                            blocked.insert(key.to_vec());
                        }
                        judged.refused.push((at, fault));
                    }
                }
            }
            self.reactor.effects(&streams, &mut effects)?;
            match self.inbox.write(&effects).await? {
                Outcome::Written => {
                    self.reactor.written(&streams);
                    return Ok(judged);
                }
                Outcome::Outdated => tokio::time::sleep(again.wait()).await,
            }
        }
    }

    /// Puts a record on the desk, and its key's later ones behind it.
    async fn refuse(
        &self,
        record: &IncomingRecord,
        fault: &RecordFault,
    ) -> Result<(), ParticipantError> {
        let recorded = self.record(record, fault).await?;
        if record.key.is_some() {
            let waiting = waiting(record, Some(recorded.id));
            self.waiting.keep(&waiting).await?;
        }
        Ok(())
    }

    async fn record(
        &self,
        record: &IncomingRecord,
        fault: &RecordFault,
    ) -> Result<Recorded, ParticipantError> {
        let item = dead_letter(record, fault, R::CONSUMER);
        let recorded = self.dead_letters.record(&item).await?;
        if recorded.new {
            metrics::counter!(
                "dead_letters_total",
                "source" => item.source.as_str(), "reason" => item.reason.as_str()
            )
            .increment(1);
            tracing::error!(
                dead_letter_id = %recorded.id,
                participant = R::CONSUMER,
                order_id = item.subject.aggregate_id,
                topic = record.topic,
                partition = record.partition,
                offset = record.offset,
                error = %fault,
                "a record cannot be taken in"
            );
        }
        Ok(recorded)
    }

    /// Takes in the record whose turn it is among those of its key, or makes room for the next
    /// where it was given up. The item is settled before its record goes: what dies in between
    /// finds a settled item, and makes room.
    pub(crate) async fn take_up(&self, kept: &WaitingRecord) -> Result<(), ParticipantError> {
        let record = incoming(&kept.original, kept.partition, kept.offset);
        if !kept.is_given_up
            && let Some(fault) = self.attempt(&record).await?
        {
            match kept.dead_letter_id {
                Some(id) => {
                    self.dead_letters
                        .failed_again(id, &fault.to_string())
                        .await?
                }
                None => {
                    let recorded = self.record(&record, &fault).await?;
                    self.waiting.mark(kept.position, recorded.id).await?;
                }
            }
            return Ok(());
        }
        if let Some(id) = kept.dead_letter_id.filter(|_| !kept.is_given_up) {
            self.dead_letters.resolve(id).await?;
            tracing::info!(dead_letter_id = %id, participant = R::CONSUMER, "resolved");
        }
        self.waiting.release(kept.position).await?;
        Ok(())
    }

    /// Why a record cannot be taken in this time either, if so.
    pub(crate) async fn attempt(
        &self,
        record: &IncomingRecord,
    ) -> Result<Option<RecordFault>, ParticipantError> {
        match self.decide(std::slice::from_ref(record), false).await {
            Ok(judged) => Ok(judged.refused.into_iter().next().map(|(_, fault)| fault)),
            Err(EventStoreError::Refused(reason)) => {
                Ok(Some(RecordFault::Write(reason.to_string())))
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.decided += other.decided;
        self.passed += other.passed;
        self.refused += other.refused;
        self.held += other.held;
    }

    fn count<R: Reactor>(&self) {
        for (outcome, count) in [
            ("decided", self.decided),
            ("passed", self.passed),
            ("refused", self.refused),
            ("held", self.held),
        ] {
            metrics::counter!(
                "participant_events_total", "participant" => R::CONSUMER, "outcome" => outcome
            )
            .increment(count as u64);
        }
    }
}
