//! What waits behind a dead letter, and how it goes on.

use domain::inventory::UnknownItems;
use domain::order::OrderCommand;
use domain::saga::SagaFlow;
use event_store::dead_letters::{NewDeadLetter, OriginalRecord, Place, Reason, Subject};
use participants::Source;
use serde_json::json;

use crate::fixture::{World, id_in, new_id, unique};
use crate::home::{counts, drain};
use crate::told::{confirmed, created, failed, new_order, pending};

/// Reserve, sell and take back of one order, behind poison: in this order, or the order gets none
/// of it.
#[tokio::test]
async fn it_comes_in_its_turn_one_after_the_other() {
    let world = World::new().await;
    let home = world.inventory_with(UnknownItems::Unlimited).await;
    let (id, other) = (id_in(0), id_in(0));
    let order = created(&id, SagaFlow::StockFirst, "product-1", 1);
    let poison = order.saying(Some("no JSON"));
    let told = [poison.clone(), order, poison, confirmed(&id)];
    world.publish(Source::Orders, &told).await;
    let mut worker = home.worker(Source::Orders).await;
    assert_eq!(drain(&mut worker, 4).await, counts(0, 0, 1, 3));

    // Also what comes later, from elsewhere, or while the item is being settled.
    world
        .publish(Source::Payments, &[failed(&id), failed(&other)])
        .await;
    assert_eq!(home.again(Source::Payments, 2).await, counts(1, 0, 0, 1));
    assert_eq!(home.blocked().turn().await.unwrap(), 0, "nobody has acted");
    let [first] = home.letter_ids().await[..] else {
        panic!("one is on the desk");
    };
    home.desk().discard(first, "anna", "junk").await.unwrap();
    assert_eq!(home.blocked().turn().await.unwrap(), 1);
    assert_eq!(home.blocked().turn().await.unwrap(), 1);
    let types = "SELECT event_type FROM events WHERE aggregate_type = 'Reservation'
         AND aggregate_id = '";
    let of_order = format!("{types}{id}' ORDER BY sequence");
    assert_eq!(home.column::<String>(&of_order).await, ["StockReserved"]);
    world
        .publish(
            Source::Orders,
            &[created(&other, SagaFlow::StockFirst, "a", 1)],
        )
        .await;
    assert_eq!(
        drain(&mut worker, 1).await,
        counts(0, 1, 0, 0),
        "released before"
    );

    // The next poison has its own item, and stops the rest again.
    assert_eq!(home.take_up().await, 1);
    let [_, second] = home.letter_ids().await[..] else {
        panic!("two are on the desk");
    };
    assert_eq!(home.waiting().await.len(), 3);
    home.desk().discard(second, "anna", "junk").await.unwrap();
    assert_eq!(home.take_up().await, 3);
    assert_eq!(
        home.column::<String>(&of_order).await,
        ["StockReserved", "StockSold", "StockReleased"]
    );
    assert_eq!(home.waiting().await, []);
    home.assert_agrees().await;
}

/// A release that knows a type or version requeues what failed for it, and nothing else.
#[tokio::test]
async fn what_is_known_by_now_is_taken_in() {
    let world = World::new().await;
    let home = world.inventory_with(UnknownItems::Unlimited).await;
    let mut ids = Vec::new();
    for fields in [
        json!({"eventType": "Unheard"}),
        json!({"schemaVersion": 99}),
        json!({"eventType": "StillUnheard"}),
        json!({"aggregateType": "Elephant"}),
    ] {
        let id = new_id();
        let order = created(&id, SagaFlow::StockFirst, "product-1", 1);
        let told = [order.with(fields), confirmed(&id)];
        world.publish(Source::Orders, &told).await;
        ids.push(id);
    }
    assert_eq!(home.again(Source::Orders, 8).await, counts(0, 0, 4, 4));
    assert_eq!(home.blocked().requeue_known().await.unwrap(), 0);

    // As it looks to code that knows the first two.
    for table in ["dead_letters", "waiting_records"] {
        let now_known = format!(
            "UPDATE {}.{table} SET value = convert_to(replace(replace(convert_from(value, 'UTF8'),
                 '\"Unheard\"', '\"OrderCreated\"'), '\"schemaVersion\":99', '\"schemaVersion\":2'),
                 'UTF8')",
            home.schema.unwrap()
        );
        world.psql().await.batch_execute(&now_known).await.unwrap();
    }
    assert_eq!(home.blocked().requeue_known().await.unwrap(), 2);
    assert_eq!(home.blocked().requeue_known().await.unwrap(), 0);
    assert_eq!(home.take_up().await, 4);
    let sold = "SELECT aggregate_id FROM events WHERE event_type = 'StockSold' ORDER BY 1";
    assert_eq!(home.column::<String>(sold).await, ids[..2]);
    let states: Vec<_> = home
        .letters()
        .await
        .into_iter()
        .map(|l| (l.0, l.1))
        .collect();
    let letter = |fault: &str, state: &str| (fault.to_owned(), state.to_owned());
    assert_eq!(
        states,
        [
            letter("other_aggregate", "open"),
            letter("unknown_event_type", "open"),
            letter("unknown_event_type", "resolved"),
            letter("unknown_schema_version", "resolved"),
        ]
    );
    assert_eq!(home.waiting().await.len(), 4);
}

