use std::collections::BTreeMap;

use event_store::dead_letters::{
    Action, DeadLetter, DeskError, NewDeadLetter, Place, Source, State,
};
use event_store::{EventStoreError, IdempotencyKeys, IdempotencyRecord, KEPT_FOR, StoredAnswer};
use uuid::Uuid;

use super::{Desk, at_the_projector, created, junk};

fn settled<T: std::fmt::Debug>(outcome: Result<T, DeskError>) -> State {
    match outcome.unwrap_err() {
        DeskError::Settled { state, .. } => state,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_relays_item_is_requeued_by_making_its_row_due() {
    let desk = Desk::new().await;
    let item = desk.failed_at_the_relay().await;
    let other = desk.failed_at_the_relay().await;
    let id = desk.put(&item).await;
    desk.put(&other).await;
    let requeued = desk.letters.requeue(id, "ann\0").await.unwrap().summary;
    assert_eq!(requeued.state, State::Requeued);
    assert_eq!(requeued.acted_by.as_deref(), Some("ann\u{fffd}"));
    assert_eq!(requeued.action_reason, None);
    assert!(requeued.state_since > requeued.failed_at);
    assert!(desk.is_due(&item).await);
    assert!(!desk.is_due(&other).await);

    let again = desk.letters.requeue(id, "bob").await.unwrap().summary;
    assert_eq!(again, requeued);
}

#[tokio::test]
async fn a_relays_item_is_discarded_by_making_its_row_due() {
    let desk = Desk::new().await;
    let item = desk.failed_at_the_relay().await;
    let id = desk.put(&item).await;
    let discarded = desk.letters.discard(id, "ann", "too\0large").await.unwrap();
    let discarded = discarded.summary;
    assert_eq!(discarded.state, State::Discarded);
    assert_eq!(discarded.acted_by.as_deref(), Some("ann"));
    assert_eq!(discarded.action_reason.as_deref(), Some("too\u{fffd}large"));
    assert!(desk.is_due(&item).await);
    let requeue = desk.letters.requeue(id, "bob").await;
    assert_eq!(settled(requeue), State::Discarded);
    let discard = desk.letters.discard(id, "bob", "again").await;
    assert_eq!(settled(discard), State::Discarded);
}

#[tokio::test]
async fn an_action_and_its_answer_are_kept_together_or_not_at_all() {
    let desk = Desk::new().await;
    let item = desk.failed_at_the_relay().await;
    let (first, second) = (desk.put(&junk(1)).await, desk.put(&item).await);
    let keep = |item: &DeadLetter| IdempotencyRecord {
        caller: "ann".to_owned(),
        key: "k".to_owned(),
        fingerprint: item.summary.id.as_bytes().to_vec(),
        answer: StoredAnswer {
            status: 202,
            headers: BTreeMap::new(),
            body: item.summary.state.as_str().into(),
        },
        kept_for: KEPT_FOR,
    };
    let discard = Action::Discard { reason: "junk" };
    for action in [Action::Requeue, discard] {
        let missing = desk.letters.act(Uuid::nil(), "ann", action, Some(&keep));
        assert!(matches!(missing.await, Err(DeskError::NotFound(_))));
    }
    let acted = desk.letters.act(first, "ann", discard, Some(&keep)).await;
    acted.unwrap();
    for action in [Action::Requeue, discard] {
        let taken = desk.letters.act(second, "ann", action, Some(&keep)).await;
        let taken = taken.unwrap_err();
        let expected = EventStoreError::IdempotencyKeyTaken;
        assert_eq!(taken.to_string(), expected.to_string());
        let now = desk.letters.get(second).await.unwrap().unwrap().summary;
        assert_eq!(now.state, State::Open);
        assert!(!desk.is_due(&item).await);
    }
    let keys = IdempotencyKeys::new(desk.fixture.database.clone());
    let kept = keys.lookup("ann", "k").await.unwrap().unwrap();
    assert_eq!(kept.fingerprint, first.as_bytes());
    assert_eq!(kept.answer.body, b"discarded");
}

#[tokio::test]
async fn a_requeued_item_can_be_discarded() {
    let desk = Desk::new().await;
    let item = desk.failed_at_the_relay().await;
    for id in [desk.put(&item).await, desk.put(&junk(1)).await] {
        desk.letters.requeue(id, "ann").await.unwrap();
        desk.letters.discard(id, "bob", "junk").await.unwrap();
        let now = desk.letters.get(id).await.unwrap().unwrap().summary;
        assert_eq!(now.state, State::Discarded);
        assert_eq!(now.acted_by.as_deref(), Some("bob"));
    }
}

/// What the relay has published in the meantime, or what its row never was.
#[tokio::test]
async fn an_item_whose_row_has_not_failed_is_resolved() {
    let desk = Desk::new().await;
    let published = desk.failed_at_the_relay().await;
    desk.publish(&published).await;
    let failed = desk.failed_at_the_relay().await;
    let another = NewDeadLetter {
        place: Place::Outbox(Uuid::from_u128(7)),
        ..failed.clone()
    };
    for item in [&published, &another] {
        let id = desk.put(item).await;
        let requeue = desk.letters.requeue(id, "ann").await;
        assert_eq!(settled(requeue), State::Resolved);
        let discard = desk.letters.discard(id, "ann", "junk").await;
        assert_eq!(settled(discard), State::Resolved);
        assert_eq!(desk.state(id).await, State::Open, "nothing was written");
    }
    assert!(!desk.is_due(&failed).await);
}

#[tokio::test]
async fn a_resolved_item_is_left_alone() {
    let desk = Desk::new().await;
    let id = desk.put(&junk(1)).await;
    let sql = "UPDATE dead_letters SET state = 'resolved'";
    desk.psql.execute(sql, &[]).await.unwrap();
    assert_eq!(
        settled(desk.letters.requeue(id, "ann").await),
        State::Resolved
    );
    let discard = desk.letters.discard(id, "ann", "junk").await;
    assert_eq!(settled(discard), State::Resolved);
}

#[tokio::test]
async fn a_stored_event_can_be_requeued_and_not_discarded() {
    let desk = Desk::new().await;
    let item = at_the_projector(desk.failed_at_the_relay().await);
    let event = domain::event_id("Order", item.subject.aggregate_id.as_ref().unwrap(), 1);
    let id = desk.put(&item).await;
    for _ in 0..2 {
        let refused = desk.letters.discard(id, "ann", "junk").await.unwrap_err();
        assert!(
            matches!(refused, DeskError::StoredEvent { event_id, .. } if event_id == event),
            "{refused}"
        );
        let requeued = desk.letters.requeue(id, "ann").await.unwrap().summary;
        assert_eq!(requeued.state, State::Requeued);
        assert_eq!(requeued.action_reason, None);
    }
    assert!(
        !desk.is_due(&item).await,
        "the outbox is not the projector's"
    );
}

/// Also where its topics carry what this very store has: a copy that stands on another's topic, as the
/// orders' own reactor meets it.
#[tokio::test]
async fn a_participants_record_can_be_discarded() {
    let desk = Desk::new().await;
    let mut item = desk.failed_at_the_relay().await;
    item.source = Source::Participant;
    item.place = Place::Topic {
        partition: 0,
        offset: 0,
    };
    item.original.topic = "payment-events".to_owned();
    let id = desk.put(&item).await;
    let discarded = desk.letters.discard(id, "ann", "a copy").await.unwrap();
    assert_eq!(discarded.summary.state, State::Discarded);
    assert!(!desk.is_due(&item).await, "the outbox is the relay's");
}

/// Junk under a real key: it says which event it is, and is not that event.
#[tokio::test]
async fn a_record_that_is_not_in_the_store_can_be_discarded() {
    let desk = Desk::new().await;
    let real = at_the_projector(desk.failed_at_the_relay().await);
    let order = real.subject.aggregate_id.clone().unwrap();
    let event = domain::event_id("Order", &order, 1);
    let not_stored = domain::event_id("Order", "o-2", 1);
    for (offset, value, subject) in [
        (1, "poison".to_owned(), created(&order)),
        (2, r#"{"eventId":"x"}"#.to_owned(), created(&order)),
        (
            3,
            format!(r#"{{"eventId":"{not_stored}"}}"#),
            created(&order),
        ),
        // The right id for an event that is not there.
        (
            4,
            format!(r#"{{"eventId":"{not_stored}"}}"#),
            created("o-2"),
        ),
        (5, format!(r#"{{"eventId":"{event}"}}"#), created("o-2")),
    ] {
        let mut item = NewDeadLetter {
            subject,
            ..junk(offset)
        };
        item.original.value = Some(value.clone().into_bytes());
        let id = desk.put(&item).await;
        let discarded = desk.letters.discard(id, "ann", "junk").await;
        assert!(discarded.is_ok(), "{value}: {discarded:?}");
    }
}

#[tokio::test]
async fn an_unknown_item_is_not_found() {
    let desk = Desk::new().await;
    let unknown = Uuid::from_u128(1);
    assert_eq!(desk.letters.get(unknown).await.unwrap(), None);
    for outcome in [
        desk.letters.requeue(unknown, "ann").await,
        desk.letters.discard(unknown, "ann", "junk").await,
    ] {
        assert!(matches!(outcome, Err(DeskError::NotFound(id)) if id == unknown));
    }
}
