//! Who takes part in sagas, each alone in a process of its own or beside the others in one.

mod home;
pub mod inventory;
pub mod notification;
pub mod order_saga;
pub mod payment;
pub mod simulator;

use std::sync::Arc;

use event_store::{Database, Doorbell};
use messaging::MessagingError;
use participants::{Blocked, Intake, ParticipantError, Reactor, Source, Worker, join};
use runtime::config::KafkaArgs;
use runtime::health::Health;

use super::patiently;
use crate::process::Process;

#[derive(Default, clap::Args)]
pub struct MemberArgs {
    /// A name that stays with this participant's process across restarts, for static group
    /// membership: one that was killed has its partitions back at once, not after a session
    /// time-out. No two processes of a participant share one
    #[arg(
        long,
        env = "PARTICIPANT_INSTANCE_ID",
        value_name = "NAME",
        help_heading = "Kafka"
    )]
    pub participant_instance_id: Option<String>,
}

/// Where a participant's streams are, and what it reads.
struct Part<'a> {
    database: &'a Database,
    doorbell: &'a Doorbell,
    health: Health,
    kafka: &'a KafkaArgs,
    member: &'a MemberArgs,
    sources: &'a [(Source, &'a str)],
}

/// Lets a participant take in the topics of the others.
fn take_part<R: Reactor + 'static>(
    process: &mut Process,
    part: &Part<'_>,
    reactor: impl Fn() -> R,
) -> anyhow::Result<()> {
    let kafka = process.kafka(part.kafka)?;
    let partitions = part.kafka.order_events_partitions;
    let mut intakes = Vec::new();
    for &(source, topic) in part.sources {
        let clock = process.clock.clone();
        let intake = Intake::new(reactor(), source, part.database, part.doorbell, clock);
        let intake = Arc::new(intake);
        intakes.push((topic.to_owned(), intake.clone()));
        let check = part.health.check(format!("{} of {topic}", R::CONSUMER));
        let (kafka, stop, topic) = (kafka.clone(), process.stop.clone(), topic.to_owned());
        let instance = part.member.participant_instance_id.clone();
        process.spawn(R::CONSUMER, async move {
            // A topic with other partitions than configured is no outage.
            let joined = patiently(&check, &stop, || async {
                match kafka.check_topic(&topic, partitions).await {
                    Err(error @ MessagingError::PartitionCount { .. }) => return Ok(Err(error)),
                    checked => checked?,
                }
                let consumer = join(&kafka, R::CONSUMER, &topic, partitions, instance.as_deref());
                consumer.await.map(Ok)
            });
            if let Some(consumer) = joined.await {
                let worker = Worker::new(consumer?, &topic, intake);
                worker.run(check, stop).await;
            }
            Ok::<_, ParticipantError>(())
        });
    }
    let blocked = Blocked::new(intakes);
    let check = part.health.check(format!("{}, blocked keys", R::CONSUMER));
    let stop = process.stop.clone();
    process.spawn(R::CONSUMER, async move {
        blocked.run(check, stop).await;
        Ok::<_, ParticipantError>(())
    });
    Ok(())
}
