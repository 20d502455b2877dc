//! Fields that are missing, unknown or there twice, and several faults at once: every one is named.

use crate::api::{Api, EXAMPLE, example_with};

#[tokio::test]
async fn missing_fields_are_all_named() {
    let api = Api::new().await;
    let answer = api.post("/api/orders", "{}").await;
    assert_eq!(
        answer.faults(),
        [
            "missing-field /customerId",
            "missing-field /restaurantId",
            "missing-field /totalAmount",
            "missing-field /items",
        ]
    );
    let answer = api.post("/api/orders", example_with("items", "[{}]")).await;
    assert_eq!(
        answer.faults(),
        [
            "missing-field /items/0/menuItemId",
            "missing-field /items/0/name",
            "missing-field /items/0/price",
            "missing-field /items/0/quantity",
        ]
    );
    assert_eq!(api.rows().await, (0, 0, 0));
}

/// Field names are exact, and the pointer to an odd one is escaped as RFC 6901 has it.
#[tokio::test]
async fn unknown_fields_are_refused() {
    let api = Api::new().await;
    for (text, becomes, fault) in [
        (
            r#"{"customerId""#,
            r#"{"note":1,"customerId""#,
            "unknown-field /note",
        ),
        (
            r#"{"customerId""#,
            r#"{"":1,"customerId""#,
            "unknown-field /",
        ),
        (
            r#"{"customerId""#,
            r#"{"a/b~c":1,"customerId""#,
            "unknown-field /a~1b~0c",
        ),
        (
            r#"{"customerId""#,
            r#"{"CustomerId":1,"customerId""#,
            "unknown-field /CustomerId",
        ),
        (
            r#"{"customerId""#,
            r#"{"__proto__":{},"customerId""#,
            "unknown-field /__proto__",
        ),
        (
            r#"{"menuItemId""#,
            r#"{"size":"XL","menuItemId""#,
            "unknown-field /items/0/size",
        ),
    ] {
        let body = EXAMPLE.replacen(text, becomes, 1);
        let answer = api.post("/api/orders", body).await;
        assert_eq!(answer.faults(), [fault]);
    }
    assert_eq!(api.rows().await, (0, 0, 0));
}

/// Whichever of the two values another parser would have taken.
#[tokio::test]
async fn a_field_that_stands_twice_is_refused() {
    let api = Api::new().await;
    for (text, becomes, fault) in [
        (
            r#"{"customerId""#,
            r#"{"customerId":"x","customerId""#,
            "duplicate-field /customerId",
        ),
        // The same name, spelled with an escape.
        (
            r#"{"customerId""#,
            r#"{"\u0063ustomerId":"x","customerId""#,
            "duplicate-field /customerId",
        ),
        (
            r#""price":12.99"#,
            r#""price":12.99,"price":12.99"#,
            "duplicate-field /items/0/price",
        ),
    ] {
        let body = EXAMPLE.replacen(text, becomes, 1);
        let answer = api.post("/api/orders", body).await;
        assert_eq!(answer.faults(), [fault]);
    }
    assert_eq!(api.rows().await, (0, 0, 0));
}

#[tokio::test]
async fn several_faults_are_named_in_one_answer() {
    let api = Api::new().await;
    let body = r#"{"customerId":" ","customerId":"","totalAmount":1.001,"items":[
        {"menuItemId":"m","name":"n","price":-1,"quantity":0},
        "pizza",
        {"menuItemId":"m","name":"\u0007","price":1,"quantity":1,"size":"XL"}
    ],"note":"x"}"#;
    let answer = api.post("/api/orders", body).await;
    assert_eq!(
        answer.faults(),
        [
            "duplicate-field /customerId",
            "blank /customerId",
            "missing-field /restaurantId",
            "too-many-decimal-places /totalAmount",
            "negative-amount /items/0/price",
            "quantity-out-of-range /items/0/quantity",
            "wrong-type /items/1",
            "control-character /items/2/name",
            "unknown-field /items/2/size",
            "unknown-field /note",
        ]
    );
    assert_eq!(api.rows().await, (0, 0, 0));
}

/// A rule over the whole order is checked wherever what it asks for can be read.
#[tokio::test]
async fn faults_of_fields_do_not_hide_those_of_the_order() {
    let api = Api::new().await;
    let body = r#"{"restaurantId":"","totalAmount":1,"items":[{"menuItemId":"m","name":"n","price":1,"quantity":2}]}"#;
    let answer = api.post("/api/orders", body).await;
    assert_eq!(
        answer.faults(),
        [
            "missing-field /customerId",
            "blank /restaurantId",
            "total-below-items /totalAmount",
        ]
    );
    let body = r#"{"customerId":"","restaurantId":"r","items":[]}"#;
    let answer = api.post("/api/orders", body).await;
    assert_eq!(
        answer.faults(),
        [
            "blank /customerId",
            "missing-field /totalAmount",
            "no-items /items",
        ]
    );
    assert_eq!(api.rows().await, (0, 0, 0));
}

#[tokio::test]
async fn confirm_and_cancel_take_one_field() {
    let api = Api::new().await;
    let order = api.create().await;
    let long_id = format!(r#"{{"paymentId":"{}"}}"#, "x".repeat(129));
    let long_reason = format!(r#"{{"reason":"{}"}}"#, "x".repeat(501));
    for (command, body, faults) in [
        ("confirm", "{}", &["missing-field /paymentId"][..]),
        (
            "confirm",
            r#"{"paymentId":null}"#,
            &["wrong-type /paymentId"],
        ),
        ("confirm", r#"{"paymentId":17}"#, &["wrong-type /paymentId"]),
        ("confirm", r#"{"paymentId":""}"#, &["blank /paymentId"]),
        (
            "confirm",
            r#"{"paymentId":"\u0000"}"#,
            &["control-character /paymentId"],
        ),
        ("confirm", &long_id, &["too-long /paymentId"]),
        (
            "confirm",
            r#"{"reason":"late"}"#,
            &["missing-field /paymentId", "unknown-field /reason"],
        ),
        ("cancel", "{}", &["missing-field /reason"]),
        ("cancel", r#"{"reason":["late"]}"#, &["wrong-type /reason"]),
        ("cancel", r#"{"reason":" "}"#, &["blank /reason"]),
        (
            "cancel",
            r#"{"reason":"a\u0000"}"#,
            &["control-character /reason"],
        ),
        ("cancel", &long_reason, &["too-long /reason"]),
        (
            "cancel",
            r#"{"reason":"a","reason":"b"}"#,
            &["duplicate-field /reason"],
        ),
    ] {
        let path = format!("/api/orders/{order}/{command}");
        let answer = api.post(&path, body.to_owned()).await;
        assert_eq!(answer.faults(), faults, "{command} {body}");
    }
    assert_eq!(api.rows().await, (1, 1, 1));
}
