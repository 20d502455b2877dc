use domain::{Currency, CustomerId, RestaurantId};
use http::StatusCode;
use read_models::{
    AmountDocument, CustomerSummaryDocument, OrdersByStatus, RestaurantDayDocument, RevenueDocument,
};
use serde_json::json;

use crate::api::{Api, money, time};

const ORDERS: OrdersByStatus = OrdersByStatus {
    pending: 1,
    confirmed: 2,
    cancelled: 3,
};

async fn with_days(days: &[&str]) -> Api {
    let api = Api::with(&[]).await;
    let generation = api.generation(1);
    let name = RestaurantDayDocument::collection(&generation);
    let collection = api.database.database().collection(&name);
    collection
        .create_indexes(RestaurantDayDocument::indexes())
        .await
        .unwrap();
    for restaurant in ["roma", "napoli"] {
        let days = days.iter().map(|day| RestaurantDayDocument {
            id: format!("{day}/{restaurant}"),
            restaurant_id: RestaurantId::new(restaurant).unwrap(),
            day: (*day).to_owned(),
            revision: 7,
            orders: ORDERS,
            revenue: vec![RevenueDocument {
                currency: Currency::default(),
                orders: 2,
                amount: money("91.98"),
                average: money("45.99"),
            }],
        });
        collection.insert_many(days).await.unwrap();
    }
    api
}

#[tokio::test]
async fn a_customers_summary_is_shown() {
    let api = Api::with(&[]).await;
    let name = CustomerSummaryDocument::collection(&api.generation(1));
    let summary = CustomerSummaryDocument {
        customer_id: CustomerId::new("anna & co").unwrap(),
        revision: 7,
        orders: ORDERS,
        spent: vec![AmountDocument {
            currency: Currency::default(),
            amount: money("91.98"),
        }],
        first_order_at: Some(time("2026-11-20T10:00:00.123Z")),
        last_order_at: Some(time("2026-11-21T10:00:00Z")),
    };
    let summaries = api.database.database().collection(&name);
    summaries.insert_one(summary).await.unwrap();
    let answer = api.get("/api/customers/anna%20%26%20co/summary").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(
        answer.json(),
        json!({
            "customerId": "anna & co",
            "orders": { "PENDING": 1, "CONFIRMED": 2, "CANCELLED": 3 },
            "spent": [{ "currency": "EUR", "amount": 91.98 }],
            "firstOrderAt": "2026-11-20T10:00:00.123000Z",
            "lastOrderAt": "2026-11-21T10:00:00.000000Z",
        })
    );
    let absent = api.get("/api/customers/ben/summary").await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    assert_eq!(absent.problem(), "customer-not-found");
    assert_eq!(absent.headers["projection-lag"], "unknown");
}

#[tokio::test]
async fn a_restaurants_days_are_shown_in_order_the_last_one_included() {
    let api = with_days(&["2026-11-19", "2026-11-21", "2026-11-20", "2026-12-01"]).await;
    let answer = api
        .get("/api/restaurants/roma/days?from=2026-11-20&to=2026-11-21")
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let orders = json!({ "PENDING": 1, "CONFIRMED": 2, "CANCELLED": 3 });
    let revenue = json!([{ "currency": "EUR", "orders": 2, "amount": 91.98, "average": 45.99 }]);
    assert_eq!(
        answer.json(),
        json!({
            "restaurantId": "roma",
            "days": [
                { "day": "2026-11-20", "orders": orders, "revenue": revenue },
                { "day": "2026-11-21", "orders": orders, "revenue": revenue },
            ],
        })
    );
    for (query, days) in [
        ("roma/days?from=2026-01-01&to=2026-12-31", 4),
        ("roma/days?from=2026-11-22&to=2026-11-30", 0),
        ("roma/days?from=2026-11-21&to=2026-11-20", 0),
        ("milano/days?from=2026-01-01&to=2026-12-31", 0),
    ] {
        let answer = api.get(&format!("/api/restaurants/{query}")).await.json();
        assert_eq!(answer["days"].as_array().unwrap().len(), days, "{query}");
    }
}

#[tokio::test]
async fn both_dates_are_needed_and_a_year_is_the_most() {
    let api = with_days(&["2026-11-21"]).await;
    for (query, faults) in [
        ("", &["missing-parameter from", "missing-parameter to"][..]),
        ("from=2026-11-21", &["missing-parameter to"]),
        ("from=2026-11-21&to=x", &["invalid-date to"]),
        ("from=2026-02-30&to=2026-11-21", &["invalid-date from"]),
        ("from=20261121&to=2026-11-21", &["invalid-date from"]),
        (
            "from=2026-11-21T00:00:00Z&to=2026-11-21",
            &["invalid-date from"],
        ),
        ("from=2024-01-01&to=2025-01-01", &["range-too-long to"]),
        ("from=-9999-01-01&to=9999-12-31", &["invalid-date from"]),
        ("from=0000-01-01&to=9999-12-31", &["range-too-long to"]),
    ] {
        let answer = api
            .get(&format!("/api/restaurants/roma/days?{query}"))
            .await;
        assert_eq!(answer.faults(), faults, "{query}");
    }
    let leap_year = "from=2024-01-01&to=2024-12-31";
    let answer = api
        .get(&format!("/api/restaurants/roma/days?{leap_year}"))
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
}
