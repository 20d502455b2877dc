//! Sagas as their topics tell them.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::{Milestone, SagaStatus, Sighting, StepStatus, Track, sequence};
use crate::contract::{Envelope, Stub};
use crate::saga::Participant;

const ID: &str = "o-1";

/// A record: who tells it, its version, its type, and what is particular to it.
type Told = (&'static str, u64, &'static str, Value);

fn flow() -> Value {
    json!({ "sagaFlow": "stock-first" })
}

fn because(reason: &str) -> Value {
    json!({ "sagaFlow": "stock-first", "reason": reason })
}

fn created() -> Told {
    let saga = json!({ "flow": "stock-first", "paymentMethod": "CreditCard" });
    let content = json!({
        "customerId": "customer-123", "restaurantId": "store-1", "totalAmount": 299.99,
        "currency": "EUR", "saga": saga,
        "items": [{ "menuItemId": "p", "name": "P", "price": 100.00, "quantity": 2 }],
    });
    ("Order", 1, "OrderCreated", content)
}

fn lines(reason: Option<&str>) -> Value {
    let mut content = json!({
        "sagaFlow": "stock-first",
        "lines": [{ "itemId": "p", "quantity": 2, "counted": true }],
    });
    match reason {
        Some(reason) => content["reason"] = reason.into(),
        None => content["storeId"] = "store-1".into(),
    }
    content
}

fn intent() -> Value {
    json!({ "sagaFlow": "stock-first", "intentId": "pi-1" })
}

fn captured() -> Value {
    json!({
        "sagaFlow": "stock-first", "intentId": "pi-1", "amount": 299.99, "currency": "EUR",
    })
}

fn paying() -> [Told; 3] {
    let payment = json!({ "amount": 299.99, "currency": "EUR", "method": "CreditCard" });
    [
        (
            "Payment",
            1,
            "PaymentRequested",
            json!({ "sagaFlow": "stock-first", "payment": payment }),
        ),
        ("Payment", 2, "PaymentPending", intent()),
        ("Order", 2, "OrderStockReserved", flow()),
    ]
}

fn kind(kind: &str) -> Value {
    json!({ "kind": kind, "messageId": "<m@example.org>" })
}

fn success() -> Vec<Told> {
    let mut all = vec![
        created(),
        ("Notification", 1, "RecipientNoted", json!({ "lines": 1 })),
        ("Reservation", 1, "StockReserved", lines(None)),
    ];
    all.extend(paying());
    all.extend([
        ("Payment", 3, "PaymentAuthorized", intent()),
        ("Payment", 4, "PaymentCompleted", captured()),
        (
            "Order",
            3,
            "OrderConfirmed",
            json!({ "paymentId": "pi-1", "sagaFlow": "stock-first" }),
        ),
        ("Reservation", 2, "StockSold", lines(None)),
        (
            "Notification",
            2,
            "NotificationDue",
            json!({ "kind": "confirmed" }),
        ),
        ("Notification", 3, "NotificationSent", kind("confirmed")),
    ]);
    all
}

/// Taken back by the customer after all of it.
fn regretted() -> Vec<Told> {
    let why = "changed my mind";
    let mut all = success();
    all.extend([
        ("Order", 4, "OrderCancelled", because(why)),
        ("Payment", 5, "PaymentCancellationRequested", because(why)),
        ("Payment", 6, "PaymentRefunded", {
            let mut content = because(why);
            content["amount"] = json!(299.99);
            content["currency"] = "EUR".into();
            content
        }),
        ("Reservation", 3, "StockReleased", lines(Some(why))),
        (
            "Notification",
            4,
            "NotificationDue",
            json!({ "kind": "cancelled" }),
        ),
        ("Notification", 5, "NotificationSent", kind("cancelled")),
    ]);
    all
}

fn declined() -> Vec<Told> {
    let mut all = vec![created(), ("Reservation", 1, "StockReserved", lines(None))];
    all.extend(paying());
    all.extend([
        ("Payment", 3, "PaymentFailed", because("declined; <b>#1")),
        ("Order", 3, "OrderPaymentFailed", because("declined")),
        ("Reservation", 2, "StockReleased", lines(Some("declined"))),
        ("Order", 4, "OrderCancelled", because("declined")),
        (
            "Notification",
            1,
            "NotificationSkipped",
            json!({ "kind": "cancelled" }),
        ),
    ]);
    all
}

