//! What was answered is there, whole; what was not is there whole or not at all.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::order::Order;
use event_store::EventStore;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::JoinSet;
use tokio_postgres::Client;
use uuid::Uuid;

use super::two_processes::{start, url};
use super::{Sent, assert_whole, stored};
use crate::fixture::{Fixture, database, new_id, order_store};

const CALLERS: usize = 32;
const EVENTS: usize = 3;

/// Commands one after the other, on streams of their own, until told to leave.
async fn send(store: &EventStore<Order>, leave: &AtomicBool, answered: impl Fn(Uuid)) {
    let (mut stream, mut version) = (new_id(), 0);
    while !leave.load(Ordering::Relaxed) {
        let sent = Sent::new(&stream, version, EVENTS).keyed(&new_id());
        match sent.to(store).await {
            Ok(appended) => {
                answered(sent.id());
                version = appended.version;
            }
            // It may have been written, or not: elsewhere, then.
            Err(_) => (stream, version) = (new_id(), 0),
        }
        if version >= 30 {
            (stream, version) = (new_id(), 0);
        }
    }
}

async fn check(psql: &Client, promised: &BTreeSet<Uuid>) {
    let stored = stored(psql).await;
    let halves: Vec<_> = stored
        .iter()
        .filter(|(_, events)| **events != EVENTS as i64)
        .collect();
    assert!(halves.is_empty(), "{halves:?}");
    let lost: Vec<_> = promised
        .iter()
        .filter(|id| !stored.contains_key(id))
        .collect();
    assert!(lost.is_empty(), "{lost:?}");
    let keys = "SELECT count(*) FROM idempotency_keys";
    let keys: i64 = psql.query_one(keys, &[]).await.unwrap().get(0);
    assert_eq!(keys as usize, stored.len(), "each came with its key");
    assert_whole(psql).await;
    println!("{} promised, {} stored", promised.len(), stored.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_postgres() {
    let postgres = devstack::private_postgres().await.unwrap();
    let fixture = Fixture::at(postgres.create_database("orders").await.unwrap()).await;
    let stores = [0, 1].map(|_| order_store(&database(&fixture.url, None)));
    let leave = std::sync::Arc::new(AtomicBool::new(false));
    let promised = std::sync::Arc::new(Mutex::new(BTreeSet::new()));
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (store, leave) = (stores[caller % 2].clone(), leave.clone());
        let promised = promised.clone();
        callers.spawn(async move {
            let answered = |id| _ = promised.lock().unwrap().insert(id);
            send(&store, &leave, answered).await;
        });
    }
    let answers = || promised.lock().unwrap().len();
    for _ in 0..5 {
        let before = answers();
        while answers() < before + 500 {
            tokio::task::yield_now().await;
        }
        postgres.kill().unwrap();
        postgres.start().await.unwrap();
    }
    leave.store(true, Ordering::Relaxed);
    callers.join_all().await;
    let promised = promised.lock().unwrap().clone();
    check(&fixture.psql().await, &promised).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "the process that is killed in the test below"]
async fn victim() {
    let store = order_store(&database(&url(), None));
    let leave = AtomicBool::new(false);
    // The test harness leaves its line open.
    println!();
    let callers = (0..CALLERS).map(|_| send(&store, &leave, |id| println!("answered {id}")));
    futures::future::join_all(callers).await;
}

#[tokio::test]
async fn of_the_process() {
    let fixture = Fixture::new().await;
    let mut promised = BTreeSet::new();
    for _ in 0..5 {
        let mut victim = start("group_commit::kills::victim", &fixture.url);
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let mut left = 500;
        while let Some(line) = lines.next_line().await.unwrap() {
            if let Some(id) = line.strip_prefix("answered ") {
                promised.insert(id.parse().unwrap());
                left -= 1;
            }
            if left == 0 {
                // SIGKILL; what it had said until then is read to the end.
                victim.start_kill().unwrap();
            }
        }
        assert!(!victim.wait().await.unwrap().success());
    }
    let psql = fixture.psql().await;
    // Postgres finishes what was sent to it, and only then finds nobody to tell.
    let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                    AND pid <> pg_backend_pid() AND state = 'active'";
    while psql.query_one(busy, &[]).await.unwrap().get::<_, i64>(0) > 0 {
        tokio::task::yield_now().await;
    }
    check(&psql, &promised).await;
}
