use std::sync::Arc;
use std::time::Duration;

use event_store::dead_letters::Source;
use runtime::health::Check;
use tokio_util::sync::CancellationToken;

use crate::desk::incoming;
use crate::error::{UNKNOWN_EVENT_TYPE, UNKNOWN_SCHEMA_VERSION};
use crate::intake::Intake;
use crate::{ParticipantError, Reactor, RecordFault, SeenEvent};
use domain::contract::ContractError;

/// Keys taken up in a turn.
const AT_ONCE: i64 = 50;
/// Between looks at what waits.
const LOOK: Duration = Duration::from_secs(1);

/// Takes up what waits behind dead letters, in its order: a requeued record is tried again, a
/// discarded one makes room, and then whatever waits behind it is taken in until something is
/// refused again.
pub struct Blocked<R> {
    intakes: Vec<(String, Arc<Intake<R>>)>,
}

impl<R: Reactor> Blocked<R> {
    /// How a participant takes in each of its topics.
    pub fn new(intakes: Vec<(String, Arc<Intake<R>>)>) -> Self {
        Self { intakes }
    }

    fn of(&self, topic: &str) -> Option<&Intake<R>> {
        let intake = self.intakes.iter().find(|(name, _)| name == topic);
        if intake.is_none() {
            // A release that read more topics kept it.
            tracing::warn!(topic, "nobody here takes in what waits of this topic");
        }
        intake.map(|(_, intake)| &**intake)
    }

    /// Returns how many records it took up.
    pub async fn turn(&self) -> Result<usize, ParticipantError> {
        let mut taken_up = 0;
        // All of them share the participant's waiting records and its desk.
        let Some((_, any)) = self.intakes.first() else {
            return Ok(0);
        };
        for record in any.waiting.first_in_turn(AT_ONCE).await? {
            if let Some(intake) = self.of(&record.original.topic) {
                intake.take_up(&record).await?;
                taken_up += 1;
            }
        }
        // What is left has no key, and nothing waits behind it.
        let desk = &any.dead_letters;
        let keyless = desk.requeued_without_key(Source::Participant, AT_ONCE);
        for item in keyless.await? {
            let Some(intake) = self.of(&item.original.topic) else {
                continue;
            };
            let (partition, offset) = item.place.unwrap_or((-1, -1));
            let record = incoming(&item.original, partition, offset);
            match intake.attempt(&record).await? {
                Some(fault) => {
                    let error = fault.to_string();
                    desk.failed_again(item.id, &error).await?;
                }
                None => desk.resolve(item.id).await?,
            }
            taken_up += 1;
        }
        Ok(taken_up)
    }

    /// Requeues what failed because code older than this did not know its type or version. Returns
    /// how many items that are.
    pub async fn requeue_known(&self) -> Result<usize, ParticipantError> {
        let faults = [UNKNOWN_EVENT_TYPE, UNKNOWN_SCHEMA_VERSION];
        let (mut after, mut known) = (0, 0);
        let Some((_, any)) = self.intakes.first() else {
            return Ok(0);
        };
        loop {
            let desk = &any.dead_letters;
            let items = desk.open_with_fault(Source::Participant, &faults, after, AT_ONCE);
            let items = items.await?;
            let Some(last) = items.last() else {
                return Ok(known);
            };
            after = last.position;
            for item in items {
                let Some(intake) = self.of(&item.original.topic) else {
                    continue;
                };
                let record = incoming(&item.original, -1, -1);
                let unknown = matches!(
                    SeenEvent::parse(intake.source, &record),
                    Err(RecordFault::Contract(
                        ContractError::UnknownEventType(_)
                            | ContractError::UnknownSchemaVersion { .. }
                    ))
                );
                if !unknown {
                    let why = "this version knows the event's type and schema version";
                    desk.requeue_as(item.id, R::CONSUMER, why).await?;
                    known += 1;
                }
            }
        }
    }

    /// Turns until `stop`, and keeps the gauge of blocked keys.
    pub async fn run(self, check: Check, stop: CancellationToken) {
        let mut known = false;
        while !stop.is_cancelled() {
            let turn = async {
                if !known {
                    self.requeue_known().await?;
                    known = true;
                }
                let taken_up = self.turn().await?;
                if let Some((_, any)) = self.intakes.first() {
                    let blocked = any.waiting.blocked_keys().await?;
                    metrics::gauge!("keys_blocked", "by" => R::CONSUMER).set(blocked as f64);
                }
                Ok::<_, ParticipantError>(taken_up)
            };
            let more = match turn.await {
                Ok(taken_up) => {
                    check.up();
                    taken_up > 0
                }
                Err(error) => {
                    check.away(error);
                    false
                }
            };
            if more {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}
