//! The desks of the participants: the same endpoints, told whose.

use event_store::dead_letters::{DeadLetters, NewDeadLetter, Source, State};
use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::api::{Answer, Api, in_schema};
use crate::dead_letters::{accepted, junk, list, offsets, put, stored_event};

const DESK: &str = "/api/dead-letters";
const OF: &str = "of=inventory";

/// An API with a desk of inventory's that is there, and the desk.
async fn with_inventory() -> (Api, DeadLetters) {
    let url = Api::database().await;
    let database = in_schema(&url, "inventory");
    database.migrate().await.unwrap();
    (Api::on(&url).await, DeadLetters::new(database))
}

fn refused(offset: i64) -> NewDeadLetter {
    NewDeadLetter {
        source: Source::Participant,
        ..junk(offset)
    }
}

/// Asks every endpoint, with this query.
async fn everywhere(api: &Api, query: &str) -> Vec<Answer> {
    let id = Uuid::from_u128(1);
    let mut answers = Vec::new();
    for path in ["", "/stats", &format!("/{id}")] {
        answers.push(api.get(&format!("{DESK}{path}?{query}")).await);
    }
    for (path, body) in [
        ("/requeue", "{}"),
        (&format!("/{id}/requeue"), "{}"),
        (&format!("/{id}/discard"), r#"{"reason":"junk"}"#),
    ] {
        answers.push(api.post(&format!("{DESK}{path}?{query}"), body).await);
    }
    answers
}

#[tokio::test]
async fn each_shows_its_own() {
    let (api, inventory) = with_inventory().await;
    put(&api, &junk(1)).await;
    let id = inventory.record(&refused(2)).await.unwrap().id;

    for query in ["", "of=orders"] {
        assert_eq!(offsets(&list(&api, query).await), [1], "{query}");
    }
    assert_eq!(offsets(&list(&api, OF).await), [2]);
    let none = list(&api, &format!("{OF}&order=o-2")).await;
    assert_eq!(none, json!({"deadLetters": []}));
    let stats = api.get(&format!("{DESK}/stats?{OF}")).await.json();
    assert_eq!(
        stats["counts"],
        json!([{"source": "participant", "reason": "invalid_data", "state": "open", "count": 1}])
    );
    let shown = api.get(&format!("{DESK}/{id}?{OF}")).await;
    assert_eq!(shown.json()["source"], "participant");
    for elsewhere in ["", "?of=orders"] {
        let answer = api.get(&format!("{DESK}/{id}{elsewhere}")).await;
        assert_eq!(answer.problem(), "dead-letter-not-found");
        let path = format!("{DESK}/{id}/requeue{elsewhere}");
        assert_eq!(
            api.post(&path, "{}").await.problem(),
            "dead-letter-not-found"
        );
    }
}

#[tokio::test]
async fn each_is_acted_at_alone() {
    let (api, inventory) = with_inventory().await;
    let (junk, other) = (put(&api, &junk(1)).await, put(&api, &junk(2)).await);
    let mut ids = Vec::new();
    for offset in 1..5 {
        ids.push(inventory.record(&refused(offset)).await.unwrap().id);
    }
    let requeued = api
        .post(&format!("{DESK}/{}/requeue?{OF}", ids[0]), "{}")
        .await;
    assert_eq!(accepted(&requeued)["state"], "requeued");
    let body = r#"{"reason":"junk","by":"ann"}"#;
    let discarded = api
        .post(&format!("{DESK}/{}/discard?{OF}", ids[1]), body)
        .await;
    assert_eq!(accepted(&discarded)["actedBy"], "ann");
    let all = api
        .post(&format!("{DESK}/requeue?{OF}"), r#"{"order":"o-1"}"#)
        .await;
    assert_eq!(accepted(&all), json!({"requeued": 2, "left": 0}));
    for (id, state) in ids.into_iter().zip([
        State::Requeued,
        State::Discarded,
        State::Requeued,
        State::Requeued,
    ]) {
        let item = inventory.get(id).await.unwrap().unwrap();
        assert_eq!(item.summary.state, state);
    }
    for id in [junk, other] {
        let item = api.dead_letters.get(id).await.unwrap().unwrap();
        assert_eq!(item.summary.state, State::Open);
    }
}

/// What a participant cannot take in may be an event of the orders' store: it is not inventory's.
#[tokio::test]
async fn an_event_of_the_orders_is_passed_over() {
    let (api, inventory) = with_inventory().await;
    let stored = stored_event(&api).await;
    let at_home = put(&api, &stored).await;
    let item = NewDeadLetter {
        source: Source::Participant,
        ..stored
    };
    let id = inventory.record(&item).await.unwrap().id;
    let body = r#"{"reason":"not for us"}"#;
    let answer = api.post(&format!("{DESK}/{at_home}/discard"), body).await;
    assert_eq!(answer.problem(), "stored-event");
    let answer = api.post(&format!("{DESK}/{id}/discard?{OF}"), body).await;
    assert_eq!(accepted(&answer)["state"], "discarded");
}

#[tokio::test]
async fn an_action_is_done_once() {
    let (api, inventory) = with_inventory().await;
    let id = inventory.record(&refused(1)).await.unwrap().id;
    let path = format!("{DESK}/{id}/requeue?{OF}");
    let first = api.once("k", &path, "{}").await;
    accepted(&first);
    inventory.resolve(id).await.unwrap();
    let again = api.once("k", &path, "{}").await;
    assert_eq!((again.status, again.text), (first.status, first.text));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    let discard = format!("{DESK}/{id}/discard?{OF}");
    let reused = api.once("k", &discard, r#"{"reason":"junk"}"#).await;
    assert_eq!(reused.problem(), "idempotency-key-reused");
    // Kept beside the item, by the transaction that acted.
    let sql = "SELECT count(*) FROM inventory.idempotency_keys";
    let kept: i64 = api.database.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!((kept, api.kept().await), (1, 0));
}

#[tokio::test]
async fn whose_must_be_somebodys() {
    let api = Api::new().await;
    for answer in everywhere(&api, "of=shipping&size=1").await {
        let faults = ["unknown-owner of", "unknown-parameter size"];
        assert_eq!(answer.faults(), faults, "{}", answer.text);
    }
    for answer in everywhere(&api, "of=orders&of=orders").await {
        assert_eq!(answer.faults(), ["duplicate-parameter of"]);
    }
}

#[tokio::test]
async fn a_desk_that_nobody_has_made_is_not_found() {
    let api = Api::new().await;
    // The one is configured, and its schema is not there; the other is not even that.
    for query in [OF, "of=payment"] {
        for answer in everywhere(&api, query).await {
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.text);
            assert_eq!(answer.problem(), "desk-not-found");
        }
    }
}
