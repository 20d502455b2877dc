//! Commands that share statements.

mod idempotency;
mod kills;
mod locks;
mod serial_model;
mod sharing;
mod two_processes;

use std::collections::BTreeMap;

use domain::PaymentId;
use domain::order::{Order, OrderEvent};
use event_store::{
    Append, Appended, CommandContext, EventStore, EventStoreError, IdempotencyRecord, KEPT_FOR,
    StoredAnswer,
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::append::life;
use crate::fixture::context;

pub const CALLER: &str = "caller-1";

/// A command as it is sent.
pub struct Sent {
    pub stream: String,
    pub expected: u64,
    pub events: usize,
    pub context: CommandContext,
    pub idempotency: Option<IdempotencyRecord>,
}

impl Sent {
    pub fn new(stream: &str, expected: u64, events: usize) -> Self {
        Self {
            stream: stream.to_owned(),
            expected,
            events,
            context: context(),
            idempotency: None,
        }
    }

    /// The answer kept under the key is the command's id.
    pub fn keyed(mut self, key: &str) -> Self {
        self.idempotency = Some(record(key, self.id()));
        self
    }

    pub fn id(&self) -> Uuid {
        self.context.command_id
    }

    pub async fn to(&self, store: &EventStore<Order>) -> Result<Appended, EventStoreError> {
        let (created, order) = life().await.remove(0);
        let confirmed = OrderEvent::OrderConfirmed {
            payment_id: PaymentId::new("p-1").unwrap(),
            saga_flow: None,
        };
        let mut events = vec![confirmed; self.events];
        if self.expected == 0 {
            events[0] = created;
        }
        let decision = Append {
            stream: &self.stream,
            expected_version: self.expected,
            events: &events,
            state: &order,
            context: &self.context,
            idempotency: self.idempotency.as_ref(),
        };
        store.append(&decision).await
    }
}

pub fn record(key: &str, id: Uuid) -> IdempotencyRecord {
    IdempotencyRecord {
        caller: CALLER.to_owned(),
        key: key.to_owned(),
        fingerprint: vec![0, 255],
        answer: StoredAnswer {
            status: 201,
            headers: BTreeMap::from([("etag".to_owned(), "\"1\"".to_owned())]),
            body: id.to_string().into_bytes(),
        },
        kept_for: KEPT_FOR,
    }
}

/// Each command's events, as they are stored.
pub async fn stored(psql: &Client) -> BTreeMap<Uuid, i64> {
    let sql = "SELECT metadata ->> 'causationId', count(*) FROM events GROUP BY 1";
    let rows = psql.query(sql, &[]).await.unwrap();
    rows.iter()
        .map(|row| (row.get::<_, &str>(0).parse().unwrap(), row.get(1)))
        .collect()
}

/// Streams have no gaps; state rows and outbox rows fit them; outbox positions ascend; a key that
/// is kept is that of a command that went through.
pub async fn assert_whole(psql: &Client) {
    for (fault, sql) in [
        (
            "a gap",
            "SELECT aggregate_id FROM events GROUP BY 1 HAVING max(sequence) <> count(*)",
        ),
        (
            "a state row that does not fit",
            "SELECT coalesce(id, aggregate_id) FROM orders FULL JOIN
                 (SELECT aggregate_id, max(sequence) AS version FROM events GROUP BY 1) AS head
                 ON id = aggregate_id
             WHERE orders.version IS DISTINCT FROM head.version",
        ),
        (
            "an outbox row that does not fit",
            "SELECT coalesce(o.aggregate_id, e.aggregate_id) FROM outbox o FULL JOIN events e
                 ON o.aggregate_id = e.aggregate_id AND o.version = e.sequence
             WHERE (o.position, o.event_type) IS DISTINCT FROM (e.position, e.event_type)",
        ),
        (
            "positions that do not ascend",
            "SELECT aggregate_id FROM (SELECT aggregate_id, position > lag(position) OVER
                 (PARTITION BY aggregate_id ORDER BY version) AS ascends FROM outbox) AS o
             WHERE NOT ascends",
        ),
        (
            "a key without its events",
            "SELECT key FROM idempotency_keys WHERE NOT EXISTS
                 (SELECT FROM events
                  WHERE metadata ->> 'causationId' = convert_from(body, 'UTF8'))",
        ),
    ] {
        let found = psql.query(sql, &[]).await.unwrap();
        let found: Vec<&str> = found.iter().map(|row| row.get(0)).collect();
        assert!(found.is_empty(), "{fault}: {found:?}");
    }
}
