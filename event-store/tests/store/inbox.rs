//! Decisions over several streams, and the events they come from.

use std::collections::HashSet;
use std::time::Duration;

use domain::inventory::{
    ItemMoved, ItemStocked, Pieces, Reservation, ReservationEvent, ReservedLine, Stock, StockEvent,
    StockReserved, stock_id,
};
use domain::saga::SagaFlow;
use domain::{EventSourced, ItemId, StoreId};
use event_store::dead_letters::{
    DeadLetters, NewDeadLetter, OriginalRecord, Place, Reason, Source, Subject,
};
use event_store::{
    CommandContext, Database, Doorbell, Effects, EventStore, Inbox, Outcome, WaitingRecord,
    WaitingRecords,
};
use serde_json::json;
use uuid::Uuid;

use crate::fixture::{Fixture, context, database, new_id, unique};

const CONSUMER: &str = "inventory";
const TOPIC: &str = "inventory-events";

struct Inventory {
    fixture: Fixture,
    database: Database,
    inbox: Inbox,
}

fn store_id() -> StoreId {
    StoreId::new("store-1").unwrap()
}

fn item(name: &str) -> ItemId {
    ItemId::new(name).unwrap()
}

fn stocked(name: &str, pieces: u64) -> StockEvent {
    StockEvent::ItemStocked(ItemStocked {
        store_id: store_id(),
        item_id: item(name),
        quantity: Pieces::new(pieces).unwrap(),
    })
}

fn taken(name: &str, order: &str) -> StockEvent {
    StockEvent::ItemReserved(ItemMoved {
        store_id: store_id(),
        item_id: item(name),
        order_id: order.to_owned(),
        quantity: 1,
    })
}

fn reserved(names: &[&str]) -> ReservationEvent {
    let line = |name: &&str| ReservedLine {
        item_id: item(name),
        quantity: 1,
        counted: true,
    };
    ReservationEvent::StockReserved(StockReserved {
        saga_flow: SagaFlow::StockFirst,
        store_id: store_id(),
        lines: names.iter().map(line).collect(),
        payment: None,
    })
}

fn folded<A: EventSourced + Clone>(state: &A, events: &[(A::Event, CommandContext)]) -> A {
    let mut state = state.clone();
    for (event, _) in events {
        state.apply(event.clone());
    }
    state
}

impl Inventory {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        let table = |name: &str| {
            format!(
                "CREATE TABLE inventory.{name} (
                     id text CONSTRAINT {name}_pkey PRIMARY KEY, version bigint NOT NULL,
                     state json NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
                     updated_at timestamptz NOT NULL DEFAULT now());"
            )
        };
        let sql = [
            "CREATE SCHEMA inventory;".to_owned(),
            table("stock"),
            table("reservations"),
        ];
        fixture
            .psql()
            .await
            .batch_execute(&sql.concat())
            .await
            .unwrap();
        let database = database(&fixture.url, Some("inventory"));
        database.migrate().await.unwrap();
        let inbox = Inbox::new(database.clone(), CONSUMER, Doorbell::default());
        Self {
            fixture,
            database,
            inbox,
        }
    }

    fn store<A: EventSourced>(&self) -> EventStore<A> {
        EventStore::new(self.database.clone(), TOPIC, Doorbell::default())
    }

    async fn count(&self, table: &str) -> i64 {
        self.fixture.count(&format!("inventory.{table}")).await
    }

    /// Its version and its state.
    async fn stock(&self, name: &str) -> (u64, Stock) {
        let id = stock_id(&store_id(), &item(name));
        let mut rows = self.store::<Stock>().states(&[id]).await.unwrap();
        rows.pop()
            .map_or_else(Default::default, |row| (row.version, row.state.unwrap()))
    }

    async fn stocked(&self, names: &[&str]) {
        let mut effects = Effects::default();
        for name in names {
            let events = [(stocked(name, 5), context())];
            let id = stock_id(&store_id(), &item(name));
            let state = folded(&Stock::default(), &events);
            effects.stream(TOPIC, &id, 0, &state, &events).unwrap();
        }
        assert_eq!(self.inbox.write(&effects).await.unwrap(), Outcome::Written);
    }

    /// One piece of each for an order, decided on what is stored.
    async fn reserving(&self, seen: Uuid, order: &str, names: &[&str]) -> Effects {
        let mut effects = Effects::default();
        effects.of(seen);
        for name in names {
            let (version, state) = self.stock(name).await;
            let events = [(taken(name, order), context())];
            let id = stock_id(&store_id(), &item(name));
            let state = folded(&state, &events);
            effects
                .stream(TOPIC, &id, version, &state, &events)
                .unwrap();
        }
        let events = [(reserved(names), context())];
        let state = folded(&Reservation::default(), &events);
        effects.stream(TOPIC, order, 0, &state, &events).unwrap();
        effects
    }
}

