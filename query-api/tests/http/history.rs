use bson::doc;
use domain::order::{OrderEventType, OrderStatus};
use domain::{CancelReason, PaymentId};
use http::StatusCode;
use read_models::{ChangedFields, HeldBack, HeldStub, OrderDocument, TransitionDocument};
use serde_json::json;

use crate::api::{Api, order, time};

fn transition(
    version: i64,
    event_type: OrderEventType,
    changed: ChangedFields,
) -> TransitionDocument {
    TransitionDocument {
        event_id: format!("e-{version}"),
        event_type,
        version,
        at: time(&format!("2026-11-21T10:00:0{version}Z")),
        correlation_id: format!("c-{version}"),
        changed,
    }
}

fn changed(before: Option<OrderStatus>, status: OrderStatus) -> ChangedFields {
    ChangedFields {
        status_before: before,
        status,
        payment_id: None,
        cancel_reason: None,
    }
}

fn cancelled() -> OrderDocument {
    use OrderStatus::*;
    let mut confirmed = changed(Some(Pending), Confirmed);
    confirmed.payment_id = Some(PaymentId::new("p-1").unwrap());
    let mut cancelled = changed(Some(Confirmed), Cancelled);
    cancelled.cancel_reason = Some(CancelReason::new("late").unwrap());
    OrderDocument {
        version: 3,
        status: Cancelled,
        timeline: vec![
            transition(1, OrderEventType::OrderCreated, changed(None, Pending)),
            transition(2, OrderEventType::OrderConfirmed, confirmed),
            transition(3, OrderEventType::OrderCancelled, cancelled),
        ],
        ..order("o-1")
    }
}

#[tokio::test]
async fn every_change_is_told_in_order() {
    let api = Api::with(&[cancelled()]).await;
    let answer = api.get("/api/orders/o-1/history").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["etag"], "\"3\"");
    assert_eq!(
        answer.json(),
        json!({
            "orderId": "o-1",
            "version": 3,
            "history": [
                {
                    "version": 1, "eventId": "e-1", "eventType": "OrderCreated",
                    "at": "2026-11-21T10:00:01.000000Z", "correlationId": "c-1",
                    "status": "PENDING",
                },
                {
                    "version": 2, "eventId": "e-2", "eventType": "OrderConfirmed",
                    "at": "2026-11-21T10:00:02.000000Z", "correlationId": "c-2",
                    "statusBefore": "PENDING", "status": "CONFIRMED", "paymentId": "p-1",
                },
                {
                    "version": 3, "eventId": "e-3", "eventType": "OrderCancelled",
                    "at": "2026-11-21T10:00:03.000000Z", "correlationId": "c-3",
                    "statusBefore": "CONFIRMED", "status": "CANCELLED", "cancelReason": "late",
                },
            ],
        })
    );
}

#[tokio::test]
async fn a_held_order_says_so_and_an_absent_one_is_not_found() {
    let held_back = HeldBack {
        dead_letter_id: "d-1".to_owned(),
        from_version: 4,
        newest_seen: 4,
    };
    let held = OrderDocument {
        held_back: Some(held_back.clone()),
        ..cancelled()
    };
    let api = Api::with(&[held]).await;
    let history = api.get("/api/orders/o-1/history").await.json();
    assert_eq!(history["heldBack"]["fromVersion"], 4);
    assert_eq!(history["history"].as_array().unwrap().len(), 3);

    let stubs = api.database.orders(&api.generation(1)).clone_with_type();
    let stub = HeldStub::new("o-2".to_owned(), held_back);
    stubs
        .insert_one(bson::serialize_to_document(&stub).unwrap())
        .await
        .unwrap();
    let answer = api.get("/api/orders/o-2/history").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem(), "held-back");
    let answer = api.get("/api/orders/o-3/history").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.problem(), "order-not-found");
    let answer = api.get("/api/orders/o-1/history?limit=1").await;
    assert_eq!(answer.faults(), ["unknown-parameter limit"]);
    let left = stubs.count_documents(doc! {}).await.unwrap();
    assert_eq!(left, 2);
}
