//! Orders that a saga carries out.

use http::StatusCode;

use crate::api::Api;

/// As the documentation has it.
const EXAMPLE: &str = r#"{"customerId":"customer-123","storeId":"store-1","paymentMethod":"CreditCard","totalAmount":299.99,"items":[{"productId":"product-1","quantity":2,"unitPrice":149.99,"totalPrice":299.98}]}"#;
const PATH: &str = "/api/orders/choreographed-saga";

#[tokio::test]
async fn the_example_is_placed_and_not_confirmed_by_hand() {
    let api = Api::new().await;
    let placed = api.post(PATH, EXAMPLE).await;
    assert_eq!(placed.status, StatusCode::CREATED);
    let placed = placed.json();
    assert_eq!(placed["status"], "PENDING");
    let order = placed["orderId"].as_str().unwrap();
    let by_hand = api.confirm(order, "payment-1").await;
    assert_eq!(by_hand.status, StatusCode::CONFLICT);
    let cancelled = api.cancel(order, "changed my mind").await;
    assert_eq!(cancelled.status, StatusCode::OK);
}

#[tokio::test]
async fn faults_are_named_each_with_its_place() {
    let api = Api::new().await;
    let before = api.rows().await;
    for (good, bad, fault) in [
        ("299.98", "299.97", "wrong-line-total /items/0/totalPrice"),
        (
            r#""totalAmount":299.99"#,
            r#""totalAmount":299.97"#,
            "total-below-items /totalAmount",
        ),
        (r#""storeId":"store-1","#, "", "missing-field /storeId"),
        (r#""CreditCard""#, r#"" ""#, "blank /paymentMethod"),
        (
            r#""unitPrice":149.99"#,
            r#""unitPrice":149.999"#,
            "too-many-decimal-places /items/0/unitPrice",
        ),
        (
            r#"{"customerId""#,
            r#"{"customerEmail":"nobody","customerId""#,
            "no-email-address /customerEmail",
        ),
        (
            r#"{"customerId""#,
            r#"{"restaurantId":"r","customerId""#,
            "unknown-field /restaurantId",
        ),
    ] {
        let answer = api.post(PATH, EXAMPLE.replacen(good, bad, 1)).await;
        assert_eq!(answer.faults(), [fault], "{bad}");
    }
    assert_eq!(api.rows().await, before);
}
