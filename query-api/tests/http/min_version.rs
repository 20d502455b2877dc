//! Reading what one has written: the answer has the version asked for, or is none.

use std::time::{Duration, Instant};

use bson::doc;
use http::StatusCode;
use query_api::Bounds;
use read_models::{HeldBack, HeldStub, OrderDocument};

use crate::api::{Answer, Api, order};

/// Far less than is waited for, far more than the machine needs.
const SOON: Duration = Duration::from_secs(10);

async fn ask(api: &Api, id: &str, version: u32, wait: &str) -> Answer {
    let path = format!("/api/orders/{id}?minVersion={version}");
    api.get_with(&path, &[("prefer", wait)]).await
}

async fn raise(api: &Api, id: &str, version: i64) {
    let orders = api.database.orders(&api.generation(1));
    let raised = doc! { "$set": { "version": version } };
    orders.update_one(doc! { "_id": id }, raised).await.unwrap();
}

fn not_reached(answer: &Answer, version: i64, min: i64) {
    assert_eq!(
        answer.status,
        StatusCode::SERVICE_UNAVAILABLE,
        "{}",
        answer.text
    );
    assert_eq!(answer.problem(), "version-not-reached");
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(answer.json()["version"], version);
    assert_eq!(answer.json()["minVersion"], min);
}

fn held() -> HeldBack {
    HeldBack {
        dead_letter_id: "d-1".to_owned(),
        from_version: 2,
        newest_seen: 3,
    }
}

#[tokio::test]
async fn a_version_that_is_there_is_answered_at_once() {
    let api = Api::with(&[order("o-1")]).await;
    let answer = api.get("/api/orders/o-1?minVersion=1").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(!answer.headers.contains_key("preference-applied"));
    let answer = ask(&api, "o-1", 1, "wait=30").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["preference-applied"], "wait=30");
    // Nothing to wait for.
    let answer = api
        .get_with("/api/orders/o-1", &[("prefer", "wait=5")])
        .await;
    assert!(!answer.headers.contains_key("preference-applied"));
}

#[tokio::test]
async fn without_a_wait_a_version_that_is_not_there_is_refused_at_once() {
    let api = Api::with(&[order("o-1")]).await;
    let begun = Instant::now();
    for wait in ["", "wait=0", "wait=x", "respond-async"] {
        not_reached(&ask(&api, "o-1", 2, wait).await, 1, 2);
        not_reached(&ask(&api, "o-2", 1, wait).await, 0, 1);
    }
    assert!(begun.elapsed() < SOON);
}

#[tokio::test]
async fn what_arrives_in_time_is_answered_as_soon_as_it_is_there() {
    let api = Api::with(&[order("o-1")]).await;
    let begun = Instant::now();
    let later = async {
        // The waiters have begun to wait, or wait in vain for nothing.
        tokio::time::sleep(Duration::from_millis(200)).await;
        raise(&api, "o-1", 2).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        api.insert(1, &[order("o-2")]).await;
        raise(&api, "o-1", 3).await;
    };
    let (two, again, three, new, ()) = tokio::join!(
        ask(&api, "o-1", 2, "wait=30"),
        ask(&api, "o-1", 2, "wait=30"),
        ask(&api, "o-1", 3, "wait=60"),
        ask(&api, "o-2", 1, "wait=30"),
        later,
    );
    assert!(begun.elapsed() < SOON);
    for answer in [&two, &again, &three, &new] {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert_eq!(answer.headers["preference-applied"], "wait=30");
    }
    assert!(two.json()["version"].as_i64() >= Some(2));
    assert_eq!(three.headers["etag"], "\"3\"");
    assert_eq!(new.json()["orderId"], "o-2");
}

#[tokio::test]
async fn what_does_not_arrive_is_refused_when_the_time_is_over() {
    let api = Api::with(&[order("o-1")]).await;
    let begun = Instant::now();
    let (known, unknown) =
        tokio::join!(ask(&api, "o-1", 2, "wait=1"), ask(&api, "o-2", 1, "wait=1"));
    let waited = begun.elapsed();
    assert!(
        (Duration::from_secs(1)..SOON).contains(&waited),
        "{waited:?}"
    );
    not_reached(&known, 1, 2);
    not_reached(&unknown, 0, 1);
    assert_eq!(known.headers["preference-applied"], "wait=1");
}

