//! A connection keeps the plans it made while the tables were empty, until Postgres has analysed
//! them: those plans too go by key.

use std::time::{Duration, Instant};

use event_store::{Doorbell, ExpectedVersion, Inbox, PerSlot, SlotFloor};

use crate::fixture::{Fixture, confirm, context, create, new_id, psql as psql_at, unique};

/// As many of each as is more than any statement has to look at.
const ORDERS: usize = 300;

#[tokio::test]
async fn no_statement_reads_a_table_from_end_to_end() {
    let fixture = Fixture::new().await;
    let psql = fixture.psql().await;
    // Nor is it analysed while this runs.
    for table in ["events", "outbox", "orders", "processed_events"] {
        let sql = format!("ALTER TABLE {table} SET (autovacuum_enabled = off)");
        psql.batch_execute(&sql).await.unwrap();
    }
    let executor = fixture.executor();
    let inbox = Inbox::new(fixture.database.clone(), "test", Doorbell::default());
    let slots: Vec<SlotFloor> = (0..64).map(|slot| SlotFloor { slot, floor: 0 }).collect();
    let limit = PerSlot {
        records: 10,
        bytes: 1 << 20,
    };
    for _ in 0..ORDERS {
        let id = new_id();
        for (expected, command) in [
            (ExpectedVersion::New, create()),
            (ExpectedVersion::Any, confirm("p-1")),
        ] {
            let executed = executor.execute(&id, expected, command, &context()).await;
            executed.unwrap();
        }
        let pending = fixture.outbox.pending(&slots, limit).await.unwrap();
        let positions: Vec<i64> = pending.records.iter().map(|r| r.position).collect();
        assert_eq!(positions.len(), 2);
        fixture.outbox.mark_published(&positions).await.unwrap();
        fixture.outbox.published_through().await.unwrap();
        let event = unique();
        let taken_in = "INSERT INTO processed_events (consumer, event_id) VALUES ('test', $1)";
        psql.execute(taken_in, &[&event]).await.unwrap();
        assert_eq!(inbox.processed(&[event, unique()]).await.unwrap().len(), 1);
    }
    // A connection tells what it read when it ends, at the latest.
    let url = fixture.url.clone();
    drop((executor, inbox, fixture, psql));
    let psql = psql_at(&url).await;
    let started = Instant::now();
    let others = "SELECT FROM pg_stat_activity WHERE datname = current_database()
         AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
    while !psql.query(others, &[]).await.unwrap().is_empty() {
        assert!(started.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let read = "SELECT relname, seq_tup_read FROM pg_stat_user_tables
         WHERE relname IN ('events', 'outbox', 'orders', 'processed_events')";
    for table in psql.query(read, &[]).await.unwrap() {
        let (name, read): (String, i64) = (table.get(0), table.get(1));
        assert!(read < ORDERS as i64, "{read} rows of {name}");
    }
    let read = "SELECT idx_tup_read FROM pg_stat_user_indexes
         WHERE indexrelname = 'processed_events_pkey'";
    let read: i64 = psql.query_one(read, &[]).await.unwrap().get(0);
    // Each was asked for once.
    assert_eq!(read, ORDERS as i64);
}
