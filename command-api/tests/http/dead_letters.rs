//! The dead-letter desk.

use event_store::dead_letters::{
    NewDeadLetter, OriginalRecord, Place, Reason, Source, State, Subject,
};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api::{Answer, Api};

const DESK: &str = "/api/dead-letters";

pub fn junk(offset: i64) -> NewDeadLetter {
    NewDeadLetter {
        source: Source::Projector,
        reason: Reason::InvalidData,
        error_message: "expected value at line 1 column 1".to_owned(),
        place: Place::Topic {
            partition: 3,
            offset,
        },
        original: OriginalRecord {
            topic: "order-events".to_owned(),
            key: Some(b"o-1".to_vec()),
            value: Some(b"\xff\x00".to_vec()),
            headers: vec![("ce_id".to_owned(), Some(b"7".to_vec()))],
        },
        subject: Subject {
            aggregate_id: Some("o-1".to_owned()),
            ..Subject::default()
        },
        metadata: json!({"worker": 1}),
    }
}

/// The event of a new order, which no projector could apply.
pub async fn stored_event(api: &Api) -> NewDeadLetter {
    let order = api.create().await;
    let event_id = domain::event_id("Order", &order, 1);
    let mut item = junk(1000);
    item.original.value = Some(format!(r#"{{"eventId":"{event_id}"}}"#).into_bytes());
    item.subject = Subject {
        aggregate_type: Some("Order".to_owned()),
        aggregate_id: Some(order),
        version: Some(1),
        event_type: Some("OrderCreated".to_owned()),
    };
    item
}

pub async fn put(api: &Api, item: &NewDeadLetter) -> Uuid {
    api.dead_letters.record(item).await.unwrap().id
}

pub async fn list(api: &Api, query: &str) -> Value {
    let answer = api.get(&format!("{DESK}?{query}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

pub fn offsets(page: &Value) -> Vec<i64> {
    let items = page["deadLetters"].as_array().unwrap().iter();
    items.map(|item| item["offset"].as_i64().unwrap()).collect()
}

async fn act(api: &Api, id: Uuid, action: &str, body: Value) -> Answer {
    let path = format!("{DESK}/{id}/{action}");
    api.post(&path, body.to_string()).await
}

pub fn accepted(answer: &Answer) -> Value {
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn a_list_is_paged_and_filtered() {
    let api = Api::new().await;
    for offset in 0..5 {
        put(&api, &junk(offset)).await;
    }
    let stored = put(&api, &stored_event(&api).await).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = list(&api, &format!("limit=2{cursor}")).await;
        seen.extend(offsets(&page));
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, [1000, 4, 3, 2, 1, 0]);

    act(&api, stored, "requeue", json!({})).await;
    for (query, expected) in [
        ("type=OrderCreated", vec![1000]),
        ("order=o-1&limit=1", vec![4]),
        ("order=%00", vec![]),
        (
            "state=requeued&source=projector&reason=invalid_data",
            vec![1000],
        ),
        ("state=open", vec![4, 3, 2, 1, 0]),
        ("state=all&limit=2", vec![1000, 4]),
        ("source=relay", vec![]),
        ("failedBefore=2020-01-01T00:00:00Z", vec![]),
        ("failedBefore=-009999-01-02T01:59:59Z", vec![]),
        ("failedAfter=9999-01-01T00:00:00%2B01:00", vec![]),
        ("failedAfter=-009999-01-02T01:59:59Z&limit=1", vec![1000]),
    ] {
        assert_eq!(offsets(&list(&api, query).await), expected, "{query}");
    }
    let item = &list(&api, "limit=1").await["deadLetters"][0];
    assert_eq!(item["id"], stored.to_string());
    assert!(item["valueLength"].as_i64().unwrap() > 0);
    assert_eq!(item.get("value"), None, "{item}");
}

#[tokio::test]
async fn every_faulty_parameter_is_named() {
    let api = Api::new().await;
    let query = "source=kafka&reason=x&state=gone&failedBefore=now&failedAfter=2026-11-21\
                 &limit=201&cursor=MQ&size=1&type=a&type=b";
    assert_eq!(
        api.get(&format!("{DESK}?{query}")).await.faults(),
        [
            "unknown-source source",
            "unknown-reason reason",
            "duplicate-parameter type",
            "invalid-time failedBefore",
            "invalid-time failedAfter",
            "unknown-state state",
            "invalid-cursor cursor",
            "limit-out-of-range limit",
            "unknown-parameter size",
        ]
    );
    for path in ["stats", "00000000-0000-0000-0000-000000000001"] {
        let answer = api.get(&format!("{DESK}/{path}?size=1")).await;
        assert_eq!(answer.faults(), ["unknown-parameter size"]);
    }
}

#[tokio::test]
async fn an_item_is_shown_with_its_record() {
    let api = Api::new().await;
    let id = put(&api, &junk(7)).await;
    let answer = api.get(&format!("{DESK}/{id}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.headers["content-type"], "application/json");
    let item = answer.json();
    assert_eq!(item["state"], "open");
    assert_eq!(item["key"], json!({"text": "o-1"}));
    assert_eq!(item["value"], json!({"base64": "/wA="}));
    assert_eq!(
        item["headers"],
        json!([{"name": "ce_id", "value": {"text": "7"}}])
    );
    assert_eq!(item["metadata"], json!({"worker": 1}));

    let stats = api.get(&format!("{DESK}/stats")).await.json();
    assert_eq!(
        stats["counts"],
        json!([{"source": "projector", "reason": "invalid_data", "state": "open", "count": 1}])
    );
    assert_eq!(stats["oldestOpen"], item["failedAt"]);
}

#[tokio::test]
async fn an_item_is_requeued_and_discarded() {
    let api = Api::new().await;
    let id = put(&api, &junk(7)).await;
    let request = Request::post(format!("{DESK}/{id}/requeue"));
    let answer = api.call(request.body("".into()).unwrap()).await;
    let item = accepted(&answer);
    assert_eq!(item["state"], "requeued");
    assert_eq!(item["actedBy"], "unknown");
    assert_eq!(item["value"], json!({"base64": "/wA="}));
    let again = act(&api, id, "requeue", json!({"by": "ann"})).await;
    assert_eq!(accepted(&again)["actedBy"], "unknown", "nothing was done");

    let discard = json!({"reason": "junk", "by": "ann"});
    let item = accepted(&act(&api, id, "discard", discard.clone()).await);
    assert_eq!(item["state"], "discarded");
    assert_eq!(item["actedBy"], "ann");
    assert_eq!(item["actionReason"], "junk");

    for answer in [
        act(&api, id, "discard", discard).await,
        act(&api, id, "requeue", json!({})).await,
    ] {
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
        assert_eq!(answer.problem(), "dead-letter-settled");
        assert_eq!(answer.json()["state"], "discarded");
    }
}

#[tokio::test]
async fn a_stored_event_is_not_discarded() {
    let api = Api::new().await;
    let item = stored_event(&api).await;
    let id = put(&api, &item).await;
    let answer = act(&api, id, "discard", json!({"reason": "junk"})).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.text);
    assert_eq!(answer.problem(), "stored-event");
    let event_id = domain::event_id("Order", item.subject.aggregate_id.as_ref().unwrap(), 1);
    assert_eq!(answer.json()["eventId"], event_id.to_string());
}

#[tokio::test]
async fn unknown_items_are_not_found() {
    let api = Api::new().await;
    for id in ["00000000-0000-0000-0000-000000000001", "7", "%00"] {
        let path = format!("{DESK}/{id}");
        for answer in [
            api.get(&path).await,
            api.post(&format!("{path}/requeue"), "{}").await,
            api.post(&format!("{path}/discard"), r#"{"reason":"x"}"#)
                .await,
        ] {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text);
            assert_eq!(answer.problem(), "dead-letter-not-found");
        }
    }
}

#[tokio::test]
async fn every_fault_of_a_body_is_named() {
    let api = Api::new().await;
    let id = put(&api, &junk(1)).await;
    let long = "x".repeat(501);
    for (action, body, faults) in [
        ("discard", json!({}), vec!["missing-field /reason"]),
        (
            "discard",
            json!({"reason": " ", "by": "", "why": 1}),
            vec!["blank /reason", "blank /by", "unknown-field /why"],
        ),
        (
            "discard",
            json!({"reason": "a\u{0}", "by": null}),
            vec!["control-character /reason", "wrong-type /by"],
        ),
        ("discard", json!({"reason": long}), vec!["too-long /reason"]),
        (
            "requeue",
            json!({"by": "x".repeat(129), "reason": "x"}),
            vec!["too-long /by", "unknown-field /reason"],
        ),
    ] {
        let answer = act(&api, id, action, body.clone()).await;
        assert_eq!(answer.faults(), faults, "{body}");
    }
    let request = Request::post(format!("{DESK}/{id}/requeue")).body("{}".into());
    let answer = api.call(request.unwrap()).await;
    assert_eq!(answer.problem(), "unsupported-media-type");
    let item = api.dead_letters.get(id).await.unwrap().unwrap();
    assert_eq!(item.summary.state, State::Open);
}

#[tokio::test]
async fn the_items_that_are_meant_are_requeued_at_once() {
    let api = Api::new().await;
    let stored = put(&api, &stored_event(&api).await).await;
    for offset in 0..3 {
        put(&api, &junk(offset)).await;
    }
    let sql = "INSERT INTO dead_letters (id, source, reason, error_message, topic, header_names,
             header_values, aggregate_id, retry_count, metadata)
         SELECT gen_random_uuid(), source, reason, error_message, topic, header_names,
             header_values, aggregate_id, retry_count, metadata
         FROM dead_letters, generate_series(1, 334) WHERE aggregate_id = 'o-1'";
    assert_eq!(api.database.execute(sql, &[]).await.unwrap(), 1002);

    let path = format!("{DESK}/requeue");
    let filters = r#"{"order":"o-1","source":"projector","by":"ann"}"#;
    let answer = api.post(&path, filters).await;
    assert_eq!(accepted(&answer), json!({"requeued": 1000, "left": 5}));
    let answer = api.post(&path, filters).await;
    assert_eq!(accepted(&answer), json!({"requeued": 5, "left": 0}));
    let item = api.dead_letters.get(stored).await.unwrap().unwrap();
    assert_eq!(item.summary.state, State::Open);

    let faulty = r#"{"source":"kafka","failedAfter":1,"state":"open"}"#;
    assert_eq!(
        api.post(&path, faulty).await.faults(),
        [
            "unknown-source /source",
            "wrong-type /failedAfter",
            "unknown-field /state"
        ]
    );
    let answer = api.post(&path, "{}").await;
    assert_eq!(accepted(&answer), json!({"requeued": 1, "left": 0}));
}

#[tokio::test]
async fn while_postgres_is_away_the_desk_is_closed() {
    let server = devstack::private_postgres().await.unwrap();
    let api = Api::on(server.url()).await;
    let id = put(&api, &junk(1)).await;
    server.stop().await.unwrap();
    for answer in [
        api.get(DESK).await,
        act(&api, id, "requeue", json!({})).await,
        act(&api, id, "discard", json!({"reason": "junk"})).await,
        api.post(&format!("{DESK}/requeue"), "{}").await,
    ] {
        let away = StatusCode::SERVICE_UNAVAILABLE;
        assert_eq!(answer.status, away, "{}", answer.text);
        assert_eq!(answer.headers["retry-after"], "1");
        assert!(["unavailable", "outcome-unknown"].contains(&answer.problem().as_str()));
    }
    server.start().await.unwrap();
    accepted(&act(&api, id, "requeue", json!({})).await);
}
