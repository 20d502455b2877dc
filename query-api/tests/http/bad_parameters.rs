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
        ("status=PENDING&status=x", "unknown-status status"),
        ("sort=up", "unknown-sort sort"),
        ("sort=", "unknown-sort sort"),
        ("sort=updatedAt", "unknown-sort sort"),
        ("minTotal=", "invalid-amount minTotal"),
        ("minTotal=x", "invalid-amount minTotal"),
        ("minTotal=1.005", "invalid-amount minTotal"),
        ("maxTotal=-1", "invalid-amount maxTotal"),
        ("maxTotal=NaN", "invalid-amount maxTotal"),
        ("maxTotal=10000000000000", "invalid-amount maxTotal"),
    ] {
        let answer = api.get(&format!("/api/orders?{query}")).await;
        assert_eq!(answer.faults(), [fault], "{query}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_make_is_refused() {
    let orders: Vec<_> = (0..3).map(|i| order(&format!("o-{i}"))).collect();
    let api = Api::with(&orders).await;
    let own = api.get("/api/orders?limit=1").await.next_cursor().unwrap();
    let own = String::from_utf8(URL_SAFE_NO_PAD.decode(own).unwrap()).unwrap();
    assert_eq!(api.list(&at(&own)).await, ["o-1", "o-0"], "{own}");
    for foreign in [
        "",
        "1",
        "1 1795000000123 o-1",
        "[]",
        "{\"createdAt\":1}",
        &own.replace("[2,", "[1,"),
        &own.replace("o-2", "o-2\",\"o-2"),
        &own.replace(",\"o-2\"", ""),
        &own.replace("\"o-2\"", "{\"$gt\":\"\"}"),
        &own.replace("\"17", "\"x"),
    ] {
        assert_ne!(foreign, own);
        let answer = api.get(&format!("/api/orders?{}", at(foreign))).await;
        assert_eq!(answer.faults(), ["invalid-cursor cursor"], "{foreign}");
    }
    // Made up, but well formed: places at the ends of time, not errors.
    let time = own.split('"').nth(3).unwrap();
    for (made_up, count) in [("9223372036854775807", 3), ("-9223372036854775808", 0)] {
        let cursor = at(&own.replace(time, made_up));
        assert_eq!(api.list(&cursor).await.len(), count, "{made_up}");
    }
}

fn at(place: &str) -> String {
    format!("limit=9&cursor={}", URL_SAFE_NO_PAD.encode(place))
}

#[tokio::test]
async fn a_cursor_of_another_query_is_refused() {
    let orders: Vec<_> = (0..3).map(|i| order(&format!("o-{i}"))).collect();
    let api = Api::with(&orders).await;
    let queries = [
        "",
        "&sort=createdAt",
        "&sort=-totalAmount",
        "&sort=totalAmount",
        "&customerId=customer-123",
        "&restaurantId=restaurant-456",
        "&status=PENDING",
        "&status=PENDING&status=CONFIRMED",
        "&from=2026-11-21T10:00:00Z",
        "&to=2026-11-21T11:00:00Z",
        "&minTotal=1",
        "&maxTotal=100",
    ];
    for made_by in queries {
        let first = api.get(&format!("/api/orders?limit=1{made_by}")).await;
        let cursor = first.next_cursor().unwrap();
        for used_by in queries {
            let path = format!("/api/orders?limit=2{used_by}&cursor={cursor}");
            let answer = api.get(&path).await;
            if made_by == used_by {
                assert_eq!(answer.ids().len(), 2, "{made_by}");
            } else {
                let fault = ["cursor-of-another-query cursor"];
                assert_eq!(answer.faults(), fault, "{made_by} {used_by}");
            }
        }
    }
    // The same query in other words.
    let first = api
        .get("/api/orders?limit=1&status=PENDING&status=CONFIRMED&sort=-createdAt")
        .await;
    let cursor = first.next_cursor().unwrap();
    let other_words = "status=CONFIRMED&status=PENDING&status=PENDING";
    let rest = api.list(&format!("{other_words}&cursor={cursor}")).await;
    assert_eq!(rest, ["o-1", "o-0"]);
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
            "unknown-sort sort",
            "invalid-cursor cursor",
            "limit-out-of-range limit",
            "unknown-parameter size",
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
