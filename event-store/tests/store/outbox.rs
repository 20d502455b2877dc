use std::time::Duration;

use event_store::{
    ExpectedVersion, OutboxRecord, PerSlot, Refused, Retries, SlotFloor, SlotLease, SlotLeases,
};

use crate::fixture::{Fixture, confirm, context, create, new_id};

const MUCH: PerSlot = PerSlot {
    records: 100,
    bytes: 1 << 20,
};

fn slots(numbers: impl IntoIterator<Item = i16>) -> Vec<SlotFloor> {
    let floor = |slot| SlotFloor { slot, floor: 0 };
    numbers.into_iter().map(floor).collect()
}

async fn pending(fixture: &Fixture) -> Vec<OutboxRecord> {
    let all = slots(0..64);
    fixture.outbox.pending(&all, MUCH).await.unwrap().records
}

#[tokio::test]
async fn pending_rows_come_in_order_and_go_when_marked() {
    let fixture = Fixture::new().await;
    let executor = fixture.executor();
    let ids: Vec<String> = (0..20).map(|_| new_id()).collect();
    for id in &ids {
        executor
            .execute(id, ExpectedVersion::New, create(), &context())
            .await
            .unwrap();
    }
    for id in &ids {
        executor
            .execute(id, ExpectedVersion::Any, confirm("p-1"), &context())
            .await
            .unwrap();
    }
    let pending = pending(&fixture).await;
    assert_eq!(pending.len(), 40);
    for id in &ids {
        let versions: Vec<u64> = pending
            .iter()
            .filter(|record| record.key == *id)
            .map(|record| record.version)
            .collect();
        assert_eq!(versions, [1, 2]);
    }
    assert_eq!(fixture.outbox.backlog().await.unwrap().pending, 40);

    let counted = fixture.outbox.backlog_up_to(40).await.unwrap();
    assert_eq!((counted.pending, counted.and_more), (40, true));
    let counted = fixture.outbox.backlog_up_to(41).await.unwrap();
    assert_eq!((counted.pending, counted.and_more), (40, false));
    assert!(counted.oldest > Duration::ZERO);

    let positions: Vec<i64> = pending.iter().map(|record| record.position).collect();
    assert_eq!(
        fixture
            .outbox
            .mark_published(&positions[..30])
            .await
            .unwrap(),
        30
    );
    assert_eq!(
        fixture.outbox.mark_published(&positions).await.unwrap(),
        10,
        "what is published already stays as it is"
    );
    assert!(crate::outbox::pending(&fixture).await.is_empty());
    let backlog = fixture.outbox.backlog().await.unwrap();
    assert_eq!((backlog.pending, backlog.oldest), (0, Duration::ZERO));
    assert_eq!(
        fixture
            .count("outbox WHERE status = 'PUBLISHED' AND published_at >= created_at")
            .await,
        40
    );
}

#[tokio::test]
async fn a_slot_gives_its_oldest_rows_first() {
    let fixture = Fixture::new().await;
    let (executor, id) = (fixture.executor(), new_id());
    executor
        .execute(&id, ExpectedVersion::New, create(), &context())
        .await
        .unwrap();
    executor
        .execute(&id, ExpectedVersion::Any, confirm("p-1"), &context())
        .await
        .unwrap();
    let slot = event_store::slot(&id) as i16;
    let read = async |slot: i16, floor: i64, limit: PerSlot| {
        let slots = [SlotFloor { slot, floor }];
        let records = fixture.outbox.pending(&slots, limit).await.unwrap().records;
        records.iter().map(|r| r.version).collect::<Vec<_>>()
    };
    let one = PerSlot { records: 1, ..MUCH };
    assert_eq!(read(slot, 0, one).await, [1]);
    let few_bytes = PerSlot { bytes: 10, ..MUCH };
    assert_eq!(read(slot, 0, few_bytes).await, [1], "one in any case");
    assert_eq!(read(slot, 0, MUCH).await, [1, 2]);
    assert_eq!(read(slot, 1, MUCH).await, [2], "above the floor");
    assert!(read((slot + 1) % 64, 0, MUCH).await.is_empty());
}

#[tokio::test]
async fn a_refused_record_is_tried_after_1_2_and_4_seconds_and_then_is_a_dead_letter() {
    let fixture = Fixture::new().await;
    let id = new_id();
    let executor = fixture.executor();
    for command in [create(), confirm("p-1")] {
        executor
            .execute(&id, ExpectedVersion::Any, command, &context())
            .await
            .unwrap();
    }
    let leases = SlotLeases::new(fixture.database.clone(), "one", Duration::from_secs(60));
    let held = leases.take(64).await.unwrap();
    let record = pending(&fixture).await.remove(0);
    let lease = held.into_iter().find(|l| l.slot == record.slot).unwrap();
    let retries = Retries {
        first: Duration::from_secs(1),
        attempts: 4,
        failed: Some(Duration::from_secs(30)),
    };
    let psql = fixture.psql().await;
    let refuse = async |lease: SlotLease| {
        let held = fixture.outbox.held(&[record.slot], 1).await.unwrap();
        let due = held.first().map(|held| held.due);
        let refused = fixture
            .outbox
            .mark_refused(&record, due, lease, "too \0 large", &retries);
        let refused = refused.await.unwrap();
        let sql = "SELECT status, extract(epoch FROM next_attempt_at - clock_timestamp())::float8
             FROM outbox WHERE position = $1";
        let row = psql.query_one(sql, &[&record.position]).await.unwrap();
        let wait: Option<f64> = row.get(1);
        (refused, row.get::<_, String>(0), wait.map(f64::ceil))
    };
    let stale = SlotLease { epoch: 0, ..lease };
    let none = (Refused::NotOurs, "PENDING".to_owned(), None);
    assert_eq!(refuse(stale).await, none, "somebody else holds the slot");
    for (attempts, wait) in [(1, 1.0), (2, 2.0), (3, 4.0)] {
        let again = (
            Refused::Again { attempts },
            "PENDING".to_owned(),
            Some(wait),
        );
        assert_eq!(refuse(lease).await, again);
        assert!(pending(&fixture).await.is_empty(), "the key is held");
    }
    for new in [true, false] {
        let (refused, status, wait) = refuse(lease).await;
        assert!(matches!(refused, Refused::DeadLetter { new: n, .. } if n == new));
        assert_eq!((status.as_str(), wait), ("FAILED", Some(30.0)));
    }
    let row = psql
        .query_one(
            "SELECT retry_count, error_message, state FROM dead_letters",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (row.get::<_, i32>(0), row.get::<_, &str>(1)),
        (4, "too \u{fffd} large")
    );
    fixture
        .outbox
        .release(record.position, false)
        .await
        .unwrap();
    assert_eq!(
        pending(&fixture).await[0].version,
        2,
        "what waited behind it"
    );
    let state = psql.query_one("SELECT state FROM dead_letters", &[]).await;
    assert_eq!(state.unwrap().get::<_, &str>(0), "resolved");
    assert_eq!(
        refuse(lease).await.0,
        Refused::NotOurs,
        "published is published"
    );
}
