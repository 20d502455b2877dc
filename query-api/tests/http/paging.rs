//! Page after page by cursor: each order once, whatever arrives meanwhile.

use std::collections::BTreeSet;

use bson::DateTime;
use domain::order::OrderStatus;
use read_models::OrderDocument;

use crate::api::{Api, money, order, time};

/// All with one and the same creation time.
fn equal_orders(count: usize) -> Vec<OrderDocument> {
    (0..count).map(|i| order(&format!("o-{i:04}"))).collect()
}

/// All pages' ids; `before_each` comes before each page but the first.
async fn pages(
    api: &Api,
    query: &str,
    mut before_each: impl AsyncFnMut(usize),
) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut path = format!("/api/orders?{query}");
    loop {
        let page = api.get(&path).await;
        pages.push(page.ids());
        let Some(cursor) = page.next_cursor() else {
            return pages;
        };
        path = format!("/api/orders?{query}&cursor={cursor}");
        before_each(pages.len()).await;
    }
}

#[tokio::test]
async fn equal_times_are_paged_through_once_each() {
    let api = Api::with(&equal_orders(250)).await;
    for limit in [1, 7, 50, 125, 200] {
        let pages = pages(&api, &format!("limit={limit}"), async |_| {}).await;
        let (last, full) = pages.split_last().unwrap();
        assert!(full.iter().all(|page| page.len() == limit));
        assert!(!last.is_empty());
        let ids: Vec<_> = pages.concat();
        assert_eq!(ids.len(), 250, "limit {limit}");
        assert!(ids.is_sorted_by(|a, b| a > b), "limit {limit}");
    }
}

#[tokio::test]
async fn a_page_has_50_orders_unless_told_otherwise() {
    let api = Api::with(&equal_orders(120)).await;
    let sizes: Vec<_> = pages(&api, "", async |_| {}).await;
    let sizes: Vec<_> = sizes.iter().map(Vec::len).collect();
    assert_eq!(sizes, [50, 50, 20]);
}

#[tokio::test]
async fn newer_orders_do_not_disturb_who_is_paging() {
    let api = Api::with(&equal_orders(250)).await;
    let pages = pages(&api, "limit=20", async |page| {
        let newer: Vec<_> = (0..30)
            .map(|i| OrderDocument {
                created_at: time("2026-11-21T10:00:01Z"),
                ..order(&format!("new-{page}-{i}"))
            })
            .collect();
        api.insert(1, &newer).await;
    })
    .await;
    let ids: Vec<_> = pages.concat();
    assert_eq!(ids.len(), 250);
    let once: BTreeSet<_> = ids.iter().collect();
    assert_eq!(once.len(), 250);
    assert!(ids.iter().all(|id| id.starts_with("o-")), "{ids:?}");
}

#[tokio::test]
async fn different_times_and_filters_are_paged_through_too() {
    let orders: Vec<_> = (0..90)
        .map(|i| OrderDocument {
            created_at: DateTime::from_millis(1_795_000_000_000 + i / 3),
            status: OrderStatus::ALL[i as usize % 3],
            ..order(&format!("o-{i:02}"))
        })
        .collect();
    let api = Api::with(&orders).await;
    let whole = pages(&api, "limit=200", async |_| {}).await.concat();
    assert_eq!(pages(&api, "limit=4", async |_| {}).await.concat(), whole);

    let query = "limit=4&status=CONFIRMED&customerId=customer-123&from=2026-11-18T00:00:00Z&to=2027-01-01T00:00:00Z";
    let confirmed = pages(&api, query, async |_| {}).await.concat();
    let expected: Vec<_> = (0..30)
        .rev()
        .map(|i| format!("o-{:02}", 3 * i + 1))
        .collect();
    assert_eq!(confirmed, expected);
}

/// The cursor of a page is a place in the order, so it outlives the order it was made of.
#[tokio::test]
async fn a_cursor_holds_when_its_order_is_gone() {
    let api = Api::with(&equal_orders(10)).await;
    let first = api.get("/api/orders?limit=4").await;
    assert_eq!(first.ids(), ["o-0009", "o-0008", "o-0007", "o-0006"]);
    let orders = api.database.orders(&api.generation(1));
    orders
        .delete_one(bson::doc! { "_id": "o-0006" })
        .await
        .unwrap();
    let cursor = first.next_cursor().unwrap();
    let second = api.list(&format!("limit=2&cursor={cursor}")).await;
    assert_eq!(second, ["o-0005", "o-0004"]);
}

/// In either direction, whatever is inserted meanwhile, before the place or behind it.
#[tokio::test]
async fn every_sort_shows_each_order_that_was_there_once() {
    for sort in ["createdAt", "-createdAt", "totalAmount", "-totalAmount"] {
        let of = |name: &str, i: i64| OrderDocument {
            created_at: DateTime::from_millis(1_795_000_000_000 + i / 4),
            total_amount: money(&format!("{}.50", (i * 7) % 10)),
            ..order(&format!("{name}-{i:03}"))
        };
        let api = Api::with(&(0..60).map(|i| of("o", i)).collect::<Vec<_>>()).await;
        let seen = pages(&api, &format!("limit=7&sort={sort}"), async |page| {
            let newer: Vec<_> = (0..60)
                .step_by(7)
                .map(|i| of(&format!("new{page}"), i))
                .collect();
            api.insert(1, &newer).await;
        })
        .await
        .concat();
        let once: BTreeSet<_> = seen.iter().collect();
        assert_eq!(once.len(), seen.len(), "{sort}");
        let there = once.iter().filter(|id| id.starts_with("o-")).count();
        assert_eq!(there, 60, "{sort}");
    }
}
