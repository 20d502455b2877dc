use bson::{Document, doc};
use domain::order::OrderStatus;
use domain::{CancelReason, Currency, PaymentId};
use http::{Method, StatusCode};
use read_models::OrderDocument;
use serde_json::json;

use crate::api::{Api, money, order, time};

#[tokio::test]
async fn an_order_is_shown_whole() {
    let api = Api::with(&[order("o-1")]).await;
    let answer = api.get("/api/orders/o-1").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["etag"], "\"1\"");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert!(answer.headers.contains_key("x-request-id"));
    assert_eq!(
        answer.json(),
        json!({
            "orderId": "o-1",
            "version": 1,
            "status": "PENDING",
            "customerId": "customer-123",
            "restaurantId": "restaurant-456",
            "totalAmount": 45.99,
            "currency": "EUR",
            "items": [{"menuItemId": "item-1", "name": "Pizza", "price": 12.99, "quantity": 2}],
            "createdAt": "2026-11-21T10:00:00.123000Z",
            "updatedAt": "2026-11-21T10:00:00.123000Z",
        })
    );
}

#[tokio::test]
async fn payment_and_reason_are_shown_once_there_are_some() {
    let cancelled = OrderDocument {
        version: 3,
        status: OrderStatus::Cancelled,
        payment_id: Some(PaymentId::new("p-1").unwrap()),
        cancel_reason: Some(CancelReason::new("late").unwrap()),
        updated_at: time("2026-11-21T11:00:00Z"),
        ..order("o-1")
    };
    let answer = Api::with(&[cancelled]).await.get("/api/orders/o-1").await;
    assert_eq!(answer.headers["etag"], "\"3\"");
    let order = answer.json();
    assert_eq!(order["status"], "CANCELLED");
    assert_eq!(order["paymentId"], "p-1");
    assert_eq!(order["cancelReason"], "late");
    assert_eq!(order["createdAt"], "2026-11-21T10:00:00.123000Z");
    assert_eq!(order["updatedAt"], "2026-11-21T11:00:00.000000Z");
}

/// More than are asked for by one question.
#[tokio::test]
async fn of_many_who_ask_at_once_each_gets_its_own() {
    let orders: Vec<OrderDocument> = (0..100).map(|n| order(&format!("o-{n}"))).collect();
    let api = Api::with(&orders).await;
    let collection = api.generation(1).collection;
    let documents = api.database.database().collection::<Document>(&collection);
    let broken = doc! { "$set": { "status": "NONSENSE" } };
    documents
        .update_one(doc! { "_id": "o-7" }, broken)
        .await
        .unwrap();
    let asking = (0..300).map(|n| {
        let id = format!("o-{}", n % 150);
        let api = &api;
        async move { (api.get(&format!("/api/orders/{id}")).await, id) }
    });
    for (answer, id) in futures::future::join_all(asking).await {
        let there = orders.iter().any(|order| order.order_id == id);
        match answer.status {
            StatusCode::OK if there => assert_eq!(answer.json()["orderId"], id),
            StatusCode::NOT_FOUND => assert!(!there, "{id}"),
            // It spoils the answer of nobody else.
            status => assert_eq!(
                (status, id.as_str()),
                (StatusCode::INTERNAL_SERVER_ERROR, "o-7")
            ),
        }
    }
}

/// As projectors wrote them before orders had a currency.
#[tokio::test]
async fn a_document_without_a_currency_is_in_the_default_one() {
    let mut dollars = order("o-2");
    dollars.currency = Currency::new("USD").unwrap();
    let api = Api::with(&[order("o-1"), dollars]).await;
    let name = api.generation(1).collection;
    let orders = api.database.database().collection::<Document>(&name);
    let old = doc! { "$unset": { "currency": 1 } };
    let changed = orders.update_one(doc! { "_id": "o-1" }, old).await.unwrap();
    assert_eq!(changed.modified_count, 1);
    for (id, currency) in [("o-1", "EUR"), ("o-2", "USD")] {
        let shown = api.get(&format!("/api/orders/{id}")).await.json();
        assert_eq!(shown["currency"], currency);
    }
    let listed = api.get("/api/orders").await.json();
    let currencies: Vec<&str> = listed["orders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|order| order["currency"].as_str().unwrap())
        .collect();
    assert_eq!(currencies, ["USD", "EUR"]);
}

/// No float stands between the database and the answer.
#[tokio::test]
async fn amounts_are_exact_numbers_with_two_places() {
    for (total, price) in [
        ("1000000000000.00", "0.10"),
        ("999999999999.99", "0.01"),
        ("0.30", "0.00"),
        ("90071992547.93", "1.00"),
    ] {
        let mut order = order("o-1");
        order.total_amount = money(total);
        order.items[0].price = money(price);
        let api = Api::with(&[order]).await;
        for path in ["/api/orders/o-1", "/api/orders"] {
            let text = api.get(path).await.text;
            let total = format!(r#""totalAmount":{total},"#);
            let price = format!(r#""price":{price},"#);
            assert!(text.contains(&total) && text.contains(&price), "{text}");
        }
    }
}

#[tokio::test]
async fn what_is_no_order_is_not_found() {
    let api = Api::with(&[order("o-1")]).await;
    let long = "x".repeat(10_000);
    for id in [
        "o-2",
        "O-1",
        "%00",
        "%2F",
        "%zz",
        "%7B%22$gt%22:%22%22%7D",
        &long,
    ] {
        let answer = api.get(&format!("/api/orders/{id}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{id}");
        assert_eq!(answer.problem(), "order-not-found");
        assert!(answer.text.len() < 1000, "{}", answer.text);
    }
    let answer = api.get("/api/orders/%ff").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.problem(), "malformed-path");
}

#[tokio::test]
async fn other_paths_and_methods_are_problems() {
    let api = Api::with(&[order("o-1")]).await;
    for path in [
        "/",
        "/api/orders/o-1/items",
        "/api/Orders",
        "/api/customers",
    ] {
        let answer = api.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.problem(), "route-not-found");
    }
    for path in ["/api/orders", "/api/orders/o-1"] {
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let mut request = http::Request::new(axum::body::Body::empty());
            *request.uri_mut() = path.parse().unwrap();
            *request.method_mut() = method;
            let answer = api.call(request).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
            assert_eq!(answer.problem(), "method-not-allowed");
            assert_eq!(answer.headers["allow"], "GET,HEAD");
        }
    }
}

/// Trying again will not help, so it is no 503; and what the document holds is not told.
#[tokio::test]
async fn a_document_that_cannot_be_read_is_answered_500_without_its_content() {
    let api = Api::with(&[order("o-1")]).await;
    let name = api.generation(1).collection;
    let orders = api.database.database().collection::<Document>(&name);
    for damage in [
        doc! { "$set": { "status": "MELTED" } },
        doc! { "$set": { "status": "PENDING", "totalAmount": "lots" } },
        doc! { "$unset": { "items": 1 } },
    ] {
        orders
            .update_one(doc! { "_id": "o-1" }, damage)
            .await
            .unwrap();
        for path in ["/api/orders/o-1", "/api/orders"] {
            let answer = api.get(path).await;
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            assert_eq!(answer.status, status, "{}", answer.text);
            assert_eq!(answer.problem(), "internal-error");
            assert!(!answer.headers.contains_key("retry-after"));
            for detail in ["MELTED", "lots", "items", "variant", "field"] {
                assert!(!answer.text.contains(detail), "{}", answer.text);
            }
        }
    }
}
