//! Sagas as the tracker writes them.

use bson::{Document, doc};
use domain::saga::track::{Milestone, SagaStatus, StepStatus};
use domain::saga::{Participant, SagaFlow};
use domain::{CustomerId, FailureReason};
use http::StatusCode;
use jiff::SignedDuration;
use read_models::{Generation, SagaDocument, SagaEntry, StepDocument};
use serde_json::{Value, json};

use crate::api::{Answer, Api, time};

fn generation(api: &Api, number: u32) -> Generation {
    Generation::new(
        api.database.database().name(),
        SagaEntry::PROJECTION,
        number,
        SagaEntry::SCHEMA_VERSION,
    )
}

/// One that began so many seconds after 11:00, and ended, if it did, some milliseconds later.
fn saga(id: &str, second: u32, status: SagaStatus, millis: Option<i64>) -> SagaDocument {
    let started_at = time(&format!("2026-11-21T11:00:{second:02}Z"));
    let ended_at =
        millis.map(|millis| bson::DateTime::from_millis(started_at.timestamp_millis() + millis));
    let undone = matches!(status, SagaStatus::Compensated | SagaStatus::Compensating);
    let failed = undone || status == SagaStatus::Failed;
    let mut told = vec![Milestone::SagaStarted];
    told.extend(match status {
        SagaStatus::Completed => Some(Milestone::SagaCompleted),
        SagaStatus::Failed => Some(Milestone::SagaFailed),
        _ if undone => Some(Milestone::SagaCompensationStarted),
        _ => None,
    });
    SagaDocument {
        saga_id: id.to_owned(),
        revision: 3,
        business_process: format!("order/{}", SagaFlow::StockFirst),
        initiator_id: Some(CustomerId::new("anna").unwrap()),
        status,
        started_at,
        completed_at: ended_at,
        duration_millis: millis,
        failed_at: failed.then_some(started_at),
        failure_reason: failed.then(|| FailureReason::of("declined")),
        moved_at: ended_at.unwrap_or(started_at),
        steps: vec![StepDocument {
            name: "reserve".to_owned(),
            participant: Participant::Inventory,
            status: StepStatus::Started,
            started: started_at,
            ended: None,
            event_id: None,
            error: None,
        }],
        seen: Vec::new(),
        told,
    }
}

pub async fn project(api: &Api, sagas: &[SagaDocument]) {
    let generation = generation(api, 1);
    let database = api.database.database();
    let collection = database.collection::<SagaDocument>(&generation.collection);
    let indexes = SagaDocument::indexes();
    collection.create_indexes(indexes).await.unwrap();
    if !sagas.is_empty() {
        collection.insert_many(sagas).await.unwrap();
    }
    // Not known to be a saga: nobody hears of it.
    let entries = database.collection(&generation.collection);
    let undecided = SagaEntry {
        saga_id: "s-undecided".to_owned(),
        revision: 1,
        seen: Vec::new(),
        told: Vec::new(),
    };
    entries.insert_one(undecided).await.unwrap();
    api.point(SagaEntry::PROJECTION, generation).await;
}

/// What a walk through all queries needs.
pub fn some() -> Vec<SagaDocument> {
    vec![
        saga("s-1", 1, SagaStatus::Completed, Some(250)),
        saga("s-2", 2, SagaStatus::Completed, Some(100)),
        saga("s-3", 3, SagaStatus::Compensated, Some(2_000)),
        saga("s-4", 4, SagaStatus::Failed, Some(50)),
        saga("s-5", 5, SagaStatus::InProgress, None),
        SagaDocument {
            moved_at: time("2026-11-21T11:59:30Z"),
            initiator_id: Some(CustomerId::new("ben").unwrap()),
            ..saga("s-6", 6, SagaStatus::Compensating, None)
        },
    ]
}

async fn api() -> Api {
    let api = Api::with(&[]).await;
    project(&api, &some()).await;
    api
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let page = answer.json();
    let sagas = page["sagas"].as_array().unwrap().iter();
    sagas
        .map(|saga| saga["sagaId"].as_str().unwrap().to_owned())
        .collect()
}