#[tokio::test]
async fn several_streams_are_written_together_and_once_for_an_event() {
    let inventory = Inventory::new().await;
    inventory.stocked(&["a", "b"]).await;
    let (seen, order) = (unique(), new_id());
    let effects = inventory.reserving(seen, &order, &["a", "b"]).await;
    assert_eq!(
        inventory.inbox.write(&effects).await.unwrap(),
        Outcome::Written
    );
    assert_eq!(
        inventory.inbox.processed(&[seen, unique()]).await.unwrap(),
        HashSet::from([seen])
    );
    for name in ["a", "b"] {
        let (version, stock) = inventory.stock(name).await;
        let level = stock.level().unwrap();
        assert_eq!((version, level.available, level.reserved), (2, 4, 1));
    }
    let found = inventory
        .store::<Reservation>()
        .stream(&order)
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(inventory.count("outbox").await, 5);
    assert_eq!(
        inventory
            .count("outbox JOIN inventory.events USING (position)")
            .await,
        5
    );
    assert_eq!(
        inventory.fixture.count("outbox").await,
        0,
        "the orders' own outbox"
    );

    // The same event again, decided on what is there now, for an order that is not: nothing of it.
    let again = inventory.reserving(seen, &new_id(), &["a"]).await;
    assert_eq!(
        inventory.inbox.write(&again).await.unwrap(),
        Outcome::Outdated
    );
    assert_eq!(inventory.count("events").await, 5);
    assert_eq!(inventory.stock("a").await.0, 2);
}

#[tokio::test]
async fn where_one_stream_has_moved_on_nothing_is_written() {
    let inventory = Inventory::new().await;
    inventory.stocked(&["a", "b"]).await;
    let late = inventory.reserving(unique(), &new_id(), &["a", "b"]).await;
    let quick = inventory.reserving(unique(), &new_id(), &["b"]).await;
    assert_eq!(
        inventory.inbox.write(&quick).await.unwrap(),
        Outcome::Written
    );
    assert_eq!(
        inventory.inbox.write(&late).await.unwrap(),
        Outcome::Outdated
    );
    assert_eq!(inventory.stock("a").await.0, 1);
    assert_eq!(inventory.count("processed_events").await, 1);
    assert_eq!(inventory.count("events").await, 4);
    assert_eq!(inventory.count("outbox").await, 4);
}

#[tokio::test]
async fn of_many_that_want_the_same_pieces_each_is_written_alone() {
    let inventory = Inventory::new().await;
    inventory.stocked(&["a", "b", "c"]).await;
    let wish = async |names: &'static [&'static str]| {
        let (seen, order) = (unique(), new_id());
        let mut outdated = 0;
        loop {
            let effects = inventory.reserving(seen, &order, names).await;
            match inventory.inbox.write(&effects).await.unwrap() {
                Outcome::Written => return outdated,
                Outcome::Outdated => outdated += 1,
            }
        }
    };
    let wishes: [&[&str]; 5] = [
        &["a", "b", "c"],
        &["c", "a"],
        &["b", "a"],
        &["c"],
        &["b", "c"],
    ];
    let outdated = futures::future::join_all(wishes.map(wish)).await;
    assert!(
        outdated.iter().sum::<usize>() > 0,
        "they have not met: {outdated:?}"
    );
    for (name, orders) in [("a", 3), ("b", 3), ("c", 4)] {
        let (version, stock) = inventory.stock(name).await;
        assert_eq!(
            (version, stock.level().unwrap().reserved),
            (1 + orders, orders)
        );
    }
    // Each stream's positions ascend with its versions, as the relay needs it.
    let sql = "SELECT count(*) FROM (SELECT version, row_number() OVER
             (PARTITION BY aggregate_id ORDER BY position) AS n FROM inventory.outbox) AS o
         WHERE o.version <> o.n";
    let psql = inventory.fixture.psql().await;
    assert_eq!(psql.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test]
