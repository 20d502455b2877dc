//! Acting at the desk, several times under one key, and in whose name.

use futures::future::join_all;
use http::StatusCode;
use serde_json::{Value, json};

use crate::api::{Answer, Api, from, keyed, post};
use crate::dead_letters::{accepted, junk, list, offsets, put, stored_event};

fn path(id: impl std::fmt::Display, action: &str) -> String {
    format!("/api/dead-letters/{id}/{action}")
}

fn assert_repeats(first: &Answer, again: &Answer) {
    assert!(!first.is_replayed(), "{}", first.text);
    assert!(again.is_replayed(), "{}", again.text);
    assert_eq!(again.essence(), first.essence());
}

#[tokio::test]
async fn an_action_sent_again_gets_the_first_answer_whatever_became_of_the_item() {
    let api = Api::new().await;
    let id = put(&api, &junk(7)).await;
    let requeue = path(id, "requeue");
    let requeued = api.once("k", &requeue, r#"{"by":"ann"}"#).await;
    assert_eq!(accepted(&requeued)["state"], "requeued");
    let (discard, why) = (path(id, "discard"), r#"{"reason":"junk"}"#);
    let discarded = api.once("l", &discard, why).await;
    assert_eq!(accepted(&discarded)["state"], "discarded");

    let again = api.once("k", &requeue, r#"{"by":"ann"}"#).await;
    assert_repeats(&requeued, &again);
    assert_repeats(&discarded, &api.once("l", &discard, why).await);
    // However the id is written.
    let simple = path(id.simple(), "discard");
    assert_repeats(&discarded, &api.once("l", &simple, why).await);
    let item = api.dead_letters.get(id).await.unwrap().unwrap();
    assert_eq!(item.summary.acted_by.as_deref(), Some("unknown"));
    assert_eq!(api.kept().await, 2);
}

/// Its items may have failed once more since.
#[tokio::test]
async fn requeueing_many_sent_again_requeues_none() {
    let api = Api::new().await;
    put(&api, &junk(1)).await;
    put(&api, &junk(2)).await;
    let all = "/api/dead-letters/requeue";
    let first = api.once("k", all, "{}").await;
    assert_eq!(accepted(&first), json!({"requeued": 2, "left": 0}));
    put(&api, &junk(3)).await;
    assert_repeats(&first, &api.once("k", all, "{}").await);
    assert_eq!(offsets(&list(&api, "state=open").await), [3]);
}

#[tokio::test]
async fn another_action_under_the_same_key_is_refused() {
    let api = Api::new().await;
    let (id, other) = (put(&api, &junk(1)).await, put(&api, &junk(2)).await);
    accepted(&api.once("k", &path(id, "requeue"), "").await);
    let order = r#"{"customerId":"customer-1"}"#;
    for (path, body) in [
        (path(other, "requeue"), ""),
        (path(id, "requeue"), r#"{"by":"ann"}"#),
        (path(id, "discard"), r#"{"reason":"junk"}"#),
        ("/api/dead-letters/requeue".to_owned(), "{}"),
    ] {
        let answer = api.once("k", &path, body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert_eq!(answer.problem(), "idempotency-key-reused");
    }
    assert_eq!(offsets(&list(&api, "state=open").await), [2]);
    // Commands and actions share a caller's keys.
    let answer = api.once("k", "/api/orders", order).await;
    assert_eq!(answer.problem(), "validation-failed");
    let answer = api.once("k", "/api/orders", crate::api::EXAMPLE).await;
    assert_eq!(answer.problem(), "idempotency-key-reused");
}

#[tokio::test]
async fn refusals_that_stand_are_kept_and_others_are_not() {
    let api = Api::new().await;
    let id = put(&api, &junk(1)).await;
    let (discard, why) = (path(id, "discard"), r#"{"reason":"junk"}"#);
    accepted(&api.post(&discard, why).await);
    let stored = put(&api, &stored_event(&api).await).await;
    for (key, path, problem) in [
        ("k", discard, "dead-letter-settled"),
        ("l", path(stored, "discard"), "stored-event"),
    ] {
        let first = api.once(key, &path, why).await;
        assert_eq!(first.status, StatusCode::CONFLICT, "{}", first.text);
        assert_eq!(first.problem(), problem);
        assert_repeats(&first, &api.once(key, &path, why).await);
    }
    assert_eq!(api.kept().await, 2);

    let nobody = path("00000000-0000-0000-0000-000000000001", "discard");
    for (path, body, problem) in [
        (&nobody, why, "dead-letter-not-found"),
        (&path(stored, "discard"), "{}", "validation-failed"),
    ] {
        assert_eq!(api.once("m", path, body).await.problem(), problem);
    }
    assert_eq!(api.kept().await, 2);
}

/// Neither process knows of the other's requests: the key's constraint decides.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_act_once_and_answer_alike() {
    let url = Api::database().await;
    let (one, other) = (Api::beside(&url).await, Api::beside(&url).await);
    for round in 0..20 {
        let id = put(&one, &junk(round)).await;
        let (action, body) = match round % 2 {
            0 => ("requeue", "{}"),
            _ => ("discard", r#"{"reason":"junk"}"#),
        };
        let (key, path) = (format!("k-{round}"), path(id, action));
        let act = |i: usize| [&one, &other][i % 2].once(&key, &path, body);
        let answers = join_all((0..6).map(act)).await;
        accepted(&answers[0]);
        for answer in &answers {
            assert_eq!(answer.essence(), answers[0].essence());
        }
        assert_eq!(answers.iter().filter(|a| !a.is_replayed()).count(), 1);
    }
}

async fn discard_as(api: &Api, caller: &str, body: Value) -> Answer {
    let id = put(api, &junk(1)).await;
    let request = post(&path(id, "discard"), body.to_string());
    api.call(from(caller, None, request)).await
}

#[tokio::test]
async fn a_caller_that_is_known_acts_in_its_own_name_only() {
    let api = Api::new().await;
    let named = json!({"reason": "junk", "by": "bob"});
    for path in [
        path(put(&api, &junk(1)).await, "requeue"),
        "/api/dead-letters/requeue".to_owned(),
    ] {
        let request = post(&path, r#"{"by":"bob"}"#);
        let refused = api.call(from("key:ann", None, request)).await;
        assert_eq!(refused.faults(), ["not-the-caller /by"], "{path}");
    }
    let refused = discard_as(&api, "key:ann", named.clone()).await;
    assert_eq!(refused.faults(), ["not-the-caller /by"]);
    assert_eq!(offsets(&list(&api, "state=open").await), [1]);

    let discarded = discard_as(&api, "key:ann", json!({"reason": "junk"})).await;
    assert_eq!(accepted(&discarded)["actedBy"], "key:ann");
    put(&api, &junk(2)).await;
    let own = post("/api/dead-letters/requeue", r#"{"by":"key:ann"}"#);
    accepted(&api.call(from("key:ann", None, own)).await);
    let item = &list(&api, "state=requeued").await["deadLetters"][0];
    assert_eq!(item["actedBy"], "key:ann");

    // However long the name is that an issuer gives.
    put(&api, &junk(3)).await;
    let long = "x".repeat(300);
    let requeue = keyed("k", "/api/dead-letters/requeue", "{}");
    accepted(&api.call(from(&long, None, requeue)).await);
    let item = &list(&api, "limit=1").await["deadLetters"][0];
    assert_eq!(item["actedBy"], long[..128]);
}

/// Two callers may choose the same key.
#[tokio::test]
async fn a_key_is_its_callers() {
    let api = Api::new().await;
    let id = put(&api, &junk(1)).await;
    let requeue = |caller: &'static str| {
        let request = keyed("k", &path(id, "requeue"), "{}");
        api.call(from(caller, None, request))
    };
    let first = requeue("key:ann").await;
    assert!(!requeue("key:bob").await.is_replayed());
    assert_repeats(&first, &requeue("key:ann").await);
}