/// A copy of the order's own event, on a topic of another's: it is stored here, and in the way there.
#[tokio::test]
async fn the_order_passes_over_a_copy_of_its_own_event() {
    let world = World::new().await;
    let home = world.order().await;
    let id = new_id();
    let create = OrderCommand::Create(new_order(SagaFlow::StockFirst, "product-1", 1));
    world.order_after(&id, [create]).await;
    let copy = created(&id, SagaFlow::StockFirst, "product-1", 1);
    world.publish(Source::Payments, &[copy, pending(&id)]).await;
    let taken = home.again(Source::Payments, 2).await;
    assert_eq!(taken, counts(0, 0, 1, 1));
    let letter = home.letter_ids().await[0];
    home.desk().discard(letter, "anna", "a copy").await.unwrap();
    assert_eq!(home.take_up().await, 2);
    assert_eq!(home.count("events").await, 2);
    assert_eq!(home.waiting().await, []);
    home.assert_agrees().await;
}

/// A record without a key is tried again, however many items wait for somebody else.
#[tokio::test]
async fn what_has_no_key_does_not_wait_behind_others() {
    let world = World::new().await;
    let home = world.inventory().await;
    for _ in 0..60 {
        let of_others = NewDeadLetter {
            source: event_store::dead_letters::Source::Participant,
            reason: Reason::ServiceError,
            error_message: "no".to_owned(),
            place: Place::Store(unique()),
            original: OriginalRecord {
                topic: world.topic(Source::Orders),
                key: Some(b"o-1".to_vec()),
                ..OriginalRecord::default()
            },
            subject: Subject::default(),
            metadata: json!({ "fault": "errand_refused" }),
        };
        home.desk().record(&of_others).await.unwrap();
    }
    let order = created(&new_id(), SagaFlow::StockFirst, "product-1", 1);
    world.publish(Source::Orders, &[order.keyed(None)]).await;
    assert_eq!(home.again(Source::Orders, 1).await, counts(0, 0, 1, 0));
    for id in home.letter_ids().await {
        home.desk().requeue(id, "anna").await.unwrap();
    }
    assert_eq!(home.take_up().await, 1);
    let letters = home.letters().await;
    let tried = ("key_mismatch".to_owned(), "open".to_owned(), 1);
    assert_eq!(letters.last(), Some(&tried));
}

/// What Postgres refuses is found alone, and the others of its batch are written.
#[tokio::test]
async fn what_postgres_refuses_is_one_dead_letter() {
    let world = World::new().await;
    let home = world.inventory_with(UnknownItems::Unlimited).await;
    let ids: Vec<String> = (0..3).map(|_| id_in(0)).collect();
    let rule = format!(
        "ALTER TABLE inventory.events ADD CONSTRAINT no_such CHECK (aggregate_id <> '{}')",
        ids[1]
    );
    world.psql().await.batch_execute(&rule).await.unwrap();
    let orders = ids
        .iter()
        .map(|id| created(id, SagaFlow::StockFirst, "product-1", 1));
    let told: Vec<_> = orders.chain([confirmed(&ids[1])]).collect();
    world.publish(Source::Orders, &told).await;
    let mut worker = home.worker(Source::Orders).await;
    assert_eq!(drain(&mut worker, 4).await, counts(2, 0, 1, 1));
    let letter = |state: &str, count| [("write_refused".to_owned(), state.to_owned(), count)];
    assert_eq!(home.letters().await, letter("open", 0));

    let id = home.letter_ids().await[0];
    home.desk().requeue(id, "anna").await.unwrap();
    assert_eq!(home.take_up().await, 1);
    assert_eq!(home.letters().await, letter("open", 1));

    let mended = "ALTER TABLE inventory.events DROP CONSTRAINT no_such";
    world.psql().await.batch_execute(mended).await.unwrap();
    home.desk().requeue(id, "anna").await.unwrap();
    assert_eq!(home.take_up().await, 2);
    assert_eq!(home.letters().await, letter("resolved", 2));
    assert_eq!(home.count("events WHERE event_type = 'StockSold'").await, 1);
    home.assert_agrees().await;
}
