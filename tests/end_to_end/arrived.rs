use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::contract::PublishedOrderEvent;
use futures::TryStreamExt;
use messaging::Kafka;
use projector::project;
use read_models::{OrderDocument, ReadDatabase};
use tokio_postgres::NoTls;

use crate::backend::World;
use crate::customer::Promised;

const PATIENCE: Duration = Duration::from_secs(90);

/// What was compared and found equal.
pub struct Compared {
    /// Orders that somebody was told of.
    pub promised: usize,
    pub orders: usize,
    events: usize,
    records: usize,
    repeats: usize,
}

impl std::fmt::Display for Compared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} orders promised; {} orders with {} events stored, on the topic ({} records, {} of \
             them repeats) and in MongoDB, all equal",
            self.promised, self.orders, self.events, self.records, self.repeats
        )
    }
}

/// An order's published JSON by version.
type Streams = BTreeMap<String, BTreeMap<u64, String>>;

/// Waits until nothing is on the way any more, and compares the three: what was promised is in the
/// store; what is in the store is on the topic, in version order, byte for byte; and the documents
/// are the fold of it, no more and no less.
pub async fn compare(world: &World, promised: &Promised) -> Compared {
    wait_until_published(world).await;
    let stored = stored(world).await;
    for (id, version) in promised {
        let versions = stored.get(id).unwrap_or_else(|| panic!("{id} is lost"));
        let last = *versions.keys().last().unwrap();
        assert!(
            last >= *version,
            "{id}: {version} was promised, {last} is stored"
        );
    }
    for (id, versions) in &stored {
        let expected: Vec<u64> = (1..=versions.len() as u64).collect();
        assert!(versions.keys().eq(&expected), "{id}: {:?}", versions.keys());
    }
    let (records, repeats) = compare_topic(world, &stored).await;
    compare_documents(world, &stored).await;
    Compared {
        promised: promised.len(),
        orders: stored.len(),
        events: stored.values().map(BTreeMap::len).sum(),
        records,
        repeats,
    }
}

async fn connect(world: &World) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(&world.database_url, NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

async fn wait_until_published(world: &World) {
    let client = connect(world).await;
    let started = Instant::now();
    loop {
        let row = client
            .query_one(
                "SELECT count(*) FROM outbox WHERE status <> 'PUBLISHED'",
                &[],
            )
            .await
            .unwrap();
        match row.get::<_, i64>(0) {
            0 => return,
            left => assert!(
                started.elapsed() < PATIENCE,
                "{left} events are not published"
            ),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn stored(world: &World) -> Streams {
    let rows = connect(world)
        .await
        .query(
            "SELECT e.aggregate_id, e.sequence, o.payload::text
             FROM events e LEFT JOIN outbox o
               ON o.aggregate_id = e.aggregate_id AND o.version = e.sequence",
            &[],
        )
        .await
        .unwrap();
    let mut streams = Streams::new();
    for row in rows {
        let (id, version): (String, i64) = (row.get(0), row.get(1));
        let payload: Option<String> = row.get(2);
        let payload = payload.unwrap_or_else(|| panic!("{id} version {version} has no outbox row"));
        streams
            .entry(id)
            .or_default()
            .insert(version as u64, payload);
    }
    streams
}

async fn compare_topic(world: &World, stored: &Streams) -> (usize, usize) {
    let reader = Kafka::new(&world.brokers)
        .read_topic(&world.topic, true)
        .await
        .unwrap();
    let records = reader.rest().await.unwrap();
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut repeats = 0;
    for record in &records {
        let value = record.payload.as_deref().unwrap();
        let event = PublishedOrderEvent::parse(value).unwrap();
        let (id, version) = (event.envelope.aggregate_id, event.envelope.version);
        assert_eq!(record.key.as_deref(), Some(id.as_bytes()));
        let payload = stored.get(&id).and_then(|versions| versions.get(&version));
        let payload = payload.unwrap_or_else(|| panic!("{id} version {version} is a phantom"));
        assert_eq!(value, payload.as_bytes(), "{id} version {version} differs");
        let last = seen.entry(id.clone()).or_default();
        if version <= *last {
            repeats += 1;
        } else {
            assert_eq!(version, *last + 1, "{id} is out of order");
            *last = version;
        }
    }
    for (id, versions) in stored {
        assert_eq!(
            seen.get(id),
            versions.keys().last(),
            "{id} is not whole on the topic"
        );
    }
    (records.len(), repeats)
}

async fn compare_documents(world: &World, stored: &Streams) {
    let database = ReadDatabase::new(&world.mongodb_uri, &world.mongodb_database)
        .await
        .unwrap();
    let started = Instant::now();
    loop {
        let documents = documents(&database).await;
        let behind = stored
            .iter()
            .filter(|(id, versions)| {
                documents.get(*id).map(|d| d.version as u64) != versions.keys().last().copied()
            })
            .count();
        if behind == 0 {
            for (id, versions) in stored {
                let folded = versions.values().fold(None, |document, json| {
                    let event = PublishedOrderEvent::parse(json.as_bytes()).unwrap();
                    Some(project(document, &event).unwrap())
                });
                assert_eq!(documents.get(id), folded.as_ref());
            }
            assert_eq!(
                documents.len(),
                stored.len(),
                "documents of orders nobody made"
            );
            return;
        }
        assert!(
            started.elapsed() < PATIENCE,
            "{behind} documents are behind"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn documents(database: &ReadDatabase) -> BTreeMap<String, OrderDocument> {
    let Some(live) = database.live(OrderDocument::PROJECTION).await.unwrap() else {
        return BTreeMap::new();
    };
    let found: Vec<OrderDocument> = database
        .orders(&live)
        .find(bson::doc! {})
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    found.into_iter().map(|d| (d.order_id.clone(), d)).collect()
}
