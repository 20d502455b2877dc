//! What this API serves is what it describes: both come from the same routes.

use axum::Router;
use runtime::http::openapi::{ProblemBody, ViolationBody, describe};
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::{OpenApi, RefOr};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::live::{APPLIED_THROUGH, PROJECTION_LAG};
use crate::{
    Queries, customer_summary, get_history, get_order, list_events, list_orders, list_sagas,
    parameters, restaurant_days, saga_metrics, saga_state, saga_statistics, stream_order,
    stream_orders,
};

const DESCRIPTION: &str = "Orders as the read models have them. Every answer says how fresh it is.";

/// What every operation's problems are described by.
#[derive(utoipa::OpenApi)]
#[openapi(components(schemas(ProblemBody, ViolationBody)))]
struct Problems;

pub fn described() -> (Router<Queries>, OpenApi) {
    let problems = <Problems as utoipa::OpenApi>::openapi();
    let router = OpenApiRouter::with_openapi(problems)
        .routes(routes!(list_orders::list_orders))
        .routes(routes!(stream_orders::stream_orders))
        .routes(routes!(get_order::get_order))
        .routes(routes!(get_history::get_history))
        .routes(routes!(stream_order::stream_order))
        .routes(routes!(customer_summary::customer_summary))
        .routes(routes!(restaurant_days::restaurant_days))
        .routes(routes!(list_events::list_events))
        .routes(routes!(list_sagas::list_sagas))
        .routes(routes!(saga_statistics::saga_statistics))
        .routes(routes!(saga_metrics::saga_metrics))
        .routes(routes!(saga_state::saga_state));
    let (router, mut api) = describe(router, "Order queries", DESCRIPTION);
    say_how_fresh(&mut api);
    (router, api)
}

/// As [`Live::stamp`](crate::live::Live::stamp) does, on every operation.
fn say_how_fresh(api: &mut OpenApi) {
    let headers = [
        (
            PROJECTION_LAG,
            "Seconds that the read model is behind, or unknown",
            r"^([0-9]+\.[0-9]{3}|unknown)$",
        ),
        (
            APPLIED_THROUGH,
            "What was answered before this time is in the read model; or unknown",
            r"^([0-9-]+T[0-9:.]+Z|unknown)$",
        ),
    ];
    let operations = api
        .paths
        .paths
        .values_mut()
        .filter_map(|path| path.get.as_mut());
    let responses = operations.flat_map(|operation| &mut operation.responses.responses);
    for (status, response) in responses {
        let RefOr::T(response) = response else {
            continue;
        };
        if !matches!(status.as_str(), "200" | "304") {
            continue;
        }
        for (name, description, pattern) in &headers {
            let header = HeaderBuilder::new()
                .schema(Some(parameters::text().pattern(Some(*pattern))))
                .description(Some(*description))
                .build();
            response.headers.insert(name.to_string(), header.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn document() -> Value {
        serde_json::to_value(described().1).unwrap()
    }

    fn operations(document: &Value) -> Vec<(&String, &Value)> {
        let paths = document["paths"].as_object().unwrap().iter();
        paths.map(|(path, item)| (path, &item["get"])).collect()
    }

    /// Every object in it, itself included.
    fn objects(value: &Value) -> Vec<&Value> {
        let within: Vec<&Value> = match value {
            Value::Object(members) => members.values().collect(),
            Value::Array(items) => items.iter().collect(),
            _ => Vec::new(),
        };
        let within = within.into_iter().flat_map(objects);
        std::iter::once(value)
            .filter(|value| value.is_object())
            .chain(within)
            .collect()
    }

    #[test]
    fn is_openapi_3_1_and_refers_to_nothing_that_is_not_there() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        let objects = objects(&document);
        let references = objects.iter().filter_map(|object| object["$ref"].as_str());
        let mut count = 0;
        for reference in references {
            let place = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{reference}");
            count += 1;
        }
        assert!(count > 20, "{count}");
    }

    #[test]
    fn every_operation_has_its_name_its_answers_and_its_problems() {
        let document = document();
        let mut ids = BTreeSet::new();
        for (path, operation) in operations(&document) {
            assert!(
                ids.insert(operation["operationId"].as_str().unwrap()),
                "{path}"
            );
            let responses = &operation["responses"];
            for header in [&PROJECTION_LAG, &APPLIED_THROUGH] {
                assert!(
                    responses["200"]["headers"][header.as_str()].is_object(),
                    "{path}"
                );
            }
            for status in ["400", "401", "403", "429", "500", "503"] {
                let problem = &responses[status]["content"]["application/problem+json"];
                let reference = &problem["schema"]["$ref"];
                assert_eq!(reference, "#/components/schemas/Problem", "{path} {status}");
                assert!(!problem["examples"].as_object().unwrap().is_empty());
            }
        }
        assert_eq!(ids.len(), operations(&document).len());
    }

    #[test]
    fn every_parameter_of_a_path_is_described_and_must_stand() {
        let document = document();
        for (path, operation) in operations(&document) {
            let none = Vec::new();
            let parameters = operation["parameters"].as_array().unwrap_or(&none);
            let ids = parameters
                .iter()
                .filter(|parameter| parameter["in"] == "path");
            let ids: Vec<_> = ids.map(|id| (&id["name"], &id["required"])).collect();
            let expected: &[_] = if path.contains("{id}") {
                &[(&Value::from("id"), &Value::from(true))]
            } else {
                &[]
            };
            assert_eq!(ids, expected, "{path}");
        }
    }
}
