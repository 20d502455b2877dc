//! How fresh a view is said to be: whoever stands still, it must not look fresher than it is.

use std::time::{Duration, Instant};

use bson::DateTime;
use event_store::{Database, DatabaseConfig, Outbox};
use projector::{Freshness, Worker};
use read_models::OrderDocument;

use crate::fixture::{Fixture, PARTITIONS, drain};

const PATIENCE: Duration = Duration::from_secs(20);

struct Watched {
    fixture: Fixture,
    freshness: Freshness,
    worker: Worker,
}

impl Watched {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        Self {
            freshness: freshness(&fixture, Outbox::new(fixture.database.clone())),
            worker: fixture.worker(),
            fixture,
        }
    }

    /// An order with one event, in the outbox; when it was put there.
    async fn order(&self) -> (String, DateTime) {
        let id = self.fixture.order(1).await;
        let sql = "SELECT created_at FROM outbox WHERE aggregate_id = $1";
        let row = self.fixture.psql().await.query_one(sql, &[&id]).await;
        (id, DateTime::from_system_time(row.unwrap().get(0)))
    }

    /// A turn of everything but the relay.
    async fn turn(&mut self) -> Option<DateTime> {
        self.worker.step(Duration::ZERO).await.unwrap();
        self.look().await
    }

    /// A turn of what watches.
    async fn look(&mut self) -> Option<DateTime> {
        self.freshness.note().await.unwrap();
        self.freshness.settle().await.unwrap();
        let fixture = &self.fixture;
        let through = fixture.read_database.applied_through(&fixture.generation);
        through.await.unwrap()
    }

    async fn until(&mut self, enough: impl Fn(DateTime) -> bool) {
        let give_up = Instant::now() + PATIENCE;
        while !self.turn().await.is_some_and(&enough) {
            assert!(Instant::now() < give_up);
        }
    }
}

fn freshness(fixture: &Fixture, outbox: Outbox) -> Freshness {
    let (kafka, generation) = (&fixture.kafka, &fixture.generation);
    Freshness::new(
        outbox,
        kafka
            .group_progress(&generation.group, &fixture.topic, PARTITIONS)
            .unwrap(),
        fixture.read_database.clone(),
        OrderDocument::PROJECTION,
        generation.clone(),
    )
}

#[tokio::test]
async fn goes_on_while_everything_does() {
    let mut watched = Watched::new().await;
    let (_, first) = watched.order().await;
    assert_eq!(watched.fixture.relay().await, 1);
    watched.until(|through| through > first).await;
    // Nothing happens any more, and that is known.
    let (_, second) = watched.order().await;
    watched.fixture.relay().await;
    watched.until(|through| through > second).await;
}

#[tokio::test]
async fn a_relay_that_stands_still_is_seen() {
    let mut watched = Watched::new().await;
    let (_, waiting) = watched.order().await;
    watched.until(|through| through == waiting).await;
    for _ in 0..10 {
        assert_eq!(watched.turn().await, Some(waiting));
    }
    watched.fixture.relay().await;
    watched.until(|through| through > waiting).await;
}

#[tokio::test]
async fn a_projector_that_stands_still_is_seen() {
    let mut watched = Watched::new().await;
    watched.until(|_| true).await;
    let (_, unread) = watched.order().await;
    watched.fixture.relay().await;
    for _ in 0..10 {
        let through = watched.look().await.unwrap();
        assert!(through <= unread, "of its partition nothing new is known");
    }
    assert_eq!(watched.freshness.settle().await.unwrap(), 1, "event behind");
    drain(&mut watched.worker, 1).await;
    watched.until(|through| through > unread).await;
}

#[tokio::test]
async fn postgres_away_is_seen() {
    let fixture = Fixture::new().await;
    let nowhere = Database::new(&DatabaseConfig {
        url: "postgres://postgres@127.0.0.1:1/none".to_owned(),
        schema: None,
        connections: 1,
    });
    let mut freshness = freshness(&fixture, Outbox::new(nowhere.unwrap()));
    freshness.note().await.unwrap_err();
    assert_eq!(freshness.settle().await.unwrap(), 0);
    let through = fixture.read_database.applied_through(&fixture.generation);
    assert_eq!(through.await.unwrap(), None);
}

/// It is shown as held back, in its own answer: the others are as fresh as they are.
#[tokio::test]
async fn a_held_key_makes_nothing_else_stale() {
    let mut watched = Watched::new().await;
    let id = watched.fixture.order(2).await;
    let sql = "UPDATE outbox SET status = 'FAILED', next_attempt_at = 'infinity'
         WHERE aggregate_id = $1 AND version = 1";
    let psql = watched.fixture.psql().await;
    psql.execute(sql, &[&id]).await.unwrap();
    let (_, later) = watched.order().await;
    watched.until(|through| through >= later).await;
}
