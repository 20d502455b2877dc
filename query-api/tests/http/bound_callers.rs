//! Who is bound to a customer sees that customer's orders, and nothing of any other's.

use domain::CustomerId;
use http::StatusCode;
use read_models::{CustomerSummaryDocument, HeldBack, HeldStub, OrderDocument, OrdersByStatus};

use crate::api::{Answer, Api, order};
use crate::log::{LogOf, event};

fn of(id: &str, customer: &str) -> OrderDocument {
    OrderDocument {
        customer_id: CustomerId::new(customer).unwrap(),
        ..order(id)
    }
}

async fn two_customers() -> Api {
    let api = Api::with(&[of("o-1", "anna"), of("o-2", "ben"), of("o-3", "anna")]).await;
    let log = LogOf(&api);
    log.begin(1).await;
    log.add(&[event("o-1", 1, 0, 0), event("o-2", 1, 0, 1)])
        .await;
    api
}

fn forbidden(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
    assert_eq!(answer.problem(), "forbidden-customer");
}

#[tokio::test]
async fn orders_of_others_are_not_there() {
    let api = two_customers().await;
    let own = api.get_as("anna", "/api/orders/o-1").await;
    assert_eq!(own.status, StatusCode::OK);
    // Word for word as what nobody has.
    let normal = |answer: Answer, id: &str| (answer.status, answer.text.replace(id, "ID"));
    for part in ["", "/history", "/events", "?minVersion=1"] {
        let other = api.get_as("anna", &format!("/api/orders/o-2{part}")).await;
        let absent = api.get_as("anna", &format!("/api/orders/o-9{part}")).await;
        assert_ne!(other.status, StatusCode::OK, "{part}");
        assert_eq!(normal(other, "o-2"), normal(absent, "o-9"), "{part}");
    }
    let stub = HeldBack {
        dead_letter_id: "d-1".to_owned(),
        from_version: 1,
        newest_seen: 1,
    };
    let stubs = api.database.orders(&api.generation(1)).clone_with_type();
    stubs
        .insert_one(HeldStub::new("o-4".to_owned(), stub))
        .await
        .unwrap();
    let unknown = api.get_as("anna", "/api/orders/o-4").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn lists_are_cut_to_the_callers_own_orders() {
    let api = two_customers().await;
    for query in ["", "?customerId=anna", "?status=PENDING"] {
        let list = api.get_as("anna", &format!("/api/orders{query}")).await;
        assert_eq!(list.ids(), ["o-3", "o-1"], "{query}");
    }
    forbidden(&api.get_as("anna", "/api/orders?customerId=ben").await);
    // A cursor of somebody else's list leads nowhere.
    let cursor = api.get("/api/orders?limit=1").await.next_cursor().unwrap();
    let answer = api
        .get_as("anna", &format!("/api/orders?cursor={cursor}"))
        .await;
    assert_eq!(answer.faults(), ["cursor-of-another-query cursor"]);
}

#[tokio::test]
async fn totals_are_for_their_own_customer_only() {
    let api = two_customers().await;
    let name = CustomerSummaryDocument::collection(&api.generation(1));
    let summaries = api.database.database().collection(&name);
    let summary = CustomerSummaryDocument {
        customer_id: CustomerId::new("anna").unwrap(),
        revision: 1,
        orders: OrdersByStatus::default(),
        spent: Vec::new(),
        first_order_at: None,
        last_order_at: None,
    };
    summaries.insert_one(summary).await.unwrap();
    let own = api.get_as("anna", "/api/customers/anna/summary").await;
    assert_eq!(own.status, StatusCode::OK);
    forbidden(&api.get_as("anna", "/api/customers/ben/summary").await);
    let days = "/api/restaurants/restaurant-456/days?from=2026-11-01&to=2026-11-30";
    forbidden(&api.get_as("anna", days).await);
}

#[tokio::test]
async fn events_are_those_of_an_own_order() {
    let api = two_customers().await;
    let own = api.get_as("anna", "/api/events?orderId=o-1").await;
    assert_eq!(own.status, StatusCode::OK);
    assert_eq!(own.json()["events"].as_array().unwrap().len(), 1);
    for query in [
        "orderId=o-2",
        "orderId=o-9",
        "correlationId=c-o-1",
        "type=OrderCreated",
    ] {
        forbidden(&api.get_as("anna", &format!("/api/events?{query}")).await);
    }
    forbidden(&api.get_as("anna", "/api/orders/events").await);
}
