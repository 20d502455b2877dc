//! An order is placed: one answer, and one row in each of the three tables.

use domain::contract::PublishedOrderEvent;
use http::StatusCode;
use serde_json::{Value, json};
use tokio_postgres::Row;

use crate::api::{Api, EXAMPLE, NOW, post};

async fn only_row(api: &Api, sql: &str) -> Row {
    api.database.query_one(sql, &[]).await.unwrap()
}

fn json_of(row: &Row, column: &str) -> Value {
    serde_json::from_str(row.get(column)).unwrap()
}

#[tokio::test]
async fn the_example_needs_no_more_than_a_content_type() {
    let api = Api::new().await;
    let answer = api.post("/api/orders", EXAMPLE).await;

    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let order = answer.json()["orderId"].as_str().unwrap().to_owned();
    let event = domain::event_id("Order", &order, 1);
    assert_eq!(
        answer.json(),
        json!({"orderId": order, "status": "PENDING", "version": 1, "eventIds": [event]})
    );
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["location"], format!("/api/orders/{order}"));
    assert_eq!(answer.headers["etag"], "\"1\"");
    assert!(answer.headers.contains_key("x-request-id"));
    assert_eq!(api.rows().await, (1, 1, 1));
}

#[tokio::test]
async fn the_event_is_stored_with_where_it_came_from() {
    let api = Api::new().await;
    let mut request = post("/api/orders", EXAMPLE);
    let headers = request.headers_mut();
    headers.insert("x-request-id", "request-7".parse().unwrap());
    let answer = api.call(request).await;
    assert_eq!(answer.headers["x-request-id"], "request-7");

    let event = only_row(
        &api,
        "SELECT aggregate_type, aggregate_id, sequence, event_type,
                payload::text AS payload, metadata::text AS metadata FROM events",
    )
    .await;
    assert_eq!(event.get::<_, &str>("aggregate_type"), "Order");
    let order = event.get::<_, &str>("aggregate_id");
    assert_eq!(answer.json()["orderId"], order);
    assert_eq!(event.get::<_, i64>("sequence"), 1);
    assert_eq!(event.get::<_, &str>("event_type"), "OrderCreated");
    let payload = event.get::<_, &str>("payload");
    for amount in [r#""totalAmount":"45.99""#, r#""price":"12.99""#] {
        assert!(payload.contains(amount), "{payload}");
    }
    let metadata = json_of(&event, "metadata");
    assert_eq!(metadata["correlationId"], "request-7");
    assert_eq!(metadata["occurredOn"], NOW);
    assert!(metadata["causationId"].is_string());
}