fn short() -> Vec<Told> {
    let short = json!({
        "sagaFlow": "stock-first", "storeId": "store-1",
        "short": [{ "itemId": "p", "requested": 2, "available": 1 }],
    });
    vec![
        created(),
        ("Reservation", 1, "StockReservationFailed", short),
        ("Order", 2, "OrderFailed", because("not enough in stock: p")),
        (
            "Notification",
            1,
            "NotificationSkipped",
            json!({ "kind": "failed" }),
        ),
    ]
}

/// The clock is faster than anybody else.
fn late() -> Vec<Told> {
    let why = "not finished in time";
    vec![
        created(),
        ("Order", 2, "OrderCancelled", because(why)),
        ("Payment", 1, "PaymentCancelled", because(why)),
        ("Reservation", 1, "StockReleased", lines(Some(why))),
        (
            "Notification",
            1,
            "NotificationSkipped",
            json!({ "kind": "cancelled" }),
        ),
    ]
}

fn record(at: usize, (aggregate_type, version, event_type, content): &Told) -> String {
    let start: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
    let mut json = json!({
        "eventId": crate::event_id(aggregate_type, ID, *version),
        "eventType": event_type, "aggregateType": aggregate_type, "aggregateId": ID,
        "version": version, "schemaVersion": if *event_type == "OrderCreated" { 2 } else { 1 },
        "occurredOn": crate::OccurredOn::new(start + SignedDuration::from_millis(at as i64 * 100)),
        "correlationId": "c-1", "causationId": "k-1",
    });
    for (name, value) in content.as_object().unwrap() {
        json[name] = value.clone();
    }
    json.to_string()
}

fn sighting(record: &str) -> Option<Sighting> {
    let envelope: Envelope = serde_json::from_str(record).unwrap();
    Sighting::read(&envelope, record.as_bytes()).unwrap()
}

fn sightings(told: &[Told]) -> Vec<Sighting> {
    let records = told.iter().enumerate().map(|(at, told)| record(at, told));
    records.filter_map(|record| sighting(&record)).collect()
}

fn track(told: &[Told]) -> Track {
    sightings(told).into_iter().collect()
}

fn milestones(track: &Track) -> Vec<Milestone> {
    track.milestones().into_iter().map(|(m, _)| m).collect()
}

/// After each of its events.
fn statuses(told: &[Told]) -> Vec<SagaStatus> {
    let after = |count| track(&told[..count]).state(ID).unwrap().status;
    (1..=told.len()).map(after).collect()
}

#[test]
fn a_saga_ends_with_the_last_one_who_has_to_do_something() {
    use SagaStatus::*;
    let end = statuses(&success());
    assert_eq!(end[..3], [Started, Started, InProgress]);
    assert!(end[3..11].iter().all(|status| *status == InProgress));
    assert_eq!(end[11], Completed);
    assert_eq!(
        statuses(&regretted())[11..],
        [
            Completed,
            Compensating,
            Compensating,
            Compensating,
            Compensating,
            Compensating,
            Compensated
        ]
    );
    assert_eq!(
        statuses(&declined())[4..],
        [
            InProgress,
            Compensating,
            Compensating,
            Compensating,
            Compensating,
            Compensated
        ]
    );
    assert_eq!(
        statuses(&short()),
        [Started, InProgress, InProgress, Failed]
    );
    assert_eq!(
        statuses(&late()),
        [
            Started,
            Compensating,
            Compensating,
            Compensating,
            Compensated
        ]
    );
}

