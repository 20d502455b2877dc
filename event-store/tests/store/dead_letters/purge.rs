use std::time::Duration;

use event_store::dead_letters::{Filter, States};
use uuid::Uuid;

use super::{Desk, junk};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn left(desk: &Desk) -> Vec<Uuid> {
    let all = Filter {
        states: States::All,
        ..Filter::default()
    };
    let left = desk.letters.list(&all, None, 200).await.unwrap();
    left.into_iter().map(|item| item.id).collect()
}

/// Settled two days ago, on the dead-letter topic, and nothing behind it: each but the first lacks
/// one of these.
#[tokio::test]
async fn only_what_is_done_with_is_purged() {
    let desk = Desk::new().await;
    let relays = desk.failed_at_the_relay().await;
    let done = desk.failed_at_the_relay().await;
    desk.publish(&done).await;
    let gone = [desk.put(&junk(0)).await, desk.put(&done).await];
    let open = desk.put(&junk(1)).await;
    let requeued = desk.put(&junk(2)).await;
    let recent = desk.put(&junk(3)).await;
    let unpublished = desk.put(&junk(4)).await;
    let still_failed = desk.put(&relays).await;
    let sql = "UPDATE dead_letters SET published_at = clock_timestamp(),
             state = CASE WHEN position % 2 = 0 THEN 'resolved' ELSE 'discarded' END,
             state_since = clock_timestamp() - interval '2 days'";
    desk.psql.execute(sql, &[]).await.unwrap();
    for (id, change) in [
        (open, "state = 'open'"),
        (requeued, "state = 'requeued'"),
        (
            recent,
            "state_since = clock_timestamp() - interval '23 hours'",
        ),
        (unpublished, "published_at = NULL"),
    ] {
        let sql = format!("UPDATE dead_letters SET {change} WHERE id = $1");
        desk.psql.execute(&sql, &[&id]).await.unwrap();
    }
    assert_eq!(desk.letters.count_purgeable(DAY).await.unwrap(), 2);
    assert_eq!(desk.letters.purge(DAY, 1).await.unwrap(), 1);
    assert_eq!(desk.letters.purge(DAY, 10).await.unwrap(), 1);
    assert_eq!(desk.letters.purge(DAY, 10).await.unwrap(), 0);
    let kept = left(&desk).await;
    assert_eq!(kept, [still_failed, unpublished, recent, requeued, open]);
    assert!(gone.iter().all(|id| !kept.contains(id)));
}
