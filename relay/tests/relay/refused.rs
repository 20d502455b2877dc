use messaging::{MessagingError, TopicSpec};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use std::time::{Duration, Instant};

use domain::contract::Stub;
use relay::{HeldTurn, Relay};

use crate::fixture::{Fixture, PARTITIONS};

pub async fn set_largest_message(topic: &str, bytes: &str) {
    set_config(topic, "max.message.bytes", bytes).await;
}

async fn set_config(topic: &str, name: &str, value: &str) {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set(
            "bootstrap.servers",
            devstack::shared_kafka().await.brokers(),
        )
        .create()
        .unwrap();
    let change = AlterConfig::new(ResourceSpecifier::Topic(topic)).set(name, value);
    let results = admin
        .alter_configs([&change], &AdminOptions::new())
        .await
        .unwrap();
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

/// The order's first record is larger than the topic takes; those of other orders are not.
pub const TOO_SMALL: &str = "900";
pub const LARGE_ENOUGH: &str = "1048588";

async fn state_of(fixture: &Fixture, id: &str) -> (String, i32, i32) {
    let row = fixture
        .psql()
        .await
        .query_one(
            "SELECT d.state, d.retry_count, o.attempts FROM dead_letters d
             JOIN outbox o ON o.id = d.outbox_id WHERE d.aggregate_id = $1",
            &[&id],
        )
        .await
        .unwrap();
    (row.get(0), row.get(1), row.get(2))
}

/// Tries refused records until their attempts are used up.
async fn use_up_attempts(relay: &mut Relay) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(Instant::now() < deadline);
        match relay.held_back.turn().await.unwrap() {
            HeldTurn::Idle { next: None } => return,
            HeldTurn::Idle { next: Some(_) } | HeldTurn::Tried { .. } => {}
        }
    }
}

/// An order whose first record is refused, in the middle of others in the same slot; its attempts
/// are used up.
async fn refused(fixture: &Fixture, relay: &mut Relay) -> (String, Vec<String>) {
    set_largest_message(&fixture.topic, TOO_SMALL).await;
    let large = Fixture::neighbour(&fixture.order("Before").await);
    let mut others = Vec::new();
    for _ in 0..5 {
        others.push(fixture.order_of(Fixture::neighbour(&large), "Pizza").await);
    }
    fixture.order_of(large.clone(), &"x".repeat(250)).await;
    for _ in 0..5 {
        others.push(fixture.order_of(Fixture::neighbour(&large), "Pizza").await);
        others.push(fixture.order("Pizza").await);
    }
    fixture.drain(relay).await;
    use_up_attempts(relay).await;
    (large, others)
}

#[tokio::test]
async fn a_refused_record_holds_its_own_key_and_nothing_else() {
    let fixture = Fixture::new().await;
    let mut relay = fixture.relay().await;
    let (large, others) = refused(&fixture, &mut relay).await;
    let seen = fixture.first_occurrences().await;
    for id in &others {
        assert_eq!(seen[id], [1, 2, 3], "the same slot flows on");
    }
    assert!(!seen.contains_key(&large));
    assert_eq!(state_of(&fixture, &large).await, ("open".to_owned(), 3, 4));
    let backlog = fixture.outbox.backlog().await.unwrap();
    assert_eq!(
        (backlog.pending, backlog.held, backlog.keys_blocked),
        (0, 3, 1)
    );

    // The desk's item is the record byte for byte, and on the dead-letter topic once.
    let psql = fixture.psql().await;
    let row = psql
        .query_one(
            "SELECT convert_from(value, 'UTF8') = payload::text, convert_from(key, 'UTF8'), d.id::text,
                 error_message FROM dead_letters d JOIN outbox o ON o.id = d.outbox_id",
            &[],
        )
        .await
        .unwrap();
    assert!(row.get::<_, bool>(0));
    assert_eq!(row.get::<_, String>(1), large);
    assert!(row.get::<_, String>(3).contains("too large"), "{row:?}");
    assert_eq!(relay.dead_letter_topic.turn().await.unwrap(), 1);
    assert_eq!(relay.dead_letter_topic.turn().await.unwrap(), 0);
    let published = fixture.records_of(&fixture.dead_letter_topic()).await;
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].key.as_deref(), Some(large.as_bytes()));
    let payload: String = psql
        .query_one(
            "SELECT payload::text FROM outbox WHERE status = 'FAILED'",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(published[0].payload.as_deref(), Some(payload.as_bytes()));
    let header = |name: &str| {
        let found = published[0].headers.iter().find(|(n, _)| n == name);
        String::from_utf8(found.unwrap().1.clone().unwrap()).unwrap()
    };
    assert_eq!(header("dead-letter-id"), row.get::<_, String>(2));
    assert_eq!(header("dead-letter-reason"), "max_retries_exceeded");
    assert_eq!(header("ce_subject"), large);
}

#[tokio::test]
async fn a_record_that_goes_out_after_all_releases_what_waits_behind_it() {
    let fixture = Fixture::new().await;
    let mut relay = fixture.relay().await;
    let (large, _) = refused(&fixture, &mut relay).await;
    set_largest_message(&fixture.topic, LARGE_ENOUGH).await;
    requeue(&fixture).await;
    let tried = relay.held_back.turn().await.unwrap();
    assert_eq!(
        tried,
        HeldTurn::Tried {
            published: 1,
            refused: 0
        }
    );
    fixture.drain(&mut relay).await;
    assert_eq!(fixture.first_occurrences().await[&large], [1, 2, 3]);
    assert_eq!(state_of(&fixture, &large).await.0, "resolved");
    assert_eq!(fixture.outbox.backlog().await.unwrap().keys_blocked, 0);
}

