//! Two who compute the same total at the same time.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use bson::{Document, RawDocument, doc};
use domain::contract::PublishedOrderEvent;
use domain::order::IllegalEvent;
use mongodb::IndexModel;
use projector::totals::{Selection, Tally, Total, recompute_all};
use projector::{OrderProjection, project};
use read_models::{Generation, OrderDocument};

use crate::fixture::{Fixture, drain};

/// The orders of a customer. Whoever comes to the gate first has read the orders and not yet
/// written the total, and waits there.
struct Counted;

struct Gate {
    reached: SyncSender<()>,
    open: Receiver<()>,
}

static GATE: Mutex<Option<Gate>> = Mutex::new(None);

impl Total for Counted {
    fn name(&self) -> &'static str {
        "counted"
    }

    fn collection(&self, generation: &Generation) -> String {
        format!("counted_{}", generation.number)
    }

    fn indexes(&self) -> Vec<IndexModel> {
        Vec::new()
    }

    fn key(&self, order: &RawDocument) -> Option<String> {
        order.get_str("customerId").ok().map(str::to_owned)
    }

    fn key_fields(&self) -> &'static [&'static str] {
        &["customerId"]
    }

    fn selections(&self, keys: &[String]) -> Vec<Selection> {
        vec![Selection {
            filter: doc! { "customerId": { "$in": keys } },
            field: "customerId",
            prefix: String::new(),
        }]
    }

    fn document(&self, key: &str, revision: i64, tally: &Tally) -> bson::error::Result<Document> {
        let gate = GATE.lock().unwrap().take();
        if let Some(gate) = gate {
            gate.reached.send(()).unwrap();
            // What this thread has in its queue must go on elsewhere.
            tokio::task::block_in_place(|| gate.open.recv()).unwrap();
        }
        let orders: i64 = tally.parts.iter().map(|part| part.orders).sum();
        Ok(doc! { "_id": key, "revision": revision, "orders": orders })
    }
}

struct CountedOrders;

impl OrderProjection for CountedOrders {
    const NAME: &'static str = "counted_orders";
    const SCHEMA_VERSION: u32 = 1;
    type Document = OrderDocument;

    fn indexes() -> Vec<IndexModel> {
        Vec::new()
    }

    fn apply(
        document: Option<OrderDocument>,
        event: &PublishedOrderEvent,
    ) -> Result<OrderDocument, IllegalEvent> {
        project(document, event)
    }

    fn totals() -> &'static [&'static dyn Total] {
        &[&Counted]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_read_older_orders_reads_them_again() {
    let fixture = Fixture::new().await;
    let mut worker = fixture.worker();
    let compute = || {
        let (database, generation) = (fixture.read_database.clone(), fixture.generation.clone());
        async move { recompute_all::<CountedOrders>(&database, &generation).await }
    };
    // First where there is no total yet, then where there is one.
    for orders in [2, 4] {
        fixture.order(1).await;
        drain(&mut worker, fixture.relay().await).await;
        let (reached, is_reached) = sync_channel(0);
        let (open, is_opened) = sync_channel(0);
        *GATE.lock().unwrap() = Some(Gate {
            reached,
            open: is_opened,
        });
        let slow = tokio::spawn(compute());
        tokio::task::spawn_blocking(move || is_reached.recv().unwrap())
            .await
            .unwrap();
        fixture.order(1).await;
        drain(&mut worker, fixture.relay().await).await;
        compute().await.unwrap();
        open.send(()).unwrap();
        slow.await.unwrap().unwrap();

        let counted = fixture
            .read_database
            .database()
            .collection::<Document>("counted_1");
        let total = counted.find_one(doc! {}).await.unwrap().unwrap();
        assert_eq!(total.get_i64("orders").unwrap(), orders, "{total}");
    }
}