async fn what_was_taken_in_long_ago_is_forgotten() {
    let inventory = Inventory::new().await;
    inventory.stocked(&["a"]).await;
    let (old, new) = (unique(), unique());
    for seen in [old, new] {
        let effects = inventory.reserving(seen, &new_id(), &["a"]).await;
        assert_eq!(
            inventory.inbox.write(&effects).await.unwrap(),
            Outcome::Written
        );
    }
    let sql = "UPDATE inventory.processed_events SET processed_at = now() - interval '8 days'
         WHERE event_id = $1";
    inventory
        .fixture
        .psql()
        .await
        .execute(sql, &[&old])
        .await
        .unwrap();
    let week = Duration::from_secs(7 * 24 * 60 * 60);
    assert_eq!(inventory.inbox.forget(week).await.unwrap(), 1);
    let known = inventory.inbox.processed(&[old, new]).await.unwrap();
    assert_eq!(known, HashSet::from([new]));
}

#[tokio::test]
async fn what_waits_behind_a_dead_letter_comes_in_its_turn() {
    let inventory = Inventory::new().await;
    let waiting = WaitingRecords::new(inventory.database.clone(), CONSUMER);
    let desk = DeadLetters::new(inventory.database.clone());
    let original = |key: &str, value: &str| OriginalRecord {
        topic: "order-events".to_owned(),
        key: Some(key.as_bytes().to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: vec![
            ("a\0b".to_owned(), Some(vec![0, 255])),
            ("c".to_owned(), None),
        ],
    };
    let poison = NewDeadLetter {
        source: Source::Participant,
        reason: Reason::InvalidData,
        error_message: "no event".to_owned(),
        place: Place::Topic {
            partition: 0,
            offset: 7,
        },
        original: original("o-1", "poison"),
        subject: Subject::default(),
        metadata: json!({}),
    };
    let dead_letter = desk.record(&poison).await.unwrap().id;
    let record = |offset, key: &str, value: &str, dead_letter_id| WaitingRecord {
        position: 0,
        original: original(key, value),
        partition: 0,
        offset,
        dead_letter_id,
        is_given_up: false,
    };
    for _ in 0..2 {
        let poison = record(7, "o-1", "poison", Some(dead_letter));
        waiting.keep(&poison).await.unwrap();
        waiting
            .keep(&record(9, "o-1", "later", None))
            .await
            .unwrap();
        waiting
            .keep(&record(8, "o-2", "alone", None))
            .await
            .unwrap();
    }
    let blocked = waiting.blocked(&[b"o-1", b"o-3"]).await.unwrap();
    assert_eq!(blocked, HashSet::from([b"o-1".to_vec()]));
    assert_eq!(waiting.blocked_keys().await.unwrap(), 2);

    // While the item is open only the other key's record is in turn.
    let turn = async || -> Vec<(i64, String)> {
        let found = waiting.first_in_turn(10).await.unwrap();
        let text = |r: WaitingRecord| String::from_utf8(r.original.value.unwrap()).unwrap();
        found.into_iter().map(|r| (r.position, text(r))).collect()
    };
    let first = turn().await;
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].1, "alone");
    waiting.release(first[0].0).await.unwrap();
    assert_eq!(turn().await, []);

    desk.requeue(dead_letter, "somebody").await.unwrap();
    let [(position, value)] = &turn().await[..] else {
        panic!("one is in turn");
    };
    assert_eq!(value, "poison");
    waiting.release(*position).await.unwrap();
    let [(position, value)] = &turn().await[..] else {
        panic!("one is in turn");
    };
    assert_eq!(value, "later");
    waiting.mark(*position, dead_letter).await.unwrap();
    desk.failed_again(dead_letter, "again").await.unwrap();
    assert_eq!(turn().await, []);
    desk.discard(dead_letter, "somebody", "of no use")
        .await
        .unwrap();
    assert!(waiting.first_in_turn(10).await.unwrap()[0].is_given_up);
    waiting.release(*position).await.unwrap();
    assert_eq!(waiting.blocked_keys().await.unwrap(), 0);
}
