//! The desk: what is put on it, who may do what, and what is cleared away.

mod actions;
mod bulk;
mod listing;
mod purge;
mod races;
mod recording;

use event_store::ExpectedVersion;
use event_store::dead_letters::{
    DeadLetters, NewDeadLetter, OriginalRecord, Place, Reason, Source, State, Subject,
};
use serde_json::json;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::fixture::{Fixture, TOPIC, context, create, new_id};

pub struct Desk {
    pub fixture: Fixture,
    pub letters: DeadLetters,
    pub psql: Client,
}

impl Desk {
    pub async fn new() -> Self {
        let fixture = Fixture::new().await;
        Self {
            letters: DeadLetters::new(fixture.database.clone()),
            psql: fixture.psql().await,
            fixture,
        }
    }

    pub async fn put(&self, item: &NewDeadLetter) -> Uuid {
        self.letters.record(item).await.unwrap().id
    }

    /// An order whose first event the relay has given up, as the relay leaves it.
    pub async fn failed_at_the_relay(&self) -> NewDeadLetter {
        let order = new_id();
        self.fixture
            .executor()
            .execute(&order, ExpectedVersion::New, create(), &context())
            .await
            .unwrap();
        let sql = "UPDATE outbox SET status = 'FAILED', attempts = 4, next_attempt_at = 'infinity'
             WHERE aggregate_id = $1 RETURNING payload::text";
        let row = self.psql.query_one(sql, &[&order]).await.unwrap();
        let event_id = domain::event_id("Order", &order, 1);
        NewDeadLetter {
            source: Source::Relay,
            reason: Reason::MaxRetriesExceeded,
            error_message: "MSG_SIZE_TOO_LARGE".to_owned(),
            place: Place::Outbox(event_id),
            original: OriginalRecord {
                topic: TOPIC.to_owned(),
                key: Some(order.clone().into_bytes()),
                value: Some(row.get::<_, String>(0).into_bytes()),
                headers: Vec::new(),
            },
            subject: created(&order),
            metadata: json!({}),
        }
    }

    pub async fn state(&self, id: Uuid) -> State {
        self.letters.get(id).await.unwrap().unwrap().summary.state
    }

    /// Whether the relay will try the order's row on its next turn.
    pub async fn is_due(&self, item: &NewDeadLetter) -> bool {
        let sql = "SELECT status = 'FAILED' AND next_attempt_at <= clock_timestamp()
             FROM outbox WHERE aggregate_id = $1";
        let order = item.subject.aggregate_id.as_ref().unwrap();
        self.psql.query_one(sql, &[order]).await.unwrap().get(0)
    }

    /// What the relay does once the record, or its stub, is on the topic.
    pub async fn publish(&self, item: &NewDeadLetter) {
        let sql = "UPDATE outbox SET status = 'PUBLISHED', published_at = clock_timestamp(),
                 next_attempt_at = NULL WHERE aggregate_id = $1";
        let order = item.subject.aggregate_id.as_ref().unwrap();
        assert_eq!(self.psql.execute(sql, &[order]).await.unwrap(), 1);
    }
}

pub fn created(order: &str) -> Subject {
    Subject {
        aggregate_type: Some("Order".to_owned()),
        aggregate_id: Some(order.to_owned()),
        version: Some(1),
        event_type: Some("OrderCreated".to_owned()),
    }
}

/// A record nobody can read, at this offset.
pub fn junk(offset: i64) -> NewDeadLetter {
    NewDeadLetter {
        source: Source::Projector,
        reason: Reason::InvalidData,
        error_message: "expected value at line 1 column 1".to_owned(),
        place: Place::Topic {
            partition: 3,
            offset,
        },
        original: OriginalRecord {
            topic: TOPIC.to_owned(),
            key: Some(b"o-1".to_vec()),
            value: Some(b"poison".to_vec()),
            headers: Vec::new(),
        },
        subject: Subject::default(),
        metadata: json!({}),
    }
}

/// A relay's item as the projector would have put it there: the stored event itself.
pub fn at_the_projector(item: NewDeadLetter) -> NewDeadLetter {
    NewDeadLetter {
        source: Source::Projector,
        reason: Reason::InvalidData,
        place: Place::Topic {
            partition: 0,
            offset: 0,
        },
        ..item
    }
}
