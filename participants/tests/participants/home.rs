use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::payment::Payment;
use event_store::dead_letters::DeadLetters;
use event_store::{Database, Doorbell, EventStore};
use messaging::Kafka;
use participants::payment::{PaymentRules, Payments};
use participants::{Blocked, Counts, Intake, OneStream, Reactor, Source, Step, Worker, join};
use runtime::{SystemClock, TimeOrderedIds};
use tokio_postgres::types::FromSqlOwned;
use uuid::Uuid;

use crate::fixture::{PARTITIONS, psql, unique};

pub const PATIENCE: Duration = Duration::from_secs(60);

/// One participant: its schema, and how it takes in each of its topics.
pub struct Home<R> {
    pub database: Database,
    /// `None` is the orders' own.
    pub schema: Option<&'static str>,
    pub(crate) intakes: Vec<(Source, String, Arc<Intake<R>>)>,
    pub(crate) kafka: Kafka,
    pub(crate) url: String,
}

impl Home<OneStream<PaymentRules>> {
    pub fn store(&self) -> EventStore<Payment> {
        let topic = "payment-events";
        EventStore::new(self.database.clone(), topic, Doorbell::default())
    }

    /// As one process has them.
    pub fn payments(&self) -> Payments {
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(TimeOrderedIds));
        Payments::new(self.store(), clock, ids)
    }
}

impl<R: Reactor + 'static> Home<R> {
    fn of(&self, source: Source) -> (&str, Arc<Intake<R>>) {
        let found = self.intakes.iter().find(|(of, ..)| *of == source);
        let (_, topic, intake) = found.unwrap();
        (topic, intake.clone())
    }

    /// A member of the participant's group.
    pub async fn worker(&self, source: Source) -> Worker<R> {
        self.worker_called(source, None).await
    }

    /// The same, under a name that stays across restarts.
    pub async fn worker_called(&self, source: Source, name: Option<&str>) -> Worker<R> {
        let (topic, intake) = self.of(source);
        let consumer = join(&self.kafka, R::CONSUMER, topic, PARTITIONS, name).await;
        Worker::new(consumer.unwrap(), topic, intake)
    }

    /// One that reads from the beginning, as if no offset had ever been stored.
    pub async fn worker_from_the_start(&self, source: Source) -> Worker<R> {
        let (topic, intake) = self.of(source);
        let group = unique().to_string();
        self.kafka
            .commit_start_offsets(&group, topic, PARTITIONS)
            .await
            .unwrap();
        let consumer = self.kafka.batch_consumer(&group, topic, None).unwrap();
        Worker::new(consumer, topic, intake)
    }

    /// Reads so many records from the beginning.
    pub async fn again(&self, source: Source, records: usize) -> Counts {
        drain(&mut self.worker_from_the_start(source).await, records).await
    }

    pub fn blocked(&self) -> Blocked<R> {
        let intakes = self.intakes.iter();
        Blocked::new(
            intakes
                .map(|(_, topic, intake)| (topic.clone(), intake.clone()))
                .collect(),
        )
    }

    /// Until nothing is in turn any more; returns how many records were taken up.
    pub async fn take_up(&self) -> usize {
        let (blocked, mut all) = (self.blocked(), 0);
        loop {
            match blocked.turn().await.unwrap() {
                0 => return all,
                some => all += some,
            }
        }
    }

    pub fn desk(&self) -> DeadLetters {
        DeadLetters::new(self.database.clone())
    }

    /// Fault, state and retry count of each dead letter, by fault.
    pub async fn letters(&self) -> Vec<(String, String, i32)> {
        let sql =
            "SELECT metadata ->> 'fault', state, retry_count FROM dead_letters ORDER BY 1, 2, 3";
        let rows = self.rows(sql).await;
        let letter = |row: &tokio_postgres::Row| (row.get(0), row.get(1), row.get(2));
        rows.iter().map(letter).collect()
    }

    pub async fn letter_ids(&self) -> Vec<Uuid> {
        self.column("SELECT id FROM dead_letters ORDER BY position")
            .await
    }

    /// What waits, in its order: the key, and whether it is the one on the desk.
    pub async fn waiting(&self) -> Vec<(String, bool)> {
        let sql = "SELECT convert_from(key, 'UTF8'), dead_letter_id IS NOT NULL
             FROM waiting_records ORDER BY position";
        let rows = self.rows(sql).await;
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    pub async fn count(&self, from: &str) -> i64 {
        let found = self.column(&format!("SELECT count(*) FROM {from}")).await;
        found[0]
    }

    pub async fn column<T: FromSqlOwned>(&self, sql: &str) -> Vec<T> {
        self.rows(sql).await.iter().map(|row| row.get(0)).collect()
    }

    async fn rows(&self, sql: &str) -> Vec<tokio_postgres::Row> {
        let psql = psql(&self.url).await;
        let path = format!("SET search_path = {}", self.schema.unwrap_or("public"));
        psql.batch_execute(&path).await.unwrap();
        psql.query(sql, &[]).await.unwrap()
    }

    /// What was taken in is noted together with what came of it, and that goes out: the events that
    /// others caused are those of the noted ones, each with its row in the outbox.
    pub async fn assert_agrees(&self) {
        let seen = "SELECT event_id::text FROM processed_events ORDER BY 1";
        let causes = "SELECT DISTINCT metadata ->> 'causationId' FROM events
             WHERE event_type NOT IN ('ItemStocked', 'OrderCreated') ORDER BY 1";
        assert_eq!(
            self.column::<String>(seen).await,
            self.column::<String>(causes).await
        );
        let stream = |table: &str, version: &str| {
            format!(
                "SELECT aggregate_type || aggregate_id || {version} || event_type FROM {table}
                 ORDER BY 1"
            )
        };
        let events: Vec<String> = self.column(&stream("events", "sequence")).await;
        let outbox: Vec<String> = self.column(&stream("outbox", "version")).await;
        assert_eq!(events, outbox);
    }
}

