use domain::order::OrderStatus;
use domain::{CustomerId, RestaurantId};
use read_models::OrderDocument;

use crate::api::{Api, order, time};

const NONE: [&str; 0] = [];

fn of(id: &str, customer: &str, restaurant: &str, status: OrderStatus, at: &str) -> OrderDocument {
    OrderDocument {
        customer_id: CustomerId::new(customer).unwrap(),
        restaurant_id: RestaurantId::new(restaurant).unwrap(),
        status,
        created_at: time(at),
        ..order(id)
    }
}

async fn five_orders() -> Api {
    use OrderStatus::*;
    Api::with(&[
        of("o-1", "anna", "roma", Pending, "2026-11-21T10:00:01Z"),
        of("o-2", "anna", "napoli", Confirmed, "2026-11-21T10:00:02Z"),
        of("o-3", "ben & co", "roma", Cancelled, "2026-11-21T10:00:03Z"),
        of("o-4", "ben & co", "roma", Pending, "2026-11-21T10:00:04Z"),
        of("o-5", "anna", "roma", Confirmed, "2026-11-21T10:00:05Z"),
    ])
    .await
}

#[tokio::test]
async fn the_newest_order_comes_first() {
    let api = five_orders().await;
    let answer = api.get("/api/orders").await;
    assert_eq!(answer.ids(), ["o-5", "o-4", "o-3", "o-2", "o-1"]);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.next_cursor(), None);
    assert!(!answer.text.contains("nextCursor"), "{}", answer.text);
}

#[tokio::test]
async fn filters_narrow_the_list_alone_and_together() {
    let api = five_orders().await;
    for (query, ids) in [
        ("customerId=anna", &["o-5", "o-2", "o-1"][..]),
        ("customerId=ben+%26%20co", &["o-4", "o-3"]),
        ("customerId=ann", &NONE),
        ("customerId=Anna", &NONE),
        ("customerId=", &NONE),
        ("customerId=%00", &NONE),
        ("customerId=%7B%22$ne%22:null%7D", &NONE),
        ("restaurantId=napoli", &["o-2"]),
        ("status=PENDING", &["o-4", "o-1"]),
        ("status=CANCELLED", &["o-3"]),
        ("customerId=anna&restaurantId=roma", &["o-5", "o-1"]),
        ("customerId=anna&status=CONFIRMED", &["o-5", "o-2"]),
        (
            "customerId=anna&restaurantId=roma&status=CONFIRMED",
            &["o-5"],
        ),
        ("status=PENDING&from=2026-11-21T10:00:02Z", &["o-4"]),
        ("restaurantId=roma&to=2026-11-21T10:00:04Z", &["o-3", "o-1"]),
    ] {
        assert_eq!(api.list(query).await, ids, "{query}");
    }
}

#[tokio::test]
async fn from_is_in_the_list_and_to_is_not() {
    let api = five_orders().await;
    for (query, ids) in [
        ("from=2026-11-21T10:00:04Z", &["o-5", "o-4"][..]),
        ("from=2026-11-21T10:00:03.001Z", &["o-5", "o-4"]),
        ("from=2026-11-21T10:00:03.000000001Z", &["o-5", "o-4"]),
        ("to=2026-11-21T10:00:02Z", &["o-1"]),
        ("to=2026-11-21T10:00:02.000000001Z", &["o-2", "o-1"]),
        (
            "from=2026-11-21T10:00:02Z&to=2026-11-21T10:00:04Z",
            &["o-3", "o-2"],
        ),
        ("from=2026-11-21T12:00:05%2B02:00", &["o-5"]),
        ("from=2026-11-21T10:00:03Z&to=2026-11-21T10:00:03Z", &NONE),
        ("from=2026-11-21T10:00:04Z&to=2026-11-21T10:00:02Z", &NONE),
        ("to=1969-12-31T23:59:59.9995Z", &NONE),
        ("to=-009999-01-02T01:59:59Z", &NONE),
        ("from=9999-12-30T22:00:00Z", &NONE),
    ] {
        assert_eq!(api.list(query).await, ids, "{query}");
    }
}

/// A time inside a millisecond lets in exactly what lies on its side, before 1970 as well.
#[tokio::test]
async fn bounds_are_exact_on_both_sides_of_the_epoch() {
    let milliseconds = [-2, -1, 0, 1, 2];
    let orders = milliseconds.map(|ms| OrderDocument {
        created_at: bson::DateTime::from_millis(ms),
        ..order(&format!("o{ms}"))
    });
    let api = Api::with(&orders).await;
    for (from, ids) in [
        (
            "1969-12-31T23:59:59.998Z",
            &["o2", "o1", "o0", "o-1", "o-2"][..],
        ),
        ("1969-12-31T23:59:59.9985Z", &["o2", "o1", "o0", "o-1"]),
        ("1969-12-31T23:59:59.9995Z", &["o2", "o1", "o0"]),
        ("1970-01-01T00:00:00Z", &["o2", "o1", "o0"]),
        ("1970-01-01T00:00:00.0005Z", &["o2", "o1"]),
    ] {
        assert_eq!(api.list(&format!("from={from}")).await, ids, "{from}");
        let before = 5 - ids.len();
        assert_eq!(
            api.list(&format!("to={from}")).await.len(),
            before,
            "{from}"
        );
    }
}

#[tokio::test]
async fn limit_cuts_the_list() {
    let api = five_orders().await;
    for (query, ids) in [
        ("limit=1", &["o-5"][..]),
        ("limit=2&customerId=anna", &["o-5", "o-2"]),
        ("limit=200", &["o-5", "o-4", "o-3", "o-2", "o-1"]),
    ] {
        assert_eq!(api.list(query).await, ids, "{query}");
    }
    // Exactly as many as there are: nothing follows.
    let whole = api.get("/api/orders?limit=5").await;
    assert_eq!(whole.next_cursor(), None);
    let cut = api.get("/api/orders?limit=4").await;
    assert!(cut.next_cursor().is_some());
}
