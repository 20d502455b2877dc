use bson::doc;
use http::StatusCode;
use read_models::{HeldBack, HeldStub, OrderDocument};
use serde_json::json;

use crate::api::{Api, order};

fn held() -> HeldBack {
    HeldBack {
        dead_letter_id: "0fe69681-d291-5413-8f0f-d2edbce9f521".to_owned(),
        from_version: 2,
        newest_seen: 4,
    }
}

#[tokio::test]
async fn the_last_good_state_is_shown_with_what_holds_it_back() {
    let document = OrderDocument {
        held_back: Some(held()),
        ..order("o-1")
    };
    let api = Api::with(&[document, order("o-2")]).await;
    let answer = api.get("/api/orders/o-1").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["etag"], "\"1\"");
    assert_eq!(
        answer.json()["heldBack"],
        json!({
            "deadLetterId": "0fe69681-d291-5413-8f0f-d2edbce9f521",
            "fromVersion": 2,
            "newestSeen": 4,
        })
    );
    assert_eq!(api.list("").await.len(), 2);
    let free = api.get("/api/orders/o-2").await.json();
    assert!(free.get("heldBack").is_none());
}

#[tokio::test]
async fn an_order_with_nothing_to_show_says_why_and_is_in_no_list() {
    let api = Api::with(&[order("o-1")]).await;
    let name = api.generation(1).collection;
    let stubs = api.database.database().collection::<HeldStub>(&name);
    let stub = HeldStub::new("o-2".to_owned(), held());
    stubs.insert_one(stub).await.unwrap();
    let answer = api.get("/api/orders/o-2").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.problem(), "held-back");
    let problem = answer.json();
    assert_eq!(problem["deadLetterId"], held().dead_letter_id);
    assert_eq!(problem["fromVersion"], 2);
    for query in ["", "limit=1", "status=PENDING"] {
        assert_eq!(api.list(query).await, ["o-1"], "{query}");
    }
    let found = stubs.count_documents(doc! {}).await.unwrap();
    assert_eq!(found, 2);
}
