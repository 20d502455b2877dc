use domain::Currency;
use http::StatusCode;
use read_models::OrderDocument;

use crate::api::{Api, money, order, time};

const NONE: [&str; 0] = [];

fn of(id: &str, total: &str, at: &str) -> OrderDocument {
    OrderDocument {
        total_amount: money(total),
        created_at: time(at),
        ..order(id)
    }
}

/// As numbers, not as texts: 9.99 comes before 10.00.
async fn five_orders() -> Api {
    let mut dollars = of("o-5", "10.00", "2026-11-21T10:00:05Z");
    dollars.currency = Currency::new("USD").unwrap();
    Api::with(&[
        of("o-1", "10.00", "2026-11-21T10:00:03Z"),
        of("o-2", "9.99", "2026-11-21T10:00:02Z"),
        of("o-3", "1000000000000.00", "2026-11-21T10:00:04Z"),
        of("o-4", "0.00", "2026-11-21T10:00:01Z"),
        dollars,
    ])
    .await
}

#[tokio::test]
async fn orders_are_sorted_by_time_or_total_either_way() {
    let api = five_orders().await;
    for (sort, ids) in [
        ("createdAt", ["o-4", "o-2", "o-1", "o-3", "o-5"]),
        ("-createdAt", ["o-5", "o-3", "o-1", "o-2", "o-4"]),
        ("totalAmount", ["o-4", "o-2", "o-1", "o-5", "o-3"]),
        ("-totalAmount", ["o-3", "o-5", "o-1", "o-2", "o-4"]),
    ] {
        assert_eq!(api.list(&format!("sort={sort}")).await, ids, "{sort}");
    }
}

#[tokio::test]
async fn totals_narrow_the_list_with_both_ends_in_it() {
    let api = five_orders().await;
    for (query, ids) in [
        ("minTotal=10", &["o-5", "o-3", "o-1"][..]),
        ("minTotal=10.00&maxTotal=10", &["o-5", "o-1"]),
        ("maxTotal=9.99", &["o-2", "o-4"]),
        ("maxTotal=9.98", &["o-4"]),
        ("minTotal=1e1&maxTotal=1e3", &["o-5", "o-1"]),
        ("minTotal=1&maxTotal=0", &NONE),
        ("minTotal=10&sort=totalAmount&limit=2", &["o-1", "o-5"]),
    ] {
        assert_eq!(api.list(query).await, ids, "{query}");
    }
}

#[tokio::test]
async fn several_statuses_are_listed_together() {
    use domain::order::OrderStatus::*;
    let orders = [("o-1", Pending), ("o-2", Confirmed), ("o-3", Cancelled)];
    let orders = orders.map(|(id, status)| OrderDocument {
        status,
        ..order(id)
    });
    let api = Api::with(&orders).await;
    for (query, ids) in [
        ("status=PENDING&status=CANCELLED", &["o-3", "o-1"][..]),
        ("status=PENDING&status=PENDING", &["o-1"]),
        (
            "status=PENDING&status=CANCELLED&status=CONFIRMED",
            &["o-3", "o-2", "o-1"],
        ),
    ] {
        assert_eq!(api.list(query).await, ids, "{query}");
    }
    let list = api.get("/api/orders?status=PENDING,CANCELLED").await;
    assert_eq!(list.status, StatusCode::BAD_REQUEST);
}
