use http::StatusCode;

use crate::fixture::{Call, Home, cancel, create, get, refund};

#[tokio::test]
async fn answers_with_the_intent_and_its_amount_as_text() {
    let home = Home::new();
    let router = home.open().router();
    let (status, made) = create("o-1", "299.99").send(&router).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(made["status"], "pending");
    assert_eq!(made["amount"], "299.99");
    let intent = made["intentId"].as_str().unwrap();
    for path in [format!("/v1/intents/{intent}"), "/v1/orders/o-1".to_owned()] {
        assert_eq!(
            get(&path).send(&router).await,
            (StatusCode::OK, made.clone())
        );
    }
    let (status, again) = create("o-1", "299.99").send(&router).await;
    assert_eq!((status, again), (StatusCode::OK, made));
}

#[tokio::test]
async fn a_key_belongs_to_one_call() {
    let home = Home::new();
    let router = home.open().router();
    create("o-1", "10.00").send(&router).await;
    let other = |call: Call| Call {
        key: "o-1/create".to_owned(),
        ..call
    };
    for call in [
        create("o-1", "11.00"),
        create("o-2", "10.00"),
        cancel("o-1"),
    ] {
        let (status, problem) = other(call).send(&router).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["type"], "/problems/key-reused");
    }
    // Another key does not make another payment.
    let another = Call {
        key: "another".to_owned(),
        ..create("o-1", "11.00")
    };
    let (_, problem) = another.send(&router).await;
    assert_eq!(problem["type"], "/problems/other-terms");
}

#[tokio::test]
async fn a_cancelled_order_is_never_charged() {
    let home = Home::new();
    let router = home.open().router();
    let (status, stopped) = cancel("o-1").send(&router).await;
    assert_eq!(
        (status, &stopped["status"]),
        (StatusCode::OK, &"cancelled".into())
    );
    let (status, refused) = create("o-1", "10.00").send(&router).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(refused["intent"], stopped);

    create("o-2", "10.00").send(&router).await;
    let (_, stopped) = cancel("o-2").send(&router).await;
    assert_eq!(stopped["status"], "cancelled");
    let (status, refused) = create("o-2", "10.00").send(&router).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(refused["intent"], stopped);
}

#[tokio::test]
async fn says_what_is_wrong_with_a_call() {
    let home = Home::new();
    let router = home.open().router();
    let (_, made) = create("o-1", "10.00").send(&router).await;
    let intent = made["intentId"].as_str().unwrap();
    let blank = "%20";
    let with = |from: &str, to: &str| {
        let call = create("o-2", "10.00");
        Call {
            body: call.body.replace(from, to),
            ..call
        }
    };
    let without_key = Call {
        key: String::new(),
        ..cancel("o-1")
    };
    for (call, status, kind) in [
        (refund("o-1", intent, "10.00"), 409, "not-captured"),
        (refund("o-1", intent, "9.99"), 422, "other-terms"),
        (refund("o-1", "pi_none", "10.00"), 404, "no-such-intent"),
        (get("/v1/intents/pi_none"), 404, "no-such-intent"),
        (get("/v1/orders/none"), 404, "no-such-intent"),
        (cancel(blank), 400, "malformed"),
        (without_key, 400, "malformed"),
        (with("10.00", "10.001"), 400, "malformed"),
        (with("10.00", "-10.00"), 400, "malformed"),
        (with("USD", "JPY"), 400, "malformed"),
        (with("o-2", " "), 400, "malformed"),
        (with("CreditCard", ""), 400, "malformed"),
        (with("}", ""), 400, "malformed"),
        (
            with("}", &format!("}}{}", " ".repeat(20_000))),
            400,
            "malformed",
        ),
    ] {
        let (answered, problem) = call.send(&router).await;
        assert_eq!(answered, status, "{call:?}: {problem}");
        assert_eq!(problem["type"], format!("/problems/{kind}"), "{call:?}");
    }
    let (_, ledger) = get("/v1/ledger").send(&router).await;
    assert_eq!(ledger["intents"].as_array().unwrap().len(), 1, "{ledger}");
}

#[tokio::test]
async fn nobody_is_answered_without_the_key() {
    let home = Home::new();
    let router = home.open().router();
    for authorization in [
        None,
        Some("Bearer "),
        Some("Bearer sk_tes"),
        Some("sk_test"),
    ] {
        for call in [create("o-1", "10.00"), get("/v1/ledger")] {
            let (status, _) = call.send_with(&router, authorization).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{authorization:?}");
        }
    }
    let (_, ledger) = get("/v1/ledger").send(&router).await;
    assert_eq!(ledger["intents"].as_array().unwrap().len(), 0);
}
