use std::collections::BTreeSet;
use std::time::Instant;

use bson::Bson;
use event_store::dead_letters::{DeadLetters, Place as RecordPlace, Source, dead_letter_id};
use read_models::LoggedRecord;

use super::log::LogCheck;
use super::newest::NewestRecords;
use super::report::{Findings, Tally};
use super::settle::AGAIN;
use super::{Class, Difference, Place, Verification};
use crate::{EventLog, Projection, ProjectorError};

impl Verification {
    /// The log that answers queries; `None` before a projector ever ran.
    pub(super) async fn log(&self) -> Result<Option<LogCheck>, ProjectorError> {
        let live = self.read_database.live(LoggedRecord::PROJECTION).await?;
        let known = EventLog.schema_version();
        match live {
            Some(live) if live.schema_version != known => Err(ProjectorError::OtherSchema {
                projection: LoggedRecord::PROJECTION,
                number: live.number,
                found: live.schema_version,
                known,
            }),
            Some(live) => {
                let log = self.read_database.database().collection(&live.collection);
                Ok(Some(LogCheck::new(log, self.sample)))
            }
            None => Ok(None),
        }
    }

    /// Waits for entries that may be on their way, and for records that the log is ahead with, and
    /// says what is missing, too much or different then.
    pub(super) async fn judge_log(
        &self,
        topics: &mut NewestRecords,
        findings: &mut Findings,
    ) -> Result<Tally, ProjectorError> {
        let mut tally = Tally::default();
        let started = Instant::now();
        let Some(log) = &mut topics.log else {
            return Ok(tally);
        };
        log.look_up().await?;
        // What comes from now on has no patience left.
        let suspects: BTreeSet<String> = log.missing.keys().cloned().collect();
        let mut beyond = match self.sample.is_all() {
            true => log.beyond().await?,
            false => Vec::new(),
        };
        loop {
            if !beyond.is_empty() {
                topics.catch_up().await?;
            }
            let Some(log) = &mut topics.log else {
                return Ok(tally);
            };
            log.look_up().await?;
            log.look_again().await?;
            beyond.retain(|entry| !log.has_read(entry));
            let missing = suspects.iter().any(|id| log.missing.contains_key(id));
            let agrees = !missing && beyond.is_empty();
            if agrees || started.elapsed() >= self.patience {
                break;
            }
            tokio::time::sleep(AGAIN).await;
        }
        let Some(log) = &mut topics.log else {
            return Ok(tally);
        };
        let mut add = |id: &str, difference: &Difference| {
            findings.add(id, Place::EventLog, difference, false);
            tally.faults += u64::from(difference.class != Class::Held);
        };
        let missing = log.missing.iter().filter(|(id, _)| suspects.contains(*id));
        for (id, place) in missing {
            let at = RecordPlace::Topic {
                partition: place.partition,
                offset: place.offset,
            };
            let item = dead_letter_id(Source::Projector, &place.topic, at);
            let letters = DeadLetters::new(self.database.clone());
            let difference = match letters.known(&[item]).await?.contains(&item) {
                true => Difference::of(Class::Held, "is a dead letter"),
                false => Difference::of(Class::Missing, "no entry"),
            };
            add(id, &difference);
        }
        for entry in &beyond {
            let id = match entry.get("_id") {
                Some(Bson::String(id)) => id.clone(),
                other => other.map(ToString::to_string).unwrap_or_default(),
            };
            add(&id, &Difference::of(Class::Extra, "no such record"));
        }
        for (id, difference) in &log.different {
            add(id, difference);
        }
        tally.compared = log.records;
        Ok(tally)
    }
}