/// Steps until the worker has dealt with so many records; returns the sums.
pub async fn drain<R: Reactor>(worker: &mut Worker<R>, records: usize) -> Counts {
    let started = Instant::now();
    let mut counts = Counts::default();
    while total(&counts) < records {
        assert!(started.elapsed() < PATIENCE, "{counts:?} of {records}");
        if let Step::TookIn(step) = worker.step(Duration::from_millis(200)).await.unwrap() {
            add(&mut counts, &step);
        }
    }
    assert_eq!(total(&counts), records);
    counts
}

/// Steps until nothing comes any more; it must have joined before.
pub async fn step_to_the_end<R: Reactor>(worker: &mut Worker<R>) -> Counts {
    let mut counts = Counts::default();
    while let Step::TookIn(step) = worker.step(Duration::from_secs(1)).await.unwrap() {
        add(&mut counts, &step);
    }
    counts
}

/// Until each of a group has its share.
pub async fn all_join<R: Reactor>(workers: &mut [Worker<R>]) {
    let started = Instant::now();
    while !workers.iter().all(Worker::has_joined) {
        assert!(started.elapsed() < PATIENCE, "not all have joined");
        for worker in &mut *workers {
            let step = worker.step(Duration::from_millis(100)).await.unwrap();
            assert_eq!(step, Step::Idle);
        }
    }
}

pub fn total(counts: &Counts) -> usize {
    counts.decided + counts.passed + counts.refused + counts.held
}

pub fn add(counts: &mut Counts, more: &Counts) {
    counts.decided += more.decided;
    counts.passed += more.passed;
    counts.refused += more.refused;
    counts.held += more.held;
}

pub fn counts(decided: usize, passed: usize, refused: usize, held: usize) -> Counts {
    Counts {
        decided,
        passed,
        refused,
        held,
    }
}
