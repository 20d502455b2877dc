//! Postgres is away, or does not answer.

use std::time::{Duration, Instant};

use command_api::Settings;
use event_store::Grouping;
use http::StatusCode;

use crate::api::{Answer, Api, EXAMPLE};

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(15);

fn unavailable(answer: &Answer) -> String {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.headers["retry-after"], "1");
    for detail in ["127.0.0.1", "localhost", "postgres", "refused", "closed"] {
        let text = answer.text.to_lowercase();
        assert!(!text.contains(detail), "{detail}: {}", answer.text);
    }
    answer.problem()
}

#[tokio::test]
async fn while_postgres_is_away_commands_are_answered_503_and_go_through_afterwards() {
    let server = devstack::private_postgres().await.unwrap();
    let api = Api::on(server.url()).await;
    let order = api.create().await;

    server.stop().await.unwrap();
    let begun = Instant::now();
    let (create, confirm, cancel) = tokio::join!(
        api.post("/api/orders", EXAMPLE),
        api.confirm(&order, "p-1"),
        api.cancel(&order, "late"),
    );
    for answer in [create, confirm, cancel] {
        assert_eq!(unavailable(&answer), "unavailable");
    }
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());

    server.start().await.unwrap();
    let api = api.reconnected(server.url()).await;
    assert_eq!(api.rows().await, (1, 1, 1));
    assert_eq!(api.confirm(&order, "p-1").await.status, StatusCode::OK);
    api.create().await;
    assert_eq!(api.rows().await, (3, 3, 2));
}

/// What was sent may have taken effect: the answer says so, and names the order to read.
#[tokio::test]
async fn while_postgres_hangs_commands_are_answered_503() {
    let server = devstack::private_postgres().await.unwrap();
    let api = Api::on(server.url()).await;
    let order = api.create().await;

    server.pause().unwrap();
    let begun = Instant::now();
    let (create, confirm) =
        tokio::join!(api.post("/api/orders", EXAMPLE), api.confirm(&order, "p-1"),);
    assert_eq!(unavailable(&create), "outcome-unknown");
    assert!(create.json()["orderId"].is_string());
    assert_eq!(unavailable(&confirm), "unavailable");
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());

    server.resume().unwrap();
    assert_eq!(api.confirm(&order, "p-1").await.status, StatusCode::OK);
}

/// More commands than can be taken on are refused at once.
#[tokio::test]
async fn when_too_many_commands_wait_the_next_is_answered_503() {
    let server = devstack::private_postgres().await.unwrap();
    let grouping = Grouping {
        unanswered: 2,
        ..Grouping::default()
    };
    let api = Api::with(server.url(), grouping, Settings::default()).await;
    let lock = "BEGIN; LOCK TABLE events IN EXCLUSIVE MODE";
    api.database.batch_execute(lock).await.unwrap();
    let (first, second, refused) = tokio::join!(
        api.post("/api/orders", EXAMPLE),
        api.post("/api/orders", EXAMPLE),
        async {
            let refused = api.post("/api/orders", EXAMPLE).await;
            api.database.batch_execute("COMMIT").await.unwrap();
            refused
        }
    );
    assert_eq!(unavailable(&refused), "overloaded");
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text);
    assert_eq!(second.status, StatusCode::CREATED, "{}", second.text);
    assert_eq!(api.rows().await, (2, 2, 2));
    api.create().await;
}

/// A stream that this code cannot read is a fault of ours, and none to be retried.
#[tokio::test]
async fn a_stream_that_cannot_be_read_is_answered_500_without_its_content() {
    let api = Api::new().await;
    let order = api.create().await;
    let sql = r#"UPDATE events SET payload = '{"OrderMelted": {"secret": 1}}'"#;
    api.database.execute(sql, &[]).await.unwrap();
    let answer = api.confirm(&order, "p-1").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.problem(), "internal-error");
    for detail in ["OrderMelted", "secret", "variant"] {
        assert!(!answer.text.contains(detail), "{}", answer.text);
    }
    assert_eq!(api.rows().await, (1, 1, 1));
}
