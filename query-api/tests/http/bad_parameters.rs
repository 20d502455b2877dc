//! Every faulty parameter is named, by its kind and its name.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;

use crate::api::{Api, order};

#[tokio::test]
async fn a_parameter_that_breaks_a_rule_is_named() {
    let api = Api::with(&[order("o-1")]).await;
    for (query, fault) in [
        ("limit=0", "limit-out-of-range limit"),
        ("limit=201", "limit-out-of-range limit"),
        ("limit=-1", "limit-out-of-range limit"),
        ("limit=x", "limit-out-of-range limit"),
        ("limit=", "limit-out-of-range limit"),
        ("limit", "limit-out-of-range limit"),
        ("limit=1.5", "limit-out-of-range limit"),
        ("limit=1e1", "limit-out-of-range limit"),
        ("limit=9223372036854775807", "limit-out-of-range limit"),
        ("limit=9223372036854775808", "limit-out-of-range limit"),
        ("status=pending", "unknown-status status"),
        ("status=MELTED", "unknown-status status"),
        ("status=", "unknown-status status"),
        ("from=yesterday", "invalid-time from"),
        ("from=", "invalid-time from"),
        ("from=2026-11-21", "invalid-time from"),
        ("from=2026-11-21T10:00:00", "invalid-time from"),
        ("from=1795000000", "invalid-time from"),
        ("to=2026-13-01T00:00:00Z", "invalid-time to"),
        ("to=2026-02-30T00:00:00Z", "invalid-time to"),
        ("to=99999-01-01T00:00:00Z", "invalid-time to"),
        // A plus sign that was not encoded is a space.
        ("to=2026-11-21T10:00:00+02:00", "invalid-time to"),
        ("cursor=", "invalid-cursor cursor"),
        ("cursor=abc", "invalid-cursor cursor"),
        ("cursor=%00", "invalid-cursor cursor"),
        ("size=5", "unknown-parameter size"),
        ("=5", "unknown-parameter "),
        ("Limit=5", "unknown-parameter Limit"),
        ("status[$ne]=PENDING", "unknown-parameter status[$ne]"),
        ("limit=5&limit=5", "duplicate-parameter limit"),
        (
            "customerId=a&customerId=b",
            "duplicate-parameter customerId",
        ),
        ("cursor=a&cursor=a", "duplicate-parameter cursor"),
    ] {
        let answer = api.get(&format!("/api/orders?{query}")).await;
        assert_eq!(answer.faults(), [fault], "{query}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_make_is_refused() {
    let api = Api::with(&[order("o-1")]).await;
    for foreign in [
        "",
        "1",
        "1 ",
        "1 1795000000123",
        "1 1795000000123 ",
        "1 x o-1",
        "2 1795000000123 o-1",
        "1 1.5 o-1",
        "1 9223372036854775808 o-1",
        "{\"createdAt\":1}",
    ] {
        let cursor = URL_SAFE_NO_PAD.encode(foreign);
        let answer = api.get(&format!("/api/orders?cursor={cursor}")).await;
        assert_eq!(answer.faults(), ["invalid-cursor cursor"], "{foreign}");
    }
    // Made up, but well formed: places at the ends of time, not errors.
    for (made_up, count) in [
        ("1 9223372036854775807 o-1", 1),
        ("1 -9223372036854775808 o-1", 0),
        ("1 0 \0", 0),
    ] {
        let cursor = URL_SAFE_NO_PAD.encode(made_up);
        assert_eq!(api.list(&format!("cursor={cursor}")).await.len(), count);
    }
}

#[tokio::test]
async fn several_faults_are_named_in_one_answer() {
    let api = Api::with(&[order("o-1")]).await;
    let query = "limit=0&status=x&from=x&to=x&cursor=x&customerId=a&customerId=b&size=1&sort=up";
    let answer = api.get(&format!("/api/orders?{query}")).await;
    assert_eq!(
        answer.faults(),
        [
            "duplicate-parameter customerId",
            "unknown-status status",
            "invalid-time from",
            "invalid-time to",
            "invalid-cursor cursor",
            "limit-out-of-range limit",
            "unknown-parameter size",
            "unknown-parameter sort",
        ]
    );
}

/// Also before there is anything to query, and without asking the database.
#[tokio::test]
async fn faults_are_named_whatever_the_state_of_the_read_model() {
    let api = Api::unprojected().await;
    let answer = api.get("/api/orders?limit=0").await;
    assert_eq!(answer.faults(), ["limit-out-of-range limit"]);
}

#[tokio::test]
async fn odd_query_strings_are_read_as_far_as_they_go() {
    let api = Api::with(&[order("o-1")]).await;
    for query in [
        "",
        "&",
        "&&",
        "limit=5&",
        "customerId=%ff",
        "customerId=%zz",
    ] {
        let answer = api.get(&format!("/api/orders?{query}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.text);
    }
}