#[test]
fn what_is_told_of_it() {
    use Milestone::*;
    assert_eq!(milestones(&track(&success())), [SagaStarted, SagaCompleted]);
    assert_eq!(milestones(&track(&short())), [SagaStarted, SagaFailed]);
    let undone = [
        SagaStarted,
        SagaCompensationStarted,
        SagaCompensationCompleted,
    ];
    assert_eq!(milestones(&track(&declined())), undone);
    assert_eq!(milestones(&track(&late())), undone);
    let all = [
        SagaStarted,
        SagaCompleted,
        SagaCompensationStarted,
        SagaCompensationCompleted,
    ];
    let regretted = track(&regretted());
    assert_eq!(milestones(&regretted), all);
    let mut ids: Vec<String> = all
        .into_iter()
        .map(|m| regretted.tell(ID, m).unwrap().envelope.event_id.to_string())
        .collect();
    assert_eq!(ids[0], crate::event_id("Saga", ID, 1).to_string());
    ids.dedup();
    assert_eq!(ids.len(), 4);
    let told = track(&declined())
        .tell(ID, SagaCompensationStarted)
        .unwrap();
    assert_eq!(told.envelope.correlation_id, "c-1");
    assert_eq!(
        told.envelope.causation_id,
        crate::event_id("Payment", ID, 3).to_string()
    );
    assert_eq!(
        told.envelope.occurred_on.to_string(),
        "2026-11-21T10:00:00.500000Z"
    );
    let json = told.to_json().unwrap();
    assert!(json.ends_with(r#""businessProcess":"order/stock-first","reason":"declined; <b>#1"}"#));
    assert_eq!(track(&declined()).tell(ID, SagaCompleted), None);
}

#[test]
fn the_state_says_when_and_why() {
    let state = track(&declined()).state(ID).unwrap();
    assert_eq!(state.business_process, "order/stock-first");
    assert_eq!(state.initiator_id.unwrap().as_str(), "customer-123");
    let at = |millis: i64| {
        let start: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        crate::OccurredOn::new(start + SignedDuration::from_millis(millis))
    };
    assert_eq!(state.started_at, at(0));
    assert_eq!(state.failed_at, Some(at(500)));
    assert_eq!(state.completed_at, Some(at(900)));
    assert_eq!(state.moved_at, at(900));
    assert_eq!(state.failure_reason.unwrap().as_str(), "declined; <b>#1");
    let steps: Vec<(&str, &str, StepStatus)> = state
        .steps
        .iter()
        .map(|step| (step.participant.as_str(), step.name, step.status))
        .collect();
    assert_eq!(
        steps,
        [
            ("order", "place", StepStatus::Done),
            ("inventory", "reserve", StepStatus::Done),
            ("payment", "ask for the payment", StepStatus::Failed),
            ("inventory", "release", StepStatus::Done),
            ("order", "cancel", StepStatus::Done),
            ("notification", "tell the customer", StepStatus::Skipped),
        ]
    );
    let payment = &state.steps[2];
    assert_eq!((payment.started, payment.ended), (at(100), Some(at(500))));
    assert_eq!(payment.event_id, Some(crate::event_id("Payment", ID, 3)));
    assert_eq!(payment.error.as_ref().unwrap().as_str(), "declined; <b>#1");
    // On its way somebody is at work.
    let open = track(&success()[..3]).state(ID).unwrap();
    let last = open.steps.last().unwrap();
    assert_eq!(
        (last.name, last.status),
        ("ask for the payment", StepStatus::Started)
    );
    assert_eq!((last.ended, last.event_id), (None, None));
}

#[test]
fn a_gap_or_a_lost_content_ends_nothing_too_early() {
    let all = success();
    for gone in 1..all.len() {
        let mut rest = all.clone();
        let (_, _, event_type, _) = rest.remove(gone);
        let status = track(&rest).state(ID).unwrap().status;
        // The last of a participant's events is not known to be missing; it is needed, or not.
        assert!(!status.has_ended(), "without {event_type}");
    }
    // As who waits for the content of an event sees it, it is the event all the same.
    let stubs = all.iter().enumerate().skip(1).map(|(at, told)| {
        let record = record(at, told);
        Stub::of(record.as_bytes()).unwrap().to_json().unwrap()
    });
    let mut track: Track = stubs.filter_map(|stub| sighting(&stub)).collect();
    assert_eq!(track.state(ID), None);
    track.see(sightings(&all[..1]).remove(0));
    // But for what the mail was about.
    assert_eq!(track.state(ID).unwrap().status, SagaStatus::InProgress);
    track.see(sightings(&all).pop().unwrap());
    assert_eq!(track.state(ID).unwrap().status, SagaStatus::Completed);
}

#[test]
fn manual_orders_and_stock_are_no_sagas() {
    let (of, version, event_type, mut content) = created();
    content.as_object_mut().unwrap().remove("saga");
    assert_eq!(
        sighting(&record(0, &(of, version, event_type, content))),
        None
    );
    let payment = json!({ "paymentId": "p-1" });
    assert_eq!(
        sighting(&record(1, &("Order", 2, "OrderConfirmed", payment))),
        None
    );
    let moved = json!({ "storeId": "s", "itemId": "p", "orderId": ID, "quantity": 2 });
    assert_eq!(
        sighting(&record(1, &("Stock", 2, "ItemReserved", moved))),
        None
    );
    // Nobody knows yet of what order this is.
    let told = json!({ "kind": "confirmed" });
    let skipped = sighting(&record(
        1,
        &("Notification", 1, "NotificationSkipped", told),
    ))
    .unwrap();
    let track: Track = [skipped].into_iter().collect();
    assert_eq!((track.state(ID), track.milestones().len()), (None, 0));
}

#[test]
fn the_sequence_is_what_happened() {
    let drawn = sequence(&track(&declined()));
    assert_eq!(
        drawn,
        "sequenceDiagram
    participant order
    participant inventory
    participant payment
    participant notification
    order->>inventory: OrderCreated (+0.000 s)
    order->>notification: OrderCreated (+0.000 s)
    inventory->>order: StockReserved (+0.100 s)
    inventory->>payment: StockReserved (+0.100 s)
    Note over payment: PaymentRequested (+0.200 s)
    payment->>order: PaymentPending (+0.300 s)
    Note over order: OrderStockReserved (+0.400 s)
    payment->>order: PaymentFailed (+0.500 s), declined   b  1
    payment->>inventory: PaymentFailed (+0.500 s), declined   b  1
    Note over order: OrderPaymentFailed (+0.600 s)
    inventory->>order: StockReleased (+0.700 s), declined
    order->>payment: OrderCancelled (+0.800 s), declined
    order->>notification: OrderCancelled (+0.800 s), declined
    Note over notification: NotificationSkipped (+0.900 s), cancelled
"
    );
    // A clock that is behind does not turn a participant's own order round.
    let mut skewed = sightings(&late());
    skewed[1].at = skewed[0].at;
    skewed[0].at = skewed[4].at;
    let drawn = sequence(&skewed.into_iter().collect());
    assert!(drawn.find("OrderCreated").unwrap() < drawn.find("OrderCancelled").unwrap());
}

proptest! {
    /// The same sightings make the same saga, in whatever order and batches they come, and however
    /// often; and a sighting that was stored comes back as it was.
    #[test]
    fn whatever_comes_first(
        which in 0..5_usize,
        order in prop::collection::vec(any::<Index>(), 40),
        repeats in prop::collection::vec(any::<Index>(), 0..20),
        seed in any::<u64>(),
    ) {
        let all = [success, regretted, declined, short, late][which]();
        let all = sightings(&all);
        let mut come: Vec<Sighting> = all.clone();
        come.extend(repeats.iter().map(|index| index.get(&all).clone()));
        // Some come without their content first, or again.
        let bare = |s: &Sighting| Sighting {
            flow: None, customer_id: None, reason: None, told: None, ..s.clone()
        };
        let stubs = all.iter().enumerate().filter(|(at, _)| seed >> (at % 64) & 1 == 1);
        come.extend(stubs.map(|(_, s)| bare(s)).collect::<Vec<_>>());
        for (at, index) in order.iter().enumerate() {
            let (at, with) = (at % come.len(), index.index(come.len()));
            come.swap(at, with);
        }
        let expected: Track = all.into_iter().collect();
        let mut track = Track::default();
        for sighting in come {
            let stored = serde_json::to_string(&sighting).unwrap();
            let sighting: Sighting = serde_json::from_str(&stored).unwrap();
            track.see(sighting.clone());
            prop_assert!(!track.see(sighting), "a repeat is nothing new");
        }
        prop_assert_eq!(track.state(ID), expected.state(ID));
        prop_assert_eq!(milestones(&track), milestones(&expected));
        prop_assert_eq!(sequence(&track), sequence(&expected));
        prop_assert_eq!(track, expected);
    }
}

#[test]
fn names_are_read_as_they_are_written() {
    for status in SagaStatus::ALL {
        assert_eq!(SagaStatus::from_name(status.as_str()), Some(status));
        assert_eq!(json!(status), json!(status.as_str()));
    }
    for milestone in Milestone::ALL {
        assert_eq!(json!(milestone), json!(milestone.as_str()));
    }
    for status in StepStatus::ALL {
        assert_eq!(json!(status), json!(status.as_str()));
    }
    for participant in Participant::ALL {
        assert_eq!(json!(participant), json!(participant.as_str()));
    }
}
