//! Postgres goes away in the middle of a step: the batch stays in hand, and is done once.

use std::time::{Duration, Instant};

use domain::inventory::UnknownItems;
use domain::saga::SagaFlow;
use participants::inventory::InventoryReactor;
use participants::{Counts, ParticipantError, Source, Step, Worker};
use tokio_postgres::Client;

use crate::fixture::{World, id_in};
use crate::home::counts;
use crate::told::created;

const PATIENCE: Duration = Duration::from_secs(60);

/// Until the worker has dealt with something, or could not.
async fn step(worker: &mut Worker<InventoryReactor>) -> Result<Counts, ParticipantError> {
    let started = Instant::now();
    loop {
        assert!(started.elapsed() < PATIENCE, "nothing comes");
        if let Step::TookIn(counts) = worker.step(Duration::from_secs(1)).await? {
            return Ok(counts);
        }
    }
}

/// Nobody else can touch the table, until the connection's transaction ends.
async fn lock(psql: &Client, table: &str) {
    let sql = format!("BEGIN; LOCK TABLE inventory.{table} IN ACCESS EXCLUSIVE MODE");
    psql.batch_execute(&sql).await.unwrap();
}

/// Until a statement in this database waits for another one's transaction.
async fn somebody_waits(psql: &Client) {
    let started = Instant::now();
    let sql = "SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while psql.query(sql, &[]).await.unwrap().is_empty() {
        assert!(started.elapsed() < PATIENCE, "nobody waits");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_each_of_its_writes() {
    let postgres = devstack::private_postgres().await.unwrap();
    let world = World::at(postgres.create_database("saga").await.unwrap()).await;
    let home = world.inventory_with(UnknownItems::Unlimited).await;
    let mut worker = home.worker(Source::Orders).await;
    let tables = [
        "processed_events",
        "waiting_records",
        "stock",
        "outbox",
        "dead_letters",
    ];
    for (at, table) in tables.into_iter().enumerate() {
        let (good, bad) = (id_in(0), id_in(0));
        let order = |id: &str| created(id, SagaFlow::StockFirst, "product-1", 1);
        let told = [
            order(&good),
            order(&bad).saying(Some("no JSON")),
            order(&bad),
        ];
        world.publish(Source::Orders, &told).await;

        let locking = world.psql().await;
        lock(&locking, table).await;
        let watching = world.psql().await;
        let killed = async {
            somebody_waits(&watching).await;
            postgres.kill().unwrap();
        };
        let (broken, ()) = tokio::join!(step(&mut worker), killed);
        broken.unwrap_err();
        step(&mut worker).await.unwrap_err();
        postgres.start().await.unwrap();

        // A connection that died is found by its first use.
        let started = Instant::now();
        let done = loop {
            match step(&mut worker).await {
                Ok(done) => break done,
                Err(error) => assert!(started.elapsed() < PATIENCE, "{error}"),
            }
        };
        // What was on its way to the desk had left the rest behind it.
        let expected = match table {
            "dead_letters" => counts(0, 1, 1, 1),
            _ => counts(1, 0, 1, 1),
        };
        assert_eq!(done, expected, "{table}");
        let rounds = at as i64 + 1;
        assert_eq!(home.count("processed_events").await, rounds);
        assert_eq!(home.count("dead_letters").await, rounds);
        assert_eq!(home.waiting().await.len() as i64, 2 * rounds);
        home.assert_agrees().await;
    }
}

/// The statement goes through, and nobody is there any more to hear of it.
#[tokio::test]
async fn a_step_that_is_cut_off_leaves_its_batch_in_hand() {
    let world = World::new().await;
    let home = world.inventory_with(UnknownItems::Unlimited).await;
    let ids = [id_in(0), id_in(0), id_in(0)];
    let told = ids
        .each_ref()
        .map(|id| created(id, SagaFlow::StockFirst, "product-1", 1));
    world.publish(Source::Orders, &told).await;
    let mut worker = home.worker(Source::Orders).await;

    // Somebody is about to take in one of them, and does not in the end.
    let (rival, watching) = (world.psql().await, world.psql().await);
    let seen = domain::event_id("Order", &ids[1], 1);
    let sql = "INSERT INTO inventory.processed_events (consumer, event_id)
         VALUES ('inventory', $1)";
    rival.batch_execute("BEGIN").await.unwrap();
    rival.execute(sql, &[&seen]).await.unwrap();
    tokio::select! {
        done = step(&mut worker) => panic!("not written yet: {done:?}"),
        () = somebody_waits(&watching) => {}
    }
    rival.batch_execute("ROLLBACK").await.unwrap();
    let started = Instant::now();
    while home.count("processed_events").await < 3 {
        assert!(started.elapsed() < PATIENCE, "not written");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(step(&mut worker).await.unwrap(), counts(0, 3, 0, 0));
    assert_eq!(home.count("events").await, 3);
    home.assert_agrees().await;
}
