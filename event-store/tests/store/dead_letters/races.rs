use std::time::Duration;

use event_store::dead_letters::{DeskError, State};
use event_store::{HeldRecord, Refused, Retries, SlotLease, SlotLeases};
use futures::future::join_all;

use super::{Desk, junk};

/// Nobody acts: a FAILED row is not tried again.
const RETRIES: Retries = Retries {
    first: Duration::from_secs(1),
    attempts: 1,
    failed: None,
};

impl Desk {
    /// What the relay reads of a record whose turn it is.
    async fn due(&self, slot: i16) -> HeldRecord {
        let held = self.fixture.outbox.held(&[slot], 1).await.unwrap();
        let due = held.into_iter().find(|held| held.wait.is_zero());
        due.unwrap()
    }

    /// Until so many sessions wait for a lock.
    async fn until_blocked(&self, sessions: i64) {
        let sql = "SELECT count(*) = $1 FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'";
        loop {
            let row = self.psql.query_one(sql, &[&sessions]).await.unwrap();
            if row.get(0) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// What the relay writes when it was refused.
    async fn refuse(&self, lease: SlotLease, held: &HeldRecord) -> Refused {
        let outbox = &self.fixture.outbox;
        outbox
            .mark_refused(&held.record, Some(held.due), lease, "too large", &RETRIES)
            .await
            .unwrap()
    }
}

/// What somebody decides while an attempt is under way is not overwritten by its refusal.
#[tokio::test]
async fn a_decision_during_an_attempt_stands() {
    let desk = Desk::new().await;
    let leases = SlotLeases::new(
        desk.fixture.database.clone(),
        "one",
        Duration::from_secs(60),
    );
    let item = desk.failed_at_the_relay().await;
    let id = desk.put(&item).await;
    let slot = event_store::slot(item.subject.aggregate_id.as_ref().unwrap()) as i16;
    let leases = leases.take(64).await.unwrap();
    let lease = leases.into_iter().find(|lease| lease.slot == slot).unwrap();
    desk.letters.requeue(id, "ann").await.unwrap();
    let attempt = desk.due(slot).await;
    desk.letters.discard(id, "ann", "junk").await.unwrap();
    assert_eq!(desk.refuse(lease, &attempt).await, Refused::NotOurs);
    assert_eq!(desk.state(id).await, State::Discarded);
    let attempt = desk.due(slot).await;
    assert!(attempt.discarded, "its stub is next");

    // Not even the stub is taken: without another try on its own, somebody has to know.
    let refused = desk.refuse(lease, &attempt).await;
    assert_eq!(refused, Refused::DeadLetter { id, new: false });
    assert_eq!(desk.state(id).await, State::Open);
    assert!(!desk.is_due(&item).await);
    desk.letters.requeue(id, "ann").await.unwrap();
    assert!(!desk.due(slot).await.discarded);
}

/// A relay that lost its lease publishes a record while the new holder gives it up.
#[tokio::test]
async fn a_release_finds_the_dead_letter_it_waited_for() {
    let desk = Desk::new().await;
    let item = desk.failed_at_the_relay().await;
    let order = item.subject.aggregate_id.clone().unwrap();
    let sql = "SELECT position FROM outbox WHERE aggregate_id = $1";
    let position = desk.psql.query_one(sql, &[&order]).await.unwrap().get(0);
    let holder = desk.fixture.psql().await;
    holder.batch_execute("BEGIN").await.unwrap();
    let fail = "UPDATE outbox SET attempts = attempts + 1";
    holder.batch_execute(fail).await.unwrap();
    let give_up = async {
        desk.until_blocked(1).await;
        let insert = "INSERT INTO dead_letters (id, source, reason, error_message, topic,
                 outbox_id, header_names, header_values, retry_count, metadata)
             SELECT id, 'relay', 'max_retries_exceeded', '', topic, id, '{}', '{}', 3, '{}'
             FROM outbox";
        holder.batch_execute(insert).await.unwrap();
        holder.batch_execute("COMMIT").await.unwrap();
    };
    let (released, ()) = tokio::join!(desk.fixture.outbox.release(position, false), give_up);
    released.unwrap();
    let sql = "SELECT state, status FROM dead_letters AS d JOIN outbox AS o ON o.id = d.outbox_id";
    let row = desk.psql.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("resolved", "PUBLISHED"));
}

/// Whoever is first decides; a deadlock would be answered as a store error.
#[tokio::test]
async fn of_actions_at_once_one_discard_counts() {
    let desk = Desk::new().await;
    for round in 0..10 {
        let relays = desk.failed_at_the_relay().await;
        for id in [desk.put(&relays).await, desk.put(&junk(round)).await] {
            let letters = &desk.letters;
            let actions = (0..12).map(|n| async move {
                if n % 2 == 0 {
                    letters.requeue(id, "ann").await.map(|_| None)
                } else {
                    let by = format!("bob-{n}");
                    letters.discard(id, &by, "junk").await.map(|_| Some(by))
                }
            });
            let mut discarded_by = Vec::new();
            for outcome in join_all(actions).await {
                match outcome {
                    Ok(by) => discarded_by.extend(by),
                    Err(DeskError::Settled { state, .. }) => assert_eq!(state, State::Discarded),
                    Err(other) => panic!("{other}"),
                }
            }
            let now = desk.letters.get(id).await.unwrap().unwrap().summary;
            assert_eq!(now.state, State::Discarded);
            assert_eq!(discarded_by, [now.acted_by.unwrap()]);
        }
    }
}

/// The relay locks the outbox row, then the item, and so does the desk: while the relay is at it
/// the desk waits, and finds the item resolved.
#[tokio::test]
async fn a_relay_that_is_publishing_is_waited_for() {
    let desk = Desk::new().await;
    let item = desk.failed_at_the_relay().await;
    let id = desk.put(&item).await;
    let relay = desk.fixture.psql().await;
    relay.batch_execute("BEGIN").await.unwrap();
    let published = "UPDATE outbox SET status = 'PUBLISHED', published_at = clock_timestamp(),
         next_attempt_at = NULL";
    relay.batch_execute(published).await.unwrap();

    let desk_acts = async {
        tokio::join!(
            desk.letters.requeue(id, "ann"),
            desk.letters.discard(id, "ann", "junk")
        )
    };
    let relay_ends = async {
        desk.until_blocked(2).await;
        let resolved = "UPDATE dead_letters SET state = 'resolved'";
        relay.batch_execute(resolved).await.unwrap();
        relay.batch_execute("COMMIT").await.unwrap();
    };
    let ((requeued, discarded), ()) = tokio::join!(desk_acts, relay_ends);
    for outcome in [requeued, discarded] {
        let refused = outcome.unwrap_err();
        let resolved = State::Resolved;
        assert!(
            matches!(refused, DeskError::Settled { state, .. } if state == resolved),
            "{refused}"
        );
    }
}
