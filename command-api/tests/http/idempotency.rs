//! One command sent several times, one after the other.

use std::time::{Duration, Instant};

use command_api::{Settings, delete_expired_keys};
use event_store::{Database, DatabaseConfig, Grouping, IdempotencyKeys};
use http::StatusCode;
use http::header::IF_MATCH;
use tokio_util::sync::CancellationToken;

use crate::api::{Answer, Api, EXAMPLE, example_with, from, keyed, post};

const CREATE: &str = "/api/orders";
const CONFIRM: &str = r#"{"paymentId":"p-1"}"#;

fn confirm_path(order: &str) -> String {
    format!("/api/orders/{order}/confirm")
}

fn assert_repeats(first: &Answer, again: &Answer) {
    assert!(!first.is_replayed(), "{}", first.text);
    assert!(again.is_replayed(), "{}", again.text);
    assert_eq!(again.essence(), first.essence());
}

async fn expire(api: &Api) {
    let sql = "UPDATE idempotency_keys SET expires_at = now()";
    api.database.execute(sql, &[]).await.unwrap();
}

#[tokio::test]
async fn a_create_sent_again_gets_the_first_answer() {
    let api = Api::new().await;
    let first = api.once("k", CREATE, EXAMPLE).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    assert!(first.headers.contains_key("location"));
    assert_eq!(first.headers["etag"], "\"1\"");
    assert_repeats(&first, &api.once("k", CREATE, EXAMPLE).await);
    assert_repeats(&first, &api.once("\"k\"", CREATE, EXAMPLE).await);
    assert_eq!(api.rows().await, (1, 1, 1));

    let other = api.once("l", CREATE, EXAMPLE).await;
    assert!(!other.is_replayed());
    assert_eq!(other.status, StatusCode::CREATED);
    assert_eq!((api.rows().await, api.kept().await), ((2, 2, 2), 2));
}

#[tokio::test]
async fn another_path_or_body_under_the_same_key_is_refused() {
    let api = Api::new().await;
    let order = api.create().await;
    api.once("k", CREATE, EXAMPLE).await;
    let other_total = example_with("totalAmount", "46");
    for (path, body) in [
        (CREATE, other_total.as_str()),
        (CREATE, &format!("{EXAMPLE} ")),
        (&confirm_path(&order), CONFIRM),
    ] {
        let answer = api.once("k", path, body.to_owned()).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.problem(), "idempotency-key-reused");
    }
    assert_eq!(api.rows().await, (2, 2, 2));
}

/// The order has moved on by the command itself: its own repeat must not stumble over that.
#[tokio::test]
async fn the_key_is_looked_up_before_if_match() {
    let api = Api::new().await;
    let order = api.create().await;
    let confirm = |if_match: &'static str| {
        let mut request = keyed("k", &confirm_path(&order), CONFIRM);
        request
            .headers_mut()
            .insert(IF_MATCH, if_match.parse().unwrap());
        api.call(request)
    };
    let first = confirm("\"1\"").await;
    assert_eq!(first.status, StatusCode::OK, "{}", first.text);
    api.cancel(&order, "late").await;
    assert_repeats(&first, &confirm("\"1\"").await);
    // The caller has read the order meanwhile.
    assert_repeats(&first, &confirm("\"3\"").await);
    let simple = keyed("k", &confirm_path(&order.replace('-', "")), CONFIRM);
    assert_repeats(&first, &api.call(simple).await);
}

#[tokio::test]
async fn a_confirmation_that_changes_nothing_is_kept() {
    let api = Api::new().await;
    let order = api.create().await;
    api.confirm(&order, "p-1").await;
    let first = api.once("k", &confirm_path(&order), CONFIRM).await;
    assert_eq!(first.status, StatusCode::OK);
    assert_eq!(first.json()["eventIds"], serde_json::json!([]));
    api.cancel(&order, "late").await;
    assert_repeats(&first, &api.once("k", &confirm_path(&order), CONFIRM).await);
}

#[tokio::test]
async fn a_refused_transition_is_kept() {
    let api = Api::new().await;
    let order = api.create().await;
    api.cancel(&order, "late").await;
    let first = api.once("k", &confirm_path(&order), CONFIRM).await;
    assert_eq!(first.problem(), "invalid-transition");
    let again = api.once("k", &confirm_path(&order), CONFIRM).await;
    assert_eq!(again.problem(), "invalid-transition");
    assert_repeats(&first, &again);
    assert_eq!(api.kept().await, 1);
}

