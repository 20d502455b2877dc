//! The server itself is asked how it finds what the queries ask for.

use std::sync::{Arc, Mutex};

use bson::{Bson, Document, doc};
use http::StatusCode;
use mongodb::Client;
use mongodb::event::EventHandler;
use mongodb::event::command::CommandEvent;
use mongodb::options::ClientOptions;
use read_models::{
    CustomerSummaryDocument, LoggedRecord, OrderDocument, ReadDatabase, RestaurantDayDocument,
    SagaEntry,
};

use crate::api::{Api, order, unique_name};
use crate::log::{LogOf, event};
use crate::sagas;
use crate::sse::Reading;

/// A database whose client notes every question it asks.
async fn listening() -> (ReadDatabase, Arc<Mutex<Vec<Document>>>) {
    let uri = devstack::shared_mongodb().await.uri();
    let mut options = ClientOptions::parse(uri).await.unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = asked.clone();
    options.command_event_handler = Some(EventHandler::callback(move |event| {
        if let CommandEvent::Started(started) = event
            && ["find", "aggregate"].contains(&started.command_name.as_str())
        {
            noted.lock().unwrap().push(started.command);
        }
    }));
    let client = Client::with_options(options).unwrap();
    (client.database(&unique_name()).into(), asked)
}

/// A pipeline finds what its first stage asks for.
fn found_by(command: &Document) -> Document {
    let Ok(pipeline) = command.get_array("pipeline") else {
        return command.clone();
    };
    let first = pipeline[0].as_document().unwrap();
    let filter = first.get_document("$match").unwrap();
    doc! { "find": command.get_str("aggregate").unwrap(), "filter": filter }
}

async fn plan(database: &ReadDatabase, command: &Document) -> String {
    let command = &found_by(command);
    let known = ["find", "filter", "sort", "limit", "projection"];
    let fields = command
        .iter()
        .filter(|(name, _)| known.contains(&name.as_str()));
    let command: Document = fields
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let explain = doc! { "explain": command, "verbosity": "queryPlanner" };
    let answer = database.database().run_command(explain).await.unwrap();
    answer
        .get_document("queryPlanner")
        .unwrap()
        .get_document("winningPlan")
        .unwrap()
        .to_string()
}

#[tokio::test]
async fn no_query_walks_through_a_whole_collection() {
    let (database, asked) = listening().await;
    let api = Api::of(&database);
    api.project(1, &[order("o-1"), order("o-2"), order("o-3")])
        .await;
    let generation = api.generation(1);
    for (total, indexes) in [
        (
            RestaurantDayDocument::collection(&generation),
            RestaurantDayDocument::indexes(),
        ),
        (
            CustomerSummaryDocument::collection(&generation),
            CustomerSummaryDocument::indexes(),
        ),
    ] {
        let total = database.database().collection::<Document>(&total);
        total.create_indexes(indexes).await.unwrap();
    }
    let log = LogOf(&api);
    log.begin(2).await;
    log.add(
        &(0..3)
            .map(|i| event("o-1", i + 1, 0, i))
            .collect::<Vec<_>>(),
    )
    .await;

    sagas::project(&api, &sagas::some()).await;

    let filters = [
        "",
        "&customerId=customer-123",
        "&restaurantId=restaurant-456",
        "&status=PENDING",
        "&status=PENDING&status=CONFIRMED",
        "&from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z",
        "&minTotal=1&maxTotal=100",
        "&customerId=customer-123&restaurantId=restaurant-456&status=PENDING&from=2026-11-01T00:00:00Z&minTotal=1",
    ];
    let mut lists = Vec::new();
    for filter in filters {
        for sort in ["createdAt", "-createdAt", "totalAmount", "-totalAmount"] {
            lists.push(format!("/api/orders?limit=1&sort={sort}{filter}"));
        }
    }
    for filter in [
        "orderId=o-1",
        "correlationId=c-o-1",
        "type=OrderCreated&orderId=o-1",
    ] {
        lists.push(format!("/api/events?limit=1&{filter}"));
    }
    lists.push("/api/events?limit=1&type=OrderCreated".to_owned());
    for filter in [
        "",
        "&status=Completed&status=Failed",
        "&from=2026-11-01T00:00:00Z",
        "&stuck=true",
        "&stuck=false&status=Compensating",
    ] {
        lists.push(format!("/api/choreographedsaga/states?limit=1{filter}"));
    }
    for path in &lists {
        let first = api.get(path).await;
        assert_eq!(first.status, StatusCode::OK, "{path}: {}", first.text);
        if let Some(cursor) = first.next_cursor() {
            let next = api.get(&format!("{path}&cursor={cursor}")).await;
            assert_eq!(next.status, StatusCode::OK, "{path}: {}", next.text);
        }
    }
    for path in [
        "/api/orders/o-1",
        "/api/orders/o-1?minVersion=1",
        "/api/orders/o-1/history",
        "/api/customers/customer-123/summary",
        "/api/restaurants/restaurant-456/days?from=2026-11-01&to=2026-11-30",
        "/api/choreographedsaga/state/s-1",
        "/api/choreographedsaga/statistics",
        "/api/choreographedsaga/metrics",
    ] {
        api.get(path).await;
    }
    api.get_with("/api/orders/o-1?minVersion=2", &[("prefer", "wait=1")])
        .await;
    Reading::open(&api, "/api/orders/o-1/events", None)
        .await
        .ids(3)
        .await;
    let mut reading = Reading::open(&api, "/api/orders/events", Some("0:0")).await;
    reading.ids(3).await;
    log.add(&[event("o-1", 4, 0, 3)]).await;
    reading.ids(1).await;
    api.stop.cancel();

    let asked = std::mem::take(&mut *asked.lock().unwrap());
    let (mut explained, mut waited) = (0, 0);
    for command in asked {
        let collection = ["find", "aggregate"]
            .iter()
            .find_map(|name| command.get_str(name).ok());
        let collection = collection.unwrap();
        let of_a_generation = [
            OrderDocument::PROJECTION,
            LoggedRecord::PROJECTION,
            CustomerSummaryDocument::NAME,
            RestaurantDayDocument::NAME,
            SagaEntry::PROJECTION,
        ];
        if !of_a_generation
            .iter()
            .any(|name| collection.starts_with(name))
        {
            continue;
        }
        // One record, whichever comes first, is no search.
        let any = command.get_document("filter").is_ok_and(Document::is_empty);
        if any
            && command
                .get("limit")
                .is_some_and(|limit| *limit == Bson::Int64(1))
        {
            continue;
        }
        let plan = plan(&database, &command).await;
        assert!(plan.contains("IXSCAN"), "{command}: {plan}");
        assert!(!plan.contains("COLLSCAN"), "{command}: {plan}");
        // Pages of orders come out of the index in their order.
        let sorts = plan.contains("\"SORT\"");
        assert!(
            !collection.starts_with(OrderDocument::PROJECTION) || !sorts,
            "{command}: {plan}"
        );
        explained += 1;
        waited += usize::from(command.to_string().contains("heldBack.fromVersion"));
    }
    assert!(explained > 2 * lists.len(), "{explained}");
    assert!(waited > 0);
}