#[tokio::test]
async fn a_requeue_that_fails_again_is_the_same_item() {
    let fixture = Fixture::new().await;
    let mut relay = fixture.relay().await;
    let (large, _) = refused(&fixture, &mut relay).await;
    requeue(&fixture).await;
    let tried = relay.held_back.turn().await.unwrap();
    assert_eq!(
        tried,
        HeldTurn::Tried {
            published: 0,
            refused: 1
        }
    );
    assert_eq!(state_of(&fixture, &large).await, ("open".to_owned(), 4, 5));
}

#[tokio::test]
async fn an_event_that_is_given_up_leaves_a_stub() {
    let fixture = Fixture::new().await;
    let mut relay = fixture.relay().await;
    let (large, _) = refused(&fixture, &mut relay).await;
    let sql = "WITH given_up AS (
             UPDATE dead_letters SET state = 'discarded' RETURNING outbox_id
         ) UPDATE outbox SET next_attempt_at = now() FROM given_up WHERE id = outbox_id";
    fixture.psql().await.execute(sql, &[]).await.unwrap();
    let tried = relay.held_back.turn().await.unwrap();
    assert_eq!(
        tried,
        HeldTurn::Tried {
            published: 1,
            refused: 0
        }
    );
    fixture.drain(&mut relay).await;
    assert_eq!(state_of(&fixture, &large).await.0, "discarded");
    let records = fixture.records().await;
    let of_it: Vec<_> = records
        .iter()
        .filter(|r| r.key.as_deref() == Some(large.as_bytes()))
        .collect();
    assert_eq!(of_it.len(), 3);
    let stub = Stub::parse(of_it[0].payload.as_deref().unwrap()).unwrap();
    assert_eq!(
        (stub.0.version, stub.0.event_type.as_str()),
        (1, "OrderCreated")
    );
    assert_eq!(stub.0.event_id, domain::event_id("Order", &large, 1));
}

/// What the desk does.
async fn requeue(fixture: &Fixture) {
    let sql = "WITH requeued AS (
             UPDATE dead_letters SET state = 'requeued' RETURNING outbox_id
         ) UPDATE outbox SET next_attempt_at = now() FROM requeued WHERE id = outbox_id";
    fixture.psql().await.execute(sql, &[]).await.unwrap();
}

#[tokio::test]
async fn many_refused_records_are_found_one_by_one() {
    let fixture = Fixture::new().await;
    let mut relay = fixture.relay().await;
    set_largest_message(&fixture.topic, TOO_SMALL).await;
    let (mut large, mut small) = (Vec::new(), Vec::new());
    for _ in 0..12 {
        large.push(fixture.order(&"x".repeat(250)).await);
        small.push(fixture.order("Pizza").await);
    }
    fixture.drain(&mut relay).await;
    let seen = fixture.first_occurrences().await;
    assert!(small.iter().all(|id| seen[id] == [1, 2, 3]));
    assert_eq!(seen.len(), small.len());
    let backlog = fixture.outbox.backlog().await.unwrap();
    assert_eq!((backlog.pending, backlog.keys_blocked), (0, 12));
    set_largest_message(&fixture.topic, LARGE_ENOUGH).await;
    use_up_attempts(&mut relay).await;
    fixture.drain(&mut relay).await;
    let seen = fixture.first_occurrences().await;
    assert!(large.iter().all(|id| seen[id] == [1, 2, 3]));
}

#[tokio::test]
async fn a_topic_with_another_number_of_partitions_is_refused() {
    let fixture = Fixture::new().await;
    let kafka = &fixture.kafka;
    kafka.check_topic(&fixture.topic, PARTITIONS).await.unwrap();
    let other = TopicSpec {
        name: fixture.topic.clone(),
        partitions: 4,
        replication: 1,
    };
    for refused in [
        kafka.check_topic(&fixture.topic, 4).await,
        kafka.ensure_topic(&other).await,
    ] {
        assert!(matches!(
            refused,
            Err(MessagingError::PartitionCount {
                expected: 4,
                found: 8,
                ..
            })
        ));
    }
    let missing = kafka.check_topic("no-such-topic", 8).await;
    assert!(matches!(missing, Err(MessagingError::NoTopic { .. })));
}

#[tokio::test]
async fn a_topic_that_would_lose_events_is_refused() {
    let fixture = Fixture::new().await;
    set_config(&fixture.topic, "retention.ms", "604800000").await;
    let topic = TopicSpec {
        name: fixture.topic.clone(),
        partitions: PARTITIONS,
        replication: 1,
    };
    let refused = loop {
        // The change takes a moment to show.
        if let Err(refused) = fixture.kafka.ensure_topic(&topic).await {
            break refused;
        }
    };
    assert_eq!(
        refused.to_string(),
        format!(
            "topic {} has retention.ms=604800000, it needs -1",
            fixture.topic
        )
    );
}
