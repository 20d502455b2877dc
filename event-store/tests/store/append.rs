use cqrs_es::Aggregate;
use domain::order::{Order, OrderEvent};
use domain::{CancelReason, PaymentId};
use event_store::{Append, EventStoreError};

use crate::fixture::{Fixture, context, create, new_id};

/// An order's first three events, and the order after each.
pub async fn life() -> Vec<(OrderEvent, Order)> {
    let mut order = Order::default();
    let sink = cqrs_es::event_sink::EventSink::default();
    order.handle(create(), &(), &sink).await.unwrap();
    let created = sink.collect().await.remove(0);
    let mut life = vec![(created, order.clone())];
    for event in [
        OrderEvent::OrderConfirmed {
            payment_id: PaymentId::new("p-1").unwrap(),
            saga_flow: None,
        },
        OrderEvent::OrderCancelled {
            reason: CancelReason::new("late").unwrap(),
            saga_flow: None,
        },
    ] {
        order.apply(event.clone());
        life.push((event, order.clone()));
    }
    life
}

#[tokio::test]
async fn events_state_and_outbox_are_written_together() {
    let fixture = Fixture::new().await;
    let (id, context, life) = (new_id(), context(), life().await);
    let events: Vec<OrderEvent> = life.iter().map(|(event, _)| event.clone()).collect();
    let decision = Append {
        stream: &id,
        expected_version: 0,
        events: &events,
        state: &life[2].1,
        context: &context,
        idempotency: None,
    };
    let appended = fixture.store.append(&decision).await.unwrap();
    assert_eq!(appended.version, 3);

    let psql = fixture.psql().await;
    let order = psql
        .query_one(
            "SELECT version, status, customer_id, total_amount::text FROM orders WHERE id = $1",
            &[&id],
        )
        .await
        .unwrap();
    assert_eq!(order.get::<_, i64>(0), 3);
    assert_eq!(order.get::<_, String>(1), "CANCELLED");
    assert_eq!(order.get::<_, String>(2), "customer-123");
    assert_eq!(order.get::<_, String>(3), "45.99");

    let rows = psql
        .query(
            "SELECT o.id::text, o.event_type, o.version, o.status, o.topic, o.slot, o.payload::text,
                    o.headers::text, e.payload::text, e.metadata::text
             FROM outbox o JOIN events e ON e.aggregate_id = o.aggregate_id AND e.sequence = o.version
             ORDER BY o.position",
            &[],
        )
        .await
        .unwrap();
    let versions: Vec<i64> = rows.iter().map(|row| row.get(2)).collect();
    assert_eq!(versions, [1, 2, 3], "positions ascend with the version");
    let first = &rows[0];
    let event_id = domain::event_id("Order", &id, 1).to_string();
    assert_eq!(first.get::<_, String>(0), event_id);
    assert_eq!(first.get::<_, String>(3), "PENDING");
    assert_eq!(first.get::<_, i16>(5), event_store::slot(&id) as i16);
    assert_eq!(
        first.get::<_, String>(6),
        format!(
            r#"{{"eventId":"{event_id}","eventType":"OrderCreated","aggregateType":"Order","aggregateId":"{id}","version":1,"schemaVersion":2,"occurredOn":"2026-11-21T10:00:00.123456Z","correlationId":"correlation-1","causationId":"{}","customerId":"customer-123","restaurantId":"restaurant-456","totalAmount":45.99,"currency":"EUR","items":[{{"menuItemId":"item-1","name":"Pizza","price":12.99,"quantity":2}}]}}"#,
            context.command_id
        )
    );
    assert!(
        first
            .get::<_, String>(7)
            .contains(&format!(r#""ce_id":"{event_id}""#))
    );
    assert!(
        first
            .get::<_, String>(8)
            .contains(r#""totalAmount":"45.99""#),
        "stored as text"
    );
    assert!(
        first
            .get::<_, String>(9)
            .contains(r#""correlationId":"correlation-1""#)
    );
}

#[tokio::test]
async fn a_stale_version_writes_nothing() {
    let fixture = Fixture::new().await;
    let (id, context, life) = (new_id(), context(), life().await);
    let append = async |expected: u64, step: usize| {
        let decision = Append {
            stream: &id,
            expected_version: expected,
            events: std::slice::from_ref(&life[step].0),
            state: &life[step].1,
            context: &context,
            idempotency: None,
        };
        fixture.store.append(&decision).await
    };
    append(0, 0).await.unwrap();
    append(1, 1).await.unwrap();
    for (expected, step) in [(0, 0), (1, 2), (3, 2), (9, 2)] {
        let refused = append(expected, step).await.unwrap_err();
        assert!(
            matches!(refused, EventStoreError::Conflict { expected: e } if e == expected),
            "{refused}"
        );
    }
    for table in ["events", "outbox"] {
        assert_eq!(fixture.count(table).await, 2, "{table}");
    }
    append(2, 2).await.unwrap();
}

#[tokio::test]
async fn of_racing_appends_exactly_one_goes_through() {
    let fixture = Fixture::new().await;
    let (id, context, life) = (new_id(), context(), life().await);
    for (step, (event, state)) in life.iter().enumerate() {
        let racers = (0..16).map(|_| async {
            let decision = Append {
                stream: &id,
                expected_version: step as u64,
                events: std::slice::from_ref(event),
                state,
                context: &context,
                idempotency: None,
            };
            fixture.store.append(&decision).await
        });
        let outcomes = futures::future::join_all(racers).await;
        let through = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(through, 1, "at version {step}");
        for outcome in outcomes {
            assert!(matches!(
                outcome,
                Ok(_) | Err(EventStoreError::Conflict { .. })
            ));
        }
    }
    assert_eq!(fixture.count("events").await, 3);
}

#[tokio::test]
async fn another_unique_violation_is_no_conflict() {
    let fixture = Fixture::new().await;
    let psql = fixture.psql().await;
    psql.batch_execute("CREATE UNIQUE INDEX one_customer ON orders (customer_id)")
        .await
        .unwrap();
    let (context, life) = (context(), life().await);
    let append = async |id: &str| {
        let decision = Append {
            stream: id,
            expected_version: 0,
            events: std::slice::from_ref(&life[0].0),
            state: &life[0].1,
            context: &context,
            idempotency: None,
        };
        fixture.store.append(&decision).await
    };
    append(&new_id()).await.unwrap();
    let refused = append(&new_id()).await.unwrap_err();
    assert!(matches!(refused, EventStoreError::Refused(_)), "{refused}");
    assert_eq!(fixture.count("events").await, 1);
}

#[tokio::test]
async fn migrations_can_run_side_by_side_and_again() {
    let fixture = Fixture::new().await;
    let again = (0..4).map(|_| fixture.database.migrate());
    for outcome in futures::future::join_all(again).await {
        outcome.unwrap();
    }
    fixture.database.ping().await.unwrap();
}

/// In a database whose events and outbox rows were numbered apart.
#[tokio::test]
async fn rows_of_before_are_found_by_one_position_too() {
    let fixture = Fixture::new().await;
    let psql = fixture.psql().await;
    let life = life().await;
    let id = new_id();
    let append = async |from: usize| {
        let decision = Append {
            stream: &id,
            expected_version: from as u64,
            events: &[life[from].0.clone()],
            state: &life[from].1,
            context: &context(),
            idempotency: None,
        };
        fixture.store.append(&decision).await.unwrap();
    };
    append(0).await;
    append(1).await;
    psql.batch_execute(
        "UPDATE events SET position = 100 - position;
         ALTER TABLE events ALTER COLUMN position DROP DEFAULT;
         ALTER TABLE events ALTER COLUMN position ADD GENERATED ALWAYS AS IDENTITY;
         ALTER TABLE outbox ADD CONSTRAINT outbox_stream_key
             UNIQUE (aggregate_type, aggregate_id, version)",
    )
    .await
    .unwrap();
    let migration = include_str!("../../../migrations/0012_one_position.sql");
    psql.batch_execute(migration).await.unwrap();
    append(2).await;
    let rows = "events e JOIN outbox o USING (position) WHERE o.version = e.sequence";
    assert_eq!(fixture.count(rows).await, 3);
}