#[tokio::test]
async fn the_outbox_row_is_the_record_to_be_published() {
    let api = Api::new().await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut request = post("/api/orders", EXAMPLE);
    let headers = request.headers_mut();
    headers.insert("x-request-id", "request-7".parse().unwrap());
    headers.insert("traceparent", trace.parse().unwrap());
    let answer = api.call(request).await;
    let order = answer.json()["orderId"].as_str().unwrap().to_owned();
    let event = domain::event_id("Order", &order, 1);
    // The caller's trace, under a step of this request's own.
    let step = answer.headers["traceparent"].to_str().unwrap();
    assert_eq!((&step[..35], &step[52..]), (&trace[..35], &trace[52..]));
    assert_ne!(step[36..52], trace[36..52]);

    let row = only_row(
        &api,
        "SELECT id, aggregate_type, aggregate_id, event_type, status, topic, slot, version, attempts,
                published_at IS NULL AS unpublished, payload::text AS payload,
                headers::text AS headers FROM outbox",
    )
    .await;
    assert_eq!(row.get::<_, uuid::Uuid>("id"), event);
    assert_eq!(row.get::<_, &str>("aggregate_type"), "Order");
    assert_eq!(row.get::<_, &str>("aggregate_id"), order);
    assert_eq!(row.get::<_, &str>("event_type"), "OrderCreated");
    assert_eq!(row.get::<_, &str>("status"), "PENDING");
    assert_eq!(row.get::<_, &str>("topic"), "order-events");
    assert_eq!(
        row.get::<_, i16>("slot"),
        event_store::slot(&order).cast_signed()
    );
    assert_eq!(row.get::<_, i64>("version"), 1);
    assert_eq!(row.get::<_, i32>("attempts"), 0);
    assert!(row.get::<_, bool>("unpublished"));

    let payload = row.get::<_, &str>("payload");
    let published = PublishedOrderEvent::parse(payload.as_bytes()).unwrap();
    assert_eq!(published.envelope.event_id, event);
    assert_eq!(published.envelope.aggregate_id, order);
    assert_eq!(published.envelope.correlation_id, "request-7");
    assert_eq!(published.envelope.occurred_on.to_string(), NOW);
    let content = EXAMPLE[1..].replace(r#","items"#, r#","currency":"EUR","items"#);
    assert!(payload.ends_with(&content), "{payload}");

    assert_eq!(
        json_of(&row, "headers"),
        json!({
            "ce_specversion": "1.0",
            "ce_id": event,
            "ce_type": "OrderCreated",
            "ce_source": "/orders",
            "ce_subject": order,
            "ce_time": NOW,
            "content-type": "application/json",
            "correlation-id": "request-7",
            "traceparent": step,
        })
    );
}

#[tokio::test]
async fn an_order_may_name_its_currency() {
    let api = Api::new().await;
    let dollars = EXAMPLE.replacen('{', r#"{"currency":"USD","#, 1);
    let answer = api.post("/api/orders", dollars).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let sql = "SELECT e.payload::text AS event, e.event_version, o.payload::text AS record,
                s.state::text AS state
         FROM events e, outbox o, orders s";
    let row = only_row(&api, sql).await;
    assert_eq!(row.get::<_, &str>("event_version"), "2");
    assert_eq!(json_of(&row, "event")["OrderCreated"]["currency"], "USD");
    assert_eq!(json_of(&row, "state")["currency"], "USD");
    let record = json_of(&row, "record");
    assert_eq!(
        (&record["schemaVersion"], &record["currency"]),
        (&json!(2), &json!("USD"))
    );
}

#[tokio::test]
async fn the_current_state_can_be_looked_at() {
    let api = Api::new().await;
    let order = api.create().await;
    let row = only_row(
        &api,
        "SELECT id, version, status, customer_id, restaurant_id, total_amount::text AS total,
                state::text AS state FROM orders",
    )
    .await;
    assert_eq!(row.get::<_, &str>("id"), order);
    assert_eq!(row.get::<_, i64>("version"), 1);
    assert_eq!(row.get::<_, &str>("status"), "PENDING");
    assert_eq!(row.get::<_, &str>("customer_id"), "customer-123");
    assert_eq!(row.get::<_, &str>("restaurant_id"), "restaurant-456");
    assert_eq!(row.get::<_, &str>("total"), "45.99");
    assert_eq!(json_of(&row, "state")["items"][0]["price"], "12.99");
}

/// A caller's id or trace that is malformed is replaced; the order is placed.
#[tokio::test]
async fn malformed_request_ids_and_traces_are_not_taken_over() {
    let api = Api::new().await;
    for bad in ["", "two words", "caf\u{e9}", &"x".repeat(129)] {
        let mut request = post("/api/orders", EXAMPLE);
        let headers = request.headers_mut();
        headers.insert("x-request-id", bad.as_bytes().try_into().unwrap());
        headers.insert("traceparent", bad.as_bytes().try_into().unwrap());
        let answer = api.call(request).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{bad}: {}", answer.text);
        assert_ne!(answer.headers["x-request-id"], bad);
    }
    let sql = "SELECT count(DISTINCT substr(headers ->> 'traceparent', 4, 32)) FROM outbox
               WHERE headers ->> 'traceparent' ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-00$'";
    assert_eq!(only_row(&api, sql).await.get::<_, i64>(0), 4);
}

#[tokio::test]
async fn the_largest_and_the_smallest_order_are_placed() {
    let api = Api::new().await;
    let id = "\u{1f355}".repeat(128);
    let item = format!(
        r#"{{"menuItemId":"{id}","name":"{}","price":5e5,"quantity":10000}}"#,
        "\u{fc}".repeat(256)
    );
    let items = vec![item; 200].join(",");
    let largest = format!(
        r#"{{"customerId":"{id}","restaurantId":"{id}","totalAmount":1000000000000.00,"items":[{items}]}}"#
    );
    let smallest = r#"{"customerId":"c","restaurantId":"r","totalAmount":0,"items":[{"menuItemId":"m","name":"n","price":0.0,"quantity":1}]}"#;
    for body in [largest.as_str(), smallest] {
        let answer = api.post("/api/orders", body.to_owned()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    }
    let totals = "SELECT string_agg(total_amount::text, ' ' ORDER BY total_amount) FROM orders";
    let totals = only_row(&api, totals).await;
    assert_eq!(totals.get::<_, &str>(0), "0.00 1000000000000.00");
}

#[tokio::test]
async fn what_is_text_stays_the_same_text() {
    let api = Api::new().await;
    let name = r#"'; DROP TABLE orders; -- \"\\ \ud83c\udf55 \u2028 $1 %s {}"#;
    let body = EXAMPLE.replace("Pizza", name);
    let answer = api.post("/api/orders", body).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    let row = only_row(&api, "SELECT payload::text AS payload FROM outbox").await;
    let expected: String = serde_json::from_str(&format!("\"{name}\"")).unwrap();
    assert_eq!(json_of(&row, "payload")["items"][0]["name"], expected);
}
