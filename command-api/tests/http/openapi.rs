//! What the API's document says of itself, against the API.

use std::collections::BTreeMap;

use http::Request;
use serde_json::{Value, json};

use crate::api::{Answer, Api, EXAMPLE};
use crate::dead_letters::{junk, put};

/// An order that a saga carries out.
const SAGA: &str = r#"{"customerId":"customer-123","storeId":"store-1","paymentMethod":"CreditCard","totalAmount":299.99,"items":[{"productId":"product-1","quantity":2,"unitPrice":149.99,"totalPrice":299.98}]}"#;

/// An operation of the document: its method, its path, and what is said of it.
type Operations = BTreeMap<String, (String, String, Value)>;

async fn operations(api: &Api) -> Operations {
    let document = api.get("/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().clone();
        let path = path.clone();
        methods
            .into_iter()
            .map(move |(method, operation)| (method, path.clone(), operation))
    };
    let all = paths.iter().flat_map(of_path);
    let id = |operation: &Value| operation["operationId"].as_str().unwrap().to_owned();
    all.map(|(method, path, operation)| (id(&operation), (method, path, operation)))
        .collect()
}

/// Sends what a link leads to, with the parameters it takes from the answer.
async fn follow(api: &Api, operations: &Operations, link: &Value, answer: &Answer) -> Answer {
    let (method, path, operation) = &operations[link["operationId"].as_str().unwrap()];
    let mut path = path.clone();
    for (name, expression) in link["parameters"].as_object().unwrap() {
        let place = expression.as_str().unwrap().strip_prefix("$response.body#");
        let answer = answer.json();
        let value = answer.pointer(place.unwrap()).unwrap().as_str().unwrap();
        let of_path = format!("{{{name}}}");
        assert!(path.contains(&of_path), "{path} has no {name}");
        path = path.replace(&of_path, value);
    }
    let body = match operation["operationId"].as_str().unwrap() {
        "confirmOrder" => json!({"paymentId": "p-1"}),
        _ => json!({"reason": "a test"}),
    };
    let body = match operation["requestBody"]["required"].as_bool() {
        Some(true) => body.to_string(),
        _ => String::new(),
    };
    let request = Request::builder().method(method.to_uppercase().as_str());
    let request = request.uri(path).header("content-type", "application/json");
    api.call(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn every_link_leads_where_it_says() {
    let api = Api::new().await;
    let operations = operations(&api).await;
    let mut followed = Vec::new();
    for (operation, (_, path, described)) in &operations {
        for (status, response) in described["responses"].as_object().unwrap() {
            for (name, link) in response["links"].as_object().into_iter().flatten() {
                // A new one each time: what is settled leads nowhere.
                let id = put(&api, &junk(followed.len() as i64)).await;
                let path = path.replace("{id}", &id.to_string());
                let answer = match operation.as_str() {
                    "createOrder" => api.post(&path, EXAMPLE).await,
                    "createSaga" => api.post(&path, SAGA).await,
                    "listDeadLetters" | "showDeadLetter" => api.get(&path).await,
                    "requeueDeadLetter" => api.post(&path, "").await,
                    other => panic!("{other} is not followed here"),
                };
                assert_eq!(answer.status.as_str(), status, "{}", answer.text);
                let led_to = follow(&api, &operations, link, &answer).await;
                let said = &operations[link["operationId"].as_str().unwrap()].2["responses"];
                assert!(led_to.status.is_success(), "{operation}, {name}");
                assert!(said[led_to.status.as_str()].is_object(), "{name}");
                followed.push(format!("{operation} {name}"));
            }
        }
    }
    assert_eq!(
        followed,
        [
            "createOrder cancel",
            "createOrder confirm",
            "createSaga cancel",
            "listDeadLetters discard",
            "listDeadLetters requeue",
            "listDeadLetters show",
            "requeueDeadLetter discard",
            "requeueDeadLetter show",
            "showDeadLetter discard",
            "showDeadLetter requeue",
        ]
    );
}