/// What could go otherwise the next time, or was no command at all, is not kept.
#[tokio::test]
async fn other_refusals_are_not_kept() {
    let api = Api::new().await;
    let order = api.create().await;
    let none = "01939d2e-0000-7000-8000-000000000000";
    let mut stale = keyed("k", &confirm_path(&order), CONFIRM);
    stale
        .headers_mut()
        .insert(IF_MATCH, "\"7\"".parse().unwrap());
    let mut no_json = keyed("k", CREATE, EXAMPLE);
    no_json.headers_mut().remove("content-type");
    let bound = from("", Some("customer-2"), keyed("k", CREATE, EXAMPLE));
    for (request, status) in [
        (keyed("k", CREATE, "{}"), 400),
        (keyed("k", &confirm_path(none), CONFIRM), 404),
        (stale, 412),
        (no_json, 415),
        (bound, 403),
        (keyed("k", CREATE, " ".repeat(300_000)), 413),
    ] {
        let answer = api.call(request).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.text);
        assert_eq!(api.kept().await, 0, "{status}");
    }
    let first = api.once("k", CREATE, EXAMPLE).await;
    assert_eq!(first.status, StatusCode::CREATED);
}

#[tokio::test]
async fn two_callers_may_choose_the_same_key() {
    let api = Api::new().await;
    let create = |caller| api.call(from(caller, None, keyed("k", CREATE, EXAMPLE)));
    let (a, b) = (create("a").await, create("b").await);
    assert_ne!(a.json()["orderId"], b.json()["orderId"]);
    assert_repeats(&a, &create("a").await);
    assert_repeats(&b, &create("b").await);
    assert_eq!(api.rows().await, (2, 2, 2));
}

#[tokio::test]
async fn an_expired_answer_counts_as_absent() {
    let api = Api::new().await;
    let first = api.once("k", CREATE, EXAMPLE).await;
    let kept_for = "SELECT expires_at - created_at = interval '24 h' FROM idempotency_keys";
    let row = api.database.query_one(kept_for, &[]).await.unwrap();
    assert!(row.get::<_, bool>(0));
    expire(&api).await;
    let second = api.once("k", CREATE, EXAMPLE).await;
    assert!(!second.is_replayed());
    assert_ne!(second.json()["orderId"], first.json()["orderId"]);
    assert_repeats(&second, &api.once("k", CREATE, EXAMPLE).await);
    assert_eq!((api.rows().await, api.kept().await), ((2, 2, 2), 1));
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let api = Api::new().await;
    let long = "k".repeat(256);
    for key in ["", "\"", "a b", "\"a", &long] {
        let answer = api.once(key, CREATE, EXAMPLE).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{key}");
        assert_eq!(answer.problem(), "malformed-idempotency-key");
    }
    let mut twice = keyed("k", CREATE, EXAMPLE);
    twice
        .headers_mut()
        .append("idempotency-key", "k".parse().unwrap());
    assert_eq!(api.call(twice).await.problem(), "malformed-idempotency-key");
    assert_eq!(api.rows().await, (0, 0, 0));
}

#[tokio::test]
async fn keys_can_be_a_must() {
    let settings = Settings {
        require_idempotency_key: true,
        ..Settings::default()
    };
    let api = Api::with(&Api::database().await, Grouping::default(), settings).await;
    let order = api.once("k", CREATE, EXAMPLE).await.json()["orderId"].clone();
    let confirm = confirm_path(order.as_str().unwrap());
    for (path, body) in [(CREATE, EXAMPLE), (&confirm, CONFIRM)] {
        let answer = api.call(post(path, body)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.problem(), "idempotency-key-required");
    }
    let requeue = api.post("/api/dead-letters/requeue", "{}").await;
    assert_eq!(requeue.problem(), "idempotency-key-required");
    assert_eq!(api.rows().await, (1, 1, 1));
    assert_eq!(
        api.once("l", &confirm, CONFIRM).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn expired_answers_are_deleted_and_others_stay() {
    let url = Api::database().await;
    let api = Api::on(&url).await;
    let keep = "INSERT INTO idempotency_keys (caller, key, fingerprint, status, headers, body,
                                              expires_at)
                SELECT '', i::text, '', 201, '{}', '', now() + CASE WHEN i > 1200
                       THEN interval '1 h' ELSE interval '0' END
                FROM generate_series(1, 1203) i";
    api.database.execute(keep, &[]).await.unwrap();
    let database = Database::new(&DatabaseConfig {
        url,
        schema: None,
        connections: 2,
    });
    let keys = IdempotencyKeys::new(database.unwrap());
    let stop = CancellationToken::new();
    let deleting = tokio::spawn(delete_expired_keys(keys, Duration::ZERO, stop.clone()));
    let begun = Instant::now();
    while api.kept().await > 3 {
        assert!(begun.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(api.kept().await, 3);
    stop.cancel();
    deleting.await.unwrap();
}
