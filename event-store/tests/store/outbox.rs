use std::time::Duration;

use event_store::ExpectedVersion;

use crate::fixture::{Fixture, confirm, context, create, new_id};

const ALL: [i16; 64] = {
    let mut slots = [0; 64];
    let mut i = 0;
    while i < 64 {
        slots[i] = i as i16;
        i += 1;
    }
    slots
};

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
    let pending = fixture.outbox.pending(&ALL, 100).await.unwrap();
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
    assert!(fixture.outbox.pending(&ALL, 100).await.unwrap().is_empty());
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
    let first = fixture.outbox.pending(&[slot], 1).await.unwrap();
    assert_eq!(first.iter().map(|r| r.version).collect::<Vec<_>>(), [1]);
    let other = fixture
        .outbox
        .pending(&[(slot + 1) % 64], 10)
        .await
        .unwrap();
    assert!(other.is_empty());
}
