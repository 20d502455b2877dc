//! Topics on which participants tell of sagas, as the contract has it.

use domain::contract::Published;
use domain::contract::SagaContent;
use jiff::{SignedDuration, Timestamp};
use messaging::{Delivery, GroupProgress, OrderedProducer, OutgoingRecord, TopicSpec};
use projector::{SagaTracker, SagaTrackerWorker, Site, Teller, Topic, Topics, live_generation};
use read_models::{Generation, SagaDocument};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::fixture::{Fixture, PARTITIONS, unique};
use crate::steps;

/// Whose topic a record is for: orders', inventory's, payments', notifications'.
pub const ALL: [usize; 4] = [0, 1, 2, 3];

pub struct Sagas {
    pub fixture: Fixture,
    pub topics: Topics,
    pub generation: Generation,
    producer: OrderedProducer,
}

/// Which topic, and the record's value.
pub type Told = (usize, String);

impl Sagas {
    pub async fn new() -> Self {
        let fixture = Fixture::new().await;
        let mut topics = fixture.topics();
        let of = |what: &str| Topic {
            name: topics.orders.name.replace("order-events", what),
            partitions: PARTITIONS,
        };
        let others = ["inventory-events", "payment-events", "notification-events"];
        (topics.others, topics.sagas) = (others.map(of).into(), Some(of("saga-events")));
        for topic in topics.others.iter().chain(&topics.sagas) {
            let spec = TopicSpec {
                name: topic.name.clone(),
                partitions: topic.partitions,
                replication: 1,
            };
            fixture.kafka.ensure_topic(&spec).await.unwrap();
        }
        let (database, kafka) = (&fixture.read_database, &fixture.kafka);
        let generation = live_generation(&SagaTracker, database, kafka, &topics).await;
        Self {
            generation: generation.unwrap(),
            producer: fixture.kafka.ordered_producer().unwrap(),
            topics,
            fixture,
        }
    }

    pub fn site(&self, stop: CancellationToken) -> Site {
        Site {
            topics: self.topics.clone(),
            ..self.fixture.site(stop)
        }
    }

    pub fn topic(&self, which: usize) -> &str {
        match which {
            0 => &self.topics.orders.name,
            other => &self.topics.others[other - 1].name,
        }
    }

    pub async fn publish(&self, told: &[Told]) {
        for (which, value) in told {
            let id = serde_json::from_str::<Value>(value).unwrap();
            let key = id["aggregateId"].as_str().unwrap();
            self.put(*which, Some(key.as_bytes()), value.as_bytes())
                .await;
        }
    }

    pub async fn put(&self, which: usize, key: Option<&[u8]>, value: &[u8]) {
        let record = OutgoingRecord {
            topic: self.topic(which),
            key,
            payload: Some(value),
            headers: &[],
        };
        let delivery = self.producer.publish(&[record]).await.remove(0);
        assert!(
            matches!(delivery, Delivery::Acknowledged { .. }),
            "{delivery:?}"
        );
    }

    pub fn worker(&self, which: usize) -> Tracker {
        self.member_of(which, &self.group(which))
    }

    pub fn group(&self, which: usize) -> String {
        match which {
            0 => self.generation.group.clone(),
            _ => format!("{}.{}", self.generation.group, self.topic(which)),
        }
    }

    /// One that reads everything once more.
    pub async fn worker_anew(&self, which: usize) -> Tracker {
        let group = format!("{}.{}", self.generation.group, unique().simple());
        let (kafka, topic) = (&self.fixture.kafka, self.topic(which));
        let begun = kafka.commit_start_offsets(&group, topic, PARTITIONS).await;
        begun.unwrap();
        self.member_of(which, &group)
    }

    fn member_of(&self, which: usize, group: &str) -> Tracker {
        let kafka = &self.fixture.kafka;
        let consumer = kafka
            .batch_consumer(group, self.topic(which), None)
            .unwrap();
        let generation = Generation {
            group: group.to_owned(),
            ..self.generation.clone()
        };
        let (database, desk) = (
            self.fixture.read_database.clone(),
            self.fixture.dead_letters.clone(),
        );
        let teller = Some(Teller::new(
            kafka,
            &self.topics.sagas.as_ref().unwrap().name,
        ));
        Tracker {
            worker: match which {
                0 => SagaTrackerWorker::of_orders(consumer, database, desk, generation, teller),
                _ => SagaTrackerWorker::of_others(consumer, database, desk, generation, teller),
            },
            progress: steps::progress(kafka, group, self.topic(which)),
        }
    }

    pub async fn drain_all(&self) {
        for which in ALL {
            self.worker(which).catch_up().await;
        }
    }

    pub async fn document(&self, id: &str) -> Option<SagaDocument> {
        self.document_of(&self.generation, id).await
    }