async fn list(api: &Api, query: &str) -> Vec<String> {
    let path = format!("/api/choreographedsaga/states?{query}");
    ids(&api.get(&path).await)
}

#[tokio::test]
async fn a_state_is_shown_whole() {
    let api = api().await;
    let answer = api.get("/api/choreographedsaga/state/s-3").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(
        answer.json(),
        json!({
            "sagaId": "s-3",
            "businessProcess": "order/stock-first",
            "initiatorId": "anna",
            "status": "Compensated",
            "stuck": false,
            "startedAt": "2026-11-21T11:00:03.000000Z",
            "completedAt": "2026-11-21T11:00:05.000000Z",
            "failedAt": "2026-11-21T11:00:03.000000Z",
            "failureReason": "declined",
            "movedAt": "2026-11-21T11:00:05.000000Z",
            "steps": [{
                "name": "reserve", "participant": "inventory", "status": "Started",
                "started": "2026-11-21T11:00:03.000000Z", "ended": null, "eventId": null,
                "error": null,
            }],
        })
    );
    assert_eq!(answer.headers["projection-lag"], "unknown");
    // As far as all its topics' partitions have come.
    let through = ["2026-11-21T11:59:58Z", "2026-11-21T11:59:59Z"];
    api.applied_through(&generation(&api, 1), &through).await;
    let later = Api::of(&api.database);
    let answer = later.get("/api/choreographedsaga/state/s-3").await;
    assert_eq!(answer.headers["projection-lag"], "2.000");
    for absent in ["s-9", "s-undecided"] {
        let path = format!("/api/choreographedsaga/state/{absent}");
        let answer = api.get(&path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.problem(), "saga-not-found");
    }
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let api = api().await;
    let all = ["s-6", "s-5", "s-4", "s-3", "s-2", "s-1"];
    assert_eq!(list(&api, "").await, all);
    assert_eq!(list(&api, "status=Completed").await, ["s-2", "s-1"]);
    assert_eq!(
        list(&api, "status=Failed&status=Compensated&status=Failed").await,
        ["s-4", "s-3"]
    );
    let between = "from=2026-11-21T11:00:02Z&to=2026-11-21T11:00:04Z";
    assert_eq!(list(&api, between).await, ["s-3", "s-2"]);
    // It is noon: s-6 moved half a minute ago, and what has ended stands still for ever.
    assert_eq!(list(&api, "stuck=true").await, ["s-5"]);
    assert_eq!(list(&api, "stuck=true&status=Compensating").await, [""; 0]);
    let others = ["s-6", "s-4", "s-3", "s-2", "s-1"];
    assert_eq!(list(&api, "stuck=false").await, others);

    for filter in ["", "&stuck=false", "&status=Completed&stuck=false"] {
        let whole = list(&api, filter).await;
        let mut paged = Vec::new();
        let mut cursor = String::new();
        loop {
            let query = format!("limit=2{filter}{cursor}");
            let path = format!("/api/choreographedsaga/states?{query}");
            let page = api.get(&path).await;
            paged.extend(ids(&page));
            // A cursor outlives the moment by which something is stuck.
            api.clock.advance(SignedDuration::from_millis(10));
            match page.next_cursor() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(paged, whole, "{filter}");
    }
}

#[tokio::test]
async fn faulty_parameters_are_named() {
    let api = api().await;
    for (query, fault) in [
        ("status=completed", "unknown-status status"),
        ("stuck=yes", "invalid-flag stuck"),
        ("stuck=", "invalid-flag stuck"),
        ("from=noon", "invalid-time from"),
        ("limit=201", "limit-out-of-range limit"),
        ("sort=up", "unknown-parameter sort"),
        ("cursor=abc", "invalid-cursor cursor"),
    ] {
        let path = format!("/api/choreographedsaga/states?{query}");
        assert_eq!(api.get(&path).await.faults(), [fault], "{query}");
    }
    for path in ["statistics", "metrics", "state/s-1"] {
        let answer = api.get(&format!("/api/choreographedsaga/{path}?x=1")).await;
        assert_eq!(answer.faults(), ["unknown-parameter x"], "{path}");
    }
    let first = api.get("/api/choreographedsaga/states?limit=1").await;
    let cursor = first.next_cursor().unwrap();
    let other = format!("/api/choreographedsaga/states?stuck=true&cursor={cursor}");
    let fault = ["cursor-of-another-query cursor"];
    assert_eq!(api.get(&other).await.faults(), fault);
}

#[tokio::test]
async fn statistics_are_of_all_sagas() {
    let api = api().await;
    let answer = api.get("/api/choreographedsaga/statistics").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(
        answer.json(),
        json!({
            "total": 6,
            "byStatus": {
                "Started": 0, "InProgress": 1, "Compensating": 1, "Completed": 2,
                "Compensated": 1, "Failed": 1,
            },
            "stuck": 1,
            "successRate": 0.5,
            "durationSeconds": { "p50": 0.1, "p90": 2.0, "p95": 2.0, "p99": 2.0, "max": 2.0 },
            "compensations": [{ "reason": "declined", "count": 2 }],
        })
    );
    let nothing = Api::with(&[]).await;
    project(&nothing, &[]).await;
    let answer = nothing
        .get("/api/choreographedsaga/statistics")
        .await
        .json();
    assert_eq!(answer["total"], 0);
    assert_eq!(
        (&answer["successRate"], &answer["durationSeconds"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn metrics_are_those_of_prometheus() {
    let api = api().await;
    let answer = api.get("/api/choreographedsaga/metrics").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let metrics = answer.json();
    for (name, count) in [
        ("started", 6),
        ("completed", 2),
        ("failed", 1),
        ("compensation_triggered", 2),
    ] {
        let name = format!("choreographed_saga_{name}_total");
        assert_eq!(metrics[&name], count, "{name}");
    }
    let durations = &metrics["choreographed_saga_duration_seconds"];
    assert_eq!(
        (&durations["count"], &durations["sum"]),
        (&json!(4), &json!(2.4))
    );
    let bucket = |le: f64| {
        let mut buckets = durations["buckets"].as_array().unwrap().iter();
        buckets.find(|bucket| bucket["le"] == le).unwrap()["count"].clone()
    };
    let counts = [0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 30.0].map(bucket);
    assert_eq!(counts, [0, 1, 2, 3, 3, 4, 4].map(Value::from));
}

#[tokio::test]
async fn who_is_bound_to_a_customer_sees_that_customers() {
    let api = api().await;
    let own = api.get_as("ben", "/api/choreographedsaga/states").await;
    assert_eq!(ids(&own), ["s-6"]);
    let other = api.get_as("ben", "/api/choreographedsaga/state/s-1").await;
    let absent = api.get_as("ben", "/api/choreographedsaga/state/s-9").await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    assert_eq!(other.text.replace("s-1", "s-9"), absent.text);
    let own = api.get_as("ben", "/api/choreographedsaga/state/s-6").await;
    assert_eq!(own.status, StatusCode::OK);
    for figures in ["statistics", "metrics"] {
        let path = format!("/api/choreographedsaga/{figures}");
        let answer = api.get_as("ben", &path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert_eq!(answer.problem(), "forbidden-customer");
    }
}

#[tokio::test]
async fn without_a_tracker_there_is_no_answer() {
    let api = Api::unprojected().await;
    for path in ["states", "statistics", "metrics", "state/s-1"] {
        let path = format!("/api/choreographedsaga/{path}");
        api.get(&path).await.unavailable();
    }
}

/// What the projector writes is what is read here, times and all.
#[tokio::test]
async fn a_document_comes_back_as_it_was() {
    let api = api().await;
    let database = api.database.database();
    let sagas = database.collection::<SagaDocument>(&generation(&api, 1).collection);
    let found = sagas.find_one(doc! { "_id": "s-3" }).await.unwrap();
    assert_eq!(found, Some(some().swap_remove(2)));
    let stored: Document = sagas
        .clone_with_type()
        .find_one(doc! { "_id": "s-3" })
        .await
        .unwrap()
        .unwrap();
    assert!(stored.get_datetime("startedAt").is_ok());
}
