use event_store::dead_letters::{DeskError, State};
use futures::future::join_all;

use super::{Desk, junk};

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
        let waiting = "SELECT count(*) = 2 FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while !desk
            .psql
            .query_one(waiting, &[])
            .await
            .unwrap()
            .get::<_, bool>(0)
        {
            tokio::task::yield_now().await;
        }
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