    pub async fn document_of(&self, of: &Generation, id: &str) -> Option<SagaDocument> {
        let database = self.fixture.read_database.database();
        let sagas = database.collection(&of.collection);
        let this = bson::doc! { "_id": id, "startedAt": { "$exists": true } };
        sagas.find_one(this).await.unwrap()
    }

    /// Everything that is on the topic of sagas: type and id, by id, each of one saga in its order.
    pub async fn told(&self) -> Vec<(String, String)> {
        let topic = &self.topics.sagas.as_ref().unwrap().name;
        let reader = self.fixture.kafka.read_topic(topic, true).await.unwrap();
        let mut told = Vec::new();
        for record in reader.rest().await.unwrap() {
            let value = record.payload.unwrap();
            let event = Published::<SagaContent>::parse(&value).unwrap().envelope;
            assert_eq!(record.key.as_deref(), Some(event.aggregate_id.as_bytes()));
            let id = domain::event_id("Saga", &event.aggregate_id, event.version);
            assert_eq!(event.event_id, id);
            let headers = record.headers.iter();
            let correlation = headers
                .filter(|(name, _)| name == "correlation-id")
                .filter_map(|(_, value)| value.as_deref());
            assert_eq!(correlation.collect::<Vec<_>>(), [b"c-1"]);
            told.push((event.event_type, event.aggregate_id));
        }
        // Partitions are read in any order.
        told.sort_by(|(_, one), (_, other)| one.cmp(other));
        told
    }
}

/// A worker, and how far its group has come.
pub struct Tracker {
    pub worker: SagaTrackerWorker,
    progress: GroupProgress,
}

impl Tracker {
    pub async fn catch_up(&mut self) {
        let step = async || self.worker.step(steps::A_LOOK).await.unwrap();
        steps::catch_up(&self.progress, step).await;
    }
}

fn told(id: &str, (which, version, event_type, content): (usize, u64, &str, Value)) -> Told {
    let schema = if event_type == "OrderCreated" { 2 } else { 1 };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../domain/frozen/published");
    let frozen = format!("{folder}/{event_type}.{schema}.json");
    let mut json: Value = serde_json::from_str(&std::fs::read_to_string(frozen).unwrap()).unwrap();
    let start: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
    let at = start + SignedDuration::from_millis(version as i64 * 100 + which as i64 * 10);
    let aggregate = json["aggregateType"].as_str().unwrap().to_owned();
    json["aggregateId"] = id.into();
    json["version"] = version.into();
    json["eventId"] = json!(domain::event_id(&aggregate, id, version));
    json["occurredOn"] = json!(domain::OccurredOn::new(at));
    json["correlationId"] = "c-1".into();
    for (name, value) in content.as_object().into_iter().flatten() {
        json[name] = value.clone();
    }
    (which, json.to_string())
}

pub fn created() -> Value {
    json!({ "saga": { "flow": "stock-first", "paymentMethod": "CreditCard" } })
}

/// 12 records.
pub fn success(id: &str) -> Vec<Told> {
    let flow = json!({ "sagaFlow": "stock-first" });
    [
        (0, 1, "OrderCreated", created()),
        (3, 1, "RecipientNoted", Value::Null),
        (1, 1, "StockReserved", flow.clone()),
        (0, 2, "OrderStockReserved", flow.clone()),
        (2, 1, "PaymentRequested", flow.clone()),
        (2, 2, "PaymentPending", flow.clone()),
        (2, 3, "PaymentAuthorized", flow.clone()),
        (2, 4, "PaymentCompleted", flow.clone()),
        (0, 3, "OrderConfirmed", flow.clone()),
        (1, 2, "StockSold", flow),
        (3, 2, "NotificationDue", json!({ "kind": "confirmed" })),
        (3, 3, "NotificationSent", json!({ "kind": "confirmed" })),
    ]
    .map(|record| told(id, record))
    .into()
}

pub fn declined(id: &str) -> Vec<Told> {
    let why = json!({ "sagaFlow": "stock-first", "reason": "declined" });
    [
        (0, 1, "OrderCreated", created()),
        (1, 1, "StockReserved", json!({ "sagaFlow": "stock-first" })),
        (
            2,
            1,
            "PaymentRequested",
            json!({ "sagaFlow": "stock-first" }),
        ),
        (2, 2, "PaymentFailed", why.clone()),
        (1, 2, "StockReleased", why.clone()),
        (0, 2, "OrderCancelled", why),
        (3, 1, "NotificationSkipped", json!({ "kind": "cancelled" })),
    ]
    .map(|record| told(id, record))
    .into()
}

/// As it was before there were sagas, but that its customer is told.
pub fn manual(id: &str) -> Vec<Told> {
    [
        (0, 1, "OrderCreated", Value::Null),
        (0, 2, "OrderConfirmed", Value::Null),
        (3, 1, "NotificationSkipped", json!({ "kind": "confirmed" })),
    ]
    .map(|record| told(id, record))
    .into()
}
