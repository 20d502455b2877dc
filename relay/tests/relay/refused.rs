use messaging::{Delivery, MessagingError, OutgoingRecord, TopicSpec};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use relay::RelayError;

use crate::fixture::{Fixture, PARTITIONS};

async fn set_largest_message(topic: &str, bytes: &str) {
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

#[tokio::test]
async fn what_kafka_refuses_is_neither_skipped_nor_overtaken() {
    let fixture = Fixture::new().await;
    set_largest_message(&fixture.topic, "900").await;
    let large = fixture.order(&"x".repeat(250)).await;
    let mut relay = fixture.relay();
    for _ in 0..3 {
        match relay.turn().await {
            Err(RelayError::Refused { key, version, .. }) => {
                assert_eq!((key, version), (large.clone(), 1))
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(fixture.records().await.is_empty());
    assert_eq!(fixture.outbox.backlog().await.unwrap().pending, 3);

    set_largest_message(&fixture.topic, "1048588").await;
    fixture.drain(&mut relay).await;
    assert_eq!(fixture.first_occurrences().await[&large], [1, 2, 3]);
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
async fn what_follows_a_record_that_cannot_be_enqueued_stays_behind_it() {
    let fixture = Fixture::new().await;
    let too_large = "x".repeat(2_000_000);
    let record = |key, payload| OutgoingRecord {
        topic: &fixture.topic,
        key,
        payload,
        headers: &[],
    };
    let records = [
        record("a", too_large.as_str()),
        record("a", "1"),
        record("b", "1"),
    ];
    let deliveries = fixture
        .kafka
        .ordered_producer()
        .unwrap()
        .publish(&records)
        .await;
    assert!(matches!(deliveries[0], Delivery::Failed(_)));
    assert_eq!(deliveries[1], Delivery::NotSent);
    assert!(matches!(deliveries[2], Delivery::Acknowledged { .. }));
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