#[tokio::test]
async fn a_held_order_is_answered_at_once_with_its_dead_letter() {
    let document = OrderDocument {
        held_back: Some(held()),
        ..order("o-1")
    };
    let api = Api::with(&[document, order("o-3")]).await;
    let stubs = api.database.orders(&api.generation(1)).clone_with_type();
    stubs
        .insert_one(HeldStub::new("o-2".to_owned(), held()))
        .await
        .unwrap();
    let begun = Instant::now();
    for (id, version) in [("o-1", Some(1)), ("o-2", None)] {
        let answer = ask(&api, id, 2, "wait=30").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.problem(), "held-back");
        assert_eq!(answer.json()["deadLetterId"], "d-1");
        assert_eq!(answer.json()["version"].as_i64(), version);
    }
    // What is shown of it may be enough.
    assert_eq!(ask(&api, "o-1", 1, "wait=30").await.status, StatusCode::OK);

    // It comes to be held while somebody waits.
    let hold = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let hold = bson::serialize_to_bson(&held()).unwrap();
        let orders = api.database.orders(&api.generation(1));
        let held = doc! { "$set": { "heldBack": hold } };
        orders
            .update_one(doc! { "_id": "o-3" }, held)
            .await
            .unwrap();
    };
    let (answer, ()) = tokio::join!(ask(&api, "o-3", 2, "wait=30"), hold);
    assert_eq!(answer.problem(), "held-back");
    assert!(begun.elapsed() < SOON);
}

#[tokio::test]
async fn no_more_requests_wait_than_may() {
    let api = Api::with(&[order("o-1")]).await;
    let bounds = Bounds {
        waiters: 2,
        ..Bounds::default()
    };
    let small = Api::bounded(&api.database, bounds);
    let (first, second, crowded) = tokio::join!(
        ask(&small, "o-1", 2, "wait=2"),
        ask(&small, "o-1", 2, "wait=2"),
        async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            ask(&small, "o-1", 2, "wait=2").await
        }
    );
    not_reached(&first, 1, 2);
    not_reached(&second, 1, 2);
    assert_eq!(crowded.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(crowded.problem(), "too-many-waiting");
    assert_eq!(crowded.headers["retry-after"], "1");
    // Who does not wait is answered.
    assert_eq!(small.get("/api/orders/o-1").await.status, StatusCode::OK);
}

/// Their places are free again once somebody has looked.
#[tokio::test]
async fn who_goes_away_makes_room() {
    let api = Api::with(&[order("o-1")]).await;
    let bounds = Bounds {
        waiters: 1,
        ..Bounds::default()
    };
    let small = Api::bounded(&api.database, bounds);
    let gone = ask(&small, "o-1", 2, "wait=30");
    let gave_up = tokio::time::timeout(Duration::from_millis(300), gone).await;
    assert!(gave_up.is_err());
    let begun = Instant::now();
    loop {
        let answer = ask(&small, "o-1", 2, "wait=1").await;
        match answer.problem().as_str() {
            "version-not-reached" => break,
            "too-many-waiting" => assert!(begun.elapsed() < SOON),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_version_is_a_whole_number_from_one() {
    let api = Api::with(&[order("o-1")]).await;
    for version in ["0", "-1", "1.5", "x", "", "99999999999999999999"] {
        let answer = api
            .get(&format!("/api/orders/o-1?minVersion={version}"))
            .await;
        assert_eq!(answer.faults(), ["invalid-version minVersion"], "{version}");
    }
}

/// Whoever waits when the process stops is told what there is.
#[tokio::test]
async fn a_stop_ends_the_waiting() {
    let api = Api::with(&[order("o-1")]).await;
    let begun = Instant::now();
    let stop = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        api.stop.cancel();
    };
    let (answer, ()) = tokio::join!(ask(&api, "o-1", 2, "wait=30"), stop);
    not_reached(&answer, 1, 2);
    assert!(begun.elapsed() < SOON);
}
