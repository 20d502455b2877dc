use command_api::delete_expired_keys;
use event_store::{Database, Doorbell, IdempotencyKeys};
use runtime::config::{KafkaArgs, OutboxArgs, PostgresArgs};
use runtime::health::Health;

use crate::process::Process;
use crate::services::command_api::FIRST_CLEAN_UP;
use crate::services::relay::{RelayedOutbox, relay};

/// A participant's own schema, and the relay of what it tells.
pub struct Home {
    pub database: Database,
    pub doorbell: Doorbell,
    pub health: Health,
}

impl Home {
    pub fn new(
        process: &mut Process,
        schema: &'static str,
        topic: &str,
        postgres: &PostgresArgs,
        kafka: &KafkaArgs,
        outbox: &OutboxArgs,
    ) -> anyhow::Result<Self> {
        let home = Self {
            database: process.schema(postgres, schema)?,
            doorbell: Doorbell::default(),
            health: process.health().of(schema),
        };
        let relayed = RelayedOutbox {
            owner: Some(schema),
            database: home.database.clone(),
            doorbell: home.doorbell.clone(),
            topic: topic.to_owned(),
        };
        relay(process, relayed, kafka, outbox)?;
        // Of what was done at its desk.
        let (keys, stop) = (
            IdempotencyKeys::new(home.database.clone()),
            process.stop.clone(),
        );
        process.spawn("idempotency keys", async move {
            delete_expired_keys(keys, FIRST_CLEAN_UP, stop).await;
            Ok::<_, std::convert::Infallible>(())
        });
        Ok(home)
    }
}
