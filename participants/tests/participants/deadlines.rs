//! Orders whose saga does not end in time.

use std::sync::Arc;
use std::time::Duration;

use domain::PaymentId;
use domain::order::{Order, OrderCommand, Progress};
use domain::saga::SagaFlow;
use event_store::{Doorbell, EventStore};
use participants::order::Deadlines;
use runtime::{SystemClock, TimeOrderedIds};

use crate::fixture::{World, database, new_id};
use crate::told::{manual_order, new_order, reason};

fn watching(world: &World, timeout: Duration) -> Deadlines {
    let store: EventStore<Order> = EventStore::new(
        database(&world.url, None),
        "order-events",
        Doorbell::default(),
    );
    Deadlines::new(
        store,
        timeout,
        Arc::new(SystemClock),
        Arc::new(TimeOrderedIds),
    )
}

fn create(flow: SagaFlow) -> OrderCommand {
    OrderCommand::Create(new_order(flow, "product-1", 1))
}

fn ends() -> [OrderCommand; 2] {
    let paid = Progress::Paid {
        payment_id: PaymentId::new("pi-1").unwrap(),
    };
    [
        OrderCommand::Note(Progress::StockReserved),
        OrderCommand::Note(paid),
    ]
}

/// An order's last event: its type, its correlation id, and its version.
async fn last(world: &World, id: &str) -> (String, String, i64) {
    let sql = "SELECT event_type, metadata ->> 'correlationId', sequence FROM events
         WHERE aggregate_id = $1 ORDER BY sequence DESC LIMIT 1";
    let row = world.psql().await.query_one(sql, &[&id]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

#[tokio::test]
async fn each_is_given_up_once_however_many_watch() {
    let world = World::new().await;
    world.order().await;
    let mut ids = Vec::new();
    for flow in SagaFlow::ALL.into_iter().cycle().take(20) {
        let id = new_id();
        world.order_after(&id, [create(flow)]).await;
        ids.push(id);
    }
    let (confirmed, failed, manual) = (new_id(), new_id(), new_id());
    let all = [create(SagaFlow::StockFirst)].into_iter().chain(ends());
    world.order_after(&confirmed, all).await;
    let progress = Progress::Failed { reason: reason() };
    let short = [create(SagaFlow::StockFirst), OrderCommand::Note(progress)];
    world.order_after(&failed, short).await;
    world
        .order_after(
            &manual,
            [OrderCommand::Create(manual_order("product-1", 1))],
        )
        .await;

    let patient = watching(&world, Duration::from_secs(3600));
    assert_eq!(patient.turn().await.unwrap(), 0);

    let (one, other) = (
        watching(&world, Duration::ZERO),
        watching(&world, Duration::ZERO),
    );
    let (first, second) = tokio::join!(one.turn(), other.turn());
    assert_eq!(first.unwrap() + second.unwrap(), ids.len());
    assert_eq!(one.turn().await.unwrap() + other.turn().await.unwrap(), 0);
    for id in &ids {
        let given_up = ("OrderCancelled".to_owned(), format!("c-{id}"), 2);
        assert_eq!(last(&world, id).await, given_up);
    }
    assert_eq!(last(&world, &confirmed).await.0, "OrderConfirmed");
    assert_eq!(last(&world, &failed).await.0, "OrderFailed");
    assert_eq!(last(&world, &manual).await.0, "OrderCreated");
}

/// While the saga goes on: one of the two is first, and the other changes nothing.
#[tokio::test]
async fn an_order_that_ends_meanwhile_ends_in_one_way() {
    let world = World::new().await;
    world.order().await;
    let watching = watching(&world, Duration::ZERO);
    for _ in 0..10 {
        let id = new_id();
        world.order_after(&id, [create(SagaFlow::StockFirst)]).await;
        let (given_up, ()) = tokio::join!(watching.turn(), world.order_after(&id, ends()));
        let (event, ..) = last(&world, &id).await;
        let expected = match given_up.unwrap() {
            0 => "OrderConfirmed",
            _ => "OrderCancelled",
        };
        assert_eq!(event, expected);
        // Who came too late finds it over at the next look.
        assert_eq!(watching.turn().await.unwrap(), 0);
    }
}

/// One that this code cannot read keeps no other waiting.
#[tokio::test]
async fn an_order_that_cannot_be_read_is_left_and_the_others_are_not() {
    let world = World::new().await;
    world.order().await;
    let (unreadable, later) = (new_id(), new_id());
    for id in [&unreadable, &later] {
        world.order_after(id, [create(SagaFlow::StockFirst)]).await;
    }
    let sql = "UPDATE events SET payload = '{\"Unheard\": {}}' WHERE aggregate_id = $1";
    world
        .psql()
        .await
        .execute(sql, &[&unreadable])
        .await
        .unwrap();
    let watching = watching(&world, Duration::ZERO);
    assert_eq!(watching.turn().await.unwrap(), 1);
    assert_eq!(last(&world, &later).await.0, "OrderCancelled");
    assert_eq!(last(&world, &unreadable).await.0, "OrderCreated");
}
