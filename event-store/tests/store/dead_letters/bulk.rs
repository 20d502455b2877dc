use event_store::dead_letters::{Filter, RequeuedPage, Source, State};

use super::{Desk, junk};

#[tokio::test]
async fn all_items_that_are_meant_are_requeued_page_by_page() {
    let desk = Desk::new().await;
    let relays = desk.failed_at_the_relay().await;
    let relay = desk.put(&relays).await;
    let mut ids = Vec::new();
    for offset in 0..5 {
        ids.push(desk.put(&junk(offset)).await);
    }
    desk.letters.discard(ids[4], "ann", "junk").await.unwrap();
    let projectors = Filter {
        source: Some(Source::Projector),
        ..Filter::default()
    };
    let step = |after| desk.letters.requeue_page(&projectors, after, 3, "bob\0");
    let first = step(None).await.unwrap();
    assert_eq!((first.read, first.requeued), (3, 3));
    let last = step(first.next).await.unwrap();
    let expected = RequeuedPage {
        read: 1,
        requeued: 1,
        next: None,
    };
    assert_eq!(last, expected);
    for id in &ids[..4] {
        let item = desk.letters.get(*id).await.unwrap().unwrap().summary;
        assert_eq!(item.state, State::Requeued);
        assert_eq!(item.acted_by.as_deref(), Some("bob\u{fffd}"));
    }
    assert_eq!(desk.state(ids[4]).await, State::Discarded);
    assert_eq!(desk.state(relay).await, State::Open);
    assert!(!desk.is_due(&relays).await);
}

#[tokio::test]
async fn relays_items_become_due_where_their_rows_have_failed() {
    let desk = Desk::new().await;
    let failed = desk.failed_at_the_relay().await;
    let published = desk.failed_at_the_relay().await;
    desk.publish(&published).await;
    let (failed_id, published_id) = (desk.put(&failed).await, desk.put(&published).await);
    let all = Filter::default();
    let page = desk.letters.requeue_page(&all, None, 10, "ann").await;
    let page = page.unwrap();
    assert_eq!((page.read, page.requeued), (2, 1));
    assert!(desk.is_due(&failed).await);
    assert_eq!(desk.state(failed_id).await, State::Requeued);
    assert_eq!(desk.state(published_id).await, State::Open);
}

/// A relay in the middle of a row, or another desk in the middle of an item.
#[tokio::test]
async fn what_is_locked_is_left_to_who_has_the_lock() {
    let desk = Desk::new().await;
    let locked_row = desk.failed_at_the_relay().await;
    let locked_item = desk.failed_at_the_relay().await;
    let free = desk.failed_at_the_relay().await;
    for item in [&locked_row, &locked_item, &free] {
        desk.put(item).await;
    }
    let other = desk.fixture.psql().await;
    other.batch_execute("BEGIN").await.unwrap();
    let row = "SELECT FROM outbox WHERE id = $1 FOR UPDATE";
    let item = "SELECT FROM dead_letters WHERE id = $1 FOR UPDATE";
    let order = locked_row.subject.aggregate_id.as_ref().unwrap();
    let event = domain::event_id("Order", order, 1);
    other.query_one(row, &[&event]).await.unwrap();
    other.query_one(item, &[&locked_item.id()]).await.unwrap();

    let all = Filter::default();
    let page = desk.letters.requeue_page(&all, None, 10, "ann").await;
    let page = page.unwrap();
    assert_eq!((page.read, page.requeued), (3, 1));
    assert!(desk.is_due(&free).await);
    assert!(!desk.is_due(&locked_item).await);

    other.batch_execute("ROLLBACK").await.unwrap();
    let page = desk.letters.requeue_page(&all, None, 10, "ann").await;
    assert_eq!(page.unwrap().requeued, 2);
}
